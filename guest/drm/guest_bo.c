// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffer objects.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_prime.h>

#include "guest_bo.h"
#include "guest_call.h"
#include "guest_device.h"
#include "guest_query.h"

/**
 * DOC: Objects in video memory are not waited for
 *
 * Nobody but this kernel takes video memory of the VM's partition, so it knows what there is:
 * the limit is in the memory status, and what was taken is counted in
 * &guest_device.vram_taken, from before an object's creation is sent until its destruction was
 * answered. While there is room for sure, creation is posted. Near the limit, and without
 * memory status, the device is asked, and its answer is the program's.
 *
 * A device may refuse what was posted: the operator has just lowered the limit, or the host is
 * out of memory itself. Then the object is none; to bind it fails with the device's error if
 * that is known by then, else the address space is lost, and an access by the CPU is a SIGBUS.
 */

static struct guest_bo *bo_from_name(struct guest_name *name)
{
	return container_of(name, struct guest_bo, name);
}

static void bo_prepare(struct guest_name *name)
{
	guest_aperture_unmap(bo_from_name(name));
}

static void bo_gone(struct guest_name *name)
{
	struct guest_bo *bo = bo_from_name(name);

	guest_pages_put(bo);
	if (bo->flags & DRM_GPUP_BO_VRAM)
		atomic64_sub(bo->base.size, &name->gdev->vram_taken);
	drm_gem_object_release(&bo->base);
	kfree(bo);
}

static void bo_created(struct guest_name *name, int error)
{
	struct guest_bo *bo = bo_from_name(name);

	WRITE_ONCE(bo->error, error);
	if (bo->posted)
		atomic_dec(&name->gdev->creating);
}

static const struct guest_name_ops bo_name_ops = {
	.destroy = GPUP_VRD_OP_BO_DESTROY,
	.created = bo_created,
	.prepare = bo_prepare,
	.gone = bo_gone,
};

/* The last reference is gone, and with it all handles, mappings and dma-bufs. */
static void bo_free(struct drm_gem_object *obj)
{
	guest_name_destroy(&guest_bo_from_gem(obj)->name);
}

