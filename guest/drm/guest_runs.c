// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs: the pages of an object, as the device is told of them.
 */
#include <linux/limits.h>

#include "guest_runs.h"

/**
 * guest_runs_start() - Begin at the first segment
 * @cursor: The place.
 * @sgt: Mapped for DMA; each segment is a number of whole pages.
 */
void guest_runs_start(struct guest_run_cursor *cursor, const struct sg_table *sgt)
{
	cursor->sg = sgt->sgl;
	cursor->left = sgt->nents;
}

/**
 * guest_runs_next() - Describe the next pages
 * @cursor: The place, which moves on.
 * @runs: Receives the runs. Segments that follow one another in memory become one.
 * @max: Number of runs that there is room for, not zero.
 *
 * Return: Number of runs; zero at the end.
 */
u32 guest_runs_next(struct guest_run_cursor *cursor, struct gpup_vrd_run *runs, u32 max)
{
	u64 start = 0, pages = 0;
	u32 count = 0;

	for (; cursor->left; cursor->left--, cursor->sg = sg_next(cursor->sg)) {
		u64 addr = sg_dma_address(cursor->sg);
		u64 more = sg_dma_len(cursor->sg) / GPUP_VRD_PAGE_SIZE;
		bool joins = count && addr == start + pages * GPUP_VRD_PAGE_SIZE &&
			     pages + more <= U32_MAX;

		if (!joins) {
			if (count == max)
				break;
			start = addr;
			pages = 0;
			runs[count].address = cpu_to_le64(start);
			runs[count].reserved = 0;
			count++;
		}
		pages += more;
		runs[count - 1].pages = cpu_to_le32(pages);
	}
	return count;
}
