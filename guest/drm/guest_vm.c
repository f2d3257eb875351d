// SPDX-License-Identifier: GPL-2.0-only
/*
 * Address spaces. The driver does not know what is mapped in them.
 */
#include <linux/err.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include <drm/drm_file.h>
#include <drm/drm_gem.h>

#include "guest_bo.h"
#include "guest_client.h"
#include "guest_device.h"
#include "guest_submit.h"

static struct guest_vm *vm_from_name(struct guest_name *name)
{
	return container_of(name, struct guest_vm, name);
}

/* The device was told to destroy it: from now on it knows the handle no more. */
static void vm_sending(struct guest_name *name)
{
	vm_from_name(name)->timeline->destroyed = true;
}

static void vm_created(struct guest_name *name, int error)
{
	if (error)
		guest_timeline_end(vm_from_name(name)->timeline, error);
}

static void vm_gone(struct guest_name *name)
{
	struct guest_vm *vm = vm_from_name(name);

	guest_timeline_free(vm->timeline);
	guest_client_put(vm->client);
	kfree(vm);
}

static const struct guest_name_ops vm_ops = {
	.destroy = GPUP_VRD_OP_VM_DESTROY,
	.sending = vm_sending,
	.created = vm_created,
	.gone = vm_gone,
};

static void vm_release(struct kref *ref)
{
	guest_name_destroy(&container_of(ref, struct guest_vm, ref)->name);
}

/**
 * guest_vm_put() - Drop a reference
 * @vm: The address space.
 */
void guest_vm_put(struct guest_vm *vm)
{
	kref_put(&vm->ref, vm_release);
}

/**
 * guest_vm_close() - End the use of an address space
 * @vm: The address space, off its file's table. Drops the table's reference.
 */
void guest_vm_close(struct guest_vm *vm)
{
	guest_submit_close(vm->timeline);
	guest_vm_put(vm);
}

/**
 * guest_vm_lookup() - Find an address space
 * @gfile: The caller's file.
 * @handle: Its handle.
 *
 * Return: The address space, with a reference, or NULL.
 */
struct guest_vm *guest_vm_lookup(struct guest_file *gfile, u32 handle)
{
	struct guest_vm *vm;

	mutex_lock(&gfile->lock);
	vm = xa_load(&gfile->vms, GPUP_VRD_HANDLE_INDEX(handle));
	if (vm && vm->name.handle == handle)
		kref_get(&vm->ref);
	else
		vm = NULL;
	mutex_unlock(&gfile->lock);
	return vm;
}

static int post_vm(struct guest_vm *vm)
{
	struct gpup_vrd_vm_create body = {
		.handle = cpu_to_le32(vm->name.handle),
		.slot = cpu_to_le32(vm->timeline->slot_index),
	};

	return guest_name_create(&vm->name, GPUP_VRD_OP_VM_CREATE, &body, sizeof(body));
}

/**
 * guest_ioctl_vm_create() - DRM_IOCTL_GPUP_VM_CREATE
 * @drm: DRM device.
 * @data: &struct drm_gpup_vm_create.
 * @file: The caller's file.
 *
 * Posted: if the host refuses, the address space is lost from the beginning.
 *
 * Return: 0, -EINVAL, -ENOSPC, -ENOMEM, -ENODEV.
 */
int guest_ioctl_vm_create(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct guest_device *gdev = guest_device_from_drm(drm);
	struct guest_file *gfile = file->driver_priv;
	struct drm_gpup_vm_create *args = data;
	struct guest_timeline *timeline;
	struct guest_vm *vm;
	int ret;

	if (args->flags)
		return -EINVAL;

	vm = kzalloc(sizeof(*vm), GFP_KERNEL);
	if (!vm)
		return -ENOMEM;
	timeline = guest_timeline_create(gdev, GUEST_MAX_BINDS);
	if (IS_ERR(timeline)) {
		kfree(vm);
		return PTR_ERR(timeline);
	}
	kref_init(&vm->ref);
	vm->timeline = timeline;
	vm->client = gfile->client;
	kref_get(&vm->client->ref);

	ret = guest_name_init(&vm->name, gdev, &vm_ops, vm->client->name.handle);
	timeline->handle = vm->name.handle;
	if (!ret)
		ret = post_vm(vm);
	if (ret)
		goto err_put;

	mutex_lock(&gfile->lock);
	ret = xa_err(xa_store(&gfile->vms, GPUP_VRD_HANDLE_INDEX(vm->name.handle), vm,
			      GFP_KERNEL));
	/* Another thread may guess the handle and destroy it before we return. */
	args->vm = vm->name.handle;
	mutex_unlock(&gfile->lock);
	if (ret)
		goto err_put;
	return 0;

err_put:
	guest_vm_put(vm);
	return ret;
}

