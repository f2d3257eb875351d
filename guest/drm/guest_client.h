/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Clients: opens of the render node, with their address spaces and queues.
 */
#ifndef _GUEST_CLIENT_H_
#define _GUEST_CLIENT_H_

#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/xarray.h>

#include "guest_fence.h"
#include "guest_name.h"

struct drm_device;
struct drm_file;
struct guest_device;

/**
 * struct guest_client - An open of the render node, as the device knows it
 */
struct guest_client {
	/** @name: Its name. */
	struct guest_name name;
	/** @ref: References: of the file and of its address spaces. */
	struct kref ref;
};

/**
 * struct guest_vm - An address space
 */
struct guest_vm {
	/** @name: Its name. */
	struct guest_name name;
	/** @ref: References: of the file, of its queues, and of calls that use it. */
	struct kref ref;
	/** @client: The client. */
	struct guest_client *client;
	/** @timeline: Its binds. */
	struct guest_timeline *timeline;
	/** @queues: Queues that the file still has on it. Under &guest_file.lock. */
	unsigned int queues;
};

/**
 * struct guest_queue - A queue
 */
struct guest_queue {
	/** @name: Its name. */
	struct guest_name name;
	/** @ref: References: of the file, and of calls that use it. */
	struct kref ref;
	/** @vm: Address space of its jobs. */
	struct guest_vm *vm;
	/** @timeline: Its jobs. */
	struct guest_timeline *timeline;
};

/**
 * struct guest_file - An open of the render node
 */
struct guest_file {
	/** @client: Its client. */
	struct guest_client *client;
	/** @lock: Protects the two tables. */
	struct mutex lock;
	/** @vms: &struct guest_vm by index of the handle. */
	struct xarray vms;
	/** @queues: &struct guest_queue by index of the handle. */
	struct xarray queues;
};

int guest_file_open(struct drm_device *drm, struct drm_file *file);
void guest_file_close(struct drm_device *drm, struct drm_file *file);
void guest_client_put(struct guest_client *client);

struct guest_vm *guest_vm_lookup(struct guest_file *gfile, u32 handle);
void guest_vm_put(struct guest_vm *vm);
void guest_vm_close(struct guest_vm *vm);

struct guest_queue *guest_queue_lookup(struct guest_file *gfile, u32 handle);
void guest_queue_put(struct guest_queue *queue);
void guest_queue_close(struct guest_queue *queue);

int guest_ioctl_vm_create(struct drm_device *drm, void *data, struct drm_file *file);
int guest_ioctl_vm_destroy(struct drm_device *drm, void *data, struct drm_file *file);
int guest_ioctl_vm_bind(struct drm_device *drm, void *data, struct drm_file *file);
int guest_ioctl_vm_get_state(struct drm_device *drm, void *data, struct drm_file *file);
int guest_ioctl_queue_create(struct drm_device *drm, void *data, struct drm_file *file);
int guest_ioctl_queue_destroy(struct drm_device *drm, void *data, struct drm_file *file);
int guest_ioctl_queue_submit(struct drm_device *drm, void *data, struct drm_file *file);
int guest_ioctl_queue_get_state(struct drm_device *drm, void *data, struct drm_file *file);

#endif /* _GUEST_CLIENT_H_ */
