/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What sysfs shows of adapters and partitions.
 */
#ifndef _GPUP_SYSFS_H_
#define _GPUP_SYSFS_H_

#include <linux/sysfs.h>

extern const struct sysfs_ops gpup_partition_sysfs_ops;
extern const struct attribute_group *gpup_partition_groups[];
extern const struct attribute_group *gpup_adapter_groups[];

#endif /* _GPUP_SYSFS_H_ */
