// SPDX-License-Identifier: GPL-2.0-only
/*
 * A Virtual Render Device as VFIO and the PCI configuration space show it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/pci_regs.h>

#include "bare.h"

#define CONFIG		VFIO_PCI_CONFIG_REGION_INDEX
#define BAR0		VFIO_PCI_BAR0_REGION_INDEX
#define BAR2		VFIO_PCI_BAR2_REGION_INDEX
#define BAR4		VFIO_PCI_BAR4_REGION_INDEX
#define CONFIG_SIZE	256

TEST_F(device, device_info)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };

	ASSERT_EQ(0, ioctl(self->vrd.device, VFIO_DEVICE_GET_INFO, &info));
	EXPECT_EQ(VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET, info.flags);
	EXPECT_EQ(VFIO_PCI_NUM_REGIONS, info.num_regions);
	EXPECT_EQ(VFIO_PCI_NUM_IRQS, info.num_irqs);

	info.argsz = 8;
	EXPECT_EQ(-1, ioctl(self->vrd.device, VFIO_DEVICE_GET_INFO, &info));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, ioctl(self->vrd.device, VFIO_DEVICE_GET_INFO, NULL));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, ioctl(self->vrd.device, _IO(VFIO_TYPE, VFIO_BASE + 99), NULL));
	EXPECT_EQ(ENOTTY, errno);
}

TEST_F(device, region_info)
{
	const uint32_t rw = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	uint64_t vram = partition_get(self->uuid, "vram_max");
	struct vfio_region_info *regions = self->vrd.regions;
	struct vfio_region_info info = { .argsz = sizeof(info) };
	unsigned int i;

	EXPECT_EQ(CONFIG_SIZE, regions[CONFIG].size);
	EXPECT_EQ(rw, regions[CONFIG].flags);
	EXPECT_EQ(GPUP_VRD_REGS_SIZE, regions[BAR0].size);
	EXPECT_EQ(rw, regions[BAR0].flags);
	EXPECT_EQ(GPUP_VRD_DOORBELL_SIZE, regions[BAR2].size);
	EXPECT_EQ(rw | VFIO_REGION_INFO_FLAG_MMAP, regions[BAR2].flags);
	EXPECT_LE(vram, regions[BAR4].size);
	EXPECT_EQ(0, regions[BAR4].size & (regions[BAR4].size - 1));
	EXPECT_EQ(rw | VFIO_REGION_INFO_FLAG_MMAP, regions[BAR4].flags);
	for (i = 0; i < VFIO_PCI_NUM_REGIONS; i++) {
		if (i == CONFIG || i == BAR0 || i == BAR2 || i == BAR4)
			continue;
		EXPECT_EQ(0, regions[i].size);
		EXPECT_EQ(0, regions[i].flags);
	}

	info.index = VFIO_PCI_NUM_REGIONS;
	EXPECT_EQ(-1, ioctl(self->vrd.device, VFIO_DEVICE_GET_REGION_INFO, &info));
	EXPECT_EQ(EINVAL, errno);
	info.index = UINT32_MAX;
	EXPECT_EQ(-1, ioctl(self->vrd.device, VFIO_DEVICE_GET_REGION_INFO, &info));
	info.index = 0;
	info.argsz = 16;
	EXPECT_EQ(-1, ioctl(self->vrd.device, VFIO_DEVICE_GET_REGION_INFO, &info));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(device, irq_info)
{
	struct vfio_irq_info info = { .argsz = sizeof(info) };
	unsigned int i;

	for (i = 0; i < VFIO_PCI_NUM_IRQS; i++) {
		info.index = i;
		ASSERT_EQ(0, ioctl(self->vrd.device, VFIO_DEVICE_GET_IRQ_INFO, &info));
		EXPECT_EQ(i == VFIO_PCI_MSIX_IRQ_INDEX ? GPUP_VRD_VECTORS :
			  i == VFIO_PCI_REQ_IRQ_INDEX, info.count);
	}
	info.index = VFIO_PCI_NUM_IRQS;
	EXPECT_EQ(-1, ioctl(self->vrd.device, VFIO_DEVICE_GET_IRQ_INFO, &info));
	EXPECT_EQ(EINVAL, errno);
}

/* SET_IRQS without data, or with one fd. */
static int set_irqs(struct vrd *vrd, uint32_t flags, uint32_t index, uint32_t start,
		    uint32_t count, int fd)
{
	struct {
		struct vfio_irq_set set;
		int fd;
	} irqs = {
		.set = {
			.argsz = sizeof(irqs),
			.flags = flags,
			.index = index,
			.start = start,
			.count = count,
		},
		.fd = fd,
	};

	return ioctl(vrd->device, VFIO_DEVICE_SET_IRQS, &irqs) ? -errno : 0;
}

