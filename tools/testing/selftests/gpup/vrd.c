// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest in user space: the device, its regions, its memory and its bring-up.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vrd.h"

#define DEFAULT_MEMORY	(16 * MIB)
#define DEFAULT_RING	(64 * KIB)
#define DEFAULT_SLOTS	256

/* All that are open: a device that is open cannot be removed. */
static struct vrd *open_devices;

static void close_all(void)
{
	while (open_devices)
		vrd_close(open_devices);
}

static int open_group(const char *uuid)
{
	char path[PATH_MAX], link[PATH_MAX];
	uint64_t end = deadline(VRD_PATIENCE_MS);
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/mdev/devices/%s/iommu_group", uuid);
	length = readlink(path, link, sizeof(link) - 1);
	if (length < 0)
		fatal("%s: %s", path, strerror(errno));
	link[length] = '\0';
	snprintf(path, sizeof(path), "/dev/vfio/%.32s", strrchr(link, '/') + 1);
	/* The node is made by another thread of the kernel; the last user may be just closing. */
	while ((fd = open(path, O_RDWR | O_CLOEXEC)) < 0) {
		if ((errno != ENOENT && errno != EBUSY) || is_over(end))
			fatal("%s: %s", path, strerror(errno));
		sleep_ms(1);
	}
	return fd;
}

