// SPDX-License-Identifier: GPL-2.0-only
/*
 * A Virtual Render Device as VFIO and the PCI configuration space show it, and its bring-up.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/pci_regs.h>

#include "harness.h"
#include "vrd.h"

#define ACK		GPUP_VRD_STATUS_ACKNOWLEDGE
#define DRIVER		GPUP_VRD_STATUS_DRIVER
#define FEATURES	GPUP_VRD_STATUS_FEATURES_OK
#define RUNNING		GPUP_VRD_STATUS_DRIVER_OK
#define FAILED		GPUP_VRD_STATUS_FAILED
#define NEEDS_RESET	GPUP_VRD_STATUS_NEEDS_RESET
#define ALL		(ACK | DRIVER | FEATURES | RUNNING)

#define CONFIG		VFIO_PCI_CONFIG_REGION_INDEX
#define BAR0		VFIO_PCI_BAR0_REGION_INDEX
#define BAR2		VFIO_PCI_BAR2_REGION_INDEX
#define BAR4		VFIO_PCI_BAR4_REGION_INDEX
#define CONFIG_SIZE	256

FIXTURE(device) {
	char uuid[UUID_SIZE];
	struct vrd vrd;
};

FIXTURE_VARIANT(device) {
	struct vrd_config config;
};

FIXTURE_VARIANT_ADD(device, mmap) {};

FIXTURE_VARIANT_ADD(device, no_mmap) {
	.config = { .no_mmap = true },
};

FIXTURE_SETUP(device)
{
	mdev_create(mdev_smallest(), self->uuid);
	vrd_open(&self->vrd, self->uuid, &variant->config);
}

FIXTURE_TEARDOWN(device)
{
	vrd_close(&self->vrd);
	EXPECT_EQ(0, mdev_remove(self->uuid));
}

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

TEST_F(device, registers)
{
	struct vrd *vrd = &self->vrd;
	uint32_t reg, features, words[2];
	uint16_t half;

	EXPECT_EQ(GPUP_VRD_MAGIC, vrd_read(vrd, GPUP_VRD_REG_MAGIC));
	EXPECT_EQ(GPUP_VRD_VERSION, vrd_read(vrd, GPUP_VRD_REG_VERSION));
	features = vrd_read(vrd, GPUP_VRD_REG_DEVICE_FEATURES);
	EXPECT_EQ(0, features & ~GPUP_VRD_F_DOORBELL_PAGE);
	EXPECT_NE(0, vrd_read(vrd, GPUP_VRD_REG_MAX_OBJECTS));
	EXPECT_GE(0x10000, vrd_read(vrd, GPUP_VRD_REG_MAX_OBJECTS));
	EXPECT_EQ(GPUP_VRD_SLOTS_MAX, vrd_read(vrd, GPUP_VRD_REG_MAX_TIMELINES));
	EXPECT_TRUE(vrd_status_is(vrd, 0, GPUP_VRD_ERROR_NONE));
	for (reg = GPUP_VRD_REG_CMD_LO; reg < GPUP_VRD_REGS_SIZE; reg += 4)
		EXPECT_EQ(0, vrd_read(vrd, reg)) {
			TH_LOG("register %#x", reg);
		}

	/* Accesses that are not of 32 bits, aligned, do nothing and fail nothing. */
	EXPECT_EQ(2, vrd_region_read(vrd, BAR0, 0, &half, 2));
	EXPECT_EQ(0xffff, half);
	EXPECT_EQ(4, vrd_region_read(vrd, BAR0, 2, words, 4));
	EXPECT_EQ(UINT32_MAX, words[0]);
	EXPECT_EQ(8, vrd_region_read(vrd, BAR0, 0, words, 8));
	EXPECT_EQ(GPUP_VRD_VERSION, words[1]);
	half = ACK;
	EXPECT_EQ(2, vrd_region_write(vrd, BAR0, GPUP_VRD_REG_STATUS, &half, 2));
	words[0] = UINT32_MAX;
	EXPECT_EQ(4, vrd_region_write(vrd, BAR0, GPUP_VRD_REG_STATUS + 2, words, 4));
	EXPECT_TRUE(vrd_status_is(vrd, 0, GPUP_VRD_ERROR_NONE));

	/* What is read-only, or is not there. */
	vrd_write(vrd, GPUP_VRD_REG_MAGIC, 0);
	vrd_write(vrd, GPUP_VRD_REG_VERSION, 0);
	vrd_write(vrd, GPUP_VRD_REG_DEVICE_FEATURES, UINT32_MAX);
	vrd_write(vrd, GPUP_VRD_REG_ERROR, UINT32_MAX);
	vrd_write(vrd, GPUP_VRD_REG_MAX_OBJECTS, UINT32_MAX);
	vrd_write(vrd, GPUP_VRD_REG_MAX_TIMELINES, UINT32_MAX);
	vrd_write(vrd, GPUP_VRD_REG_DOORBELL, UINT32_MAX);
	for (reg = GPUP_VRD_REGS_END; reg < GPUP_VRD_REGS_SIZE; reg += 4)
		vrd_write(vrd, reg, UINT32_MAX);
	EXPECT_EQ(GPUP_VRD_MAGIC, vrd_read(vrd, GPUP_VRD_REG_MAGIC));
	EXPECT_EQ(GPUP_VRD_VERSION, vrd_read(vrd, GPUP_VRD_REG_VERSION));
	EXPECT_EQ(features, vrd_read(vrd, GPUP_VRD_REG_DEVICE_FEATURES));
	EXPECT_TRUE(vrd_status_is(vrd, 0, GPUP_VRD_ERROR_NONE));
	vrd_start(vrd);
	EXPECT_EQ(0, vrd_sync(vrd));
}

