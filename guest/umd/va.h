/* SPDX-License-Identifier: MIT */
/* libgpup: which GPU addresses are taken. Not thread-safe. */
#ifndef UMD_VA_H
#define UMD_VA_H

#include <stdint.h>

/* One stretch of addresses; together they cover the space without holes. */
struct va_range {
	struct va_range *next;		/* the next higher one, or NULL */
	uint64_t start;
	uint64_t size;
	int taken;
};

struct va_space {
	struct va_range *first;
	uint64_t page_size;
};

/* @start, @end: multiples of @page_size, a power of two. 0, -EINVAL or -ENOMEM. */
int va_init(struct va_space *space, uint64_t start, uint64_t end, uint64_t page_size);
void va_fini(struct va_space *space);
/* @align: zero or a power of two. 0, -EINVAL, -ENOSPC or -ENOMEM. */
int va_alloc(struct va_space *space, uint64_t size, uint64_t align, uint64_t *start);
/* -ENOENT: nothing that va_alloc() returned. */
int va_free(struct va_space *space, uint64_t start);
/* Size of what was allocated at @start, or zero. */
uint64_t va_size(const struct va_space *space, uint64_t start);

#endif
