// SPDX-License-Identifier: GPL-2.0-only
/*
 * The video memory: pages of the host, in one piece for the kernel.
 */
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "soft.h"

/**
 * soft_vram_init() - Allocate the video memory
 * @gpu: The GPU.
 * @size: Bytes, a multiple of PAGE_SIZE.
 *
 * May sleep.
 *
 * Return: 0 or -ENOMEM.
 */
int soft_vram_init(struct soft_gpu *gpu, u64 size)
{
	gpu->vram = vzalloc(size);
	if (!gpu->vram)
		return -ENOMEM;
	gpu->vram_size = size;
	return 0;
}

/**
 * soft_vram_fini() - Free the video memory
 * @gpu: The GPU; nobody maps its memory any more. May sleep.
 */
void soft_vram_fini(struct soft_gpu *gpu)
{
	vfree(gpu->vram);
}

/**
 * soft_vram_pfn() - Page frame behind a piece of video memory
 * @adapter: The GPU.
 * @offset: Offset into the VRAM, a multiple of PAGE_SIZE.
 *
 * Any context.
 *
 * Return: The page frame number.
 */
unsigned long soft_vram_pfn(struct gpup_adapter *adapter, u64 offset)
{
	struct soft_gpu *gpu = gpup_adapter_priv(adapter);

	return vmalloc_to_pfn(gpu->vram + offset);
}

/**
 * soft_vram_clear() - Fill video memory with zeroes
 * @adapter: The GPU.
 * @offset: Offset into the VRAM, a multiple of PAGE_SIZE.
 * @size: Bytes, a multiple of PAGE_SIZE.
 *
 * May sleep.
 *
 * Return: 0.
 */
int soft_vram_clear(struct gpup_adapter *adapter, u64 offset, u64 size)
{
	struct soft_gpu *gpu = gpup_adapter_priv(adapter);

	while (size) {
		u64 chunk = min_t(u64, size, SZ_1M);

		memset(gpu->vram + offset, 0, chunk);
		offset += chunk;
		size -= chunk;
		cond_resched();
	}
	return 0;
}
