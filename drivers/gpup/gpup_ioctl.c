// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's ioctls that create, describe and destroy.
 */
#include <linux/uaccess.h>

#include <drm/drm_drv.h>
#include <drm/drm_gem.h>

#include "gpup_drm_driver.h"
#include "gpup_thunk.h"

/**
 * gpup_ioctl_dev_query() - DRM_IOCTL_GPUP_DEV_QUERY
 * @drm: DRM device.
 * @data: &struct drm_gpup_dev_query.
 * @file: The caller's file.
 *
 * Return: 0, -EINVAL, -EFAULT.
 */
int gpup_ioctl_dev_query(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_gpup_dev_query *args = data;
	union gpup_query_result result;
	int size;

	size = gpup_thunk_query(gpup_file_client(file)->partition, args->type, &result);
	if (size < 0)
		return size;
	if (args->pointer &&
	    copy_to_user(u64_to_user_ptr(args->pointer), &result, min_t(u32, size, args->size)))
		return -EFAULT;
	args->size = size;
	return 0;
}

/**
 * gpup_ioctl_bo_create() - DRM_IOCTL_GPUP_BO_CREATE
 * @drm: DRM device.
 * @data: &struct drm_gpup_bo_create.
 * @file: The caller's file.
 *
 * Return: 0, -EINVAL, -ENOMEM.
 */
int gpup_ioctl_bo_create(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_gpup_bo_create *args = data;
	struct gpup_bo *bo;
	int ret;

	bo = gpup_thunk_bo_create(gpup_file_client(file)->partition, args->size, args->flags);
	if (IS_ERR(bo))
		return PTR_ERR(bo);

	ret = drm_gem_handle_create(file, &bo->tbo.base, &args->handle);
	if (!ret)
		args->size = gpup_bo_size(bo);
	gpup_bo_put(bo);
	return ret;
}

/**
 * gpup_ioctl_bo_mmap_offset() - DRM_IOCTL_GPUP_BO_MMAP_OFFSET
 * @drm: DRM device.
 * @data: &struct drm_gpup_bo_mmap_offset.
 * @file: The caller's file.
 *
 * Return: 0, -EINVAL also for an object without mappings, -ENOENT, -ENOMEM.
 */
int gpup_ioctl_bo_mmap_offset(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_gpup_bo_mmap_offset *args = data;
	struct drm_gem_object *obj;
	int ret;

	if (args->pad)
		return -EINVAL;
	obj = drm_gem_object_lookup(file, args->handle);
	if (!obj)
		return -ENOENT;

	if (gpup_bo_from_gem(obj)->flags & DRM_GPUP_BO_NO_MMAP)
		ret = -EINVAL;
	else
		ret = drm_gem_create_mmap_offset(obj);
	if (!ret)
		args->offset = drm_vma_node_offset_addr(&obj->vma_node);
	drm_gem_object_put(obj);
	return ret;
}

/**
 * gpup_ioctl_bo_advise() - DRM_IOCTL_GPUP_BO_ADVISE
 * @drm: DRM device.
 * @data: &struct drm_gpup_bo_advise.
 * @file: The caller's file.
 *
 * Return: 0, -EINVAL, -ENOENT.
 */
int gpup_ioctl_bo_advise(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_gpup_bo_advise *args = data;
	struct drm_gem_object *obj;

	if (args->pad || args->advice > DRM_GPUP_BO_DONT_NEED)
		return -EINVAL;
	obj = drm_gem_object_lookup(file, args->handle);
	if (!obj)
		return -ENOENT;
	args->retained = gpup_bo_advise(gpup_bo_from_gem(obj), args->advice);
	drm_gem_object_put(obj);
	return 0;
}

/**
 * gpup_ioctl_vm_create() - DRM_IOCTL_GPUP_VM_CREATE
 * @drm: DRM device.
 * @data: &struct drm_gpup_vm_create.
 * @file: The caller's file.
 *
 * Return: 0, -EINVAL, -ENOSPC, -ENOMEM.
 */
