/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Handles: the numbers by which driver and device call an object.
 */
#ifndef _GUEST_HANDLE_H_
#define _GUEST_HANDLE_H_

#include <linux/spinlock.h>
#include <linux/types.h>

/**
 * struct guest_handle_pool - Handles of one device
 */
struct guest_handle_pool {
	/** @lock: Protects all that follows. Taken in process context. */
	spinlock_t lock;
	/** @used: A bit for each index. */
	unsigned long *used;
	/** @generations: Generation that each index was last given out with, or 0. */
	u16 *generations;
	/** @count: Number of indices, at most 65536. */
	u32 count;
	/** @next: Index to look at first, so that an index rests before it returns. */
	u32 next;
};

int guest_handle_pool_init(struct guest_handle_pool *pool, u32 count);
void guest_handle_pool_fini(struct guest_handle_pool *pool);
int guest_handle_alloc(struct guest_handle_pool *pool, u32 *handle);
void guest_handle_free(struct guest_handle_pool *pool, u32 handle);

#endif /* _GUEST_HANDLE_H_ */
