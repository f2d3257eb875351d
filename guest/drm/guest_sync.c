// SPDX-License-Identifier: GPL-2.0-only
/*
 * Syncobjs of a submission, and arrays from user space.
 */
#include <linux/dma-fence-array.h>
#include <linux/dma-fence-chain.h>
#include <linux/dma-fence-unwrap.h>
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <drm/drm_syncobj.h>

#include "guest_sync.h"

/**
 * guest_copy_array() - Copy an array from user space
 * @array: The array, whose elements may be longer than ours.
 * @size: Size of our element in bytes, which is that of the first version.
 * @max: Largest number of elements.
 *
 * Return: The elements, for kvfree(); NULL if there are none; ERR_PTR: -EINVAL, -E2BIG if an
 * element holds something beyond @size, -EFAULT, -ENOMEM.
 */
void *guest_copy_array(const struct drm_gpup_obj_array *array, size_t size, u32 max)
{
	const void __user *from = u64_to_user_ptr(array->array);
	void *elements;
	int ret;
	u32 i;

	if (!array->count)
		return NULL;
	if (array->count > max || array->stride < size || array->stride > PAGE_SIZE)
		return ERR_PTR(-EINVAL);

	elements = kvcalloc(array->count, size, GFP_KERNEL);
	if (!elements)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < array->count; i++) {
		ret = copy_struct_from_user(elements + i * size, size,
					    from + (size_t)i * array->stride, array->stride);
		if (ret)
			goto err_free;
	}
	return elements;

err_free:
	kvfree(elements);
	return ERR_PTR(ret);
}

static int add_signal(struct guest_syncs *syncs, struct drm_file *file,
		      const struct drm_gpup_sync *sync)
{
	struct guest_signal *signal = &syncs->signals[syncs->signal_count];

	signal->syncobj = drm_syncobj_find(file, sync->handle);
	if (!signal->syncobj)
		return -ENOENT;
	syncs->signal_count++;
	signal->point = sync->point;
	if (!sync->point)
		return 0;
	signal->chain = dma_fence_chain_alloc();
	return signal->chain ? 0 : -ENOMEM;
}

/*
 * Take the chains and arrays of syncobjs apart. What is left is pending, and of each
 * timeline it is only the last.
 */
static int flatten(struct guest_syncs *syncs, struct dma_fence **fences, u32 count)
{
	struct dma_fence *merged, *fence;
	struct dma_fence_unwrap *cursors;
	struct dma_fence_unwrap cursor;
	u32 n = 0;

	cursors = kcalloc(count, sizeof(*cursors), GFP_KERNEL);
	if (!cursors)
		return -ENOMEM;
	merged = __dma_fence_unwrap_merge(count, fences, cursors);
	kfree(cursors);
	if (!merged)
		return -ENOMEM;

	dma_fence_unwrap_for_each(fence, &cursor, merged)
		n++;
	syncs->deps = kvcalloc(n, sizeof(*syncs->deps), GFP_KERNEL);
	if (!syncs->deps) {
		dma_fence_put(merged);
		return -ENOMEM;
	}
	dma_fence_unwrap_for_each(fence, &cursor, merged)
		if (syncs->dep_count < n && !dma_fence_is_signaled(fence))
			syncs->deps[syncs->dep_count++] = dma_fence_get(fence);
	dma_fence_put(merged);
	return 0;
}

static int check_sync(const struct drm_gpup_sync *sync)
{
	if (sync->flags & ~(DRM_GPUP_SYNC_SIGNAL | DRM_GPUP_SYNC_TIMELINE))
		return -EINVAL;
	/* A timeline has no point zero, and a binary syncobj has no other. */
	if (!!(sync->flags & DRM_GPUP_SYNC_TIMELINE) != !!sync->point)
		return -EINVAL;
	return 0;
}

static int add_all(struct guest_syncs *syncs, struct drm_file *file,
		   const struct drm_gpup_sync *in, u32 count)
{
	struct dma_fence *fences[DRM_GPUP_MAX_SYNCS];
	u32 i, n = 0;
	int ret = 0;

	syncs->signals = kcalloc(count, sizeof(*syncs->signals), GFP_KERNEL);
	if (!syncs->signals)
		ret = -ENOMEM;
	for (i = 0; !ret && i < count; i++) {
		ret = check_sync(&in[i]);
		if (ret)
			break;
		if (in[i].flags & DRM_GPUP_SYNC_SIGNAL)
			ret = add_signal(syncs, file, &in[i]);
		else
			ret = drm_syncobj_find_fence(file, in[i].handle, in[i].point, 0,
						     &fences[n]);
		if (!ret && !(in[i].flags & DRM_GPUP_SYNC_SIGNAL))
			n++;
	}
	if (!ret && n)
		ret = flatten(syncs, fences, n);
	while (n--)
		dma_fence_put(fences[n]);
	return ret;
}

/**
 * guest_syncs_init() - Look up the syncobjs of a submission
 * @syncs: Zeroed; guest_syncs_fini() must be called also on failure.
 * @file: The caller's file.
 * @array: Array of &struct drm_gpup_sync.
 *
 * Return: 0, -EINVAL also for a wait for a syncobj without a fence, -ENOENT, -ENOMEM,
 * -E2BIG, -EFAULT.
 */
int guest_syncs_init(struct guest_syncs *syncs, struct drm_file *file,
		     const struct drm_gpup_obj_array *array)
{
	struct drm_gpup_sync *in;
	int ret;

	in = guest_copy_array(array, sizeof(*in), DRM_GPUP_MAX_SYNCS);
	if (IS_ERR_OR_NULL(in))
		return PTR_ERR_OR_ZERO(in);
	ret = add_all(syncs, file, in, array->count);
	kvfree(in);
	return ret;
}

/**
 * guest_syncs_signal() - Attach a fence to all syncobjs that are to be signalled
 * @syncs: From guest_syncs_init().
 * @fence: The fence.
 *
 * Does not allocate, sleep or fail.
 */
void guest_syncs_signal(struct guest_syncs *syncs, struct dma_fence *fence)
{
	u32 i;

	for (i = 0; i < syncs->signal_count; i++) {
		struct guest_signal *signal = &syncs->signals[i];

		if (signal->chain) {
			drm_syncobj_add_point(signal->syncobj, signal->chain, fence,
					      signal->point);
			signal->chain = NULL;
		} else {
			drm_syncobj_replace_fence(signal->syncobj, fence);
		}
	}
}

/**
 * guest_syncs_fini() - Let go of syncobjs and fences
 * @syncs: From guest_syncs_init(), or zeroed.
 */
void guest_syncs_fini(struct guest_syncs *syncs)
{
	u32 i;

	for (i = 0; i < syncs->dep_count; i++)
		dma_fence_put(syncs->deps[i]);
	for (i = 0; i < syncs->signal_count; i++) {
		dma_fence_chain_free(syncs->signals[i].chain);
		drm_syncobj_put(syncs->signals[i].syncobj);
	}
	kvfree(syncs->deps);
	kfree(syncs->signals);
}
