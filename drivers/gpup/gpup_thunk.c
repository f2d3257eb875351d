// SPDX-License-Identifier: GPL-2.0-only
/*
 * Thunks: what a client can ask for.
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "gpup_thunk.h"
#include "gpup_trace.h"

/**
 * DOC: Thunks
 *
 * A request reaches gpup as an ioctl on the host's render node, or as a message on
 * the ring of a VRD. Each of the two ways takes its own kind of arguments apart
 * (user pointers and file descriptors here, little-endian messages there), finds the
 * buffer objects, and then calls one of the functions in this file. Behind them
 * nobody can tell who has called.
 *
 * All of them may sleep, but for a bounded time only: they never wait for user space or for a
 * guest. Where an object that they need is just being moved they wait for that, and with it for
 * the jobs that it waits for, which end by themselves or by their timeout. A client of
 * the host that submits a job waits likewise for the memory of the job.
 */

/**
 * gpup_thunk_query() - Answer a query
 * @partition: Partition of the client.
 * @type: One of &enum drm_gpup_query.
 * @result: Receives the answer, all of it zeroed first.
 *
 * Return: Size of the answer in bytes, or -EINVAL for an unknown type.
 */
int gpup_thunk_query(struct gpup_partition *partition, u32 type,
		     union gpup_query_result *result)
{
	struct gpup_adapter *adapter = partition->adapter;
	const struct gpup_adapter_caps *caps = &adapter->caps;
	struct gpup_sched_stats stats;
	int i, n = 0;

	memset(result, 0, sizeof(*result));
	switch (type) {
	case DRM_GPUP_QUERY_ADAPTER:
		strscpy(result->adapter.name, caps->name, sizeof(result->adapter.name));
		strscpy(result->adapter.isa, caps->isa, sizeof(result->adapter.isa));
		result->adapter.vram_size = caps->vram_size;
		if (partition->is_virtual) {
			struct drm_gpup_memory_info mem;

			gpup_vidmm_partition_usage(&partition->mm, &mem);
			result->adapter.vram_size = mem.vram_max;
			result->adapter.is_virtual = 1;
		}
		result->adapter.va_start = caps->va_start;
		result->adapter.va_end = caps->va_end;
		result->adapter.page_size = caps->page_size;
		result->adapter.timestamp_frequency = caps->timestamp_frequency;
		return sizeof(result->adapter);

	case DRM_GPUP_QUERY_ENGINES:
		gpup_sched_partition_stats(&partition->sched, &stats);
		for (i = 0; i < DRM_GPUP_ENGINE_CLASSES; i++) {
			if (!caps->engines[i])
				continue;
			result->engines[n].engine_class = i;
			result->engines[n].count = caps->engines[i];
			result->engines[n].gpu_time = stats.gpu_ns[i];
			result->engines[n].jobs = stats.jobs[i];
			n++;
		}
		return n * sizeof(result->engines[0]);

	case DRM_GPUP_QUERY_MEMORY:
		gpup_vidmm_partition_usage(&partition->mm, &result->memory);
		return sizeof(result->memory);

	case DRM_GPUP_QUERY_PARTITION:
		gpup_partition_info(partition, &result->partition);
		return sizeof(result->partition);
	}
	return -EINVAL;
}
EXPORT_SYMBOL_GPL(gpup_thunk_query);

/**
 * gpup_thunk_bo_check() - Check the properties of a new buffer object
 * @partition: Partition of the client.
 * @size: Size that was asked for in bytes; rounded up to whole pages.
 * @flags: &enum drm_gpup_bo_flags.
 *
 * Return: 0 or -EINVAL.
 */