int gpup_ioctl_vm_create(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_gpup_vm_create *args = data;

	if (args->flags)
		return -EINVAL;
	args->vm = 0;
	return gpup_thunk_vm_create(gpup_file_client(file), &args->vm, NULL);
}

/**
 * gpup_ioctl_vm_destroy() - DRM_IOCTL_GPUP_VM_DESTROY
 * @drm: DRM device.
 * @data: &struct drm_gpup_vm_destroy.
 * @file: The caller's file.
 *
 * Return: 0, -EINVAL, -ENOENT, -EBUSY.
 */
int gpup_ioctl_vm_destroy(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_gpup_vm_destroy *args = data;

	if (args->pad)
		return -EINVAL;
	return gpup_thunk_vm_destroy(gpup_file_client(file), args->vm);
}

/**
 * gpup_ioctl_vm_get_state() - DRM_IOCTL_GPUP_VM_GET_STATE
 * @drm: DRM device.
 * @data: &struct drm_gpup_vm_get_state.
 * @file: The caller's file.
 *
 * Return: 0, -EINVAL, -ENOENT.
 */
int gpup_ioctl_vm_get_state(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_gpup_vm_get_state *args = data;
	struct gpup_file *gfile = file->driver_priv;
	struct gpup_vm *vm;
	int error;

	if (args->pad)
		return -EINVAL;
	vm = gpup_handle_get(&gfile->handles, args->vm, GPUP_OBJECT_VM, gfile->client);
	if (!vm)
		return -ENOENT;
	error = gpup_timeline_error(gpup_vm_timeline(vm));
	gpup_vm_put(vm);
	args->state = error ? DRM_GPUP_VM_LOST : DRM_GPUP_VM_USABLE;
	args->error = -error;
	return 0;
}

/**
 * gpup_ioctl_queue_create() - DRM_IOCTL_GPUP_QUEUE_CREATE
 * @drm: DRM device.
 * @data: &struct drm_gpup_queue_create.
 * @file: The caller's file.
 *
 * Return: 0, -EINVAL, -ENOENT, -ENOSPC, -ENOMEM.
 */
int gpup_ioctl_queue_create(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_gpup_queue_create *args = data;

	args->queue = 0;
	return gpup_thunk_queue_create(gpup_file_client(file), &args->queue, args->vm,
				       args->engine_class, args->priority, NULL);
}

/**
 * gpup_ioctl_queue_destroy() - DRM_IOCTL_GPUP_QUEUE_DESTROY
 * @drm: DRM device.
 * @data: &struct drm_gpup_queue_destroy.
 * @file: The caller's file.
 *
 * Return: 0, -EINVAL, -ENOENT.
 */
int gpup_ioctl_queue_destroy(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_gpup_queue_destroy *args = data;

	if (args->pad)
		return -EINVAL;
	return gpup_thunk_queue_destroy(gpup_file_client(file), args->queue);
}

/**
 * gpup_ioctl_queue_get_state() - DRM_IOCTL_GPUP_QUEUE_GET_STATE
 * @drm: DRM device.
 * @data: &struct drm_gpup_queue_get_state.
 * @file: The caller's file.
 *
 * Return: 0, -EINVAL, -ENOENT.
 */
int gpup_ioctl_queue_get_state(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_gpup_queue_get_state *args = data;
	struct gpup_file *gfile = file->driver_priv;
	struct gpup_timeline *tl;
	struct gpup_queue *queue;

	if (args->pad)
		return -EINVAL;
	queue = gpup_handle_get(&gfile->handles, args->queue, GPUP_OBJECT_QUEUE, gfile->client);
	if (!queue)
		return -ENOENT;
	tl = gpup_queue_timeline(queue);
	spin_lock_irq(&tl->lock);
	args->state = tl->error ? DRM_GPUP_QUEUE_BANNED : DRM_GPUP_QUEUE_RUNNING;
	args->error = -tl->error;
	args->completed = tl->completed;
	args->submitted = tl->submitted;
	args->fault_addr = tl->fault_addr;
	spin_unlock_irq(&tl->lock);
	gpup_queue_put(queue);
	return 0;
}