/**
 * guest_ioctl_vm_destroy() - DRM_IOCTL_GPUP_VM_DESTROY
 * @drm: DRM device.
 * @data: &struct drm_gpup_vm_destroy.
 * @file: The caller's file.
 *
 * Return: 0, -EINVAL, -ENOENT, -EBUSY while a queue uses it.
 */
int guest_ioctl_vm_destroy(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct guest_file *gfile = file->driver_priv;
	struct drm_gpup_vm_destroy *args = data;
	struct guest_vm *vm;
	int ret = 0;

	if (args->pad)
		return -EINVAL;

	mutex_lock(&gfile->lock);
	vm = xa_load(&gfile->vms, GPUP_VRD_HANDLE_INDEX(args->vm));
	if (!vm || vm->name.handle != args->vm)
		ret = -ENOENT;
	else if (vm->queues)
		ret = -EBUSY;
	else
		xa_erase(&gfile->vms, GPUP_VRD_HANDLE_INDEX(args->vm));
	mutex_unlock(&gfile->lock);
	if (!ret)
		guest_vm_close(vm);
	return ret;
}

/**
 * guest_ioctl_vm_get_state() - DRM_IOCTL_GPUP_VM_GET_STATE
 * @drm: DRM device.
 * @data: &struct drm_gpup_vm_get_state.
 * @file: The caller's file.
 *
 * Return: 0, -EINVAL, -ENOENT, -ENODEV.
 */
int guest_ioctl_vm_get_state(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_gpup_vm_get_state *args = data;
	struct guest_timeline_state state;
	struct guest_vm *vm;

	if (args->pad)
		return -EINVAL;
	if (guest_device_is_lost(guest_device_from_drm(drm)))
		return -ENODEV;
	vm = guest_vm_lookup(file->driver_priv, args->vm);
	if (!vm)
		return -ENOENT;
	guest_timeline_state(vm->timeline, &state);
	guest_vm_put(vm);
	args->state = state.error ? DRM_GPUP_VM_LOST : DRM_GPUP_VM_USABLE;
	args->error = -state.error;
	return 0;
}

static bool range_ok(u64 start, u64 size, u64 low, u64 high)
{
	return start >= low && start < high && size <= high - start;
}

