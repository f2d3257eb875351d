// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's ioctls that make the GPU do something: VM_BIND and QUEUE_SUBMIT.
 */
#include <linux/dma-fence-chain.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <drm/drm_drv.h>
#include <drm/drm_gem.h>
#include <drm/drm_syncobj.h>

#include "gpup_drm_driver.h"
#include "gpup_thunk.h"

/**
 * DOC: Submission on the host
 *
 * Everything that can fail is done first: arrays are copied and checked, handles are
 * looked up, fences and chain nodes are allocated. Then the thunk queues the work or
 * refuses it as a whole. Only after that are the fences put into syncobjs, which
 * cannot fail.
 */

/* Elements may have any stride; @size is that of our type, @min of its first version. */
static void *copy_array(const struct drm_gpup_obj_array *in, size_t min, size_t size, u32 max)
{
	void __user *user = u64_to_user_ptr(in->array);
	void *out;
	u32 i;
	int ret;

	if (!in->count)
		return NULL;
	if (in->count > max || in->stride < min || in->stride > PAGE_SIZE)
		return ERR_PTR(-EINVAL);

	out = kvcalloc(in->count, size, GFP_KERNEL);
	if (!out)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < in->count; i++) {
		ret = copy_struct_from_user(out + i * size, size, user + (size_t)i * in->stride,
					    in->stride);
		if (ret) {
			kvfree(out);
			return ERR_PTR(ret);
		}
	}
	return out;
}

/* One syncobj to signal. */
struct sync_signal {
	struct drm_syncobj *syncobj;
	struct dma_fence_chain *chain;
	u64 point;
};

/* The syncs of one job or of one bind. */
struct sync_set {
	struct gpup_wait *waits;
	unsigned int wait_count;
	struct sync_signal *signals;
	unsigned int signal_count;
	struct dma_fence *fence;
};

static void sync_set_fini(struct sync_set *set)
{
	unsigned int i;

	for (i = 0; i < set->wait_count; i++)
		dma_fence_put(set->waits[i].fence);
	for (i = 0; i < set->signal_count; i++) {
		dma_fence_chain_free(set->signals[i].chain);
		drm_syncobj_put(set->signals[i].syncobj);
	}
	kfree(set->waits);
	kfree(set->signals);
}

static int sync_set_add(struct sync_set *set, struct drm_file *file,
			const struct drm_gpup_sync *sync)
{
	struct sync_signal *signal;
	int ret;

	if (sync->flags & ~(DRM_GPUP_SYNC_SIGNAL | DRM_GPUP_SYNC_TIMELINE))
		return -EINVAL;
	/* A timeline has no point zero, and a binary syncobj has no other. */
	if (!!(sync->flags & DRM_GPUP_SYNC_TIMELINE) != !!sync->point)
		return -EINVAL;

	if (!(sync->flags & DRM_GPUP_SYNC_SIGNAL)) {
		ret = drm_syncobj_find_fence(file, sync->handle, sync->point, 0,
					     &set->waits[set->wait_count].fence);
		if (!ret)
			set->wait_count++;
		return ret;
	}

	signal = &set->signals[set->signal_count];
	signal->syncobj = drm_syncobj_find(file, sync->handle);
	if (!signal->syncobj)
		return -ENOENT;
	set->signal_count++;
	signal->point = sync->point;
	if (sync->point) {
		signal->chain = dma_fence_chain_alloc();
		if (!signal->chain)
			return -ENOMEM;
	}
	return 0;
}

/* On failure the caller still calls sync_set_fini(). */
static int sync_set_init(struct sync_set *set, struct drm_file *file,
			 const struct drm_gpup_obj_array *array)
{
	struct drm_gpup_sync *syncs;
	int ret = 0;
	u32 i;

	syncs = copy_array(array, sizeof(*syncs), sizeof(*syncs), DRM_GPUP_MAX_SYNCS);
	if (IS_ERR_OR_NULL(syncs))
		return PTR_ERR_OR_ZERO(syncs);

	set->waits = kcalloc(array->count, sizeof(*set->waits), GFP_KERNEL);
	set->signals = kcalloc(array->count, sizeof(*set->signals), GFP_KERNEL);
	if (!set->waits || !set->signals)
		ret = -ENOMEM;
	for (i = 0; !ret && i < array->count; i++)
		ret = sync_set_add(set, file, &syncs[i]);
	kvfree(syncs);
	return ret;
}

