// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device that stands for a GPU.
 *
 * Libvirt, Nova and KubeVirt look for mediated devices on PCI devices only. So each GPU is a
 * function of PCI: alone on a host bridge and in a PCI domain of its own, with a header, and
 * without memory, interrupts or DMA. User Mode Linux has no such bus: there it is a
 * platform device.
 *
 * System memory is reached by the CPU, so mappings are to be physical addresses: the device
 * has no DMA mask.
 */
#include <linux/device.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/unaligned.h>

#include "soft.h"

#ifdef CONFIG_UML

int soft_devices_init(void)
{
	return 0;
}

void soft_devices_fini(void)
{
}

struct device *soft_device_create(unsigned int index)
{
	struct platform_device *pdev = platform_device_alloc("gpup_soft", index);
	int ret;

	if (!pdev)
		return ERR_PTR(-ENOMEM);
	pdev->dev.dma_mask = NULL;
	ret = platform_device_add(pdev);
	if (ret) {
		platform_device_put(pdev);
		return ERR_PTR(ret);
	}
	return &pdev->dev;
}

void soft_device_destroy(struct device *dev)
{
	platform_device_unregister(to_platform_device(dev));
}

#else /* CONFIG_UML */

/*
 * From the range that QEMU sets aside in Red Hat's vendor ID for experiments (QEMU,
 * docs/specs/pci-ids.rst), next to that of the Virtual Render Device.
 */
#define SOFT_PCI_VENDOR		0x1af4
#define SOFT_PCI_DEVICE		0x10f6
#define SOFT_PCI_REVISION	1
/* Base class display controller, sub-class 3D controller, no interface. */
#define SOFT_PCI_CLASS		0x030200

/*
 * PCI domains of software GPUs: far from those of firmware, which count from 0, and of 16 bits,
 * since KubeVirt takes four digits.
 */
#define SOFT_FIRST_DOMAIN	0xf000
#define SOFT_LAST_DOMAIN	0xffff

/* Each domain has one bus. */
static struct resource soft_bus_numbers = {
	.name = "gpup_soft",
	.start = 0,
	.end = 0,
	.flags = IORESOURCE_BUS,
};

/* The header: all that is not zero. See the PCI Local Bus Specification 3.0, 6.1. */
static void header(u8 config[PCI_STD_HEADER_SIZEOF])
{
	memset(config, 0, PCI_STD_HEADER_SIZEOF);
	put_unaligned_le16(SOFT_PCI_VENDOR, &config[PCI_VENDOR_ID]);
	put_unaligned_le16(SOFT_PCI_DEVICE, &config[PCI_DEVICE_ID]);
	put_unaligned_le32(SOFT_PCI_CLASS << 8 | SOFT_PCI_REVISION, &config[PCI_CLASS_REVISION]);
	put_unaligned_le16(SOFT_PCI_VENDOR, &config[PCI_SUBSYSTEM_VENDOR_ID]);
	put_unaligned_le16(SOFT_PCI_DEVICE, &config[PCI_SUBSYSTEM_ID]);
}

/* Called with interrupts off, as all config accesses are. */
static int config_read(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 *value)
{
	u8 config[PCI_STD_HEADER_SIZEOF];
	int i;

	if (devfn)
		return PCIBIOS_DEVICE_NOT_FOUND;
	header(config);
	*value = 0;
	for (i = 0; i < size && where + i < PCI_STD_HEADER_SIZEOF; i++)
		*value |= (u32)config[where + i] << (8 * i);
	return PCIBIOS_SUCCESSFUL;
}

/* There is nothing to be set. */
static int config_write(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 value)
{
	return devfn ? PCIBIOS_DEVICE_NOT_FOUND : PCIBIOS_SUCCESSFUL;
}

static struct pci_ops soft_pci_ops = {
	.read = config_read,
	.write = config_write,
};

/* Takes the device, so that no other driver does. What it is for is up to soft_main.c. */
static int probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	if (pdev->bus->ops != &soft_pci_ops)
		return -ENODEV;
	pdev->dev.dma_mask = NULL;
	return 0;
}

static const struct pci_device_id soft_pci_ids[] = {
	{ PCI_DEVICE(SOFT_PCI_VENDOR, SOFT_PCI_DEVICE) },
	{ }
};

