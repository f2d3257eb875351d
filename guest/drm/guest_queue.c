// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queues and their jobs.
 */
#include <linux/err.h>
#include <linux/slab.h>

#include <drm/drm_file.h>

#include "guest_client.h"
#include "guest_device.h"
#include "guest_submit.h"
#include "guest_trace.h"

static struct guest_queue *queue_from_name(struct guest_name *name)
{
	return container_of(name, struct guest_queue, name);
}

/* The device was told to destroy it: from now on it knows the handle no more. */
static void queue_sending(struct guest_name *name)
{
	queue_from_name(name)->timeline->destroyed = true;
}

static void queue_created(struct guest_name *name, int error)
{
	if (error)
		guest_timeline_end(queue_from_name(name)->timeline, error);
}

static void queue_gone(struct guest_name *name)
{
	struct guest_queue *queue = queue_from_name(name);

	/* No job runs or will run; those that have not ended are cancelled. */
	guest_timeline_free(queue->timeline);
	guest_vm_put(queue->vm);
	kfree(queue);
}

static const struct guest_name_ops queue_ops = {
	.destroy = GPUP_VRD_OP_QUEUE_DESTROY,
	.sending = queue_sending,
	.created = queue_created,
	.gone = queue_gone,
};

static void queue_release(struct kref *ref)
{
	guest_name_destroy(&container_of(ref, struct guest_queue, ref)->name);
}

/**
 * guest_queue_put() - Drop a reference
 * @queue: The queue.
 */
void guest_queue_put(struct guest_queue *queue)
{
	kref_put(&queue->ref, queue_release);
}

/**
 * guest_queue_close() - End the use of a queue
 * @queue: The queue, off its file's table. Drops the table's reference.
 */
void guest_queue_close(struct guest_queue *queue)
{
	guest_submit_close(queue->timeline);
	guest_queue_put(queue);
}

/**
 * guest_queue_lookup() - Find a queue
 * @gfile: The caller's file.
 * @handle: Its handle.
 *
 * Return: The queue, with a reference, or NULL.
 */
struct guest_queue *guest_queue_lookup(struct guest_file *gfile, u32 handle)
{
	struct guest_queue *queue;

	mutex_lock(&gfile->lock);
	queue = xa_load(&gfile->queues, GPUP_VRD_HANDLE_INDEX(handle));
	if (queue && queue->name.handle == handle)
		kref_get(&queue->ref);
	else
		queue = NULL;
	mutex_unlock(&gfile->lock);
	return queue;
}

static int post_queue(struct guest_queue *queue, const struct drm_gpup_queue_create *args)
{
	struct gpup_vrd_queue_create body = {
		.handle = cpu_to_le32(queue->name.handle),
		.vm = cpu_to_le32(queue->vm->name.handle),
		.engine_class = cpu_to_le32(args->engine_class),
		.priority = cpu_to_le32(args->priority),
		.slot = cpu_to_le32(queue->timeline->slot_index),
	};

	return guest_name_create(&queue->name, GPUP_VRD_OP_QUEUE_CREATE, &body, sizeof(body));
}

/* Takes over the caller's reference to the address space, also on failure. */
static struct guest_queue *create_queue(struct guest_device *gdev, struct guest_vm *vm,
					const struct drm_gpup_queue_create *args)
{
	struct guest_timeline *timeline;
	struct guest_queue *queue;
	int ret;

	queue = kzalloc(sizeof(*queue), GFP_KERNEL);
	if (!queue) {
		ret = -ENOMEM;
		goto err_vm;
	}
	timeline = guest_timeline_create(gdev, GUEST_MAX_JOBS);
	if (IS_ERR(timeline)) {
		ret = PTR_ERR(timeline);
		goto err_free;
	}
	kref_init(&queue->ref);
	queue->vm = vm;
	queue->timeline = timeline;
	ret = guest_name_init(&queue->name, gdev, &queue_ops, vm->name.client);
	timeline->handle = queue->name.handle;
	if (!ret)
		ret = post_queue(queue, args);
	if (ret) {
		guest_queue_put(queue);
		return ERR_PTR(ret);
	}
	return queue;

err_free:
	kfree(queue);
err_vm:
	guest_vm_put(vm);
	return ERR_PTR(ret);
}