int gpup_thunk_bo_check(struct gpup_partition *partition, u64 *size, u32 flags)
{
	u64 page_size = partition->adapter->caps.page_size;
	u32 place = flags & (DRM_GPUP_BO_VRAM | DRM_GPUP_BO_SYSTEM);

	if (flags & ~(DRM_GPUP_BO_VRAM | DRM_GPUP_BO_SYSTEM | DRM_GPUP_BO_NO_MMAP))
		return -EINVAL;
	if (place != DRM_GPUP_BO_VRAM && place != DRM_GPUP_BO_SYSTEM)
		return -EINVAL;
	/* Half of the range is far more than there is, and leaves room for sums. */
	if (!*size || *size > S64_MAX - page_size)
		return -EINVAL;
	*size = round_up(*size, page_size);
	return 0;
}
EXPORT_SYMBOL_GPL(gpup_thunk_bo_check);

/**
 * gpup_thunk_bo_create() - Create a buffer object
 * @partition: Partition of the client.
 * @size: Size in bytes; rounded up to whole pages.
 * @flags: &enum drm_gpup_bo_flags.
 *
 * Return: The object, whose contents are zero, or ERR_PTR: -EINVAL, -ENOMEM over
 * the partition's limit or without memory.
 */
struct gpup_bo *gpup_thunk_bo_create(struct gpup_partition *partition, u64 size, u32 flags)
{
	int ret = gpup_thunk_bo_check(partition, &size, flags);

	if (ret)
		return ERR_PTR(ret);
	return gpup_bo_create(&partition->mm, size, flags);
}
EXPORT_SYMBOL_GPL(gpup_thunk_bo_create);

static int name_object(struct gpup_client *client, enum gpup_object_type type, void *object,
		       u32 *handle)
{
	if (*handle)
		return gpup_handle_install(client->handles, *handle, type, client, object);
	return gpup_handle_alloc(client->handles, type, client, object, handle);
}

/**
 * gpup_thunk_vm_create() - Create an address space
 * @client: The client.
 * @handle: In: handle that it shall have, or zero for any. Out: its handle.
 * @notifier: Told about its binds, or NULL.
 *
 * Return: 0, -ENOSPC, -ENOMEM, and as gpup_handle_install().
 */
int gpup_thunk_vm_create(struct gpup_client *client, u32 *handle,
			 const struct gpup_notifier *notifier)
{
	struct gpup_timeline *timeline;
	struct gpup_vm *vm;
	int ret;

	timeline = gpup_timeline_create(notifier ? notifier->notify : NULL,
					notifier ? notifier->data : NULL);
	if (IS_ERR(timeline))
		return PTR_ERR(timeline);

	/* Nobody in the host is promised the end of a virtual machine's job. */
	vm = gpup_vm_create(&client->partition->mm, timeline,
			    client->partition->is_virtual ? client->partition->adapter->sched :
							    NULL);
	gpup_timeline_put(timeline);
	if (IS_ERR(vm))
		return PTR_ERR(vm);

	ret = name_object(client, GPUP_OBJECT_VM, vm, handle);
	if (ret) {
		gpup_vm_close(vm);
		gpup_vm_put(vm);
	}
	return ret;
}
EXPORT_SYMBOL_GPL(gpup_thunk_vm_create);

/**
 * gpup_thunk_vm_destroy() - Destroy an address space
 * @client: The client.
 * @handle: The address space.
 *
 * Return: 0, -ENOENT, -EBUSY while a queue uses it.
 */
int gpup_thunk_vm_destroy(struct gpup_client *client, u32 handle)
{
	struct gpup_vm *vm;

	vm = gpup_handle_remove(client->handles, handle, GPUP_OBJECT_VM, client);
	if (IS_ERR(vm))
		return PTR_ERR(vm);
	gpup_vm_close(vm);
	gpup_vm_put(vm);
	return 0;
}
EXPORT_SYMBOL_GPL(gpup_thunk_vm_destroy);

/*
 * The caller has made the fence for what the handle named then. It may have been destroyed since,
 * and the handle be that of another.
 */
static bool fence_fits(const struct gpup_submission *sub, const struct gpup_timeline *tl)
{
	return !sub->fence || gpup_fence_is_on(sub->fence, tl);
}