/* Cannot fail: the work is queued already. */
static void sync_set_signal(struct sync_set *set)
{
	unsigned int i;

	for (i = 0; i < set->signal_count; i++) {
		struct sync_signal *signal = &set->signals[i];

		if (signal->chain) {
			drm_syncobj_add_point(signal->syncobj, signal->chain, set->fence,
					      signal->point);
			signal->chain = NULL;
		} else {
			drm_syncobj_replace_fence(signal->syncobj, set->fence);
		}
	}
}

static void put_bind_ops(struct gpup_bind_op *ops, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++)
		if (ops[i].bo)
			gpup_bo_put(ops[i].bo);
	kvfree(ops);
}

static int lookup_bind_op(struct drm_file *file, const struct drm_gpup_bind_op *in,
			  struct gpup_bind_op *out)
{
	struct drm_gem_object *obj;

	if (in->pad)
		return -EINVAL;
	out->op = in->op;
	out->flags = in->flags;
	out->bo_offset = in->bo_offset;
	out->va = in->va;
	out->size = in->size;
	if (in->op != DRM_GPUP_BIND_MAP)
		return in->handle ? -EINVAL : 0;

	obj = drm_gem_object_lookup(file, in->handle);
	if (!obj)
		return -ENOENT;
	out->bo = gpup_bo_from_gem(obj);
	return 0;
}

static struct gpup_bind_op *get_bind_ops(struct drm_file *file,
					 const struct drm_gpup_obj_array *array)
{
	struct drm_gpup_bind_op *in;
	struct gpup_bind_op *out;
	int ret = 0;
	u32 i;

	in = copy_array(array, sizeof(*in), sizeof(*in), DRM_GPUP_MAX_BIND_OPS);
	if (!in)
		return ERR_PTR(-EINVAL);
	if (IS_ERR(in))
		return ERR_CAST(in);

	out = kvcalloc(array->count, sizeof(*out), GFP_KERNEL);
	if (!out)
		ret = -ENOMEM;
	for (i = 0; !ret && i < array->count; i++)
		ret = lookup_bind_op(file, &in[i], &out[i]);
	kvfree(in);
	if (ret) {
		if (out)
			put_bind_ops(out, array->count);
		return ERR_PTR(ret);
	}
	return out;
}

/**
 * gpup_ioctl_vm_bind() - DRM_IOCTL_GPUP_VM_BIND
 * @drm: DRM device.
 * @data: &struct drm_gpup_vm_bind.
 * @file: The caller's file.
 *
 * Return: 0, -EINVAL, -ENOENT, -ENOMEM, -EBUSY, -EIO, -EFAULT, -E2BIG, and -EINTR or a restart
 * code if a signal came while a synchronous one waited: it is then still carried out.
 */
int gpup_ioctl_vm_bind(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_gpup_vm_bind *args = data;
	bool async = args->flags & DRM_GPUP_VM_BIND_ASYNC;
	struct gpup_client *client = gpup_file_client(file);
	struct gpup_submission sub = {};
	struct gpup_timeline *timeline;
	struct sync_set set = {};
	struct gpup_bind_op *ops;
	int ret;

	if (args->flags & ~DRM_GPUP_VM_BIND_ASYNC)
		return -EINVAL;
	if (!async && args->syncs.count)
		return -EINVAL;

	timeline = gpup_thunk_timeline(client->handles, args->vm, client);
	if (!timeline)
		return -ENOENT;
	ops = get_bind_ops(file, &args->ops);
	if (IS_ERR(ops)) {
		ret = PTR_ERR(ops);
		goto out_timeline;
	}
	ret = sync_set_init(&set, file, &args->syncs);
	if (ret)
		goto out_syncs;
	if (!async || set.signal_count) {
		set.fence = gpup_fence_create(timeline);
		if (IS_ERR(set.fence)) {
			ret = PTR_ERR(set.fence);
			goto out_syncs;
		}
	}

	sub.fence = set.fence;
	sub.waits = set.waits;
	sub.wait_count = set.wait_count;
	ret = gpup_thunk_vm_bind(client, args->vm, ops, args->ops.count, &sub);
	if (ret) {
		if (set.fence)
			gpup_fence_abandon(set.fence);
		goto out_syncs;
	}

	sync_set_signal(&set);
	if (!async) {
		ret = dma_fence_wait(set.fence, true);
		if (!ret)
			ret = min(dma_fence_get_status(set.fence), 0);
	}
	dma_fence_put(set.fence);

out_syncs:
	sync_set_fini(&set);
	put_bind_ops(ops, args->ops.count);
out_timeline:
	gpup_timeline_put(timeline);
	return ret;
}