TEST_F(device, set_irqs)
{
	const uint32_t trigger = VFIO_IRQ_SET_ACTION_TRIGGER;
	const uint32_t none = VFIO_IRQ_SET_DATA_NONE | trigger;
	const uint32_t event = VFIO_IRQ_SET_DATA_EVENTFD | trigger;
	const uint32_t msix = VFIO_PCI_MSIX_IRQ_INDEX;
	struct vrd *vrd = &self->vrd;

	/* A trigger by hand comes out where it should. */
	EXPECT_EQ(0, set_irqs(vrd, none, msix, 1, 1, 0));
	EXPECT_EQ(1, vrd_interrupts(vrd, 1, VRD_PATIENCE_MS));
	EXPECT_EQ(0, vrd_interrupts(vrd, 0, 0));

	EXPECT_EQ(-EINVAL, set_irqs(vrd, none, VFIO_PCI_NUM_IRQS, 0, 1, 0));
	EXPECT_EQ(-EINVAL, set_irqs(vrd, none, UINT32_MAX, 0, 1, 0));
	EXPECT_EQ(-EINVAL, set_irqs(vrd, none, VFIO_PCI_INTX_IRQ_INDEX, 0, 1, 0));
	EXPECT_EQ(-EINVAL, set_irqs(vrd, none, msix, GPUP_VRD_VECTORS, 1, 0));
	EXPECT_EQ(-EINVAL, set_irqs(vrd, none, msix, 0, GPUP_VRD_VECTORS + 1, 0));
	EXPECT_EQ(-EINVAL, set_irqs(vrd, none, msix, 1, UINT32_MAX, 0));
	EXPECT_EQ(-EINVAL, set_irqs(vrd, none, msix, UINT32_MAX, 1, 0));
	EXPECT_EQ(-EINVAL, set_irqs(vrd, trigger, msix, 0, 1, 0));
	EXPECT_EQ(-EINVAL, set_irqs(vrd, UINT32_MAX, msix, 0, 1, 0));
	EXPECT_EQ(-EINVAL, set_irqs(vrd, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_MASK,
				    msix, 0, 1, 0));
	EXPECT_EQ(-EBADF, set_irqs(vrd, event, msix, 0, 1, 1000));
	EXPECT_GT(0, set_irqs(vrd, event, msix, 0, 1, vrd->device));
	EXPECT_EQ(-EINVAL, set_irqs(vrd, event, msix, 0, 1, -2));

	/* The old eventfd still works; without one nothing comes, and nothing breaks. */
	EXPECT_EQ(0, set_irqs(vrd, none, msix, 0, 1, 0));
	EXPECT_EQ(1, vrd_interrupts(vrd, 0, VRD_PATIENCE_MS));
	EXPECT_EQ(0, set_irqs(vrd, event, msix, 0, 1, -1));
	EXPECT_EQ(0, set_irqs(vrd, none, msix, 0, 1, 0));
	EXPECT_EQ(0, vrd_interrupts(vrd, 0, 0));
	EXPECT_EQ(0, set_irqs(vrd, none, msix, 0, 0, 0));
	EXPECT_EQ(0, set_irqs(vrd, none, msix, 1, 1, 0));
	EXPECT_EQ(0, vrd_interrupts(vrd, 1, 0));
}

static uint32_t config_read(struct vrd *vrd, uint32_t offset, unsigned int size)
{
	uint32_t value = 0;

	if (vrd_region_read(vrd, CONFIG, offset, &value, size) != (ssize_t)size)
		fatal("configuration space at %#x cannot be read", offset);
	return value;
}

