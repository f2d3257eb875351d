/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VidMm's unit tests: a GPU that is an array, and what the tests share.
 */
#ifndef _GPUP_VIDMM_TEST_GPU_H_
#define _GPUP_VIDMM_TEST_GPU_H_

#include <kunit/test.h>
#include <linux/sizes.h>
#include <linux/wait.h>

#include "vidmm_vm.h"

#define TEST_VRAM	SZ_4M
#define TEST_SYSTEM_MAX	SZ_1M
#define TEST_VA_START	SZ_64K
#define TEST_VA_PAGES	256

/* Set in the entries of system memory. */
#define TEST_SYSTEM_ENTRY	BIT_ULL(63)

/**
 * struct mm_test_gpu - A GPU without engines
 */
struct mm_test_gpu {
	/** @drm: DRM device. */
	struct drm_device drm;
	/** @mm: The memory manager under test. */
	struct gpup_vidmm *mm;
	/** @vram: The VRAM. */
	u8 *vram;
	/** @fail_start: Clearing fails where it touches bytes from here. */
	u64 fail_start;
	/** @fail_end: ... up to here. */
	u64 fail_end;
	/** @hold_clears: Clearing waits. */
	bool hold_clears;
	/** @released: Where it waits. */
	wait_queue_head_t released;
	/** @copy_fails: The GPU cannot copy; if it cannot clear something, then only that. */
	bool copy_fails;
	/** @no_window: The CPU does not reach the VRAM. */
	bool no_window;
	/** @prepare_fails_at: Number of the call of as_prepare that fails, or zero. */
	int prepare_fails_at;
	/** @as_memory: What every address space says that it takes, in bytes. */
	u64 as_memory;
	/** @misused: An operation was called against its rules. */
	bool misused;
};

/**
 * struct gpup_hw_as - What the GPU would find at each page of an address space
 */
struct gpup_hw_as {
	/** @gpu: The GPU. */
	struct mm_test_gpu *gpu;
	/** @entry: Zero, or the address plus one, and %TEST_SYSTEM_ENTRY. */
	u64 entry[TEST_VA_PAGES];
	/** @writable: It may be written to. */
	bool writable[TEST_VA_PAGES];
	/** @prepared: It was prepared. */
	bool prepared[TEST_VA_PAGES];
};

int mm_test_init(struct kunit *test);
void mm_test_exit(struct kunit *test);
void mm_test_hold_clears(struct mm_test_gpu *gpu, bool hold);
void mm_test_settle(struct mm_test_gpu *gpu);

void mm_test_join(struct kunit *test, struct gpup_vidmm_partition *mp, u64 min, u64 max);
struct gpup_bo *mm_test_bo(struct kunit *test, struct gpup_vidmm_partition *mp, u64 size,
			   u32 flags);
void *mm_test_bo_page(struct mm_test_gpu *gpu, struct gpup_bo *bo, u64 page);
bool mm_test_bo_is_filled(struct mm_test_gpu *gpu, struct gpup_bo *bo, u8 value);
void mm_test_bo_fill(struct mm_test_gpu *gpu, struct gpup_bo *bo, u8 value);
int mm_test_make_resident(struct gpup_bo *bo);
int mm_test_evict(struct gpup_bo *bo);
u64 mm_test_bo_entry(struct gpup_bo *bo, u64 page);

#endif /* _GPUP_VIDMM_TEST_GPU_H_ */