/* The address space may have been destroyed meanwhile; then the queue is of no use. */
static int install_queue(struct guest_file *gfile, struct guest_queue *queue, u32 vm)
{
	u32 index = GPUP_VRD_HANDLE_INDEX(queue->name.handle);
	int ret = -ENOENT;

	mutex_lock(&gfile->lock);
	if (xa_load(&gfile->vms, GPUP_VRD_HANDLE_INDEX(vm)) == queue->vm) {
		ret = xa_err(xa_store(&gfile->queues, index, queue, GFP_KERNEL));
		if (!ret)
			queue->vm->queues++;
	}
	mutex_unlock(&gfile->lock);
	return ret;
}

/**
 * guest_ioctl_queue_create() - DRM_IOCTL_GPUP_QUEUE_CREATE
 * @drm: DRM device.
 * @data: &struct drm_gpup_queue_create.
 * @file: The caller's file.
 *
 * Posted: if the host refuses, the queue is banned from the beginning.
 *
 * Return: 0, -EINVAL, -ENOENT, -ENOSPC, -ENOMEM, -ENODEV.
 */
int guest_ioctl_queue_create(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct guest_device *gdev = guest_device_from_drm(drm);
	struct drm_gpup_queue_create *args = data;
	struct guest_queue *queue;
	struct guest_vm *vm;
	u32 handle;
	int ret;

	if (args->engine_class >= DRM_GPUP_ENGINE_CLASSES ||
	    !(gdev->engine_classes & BIT(args->engine_class)) ||
	    args->priority > DRM_GPUP_QUEUE_PRIORITY_HIGH)
		return -EINVAL;

	vm = guest_vm_lookup(file->driver_priv, args->vm);
	if (!vm)
		return -ENOENT;
	queue = create_queue(gdev, vm, args);
	if (IS_ERR(queue))
		return PTR_ERR(queue);

	/* Once it is installed, another thread may destroy it. */
	handle = queue->name.handle;
	ret = install_queue(file->driver_priv, queue, args->vm);
	if (ret) {
		guest_queue_put(queue);
		return ret;
	}
	args->queue = handle;
	return 0;
}

/**
 * guest_ioctl_queue_destroy() - DRM_IOCTL_GPUP_QUEUE_DESTROY
 * @drm: DRM device.
 * @data: &struct drm_gpup_queue_destroy.
 * @file: The caller's file.
 *
 * Return: 0, -EINVAL, -ENOENT.
 */
int guest_ioctl_queue_destroy(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct guest_file *gfile = file->driver_priv;
	struct drm_gpup_queue_destroy *args = data;
	struct guest_queue *queue;

	if (args->pad)
		return -EINVAL;

	mutex_lock(&gfile->lock);
	queue = xa_load(&gfile->queues, GPUP_VRD_HANDLE_INDEX(args->queue));
	if (queue && queue->name.handle == args->queue) {
		xa_erase(&gfile->queues, GPUP_VRD_HANDLE_INDEX(args->queue));
		queue->vm->queues--;
	} else {
		queue = NULL;
	}
	mutex_unlock(&gfile->lock);
	if (!queue)
		return -ENOENT;
	guest_queue_close(queue);
	return 0;
}

/**
 * guest_ioctl_queue_get_state() - DRM_IOCTL_GPUP_QUEUE_GET_STATE
 * @drm: DRM device.
 * @data: &struct drm_gpup_queue_get_state.
 * @file: The caller's file.
 *
 * Return: 0, -EINVAL, -ENOENT, -ENODEV.
 */
