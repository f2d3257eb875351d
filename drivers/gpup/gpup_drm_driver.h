/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host's render node.
 */
#ifndef _GPUP_DRM_DRIVER_H_
#define _GPUP_DRM_DRIVER_H_

#include <drm/drm_device.h>
#include <drm/drm_file.h>

#include "gpup_core.h"

extern const struct drm_driver gpup_drm_driver;

/**
 * struct gpup_file - One open of the host's render node
 */
struct gpup_file {
	/** @client: Its client, in partition 0. */
	struct gpup_client *client;
	/** @handles: Its VMs and queues; buffer objects have GEM handles. */
	struct gpup_handle_table handles;
};

static inline struct gpup_client *gpup_file_client(struct drm_file *file)
{
	struct gpup_file *gfile = file->driver_priv;

	return gfile->client;
}

int gpup_ioctl_dev_query(struct drm_device *drm, void *data, struct drm_file *file);
int gpup_ioctl_bo_create(struct drm_device *drm, void *data, struct drm_file *file);
int gpup_ioctl_bo_mmap_offset(struct drm_device *drm, void *data, struct drm_file *file);
int gpup_ioctl_bo_advise(struct drm_device *drm, void *data, struct drm_file *file);
int gpup_ioctl_vm_create(struct drm_device *drm, void *data, struct drm_file *file);
int gpup_ioctl_vm_destroy(struct drm_device *drm, void *data, struct drm_file *file);
int gpup_ioctl_vm_bind(struct drm_device *drm, void *data, struct drm_file *file);
int gpup_ioctl_vm_get_state(struct drm_device *drm, void *data, struct drm_file *file);
int gpup_ioctl_queue_create(struct drm_device *drm, void *data, struct drm_file *file);
int gpup_ioctl_queue_destroy(struct drm_device *drm, void *data, struct drm_file *file);
int gpup_ioctl_queue_submit(struct drm_device *drm, void *data, struct drm_file *file);
int gpup_ioctl_queue_get_state(struct drm_device *drm, void *data, struct drm_file *file);

void gpup_debugfs_init(struct gpup_adapter *adapter);

#endif /* _GPUP_DRM_DRIVER_H_ */
