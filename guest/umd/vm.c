// SPDX-License-Identifier: MIT
/* libgpup: address spaces. */
#include <errno.h>
#include <stdlib.h>

#include "private.h"

_Static_assert(GPUP_MAP_READONLY == DRM_GPUP_BIND_READONLY, "flags are passed on as they are");
_Static_assert(GPUP_MAX_BINDS == DRM_GPUP_MAX_BIND_OPS, "what the kernel takes");
_Static_assert(GPUP_MAX_FENCES + 1 == DRM_GPUP_MAX_SYNCS, "a queue adds one of its own");

int gpup_vm_create(struct gpup_device *device, struct gpup_vm **result)
{
	struct drm_gpup_vm_create args = { 0 };
	struct gpup_vm *vm;
	int ret;

	vm = calloc(1, sizeof(*vm));
	if (!vm)
		return -ENOMEM;
	vm->device = device;

	ret = va_init(&vm->space, device->adapter.va_start, device->adapter.va_end,
		      device->adapter.page_size);
	if (ret)
		goto err_free;
	ret = umd_ioctl(device, DRM_IOCTL_GPUP_VM_CREATE, &args);
	if (ret)
		goto err_space;

	vm->handle = args.vm;
	pthread_mutex_init(&vm->lock, NULL);
	*result = vm;
	return 0;

err_space:
	va_fini(&vm->space);
err_free:
	free(vm);
	return ret;
}

void gpup_vm_destroy(struct gpup_vm *vm)
{
	struct drm_gpup_vm_destroy args;

	if (!vm)
		return;
	args = (struct drm_gpup_vm_destroy) { .vm = vm->handle };
	umd_ioctl(vm->device, DRM_IOCTL_GPUP_VM_DESTROY, &args);
	pthread_mutex_destroy(&vm->lock);
	va_fini(&vm->space);
	free(vm);
}

int gpup_vm_reserve(struct gpup_vm *vm, uint64_t size, uint64_t align, uint64_t *va)
{
	int ret;

	pthread_mutex_lock(&vm->lock);
	ret = va_alloc(&vm->space, size, align, va);
	pthread_mutex_unlock(&vm->lock);
	return ret;
}

int gpup_vm_release(struct gpup_vm *vm, uint64_t va)
{
	int ret;

	pthread_mutex_lock(&vm->lock);
	ret = va_free(&vm->space, va);
	pthread_mutex_unlock(&vm->lock);
	return ret;
}

static int bind(struct gpup_vm *vm, const struct gpup_bind *binds, size_t count,
		uint32_t flags, const struct drm_gpup_sync *syncs, uint32_t sync_count)
{
	struct drm_gpup_bind_op ops[GPUP_MAX_BINDS];
	struct drm_gpup_vm_bind args = {
		.vm = vm->handle,
		.flags = flags,
		.ops = DRM_GPUP_OBJ_ARRAY((uint32_t)count, ops),
		.syncs = DRM_GPUP_OBJ_ARRAY(sync_count, syncs),
	};
	size_t i;

	if (!count || count > GPUP_MAX_BINDS)
		return -EINVAL;

	for (i = 0; i < count; i++)
		ops[i] = (struct drm_gpup_bind_op) {
			.op = binds[i].bo ? DRM_GPUP_BIND_MAP : DRM_GPUP_BIND_UNMAP,
			.flags = binds[i].flags,
			.handle = binds[i].bo ? binds[i].bo->handle : 0,
			.bo_offset = binds[i].bo_offset,
			.va = binds[i].va,
			.size = binds[i].size,
		};
	return umd_ioctl(vm->device, DRM_IOCTL_GPUP_VM_BIND, &args);
}

int gpup_vm_bind(struct gpup_vm *vm, const struct gpup_bind *binds, size_t count)
{
	return bind(vm, binds, count, 0, NULL, 0);
}

int gpup_vm_bind_async(struct gpup_vm *vm, const struct gpup_bind *binds, size_t count,
		       const struct gpup_fence *waits, size_t wait_count,
		       const struct gpup_fence *signals, size_t signal_count)
{
	struct drm_gpup_sync syncs[GPUP_MAX_FENCES];
	int sync_count;

	sync_count = umd_syncs(syncs, waits, wait_count, signals, signal_count);
	if (sync_count < 0)
		return sync_count;
	return bind(vm, binds, count, DRM_GPUP_VM_BIND_ASYNC, syncs, (uint32_t)sync_count);
}

int gpup_vm_map(struct gpup_vm *vm, struct gpup_bo *bo, uint32_t flags, uint64_t *va)
{
	struct gpup_bind map = { .bo = bo, .size = bo->size, .flags = flags };
	int ret;

	ret = gpup_vm_reserve(vm, bo->size, 0, &map.va);
	if (ret)
		return ret;
	ret = gpup_vm_bind(vm, &map, 1);
	if (ret)
		gpup_vm_release(vm, map.va);
	else
		*va = map.va;
	return ret;
}

int gpup_vm_unmap(struct gpup_vm *vm, uint64_t va)
{
	struct gpup_bind unmap = { .va = va };
	int ret;

	pthread_mutex_lock(&vm->lock);
	unmap.size = va_size(&vm->space, va);
	pthread_mutex_unlock(&vm->lock);
	if (!unmap.size)
		return -ENOENT;

	ret = gpup_vm_bind(vm, &unmap, 1);
	if (ret)
		return ret;
	return gpup_vm_release(vm, va);
}

int gpup_vm_error(struct gpup_vm *vm)
{
	struct drm_gpup_vm_get_state args = { .vm = vm->handle };
	int ret;

	ret = umd_ioctl(vm->device, DRM_IOCTL_GPUP_VM_GET_STATE, &args);
	if (ret)
		return ret;
	if (args.state == DRM_GPUP_VM_USABLE)
		return 0;
	return args.error ? -(int)args.error : -EIO;
}