/**
 * gpup_thunk_vm_bind() - Map and unmap ranges of an address space
 * @client: The client.
 * @handle: The address space.
 * @ops: Operations, carried out in order; objects are only borrowed.
 * @count: Number of operations, 1 to DRM_GPUP_MAX_BIND_OPS.
 * @sub: What it waits for, and its place on the timeline. On failure the fence
 *	is still the caller's.
 *
 * Return: 0 when it is queued, -ENOENT also if the fence is not over this address space,
 * -EINVAL, -ENOMEM, -EIO when the address space is lost, -EBUSY with too many in flight.
 */
int gpup_thunk_vm_bind(struct gpup_client *client, u32 handle, const struct gpup_bind_op *ops,
		       unsigned int count, struct gpup_submission *sub)
{
	struct gpup_vm *vm;
	int ret;

	if (!count || count > DRM_GPUP_MAX_BIND_OPS || sub->wait_count > DRM_GPUP_MAX_SYNCS)
		return -EINVAL;
	vm = gpup_handle_get(client->handles, handle, GPUP_OBJECT_VM, client);
	if (!vm)
		return -ENOENT;
	if (fence_fits(sub, gpup_vm_timeline(vm)))
		ret = gpup_vm_bind(vm, ops, count, sub->waits, sub->wait_count, sub->fence,
				   &sub->value);
	else
		ret = -ENOENT;
	gpup_vm_put(vm);
	return ret;
}
EXPORT_SYMBOL_GPL(gpup_thunk_vm_bind);

/**
 * gpup_thunk_vm_fail() - Mark an address space as lost
 * @client: The client.
 * @handle: The address space.
 * @error: Why, a negative errno.
 *
 * For requests that nobody waits for and that could not be carried out.
 *
 * Return: 0 or -ENOENT.
 */
int gpup_thunk_vm_fail(struct gpup_client *client, u32 handle, int error)
{
	struct gpup_vm *vm;

	vm = gpup_handle_get(client->handles, handle, GPUP_OBJECT_VM, client);
	if (!vm)
		return -ENOENT;
	gpup_vm_fail(vm, error);
	gpup_vm_put(vm);
	return 0;
}
EXPORT_SYMBOL_GPL(gpup_thunk_vm_fail);

static int charge_vm(void *data, s64 bytes)
{
	return gpup_vm_charge(data, bytes);
}

static void release_vm(void *data)
{
	gpup_vm_put(data);
}

/**
 * gpup_thunk_queue_create() - Create a queue
 * @client: The client.
 * @handle: In: handle that it shall have, or zero for any. Out: its handle.
 * @vm_handle: Address space of its jobs.
 * @engine_class: One of &enum drm_gpup_engine_class.
 * @priority: One of &enum drm_gpup_queue_priority.
 * @notifier: Told about its jobs, or NULL.
 *
 * Return: 0, -EINVAL for a class that the adapter lacks, -ENOENT, -ENOSPC, -ENOMEM,
 * and as gpup_handle_install().
 */
