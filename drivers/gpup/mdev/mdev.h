/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mediated devices: how an operator cuts slices off a GPU.
 */
#ifndef _GPUP_MDEV_H_
#define _GPUP_MDEV_H_

#include <linux/list.h>
#include <linux/mdev.h>
#include <linux/workqueue.h>

#include "../gpup_core.h"

/* Slices are halved down to this size in bytes. */
#define GPUP_MDEV_SMALLEST	(16ULL << 20)

/**
 * struct gpup_mdev_type - One size of slice
 */
struct gpup_mdev_type {
	/** @base: The mdev core's part. */
	struct mdev_type base;
	/** @vram: VRAM in bytes. */
	u64 vram;
	/** @sysfs_name: End of the name of the folder, such as "512M". */
	char sysfs_name[24];
	/** @pretty_name: For people, such as "gpup 512 MiB". */
	char pretty_name[32];
};

/**
 * struct gpup_mdev_parent - A GPU from which slices can be cut
 */
struct gpup_mdev_parent {
	/** @base: The mdev core's part. */
	struct mdev_parent base;
	/** @link: Entry of the list of all parents. */
	struct list_head link;
	/** @adapter: The GPU. */
	struct gpup_adapter *adapter;
	/** @wq: Where the workers of its VRDs run. */
	struct workqueue_struct *wq;
	/** @types: Sizes of slices, the largest first. */
	struct gpup_mdev_type *types;
	/** @type_ptrs: The same, as the mdev core wants them. */
	struct mdev_type **type_ptrs;
	/** @type_count: Number of @types. */
	unsigned int type_count;
};

static inline struct gpup_mdev_type *gpup_mdev_type_from_base(struct mdev_type *base)
{
	return container_of(base, struct gpup_mdev_type, base);
}

static inline struct gpup_mdev_parent *gpup_mdev_parent_of(struct mdev_type *base)
{
	return container_of(base->parent, struct gpup_mdev_parent, base);
}

/* mdev_type.c */
int gpup_mdev_types_create(struct gpup_mdev_parent *parent);
void gpup_mdev_types_destroy(struct gpup_mdev_parent *parent);
unsigned int gpup_mdev_type_available(struct mdev_type *base);
ssize_t gpup_mdev_type_description(struct mdev_type *base, char *buf);

/* mdev_sysfs.c */
extern const struct attribute_group *gpup_mdev_groups[];

#endif /* _GPUP_MDEV_H_ */
