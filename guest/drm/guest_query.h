/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Queries.
 */
#ifndef _GUEST_QUERY_H_
#define _GUEST_QUERY_H_

struct drm_device;
struct drm_file;
struct drm_gpup_memory_info;
struct guest_device;

int guest_query_memory_page(struct guest_device *gdev, struct drm_gpup_memory_info *info);
int guest_query_constants(struct guest_device *gdev);
int guest_ioctl_dev_query(struct drm_device *drm, void *data, struct drm_file *file);

#endif /* _GUEST_QUERY_H_ */
