// SPDX-License-Identifier: GPL-2.0-only
/*
 * Configuration space of a Virtual Render Device.
 *
 * See the PCI Local Bus Specification 3.0, chapter 6. Nothing in here depends on VFIO.
 */
#include <linux/string.h>
#include <linux/unaligned.h>
#include <linux/wordpart.h>

#include <linux/gpup_vrd.h>

#include "vrd_pci.h"

#define MSIX_CAP	0x40

static void set8(struct gpup_vrd_pci *pci, u32 offset, u8 value, u8 writable)
{
	pci->config[offset] = value;
	pci->writable[offset] = writable;
}

static void set16(struct gpup_vrd_pci *pci, u32 offset, u16 value, u16 writable)
{
	put_unaligned_le16(value, &pci->config[offset]);
	put_unaligned_le16(writable, &pci->writable[offset]);
}

static void set32(struct gpup_vrd_pci *pci, u32 offset, u32 value, u32 writable)
{
	put_unaligned_le32(value, &pci->config[offset]);
	put_unaligned_le32(writable, &pci->writable[offset]);
}

/* A base address register of @size bytes: its address bits are what can be written. */
static void set_bar32(struct gpup_vrd_pci *pci, int bar, u32 size)
{
	set32(pci, PCI_BASE_ADDRESS_0 + 4 * bar,
	      PCI_BASE_ADDRESS_SPACE_MEMORY | PCI_BASE_ADDRESS_MEM_TYPE_32, ~(size - 1));
}

static void set_bar64(struct gpup_vrd_pci *pci, int bar, u64 size)
{
	u64 writable = ~(size - 1);

	set32(pci, PCI_BASE_ADDRESS_0 + 4 * bar,
	      PCI_BASE_ADDRESS_SPACE_MEMORY | PCI_BASE_ADDRESS_MEM_TYPE_64 |
	      PCI_BASE_ADDRESS_MEM_PREFETCH, lower_32_bits(writable));
	set32(pci, PCI_BASE_ADDRESS_0 + 4 * (bar + 1), 0, upper_32_bits(writable));
}

/**
 * gpup_vrd_pci_init() - Set the configuration space to its state after a reset
 * @pci: The configuration space.
 * @aperture_size: Size of BAR 4 in bytes: a power of two, at least a page.
 */
void gpup_vrd_pci_init(struct gpup_vrd_pci *pci, u64 aperture_size)
{
	memset(pci, 0, sizeof(*pci));

	set16(pci, PCI_VENDOR_ID, GPUP_VRD_PCI_VENDOR, 0);
	set16(pci, PCI_DEVICE_ID, GPUP_VRD_PCI_DEVICE, 0);
	set16(pci, PCI_COMMAND, 0,
	      PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE);
	set16(pci, PCI_STATUS, PCI_STATUS_CAP_LIST, 0);
	set8(pci, PCI_REVISION_ID, GPUP_VRD_PCI_REVISION, 0);
	/* Base class display controller, sub-class 3D controller, no interface. */
	set8(pci, PCI_CLASS_PROG, 0, 0);
	set16(pci, PCI_CLASS_DEVICE, 0x0302, 0);
	set8(pci, PCI_CACHE_LINE_SIZE, 0, 0xff);
	set8(pci, PCI_LATENCY_TIMER, 0, 0xff);

	set_bar32(pci, GPUP_VRD_BAR_REGS, GPUP_VRD_REGS_SIZE);
	set_bar32(pci, GPUP_VRD_BAR_DOORBELL, GPUP_VRD_DOORBELL_SIZE);
	set_bar64(pci, GPUP_VRD_BAR_APERTURE, aperture_size);

	set16(pci, PCI_SUBSYSTEM_VENDOR_ID, GPUP_VRD_PCI_VENDOR, 0);
	set16(pci, PCI_SUBSYSTEM_ID, GPUP_VRD_PCI_DEVICE, 0);
	set8(pci, PCI_CAPABILITY_LIST, MSIX_CAP, 0);
	/* No INTx pin: the line register only remembers what firmware writes. */
	set8(pci, PCI_INTERRUPT_LINE, 0, 0xff);

	set8(pci, MSIX_CAP + PCI_CAP_LIST_ID, PCI_CAP_ID_MSIX, 0);
	set8(pci, MSIX_CAP + PCI_CAP_LIST_NEXT, 0, 0);
	set16(pci, MSIX_CAP + PCI_MSIX_FLAGS, GPUP_VRD_VECTORS - 1,
	      PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	set32(pci, MSIX_CAP + PCI_MSIX_TABLE, GPUP_VRD_MSIX_TABLE | GPUP_VRD_BAR_REGS, 0);
	set32(pci, MSIX_CAP + PCI_MSIX_PBA, GPUP_VRD_MSIX_PBA | GPUP_VRD_BAR_REGS, 0);
}

/**
 * gpup_vrd_pci_read() - Read configuration space
 * @pci: The configuration space.
 * @offset: First byte.
 * @buf: Receives the bytes; those beyond the end read as ones.
 * @count: Number of bytes.
 */
void gpup_vrd_pci_read(const struct gpup_vrd_pci *pci, u32 offset, u8 *buf, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++)
		buf[i] = offset < sizeof(pci->config) && i < sizeof(pci->config) - offset ?
			 pci->config[offset + i] : 0xff;
}

/**
 * gpup_vrd_pci_write() - Write configuration space
 * @pci: The configuration space.
 * @offset: First byte.
 * @buf: The bytes; those beyond the end, and bits that cannot be written, are ignored.
 * @count: Number of bytes.
 */
void gpup_vrd_pci_write(struct gpup_vrd_pci *pci, u32 offset, const u8 *buf, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++) {
		u8 mask;

		if (offset >= sizeof(pci->config) || i >= sizeof(pci->config) - offset)
			return;
		mask = pci->writable[offset + i];
		pci->config[offset + i] = (pci->config[offset + i] & ~mask) | (buf[i] & mask);
	}
}