/* Everything that the host would refuse, so that it fails before anything is sent. */
static int check_bind_op(const struct guest_device *gdev, const struct drm_gpup_bind_op *op,
			 const struct drm_gem_object *obj)
{
	u64 mask = gdev->adapter.page_size - 1;

	if (!op->size || (op->va | op->size | op->bo_offset) & mask)
		return -EINVAL;
	if (!range_ok(op->va, op->size, gdev->adapter.va_start, gdev->adapter.va_end))
		return -EINVAL;

	switch (op->op) {
	case DRM_GPUP_BIND_MAP:
		if (op->flags & ~DRM_GPUP_BIND_READONLY)
			return -EINVAL;
		return range_ok(op->bo_offset, op->size, 0, obj->size) ? 0 : -EINVAL;
	case DRM_GPUP_BIND_UNMAP:
		return op->flags || op->bo_offset ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}

static int add_bind_op(struct drm_file *file, struct guest_op *op,
		       const struct drm_gpup_bind_op *in, struct gpup_vrd_bind_op *out)
{
	struct drm_gem_object *obj = NULL;

	if (in->pad)
		return -EINVAL;
	if (in->op == DRM_GPUP_BIND_MAP) {
		obj = drm_gem_object_lookup(file, in->handle);
		if (!obj)
			return -ENOENT;
		op->objects[op->object_count++] = obj;
		if (READ_ONCE(guest_bo_from_gem(obj)->error))
			return guest_bo_from_gem(obj)->error;
		out->handle = cpu_to_le32(guest_bo_from_gem(obj)->name.handle);
	} else if (in->handle) {
		return -EINVAL;
	}
	out->op = cpu_to_le32(in->op);
	out->flags = cpu_to_le32(in->flags);
	out->bo_offset = cpu_to_le64(in->bo_offset);
	out->va = cpu_to_le64(in->va);
	out->size = cpu_to_le64(in->size);
	return check_bind_op(op->timeline->gdev, in, obj);
}

static int add_bind_ops(struct drm_file *file, struct guest_vm *vm, struct guest_op *op,
			const struct drm_gpup_bind_op *in, u32 count)
{
	struct gpup_vrd_vm_bind *bind = (void *)op->body;
	struct gpup_vrd_bind_op *out = (void *)(bind + 1);
	int ret = 0;
	u32 i;

	op->objects = kvcalloc(count, sizeof(*op->objects), GFP_KERNEL);
	if (!op->objects)
		return -ENOMEM;
	bind->vm = cpu_to_le32(vm->name.handle);
	bind->ops = cpu_to_le32(count);
	op->body_value = &bind->value;
	op->body_waits = &bind->waits;
	for (i = 0; !ret && i < count; i++)
		ret = add_bind_op(file, op, &in[i], &out[i]);
	return ret;
}

static struct guest_op *prepare_bind(struct drm_file *file, struct guest_vm *vm,
				     const struct drm_gpup_vm_bind *args)
{
	u32 count = args->ops.count;
	struct drm_gpup_bind_op *in;
	struct guest_op *op;
	int ret;

	in = guest_copy_array(&args->ops, sizeof(*in), DRM_GPUP_MAX_BIND_OPS);
	if (IS_ERR_OR_NULL(in))
		return in ? ERR_CAST(in) : ERR_PTR(-EINVAL);

	op = guest_op_create(vm->timeline, vm->name.client, GPUP_VRD_OP_VM_BIND,
			     sizeof(struct gpup_vrd_vm_bind) +
			     count * sizeof(struct gpup_vrd_bind_op), file, &args->syncs);
	if (!IS_ERR(op)) {
		ret = add_bind_ops(file, vm, op, in, count);
		if (ret) {
			guest_op_free(op);
			op = ERR_PTR(ret);
		}
	}
	kvfree(in);
	return op;
}

/**
 * guest_ioctl_vm_bind() - DRM_IOCTL_GPUP_VM_BIND
 * @drm: DRM device.
 * @data: &struct drm_gpup_vm_bind.
 * @file: The caller's file.
 *
 * Return: 0, -EINVAL, -ENOENT, -ENOMEM, -EBUSY, -EIO, -EFAULT, -E2BIG, -ENODEV, and -EINTR or a
 * restart code if a signal came while a synchronous one waited: it is then still
 * carried out, and may be repeated.
 */
int guest_ioctl_vm_bind(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_gpup_vm_bind *args = data;
	bool async = args->flags & DRM_GPUP_VM_BIND_ASYNC;
	struct dma_fence *fence = NULL;
	struct guest_op *op;
	struct guest_vm *vm;
	u64 value;
	int ret;

	if (args->flags & ~DRM_GPUP_VM_BIND_ASYNC)
		return -EINVAL;
	if (!async && args->syncs.count)
		return -EINVAL;
	if (guest_device_is_lost(guest_device_from_drm(drm)))
		return -ENODEV;

	vm = guest_vm_lookup(file->driver_priv, args->vm);
	if (!vm)
		return -ENOENT;
	op = prepare_bind(file, vm, args);
	if (IS_ERR(op)) {
		ret = PTR_ERR(op);
		goto out_vm;
	}
	ret = async ? 0 : guest_op_want_fence(op);
	if (!ret)
		ret = guest_submit(vm->timeline, &op, 1, &value, async ? NULL : &fence);
	if (ret == -ECANCELED)
		ret = -EIO;
	guest_op_free(op);

	if (fence) {
		ret = dma_fence_wait(fence, true);
		if (!ret)
			ret = min(dma_fence_get_status(fence), 0);
		if (ret == -ECANCELED)
			ret = -EIO;
		dma_fence_put(fence);
	}
out_vm:
	guest_vm_put(vm);
	return ret;
}