#define SEQUENCE_MAX	5

/* A way through bring-up, and where it ends. */
struct sequence {
	const char *name;
	struct {
		uint32_t reg;
		uint32_t value;
	} writes[SEQUENCE_MAX];
	uint32_t status;
	uint32_t error;
};

#define S(_value)	{ GPUP_VRD_REG_STATUS, _value }
#define W(_reg, _value)	{ GPUP_VRD_REG_##_reg, _value }

static const struct sequence sequences[] = {
	{ "step by step", { S(ACK), S(ACK | DRIVER), W(DRIVER_FEATURES, 1),
			    S(ACK | DRIVER | FEATURES) },
	  ACK | DRIVER | FEATURES, GPUP_VRD_ERROR_NONE },
	{ "no feature", { S(ACK), S(ACK | DRIVER), S(ACK | DRIVER | FEATURES) },
	  ACK | DRIVER | FEATURES, GPUP_VRD_ERROR_NONE },
	{ "two steps at once", { S(ACK | DRIVER), S(ACK | DRIVER | FEATURES) },
	  ACK | DRIVER | FEATURES, GPUP_VRD_ERROR_NONE },
	{ "the same twice", { S(ACK), S(ACK) }, ACK, GPUP_VRD_ERROR_NONE },
	{ "DRIVER first", { S(DRIVER) }, FAILED, GPUP_VRD_ERROR_SEQUENCE },
	{ "no DRIVER", { S(ACK), S(ACK | FEATURES) }, ACK | FAILED, GPUP_VRD_ERROR_SEQUENCE },
	{ "no FEATURES_OK", { S(ACK | DRIVER), S(ACK | DRIVER | RUNNING) },
	  ACK | DRIVER | FAILED, GPUP_VRD_ERROR_SEQUENCE },
	{ "a bit taken away", { S(ACK | DRIVER), S(ACK) },
	  ACK | DRIVER | FAILED, GPUP_VRD_ERROR_SEQUENCE },
	{ "bit 4", { S(1 << 4) }, FAILED, GPUP_VRD_ERROR_SEQUENCE },
	{ "bit 5", { S(ACK | 1 << 5) }, FAILED, GPUP_VRD_ERROR_SEQUENCE },
	{ "bit 8", { S(ACK), S(ACK | 1 << 8) }, ACK | FAILED, GPUP_VRD_ERROR_SEQUENCE },
	{ "all ones", { S(UINT32_MAX) }, FAILED, GPUP_VRD_ERROR_SEQUENCE },
	{ "the driver gives up", { S(ACK), S(ACK | FAILED), S(ACK | DRIVER | FAILED) },
	  ACK | FAILED, GPUP_VRD_ERROR_NONE },
	{ "no rings", { S(ACK | DRIVER | FEATURES), S(ALL) },
	  ACK | DRIVER | FEATURES | FAILED, GPUP_VRD_ERROR_SETUP },
	{ "features too early", { S(ACK), W(DRIVER_FEATURES, 1) },
	  ACK | FAILED, GPUP_VRD_ERROR_SEQUENCE },
	{ "features too late", { S(ACK | DRIVER | FEATURES), W(DRIVER_FEATURES, 0) },
	  ACK | DRIVER | FEATURES | FAILED, GPUP_VRD_ERROR_SEQUENCE },
	{ "unknown features", { S(ACK | DRIVER), W(DRIVER_FEATURES, UINT32_MAX),
				S(ACK | DRIVER | FEATURES) },
	  ACK | DRIVER, GPUP_VRD_ERROR_NONE },
	{ "one unknown feature", { S(ACK | DRIVER), W(DRIVER_FEATURES, 1u << 31),
				   S(ACK | DRIVER | FEATURES) },
	  ACK | DRIVER, GPUP_VRD_ERROR_NONE },
	{ "a second attempt at features",
	  { S(ACK | DRIVER), W(DRIVER_FEATURES, 2), S(ACK | DRIVER | FEATURES),
	    W(DRIVER_FEATURES, 0), S(ACK | DRIVER | FEATURES) },
	  ACK | DRIVER | FEATURES, GPUP_VRD_ERROR_NONE },
	{ "CMD_LO too early", { S(ACK | DRIVER), W(CMD_LO, 0) },
	  ACK | DRIVER | FAILED, GPUP_VRD_ERROR_SEQUENCE },
	{ "CMD_HI too early", { S(ACK | DRIVER), W(CMD_HI, 0) },
	  ACK | DRIVER | FAILED, GPUP_VRD_ERROR_SEQUENCE },
	{ "CMD_SIZE too early", { S(ACK | DRIVER), W(CMD_SIZE, 0) },
	  ACK | DRIVER | FAILED, GPUP_VRD_ERROR_SEQUENCE },
	{ "EVT_LO too early", { S(ACK | DRIVER), W(EVT_LO, 0) },
	  ACK | DRIVER | FAILED, GPUP_VRD_ERROR_SEQUENCE },
	{ "EVT_SIZE too early", { S(ACK), W(EVT_SIZE, 0) },
	  ACK | FAILED, GPUP_VRD_ERROR_SEQUENCE },
	{ "SLOTS_LO too early", { W(SLOTS_LO, 0) }, FAILED, GPUP_VRD_ERROR_SEQUENCE },
	{ "SLOTS_COUNT too early", { W(SLOTS_COUNT, 1) }, FAILED, GPUP_VRD_ERROR_SEQUENCE },
	{ "doorbell too early", { S(ACK), W(DOORBELL, 1) }, ACK, GPUP_VRD_ERROR_NONE },
};

