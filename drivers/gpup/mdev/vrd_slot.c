// SPDX-License-Identifier: GPL-2.0-only
/*
 * Timeline slots of a Virtual Render Device.
 *
 * Nothing in here depends on VFIO.
 */
#include <linux/errno.h>
#include <linux/nospec.h>
#include <linux/slab.h>

#include <asm/barrier.h>

#include "vrd_slot.h"

/**
 * gpup_vrd_slots_init() - Take the slots into use
 * @slots: The slots.
 * @shared: The slots in guest memory.
 * @count: Number of slots.
 * @interrupt: Raises the timeline interrupt. Any context.
 * @drained: Told that a timeline has no more than one value left that was not reached. Any
 *	context, with the timeline's lock held.
 * @data: Passed to both.
 *
 * May sleep.
 *
 * Return: 0 or -ENOMEM.
 */
int gpup_vrd_slots_init(struct gpup_vrd_slots *slots, struct gpup_vrd_slot *shared, u32 count,
			void (*interrupt)(void *data), void (*drained)(void *data), void *data)
{
	u32 i;

	slots->uses = kvcalloc(count, sizeof(*slots->uses), GFP_KERNEL_ACCOUNT);
	if (!slots->uses)
		return -ENOMEM;
	for (i = 0; i < count; i++)
		slots->uses[i].slots = slots;
	slots->shared = shared;
	slots->count = count;
	slots->interrupt = interrupt;
	slots->drained = drained;
	slots->data = data;
	return 0;
}

/**
 * gpup_vrd_slots_fini() - Put the slots out of use
 * @slots: The slots; all timelines that they show are closed.
 */
void gpup_vrd_slots_fini(struct gpup_vrd_slots *slots)
{
	kvfree(slots->uses);
	memset(slots, 0, sizeof(*slots));
}

/*
 * Show the progress of a timeline. Called with the timeline's lock held, in any context.
 */
static void slot_notify(struct gpup_timeline *tl, void *data)
{
	struct gpup_vrd_slot_use *use = data;
	struct gpup_vrd_slots *slots = use->slots;
	struct gpup_vrd_slot *slot = &slots->shared[use - slots->uses];
	u64 old = use->completed;
	bool failed = tl->failed_at && !use->failed;
	u64 wake;

	if (failed) {
		use->failed = true;
		WRITE_ONCE(slot->fault_addr, cpu_to_le64(tl->fault_addr));
		WRITE_ONCE(slot->error, cpu_to_le32(-tl->error));
		WRITE_ONCE(slot->failed_at, cpu_to_le64(tl->failed_at));
		/* The failure before the value that carries it: who sees the value sees it. */
		virt_wmb();
	}
	use->completed = tl->completed;
	WRITE_ONCE(slot->completed, cpu_to_le64(tl->completed));

	/* Store, full barrier, load: pairs with the same after the guest's wake, and its tail. */
	virt_mb();
	wake = le64_to_cpu(READ_ONCE(slot->wake));
	if (wake && (failed || (old < wake && wake <= tl->completed)))
		slots->interrupt(slots->data);
	if (failed || tl->submitted - tl->completed <= 1)
		slots->drained(slots->data);
}

/**
 * gpup_vrd_slot_claim() - Have a slot show a new timeline
 * @slots: The slots.
 * @index: The slot that the guest has chosen.
 * @client: Handle of the client, not zero.
 * @notifier: Receives what to create the timeline with.
 *
 * Clears what the device writes, but not the wake value, which may be there already.
 *
 * Return: 0, -EINVAL if there is no such slot, -EBUSY if it shows another timeline.
 */
int gpup_vrd_slot_claim(struct gpup_vrd_slots *slots, u32 index, u32 client,
			struct gpup_notifier *notifier)
{
	struct gpup_vrd_slot_use *use;
	struct gpup_vrd_slot *slot;

	if (index >= slots->count)
		return -EINVAL;
	index = array_index_nospec(index, slots->count);
	use = &slots->uses[index];
	if (use->client)
		return -EBUSY;

	use->client = client;
	use->completed = 0;
	use->failed = false;
	slot = &slots->shared[index];
	WRITE_ONCE(slot->failed_at, 0);
	WRITE_ONCE(slot->fault_addr, 0);
	WRITE_ONCE(slot->error, 0);
	WRITE_ONCE(slot->completed, 0);

	notifier->notify = slot_notify;
	notifier->data = use;
	return 0;
}

/**
 * gpup_vrd_slot_release() - Let a slot be used again
 * @use: Its use: the notifier's data. The timeline is closed.
 */
void gpup_vrd_slot_release(struct gpup_vrd_slot_use *use)
{
	use->client = 0;
}

/**
 * gpup_vrd_slots_release_client() - Let all slots of a client be used again
 * @slots: The slots.
 * @client: Handle of the client; its timelines are closed.
 */
void gpup_vrd_slots_release_client(struct gpup_vrd_slots *slots, u32 client)
{
	u32 i;

	for (i = 0; i < slots->count; i++)
		if (slots->uses[i].client == client)
			gpup_vrd_slot_release(&slots->uses[i]);
}
