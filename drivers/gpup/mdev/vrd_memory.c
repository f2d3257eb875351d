// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory status of a Virtual Render Device: figures that the guest reads without asking, and
 * the request to use less.
 *
 * Nothing in here depends on VFIO.
 */
#include <linux/build_bug.h>
#include <linux/string.h>

#include <asm/barrier.h>

#include "vrd_memory.h"

/**
 * DOC: Memory status of a VRD
 *
 * VidMm says that figures have changed, or that the VM shall use less, in contexts that
 * may not sleep, and with its own locks held. So what it says is only noted: a flag for the
 * figures, which are looked up when they are written, and one trim, the newest. The worker
 * does the rest. It brings the page up to date before each event that it sends and at the end
 * of its turn, so that many changes cost one write, and no event is ahead of the page. A trim that
 * finds no room on the event ring waits for it, and messages go on meanwhile.
 *
 * What is said while the guest has no page, because the device is closed, is not set up or
 * has a driver that does not know the feature, is forgotten: the page is filled in when
 * the device starts.
 */

static_assert(sizeof(struct gpup_vrd_memory_status) == 72);
static_assert(sizeof(struct gpup_vrd_trim) == 24);

static void figures_changed(void *data)
{
	struct gpup_vrd_memory *memory = data;
	unsigned long flags;

	spin_lock_irqsave(&memory->lock, flags);
	if (memory->active) {
		WRITE_ONCE(memory->changed, true);
		memory->kick(memory->data);
	}
	spin_unlock_irqrestore(&memory->lock, flags);
}

static void trim_wanted(void *data, u64 budget, u64 over, u32 grace_ms)
{
	struct gpup_vrd_memory *memory = data;
	unsigned long flags;

	spin_lock_irqsave(&memory->lock, flags);
	if (memory->active) {
		memory->trim.budget = cpu_to_le64(budget);
		memory->trim.over = cpu_to_le64(over);
		memory->trim.grace_ms = cpu_to_le32(grace_ms);
		WRITE_ONCE(memory->trim_pending, true);
		/* It counts among the figures. */
		WRITE_ONCE(memory->changed, true);
		memory->kick(memory->data);
	}
	spin_unlock_irqrestore(&memory->lock, flags);
}

/* What VidMm is given, with the &struct gpup_vrd_memory as data. */
const struct gpup_memory_listener gpup_vrd_memory_listener = {
	.changed = figures_changed,
	.trim = trim_wanted,
};

/**
 * gpup_vrd_memory_init() - Begin without a page
 * @memory: The memory status, zeroed.
 * @kick: As &gpup_vrd_memory.kick.
 * @data: Passed to @kick.
 */
void gpup_vrd_memory_init(struct gpup_vrd_memory *memory, void (*kick)(void *data), void *data)
{
	spin_lock_init(&memory->lock);
	memory->kick = kick;
	memory->data = data;
}

/**
 * gpup_vrd_memory_start() - Take the guest's page into use
 * @memory: The memory status, without a page; the worker is disabled.
 * @page: The page.
 *
 * Leaves the page cleared, and its figures as changed.
 */
void gpup_vrd_memory_start(struct gpup_vrd_memory *memory, void *page)
{
	memset(page, 0, GPUP_VRD_PAGE_SIZE);
	memory->status = page;
	memory->sequence = 0;

	spin_lock_irq(&memory->lock);
	memset(&memory->trim, 0, sizeof(memory->trim));
	WRITE_ONCE(memory->trim_pending, false);
	WRITE_ONCE(memory->changed, true);
	memory->active = true;
	spin_unlock_irq(&memory->lock);
}

/**
 * gpup_vrd_memory_stop() - Put the guest's page out of use
 * @memory: The memory status, with or without a page; the worker is disabled.
 *
 * Afterwards nothing is noted, and the worker is not kicked, whatever VidMm says.
 */
void gpup_vrd_memory_stop(struct gpup_vrd_memory *memory)
{
	spin_lock_irq(&memory->lock);
	memory->active = false;
	WRITE_ONCE(memory->changed, false);
	WRITE_ONCE(memory->trim_pending, false);
	spin_unlock_irq(&memory->lock);
	memory->status = NULL;
}

/**
 * gpup_vrd_memory_take_changed() - Ask whether the page is out of date
 * @memory: The memory status.
 *
 * Called by the worker, or while it is disabled. Whatever changes after this is noted anew, so
 * that the figures are looked up after this, not before.
 *
 * Return: True if gpup_vrd_memory_write() is due.
 */
bool gpup_vrd_memory_take_changed(struct gpup_vrd_memory *memory)
{
	bool changed;

	/* The usual case, for every event that is sent; a change that is missed has kicked us. */
	if (!READ_ONCE(memory->changed))
		return false;
	spin_lock_irq(&memory->lock);
	changed = memory->changed;
	WRITE_ONCE(memory->changed, false);
	spin_unlock_irq(&memory->lock);
	return changed;
}

static void put(__le64 *to, u64 value)
{
	WRITE_ONCE(*to, cpu_to_le64(value));
}

/* The guest looks for an odd sequence, or another than before: see the contract. */
static void put_sequence(struct gpup_vrd_memory *memory)
{
	WRITE_ONCE(memory->status->sequence, cpu_to_le32(++memory->sequence));
}

/**
 * gpup_vrd_memory_write() - Write the figures
 * @memory: The memory status, with a page.
 * @info: The figures.
 *
 * Called by the worker, or while it is disabled. Nothing of the page is read: the guest may have
 * written to it.
 */
void gpup_vrd_memory_write(struct gpup_vrd_memory *memory,
			   const struct drm_gpup_memory_info *info)
{
	struct gpup_vrd_memory_status *status = memory->status;

	put_sequence(memory);
	/* Odd before the first figure. */
	virt_wmb();
	put(&status->vram_min, info->vram_min);
	put(&status->vram_max, info->vram_max);
	put(&status->vram_used, info->vram_used);
	put(&status->vram_budget, info->vram_budget);
	put(&status->vram_evicted, info->vram_evicted);
	put(&status->system_max, info->system_max);
	put(&status->system_used, info->system_used);
	put(&status->trims, info->trims);
	/* The last figure before even. */
	virt_wmb();
	put_sequence(memory);
}

/**
 * gpup_vrd_memory_trim_pending() - Ask whether a trim waits to be sent
 * @memory: The memory status.
 *
 * Return: True if one does.
 */
bool gpup_vrd_memory_trim_pending(struct gpup_vrd_memory *memory)
{
	return READ_ONCE(memory->trim_pending);
}

/**
 * gpup_vrd_memory_take_trim() - Take the trim that waits
 * @memory: The memory status.
 * @trim: Receives the trim.
 *
 * Called by the worker, which has room for it on the event ring.
 *
 * Return: True if there was one.
 */
bool gpup_vrd_memory_take_trim(struct gpup_vrd_memory *memory, struct gpup_vrd_trim *trim)
{
	bool pending;

	spin_lock_irq(&memory->lock);
	pending = memory->trim_pending;
	WRITE_ONCE(memory->trim_pending, false);
	*trim = memory->trim;
	spin_unlock_irq(&memory->lock);
	return pending;
}
