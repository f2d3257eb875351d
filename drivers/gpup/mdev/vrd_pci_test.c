// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the configuration space of a Virtual Render Device.
 */
#include <kunit/test.h>

#include <linux/unaligned.h>

#include <linux/gpup_vrd.h>

#include "vrd_pci.h"

#define APERTURE_SIZE	(8ULL << 30)

static struct gpup_vrd_pci *new_pci(struct kunit *test)
{
	struct gpup_vrd_pci *pci = kunit_kzalloc(test, sizeof(*pci), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, pci);
	gpup_vrd_pci_init(pci, APERTURE_SIZE);
	return pci;
}

static u32 read32(struct gpup_vrd_pci *pci, u32 offset)
{
	u8 buf[4];

	gpup_vrd_pci_read(pci, offset, buf, sizeof(buf));
	return get_unaligned_le32(buf);
}

static void write32(struct gpup_vrd_pci *pci, u32 offset, u32 value)
{
	u8 buf[4];

	put_unaligned_le32(value, buf);
	gpup_vrd_pci_write(pci, offset, buf, sizeof(buf));
}

static void identity(struct kunit *test)
{
	struct gpup_vrd_pci *pci = new_pci(test);

	KUNIT_EXPECT_EQ(test, read32(pci, PCI_VENDOR_ID), 0x10f51af4);
	KUNIT_EXPECT_EQ(test, read32(pci, PCI_CLASS_REVISION), 0x03020001);
	KUNIT_EXPECT_EQ(test, read32(pci, PCI_INTERRUPT_LINE), 0);
	KUNIT_EXPECT_EQ(test, read32(pci, PCI_ROM_ADDRESS), 0);
}

static void bars_have_their_sizes(struct kunit *test)
{
	struct gpup_vrd_pci *pci = new_pci(test);
	int bar;

	for (bar = 0; bar < 6; bar++)
		write32(pci, PCI_BASE_ADDRESS_0 + 4 * bar, U32_MAX);
	KUNIT_EXPECT_EQ(test, read32(pci, PCI_BASE_ADDRESS_0), 0xffffc000);
	KUNIT_EXPECT_EQ(test, read32(pci, PCI_BASE_ADDRESS_1), 0);
	KUNIT_EXPECT_EQ(test, read32(pci, PCI_BASE_ADDRESS_2), 0xfffff000);
	KUNIT_EXPECT_EQ(test, read32(pci, PCI_BASE_ADDRESS_3), 0);
	/* 64 bits, prefetchable; 8 GiB have no address bits in the lower half. */
	KUNIT_EXPECT_EQ(test, read32(pci, PCI_BASE_ADDRESS_4), 0xc);
	KUNIT_EXPECT_EQ(test, read32(pci, PCI_BASE_ADDRESS_5), 0xfffffffe);
}

static void small_aperture_has_its_size(struct kunit *test)
{
	struct gpup_vrd_pci *pci = new_pci(test);

	gpup_vrd_pci_init(pci, 16 << 20);
	write32(pci, PCI_BASE_ADDRESS_4, U32_MAX);
	write32(pci, PCI_BASE_ADDRESS_5, U32_MAX);
	KUNIT_EXPECT_EQ(test, read32(pci, PCI_BASE_ADDRESS_4), 0xff00000c);
	KUNIT_EXPECT_EQ(test, read32(pci, PCI_BASE_ADDRESS_5), U32_MAX);
}