static void config_write(struct vrd *vrd, uint32_t offset, uint32_t value, unsigned int size)
{
	if (vrd_region_write(vrd, CONFIG, offset, &value, size) != (ssize_t)size)
		fatal("configuration space at %#x cannot be written", offset);
}

TEST_F(device, config_identity)
{
	struct vrd *vrd = &self->vrd;

	EXPECT_EQ(GPUP_VRD_PCI_VENDOR, config_read(vrd, PCI_VENDOR_ID, 2));
	EXPECT_EQ(GPUP_VRD_PCI_DEVICE, config_read(vrd, PCI_DEVICE_ID, 2));
	EXPECT_EQ(GPUP_VRD_PCI_REVISION, config_read(vrd, PCI_REVISION_ID, 1));
	EXPECT_EQ(0, config_read(vrd, PCI_CLASS_PROG, 1));
	EXPECT_EQ(0x0302, config_read(vrd, PCI_CLASS_DEVICE, 2));
	EXPECT_EQ(PCI_HEADER_TYPE_NORMAL, config_read(vrd, PCI_HEADER_TYPE, 1));
	EXPECT_EQ(GPUP_VRD_PCI_VENDOR, config_read(vrd, PCI_SUBSYSTEM_VENDOR_ID, 2));
	EXPECT_EQ(0, config_read(vrd, PCI_INTERRUPT_PIN, 1));
	EXPECT_EQ(0, config_read(vrd, PCI_COMMAND, 2));
	/* The same by other widths. */
	EXPECT_EQ(GPUP_VRD_PCI_DEVICE << 16 | GPUP_VRD_PCI_VENDOR, config_read(vrd, 0, 4));
	EXPECT_EQ(GPUP_VRD_PCI_VENDOR >> 8, config_read(vrd, 1, 1));
}