TEST_F(device, bring_up_order)
{
	struct vrd *vrd = &self->vrd;
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(sequences); i++) {
		const struct sequence *s = &sequences[i];

		vrd_write(vrd, GPUP_VRD_REG_STATUS, 0);
		for (j = 0; j < SEQUENCE_MAX && (s->writes[j].reg || s->writes[j].value); j++)
			vrd_write(vrd, s->writes[j].reg, s->writes[j].value);
		EXPECT_TRUE(vrd_status_is(vrd, s->status, s->error)) {
			TH_LOG("%s", s->name);
		}
		if (!(s->status & FAILED))
			continue;
		/* Nothing helps but a reset. */
		vrd_write(vrd, GPUP_VRD_REG_STATUS, ACK);
		vrd_write(vrd, GPUP_VRD_REG_STATUS, ACK | DRIVER);
		vrd_write(vrd, GPUP_VRD_REG_CMD_SIZE, 1);
		EXPECT_TRUE(vrd_status_is(vrd, s->status, s->error)) {
			TH_LOG("%s: after the failure", s->name);
		}
		vrd_write(vrd, GPUP_VRD_REG_STATUS, 0);
		EXPECT_TRUE(vrd_status_is(vrd, 0, GPUP_VRD_ERROR_NONE));
		EXPECT_EQ(0, vrd_read(vrd, GPUP_VRD_REG_CMD_SIZE));
		EXPECT_EQ(0, vrd_read(vrd, GPUP_VRD_REG_DRIVER_FEATURES));
	}
	vrd_start(vrd);
	EXPECT_EQ(0, vrd_sync(vrd));
}

