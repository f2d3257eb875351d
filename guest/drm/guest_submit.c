// SPDX-License-Identifier: GPL-2.0-only
/*
 * Submission: what a queue or an address space is told to do.
 */
#include <linux/err.h>
#include <linux/slab.h>

#include <drm/drm_gem.h>

#include "guest_channel.h"
#include "guest_device.h"
#include "guest_submit.h"

/**
 * DOC: Submission in the guest
 *
 * A submission is a message in the command ring, and nothing is waited for but room. What
 * it depends on goes with it: a fence of this device becomes a handle and a value,
 * and the host resolves it. The host must have been told of that value before, which is
 * known under &guest_device.cmd_lock alone.
 *
 * There are fences that cannot be named to the host: those of other drivers or devices,
 * those of a queue that the host was told to destroy, those whose own submission was
 * not sent yet. A submission with such a dependency is *deferred*: it stays with
 * its timeline, and all later ones behind it, until a work item finds nothing but
 * nameable dependencies left. Its fence is out by then, so sending it is part of
 * signalling, and allocates nothing.
 *
 * The host has bounds for what it holds, and could refuse a posted submission only by failing its
 * queue. So what is pending is counted here, and beyond a bound the program gets -EBUSY. A job
 * counts from before it is sent until its slot shows that it has ended; that is looked at when the
 * timeline is used next, and for all timelines when the device seems to be full. What is deferred
 * when its timeline fails is not sent any more, and counts no more.
 */

/**
 * guest_op_want_fence() - See to it that a submission has a fence
 * @op: The submission.
 *
 * Return: 0 or -ENOMEM.
 */
int guest_op_want_fence(struct guest_op *op)
{
	if (!op->fence)
		op->fence = guest_fence_alloc();
	return op->fence ? 0 : -ENOMEM;
}

/* How many waits the message has at most. */
static u32 max_waits(const struct guest_syncs *syncs)
{
	return min_t(u32, syncs->dep_count, DRM_GPUP_MAX_SYNCS);
}

static u32 bytes_of_waits(const struct guest_syncs *syncs)
{
	return max_waits(syncs) * sizeof(struct gpup_vrd_wait);
}

/**
 * guest_op_create() - Prepare a submission
 * @tl: Its timeline.
 * @client: Handle of the client.
 * @opcode: Opcode of its message.
 * @body_size: Size of the body in bytes, without waits.
 * @file: The caller's file.
 * @syncs: Array of &struct drm_gpup_sync.
 *
 * Return: The submission, whose body is zero, for guest_op_free(); ERR_PTR as
 * guest_syncs_init().
 */
struct guest_op *guest_op_create(struct guest_timeline *tl, u32 client, u16 opcode,
				 u32 body_size, struct drm_file *file,
				 const struct drm_gpup_obj_array *syncs)
{
	struct guest_syncs found = {};
	struct guest_op *op;
	int ret;

	ret = guest_syncs_init(&found, file, syncs);
	if (ret)
		goto err_syncs;
	op = kvzalloc(struct_size(op, body, body_size + bytes_of_waits(&found)), GFP_KERNEL);
	if (!op) {
		ret = -ENOMEM;
		goto err_syncs;
	}
	INIT_LIST_HEAD(&op->link);
	op->syncs = found;
	op->timeline = tl;
	op->client = client;
	op->opcode = opcode;
	op->body_size = body_size;
	if (op->syncs.signal_count && guest_op_want_fence(op)) {
		guest_op_free(op);
		return ERR_PTR(-ENOMEM);
	}
	return op;

err_syncs:
	guest_syncs_fini(&found);
	return ERR_PTR(ret);
}

/**
 * guest_op_free() - Free a submission that was sent, or will not be
 * @op: The submission, or NULL.
 */
void guest_op_free(struct guest_op *op)
{
	u32 i;

	if (!op)
		return;
	guest_syncs_fini(&op->syncs);
	/* With a value, the fence is a reference; without, it never became one. */
	if (op->value && op->fence)
		dma_fence_put(&op->fence->base);
	else
		guest_fence_discard(op->fence);
	for (i = 0; i < op->object_count; i++)
		if (op->objects[i])
			drm_gem_object_put(op->objects[i]);
	kvfree(op->objects);
	kvfree(op);
}

/* What the message takes in the ring at most, in bytes. */
static u32 op_bytes(const struct guest_op *op)
{
	return sizeof(struct gpup_vrd_msg) + op->body_size + bytes_of_waits(&op->syncs);
}

enum dep_kind {
	/* Nothing to wait for. */
	DEP_NONE,
	/* The host can wait for it. */
	DEP_NAMED,
	/* Only this kernel can. */
	DEP_LOCAL,
};

