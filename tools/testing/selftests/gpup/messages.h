/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What tests of single messages have in common: objects of all kinds, and what is wrong with
 * any message, handle, name or client.
 *
 * A message that is refused changes nothing: the partition uses what it used before, and all
 * objects work as before.
 */
#ifndef _SELFTESTS_GPUP_MESSAGES_H_
#define _SELFTESTS_GPUP_MESSAGES_H_

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "harness.h"
#include "template.h"
#include "work.h"

#define BO_SIZE		(64 * KIB)

FIXTURE(messages) {
	char uuid[UUID_SIZE];
	struct vrd vrd;
	/* Objects of all kinds, of one client and of another. */
	struct work work;
	struct work other;
	/* Objects that are only there to be named. */
	uint32_t vram;
	uint32_t hidden;
	uint32_t guest;
	uint32_t stale;
	struct drm_gpup_memory_info memory;
};

FIXTURE_VARIANT(messages) {
	struct vrd_config config;
};

FIXTURE_VARIANT_ADD(messages, mmap) {};

FIXTURE_VARIANT_ADD(messages, no_mmap) {
	.config = { .no_mmap = true },
};

static inline void must(int ret, const char *what)
{
	if (ret)
		fatal("%s: %s", what, strerror(-ret));
}

FIXTURE_SETUP(messages)
{
	struct vrd *vrd = &self->vrd;

	mdev_create(mdev_smallest(), self->uuid);
	vrd_open(vrd, self->uuid, &variant->config);
	vrd_start(vrd);
	work_create(&self->work, vrd, BO_SIZE);
	work_create(&self->other, vrd, 0);
	must(vrd_bo_create(vrd, DRM_GPUP_BO_VRAM, BO_SIZE, &self->vram), "BO_CREATE");
	must(vrd_bo_create(vrd, DRM_GPUP_BO_VRAM | DRM_GPUP_BO_NO_MMAP, BO_SIZE, &self->hidden),
	     "BO_CREATE");
	must(vrd_bo_create_guest(vrd, vrd_alloc(vrd, BO_SIZE), BO_SIZE, &self->guest),
	     "an object in guest memory");
	must(vrd_bo_create(vrd, DRM_GPUP_BO_VRAM, PAGE, &self->stale), "BO_CREATE");
	must(vrd_destroy(vrd, GPUP_VRD_OP_BO_DESTROY, 0, self->stale), "BO_DESTROY");
	must(vrd_query(vrd, DRM_GPUP_QUERY_MEMORY, &self->memory, sizeof(self->memory)), "QUERY");
}

FIXTURE_TEARDOWN(messages)
{
	struct drm_gpup_memory_info memory;

	/* Whatever the test did, nothing has changed that it did not change on purpose. */
	EXPECT_EQ(0, vrd_query(&self->vrd, DRM_GPUP_QUERY_MEMORY, &memory, sizeof(memory)));
	/* What can be counted on is others' affair, too. */
	memory.vram_budget = self->memory.vram_budget;
	EXPECT_EQ(0, memcmp(&memory, &self->memory, sizeof(memory)));
	EXPECT_EQ(2, partition_get(self->uuid, "clients"));
	EXPECT_EQ(0, work_round(&self->work, 4711));
	EXPECT_EQ(0, work_round(&self->other, 4712));
	vrd_close(&self->vrd);
	EXPECT_EQ(0, mdev_remove(self->uuid));
}

#define FIELD(_type, _field)	FIELD_OF(struct gpup_vrd_##_type, _field)

static inline int send_message(const struct template *t)
{
	return vrd_call(t->device, t->request, t->client, t->body, t->size);
}

static inline void template_init(struct template *t, struct vrd *vrd, uint16_t opcode,
				 uint32_t client, const void *body, uint32_t size)
{
	*t = (struct template){
		.send = send_message,
		.device = vrd,
		.request = opcode,
		.client = client,
	};
	template_set(t, body, size);
}

static inline int send_as(const struct template *t, uint32_t client)
{
	struct template changed = *t;

	changed.client = client;
	return changed.send(&changed);
}

static inline int send_unchanged(const struct template *t)
{
	return send_as(t, t->client);
}

/*
 * What is wrong with any message: flags that nobody knows, and a size that is not that of its
 * body.
 */
