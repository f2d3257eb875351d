// SPDX-License-Identifier: GPL-2.0-only
/*
 * Types of mediated devices: sizes of slices.
 *
 * A GPU offers all of its VRAM, a half, a quarter, and so on. The sizes are only a way to
 * name what an operator asks for: slices of all of them are cut from the same memory,
 * so that each that is created lowers what is available of every type.
 */
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "mdev.h"

static u64 slice(const struct gpup_adapter_caps *caps, unsigned int halvings)
{
	return round_down(caps->vram_size >> halvings, (u64)caps->page_size);
}

static unsigned int count_slices(const struct gpup_adapter_caps *caps)
{
	unsigned int n = 1;

	while (slice(caps, n) >= GPUP_MDEV_SMALLEST)
		n++;
	return n;
}

static void name_type(struct gpup_mdev_type *type)
{
	static const char * const units[] = { "KiB", "MiB", "GiB", "TiB" };
	u64 size = type->vram >> 10;
	unsigned int unit = 0;

	while (unit < ARRAY_SIZE(units) - 1 && !(size % 1024)) {
		size /= 1024;
		unit++;
	}
	snprintf(type->sysfs_name, sizeof(type->sysfs_name), "%llu%c", size, units[unit][0]);
	snprintf(type->pretty_name, sizeof(type->pretty_name), "gpup %llu %s", size, units[unit]);
	type->base.sysfs_name = type->sysfs_name;
	type->base.pretty_name = type->pretty_name;
}

/**
 * gpup_mdev_types_create() - Make the types of a GPU
 * @parent: The GPU.
 *
 * Return: 0 or -ENOMEM.
 */
int gpup_mdev_types_create(struct gpup_mdev_parent *parent)
{
	const struct gpup_adapter_caps *caps = &parent->adapter->caps;
	unsigned int i, count = count_slices(caps);

	parent->types = kcalloc(count, sizeof(*parent->types), GFP_KERNEL);
	parent->type_ptrs = kcalloc(count, sizeof(*parent->type_ptrs), GFP_KERNEL);
	if (!parent->types || !parent->type_ptrs) {
		gpup_mdev_types_destroy(parent);
		return -ENOMEM;
	}
	for (i = 0; i < count; i++) {
		parent->types[i].vram = slice(caps, i);
		name_type(&parent->types[i]);
		parent->type_ptrs[i] = &parent->types[i].base;
	}
	parent->type_count = count;
	return 0;
}

/**
 * gpup_mdev_types_destroy() - Free the types of a GPU
 * @parent: The GPU; not registered as a parent.
 */
void gpup_mdev_types_destroy(struct gpup_mdev_parent *parent)
{
	kfree(parent->type_ptrs);
	kfree(parent->types);
	parent->type_ptrs = NULL;
	parent->types = NULL;
}

/**
 * gpup_mdev_type_available() - How many slices of a size are still to be had
 * @base: The type.
 *
 * May be out of date at once: the limit is kept where the partition is created.
 *
 * Return: Their number.
 */
unsigned int gpup_mdev_type_available(struct mdev_type *base)
{
	struct gpup_mdev_parent *parent = gpup_mdev_parent_of(base);
	u64 available = gpup_vidmm_available(parent->adapter->mm);

	return min_t(u64, div64_u64(available, gpup_mdev_type_from_base(base)->vram), UINT_MAX);
}

/**
 * gpup_mdev_type_description() - Describe a type
 * @base: The type.
 * @buf: Receives the text, PAGE_SIZE bytes.
 *
 * Return: Length of the text.
 */
ssize_t gpup_mdev_type_description(struct mdev_type *base, char *buf)
{
	struct gpup_mdev_parent *parent = gpup_mdev_parent_of(base);

	return sysfs_emit(buf, "Slice of %s: vram_min=vram_max=%llu bytes, sched_weight=%u\n",
			  parent->adapter->caps.name, gpup_mdev_type_from_base(base)->vram,
			  GPUP_DEFAULT_WEIGHT);
}
