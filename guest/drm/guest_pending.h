/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the pending values of a timeline cost the device.
 */
#ifndef _GUEST_PENDING_H_
#define _GUEST_PENDING_H_

#include <linux/types.h>

/**
 * struct guest_pending - The values of a timeline that were given out and not reached
 */
struct guest_pending {
	/** @last: Last value that was given out. */
	u64 last;
	/** @ended: Last value that is known to be reached. */
	u64 ended;
	/** @max: How many may be between the two: a power of two. */
	u32 max;
	/** @costs: What each of them costs, by its value modulo @max. */
	u8 costs[];
};

void guest_pending_init(struct guest_pending *pending, u32 max);
bool guest_pending_has_room(const struct guest_pending *pending, u32 count);
u32 guest_pending_add(struct guest_pending *pending, const u8 *costs, u32 count);
u32 guest_pending_take_back(struct guest_pending *pending, u32 count);
u32 guest_pending_end(struct guest_pending *pending, u64 completed);

#endif /* _GUEST_PENDING_H_ */
