/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Requests of which one field is changed at a time.
 */
#ifndef _SELFTESTS_GPUP_TEMPLATE_H_
#define _SELFTESTS_GPUP_TEMPLATE_H_

#include <stddef.h>
#include <stdint.h>

/* Room for an ioctl's arguments, or for a message with some operations and waits. */
#define TEMPLATE_MAX	512

/* A request that is right as it is: an ioctl, or a message. */
struct template {
	/* Sends a request: 0 or -errno. */
	int (*send)(const struct template *template);
	/* To whom: a file, or a device. */
	int fd;
	void *device;
	/* What: an ioctl, or an opcode and a client. */
	unsigned long request;
	uint32_t client;
	/* Its arguments. */
	uint32_t size;
	uint8_t body[TEMPLATE_MAX] __attribute__((aligned(8)));
};

/* One field of the arguments. */
struct field {
	uint32_t offset;
	uint32_t size;
};

#define FIELD_OF(_type, _field) \
	((struct field){ offsetof(_type, _field), sizeof(((_type *)NULL)->_field) })

void template_set(struct template *template, const void *body, uint32_t size);
/* Send it with one field changed. */
int send_with(const struct template *template, struct field field, uint64_t value);

/*
 * Send it with each of the values in turn, which is to be refused with @error. Returns how many
 * were not, and says which.
 */
int wrong_values(const struct template *template, struct field field, int error,
		 const uint64_t *values, unsigned int count);

#define VALUES(_template, _field, _error, ...) \
	wrong_values(_template, _field, _error, (const uint64_t[]){ __VA_ARGS__ }, \
		     sizeof((const uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t))

/* The same for each bit of a field but those in @known: EINVAL. */
int unknown_bits(const struct template *template, struct field field, uint64_t known);

#endif