static inline int wrong_envelopes(const struct template *t)
{
	struct vrd_message message = {
		.opcode = t->request,
		.client = t->client,
		.body = t->body,
		.body_size = t->size,
	};
	int bit, errors = 0;

	for (bit = 2; bit < 16; bit++) {
		message.flags = 1 << bit;
		if (vrd_ask(t->device, &message, NULL, 0) != -EINVAL) {
			printf("# opcode %lu: flag bit %d was taken\n", t->request, bit);
			errors++;
		}
	}
	message.flags = 0;
	for (message.body_size = 0; message.body_size <= t->size + 64; message.body_size += 8) {
		if (message.body_size == t->size)
			continue;
		if (vrd_ask(t->device, &message, NULL, 0) != -EINVAL) {
			printf("# opcode %lu: a body of %u bytes was taken\n", t->request,
			       message.body_size);
			errors++;
		}
	}
	return errors;
}

/* All bits of a field that must be zero, one by one. */
static inline int wrong_bits(const struct template *t, struct field field)
{
	return unknown_bits(t, field, 0);
}

/* What a field with a handle takes. */
enum kind {
	A_CLIENT,
	A_BO,
	/* An object in guest memory that lacks pages. */
	A_GUEST_BO,
	/* An object in the aperture: @vram. */
	A_WINDOW,
	/* An address space or a queue of the client; either, of any client. */
	A_VM,
	A_QUEUE,
	A_TIMELINE,
};

/* Handles of other kinds, of other clients, and of nothing; @good is one that is right. */
static inline int wrong_handles(FIXTURE_DATA(messages) *self, const struct template *t,
				struct field field, uint32_t good, enum kind kind)
{
	const bool bo = kind == A_BO;
	const bool timeline = kind == A_TIMELINE;
	const struct {
		uint32_t handle;
		bool right;
	} others[] = {
		{ self->work.client, kind == A_CLIENT },
		{ self->vram, bo || kind == A_WINDOW },
		{ self->hidden, bo },
		{ self->guest, bo || kind == A_GUEST_BO },
		{ self->work.vm.handle, kind == A_VM || timeline },
		{ self->work.compute.handle, kind == A_QUEUE || timeline },
		{ self->other.vm.handle, timeline },
		{ self->other.compute.handle, timeline },
	};
	unsigned int i;
	int errors;

	errors = VALUES(t, field, -ENOENT, 0, 1, UINT32_MAX, good ^ 0x10000, good & 0xffff,
			good ^ 1, good & 0xffff0000, self->stale, GPUP_VRD_HANDLE(0xffff, 1));
	for (i = 0; i < ARRAY_SIZE(others); i++)
		if (!others[i].right)
			errors += VALUES(t, field, -ENOENT, others[i].handle);
	return errors;
}

/* Names for a new object that cannot be taken. */
static inline int wrong_names(FIXTURE_DATA(messages) *self, const struct template *t,
			      struct field field)
{
	uint32_t limit = vrd_read(&self->vrd, GPUP_VRD_REG_MAX_OBJECTS);

	return VALUES(t, field, -EINVAL, 0, 1, 0xffff, UINT32_MAX, limit,
		      GPUP_VRD_HANDLE(limit, 1), GPUP_VRD_HANDLE(0xffff, 0xffff)) +
	       VALUES(t, field, -EEXIST, self->work.client, self->vram, self->guest,
		      self->work.vm.handle, self->work.compute.handle, self->vram ^ 0x10000,
		      self->guest ^ 0x10000);
}

/* Clients on whose behalf nothing can be done. */
static inline int wrong_clients(FIXTURE_DATA(messages) *self, const struct template *t)
{
	const uint32_t clients[] = {
		0, 1, UINT32_MAX, t->client ^ 0x10000, t->client & 0xffff, self->vram,
		self->work.vm.handle, self->work.compute.handle, self->stale,
	};
	unsigned int i;
	int errors = 0;

	for (i = 0; i < ARRAY_SIZE(clients); i++) {
		if (send_as(t, clients[i]) == -ENOENT)
			continue;
		printf("# opcode %lu: client %#x was taken\n", t->request, clients[i]);
		errors++;
	}
	return errors;
}

#endif