int gpup_thunk_queue_create(struct gpup_client *client, u32 *handle, u32 vm_handle,
			    u32 engine_class, u32 priority,
			    const struct gpup_notifier *notifier)
{
	struct gpup_queue_params params = {
		.charge = charge_vm,
		.release = release_vm,
		.label = client->label,
	};
	struct gpup_queue *queue;
	struct gpup_vm *vm;
	int ret;

	if (engine_class >= DRM_GPUP_ENGINE_CLASSES || priority > DRM_GPUP_QUEUE_PRIORITY_HIGH)
		return -EINVAL;
	/* A guest chooses them, and they are indices from here on. */
	params.engine_class = array_index_nospec(engine_class, DRM_GPUP_ENGINE_CLASSES);
	params.priority = array_index_nospec(priority, DRM_GPUP_QUEUE_PRIORITY_HIGH + 1);
	if (!client->partition->adapter->caps.engines[params.engine_class])
		return -EINVAL;

	vm = gpup_handle_get(client->handles, vm_handle, GPUP_OBJECT_VM, client);
	if (!vm)
		return -ENOENT;

	params.timeline = gpup_timeline_create(notifier ? notifier->notify : NULL,
					       notifier ? notifier->data : NULL);
	if (IS_ERR(params.timeline)) {
		ret = PTR_ERR(params.timeline);
		goto err_vm;
	}
	params.as = gpup_vm_hw_as(vm);
	params.group = gpup_vm_group(vm);
	params.release_data = vm;
	queue = gpup_queue_create(&client->partition->sched, &params);
	gpup_timeline_put(params.timeline);
	if (IS_ERR(queue)) {
		ret = PTR_ERR(queue);
		goto err_vm;
	}
	/* From here on the queue holds the address space. */

	/* Once it has a name, another thread of the client may destroy it. */
	gpup_queue_get(queue);
	ret = name_object(client, GPUP_OBJECT_QUEUE, queue, handle);
	if (ret)
		goto err_queue;
	gpup_queue_set_name(queue, *handle);
	gpup_queue_put(queue);
	ret = gpup_handle_set_parent(client->handles, *handle, vm_handle);
	if (ret) {
		/* Another thread of the client was faster with destroying one of them. */
		gpup_thunk_queue_destroy(client, *handle);
		return ret;
	}
	return 0;

err_queue:
	gpup_queue_close(queue);
	gpup_queue_put(queue);
	gpup_queue_put(queue);
	return ret;
err_vm:
	gpup_vm_put(vm);
	return ret;
}
EXPORT_SYMBOL_GPL(gpup_thunk_queue_create);

/**
 * gpup_thunk_queue_destroy() - Destroy a queue
 * @client: The client.
 * @handle: The queue.
 *
 * No job of it runs or will run when this returns.
 *
 * Return: 0 or -ENOENT.
 */
int gpup_thunk_queue_destroy(struct gpup_client *client, u32 handle)
{
	struct gpup_queue *queue;

	queue = gpup_handle_remove(client->handles, handle, GPUP_OBJECT_QUEUE, client);
	if (IS_ERR(queue))
		return PTR_ERR(queue);
	gpup_queue_close(queue);
	atomic64_add(gpup_queue_gpu_time(queue), &client->gpu_time[gpup_queue_class(queue)]);
	gpup_queue_put(queue);
	return 0;
}
EXPORT_SYMBOL_GPL(gpup_thunk_queue_destroy);

static void get_vm(void *data)
{
	gpup_vm_get(data);
}

static bool fences_fit(const struct gpup_job_args *args, unsigned int count,
		       const struct gpup_timeline *tl)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (!fence_fits(&args[i].sub, tl))
			return false;
	return true;
}

/**
 * gpup_thunk_queue_submit() - Queue jobs
 * @client: The client.
 * @handle: The queue.
 * @args: The jobs. On failure their fences are still the caller's. Clients of the host give the
 *	last one a fence.
 * @count: Number of jobs, 1 to DRM_GPUP_MAX_JOBS.
 *
 * Either all jobs are queued or none. For a client of the host, all that is bound in the address
 * space is made resident first, and stays so until the last job has ended.
 *
 * Return: 0, -ENOENT also if a fence is not over this queue, -EINVAL, -ENOMEM also if what is
 * bound cannot be in VRAM at the same time, -EBUSY when the queue is full, -ECANCELED when it is
 * banned, -ERESTARTSYS, -EIO.
 */
int gpup_thunk_queue_submit(struct gpup_client *client, u32 handle,
			    struct gpup_job_args *args, unsigned int count)
{
	struct gpup_job_params *jobs;
	struct gpup_vm_hold *hold;
	struct gpup_queue *queue;
	struct gpup_vm *vm;
	unsigned int i;
	int ret;