/* Addresses that are not constants. */
#define IN_MEMORY	1
#define AT_END		2

/* One register of the set-up that is wrong. */
struct setup {
	const char *name;
	uint32_t reg;
	uint32_t value;
	int base;
	uint32_t error;
};

#define BAD_RING(_ring) \
	{ #_ring " not aligned to 8", GPUP_VRD_REG_##_ring##_LO, 4, IN_MEMORY, \
	  GPUP_VRD_ERROR_SETUP }, \
	{ #_ring " not aligned to a page", GPUP_VRD_REG_##_ring##_LO, 2048, IN_MEMORY, \
	  GPUP_VRD_ERROR_SETUP }, \
	{ #_ring " at 0", GPUP_VRD_REG_##_ring##_LO, 0, 0, GPUP_VRD_ERROR_MEMORY }, \
	{ #_ring " across the end of memory", GPUP_VRD_REG_##_ring##_LO, 0, AT_END, \
	  GPUP_VRD_ERROR_MEMORY }, \
	{ #_ring " far beyond memory", GPUP_VRD_REG_##_ring##_HI, 1, 0, GPUP_VRD_ERROR_MEMORY }, \
	{ #_ring " at the top", GPUP_VRD_REG_##_ring##_HI, UINT32_MAX, 0, \
	  GPUP_VRD_ERROR_MEMORY }

#define BAD_SIZE(_ring, _size) \
	{ #_ring " of " #_size, GPUP_VRD_REG_##_ring##_SIZE, _size, 0, GPUP_VRD_ERROR_SETUP }

static const struct setup setups[] = {
	BAD_RING(CMD),
	BAD_RING(EVT),
	BAD_RING(SLOTS),
	BAD_SIZE(CMD, 0),
	BAD_SIZE(CMD, 1),
	BAD_SIZE(CMD, GPUP_VRD_RING_MIN / 2),
	BAD_SIZE(CMD, GPUP_VRD_RING_MIN - 8),
	BAD_SIZE(CMD, GPUP_VRD_RING_MIN + 8),
	BAD_SIZE(CMD, 3 * GPUP_VRD_RING_MIN),
	BAD_SIZE(CMD, GPUP_VRD_RING_MAX * 2),
	BAD_SIZE(CMD, 1u << 31),
	BAD_SIZE(CMD, UINT32_MAX),
	BAD_SIZE(EVT, 0),
	BAD_SIZE(EVT, 1),
	BAD_SIZE(EVT, GPUP_VRD_RING_MIN / 2),
	BAD_SIZE(EVT, GPUP_VRD_RING_MIN - 8),
	BAD_SIZE(EVT, 3 * GPUP_VRD_RING_MIN),
	BAD_SIZE(EVT, GPUP_VRD_RING_MAX * 2),
	BAD_SIZE(EVT, UINT32_MAX),
	{ "no slots", GPUP_VRD_REG_SLOTS_COUNT, 0, 0, GPUP_VRD_ERROR_SETUP },
	{ "a slot too many", GPUP_VRD_REG_SLOTS_COUNT, GPUP_VRD_SLOTS_MAX + 1, 0,
	  GPUP_VRD_ERROR_SETUP },
	{ "very many slots", GPUP_VRD_REG_SLOTS_COUNT, UINT32_MAX, 0, GPUP_VRD_ERROR_SETUP },
};

TEST_F(device, bad_set_up)
{
	struct vrd *vrd = &self->vrd;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(setups); i++) {
		const struct setup *s = &setups[i];
		uint32_t value = s->value;

		if (s->base == IN_MEMORY)
			value += VRD_MEMORY_BASE;
		else if (s->base == AT_END)
			value += VRD_MEMORY_BASE + vrd->config.memory - PAGE;
		vrd_negotiate(vrd);
		vrd_set_up(vrd);
		vrd_write(vrd, s->reg, value);
		EXPECT_EQ(value, vrd_read(vrd, s->reg));
		vrd_write(vrd, GPUP_VRD_REG_STATUS, ALL);
		EXPECT_TRUE(vrd_status_is(vrd, ACK | DRIVER | FEATURES | FAILED, s->error)) {
			TH_LOG("%s", s->name);
		}
		vrd_reset(vrd);
	}

	/* An area that ends beyond the last address. */
	vrd_negotiate(vrd);
	vrd_set_up(vrd);
	vrd_set_area(vrd, GPUP_VRD_REG_CMD_LO, -(uint64_t)PAGE, GPUP_VRD_RING_MIN);
	vrd_write(vrd, GPUP_VRD_REG_STATUS, ALL);
	EXPECT_TRUE(vrd_status_is(vrd, ACK | DRIVER | FEATURES | FAILED, GPUP_VRD_ERROR_SETUP));
	vrd_reset(vrd);

	vrd_start(vrd);
	EXPECT_EQ(0, vrd_sync(vrd));
}

/* Areas that overlap harm nobody but the guest: the device may take them or not. */
TEST_F(device, overlapping_areas)
{
	const uint32_t regs[] = { GPUP_VRD_REG_CMD_LO, GPUP_VRD_REG_EVT_LO,
				  GPUP_VRD_REG_SLOTS_LO };
	struct vrd *vrd = &self->vrd;
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(regs); i++) {
		for (j = 0; j < ARRAY_SIZE(regs); j++) {
			vrd_negotiate(vrd);
			vrd_set_up(vrd);
			vrd_write(vrd, regs[i], vrd_read(vrd, regs[j]));
			vrd_write(vrd, GPUP_VRD_REG_STATUS, ALL);
			vrd_write(vrd, GPUP_VRD_REG_DOORBELL, 1);
			vrd_reset(vrd);
			EXPECT_TRUE(vrd_status_is(vrd, 0, GPUP_VRD_ERROR_NONE));
		}
	}
	vrd_start(vrd);
	EXPECT_EQ(0, vrd_sync(vrd));
}

TEST_F(device, ring_sizes)
{
	const uint32_t sizes[] = { GPUP_VRD_RING_MIN, GPUP_VRD_RING_MAX };
	struct vrd *vrd = &self->vrd;
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		vrd->config.ring_size = sizes[i];
		vrd->config.slots = i ? GPUP_VRD_SLOTS_MAX : 1;
		vrd_start(vrd);
		/* Several times around the smaller one. */
		for (n = 0; n < 2000; n++)
			ASSERT_EQ(0, vrd_sync(vrd));
	}
}

