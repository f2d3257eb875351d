// SPDX-License-Identifier: GPL-2.0-only
/*
 * Adapters: the GPUs that are registered.
 */
#include <linux/device.h>
#include <linux/idr.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/mutex.h>

#include <drm/drm_drv.h>
#include <drm/drm_print.h>

#include "gpup_core.h"
#include "gpup_drm_driver.h"
#include "gpup_sysfs.h"

/* The registry: who is there, and who wants to know. Taken before all other locks. */
static DEFINE_MUTEX(registry_lock);
static LIST_HEAD(registry_adapters);
static LIST_HEAD(registry_notifiers);
static DEFINE_IDA(adapter_ids);

static const struct class gpup_class = {
	.name = "gpup",
};

static int check_caps(struct device *parent, const struct gpup_adapter_ops *ops,
		      const struct gpup_adapter_caps *caps)
{
	int i;

	if (caps->page_size < PAGE_SIZE || !is_power_of_2(caps->page_size) ||
	    !caps->vram_size || !IS_ALIGNED(caps->vram_size, caps->page_size) ||
	    !IS_ALIGNED(caps->va_start, caps->page_size) ||
	    !IS_ALIGNED(caps->va_end, caps->page_size) || caps->va_start >= caps->va_end) {
		dev_err(parent, "gpup: adapter's memory sizes make no sense\n");
		return -EINVAL;
	}
	for (i = 0; i < DRM_GPUP_ENGINE_CLASSES; i++) {
		if (caps->engines[i] > GPUP_MAX_ENGINES) {
			dev_err(parent, "gpup: more than %d engines in class %d\n",
				GPUP_MAX_ENGINES, i);
			return -EINVAL;
		}
		if (caps->preemption[i] == GPUP_PREEMPT_INSIDE && !ops->preempt) {
			dev_err(parent, "gpup: no way to preempt engines of class %d\n", i);
			return -EINVAL;
		}
	}
	return 0;
}

static int create_host_partition(struct gpup_adapter *adapter)
{
	struct gpup_partition_config config = {
		.name = "host",
		.vram_max = adapter->caps.vram_size,
		.system_max = GPUP_HOST_SYSTEM_MAX,
		.sched_weight = GPUP_DEFAULT_WEIGHT,
	};
	struct gpup_partition *host = gpup_partition_create(adapter, &config);

	if (IS_ERR(host))
		return PTR_ERR(host);
	adapter->host = host;
	return 0;
}

/**
 * gpup_adapter_register() - Hand a GPU over to gpup
 * @parent: Device of the GPU, bound to its driver. The class device gpupN appears below it, and
 *          gpup_mdev makes it the parent of mediated devices, so that it has one adapter at most.
 * @ops: What it can do.
 * @caps: What it has; copied.
 * @priv: The driver's own, see gpup_adapter_priv().
 *
 * The driver's operations may be called before this returns. May sleep.
 *
 * Return: The adapter, or ERR_PTR: -EINVAL for capabilities that make no sense, -ENOMEM.
 */