TEST_F(device, capabilities)
{
	struct vrd *vrd = &self->vrd;
	unsigned int found = 0, steps = 0;
	uint32_t cap;

	ASSERT_NE(0, config_read(vrd, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST);
	for (cap = config_read(vrd, PCI_CAPABILITY_LIST, 1); cap;
	     cap = config_read(vrd, cap + PCI_CAP_LIST_NEXT, 1)) {
		ASSERT_LE(0x40, cap);
		ASSERT_EQ(0, cap % 4);
		ASSERT_LT(steps++, 48);
		if (config_read(vrd, cap, 1) != PCI_CAP_ID_MSIX)
			continue;
		found++;
		EXPECT_EQ(GPUP_VRD_VECTORS - 1, config_read(vrd, cap + PCI_MSIX_FLAGS, 2));
		EXPECT_EQ(GPUP_VRD_MSIX_TABLE | GPUP_VRD_BAR_REGS,
			  config_read(vrd, cap + PCI_MSIX_TABLE, 4));
		EXPECT_EQ(GPUP_VRD_MSIX_PBA | GPUP_VRD_BAR_REGS,
			  config_read(vrd, cap + PCI_MSIX_PBA, 4));
	}
	EXPECT_EQ(1, found);
}

TEST_F(device, bar_sizes)
{
	struct vrd *vrd = &self->vrd;
	uint64_t size = vrd_aperture_size(vrd);
	uint64_t mask;
	unsigned int i;

	for (i = 0; i < 6; i++)
		config_write(vrd, PCI_BASE_ADDRESS_0 + 4 * i, UINT32_MAX, 4);
	config_write(vrd, PCI_ROM_ADDRESS, UINT32_MAX, 4);
	EXPECT_EQ(~(GPUP_VRD_REGS_SIZE - 1u), config_read(vrd, PCI_BASE_ADDRESS_0, 4));
	EXPECT_EQ(0, config_read(vrd, PCI_BASE_ADDRESS_1, 4));
	EXPECT_EQ(~(GPUP_VRD_DOORBELL_SIZE - 1u), config_read(vrd, PCI_BASE_ADDRESS_2, 4));
	EXPECT_EQ(0, config_read(vrd, PCI_BASE_ADDRESS_3, 4));
	EXPECT_EQ(0, config_read(vrd, PCI_ROM_ADDRESS, 4));
	mask = (uint64_t)config_read(vrd, PCI_BASE_ADDRESS_5, 4) << 32 |
	       config_read(vrd, PCI_BASE_ADDRESS_4, 4);
	EXPECT_EQ(~(size - 1) | PCI_BASE_ADDRESS_MEM_TYPE_64 | PCI_BASE_ADDRESS_MEM_PREFETCH,
		  mask);

	config_write(vrd, PCI_BASE_ADDRESS_2, 0xfebd1234, 4);
	EXPECT_EQ(0xfebd1000, config_read(vrd, PCI_BASE_ADDRESS_2, 4));
	EXPECT_EQ(0, vrd_vfio_reset(vrd));
	EXPECT_EQ(0, config_read(vrd, PCI_BASE_ADDRESS_0, 4));
	EXPECT_EQ(0, config_read(vrd, PCI_BASE_ADDRESS_2, 4));
	EXPECT_EQ(PCI_BASE_ADDRESS_MEM_TYPE_64 | PCI_BASE_ADDRESS_MEM_PREFETCH,
		  config_read(vrd, PCI_BASE_ADDRESS_4, 4));
}

TEST_F(device, config_write_protection)
{
	/* What may be written of everything but the BARs. */
	uint8_t writable[CONFIG_SIZE] = {
		[PCI_COMMAND] = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER,
		[PCI_COMMAND + 1] = PCI_COMMAND_INTX_DISABLE >> 8,
		[PCI_CACHE_LINE_SIZE] = 0xff,
		[PCI_LATENCY_TIMER] = 0xff,
		[PCI_INTERRUPT_LINE] = 0xff,
	};
	const uint8_t values[] = { 0xff, 0x00, 0xa5 };
	uint8_t before[CONFIG_SIZE], after[CONFIG_SIZE], junk[CONFIG_SIZE];
	struct vrd *vrd = &self->vrd;
	unsigned int i, v;

	memset(writable + PCI_BASE_ADDRESS_0, 0xff, 24);
	writable[config_read(vrd, PCI_CAPABILITY_LIST, 1) + PCI_MSIX_FLAGS + 1] =
		(PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL) >> 8;
	ASSERT_EQ(CONFIG_SIZE, vrd_region_read(vrd, CONFIG, 0, before, CONFIG_SIZE));
	for (v = 0; v < ARRAY_SIZE(values); v++) {
		memset(junk, values[v], CONFIG_SIZE);
		ASSERT_EQ(CONFIG_SIZE, vrd_region_write(vrd, CONFIG, 0, junk, CONFIG_SIZE));
		ASSERT_EQ(CONFIG_SIZE, vrd_region_read(vrd, CONFIG, 0, after, CONFIG_SIZE));
		for (i = 0; i < CONFIG_SIZE; i++)
			EXPECT_EQ(0, (before[i] ^ after[i]) & ~writable[i]) {
				TH_LOG("byte %#x", i);
			}
	}
}

TEST_F(device, region_bounds)
{
	struct vrd *vrd = &self->vrd;
	uint64_t size = vrd_aperture_size(vrd);
	const unsigned int absent[] = { 1, 3, 5, VFIO_PCI_ROM_REGION_INDEX,
					VFIO_PCI_VGA_REGION_INDEX };
	uint8_t bytes[64];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(absent); i++) {
		EXPECT_EQ(-EINVAL, vrd_region_read(vrd, absent[i], 0, bytes, 4));
		EXPECT_EQ(-EINVAL, vrd_region_write(vrd, absent[i], 0, bytes, 4));
	}
	EXPECT_EQ(-1, pread(vrd->device, bytes, 4, 99ll << 40));
	EXPECT_EQ(-1, pread(vrd->device, bytes, 4, INT64_MAX - 64));

	EXPECT_EQ(4, vrd_region_read(vrd, CONFIG, CONFIG_SIZE - 4, bytes, sizeof(bytes)));
	EXPECT_EQ(0, vrd_region_read(vrd, CONFIG, CONFIG_SIZE, bytes, 4));
	EXPECT_EQ(0, vrd_region_read(vrd, BAR0, GPUP_VRD_REGS_SIZE, bytes, 4));
	EXPECT_EQ(0, vrd_region_write(vrd, BAR0, GPUP_VRD_REGS_SIZE, bytes, 4));
	EXPECT_EQ(0, vrd_region_read(vrd, BAR2, GPUP_VRD_DOORBELL_SIZE, bytes, 4));
	EXPECT_EQ(0, vrd_region_read(vrd, BAR4, size, bytes, 4));
	EXPECT_EQ(0, vrd_region_write(vrd, BAR4, size, bytes, 4));
	EXPECT_EQ(8, vrd_region_read(vrd, BAR4, size - 8, bytes, sizeof(bytes)));
	EXPECT_EQ(8, vrd_region_write(vrd, BAR4, size - 8, bytes, sizeof(bytes)));
	EXPECT_EQ(-EFAULT, vrd_region_read(vrd, BAR0, 0, NULL, 4));
	EXPECT_EQ(-EFAULT, vrd_region_write(vrd, BAR4, 0, NULL, 4));
}

