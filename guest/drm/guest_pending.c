// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the pending values of a timeline cost the device.
 *
 * Nobody tells when a value ends, so what it costs is kept until somebody looks. Whatever a
 * device says it has reached, each cost is counted once and given back once.
 */
#include <linux/minmax.h>

#include "guest_pending.h"

static u8 *cost_of(struct guest_pending *pending, u64 value)
{
	return &pending->costs[value & (pending->max - 1)];
}

/**
 * guest_pending_init() - Begin with value zero
 * @pending: Zeroed, with room for @max costs.
 * @max: How many values may be pending: a power of two.
 */
void guest_pending_init(struct guest_pending *pending, u32 max)
{
	pending->max = max;
}

/**
 * guest_pending_has_room() - Whether values can be added
 * @pending: The values.
 * @count: How many more.
 *
 * Return: True if guest_pending_add() may be called.
 */
bool guest_pending_has_room(const struct guest_pending *pending, u32 count)
{
	return count <= pending->max - (pending->last - pending->ended);
}

/**
 * guest_pending_add() - Give out the next values
 * @pending: The values; there is room.
 * @costs: What they cost.
 * @count: How many.
 *
 * Return: What they cost together.
 */
u32 guest_pending_add(struct guest_pending *pending, const u8 *costs, u32 count)
{
	u32 i, sum = 0;

	for (i = 0; i < count; i++) {
		*cost_of(pending, ++pending->last) = costs[i];
		sum += costs[i];
	}
	return sum;
}

/**
 * guest_pending_take_back() - Take the last values back, which were not used
 * @pending: The values.
 * @count: How many.
 *
 * Return: What they cost together, less those that have ended for all that.
 */
u32 guest_pending_take_back(struct guest_pending *pending, u32 count)
{
	u32 sum = 0;

	for (; count && pending->last > pending->ended; count--)
		sum += *cost_of(pending, pending->last--);
	return sum;
}

/**
 * guest_pending_end() - Look which values have ended
 * @pending: The values.
 * @completed: What the device says that it has reached.
 *
 * Return: What those cost together that are found to have ended now.
 */
u32 guest_pending_end(struct guest_pending *pending, u64 completed)
{
	u64 ended = min(completed, pending->last);
	u32 sum = 0;

	while (pending->ended < ended)
		sum += *cost_of(pending, ++pending->ended);
	return sum;
}