static enum dep_kind classify(const struct guest_op *op, struct dma_fence *fence,
			      struct gpup_vrd_wait *wait)
{
	struct guest_device *gdev = op->timeline->gdev;
	enum dep_kind kind = DEP_LOCAL;
	struct guest_timeline *tl;

	lockdep_assert_held(&gdev->cmd_lock);
	if (dma_fence_is_signaled(fence))
		return DEP_NONE;

	rcu_read_lock();
	tl = guest_fence_timeline(fence);
	if (tl == op->timeline) {
		/* Its turn comes before ours anyway. */
		kind = DEP_NONE;
	} else if (tl && tl->gdev == gdev && !tl->destroyed && fence->seqno <= tl->sent) {
		wait->handle = cpu_to_le32(tl->handle);
		wait->value = cpu_to_le64(fence->seqno);
		kind = DEP_NAMED;
	}
	rcu_read_unlock();
	return kind;
}

/*
 * Name to the host what it has to wait for, and write the message. Returns the fence that
 * has to be waited for here instead, and then nothing was written.
 */
static struct dma_fence *write_op(struct guest_op *op)
{
	struct gpup_vrd_wait *waits = (void *)&op->body[op->body_size];
	struct guest_device *gdev = op->timeline->gdev;
	u32 i, size, n = 0;

	for (i = 0; i < op->syncs.dep_count; i++) {
		struct gpup_vrd_wait wait = {};

		switch (classify(op, op->syncs.deps[i], &wait)) {
		case DEP_NONE:
			break;
		case DEP_NAMED:
			if (n < max_waits(&op->syncs)) {
				waits[n++] = wait;
				break;
			}
			fallthrough;
		case DEP_LOCAL:
			return op->syncs.deps[i];
		}
	}

	*op->body_value = cpu_to_le64(op->value);
	*op->body_waits = cpu_to_le32(n);
	size = op->body_size + n * sizeof(*waits);
	guest_cmd_header(gdev, op->client, op->opcode, 0, size, 0);
	guest_cmd_copy(gdev, op->body, size);
	op->timeline->sent = op->value;
	return NULL;
}

/* What it counts for in GPUP_VRD_MAX_PENDING, at most. */
static u8 op_cost(const struct guest_op *op)
{
	BUILD_BUG_ON(1 + DRM_GPUP_MAX_SYNCS > U8_MAX);
	return op->opcode == GPUP_VRD_OP_QUEUE_SUBMIT ? 1 + max_waits(&op->syncs) : 0;
}

static int check_timeline(struct guest_timeline *tl)
{
	struct guest_timeline_state state;

	lockdep_assert_held(&tl->lock);
	if (tl->closed)
		return -ENOENT;
	if (guest_device_is_lost(tl->gdev))
		return -ENODEV;
	guest_timeline_state(tl, &state);
	return state.error ? -ECANCELED : 0;
}

/* Send, or defer. Nothing fails any more. */
static void send_ops(struct guest_timeline *tl, struct guest_op **ops, u32 count, bool defer)
{
	u64 last = tl->submitted;
	bool locked = !defer;
	u32 i;

	for (i = 0; i < count; i++) {
		struct guest_op *op = ops[i];

		op->value = ++tl->submitted;
		if (op->fence)
			guest_fence_arm(op->fence, tl, op->value);
		if (!defer)
			defer = write_op(op);
		if (defer)
			list_add_tail(&op->link, &tl->deferred);
	}
	if (locked)
		guest_cmd_commit_behind(tl->gdev, tl, last);

	for (i = 0; i < count; i++) {
		struct guest_op *op = ops[i];

		if (op->fence)
			guest_syncs_signal(&op->syncs, &op->fence->base);
		/* What was deferred is the timeline's. */
		if (!list_empty(&op->link))
			ops[i] = NULL;
	}
	if (defer)
		queue_work(tl->gdev->wq, &tl->work);
}

/**
 * guest_submit() - Submit jobs or binds, all or none
 * @tl: The timeline.
 * @ops: Submissions. Those that the timeline keeps become NULL; the caller frees the others.
 * @count: Number of submissions, 1 to DRM_GPUP_MAX_JOBS.
 * @value: Receives the value that the last one reaches.
 * @fence: Receives a reference to the last one's fence, which it must have; or NULL.
 *
 * Return: 0; -ENOENT if the timeline is closed, -ECANCELED if it has failed, -EBUSY if too
 * much is pending, -ENODEV, -EINTR or -ERESTARTSYS if the process was killed.
 */
int guest_submit(struct guest_timeline *tl, struct guest_op **ops, u32 count, u64 *value,
		 struct dma_fence **fence)
{
	struct guest_op *last = ops[count - 1];
	u8 costs[DRM_GPUP_MAX_JOBS];
	bool cookie, defer;
	u32 bytes = 0;
	int ret;
	u32 i;