	if (!count || count > DRM_GPUP_MAX_JOBS)
		return -EINVAL;
	for (i = 0; i < count; i++) {
		if (!IS_ALIGNED(args[i].stream_addr, 8) || !IS_ALIGNED(args[i].stream_size, 8) ||
		    args[i].stream_size > DRM_GPUP_MAX_STREAM_SIZE ||
		    args[i].sub.wait_count > DRM_GPUP_MAX_SYNCS)
			return -EINVAL;
	}

	jobs = kcalloc(count, sizeof(*jobs), GFP_KERNEL);
	if (!jobs)
		return -ENOMEM;
	for (i = 0; i < count; i++) {
		jobs[i].stream_addr = args[i].stream_addr;
		jobs[i].stream_size = args[i].stream_size;
		jobs[i].waits = args[i].sub.waits;
		jobs[i].wait_count = args[i].sub.wait_count;
		jobs[i].fence = args[i].sub.fence;
		jobs[i].value = args[i].sub.value;
	}

	queue = gpup_handle_get(client->handles, handle, GPUP_OBJECT_QUEUE, client);
	if (!queue) {
		ret = -ENOENT;
		goto out;
	}
	if (!fences_fit(args, count, gpup_queue_timeline(queue))) {
		ret = -ENOENT;
		goto out_queue;
	}
	trace_gpup_submit(client->partition->name, handle, count);
	/* Another thread of the client may destroy both while we wait for memory. */
	vm = gpup_queue_get_data(queue, get_vm);
	if (!vm) {
		ret = -ECANCELED;
		goto out_queue;
	}
	hold = gpup_vm_hold(vm);
	ret = PTR_ERR_OR_ZERO(hold);
	if (!ret) {
		ret = gpup_queue_submit(queue, jobs, count);
		gpup_vm_unhold(hold, ret ? NULL : args[count - 1].sub.fence);
	}
	gpup_vm_put(vm);
out_queue:
	gpup_queue_put(queue);
	for (i = 0; !ret && i < count; i++)
		args[i].sub.value = jobs[i].value;
out:
	kfree(jobs);
	return ret;
}
EXPORT_SYMBOL_GPL(gpup_thunk_queue_submit);

/**
 * gpup_thunk_queue_fail() - Ban a queue
 * @client: The client.
 * @handle: The queue.
 * @error: Why, a negative errno.
 *
 * For requests that nobody waits for and that could not be carried out.
 *
 * Return: 0 or -ENOENT.
 */
int gpup_thunk_queue_fail(struct gpup_client *client, u32 handle, int error)
{
	struct gpup_queue *queue;

	queue = gpup_handle_get(client->handles, handle, GPUP_OBJECT_QUEUE, client);
	if (!queue)
		return -ENOENT;
	gpup_queue_fail(queue, error);
	gpup_queue_put(queue);
	return 0;
}
EXPORT_SYMBOL_GPL(gpup_thunk_queue_fail);

/**
 * gpup_thunk_timeline() - Find the timeline of a queue or of an address space
 * @handles: The table.
 * @handle: The queue or address space.
 * @owner: Client that it must belong to, or NULL for any.
 *
 * Return: The timeline, with a reference for the caller, or NULL.
 */
struct gpup_timeline *gpup_thunk_timeline(struct gpup_handle_table *handles, u32 handle,
					  const struct gpup_client *owner)
{
	struct gpup_timeline *timeline = NULL;
	struct gpup_queue *queue;
	struct gpup_vm *vm;

	queue = gpup_handle_get(handles, handle, GPUP_OBJECT_QUEUE, owner);
	if (queue) {
		timeline = gpup_timeline_get(gpup_queue_timeline(queue));
		gpup_queue_put(queue);
		return timeline;
	}
	vm = gpup_handle_get(handles, handle, GPUP_OBJECT_VM, owner);
	if (vm) {
		timeline = gpup_timeline_get(gpup_vm_timeline(vm));
		gpup_vm_put(vm);
	}
	return timeline;
}
EXPORT_SYMBOL_GPL(gpup_thunk_timeline);