static int prepare_job(struct drm_file *file, struct gpup_timeline *timeline,
		       const struct drm_gpup_job *in, bool needs_fence,
		       struct gpup_job_args *out, struct sync_set *set)
{
	int ret;

	if (in->pad)
		return -EINVAL;
	ret = sync_set_init(set, file, &in->syncs);
	if (ret)
		return ret;
	if (set->signal_count || needs_fence) {
		struct dma_fence *fence = gpup_fence_create(timeline);

		if (IS_ERR(fence))
			return PTR_ERR(fence);
		set->fence = fence;
	}
	out->stream_addr = in->stream_addr;
	out->stream_size = in->stream_size;
	out->sub.fence = set->fence;
	out->sub.waits = set->waits;
	out->sub.wait_count = set->wait_count;
	return 0;
}

/**
 * gpup_ioctl_queue_submit() - DRM_IOCTL_GPUP_QUEUE_SUBMIT
 * @drm: DRM device.
 * @data: &struct drm_gpup_queue_submit.
 * @file: The caller's file.
 *
 * Return: 0, -EINVAL, -ENOENT, -ENOMEM, -EBUSY, -ECANCELED, -EFAULT, -E2BIG, -EIO, and a
 * restart code if a signal came while it waited for VRAM: nothing was queued then.
 */
int gpup_ioctl_queue_submit(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_gpup_queue_submit *args = data;
	struct gpup_client *client = gpup_file_client(file);
	struct gpup_timeline *timeline;
	struct gpup_job_args *jobs;
	struct drm_gpup_job *in;
	struct sync_set *sets;
	int ret = 0;
	u32 i;

	if (args->pad)
		return -EINVAL;
	timeline = gpup_thunk_timeline(client->handles, args->queue, client);
	if (!timeline)
		return -ENOENT;
	in = copy_array(&args->jobs, sizeof(*in), sizeof(*in), DRM_GPUP_MAX_JOBS);
	if (IS_ERR_OR_NULL(in)) {
		ret = in ? PTR_ERR(in) : -EINVAL;
		goto out_timeline;
	}

	jobs = kcalloc(args->jobs.count, sizeof(*jobs), GFP_KERNEL);
	sets = kcalloc(args->jobs.count, sizeof(*sets), GFP_KERNEL);
	if (!jobs || !sets) {
		ret = -ENOMEM;
		goto out_free;
	}
	/* The last one's fence keeps the memory in place for all. */
	for (i = 0; !ret && i < args->jobs.count; i++)
		ret = prepare_job(file, timeline, &in[i], i == args->jobs.count - 1, &jobs[i],
				  &sets[i]);
	if (!ret)
		ret = gpup_thunk_queue_submit(client, args->queue, jobs, args->jobs.count);

	for (i = 0; i < args->jobs.count; i++) {
		if (sets[i].fence && ret) {
			gpup_fence_abandon(sets[i].fence);
		} else if (sets[i].fence) {
			sync_set_signal(&sets[i]);
			dma_fence_put(sets[i].fence);
		}
		sync_set_fini(&sets[i]);
	}
	if (!ret)
		args->value = jobs[args->jobs.count - 1].sub.value;
out_free:
	kfree(sets);
	kfree(jobs);
	kvfree(in);
out_timeline:
	gpup_timeline_put(timeline);
	return ret;
}