	for (i = 0; i < count; i++) {
		bytes += op_bytes(ops[i]);
		costs[i] = op_cost(ops[i]);
	}

	ret = mutex_lock_killable(&tl->lock);
	if (ret)
		return ret;
	ret = check_timeline(tl);
	if (!ret)
		ret = guest_timeline_reserve(tl, costs, count);
	if (ret)
		goto out_unlock;
	defer = !list_empty(&tl->deferred);
	if (!defer) {
		ret = guest_cmd_begin_killable(tl->gdev, bytes);
		if (ret) {
			guest_timeline_unreserve(tl, count);
			goto out_unlock;
		}
	}

	cookie = dma_fence_begin_signalling();
	send_ops(tl, ops, count, defer);
	dma_fence_end_signalling(cookie);
	*value = last->value;
	if (fence)
		*fence = dma_fence_get(&last->fence->base);

out_unlock:
	mutex_unlock(&tl->lock);
	return ret;
}

static void blocker_signalled(struct dma_fence *fence, struct dma_fence_cb *cb)
{
	struct guest_op *op = container_of(cb, struct guest_op, callback);

	queue_work(op->timeline->gdev->wq, &op->timeline->work);
}

/* Be called back when @blocker signals; false if it has. */
static bool await(struct guest_op *op, struct dma_fence *blocker)
{
	op->blocker = blocker;
	if (!dma_fence_add_callback(blocker, &op->callback, blocker_signalled))
		return true;
	op->blocker = NULL;
	return false;
}

/* Send a deferred submission: 0, -EAGAIN if it waits, -ENODEV. */
static int send_deferred(struct guest_op *op)
{
	struct guest_device *gdev = op->timeline->gdev;
	struct dma_fence *blocker;
	int ret;

	/* We may have been called for another reason than its callback. */
	if (op->blocker) {
		if (!dma_fence_is_signaled(op->blocker))
			return -EAGAIN;
		dma_fence_remove_callback(op->blocker, &op->callback);
		op->blocker = NULL;
	}
	do {
		ret = guest_cmd_begin(gdev, op_bytes(op));
		if (ret)
			return ret;
		blocker = write_op(op);
		if (!blocker) {
			guest_cmd_commit(gdev);
			return 0;
		}
		guest_cmd_abort(gdev);
	} while (!await(op, blocker));
	return -EAGAIN;
}

static void free_ops(struct list_head *ops)
{
	struct guest_op *op, *next;

	list_for_each_entry_safe(op, next, ops, link) {
		list_del(&op->link);
		guest_op_free(op);
	}
}

/*
 * Move all that is deferred to @done, unsent: the failure of the timeline has ended it. These are
 * the last values that were given out.
 */
static void drop_deferred(struct guest_timeline *tl, struct list_head *done)
{
	struct guest_op *op;
	u32 count = 0;

	lockdep_assert_held(&tl->lock);
	list_for_each_entry(op, &tl->deferred, link) {
		if (op->blocker)
			dma_fence_remove_callback(op->blocker, &op->callback);
		count++;
	}
	list_splice_tail_init(&tl->deferred, done);
	guest_timeline_unreserve(tl, count);
}

/**
 * guest_submit_work() - Send what was deferred
 * @work: &guest_timeline.work.
 */
void guest_submit_work(struct work_struct *work)
{
	struct guest_timeline *tl = container_of(work, struct guest_timeline, work);
	struct guest_op *op;
	LIST_HEAD(done);
	bool cookie;

	cookie = dma_fence_begin_signalling();
	mutex_lock(&tl->lock);
	while ((op = list_first_entry_or_null(&tl->deferred, struct guest_op, link))) {
		if (guest_timeline_refuses(tl, op->value)) {
			drop_deferred(tl, &done);
			break;
		}
		/* When the device is lost, the fences are ended by whoever finds out. */
		if (send_deferred(op))
			break;
		list_move_tail(&op->link, &done);
	}
	mutex_unlock(&tl->lock);
	dma_fence_end_signalling(cookie);
	free_ops(&done);
}

/**
 * guest_submit_close() - Take no submissions any more, and forget those not sent
 * @tl: The timeline.
 *
 * May sleep. The fences of what was forgotten signal when the timeline is freed.
 */
void guest_submit_close(struct guest_timeline *tl)
{
	struct guest_op *op;
	LIST_HEAD(dropped);

	mutex_lock(&tl->lock);
	tl->closed = true;
	list_splice_init(&tl->deferred, &dropped);
	mutex_unlock(&tl->lock);

	list_for_each_entry(op, &dropped, link)
		if (op->blocker)
			dma_fence_remove_callback(op->blocker, &op->callback);
	cancel_work_sync(&tl->work);
	free_ops(&dropped);
}
