// SPDX-License-Identifier: GPL-2.0-only
/*
 * Handles: the numbers by which driver and device call an object.
 *
 * The driver chooses them. An index is given back only when the device has said that the
 * object is gone; and it comes back with another generation.
 */
#include <linux/bitmap.h>
#include <linux/errno.h>
#include <linux/find.h>
#include <linux/gfp.h>
#include <linux/limits.h>
#include <linux/slab.h>

#include <linux/gpup_vrd.h>

#include "guest_handle.h"

/**
 * guest_handle_pool_init() - Set up a pool
 * @pool: The pool.
 * @count: Number of indices, 1 to 65536.
 *
 * Return: 0 or -ENOMEM.
 */
int guest_handle_pool_init(struct guest_handle_pool *pool, u32 count)
{
	spin_lock_init(&pool->lock);
	pool->count = count;
	pool->next = 0;
	pool->used = bitmap_zalloc(count, GFP_KERNEL);
	pool->generations = kvcalloc(count, sizeof(*pool->generations), GFP_KERNEL);
	if (!pool->used || !pool->generations) {
		guest_handle_pool_fini(pool);
		return -ENOMEM;
	}
	return 0;
}

/**
 * guest_handle_pool_fini() - Free what a pool holds
 * @pool: The pool.
 */
void guest_handle_pool_fini(struct guest_handle_pool *pool)
{
	bitmap_free(pool->used);
	kvfree(pool->generations);
	pool->used = NULL;
	pool->generations = NULL;
}

/**
 * guest_handle_alloc() - Choose a handle
 * @pool: The pool.
 * @handle: Receives the handle, which is never zero.
 *
 * Return: 0, or -ENOSPC if all are in use.
 */
int guest_handle_alloc(struct guest_handle_pool *pool, u32 *handle)
{
	unsigned long index;
	int ret = 0;

	spin_lock(&pool->lock);
	index = find_next_zero_bit(pool->used, pool->count, pool->next);
	if (index >= pool->count)
		index = find_first_zero_bit(pool->used, pool->count);
	if (index >= pool->count) {
		ret = -ENOSPC;
		goto out;
	}
	__set_bit(index, pool->used);
	pool->next = index + 1;
	/* Generation 0 is nobody's. */
	if (pool->generations[index] == U16_MAX)
		pool->generations[index] = 0;
	pool->generations[index]++;
	*handle = GPUP_VRD_HANDLE(index, pool->generations[index]);
out:
	spin_unlock(&pool->lock);
	return ret;
}

/**
 * guest_handle_free() - Give a handle back
 * @pool: The pool.
 * @handle: From guest_handle_alloc(); the device has forgotten it.
 */
void guest_handle_free(struct guest_handle_pool *pool, u32 handle)
{
	spin_lock(&pool->lock);
	__clear_bit(GPUP_VRD_HANDLE_INDEX(handle), pool->used);
	spin_unlock(&pool->lock);
}
