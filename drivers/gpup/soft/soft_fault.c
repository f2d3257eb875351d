// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deliberate faults, for tests: files in debugfs, below the GPU's name, in a directory
 * per engine.
 *
 *	hang		number of jobs from the next one on that never end by themselves
 *	hang_size	jobs whose stream has so many bytes never end; "gpup fault marked" has one
 *	page_fault	number of jobs that end with a page fault at their stream's address
 *	fail_reset	number of engine resets that fail
 *	delay_us	microseconds that every job takes longer
 */
#include <linux/debugfs.h>
#include <linux/device.h>

#include "soft.h"

/**
 * soft_fault_take() - Is this one to go wrong?
 * @count: Number of those that are; counted down. Any context.
 *
 * Return: Whether it is.
 */
bool soft_fault_take(atomic_t *count)
{
	return atomic_dec_if_positive(count) >= 0;
}

/**
 * soft_fault_init() - Create the files
 * @gpu: The GPU, with its engines. May sleep. Without debugfs there are none.
 */
void soft_fault_init(struct soft_gpu *gpu)
{
	static const char * const names[DRM_GPUP_ENGINE_CLASSES] = {
		[DRM_GPUP_ENGINE_COMPUTE] = "compute",
		[DRM_GPUP_ENGINE_COPY] = "copy",
	};
	char name[32];
	u32 class, i;

	gpu->debugfs = debugfs_create_dir(gpu->name, NULL);
	for (class = 0; class < DRM_GPUP_ENGINE_CLASSES; class++) {
		for (i = 0; i < gpu->num_engines[class]; i++) {
			struct soft_faults *faults = &gpu->engines[class][i].faults;
			struct dentry *dir;

			snprintf(name, sizeof(name), "%s%u", names[class], i);
			dir = debugfs_create_dir(name, gpu->debugfs);
			debugfs_create_atomic_t("hang", 0600, dir, &faults->hang);
			debugfs_create_u32("hang_size", 0600, dir, &faults->hang_size);
			debugfs_create_atomic_t("page_fault", 0600, dir, &faults->page_fault);
			debugfs_create_atomic_t("fail_reset", 0600, dir, &faults->fail_reset);
			debugfs_create_u32("delay_us", 0600, dir, &faults->delay_us);
		}
	}
}

/**
 * soft_fault_fini() - Remove the files
 * @gpu: The GPU. May sleep.
 */
void soft_fault_fini(struct soft_gpu *gpu)
{
	debugfs_remove_recursive(gpu->debugfs);
}