struct gpup_adapter *gpup_adapter_register(struct device *parent,
					   const struct gpup_adapter_ops *ops,
					   const struct gpup_adapter_caps *caps, void *priv)
{
	struct gpup_adapter_notifier *notifier;
	struct gpup_adapter *adapter;
	int ret;

	ret = check_caps(parent, ops, caps);
	if (ret)
		return ERR_PTR(ret);

	adapter = devm_drm_dev_alloc(parent, &gpup_drm_driver, struct gpup_adapter, drm);
	if (IS_ERR(adapter))
		return adapter;
	adapter->ops = ops;
	adapter->caps = *caps;
	adapter->priv = priv;
	mutex_init(&adapter->partitions_lock);
	INIT_LIST_HEAD(&adapter->partitions);

	adapter->id = ida_alloc(&adapter_ids, GFP_KERNEL);
	if (adapter->id < 0)
		return ERR_PTR(adapter->id);

	adapter->mm = gpup_vidmm_create(adapter, &adapter->drm, ops, &adapter->caps);
	if (IS_ERR(adapter->mm)) {
		ret = PTR_ERR(adapter->mm);
		goto err_id;
	}
	adapter->sched = gpup_vidsch_create(adapter, parent, ops, &adapter->caps);
	if (IS_ERR(adapter->sched)) {
		ret = PTR_ERR(adapter->sched);
		goto err_mm;
	}

	adapter->dev = device_create_with_groups(&gpup_class, parent, 0, adapter,
						 gpup_adapter_groups, "gpup%d", adapter->id);
	if (IS_ERR(adapter->dev)) {
		ret = PTR_ERR(adapter->dev);
		goto err_sched;
	}
	adapter->partitions_kobj = kobject_create_and_add("partitions", &adapter->dev->kobj);
	if (!adapter->partitions_kobj) {
		ret = -ENOMEM;
		goto err_dev;
	}
	ret = create_host_partition(adapter);
	if (ret)
		goto err_kobj;
	gpup_debugfs_init(adapter);
	ret = drm_dev_register(&adapter->drm, 0);
	if (ret)
		goto err_host;

	mutex_lock(&registry_lock);
	list_add_tail(&adapter->link, &registry_adapters);
	list_for_each_entry(notifier, &registry_notifiers, link)
		notifier->added(adapter);
	mutex_unlock(&registry_lock);

	drm_info(&adapter->drm, "gpup%d: %s, %llu MiB of VRAM\n", adapter->id,
		 adapter->caps.name, adapter->caps.vram_size >> 20);
	return adapter;

err_host:
	gpup_partition_destroy(adapter->host);
err_kobj:
	kobject_put(adapter->partitions_kobj);
err_dev:
	device_unregister(adapter->dev);
err_sched:
	gpup_vidsch_destroy(adapter->sched);
err_mm:
	gpup_vidmm_destroy(adapter->mm);
err_id:
	ida_free(&adapter_ids, adapter->id);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(gpup_adapter_register);

/**
 * gpup_adapter_unregister() - Take a GPU back from gpup
 * @adapter: The adapter.
 *
 * The driver's module is held while there are clients or partitions of virtual
 * machines, so that there are none when its exit function calls this. May sleep.
 */
void gpup_adapter_unregister(struct gpup_adapter *adapter)
{
	struct gpup_adapter_notifier *notifier;

	mutex_lock(&registry_lock);
	list_del(&adapter->link);
	list_for_each_entry(notifier, &registry_notifiers, link)
		notifier->removed(adapter);
	mutex_unlock(&registry_lock);

	drm_dev_unplug(&adapter->drm);
	gpup_partition_destroy(adapter->host);
	kobject_put(adapter->partitions_kobj);
	device_unregister(adapter->dev);
	gpup_vidsch_destroy(adapter->sched);
	gpup_vidmm_destroy(adapter->mm);
	ida_free(&adapter_ids, adapter->id);
}
EXPORT_SYMBOL_GPL(gpup_adapter_unregister);

/**
 * gpup_adapter_priv() - What the GPU's driver has registered
 * @adapter: The adapter.
 *
 * Any context.
 *
 * Return: The pointer that was passed to gpup_adapter_register().
 */
void *gpup_adapter_priv(struct gpup_adapter *adapter)
{
	return adapter->priv;
}
EXPORT_SYMBOL_GPL(gpup_adapter_priv);

/**
 * gpup_register_adapter_notifier() - Learn of adapters that come and go
 * @notifier: Whom to tell; told of those that are there at once. May sleep.
 */
void gpup_register_adapter_notifier(struct gpup_adapter_notifier *notifier)
{
	struct gpup_adapter *adapter;

	mutex_lock(&registry_lock);
	list_add_tail(&notifier->link, &registry_notifiers);
	list_for_each_entry(adapter, &registry_adapters, link)
		notifier->added(adapter);
	mutex_unlock(&registry_lock);
}
EXPORT_SYMBOL_GPL(gpup_register_adapter_notifier);

/**
 * gpup_unregister_adapter_notifier() - Stop to learn of adapters
 * @notifier: Told that each adapter goes. May sleep.
 */
void gpup_unregister_adapter_notifier(struct gpup_adapter_notifier *notifier)
{
	struct gpup_adapter *adapter;

	mutex_lock(&registry_lock);
	list_del(&notifier->link);
	list_for_each_entry(adapter, &registry_adapters, link)
		notifier->removed(adapter);
	mutex_unlock(&registry_lock);
}
EXPORT_SYMBOL_GPL(gpup_unregister_adapter_notifier);

static int __init gpup_init(void)
{
	return class_register(&gpup_class);
}

static void __exit gpup_exit(void)
{
	/* Whoever has put the last fence may not have left its release function yet. */
	synchronize_rcu_tasks();
	class_unregister(&gpup_class);
	ida_destroy(&adapter_ids);
}

module_init(gpup_init);
module_exit(gpup_exit);

MODULE_DESCRIPTION("GPU partitioning");
MODULE_LICENSE("GPL");
