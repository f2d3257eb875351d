// SPDX-License-Identifier: GPL-2.0-only
/*
 * Figures of the memory, as the device shows them in a page.
 *
 * The kernel passes them on to programs, and relies on none of them.
 */
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/processor.h>
#include <linux/string.h>

#include <asm/barrier.h>

#include "guest_memory.h"

/*
 * The device writes a few words. Whoever has not seen it done after so many tries has met a
 * device whose processor was taken away from it, or one that does not play by the rules.
 */
#define TRIES	64

static u64 get(const __le64 *from)
{
	return le64_to_cpu(READ_ONCE(*from));
}

static bool try_read(const struct gpup_vrd_memory_status *status,
		     struct drm_gpup_memory_info *info)
{
	u32 sequence = le32_to_cpu(READ_ONCE(status->sequence));

	if (sequence & 1)
		return false;
	/* The sequence before the figures: pairs with the device's second barrier. */
	virt_rmb();
	info->vram_min = get(&status->vram_min);
	info->vram_max = get(&status->vram_max);
	info->vram_used = get(&status->vram_used);
	info->vram_budget = get(&status->vram_budget);
	info->vram_evicted = get(&status->vram_evicted);
	info->system_max = get(&status->system_max);
	info->system_used = get(&status->system_used);
	info->trims = get(&status->trims);
	/* The figures before the sequence: pairs with the device's first barrier. */
	virt_rmb();
	return le32_to_cpu(READ_ONCE(status->sequence)) == sequence;
}

/**
 * guest_memory_read() - Read figures that belong together
 * @status: The page, shared with the device.
 * @info: Receives the figures.
 *
 * Any context.
 *
 * Return: 0, or -EAGAIN if the device does not come to an end with writing them.
 */
int guest_memory_read(const struct gpup_vrd_memory_status *status,
		      struct drm_gpup_memory_info *info)
{
	int i;

	memset(info, 0, sizeof(*info));
	for (i = 0; i < TRIES; i++) {
		if (try_read(status, info))
			return 0;
		cpu_relax();
	}
	return -EAGAIN;
}