int guest_ioctl_queue_get_state(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_gpup_queue_get_state *args = data;
	struct guest_timeline_state state;
	struct guest_queue *queue;

	if (args->pad)
		return -EINVAL;
	if (guest_device_is_lost(guest_device_from_drm(drm)))
		return -ENODEV;
	queue = guest_queue_lookup(file->driver_priv, args->queue);
	if (!queue)
		return -ENOENT;
	guest_timeline_state(queue->timeline, &state);
	args->state = state.error ? DRM_GPUP_QUEUE_BANNED : DRM_GPUP_QUEUE_RUNNING;
	args->error = -state.error;
	args->completed = state.completed;
	args->fault_addr = state.fault_addr;
	mutex_lock(&queue->timeline->lock);
	args->submitted = queue->timeline->submitted;
	mutex_unlock(&queue->timeline->lock);
	guest_queue_put(queue);
	return 0;
}

static struct guest_op *prepare_job(struct drm_file *file, struct guest_queue *queue,
				    const struct drm_gpup_job *job)
{
	struct gpup_vrd_queue_submit *body;
	struct guest_op *op;

	if (job->pad || !IS_ALIGNED(job->stream_addr, 8) || !IS_ALIGNED(job->stream_size, 8) ||
	    job->stream_size > DRM_GPUP_MAX_STREAM_SIZE)
		return ERR_PTR(-EINVAL);

	op = guest_op_create(queue->timeline, queue->name.client, GPUP_VRD_OP_QUEUE_SUBMIT,
			     sizeof(*body), file, &job->syncs);
	if (IS_ERR(op))
		return op;
	body = (void *)op->body;
	body->queue = cpu_to_le32(queue->name.handle);
	body->stream_addr = cpu_to_le64(job->stream_addr);
	body->stream_size = cpu_to_le32(job->stream_size);
	op->body_value = &body->value;
	op->body_waits = &body->waits;
	return op;
}

static int submit_jobs(struct drm_file *file, struct guest_queue *queue,
		       const struct drm_gpup_job *jobs, u32 count, u64 *value)
{
	struct guest_op *ops[DRM_GPUP_MAX_JOBS];
	u32 i, n = 0;
	int ret = 0;

	while (n < count) {
		ops[n] = prepare_job(file, queue, &jobs[n]);
		if (IS_ERR(ops[n])) {
			ret = PTR_ERR(ops[n]);
			break;
		}
		n++;
	}
	if (!ret)
		ret = guest_submit(queue->timeline, ops, count, value, NULL);
	for (i = 0; i < n; i++)
		guest_op_free(ops[i]);
	return ret;
}

/**
 * guest_ioctl_queue_submit() - DRM_IOCTL_GPUP_QUEUE_SUBMIT
 * @drm: DRM device.
 * @data: &struct drm_gpup_queue_submit.
 * @file: The caller's file.
 *
 * Return: 0, -EINVAL, -ENOENT, -ENOMEM, -EBUSY, -ECANCELED, -EFAULT, -E2BIG, -ENODEV.
 */
int guest_ioctl_queue_submit(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_gpup_queue_submit *args = data;
	struct guest_queue *queue;
	struct drm_gpup_job *jobs;
	int ret;

	if (args->pad)
		return -EINVAL;
	if (guest_device_is_lost(guest_device_from_drm(drm)))
		return -ENODEV;
	queue = guest_queue_lookup(file->driver_priv, args->queue);
	if (!queue)
		return -ENOENT;
	jobs = guest_copy_array(&args->jobs, sizeof(*jobs), DRM_GPUP_MAX_JOBS);
	if (IS_ERR_OR_NULL(jobs)) {
		ret = jobs ? PTR_ERR(jobs) : -EINVAL;
		goto out_queue;
	}
	trace_gpup_guest_submit(args->queue, args->jobs.count);
	ret = submit_jobs(file, queue, jobs, args->jobs.count, &args->value);
	kvfree(jobs);
out_queue:
	guest_queue_put(queue);
	return ret;
}
