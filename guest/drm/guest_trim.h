/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trims: the host wants the VM to use less video memory.
 */
#ifndef _GUEST_TRIM_H_
#define _GUEST_TRIM_H_

#include <linux/atomic.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include <linux/gpup_vrd.h>

struct guest_device;

/**
 * struct guest_trims - Trims on their way to user space
 */
struct guest_trims {
	/** @count: How many have come. */
	atomic_t count;
	/** @budget: What the latest said, in bytes. */
	atomic64_t budget;
	/** @next: No uevent before this time, in jiffies. */
	unsigned long next;
	/** @work: Sends the uevent. */
	struct delayed_work work;
};

int guest_trims_init(struct guest_device *gdev);
void guest_trim(struct guest_device *gdev, const struct gpup_vrd_trim *trim);

#endif /* _GUEST_TRIM_H_ */