static void open_container(struct vrd *vrd)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.iova = VRD_MEMORY_BASE,
		.size = vrd->config.memory,
	};

	vrd->container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (vrd->container < 0)
		fatal("/dev/vfio/vfio: %s", strerror(errno));
	if (ioctl(vrd->group, VFIO_GROUP_SET_CONTAINER, &vrd->container))
		fatal("VFIO_GROUP_SET_CONTAINER: %s", strerror(errno));
	if (ioctl(vrd->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		fatal("VFIO_SET_IOMMU: %s", strerror(errno));

	/* Shared, so that a child of this process sees what the device writes. */
	vrd->memory = mmap(NULL, vrd->config.memory, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (vrd->memory == MAP_FAILED)
		fatal("no memory for a guest: %s", strerror(errno));
	map.vaddr = (uintptr_t)vrd->memory;
	if (ioctl(vrd->container, VFIO_IOMMU_MAP_DMA, &map))
		fatal("VFIO_IOMMU_MAP_DMA: %s", strerror(errno));
}

static void get_regions(struct vrd *vrd)
{
	unsigned int i;

	for (i = 0; i < VFIO_PCI_NUM_REGIONS; i++) {
		vrd->regions[i].argsz = sizeof(vrd->regions[i]);
		vrd->regions[i].index = i;
		if (ioctl(vrd->device, VFIO_DEVICE_GET_REGION_INFO, &vrd->regions[i]))
			fatal("VFIO_DEVICE_GET_REGION_INFO %u: %s", i, strerror(errno));
	}
}

static void *map_region(struct vrd *vrd, unsigned int region)
{
	void *addr;

	if (vrd->config.no_mmap || !(vrd->regions[region].flags & VFIO_REGION_INFO_FLAG_MMAP))
		return NULL;
	addr = mmap(NULL, vrd->regions[region].size, PROT_READ | PROT_WRITE, MAP_SHARED,
		    vrd->device, vrd->regions[region].offset);
	if (addr == MAP_FAILED)
		fatal("cannot map region %u: %s", region, strerror(errno));
	return addr;
}

static void connect_interrupts(struct vrd *vrd)
{
	struct {
		struct vfio_irq_set set;
		int fds[GPUP_VRD_VECTORS];
	} irqs = {
		.set = {
			.argsz = sizeof(irqs),
			.flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
			.index = VFIO_PCI_MSIX_IRQ_INDEX,
			.count = GPUP_VRD_VECTORS,
		},
	};
	unsigned int i;

	for (i = 0; i < GPUP_VRD_VECTORS; i++) {
		vrd->irqs[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		if (vrd->irqs[i] < 0)
			fatal("eventfd: %s", strerror(errno));
		irqs.fds[i] = vrd->irqs[i];
	}
	if (ioctl(vrd->device, VFIO_DEVICE_SET_IRQS, &irqs))
		fatal("VFIO_DEVICE_SET_IRQS: %s", strerror(errno));
}

void vrd_open(struct vrd *vrd, const char *uuid, const struct vrd_config *config)
{
	memset(vrd, 0, sizeof(*vrd));
	vrd->config = *config;
	if (!vrd->config.memory)
		vrd->config.memory = DEFAULT_MEMORY;
	if (!vrd->config.ring_size)
		vrd->config.ring_size = DEFAULT_RING;
	if (!vrd->config.slots)
		vrd->config.slots = DEFAULT_SLOTS;
	snprintf(vrd->uuid, sizeof(vrd->uuid), "%s", uuid);

	vrd->group = open_group(uuid);
	open_container(vrd);
	vrd->device = ioctl(vrd->group, VFIO_GROUP_GET_DEVICE_FD, vrd->uuid);
	if (vrd->device < 0)
		fatal("VFIO_GROUP_GET_DEVICE_FD: %s", strerror(errno));
	get_regions(vrd);
	vrd->doorbell = map_region(vrd, VFIO_PCI_BAR2_REGION_INDEX);
	vrd->aperture = map_region(vrd, VFIO_PCI_BAR4_REGION_INDEX);
	connect_interrupts(vrd);

	vrd->next = open_devices;
	open_devices = vrd;
	mdev_before_removal(close_all);
}

void vrd_close(struct vrd *vrd)
{
	struct vrd **link;
	unsigned int i;

	for (link = &open_devices; *link; link = &(*link)->next)
		if (*link == vrd)
			break;
	if (!*link)
		return;
	*link = vrd->next;

	/* Mappings hold the device's file. */
	if (vrd->doorbell)
		munmap((void *)vrd->doorbell, vrd->regions[VFIO_PCI_BAR2_REGION_INDEX].size);
	if (vrd->aperture)
		munmap(vrd->aperture, vrd->regions[VFIO_PCI_BAR4_REGION_INDEX].size);
	close(vrd->device);
	close(vrd->group);
	close(vrd->container);
	munmap(vrd->memory, vrd->config.memory);
	for (i = 0; i < GPUP_VRD_VECTORS; i++)
		close(vrd->irqs[i]);
}

ssize_t vrd_region_read(struct vrd *vrd, unsigned int region, uint64_t offset, void *buf,
			size_t size)
{
	ssize_t ret = pread(vrd->device, buf, size, vrd->regions[region].offset + offset);

	return ret < 0 ? -errno : ret;
}

ssize_t vrd_region_write(struct vrd *vrd, unsigned int region, uint64_t offset, const void *buf,
			 size_t size)
{
	ssize_t ret = pwrite(vrd->device, buf, size, vrd->regions[region].offset + offset);

	return ret < 0 ? -errno : ret;
}

uint32_t vrd_read(struct vrd *vrd, uint32_t reg)
{
	uint32_t value;
	ssize_t ret = vrd_region_read(vrd, VFIO_PCI_BAR0_REGION_INDEX, reg, &value, sizeof(value));

	if (ret != sizeof(value))
		fatal("register %#x cannot be read: %zd", reg, ret);
	return value;
}

void vrd_write(struct vrd *vrd, uint32_t reg, uint32_t value)
{
	ssize_t ret = vrd_region_write(vrd, VFIO_PCI_BAR0_REGION_INDEX, reg, &value,
				       sizeof(value));

	if (ret != sizeof(value))
		fatal("register %#x cannot be written: %zd", reg, ret);
}

uint64_t vrd_aperture_size(struct vrd *vrd)
{
	return vrd->regions[VFIO_PCI_BAR4_REGION_INDEX].size;
}

void vrd_aperture_read(struct vrd *vrd, uint64_t offset, void *buf, size_t size)
{
	ssize_t ret;

	if (vrd->aperture) {
		memcpy(buf, vrd->aperture + offset, size);
		return;
	}
	ret = vrd_region_read(vrd, VFIO_PCI_BAR4_REGION_INDEX, offset, buf, size);
	if (ret != (ssize_t)size)
		fatal("aperture at %#llx: read %zd of %zu", (unsigned long long)offset, ret, size);
}

void vrd_aperture_write(struct vrd *vrd, uint64_t offset, const void *buf, size_t size)
{
	ssize_t ret;

	if (vrd->aperture) {
		memcpy(vrd->aperture + offset, buf, size);
		return;
	}
	ret = vrd_region_write(vrd, VFIO_PCI_BAR4_REGION_INDEX, offset, buf, size);
	if (ret != (ssize_t)size)
		fatal("aperture at %#llx: wrote %zd of %zu", (unsigned long long)offset, ret, size);
}

void vrd_doorbell(struct vrd *vrd)
{
	uint32_t value = 1;

	if (vrd->config.doorbell_register)
		vrd_write(vrd, GPUP_VRD_REG_DOORBELL, value);
	else if (vrd->doorbell)
		*vrd->doorbell = value;
	else
		vrd_region_write(vrd, VFIO_PCI_BAR2_REGION_INDEX, 0, &value, sizeof(value));
}

void *vrd_alloc(struct vrd *vrd, uint64_t size)
{
	void *memory = vrd->memory + vrd->memory_used;

	size = (size + PAGE - 1) / PAGE * PAGE;
	if (size > vrd->config.memory - vrd->memory_used)
		fatal("the guest has not enough memory");
	vrd->memory_used += size;
	memset(memory, 0, size);
	return memory;
}

uint64_t vrd_address(struct vrd *vrd, const volatile void *memory)
{
	return VRD_MEMORY_BASE + ((const volatile uint8_t *)memory - vrd->memory);
}

int vrd_dma_unmap(struct vrd *vrd, uint64_t address, uint64_t size)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = address,
		.size = size,
	};

	return ioctl(vrd->container, VFIO_IOMMU_UNMAP_DMA, &unmap) ? -errno : 0;
}

void vrd_negotiate(struct vrd *vrd)
{
	uint32_t status = GPUP_VRD_STATUS_ACKNOWLEDGE;
	uint32_t features = GPUP_VRD_F_DOORBELL_PAGE | vrd->config.features;

	if (vrd_read(vrd, GPUP_VRD_REG_MAGIC) != GPUP_VRD_MAGIC ||
	    vrd_read(vrd, GPUP_VRD_REG_VERSION) >> 16 != GPUP_VRD_VERSION_MAJOR)
		fatal("%s is no device that we know", vrd->uuid);
	vrd_write(vrd, GPUP_VRD_REG_STATUS, 0);
	vrd_write(vrd, GPUP_VRD_REG_STATUS, status);
	status |= GPUP_VRD_STATUS_DRIVER;
	vrd_write(vrd, GPUP_VRD_REG_STATUS, status);
	vrd_write(vrd, GPUP_VRD_REG_DRIVER_FEATURES,
		  vrd_read(vrd, GPUP_VRD_REG_DEVICE_FEATURES) & features);
	status |= GPUP_VRD_STATUS_FEATURES_OK;
	vrd_write(vrd, GPUP_VRD_REG_STATUS, status);
	if (!vrd_status_is(vrd, status, GPUP_VRD_ERROR_NONE))
		fatal("the device does not accept its own features");
}

void vrd_set_address(struct vrd *vrd, uint32_t reg_lo, uint64_t address)
{
	vrd_write(vrd, reg_lo, (uint32_t)address);
	vrd_write(vrd, reg_lo + 4, address >> 32);
}

void vrd_set_area(struct vrd *vrd, uint32_t reg_lo, uint64_t address, uint32_t size)
{
	vrd_set_address(vrd, reg_lo, address);
	vrd_write(vrd, reg_lo + 8, size);
}

void vrd_set_up(struct vrd *vrd)
{
	uint32_t size = vrd->config.ring_size;

	vrd->memory_used = 0;
	vrd->cmd = vrd_alloc(vrd, PAGE + size);
	vrd->evt = vrd_alloc(vrd, PAGE + size);
	vrd->slots = vrd_alloc(vrd, vrd->config.slots * sizeof(*vrd->slots));
	vrd->cmd_tail = 0;
	vrd->evt_head = 0;
	vrd->last_index = 0;
	vrd->last_slot = 0;
	vrd->released_count = 0;
	vrd->trim_count = 0;
	vrd_set_area(vrd, GPUP_VRD_REG_CMD_LO, vrd_address(vrd, vrd->cmd), size);
	vrd_set_area(vrd, GPUP_VRD_REG_EVT_LO, vrd_address(vrd, vrd->evt), size);
	vrd_set_area(vrd, GPUP_VRD_REG_SLOTS_LO, vrd_address(vrd, vrd->slots),
		     vrd->config.slots);
	if (vrd->config.features & GPUP_VRD_F_MEMORY_STATUS) {
		vrd->memory_status = vrd_alloc(vrd, PAGE);
		vrd_set_address(vrd, GPUP_VRD_REG_MEMORY_LO,
				vrd_address(vrd, vrd->memory_status));
	}
}

void vrd_start(struct vrd *vrd)
{
	const uint32_t status = GPUP_VRD_STATUS_ACKNOWLEDGE | GPUP_VRD_STATUS_DRIVER |
				GPUP_VRD_STATUS_FEATURES_OK | GPUP_VRD_STATUS_DRIVER_OK;

	vrd_negotiate(vrd);
	vrd_set_up(vrd);
	vrd_write(vrd, GPUP_VRD_REG_STATUS, status);
	if (!vrd_status_is(vrd, status, GPUP_VRD_ERROR_NONE))
		fatal("the device does not start");
}

bool vrd_status_is(struct vrd *vrd, uint32_t status, uint32_t error)
{
	uint32_t is = vrd_read(vrd, GPUP_VRD_REG_STATUS);
	uint32_t why = vrd_read(vrd, GPUP_VRD_REG_ERROR);

	if (is == status && why == error)
		return true;
	printf("# STATUS is %#x, ERROR is %u; should be %#x and %u\n", is, why, status, error);
	return false;
}

int vrd_wait_failure(struct vrd *vrd)
{
	uint64_t end = deadline(VRD_PATIENCE_MS);

	while (!(vrd_read(vrd, GPUP_VRD_REG_STATUS) & GPUP_VRD_STATUS_NEEDS_RESET)) {
		if (is_over(end))
			return -1;
		sleep_ms(1);
	}
	return vrd_read(vrd, GPUP_VRD_REG_ERROR);
}

static void forget(struct vrd *vrd)
{
	vrd->cmd = NULL;
	vrd->evt = NULL;
	vrd->slots = NULL;
	vrd->memory_status = NULL;
	vrd->memory_used = 0;
	vrd_interrupts(vrd, GPUP_VRD_VECTOR_EVENT, 0);
	vrd_interrupts(vrd, GPUP_VRD_VECTOR_TIMELINE, 0);
}

void vrd_reset(struct vrd *vrd)
{
	vrd_write(vrd, GPUP_VRD_REG_STATUS, 0);
	forget(vrd);
}

int vrd_vfio_reset(struct vrd *vrd)
{
	int ret = ioctl(vrd->device, VFIO_DEVICE_RESET) ? -errno : 0;

	forget(vrd);
	return ret;
}

uint64_t vrd_interrupts(struct vrd *vrd, unsigned int vector, unsigned int ms)
{
	struct pollfd fd = { .fd = vrd->irqs[vector], .events = POLLIN };
	uint64_t count;

	if (poll(&fd, 1, ms) <= 0 || read(fd.fd, &count, sizeof(count)) != sizeof(count))
		return 0;
	return count;
}
