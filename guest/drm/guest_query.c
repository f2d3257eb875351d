// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queries.
 */
#include <linux/log2.h>
#include <linux/uaccess.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>

#include "guest_call.h"
#include "guest_device.h"
#include "guest_memory.h"
#include "guest_query.h"

/* Large enough for the answer to any query. */
union query_reply {
	struct drm_gpup_adapter_info adapter;
	struct drm_gpup_engine_info engines[DRM_GPUP_ENGINE_CLASSES];
	struct drm_gpup_memory_info memory;
	struct drm_gpup_partition_info partition;
	u8 bytes[GPUP_VRD_EVENT_MAX - sizeof(struct gpup_vrd_event)];
};

/* Returns the size of the answer in bytes, or a negative errno. */
static int query(struct guest_device *gdev, u32 type, union query_reply *reply)
{
	struct gpup_vrd_query body = { .type = cpu_to_le32(type) };

	return guest_request(gdev, 0, GPUP_VRD_OP_QUERY, &body, sizeof(body), reply,
			     sizeof(*reply));
}

/**
 * guest_query_constants() - Ask for what does not change
 * @gdev: The device, which was just started.
 *
 * Return: 0, -EPROTO if the answers make no sense, and as guest_request().
 */
int guest_query_constants(struct guest_device *gdev)
{
	union query_reply reply;
	unsigned int i;
	int ret;

	ret = query(gdev, DRM_GPUP_QUERY_ADAPTER, &reply);
	if (ret < 0)
		return ret;
	if (ret < sizeof(reply.adapter) || !is_power_of_2(reply.adapter.page_size) ||
	    reply.adapter.page_size < PAGE_SIZE || reply.adapter.va_start > reply.adapter.va_end)
		return -EPROTO;
	gdev->adapter = reply.adapter;

	ret = query(gdev, DRM_GPUP_QUERY_ENGINES, &reply);
	if (ret < 0)
		return ret;
	for (i = 0; i < ARRAY_SIZE(reply.engines) && i < ret / sizeof(reply.engines[0]); i++)
		if (reply.engines[i].engine_class < DRM_GPUP_ENGINE_CLASSES)
			gdev->engine_classes |= BIT(reply.engines[i].engine_class);
	return 0;
}

/**
 * guest_query_memory_page() - Look at the page with the figures of the memory
 * @gdev: The device.
 * @info: Receives the figures.
 *
 * Return: 0; -EAGAIN if there is no such page, or the device does not come to an end with it;
 * -ENODEV.
 */
int guest_query_memory_page(struct guest_device *gdev, struct drm_gpup_memory_info *info)
{
	int ret = -EAGAIN;
	int idx;

	if (!drm_dev_enter(&gdev->drm, &idx))
		return -ENODEV;
	if (gdev->memory_status)
		ret = guest_memory_read(gdev->memory_status, info);
	drm_dev_exit(idx);
	return ret;
}

/* From the page; if that does not do, or does not know of all objects yet, ask. */
static int query_memory(struct guest_device *gdev, union query_reply *reply)
{
	int ret = -EAGAIN;

	if (!atomic_read(&gdev->creating))
		ret = guest_query_memory_page(gdev, &reply->memory);
	if (ret == -ENODEV)
		return ret;
	return ret ? query(gdev, DRM_GPUP_QUERY_MEMORY, reply) : sizeof(reply->memory);
}

/* All of it stays as it was at the start but for the limit, which the host may change. */
static int query_adapter(struct guest_device *gdev, union query_reply *reply)
{
	int size = query_memory(gdev, reply);
	u64 vram_max;

	if (size < 0)
		return size;
	vram_max = reply->memory.vram_max;
	reply->adapter = gdev->adapter;
	if (size >= offsetofend(struct drm_gpup_memory_info, vram_max))
		reply->adapter.vram_size = vram_max;
	return sizeof(reply->adapter);
}

/**
 * guest_ioctl_dev_query() - DRM_IOCTL_GPUP_DEV_QUERY
 * @drm: DRM device.
 * @data: &struct drm_gpup_dev_query.
 * @file: The caller's file.
 *
 * Local for the adapter, and for the memory if the device shows that in a page; called for the
 * rest. The answer to a called query is passed on in the device's size: it may be newer, and
 * know more, or older, and know less than this driver.
 *
 * Return: 0, -EINVAL, -EFAULT, -ENOMEM, -ENODEV, -EINTR or a restart code.
 */
int guest_ioctl_dev_query(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct guest_device *gdev = guest_device_from_drm(drm);
	struct drm_gpup_dev_query *args = data;
	union query_reply reply;
	int size;

	if (guest_device_is_lost(gdev))
		return -ENODEV;
	switch (args->type) {
	case DRM_GPUP_QUERY_ADAPTER:
		size = query_adapter(gdev, &reply);
		break;
	case DRM_GPUP_QUERY_MEMORY:
		size = query_memory(gdev, &reply);
		break;
	default:
		size = query(gdev, args->type, &reply);
		break;
	}
	if (size < 0)
		return size;
	if (args->pointer &&
	    copy_to_user(u64_to_user_ptr(args->pointer), &reply, min_t(u32, size, args->size)))
		return -EFAULT;
	args->size = size;
	return 0;
}