static struct pci_driver soft_pci_driver = {
	/* The mdev core puts it before the names of types: gpup-256M. */
	.name = "gpup",
	.id_table = soft_pci_ids,
	.probe = probe,
	.driver = {
		.probe_type = PROBE_FORCE_SYNCHRONOUS,
		/* The GPU goes with the module. */
		.suppress_bind_attrs = true,
	},
};

/**
 * soft_devices_init() - Prepare for soft_device_create()
 *
 * May sleep.
 *
 * Return: 0 or a negative error code.
 */
int soft_devices_init(void)
{
	return pci_register_driver(&soft_pci_driver);
}

/**
 * soft_devices_fini() - Undo soft_devices_init()
 *
 * All devices have been destroyed. May sleep.
 */
void soft_devices_fini(void)
{
	pci_unregister_driver(&soft_pci_driver);
}

/* The first domain that nobody has. Called with pci_lock_rescan_remove(). */
static int free_domain(void)
{
	int domain;

	for (domain = SOFT_FIRST_DOMAIN; domain <= SOFT_LAST_DOMAIN; domain++)
		if (!pci_find_bus(domain, 0))
			return domain;
	return -ENOSPC;
}

/* Called with pci_lock_rescan_remove(). */
static struct pci_bus *bus_create(void)
{
	struct pci_host_bridge *bridge;
	struct pci_sysdata *sysdata;
	int domain = free_domain();
	int ret;

	if (domain < 0)
		return ERR_PTR(domain);
	bridge = pci_alloc_host_bridge(sizeof(*sysdata));
	if (!bridge)
		return ERR_PTR(-ENOMEM);
	sysdata = pci_host_bridge_priv(bridge);
	sysdata->domain = domain;
	/* Its memory is where the kernel found some. */
	sysdata->node = NUMA_NO_NODE;
	bridge->sysdata = sysdata;
	bridge->ops = &soft_pci_ops;
	pci_add_resource(&bridge->windows, &soft_bus_numbers);
	ret = pci_scan_root_bus_bridge(bridge);
	if (ret) {
		pci_free_host_bridge(bridge);
		return ERR_PTR(ret);
	}
	pci_bus_add_devices(bridge->bus);
	return bridge->bus;
}

/* Called with pci_lock_rescan_remove(). */
static void bus_destroy(struct pci_bus *bus)
{
	pci_stop_root_bus(bus);
	pci_remove_root_bus(bus);
}

/* The GPU goes with the module, and not by way of sysfs. */
static void hide_remove(struct pci_dev *pdev)
{
	static const struct attribute remove = { .name = "remove" };

	sysfs_remove_file(&pdev->dev.kobj, &remove);
}

/**
 * soft_device_create() - Create the device of a GPU
 * @index: Number of the GPU. May sleep.
 *
 * Return: The device, or ERR_PTR: -ENOMEM, -ENODEV if its driver could not be bound, -ENOSPC if
 * there is no PCI domain left.
 */
struct device *soft_device_create(unsigned int index)
{
	struct pci_dev *pdev = NULL;
	struct pci_bus *bus;

	pci_lock_rescan_remove();
	bus = bus_create();
	if (!IS_ERR(bus)) {
		pdev = pci_get_slot(bus, 0);
		if (!pdev || !pdev->dev.driver) {
			pci_dev_put(pdev);
			pdev = NULL;
			bus_destroy(bus);
		}
	}
	pci_unlock_rescan_remove();
	if (IS_ERR(bus))
		return ERR_CAST(bus);
	if (!pdev)
		return ERR_PTR(-ENODEV);
	hide_remove(pdev);
	return &pdev->dev;
}

/**
 * soft_device_destroy() - Destroy the device of a GPU
 * @dev: The device; the adapter has been unregistered. May sleep.
 */
void soft_device_destroy(struct device *dev)
{
	struct pci_dev *pdev = to_pci_dev(dev);
	struct pci_bus *bus = pdev->bus;

	pci_dev_put(pdev);
	pci_lock_rescan_remove();
	bus_destroy(bus);
	pci_unlock_rescan_remove();
}

#endif /* CONFIG_UML */
