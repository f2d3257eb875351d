/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Timeline slots of a Virtual Render Device.
 */
#ifndef _GPUP_VRD_SLOT_H_
#define _GPUP_VRD_SLOT_H_

#include <linux/types.h>

#include <linux/gpup_vrd.h>

#include "../gpup_thunk.h"

struct gpup_vrd_slots;

/**
 * struct gpup_vrd_slot_use - Use of one slot by a timeline
 *
 * Owned by the VRD's worker; between the start and the close of a timeline
 * @completed and @failed are protected by the timeline's lock.
 */
struct gpup_vrd_slot_use {
	/** @slots: All slots of the VRD. */
	struct gpup_vrd_slots *slots;
	/** @client: Handle of the client whose timeline it shows; zero if none. */
	u32 client;
	/** @failed: The failure of the timeline has been shown. */
	bool failed;
	/** @completed: Value that was shown last. */
	u64 completed;
};

/**
 * struct gpup_vrd_slots - All timeline slots of a VRD
 */
struct gpup_vrd_slots {
	/** @shared: The slots, in guest memory. */
	struct gpup_vrd_slot *shared;
	/** @uses: One for each slot. */
	struct gpup_vrd_slot_use *uses;
	/** @count: Number of slots. */
	u32 count;
	/** @interrupt: Raises the timeline interrupt. Any context. */
	void (*interrupt)(void *data);
	/** @drained: Told that a timeline is about to run dry, or has failed. Any context. */
	void (*drained)(void *data);
	/** @data: Passed to both. */
	void *data;
};

int gpup_vrd_slots_init(struct gpup_vrd_slots *slots, struct gpup_vrd_slot *shared, u32 count,
			void (*interrupt)(void *data), void (*drained)(void *data), void *data);
void gpup_vrd_slots_fini(struct gpup_vrd_slots *slots);
int gpup_vrd_slot_claim(struct gpup_vrd_slots *slots, u32 index, u32 client,
			struct gpup_notifier *notifier);
void gpup_vrd_slot_release(struct gpup_vrd_slot_use *use);
void gpup_vrd_slots_release_client(struct gpup_vrd_slots *slots, u32 client);

#endif /* _GPUP_VRD_SLOT_H_ */
