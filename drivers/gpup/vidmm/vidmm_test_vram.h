/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of the VRAM share.
 */
#ifndef _GPUP_VIDMM_TEST_VRAM_H_
#define _GPUP_VIDMM_TEST_VRAM_H_

#include <linux/prandom.h>

#include "vidmm_internal.h"
#include "vidmm_test_gpu.h"

/**
 * struct vram_test - The memory manager of a test
 *
 * Its VRAM has another size than the GPU's, and another way to be cleared.
 */
struct vram_test {
	/** @mm: The memory manager. */
	struct gpup_vidmm *mm;
	/** @vram: Its VRAM. */
	struct gpup_vram *vram;
	/** @caps: The capabilities; also how clearing finds the test. */
	struct gpup_adapter_caps caps;
	/** @mp: Partition that has all there is. */
	struct gpup_vidmm_partition mp;
	/** @bo: For whom TTM allocates. */
	struct gpup_bo bo;
	/** @bytes: The memory, or NULL if nobody looks. */
	u8 *bytes;
	/** @scrubbed: Bytes cleared by the scrubber. */
	u64 scrubbed;
	/** @cleared: Bytes cleared by others. */
	u64 cleared;
	/** @scrubs: How often the scrubber began. */
	unsigned int scrubs;
	/** @scrubs_seen: @scrubs when another clear last ended. */
	unsigned int scrubs_seen;
	/** @largest: Most that was ever cleared at once, in bytes. */
	u64 largest;
	/** @fail_start: Clearing fails where it touches bytes from here. */
	u64 fail_start;
	/** @fail_end: ... up to here. */
	u64 fail_end;
	/** @hold: The scrubber waits before it clears. */
	bool hold;
	/** @wait: Where it waits. */
	wait_queue_head_t wait;
	/** @slow: Others take their time, and let the scrubber go. */
	bool slow;
};

struct vram_test *vram_test_begin(struct kunit *test, u64 size, bool bytes);
struct vram_test *vram_test_begin_with(struct kunit *test, u64 size, u32 page_size, bool bytes);
void vram_test_end(struct kunit *test, struct vram_test *t);
void vram_test_let_go(struct vram_test *t);
int vram_test_try_alloc(struct vram_test *t, u64 size, struct ttm_resource **res);
int vram_test_try_take(struct vram_test *t, u64 size, struct ttm_resource **res);
struct ttm_resource *vram_test_take(struct kunit *test, struct vram_test *t, u64 size);
void vram_test_give(struct vram_test *t, struct ttm_resource *res);
void vram_test_park(struct vram_test *t);
void vram_test_unpark(struct vram_test *t);
void vram_test_settle(struct vram_test *t);
u64 vram_test_dirty(struct vram_test *t);
u64 vram_test_random_size(struct rnd_state *rnd, unsigned int orders);

#endif /* _GPUP_VIDMM_TEST_VRAM_H_ */