static void msix_is_found(struct kunit *test)
{
	struct gpup_vrd_pci *pci = new_pci(test);
	u32 cap = read32(pci, PCI_CAPABILITY_LIST) & 0xff;

	KUNIT_EXPECT_TRUE(test, read32(pci, PCI_COMMAND) >> 16 & PCI_STATUS_CAP_LIST);
	KUNIT_ASSERT_EQ(test, cap, 0x40);
	/* The last in the list, two vectors. */
	KUNIT_EXPECT_EQ(test, read32(pci, cap), 0x00010011);
	KUNIT_EXPECT_EQ(test, read32(pci, cap + PCI_MSIX_TABLE), GPUP_VRD_MSIX_TABLE);
	KUNIT_EXPECT_EQ(test, read32(pci, cap + PCI_MSIX_PBA), GPUP_VRD_MSIX_PBA);

	write32(pci, cap, U32_MAX);
	write32(pci, cap + PCI_MSIX_TABLE, U32_MAX);
	KUNIT_EXPECT_EQ(test, read32(pci, cap), 0xc0010011);
	KUNIT_EXPECT_EQ(test, read32(pci, cap + PCI_MSIX_TABLE), GPUP_VRD_MSIX_TABLE);
}

static void only_what_is_writable_is_written(struct kunit *test)
{
	struct gpup_vrd_pci *pci = new_pci(test);
	u32 i, writable = 0;

	for (i = 0; i < PCI_CFG_SPACE_SIZE; i += 4)
		write32(pci, i, U32_MAX);
	KUNIT_EXPECT_EQ(test, read32(pci, PCI_VENDOR_ID), 0x10f51af4);
	KUNIT_EXPECT_EQ(test, read32(pci, PCI_COMMAND) & 0xffff,
			PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE);
	KUNIT_EXPECT_EQ(test, read32(pci, PCI_COMMAND) >> 16, PCI_STATUS_CAP_LIST);

	gpup_vrd_pci_init(pci, APERTURE_SIZE);
	KUNIT_EXPECT_EQ(test, read32(pci, PCI_BASE_ADDRESS_0), 0);
	for (i = 0x50; i < PCI_CFG_SPACE_SIZE; i++)
		writable |= pci->writable[i];
	KUNIT_EXPECT_EQ(test, writable, 0);
}

static void the_end_is_the_end(struct kunit *test)
{
	struct gpup_vrd_pci *pci = new_pci(test);
	u8 buf[8] = {};

	gpup_vrd_pci_read(pci, PCI_CFG_SPACE_SIZE - 4, buf, sizeof(buf));
	KUNIT_EXPECT_EQ(test, get_unaligned_le32(buf), 0);
	KUNIT_EXPECT_EQ(test, get_unaligned_le32(buf + 4), U32_MAX);
	gpup_vrd_pci_read(pci, U32_MAX - 2, buf, sizeof(buf));
	KUNIT_EXPECT_EQ(test, get_unaligned_le32(buf), U32_MAX);
	/* KASAN has an eye on these. */
	gpup_vrd_pci_write(pci, PCI_CFG_SPACE_SIZE - 4, buf, sizeof(buf));
	gpup_vrd_pci_write(pci, U32_MAX - 2, buf, sizeof(buf));
}

static void bytes_can_be_accessed(struct kunit *test)
{
	struct gpup_vrd_pci *pci = new_pci(test);
	u8 byte = 0xff;

	gpup_vrd_pci_write(pci, PCI_BASE_ADDRESS_0 + 3, &byte, 1);
	KUNIT_EXPECT_EQ(test, read32(pci, PCI_BASE_ADDRESS_0), 0xff000000);
	gpup_vrd_pci_read(pci, PCI_CLASS_DEVICE + 1, &byte, 1);
	KUNIT_EXPECT_EQ(test, byte, 3);
}

static struct kunit_case pci_cases[] = {
	KUNIT_CASE(identity),
	KUNIT_CASE(bars_have_their_sizes),
	KUNIT_CASE(small_aperture_has_its_size),
	KUNIT_CASE(msix_is_found),
	KUNIT_CASE(only_what_is_writable_is_written),
	KUNIT_CASE(the_end_is_the_end),
	KUNIT_CASE(bytes_can_be_accessed),
	{}
};

static struct kunit_suite pci_suite = {
	.name = "gpup_vrd_pci",
	.test_cases = pci_cases,
};

kunit_test_suite(pci_suite);