static int bo_mmap(struct drm_gem_object *obj, struct vm_area_struct *vma)
{
	struct guest_bo *bo = guest_bo_from_gem(obj);

	if (bo->flags & DRM_GPUP_BO_NO_MMAP)
		return -EINVAL;
	/* Page frames without a struct page cannot be copied on write. */
	if ((vma->vm_flags & (VM_SHARED | VM_MAYWRITE)) == VM_MAYWRITE)
		return -EINVAL;

	vm_flags_set(vma, VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_page_prot = vm_get_page_prot(vma->vm_flags);
	if (bo->flags & DRM_GPUP_BO_VRAM) {
		/*
		 * Write-combining, as the BAR is prefetchable: it is right for a GPU whose
		 * memory is behind a bus, and streams well where the host backs the
		 * BAR with its own memory. Reads are slow where the processor honours it;
		 * what is read back belongs into guest memory.
		 */
		vm_flags_set(vma, VM_IO);
		vma->vm_page_prot = pgprot_writecombine(vma->vm_page_prot);
	}
	return 0;
}

static struct sg_table *bo_get_sg_table(struct drm_gem_object *obj)
{
	return drm_prime_pages_to_sg(obj->dev, guest_bo_from_gem(obj)->pages,
				     obj->size >> PAGE_SHIFT);
}

static const struct vm_operations_struct vram_vm_ops = {
	.open = drm_gem_vm_open,
	.close = drm_gem_vm_close,
	.fault = guest_aperture_fault,
};

static const struct vm_operations_struct system_vm_ops = {
	.open = drm_gem_vm_open,
	.close = drm_gem_vm_close,
	.fault = guest_pages_fault,
};

/* A dma-buf of video memory goes to other processes, but not to other devices. */
static const struct drm_gem_object_funcs vram_funcs = {
	.free = bo_free,
	.mmap = bo_mmap,
	.vm_ops = &vram_vm_ops,
};

static const struct drm_gem_object_funcs system_funcs = {
	.free = bo_free,
	.mmap = bo_mmap,
	.get_sg_table = bo_get_sg_table,
	.vm_ops = &system_vm_ops,
};

/* Freed by its last reference, whatever of it has failed. */
static struct guest_bo *alloc_bo(struct guest_device *gdev, u64 size, u32 flags)
{
	struct guest_bo *bo = kzalloc(sizeof(*bo), GFP_KERNEL);
	int ret = 0;

	if (!bo)
		return ERR_PTR(-ENOMEM);
	bo->flags = flags;
	INIT_LIST_HEAD(&bo->aperture_link);
	INIT_LIST_HEAD(&bo->system_link);
	if (flags & DRM_GPUP_BO_VRAM) {
		bo->base.funcs = &vram_funcs;
		drm_gem_private_object_init(&gdev->drm, &bo->base, size);
		/* Before anybody asks for room: what others ask for at the same time counts. */
		atomic64_add(size, &gdev->vram_taken);
	} else {
		bo->base.funcs = &system_funcs;
		ret = drm_gem_object_init(&gdev->drm, &bo->base, size);
	}
	if (ret) {
		/* There is no file yet to account its memory to. */
		kfree(bo);
		return ERR_PTR(ret);
	}
	return bo;
}

/* Whether the device has room for it, and for all others that it has or will have. */
static bool has_room(struct guest_bo *bo)
{
	struct guest_device *gdev = bo->name.gdev;
	struct drm_gpup_memory_info info;

	return !guest_query_memory_page(gdev, &info) &&
	       (u64)atomic64_read(&gdev->vram_taken) <= info.vram_max;
}

static int post_create(struct guest_bo *bo, const struct gpup_vrd_bo_create *body)
{
	struct guest_device *gdev = bo->name.gdev;
	int ret;

	bo->posted = true;
	atomic_inc(&gdev->creating);
	ret = guest_name_create(&bo->name, GPUP_VRD_OP_BO_CREATE, body, sizeof(*body));
	if (ret)
		atomic_dec(&gdev->creating);
	return ret;
}

static int send_create(struct guest_bo *bo)
{
	struct gpup_vrd_bo_create body = {
		.handle = cpu_to_le32(bo->name.handle),
		.flags = cpu_to_le32(bo->flags),
		.size = cpu_to_le64(bo->base.size),
	};
	struct guest_request *request;
	int ret = 0, create;

	if ((bo->flags & DRM_GPUP_BO_VRAM) && has_room(bo))
		return post_create(bo, &body);
	request = guest_request_start(bo->name.gdev, bo->name.client, GPUP_VRD_OP_BO_CREATE,
				      &body, sizeof(body));
	if (IS_ERR(request))
		return PTR_ERR(request);
	/* The pages go out before the answer is in. */
	if (bo->flags & DRM_GPUP_BO_SYSTEM)
		ret = guest_pages_send(bo);
	create = guest_request_finish(request, NULL, 0);
	return create < 0 ? create : ret;
}

static struct guest_bo *create_bo(struct guest_device *gdev, u64 size, u32 flags)
{
	struct guest_bo *bo;
	int ret;

	bo = alloc_bo(gdev, size, flags);
	if (IS_ERR(bo))
		return bo;
	ret = guest_name_init(&bo->name, gdev, &bo_name_ops, 0);
	/* Guest memory is to be had back soon. */
	if (flags & DRM_GPUP_BO_VRAM)
		bo->name.quiet = gdev->quiet;
	if (!ret && (flags & DRM_GPUP_BO_SYSTEM))
		ret = guest_pages_get(bo);
	if (!ret)
		ret = send_create(bo);
	if (!ret && !(flags & DRM_GPUP_BO_NO_MMAP))
		ret = drm_gem_create_mmap_offset(&bo->base);
	if (ret) {
		drm_gem_object_put(&bo->base);
		return ERR_PTR(ret);
	}
	return bo;
}

static int check_create(const struct guest_device *gdev, u64 *size, u32 flags)
{
	u32 place = flags & (DRM_GPUP_BO_VRAM | DRM_GPUP_BO_SYSTEM);

	if (flags & ~(DRM_GPUP_BO_VRAM | DRM_GPUP_BO_SYSTEM | DRM_GPUP_BO_NO_MMAP))
		return -EINVAL;
	if (place != DRM_GPUP_BO_VRAM && place != DRM_GPUP_BO_SYSTEM)
		return -EINVAL;
	if (!*size || *size > S64_MAX - gdev->adapter.page_size)
		return -EINVAL;
	*size = round_up(*size, gdev->adapter.page_size);
	return place == DRM_GPUP_BO_SYSTEM ? guest_pages_check(*size) : 0;
}

/**
 * guest_ioctl_bo_create() - DRM_IOCTL_GPUP_BO_CREATE
 * @drm: DRM device.
 * @data: &struct drm_gpup_bo_create.
 * @file: The caller's file.
 *
 * Posted if there is room for sure, else called.
 *
 * Return: 0, -EINVAL, -ENOMEM, -ENOSPC, -ENODEV, -EINTR or a restart code.
 */
int guest_ioctl_bo_create(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct guest_device *gdev = guest_device_from_drm(drm);
	struct drm_gpup_bo_create *args = data;
	u64 size = args->size;
	struct guest_bo *bo;
	int ret;

	ret = check_create(gdev, &size, args->flags);
	if (ret)
		return ret;
	bo = create_bo(gdev, size, args->flags);
	if (IS_ERR(bo))
		return PTR_ERR(bo);
	ret = drm_gem_handle_create(file, &bo->base, &args->handle);
	drm_gem_object_put(&bo->base);
	if (!ret)
		args->size = size;
	return ret;
}

/**
 * guest_ioctl_bo_mmap_offset() - DRM_IOCTL_GPUP_BO_MMAP_OFFSET
 * @drm: DRM device.
 * @data: &struct drm_gpup_bo_mmap_offset.
 * @file: The caller's file.
 *
 * Return: 0, -EINVAL also for an object without mappings, -ENOENT.
 */
int guest_ioctl_bo_mmap_offset(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_gpup_bo_mmap_offset *args = data;
	struct drm_gem_object *obj;
	int ret = 0;

	if (args->pad)
		return -EINVAL;
	obj = drm_gem_object_lookup(file, args->handle);
	if (!obj)
		return -ENOENT;
	if (guest_bo_from_gem(obj)->flags & DRM_GPUP_BO_NO_MMAP)
		ret = -EINVAL;
	else
		args->offset = drm_vma_node_offset_addr(&obj->vma_node);
	drm_gem_object_put(obj);
	return ret;
}

/**
 * guest_ioctl_bo_advise() - DRM_IOCTL_GPUP_BO_ADVISE
 * @drm: DRM device.
 * @data: &struct drm_gpup_bo_advise.
 * @file: The caller's file.
 *
 * Called, as the answer tells whether the contents are still there. Nothing of an object is kept
 * here that could outlive its contents: mappings are of its place in the aperture, behind
 * which the host puts what the object has now.
 *
 * Return: 0, -EINVAL, -ENOENT, -ENOMEM, -ENODEV, -EINTR or a restart code.
 */
int guest_ioctl_bo_advise(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_gpup_bo_advise *args = data;
	struct gpup_vrd_bo_advise_reply reply;
	struct gpup_vrd_bo_advise body = {};
	struct drm_gem_object *obj;
	struct guest_bo *bo;
	int ret;

	if (args->pad || args->advice > DRM_GPUP_BO_DONT_NEED)
		return -EINVAL;
	obj = drm_gem_object_lookup(file, args->handle);
	if (!obj)
		return -ENOENT;
	bo = guest_bo_from_gem(obj);
	if (READ_ONCE(bo->error)) {
		ret = bo->error;
		drm_gem_object_put(obj);
		return ret;
	}
	body.handle = cpu_to_le32(bo->name.handle);
	body.advice = cpu_to_le32(args->advice);
	ret = guest_request(bo->name.gdev, bo->name.client, GPUP_VRD_OP_BO_ADVISE, &body,
			    sizeof(body), &reply, sizeof(reply));
	drm_gem_object_put(obj);
	if (ret < 0)
		return ret;
	/* An answer that is too short was filled up with zeroes: nothing is sure to be there. */
	args->retained = !!le32_to_cpu(reply.retained);
	return 0;
}
