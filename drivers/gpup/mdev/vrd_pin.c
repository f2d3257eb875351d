// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest memory of a Virtual Render Device, pinned by VFIO.
 */
#include <linux/jiffies.h>

#include "vrd.h"

/* VFIO pins no more than this in one call; what was pinned at once is unpinned at once. */
#define PIN_CHUNK	((u32)VFIO_PIN_PAGES_MAX_ENTRIES)

/*
 * Over its RLIMIT_MEMLOCK a VMM gets no memory pinned, and VFIO says so in the log, each time:
 * a guest that keeps trying is not heard for a while.
 */
static int pin_chunk(struct gpup_vrd *vrd, u64 iova, u32 count, struct page **pages)
{
	int ret;

	if (time_before64(get_jiffies_64(), vrd->no_pin_until))
		return -ENOMEM;
	ret = vfio_pin_pages(&vrd->vdev, iova, count, IOMMU_READ | IOMMU_WRITE, pages);
	if (ret == -ENOMEM && !__ratelimit(&vrd->no_pin_limit))
		vrd->no_pin_until = get_jiffies_64() + HZ;
	if (ret == count)
		return 0;
	return ret < 0 ? ret : -EFAULT;
}

/**
 * gpup_vrd_unpin() - Let go of guest memory
 * @vrd: The device, still open.
 * @iova: Guest physical address.
 * @count: Number of pages: all that were pinned there together.
 *
 * May sleep.
 */
void gpup_vrd_unpin(struct gpup_vrd *vrd, u64 iova, u32 count)
{
	u32 done, n;

	for (done = 0; done < count; done += n) {
		n = min(count - done, PIN_CHUNK);
		vfio_unpin_pages(&vrd->vdev, iova + (u64)done * PAGE_SIZE, n);
		cond_resched();
	}
}

/**
 * gpup_vrd_pin() - Pin guest memory
 * @vrd: The device, open.
 * @iova: Guest physical address, page-aligned.
 * @count: Number of pages.
 * @pages: Receives the pages.
 *
 * Called by the worker, or while the device does not run. May sleep, and takes the VMM's
 * mmap_lock. On failure nothing is pinned.
 *
 * Return: 0, -ENOMEM also if the VMM may not pin more, and what VFIO may fail with.
 */
int gpup_vrd_pin(struct gpup_vrd *vrd, u64 iova, u32 count, struct page **pages)
{
	u32 done, n;
	int ret;

	for (done = 0; done < count; done += n) {
		n = min(count - done, PIN_CHUNK);
		ret = pin_chunk(vrd, iova + (u64)done * PAGE_SIZE, n, pages + done);
		if (ret) {
			gpup_vrd_unpin(vrd, iova, done);
			return ret;
		}
		cond_resched();
	}
	return 0;
}
