// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest memory of the protocol of a Virtual Render Device: rings and timeline slots.
 */
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "vrd.h"

/**
 * gpup_vrd_area_map() - Pin guest memory and map it into the kernel
 * @vrd: The device, open.
 * @area: Receives the area; not in use.
 * @iova: Guest physical address, page-aligned.
 * @size: Size in bytes, far below 4 GiB.
 *
 * May sleep, and takes the VMM's mmap_lock.
 *
 * Return: 0 or a negative errno.
 */
int gpup_vrd_area_map(struct gpup_vrd *vrd, struct gpup_vrd_area *area, u64 iova, u64 size)
{
	u32 count = DIV_ROUND_UP(size, PAGE_SIZE);
	int ret;

	area->pages = kvcalloc(count, sizeof(*area->pages), GFP_KERNEL_ACCOUNT);
	if (!area->pages)
		return -ENOMEM;
	ret = gpup_vrd_pin(vrd, iova, count, area->pages);
	if (ret)
		goto err_free;
	area->addr = vmap(area->pages, count, VM_MAP, PAGE_KERNEL);
	if (!area->addr) {
		ret = -ENOMEM;
		goto err_unpin;
	}
	area->iova = iova;
	area->count = count;
	return 0;

err_unpin:
	gpup_vrd_unpin(vrd, iova, count);
err_free:
	kvfree(area->pages);
	area->pages = NULL;
	return ret;
}

/**
 * gpup_vrd_area_unmap() - Give guest memory back
 * @vrd: The device, still open.
 * @area: The area; may be unused.
 *
 * May sleep.
 */
void gpup_vrd_area_unmap(struct gpup_vrd *vrd, struct gpup_vrd_area *area)
{
	if (!area->count)
		return;
	vunmap(area->addr);
	gpup_vrd_unpin(vrd, area->iova, area->count);
	kvfree(area->pages);
	memset(area, 0, sizeof(*area));
}

/**
 * gpup_vrd_ranges_overlap() - Compare two ranges of addresses
 * @a: Start of the one.
 * @a_size: Its size.
 * @b: Start of the other.
 * @b_size: Its size; may reach to the end of the address space, or beyond.
 *
 * Return: True if they have an address in common.
 */
bool gpup_vrd_ranges_overlap(u64 a, u64 a_size, u64 b, u64 b_size)
{
	return a >= b ? a - b < b_size : b - a < a_size;
}

/**
 * gpup_vrd_area_overlaps() - Ask whether an area is in a range of guest memory
 * @area: The area; may be unused.
 * @iova: Start of the range.
 * @length: Its length in bytes.
 *
 * Return: True if some of it is.
 */
bool gpup_vrd_area_overlaps(const struct gpup_vrd_area *area, u64 iova, u64 length)
{
	return area->count && gpup_vrd_ranges_overlap(area->iova, (u64)area->count * PAGE_SIZE,
						      iova, length);
}
