// SPDX-License-Identifier: MIT
/* libgpup: devices. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "private.h"

#define FIRST_RENDER_NODE	128
#define RENDER_NODES		64

int umd_ioctl(struct gpup_device *device, unsigned long request, void *argument)
{
	return drmIoctl(device->fd, request, argument) ? -errno : 0;
}

/* Open a render node if gpup is behind it. */
static int open_node(const char *path)
{
	drmVersionPtr version;
	int fd, ours;

	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;

	version = drmGetVersion(fd);
	ours = version && !strcmp(version->name, "gpup");
	drmFreeVersion(version);
	if (!ours) {
		close(fd);
		return -ENODEV;
	}
	return fd;
}

/*
 * Not with drmGetDevices2(): that leaves out devices on buses that it does not know,
 * among them those without hardware.
 */
static int find_node(char *path, size_t size)
{
	int error = -ENODEV;
	int i, fd;

	for (i = FIRST_RENDER_NODE; i < FIRST_RENDER_NODE + RENDER_NODES; i++) {
		snprintf(path, size, "/dev/dri/renderD%d", i);
		fd = open_node(path);
		if (fd >= 0)
			return fd;
		/* Say why one cannot be opened, rather than that there is none. */
		if (error == -ENODEV && fd != -ENOENT && fd != -ENXIO)
			error = fd;
	}
	return error;
}

static int query(struct gpup_device *device, uint32_t type, void *buffer, uint32_t *size)
{
	struct drm_gpup_dev_query args = {
		.type = type,
		.size = *size,
		.pointer = (uintptr_t)buffer,
	};
	int ret;

	/* A kernel that knows less leaves the rest as it is. */
	memset(buffer, 0, *size);
	ret = umd_ioctl(device, DRM_IOCTL_GPUP_DEV_QUERY, &args);
	if (!ret && args.size < *size)
		*size = args.size;
	return ret;
}

int gpup_device_open(const char *path, struct gpup_device **result)
{
	struct gpup_device *device;
	uint32_t size = sizeof(device->adapter);
	char found[32];
	int ret, fd;

	if (!path)
		path = getenv("GPUP_DEVICE");
	if (path && *path) {
		fd = open_node(path);
	} else {
		fd = find_node(found, sizeof(found));
		path = found;
	}
	if (fd < 0)
		return fd;

	device = calloc(1, sizeof(*device));
	if (!device) {
		close(fd);
		return -ENOMEM;
	}
	device->fd = fd;
	pthread_mutex_init(&device->lock, NULL);

	device->path = strdup(path);
	ret = device->path ? 0 : -ENOMEM;
	if (!ret)
		ret = query(device, DRM_GPUP_QUERY_ADAPTER, &device->adapter, &size);
	if (ret) {
		gpup_device_close(device);
		return ret;
	}
	*result = device;
	return 0;
}

void gpup_device_close(struct gpup_device *device)
{
	if (!device)
		return;
	close(device->fd);
	pthread_mutex_destroy(&device->lock);
	free(device->path);
	free(device);
}

const char *gpup_device_path(const struct gpup_device *device)
{
	return device->path;
}

int gpup_device_fd(const struct gpup_device *device)
{
	return device->fd;
}

int gpup_device_memory(struct gpup_device *device, struct gpup_memory *memory)
{
	struct drm_gpup_memory_info answer;
	uint32_t size = sizeof(answer);
	int ret;

	ret = query(device, DRM_GPUP_QUERY_MEMORY, &answer, &size);
	if (ret)
		return ret;
	/* A kernel that knows nothing of budgets evicts nothing. */
	if (size < offsetof(struct drm_gpup_memory_info, vram_evicted))
		answer.vram_budget = answer.vram_max;

	memset(memory, 0, sizeof(*memory));
	memory->vram_min = answer.vram_min;
	memory->vram_max = answer.vram_max;
	memory->vram_used = answer.vram_used;
	memory->vram_budget = answer.vram_budget;
	memory->vram_evicted = answer.vram_evicted;
	memory->trims = answer.trims;
	memory->system_max = answer.system_max;
	memory->system_used = answer.system_used;
	return 0;
}

int gpup_device_info(struct gpup_device *device, struct gpup_info *info)
{
	const struct drm_gpup_adapter_info *adapter = &device->adapter;
	struct drm_gpup_engine_info engines[GPUP_ENGINE_CLASSES];
	struct drm_gpup_partition_info partition;
	struct gpup_memory memory;
	uint32_t size;
	size_t i;
	int ret;

	ret = gpup_device_memory(device, &memory);
	if (ret)
		return ret;
	size = sizeof(partition);
	ret = query(device, DRM_GPUP_QUERY_PARTITION, &partition, &size);
	if (ret)
		return ret;
	size = sizeof(engines);
	ret = query(device, DRM_GPUP_QUERY_ENGINES, engines, &size);
	if (ret)
		return ret;

	memset(info, 0, sizeof(*info));
	snprintf(info->name, sizeof(info->name), "%.*s",
		 (int)sizeof(adapter->name) - 1, adapter->name);
	snprintf(info->isa, sizeof(info->isa), "%.*s",
		 (int)sizeof(adapter->isa) - 1, adapter->isa);
	info->is_virtual = adapter->is_virtual;
	info->vram_size = adapter->vram_size;
	info->va_start = adapter->va_start;
	info->va_end = adapter->va_end;
	info->page_size = adapter->page_size;
	info->timestamp_frequency = adapter->timestamp_frequency;

	for (i = 0; i < size / sizeof(engines[0]); i++) {
		if (engines[i].engine_class >= GPUP_ENGINE_CLASSES)
			continue;
		info->engines[engines[i].engine_class].count = engines[i].count;
		info->engines[engines[i].engine_class].gpu_time = engines[i].gpu_time;
		info->engines[engines[i].engine_class].jobs = engines[i].jobs;
	}

	info->vram_min = memory.vram_min;
	info->vram_max = memory.vram_max;
	info->vram_used = memory.vram_used;
	info->vram_budget = memory.vram_budget;
	info->vram_evicted = memory.vram_evicted;
	info->trims = memory.trims;
	info->system_max = memory.system_max;
	info->system_used = memory.system_used;

	snprintf(info->partition, sizeof(info->partition), "%.*s",
		 (int)sizeof(partition.name) - 1, partition.name);
	info->partition_id = partition.id;
	info->sched_weight = partition.sched_weight;
	info->job_timeout_ms = partition.job_timeout_ms;
	info->max_objects = partition.max_objects;
	return 0;
}