static int try_mmap(struct vrd *vrd, uint64_t offset, uint64_t size, int flags)
{
	void *addr = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, vrd->device, offset);

	if (addr == MAP_FAILED)
		return -errno;
	munmap(addr, size);
	return 0;
}

TEST_F(device, mmap_rules)
{
	struct vrd *vrd = &self->vrd;
	uint64_t bar2 = vrd->regions[BAR2].offset, bar4 = vrd->regions[BAR4].offset;
	uint64_t size = vrd_aperture_size(vrd);

	EXPECT_EQ(0, try_mmap(vrd, bar2, PAGE, MAP_SHARED));
	EXPECT_EQ(0, try_mmap(vrd, bar4, size, MAP_SHARED));
	EXPECT_EQ(0, try_mmap(vrd, bar4 + size - PAGE, PAGE, MAP_SHARED));
	EXPECT_EQ(-EINVAL, try_mmap(vrd, vrd->regions[BAR0].offset, PAGE, MAP_SHARED));
	EXPECT_EQ(-EINVAL, try_mmap(vrd, vrd->regions[CONFIG].offset, PAGE, MAP_SHARED));
	EXPECT_EQ(-EINVAL, try_mmap(vrd, bar2, PAGE, MAP_PRIVATE));
	EXPECT_EQ(-EINVAL, try_mmap(vrd, bar4, PAGE, MAP_PRIVATE));
	EXPECT_EQ(-EINVAL, try_mmap(vrd, bar2, 2 * PAGE, MAP_SHARED));
	EXPECT_EQ(-EINVAL, try_mmap(vrd, bar2 + PAGE, PAGE, MAP_SHARED));
	EXPECT_EQ(-EINVAL, try_mmap(vrd, bar4, size + PAGE, MAP_SHARED));
	EXPECT_EQ(-EINVAL, try_mmap(vrd, bar4 + size, PAGE, MAP_SHARED));
	EXPECT_EQ(-EINVAL, try_mmap(vrd, bar4 + size - PAGE, 2 * PAGE, MAP_SHARED));
}

/* Where there is no object there is a page that belongs to nobody. */
TEST_F(device, empty_aperture)
{
	struct vrd *vrd = &self->vrd;
	uint64_t size = vrd_aperture_size(vrd);
	uint8_t page[PAGE], zero[PAGE] = {};

	vrd_aperture_read(vrd, 0, page, PAGE);
	EXPECT_EQ(0, memcmp(page, zero, PAGE));
	vrd_aperture_read(vrd, size - PAGE, page, PAGE);
	EXPECT_EQ(0, memcmp(page, zero, PAGE));
	memset(page, 0xa5, PAGE);
	vrd_aperture_write(vrd, size / 2, page, PAGE);
	EXPECT_EQ(0, vrd_vfio_reset(vrd));
	vrd_aperture_read(vrd, size / 2, page, PAGE);
	EXPECT_EQ(0, memcmp(page, zero, PAGE));
}

TEST_HARNESS_MAIN
