// SPDX-License-Identifier: GPL-2.0-only
/*
 * Partitions: slices of an adapter.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "gpup_core.h"
#include "gpup_event.h"
#include "gpup_sysfs.h"

static void partition_release(struct kobject *kobj)
{
	struct gpup_partition *partition = container_of(kobj, struct gpup_partition, kobj);

	kfree(partition);
}

static const struct kobj_type partition_ktype = {
	.release = partition_release,
	.sysfs_ops = &gpup_partition_sysfs_ops,
	.default_groups = gpup_partition_groups,
};

/**
 * gpup_partition_create() - Set a slice of an adapter aside
 * @adapter: The adapter.
 * @config: What the slice is to be.
 *
 * Holds the GPU driver's module until gpup_partition_destroy(), but for the host's
 * own partition, which lives as long as the adapter. May sleep.
 *
 * Return: The partition, or ERR_PTR: -EINVAL for limits that make no sense, -ENOSPC when
 * the guaranteed VRAM is not to be had, -EEXIST if the name is in use, -ENODEV if the
 * adapter is going, -ENOMEM.
 */
struct gpup_partition *gpup_partition_create(struct gpup_adapter *adapter,
					     const struct gpup_partition_config *config)
{
	struct gpup_partition *partition;
	int ret;

	if (config->sched_weight < GPUP_WEIGHT_MIN || config->sched_weight > GPUP_WEIGHT_MAX)
		return ERR_PTR(-EINVAL);
	if (config->is_virtual && !try_module_get(adapter->ops->owner))
		return ERR_PTR(-ENODEV);

	partition = kzalloc(sizeof(*partition), GFP_KERNEL);
	if (!partition) {
		ret = -ENOMEM;
		goto err_module;
	}

	partition->adapter = adapter;
	partition->is_virtual = config->is_virtual;
	strscpy(partition->name, config->name, sizeof(partition->name));
	kobject_init(&partition->kobj, &partition_ktype);

	ret = gpup_vidmm_partition_init(&partition->mm, adapter->mm, config->vram_min,
					config->vram_max, config->system_max);
	if (ret)
		goto err_put;
	gpup_sched_partition_init(&partition->sched, adapter->sched, partition->name,
				  config->sched_weight);
	partition->owner = config->owner;
	partition->owner_data = config->owner_data;
	gpup_sched_partition_listen(&partition->sched, &gpup_partition_events, partition);

	ret = kobject_add(&partition->kobj, adapter->partitions_kobj, "%s", partition->name);
	if (ret)
		goto err_fini;

	gpup_vidmm_partition_listen(&partition->mm, config->listener, config->listener_data);
	mutex_lock(&adapter->partitions_lock);
	partition->id = adapter->next_partition++;
	list_add_tail(&partition->link, &adapter->partitions);
	mutex_unlock(&adapter->partitions_lock);
	return partition;

err_fini:
	gpup_sched_partition_fini(&partition->sched);
	gpup_vidmm_partition_fini(&partition->mm);
err_put:
	kobject_put(&partition->kobj);
err_module:
	if (config->is_virtual)
		module_put(adapter->ops->owner);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(gpup_partition_create);

/**
 * gpup_partition_destroy() - Give a slice back
 * @partition: The partition; all of its clients and buffer objects are gone.
 *
 * May sleep.
 */
void gpup_partition_destroy(struct gpup_partition *partition)
{
	struct gpup_adapter *adapter = partition->adapter;
	bool is_virtual = partition->is_virtual;

	mutex_lock(&adapter->partitions_lock);
	list_del(&partition->link);
	mutex_unlock(&adapter->partitions_lock);

	gpup_vidmm_partition_listen(&partition->mm, NULL, NULL);
	/* Waits for readers of its files. */
	kobject_del(&partition->kobj);
	gpup_sched_partition_fini(&partition->sched);
	gpup_vidmm_partition_fini(&partition->mm);
	kobject_put(&partition->kobj);
	if (is_virtual)
		module_put(adapter->ops->owner);
}
EXPORT_SYMBOL_GPL(gpup_partition_destroy);

/**
 * gpup_partition_info() - Describe a partition to its clients
 * @partition: The partition.
 * @info: Receives the description.
 *
 * Any context.
 */
void gpup_partition_info(struct gpup_partition *partition, struct drm_gpup_partition_info *info)
{
	strscpy(info->name, partition->name, sizeof(info->name));
	info->id = partition->id;
	info->sched_weight = gpup_sched_partition_get(&partition->sched, GPUP_SCHED_WEIGHT);
	info->job_timeout_ms = gpup_sched_partition_get(&partition->sched,
							GPUP_SCHED_JOB_TIMEOUT_MS);
	info->max_objects = GPUP_DEFAULT_MAX_OBJECTS;
}
