/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Configuration space of a Virtual Render Device.
 */
#ifndef _GPUP_VRD_PCI_H_
#define _GPUP_VRD_PCI_H_

#include <linux/pci_regs.h>
#include <linux/types.h>

/**
 * struct gpup_vrd_pci - Configuration space
 *
 * Conventional PCI: 256 bytes.
 */
struct gpup_vrd_pci {
	/** @config: What a read returns. */
	u8 config[PCI_CFG_SPACE_SIZE];
	/** @writable: Bits that a write changes. */
	u8 writable[PCI_CFG_SPACE_SIZE];
};

void gpup_vrd_pci_init(struct gpup_vrd_pci *pci, u64 aperture_size);
void gpup_vrd_pci_read(const struct gpup_vrd_pci *pci, u32 offset, u8 *buf, u32 count);
void gpup_vrd_pci_write(struct gpup_vrd_pci *pci, u32 offset, const u8 *buf, u32 count);

#endif /* _GPUP_VRD_PCI_H_ */
