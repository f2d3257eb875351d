// SPDX-License-Identifier: GPL-2.0-only
/*
 * The video memory: pages of the host, in one piece for the kernel, and huge ones if the
 * host has enough of them.
 */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "soft.h"

/* Is the block at @mem in one aligned piece of physical memory? */
static bool block_is_contiguous(void *mem)
{
	unsigned long first = vmalloc_to_pfn(mem);
	unsigned long i;

	if (!IS_ALIGNED(first, PMD_SIZE >> PAGE_SHIFT))
		return false;
	for (i = 1; i < PMD_SIZE >> PAGE_SHIFT; i++) {
		if (vmalloc_to_pfn(mem + i * PAGE_SIZE) != first + i)
			return false;
	}
	return true;
}

/* What vmalloc_huge() has given is looked at, not believed: it may give small pages. */
static u64 find_block(void *mem, u64 size)
{
	u64 offset;

	for (offset = 0; offset + PMD_SIZE <= size; offset += PMD_SIZE) {
		if (!block_is_contiguous(mem + offset))
			return PAGE_SIZE;
		cond_resched();
	}
	return offset ? PMD_SIZE : PAGE_SIZE;
}

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
	/* Takes small pages if there are not enough huge ones. */
	gpu->vram = vmalloc_huge(size, GFP_KERNEL | __GFP_ZERO);
	if (!gpu->vram)
		return -ENOMEM;
	gpu->vram_size = size;
	gpu->vram_block = find_block(gpu->vram, size);
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
 * May sleep. Allocates no memory.
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

static void *address_of(struct soft_gpu *gpu, enum gpup_mem_domain domain, u64 addr)
{
	return domain == GPUP_MEM_VRAM ? gpu->vram + addr : phys_to_virt(addr);
}

/**
 * soft_vram_copy() - Copy from or to video memory
 * @gpu: The GPU.
 * @dst_domain: Where the destination is.
 * @dst: Its address there.
 * @src_domain: Where the source is.
 * @src: Its address there; the two do not overlap.
 * @size: Bytes, a multiple of PAGE_SIZE.
 *
 * May sleep. Allocates no memory.
 */
void soft_vram_copy(struct soft_gpu *gpu, enum gpup_mem_domain dst_domain, u64 dst,
		    enum gpup_mem_domain src_domain, u64 src, u64 size)
{
	const void *from = address_of(gpu, src_domain, src);
	void *to = address_of(gpu, dst_domain, dst);

	while (size) {
		u64 chunk = min_t(u64, size, SZ_1M);

		memcpy(to, from, chunk);
		to += chunk;
		from += chunk;
		size -= chunk;
		cond_resched();
	}
}

/**
 * soft_copy() - Copy from or to video memory
 * @adapter: The GPU.
 * @dst_domain: Where the destination is.
 * @dst: Its address there.
 * @src_domain: Where the source is.
 * @src: Its address there; the two do not overlap.
 * @size: Bytes, a multiple of PAGE_SIZE.
 *
 * May sleep. Allocates no memory.
 *
 * Return: 0.
 */
int soft_copy(struct gpup_adapter *adapter, enum gpup_mem_domain dst_domain, u64 dst,
	      enum gpup_mem_domain src_domain, u64 src, u64 size)
{
	soft_vram_copy(gpup_adapter_priv(adapter), dst_domain, dst, src_domain, src, size);
	return 0;
}