TEST_F(device, set_up_while_running)
{
	const uint32_t regs[] = {
		GPUP_VRD_REG_DRIVER_FEATURES, GPUP_VRD_REG_CMD_LO, GPUP_VRD_REG_CMD_HI,
		GPUP_VRD_REG_CMD_SIZE, GPUP_VRD_REG_EVT_LO, GPUP_VRD_REG_EVT_HI,
		GPUP_VRD_REG_EVT_SIZE, GPUP_VRD_REG_SLOTS_LO, GPUP_VRD_REG_SLOTS_HI,
		GPUP_VRD_REG_SLOTS_COUNT,
	};
	struct vrd *vrd = &self->vrd;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(regs); i++) {
		vrd_start(vrd);
		ASSERT_EQ(0, vrd_sync(vrd));
		vrd_interrupts(vrd, GPUP_VRD_VECTOR_EVENT, 0);
		vrd_write(vrd, regs[i], vrd_read(vrd, regs[i]));
		EXPECT_TRUE(vrd_status_is(vrd, ALL | NEEDS_RESET, GPUP_VRD_ERROR_SEQUENCE));
		EXPECT_EQ(-ENODEV, vrd_sync(vrd));
		vrd_reset(vrd);
	}
}

TEST_F(device, reset_takes_everything)
{
	struct vrd *vrd = &self->vrd;
	uint32_t client, bo, guest_bo;
	struct vrd_timeline vm, queue;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		vrd_start(vrd);
		ASSERT_EQ(0, vrd_client_create(vrd, &client));
		ASSERT_EQ(0, vrd_bo_create(vrd, DRM_GPUP_BO_VRAM, 64 * KIB, &bo));
		ASSERT_EQ(0, vrd_bo_create_guest(vrd, vrd_alloc(vrd, PAGE), PAGE, &guest_bo));
		ASSERT_EQ(0, vrd_vm_create(vrd, client, &vm));
		ASSERT_EQ(0, vrd_queue_create(vrd, client, vm.handle, DRM_GPUP_ENGINE_COPY,
					      &queue));
		ASSERT_EQ(0, vrd_map(vrd, client, &vm, bo, 1 * MIB, 64 * KIB));
		ASSERT_EQ(0, vrd_map(vrd, client, &vm, guest_bo, 2 * MIB, PAGE));
		EXPECT_EQ(64 * KIB, partition_get(self->uuid, "vram_used"));
		EXPECT_EQ(PAGE, partition_get(self->uuid, "system_used"));
		EXPECT_EQ(1, partition_get(self->uuid, "clients"));

		if (!i)
			vrd_reset(vrd);
		EXPECT_EQ(0, i ? vrd_vfio_reset(vrd) : 0);
		EXPECT_TRUE(partition_wait_idle(self->uuid, VRD_PATIENCE_MS));
		EXPECT_TRUE(vrd_status_is(vrd, 0, GPUP_VRD_ERROR_NONE));
		EXPECT_EQ(0, vrd_read(vrd, GPUP_VRD_REG_CMD_LO));
	}
	/* A handle of before the reset is of nothing. */
	vrd_start(vrd);
	EXPECT_EQ(-ENOENT, vrd_destroy(vrd, GPUP_VRD_OP_BO_DESTROY, 0, bo));
	EXPECT_EQ(-ENOENT, vrd_destroy(vrd, GPUP_VRD_OP_CLIENT_DESTROY, 0, client));
}

/* The next user finds the device as new, whatever the last one did. */
TEST_F(device, close_takes_everything)
{
	struct vrd *vrd = &self->vrd;
	uint32_t bo;

	vrd_start(vrd);
	ASSERT_EQ(0, vrd_bo_create(vrd, DRM_GPUP_BO_VRAM, 64 * KIB, &bo));
	config_write(vrd, PCI_BASE_ADDRESS_0, 0xfe000000, 4);
	vrd_close(vrd);
	EXPECT_TRUE(partition_wait_idle(self->uuid, VRD_PATIENCE_MS));

	vrd_open(vrd, self->uuid, &variant->config);
	EXPECT_TRUE(vrd_status_is(vrd, 0, GPUP_VRD_ERROR_NONE));
	EXPECT_EQ(0, config_read(vrd, PCI_BASE_ADDRESS_0, 4));
	EXPECT_EQ(0, vrd_read(vrd, GPUP_VRD_REG_CMD_SIZE));
	vrd_start(vrd);
	EXPECT_EQ(0, vrd_vram_used(vrd));
}

TEST_HARNESS_MAIN
