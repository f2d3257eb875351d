// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's DRM driver: its PCI and DRM faces.
 */
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/pci.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_ioctl.h>

#include "guest_bo.h"
#include "guest_client.h"
#include "guest_device.h"
#include "guest_query.h"

/**
 * DOC: The guest's driver
 *
 * It offers programs in a virtual machine the interface of gpup_drm.h, and speaks to the
 * host by the messages of gpup_vrd.h. It decides nothing: where an object lies in video
 * memory, whether there is room for it, and which job runs next, is for the host.
 *
 * The way down is guest_drv.c, then guest_vm.c, guest_queue.c, guest_bo.c and guest_query.c, one
 * for each kind of ioctl, then guest_submit.c, guest_call.c and guest_name.c, which are the
 * three kinds of messages (work, questions, destructions), then guest_channel.c and
 * guest_ring.c.
 */

#define GUEST_IOCTL(n, f) DRM_IOCTL_DEF_DRV(GPUP_##n, guest_ioctl_##f, DRM_RENDER_ALLOW)

static const struct drm_ioctl_desc guest_ioctls[] = {
	GUEST_IOCTL(DEV_QUERY, dev_query),
	GUEST_IOCTL(BO_CREATE, bo_create),
	GUEST_IOCTL(BO_MMAP_OFFSET, bo_mmap_offset),
	GUEST_IOCTL(BO_ADVISE, bo_advise),
	GUEST_IOCTL(VM_CREATE, vm_create),
	GUEST_IOCTL(VM_DESTROY, vm_destroy),
	GUEST_IOCTL(VM_BIND, vm_bind),
	GUEST_IOCTL(VM_GET_STATE, vm_get_state),
	GUEST_IOCTL(QUEUE_CREATE, queue_create),
	GUEST_IOCTL(QUEUE_DESTROY, queue_destroy),
	GUEST_IOCTL(QUEUE_SUBMIT, queue_submit),
	GUEST_IOCTL(QUEUE_GET_STATE, queue_get_state),
};

static const struct file_operations guest_fops = {
	.owner = THIS_MODULE,
	DRM_GEM_FOPS,
	.show_fdinfo = drm_show_fdinfo,
};

/* Only the host knows the GPU time of a client. */
static const struct drm_driver guest_driver = {
	.driver_features = DRIVER_RENDER | DRIVER_GEM | DRIVER_SYNCOBJ |
			   DRIVER_SYNCOBJ_TIMELINE,
	.name = "gpup",
	.desc = "GPU partitioning",
	.major = 1,
	.minor = 0,
	.fops = &guest_fops,
	.ioctls = guest_ioctls,
	.num_ioctls = ARRAY_SIZE(guest_ioctls),
	.open = guest_file_open,
	.postclose = guest_file_close,
	.show_fdinfo = drm_show_memory_stats,
};

static int guest_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct guest_device *gdev;
	int ret;

	gdev = devm_drm_dev_alloc(&pdev->dev, &guest_driver, struct guest_device, drm);
	if (IS_ERR(gdev))
		return PTR_ERR(gdev);
	gdev->pdev = pdev;
	pci_set_drvdata(pdev, gdev);

	ret = guest_device_init(gdev);
	if (ret)
		return ret;
	ret = guest_device_start(gdev);
	if (!ret)
		ret = drm_dev_register(&gdev->drm, 0);
	if (ret)
		guest_device_stop(gdev);
	return ret;
}

/* Files may still be open, and mapped; they find the device gone. */
static void guest_remove(struct pci_dev *pdev)
{
	struct guest_device *gdev = pci_get_drvdata(pdev);

	/* First of all, so that nobody waits for the device inside drm_dev_enter(). */
	guest_device_stop(gdev);
	drm_dev_unplug(&gdev->drm);

	devm_free_irq(&pdev->dev, pci_irq_vector(pdev, GPUP_VRD_VECTOR_TIMELINE), gdev);
	devm_free_irq(&pdev->dev, pci_irq_vector(pdev, GPUP_VRD_VECTOR_EVENT), gdev);
	/* What was on its way to be destroyed is freed now, what is open by its file. */
	flush_workqueue(gdev->wq);
	guest_pages_unmap_all(gdev);
}

/* Before a kexec: the device must not write to memory that the next kernel uses. */
static void guest_shutdown(struct pci_dev *pdev)
{
	guest_device_stop(pci_get_drvdata(pdev));
}

static const struct pci_device_id guest_ids[] = {
	{ PCI_DEVICE(GPUP_VRD_PCI_VENDOR, GPUP_VRD_PCI_DEVICE) },
	{ }
};
MODULE_DEVICE_TABLE(pci, guest_ids);

static struct pci_driver guest_pci_driver = {
	.name = "gpup_guest",
	.id_table = guest_ids,
	.probe = guest_probe,
	.remove = guest_remove,
	.shutdown = guest_shutdown,
};
module_pci_driver(guest_pci_driver);

MODULE_DESCRIPTION("GPU partitioning: virtual machines");
MODULE_LICENSE("GPL");
