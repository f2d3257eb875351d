/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs: the pages of an object, as the device is told of them.
 */
#ifndef _GUEST_RUNS_H_
#define _GUEST_RUNS_H_

#include <linux/scatterlist.h>
#include <linux/types.h>
#include <linux/gpup_vrd.h>

/**
 * struct guest_run_cursor - Place in a list of DMA segments
 */
struct guest_run_cursor {
	/** @sg: Next segment. */
	struct scatterlist *sg;
	/** @left: Number of segments from @sg on. */
	unsigned int left;
};

void guest_runs_start(struct guest_run_cursor *cursor, const struct sg_table *sgt);
u32 guest_runs_next(struct guest_run_cursor *cursor, struct gpup_vrd_run *runs, u32 max);

#endif /* _GUEST_RUNS_H_ */
