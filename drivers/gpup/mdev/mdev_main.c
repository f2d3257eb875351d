// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mediated devices: every adapter of gpup becomes the parent of some.
 */
#include <linux/device.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <linux/vfio.h>

#include "mdev.h"
#include "vrd.h"

/* Name of the mdev core's folder, and of the link to it. */
#define TYPES_LINK	"mdev_supported_types"

/* All parents. Adapters come and go one at a time, which is all the protection it needs. */
static LIST_HEAD(parents);

static int probe(struct mdev_device *mdev)
{
	struct gpup_mdev_type *type = gpup_mdev_type_from_base(mdev->type);
	struct gpup_mdev_parent *parent = gpup_mdev_parent_of(mdev->type);
	struct gpup_vrd *vrd;

	vrd = gpup_vrd_create(mdev, parent->adapter, parent->wq, type->vram);
	if (IS_ERR(vrd))
		return PTR_ERR(vrd);
	dev_set_drvdata(mdev_dev(mdev), vrd);
	return 0;
}

static void remove(struct mdev_device *mdev)
{
	gpup_vrd_destroy(dev_get_drvdata(mdev_dev(mdev)));
}

static struct mdev_driver gpup_mdev_driver = {
	.device_api = VFIO_DEVICE_API_PCI_STRING,
	.probe = probe,
	.remove = remove,
	.get_available = gpup_mdev_type_available,
	.show_description = gpup_mdev_type_description,
	.driver = {
		.name = "gpup_mdev",
		.owner = THIS_MODULE,
		.mod_name = KBUILD_MODNAME,
		.dev_groups = gpup_mdev_groups,
	},
};

/*
 * The parent is the device of the GPU itself, for tools look for mediated devices on PCI devices.
 * The folder of the adapter has a link to its types.
 */
static int parent_create(struct gpup_adapter *adapter)
{
	struct gpup_mdev_parent *parent;
	int ret;

	parent = kzalloc(sizeof(*parent), GFP_KERNEL);
	if (!parent)
		return -ENOMEM;
	parent->adapter = adapter;
	ret = gpup_mdev_types_create(parent);
	if (ret)
		goto err_free;
	/* A turn of a worker is long for a work item, and must not hold up those of others. */
	parent->wq = alloc_workqueue("gpup-vrd/%s", WQ_UNBOUND, 0, dev_name(adapter->dev));
	if (!parent->wq) {
		ret = -ENOMEM;
		goto err_types;
	}
	ret = mdev_register_parent(&parent->base, adapter->dev->parent, &gpup_mdev_driver,
				   parent->type_ptrs, parent->type_count);
	if (ret)
		goto err_wq;
	ret = sysfs_create_link(&adapter->dev->kobj, &parent->base.mdev_types_kset->kobj,
				TYPES_LINK);
	if (ret)
		goto err_parent;
	list_add_tail(&parent->link, &parents);
	return 0;

err_parent:
	mdev_unregister_parent(&parent->base);
err_wq:
	destroy_workqueue(parent->wq);
err_types:
	gpup_mdev_types_destroy(parent);
err_free:
	kfree(parent);
	return ret;
}

static void parent_destroy(struct gpup_mdev_parent *parent)
{
	list_del(&parent->link);
	sysfs_remove_link(&parent->adapter->dev->kobj, TYPES_LINK);
	/* Removes all devices, and waits for the VMMs that have them open. */
	mdev_unregister_parent(&parent->base);
	destroy_workqueue(parent->wq);
	gpup_mdev_types_destroy(parent);
	kfree(parent);
}

static void adapter_added(struct gpup_adapter *adapter)
{
	int ret = parent_create(adapter);

	if (ret)
		dev_err(adapter->dev, "no mediated devices on this GPU: error %d\n", ret);
}

static void adapter_removed(struct gpup_adapter *adapter)
{
	struct gpup_mdev_parent *parent, *next;

	list_for_each_entry_safe(parent, next, &parents, link)
		if (parent->adapter == adapter)
			parent_destroy(parent);
}

static struct gpup_adapter_notifier adapter_notifier = {
	.added = adapter_added,
	.removed = adapter_removed,
};

static int __init gpup_mdev_init(void)
{
	int ret = mdev_register_driver(&gpup_mdev_driver);

	if (ret)
		return ret;
	gpup_register_adapter_notifier(&adapter_notifier);
	return 0;
}

static void __exit gpup_mdev_exit(void)
{
	gpup_unregister_adapter_notifier(&adapter_notifier);
	mdev_unregister_driver(&gpup_mdev_driver);
}

module_init(gpup_mdev_init);
module_exit(gpup_mdev_exit);

MODULE_DESCRIPTION("GPU partitioning: mediated devices");
MODULE_LICENSE("GPL");
