/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory status of a Virtual Render Device: figures that the guest reads without asking.
 */
#ifndef _GPUP_VRD_MEMORY_H_
#define _GPUP_VRD_MEMORY_H_

#include <linux/spinlock.h>
#include <linux/types.h>

#include <drm/gpup_drm.h>
#include <linux/gpup_vrd.h>

#include "../vidmm/vidmm.h"

/**
 * struct gpup_vrd_memory - What VidMm says, on its way to the guest
 */
struct gpup_vrd_memory {
	/**
	 * @kick: Has the worker look for what there is to do. Any context; called with @lock
	 * held.
	 */
	void (*kick)(void *data);
	/** @data: Passed to @kick. */
	void *data;
	/** @lock: Protects what follows. Innermost, taken from any context. */
	spinlock_t lock;
	/** @active: The guest has a page for it. If not, nothing is kept. */
	bool active;
	/** @changed: The page is out of date. */
	bool changed;
	/** @trim_pending: There is a trim that was not sent. */
	bool trim_pending;
	/** @trim: That trim. */
	struct gpup_vrd_trim trim;
	/** @status: The figures, in guest memory. Worker only, as is what follows. */
	struct gpup_vrd_memory_status *status;
	/** @sequence: What stands in the page as its sequence is a copy of this. */
	u32 sequence;
};

extern const struct gpup_memory_listener gpup_vrd_memory_listener;

void gpup_vrd_memory_init(struct gpup_vrd_memory *memory, void (*kick)(void *data), void *data);
void gpup_vrd_memory_start(struct gpup_vrd_memory *memory, void *page);
void gpup_vrd_memory_stop(struct gpup_vrd_memory *memory);
bool gpup_vrd_memory_take_changed(struct gpup_vrd_memory *memory);
void gpup_vrd_memory_write(struct gpup_vrd_memory *memory,
			   const struct drm_gpup_memory_info *info);
bool gpup_vrd_memory_trim_pending(struct gpup_vrd_memory *memory);
bool gpup_vrd_memory_take_trim(struct gpup_vrd_memory *memory, struct gpup_vrd_trim *trim);

#endif /* _GPUP_VRD_MEMORY_H_ */
