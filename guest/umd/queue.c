// SPDX-License-Identifier: MIT
/* libgpup: queues. */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>

#include "private.h"

_Static_assert((int)GPUP_ENGINE_CLASSES == (int)DRM_GPUP_ENGINE_CLASSES, "passed on as it is");
_Static_assert((int)GPUP_ENGINE_COPY == (int)DRM_GPUP_ENGINE_COPY, "passed on as it is");
_Static_assert((int)GPUP_PRIORITY_HIGH == (int)DRM_GPUP_QUEUE_PRIORITY_HIGH,
	       "passed on as it is");

int gpup_queue_create(struct gpup_vm *vm, enum gpup_engine_class engine_class,
		      enum gpup_priority priority, struct gpup_queue **result)
{
	struct drm_gpup_queue_create args = {
		.vm = vm->handle,
		.engine_class = engine_class,
		.priority = priority,
	};
	struct gpup_queue *queue;
	int ret;

	queue = calloc(1, sizeof(*queue));
	if (!queue)
		return -ENOMEM;
	queue->vm = vm;

	ret = timeline_init(&queue->timeline, vm->device);
	if (ret)
		goto err_free;
	ret = umd_ioctl(vm->device, DRM_IOCTL_GPUP_QUEUE_CREATE, &args);
	if (ret)
		goto err_timeline;

	queue->handle = args.queue;
	pthread_mutex_init(&queue->lock, NULL);
	*result = queue;
	return 0;

err_timeline:
	timeline_fini(&queue->timeline);
err_free:
	free(queue);
	return ret;
}

void gpup_queue_destroy(struct gpup_queue *queue)
{
	struct drm_gpup_queue_destroy args;

	if (!queue)
		return;
	args = (struct drm_gpup_queue_destroy) { .queue = queue->handle };
	umd_ioctl(queue->vm->device, DRM_IOCTL_GPUP_QUEUE_DESTROY, &args);
	timeline_fini(&queue->timeline);
	pthread_mutex_destroy(&queue->lock);
	free(queue);
}

int gpup_queue_submit(struct gpup_queue *queue, struct gpup_cmdbuf *cmdbuf,
		      const struct gpup_fence *waits, size_t wait_count,
		      const struct gpup_fence *signals, size_t signal_count, uint64_t *value)
{
	struct drm_gpup_sync syncs[GPUP_MAX_FENCES + 1];
	struct drm_gpup_job job = { 0 };
	struct drm_gpup_queue_submit args = {
		.queue = queue->handle,
		.jobs = DRM_GPUP_OBJ_ARRAY(1, &job),
	};
	struct gpup_fence own = { .timeline = &queue->timeline };
	int count, ret;

	if (cmdbuf) {
		if (cmdbuf->error)
			return cmdbuf->error;
		/* An address means nothing in another address space. */
		if (cmdbuf->vm != queue->vm)
			return -EINVAL;
		job.stream_addr = cmdbuf->used ? cmdbuf->va : 0;
		job.stream_size = (uint32_t)cmdbuf->used;
	}

	count = umd_syncs(syncs, waits, wait_count, signals, signal_count);
	if (count < 0)
		return count;

	/* The points of a timeline must be handed to the kernel in their order. */
	pthread_mutex_lock(&queue->lock);
	own.value = queue->submitted + 1;
	umd_syncs(&syncs[count], NULL, 0, &own, 1);
	job.syncs = (struct drm_gpup_obj_array)DRM_GPUP_OBJ_ARRAY((uint32_t)count + 1, syncs);
	ret = umd_ioctl(queue->vm->device, DRM_IOCTL_GPUP_QUEUE_SUBMIT, &args);
	if (!ret)
		queue->submitted = own.value;
	pthread_mutex_unlock(&queue->lock);

	if (!ret && value)
		*value = own.value;
	return ret;
}

struct gpup_timeline *gpup_queue_timeline(struct gpup_queue *queue)
{
	return &queue->timeline;
}

int gpup_queue_get_state(struct gpup_queue *queue, struct gpup_queue_state *state)
{
	struct drm_gpup_queue_get_state args = { .queue = queue->handle };
	int ret;

	ret = umd_ioctl(queue->vm->device, DRM_IOCTL_GPUP_QUEUE_GET_STATE, &args);
	if (ret)
		return ret;

	*state = (struct gpup_queue_state) {
		.banned = args.state != DRM_GPUP_QUEUE_RUNNING,
		.error = -(int)args.error,
		.fault_va = args.fault_addr,
		.completed = args.completed,
		.submitted = args.submitted,
	};
	return 0;
}

/*
 * To sleep and be woken costs more than a short job does, in a virtual machine above all: its
 * processor is halted, and then interrupted. So a wait looks for a while first. How long that
 * pays off is learnt as the kernel's haltpoll governor does it: for longer if a sleep was short,
 * not at all if it was long.
 */
#define POLL_MIN_NS	INT64_C(10000)
#define POLL_MAX_NS	INT64_C(200000)

static void learn(struct gpup_queue *queue, int64_t slept)
{
	int64_t poll = atomic_load(&queue->poll_ns);

	if (slept > POLL_MAX_NS)
		poll = 0;
	else if (slept > poll)
		poll = poll ? 2 * poll : POLL_MIN_NS;
	atomic_store(&queue->poll_ns, poll > POLL_MAX_NS ? POLL_MAX_NS : poll);
}

/* Whoever else wants the processor gets it between two looks. */
static int look(struct gpup_queue *queue, uint64_t value, int64_t end,
		struct gpup_queue_state *state)
{
	int ret;

	for (;;) {
		ret = gpup_queue_get_state(queue, state);
		if (ret || state->banned || state->completed >= value || umd_now() >= end)
			return ret;
		sched_yield();
	}
}

int gpup_queue_wait(struct gpup_queue *queue, uint64_t value, int64_t timeout)
{
	int64_t start, poll = atomic_load(&queue->poll_ns);
	struct gpup_queue_state state;
	uint64_t good;
	int ret;

	good = atomic_load(&queue->good);
	if (value <= good)
		return 0;

	start = umd_now();
	if (timeout >= 0 && poll > timeout)
		poll = timeout;
	ret = look(queue, value, start + poll, &state);
	if (ret)
		return ret;
	if (!state.banned && state.completed < value) {
		if (timeout > 0)
			timeout = timeout > poll ? timeout - poll : 0;
		ret = gpup_timeline_wait(&queue->timeline, value, timeout);
		if (ret)
			return ret;
		learn(queue, umd_now() - start);
		/* Fences of failed jobs signal, too; the queue knows whether there is one. */
		ret = gpup_queue_get_state(queue, &state);
		if (ret)
			return ret;
	}
	if (state.banned)
		return state.error ? state.error : -EIO;

	while (value > good && !atomic_compare_exchange_weak(&queue->good, &good, value))
		;
	return 0;
}
