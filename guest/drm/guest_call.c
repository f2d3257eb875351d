// SPDX-License-Identifier: GPL-2.0-only
/*
 * Called messages: those that the device answers.
 *
 * A process that waits may be killed. What the answer is written to is therefore not the
 * process's, but a record with a count of references; a late answer finds it, and frees it.
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kref.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "guest_call.h"
#include "guest_channel.h"
#include "guest_device.h"

static struct guest_call *find_call(struct guest_device *gdev, u32 sequence)
{
	struct guest_call *call;

	hash_for_each_possible(gdev->calls, call, node, sequence)
		if (call->sequence == sequence)
			return call;
	return NULL;
}

/**
 * guest_call_add() - Await an answer
 * @gdev: The device, between guest_cmd_begin() and guest_cmd_commit().
 * @call: With @done set. The caller will send its message.
 *
 * Nobody answers before the commit, nor is guest_calls_fail() called, so @call stays until then.
 *
 * Return: The sequence number of the message, not zero.
 */
u32 guest_call_add(struct guest_device *gdev, struct guest_call *call)
{
	u32 sequence;

	/* If the device is lost meanwhile, guest_calls_fail() comes after us. */
	lockdep_assert_held(&gdev->cmd_lock);
	spin_lock(&gdev->calls_lock);
	do {
		sequence = ++gdev->sequence;
	} while (!sequence || find_call(gdev, sequence));
	call->sequence = sequence;
	hash_add(gdev->calls, &call->node, sequence);
	spin_unlock(&gdev->calls_lock);
	return sequence;
}

/**
 * guest_call_reply() - An answer has come
 * @gdev: The device.
 * @sequence: Sequence number of the message.
 * @error: Positive errno, or zero.
 * @body: Body of the answer, in our memory.
 * @size: Size of @body in bytes.
 */
void guest_call_reply(struct guest_device *gdev, u32 sequence, u32 error, const void *body,
		      u32 size)
{
	struct guest_call *call;

	spin_lock(&gdev->calls_lock);
	call = find_call(gdev, sequence);
	if (call)
		hash_del(&call->node);
	spin_unlock(&gdev->calls_lock);

	if (call)
		call->done(call, error ? -(int)min_t(u32, error, MAX_ERRNO) : 0, body, size);
}

/**
 * guest_calls_fail() - No answer will come any more
 * @gdev: The device, marked as lost. Nobody is between guest_cmd_begin() and its end.
 */
void guest_calls_fail(struct guest_device *gdev)
{
	struct hlist_node *next;
	struct guest_call *call;
	HLIST_HEAD(failed);
	int bucket;

	spin_lock(&gdev->calls_lock);
	hash_for_each_safe(gdev->calls, bucket, next, call, node) {
		hash_del(&call->node);
		hlist_add_head(&call->node, &failed);
	}
	spin_unlock(&gdev->calls_lock);

	hlist_for_each_entry_safe(call, next, &failed, node) {
		hlist_del_init(&call->node);
		call->done(call, -ENODEV, NULL, 0);
	}
}

/**
 * struct guest_request - A called message that a process waits for
 */
struct guest_request {
	/** @call: Awaits the answer. */
	struct guest_call call;
	/** @ref: References: of the process, and of @call until it is done. */
	struct kref ref;
	/** @done: Completed with the answer. */
	struct completion done;
	/** @error: How it ended. */
	int error;
	/** @size: Size of @reply in bytes. */
	u32 size;
	/** @reply: Body of the answer. */
	u8 reply[GPUP_VRD_EVENT_MAX - sizeof(struct gpup_vrd_event)] __aligned(8);
};

static void request_release(struct kref *ref)
{
	kfree(container_of(ref, struct guest_request, ref));
}

static void request_done(struct guest_call *call, int error, const void *body, u32 size)
{
	struct guest_request *request = container_of(call, struct guest_request, call);

	request->error = error;
	request->size = min_t(u32, size, sizeof(request->reply));
	memcpy(request->reply, body, request->size);
	complete(&request->done);
	kref_put(&request->ref, request_release);
}

/**
 * guest_request_start() - Send a message, and wait later
 * @gdev: The device.
 * @client: Handle of the client, or zero.
 * @opcode: One of &enum gpup_vrd_opcode.
 * @body: Body of the message.
 * @size: Size of @body in bytes, a multiple of 8.
 *
 * Return: What guest_request_finish() takes, or ERR_PTR: -ENOMEM, -ENODEV, -EINTR or
 * -ERESTARTSYS if the process was killed. Then nothing was sent.
 */
struct guest_request *guest_request_start(struct guest_device *gdev, u32 client, u16 opcode,
					  const void *body, u32 size)
{
	struct guest_request *request;
	u32 sequence;
	int ret;

	request = kzalloc(sizeof(*request), GFP_KERNEL);
	if (!request)
		return ERR_PTR(-ENOMEM);
	kref_init(&request->ref);
	init_completion(&request->done);
	request->call.done = request_done;

	ret = guest_cmd_begin_killable(gdev, sizeof(struct gpup_vrd_msg) + size);
	if (ret) {
		kfree(request);
		return ERR_PTR(ret);
	}
	kref_get(&request->ref);
	sequence = guest_call_add(gdev, &request->call);
	guest_cmd_header(gdev, client, opcode, GPUP_VRD_MSG_REPLY, size, sequence);
	guest_cmd_copy(gdev, body, size);
	guest_cmd_commit(gdev);
	return request;
}

/**
 * guest_request_finish() - Wait for the answer
 * @request: From guest_request_start(); it is gone afterwards.
 * @reply: Receives the body of the answer, or NULL.
 * @size: Size of @reply in bytes; what the answer lacks is zeroed.
 *
 * Return: Size of the answer's body in bytes, or its negative errno, -ENODEV if the
 * device was lost, -ERESTARTSYS if the process was killed: then the message may still
 * be carried out.
 */
int guest_request_finish(struct guest_request *request, void *reply, u32 size)
{
	int ret = wait_for_completion_killable(&request->done);

	if (!ret)
		ret = request->error ?: request->size;
	if (reply && ret >= 0) {
		u32 n = min(size, request->size);

		memcpy(reply, request->reply, n);
		memset(reply + n, 0, size - n);
	}
	kref_put(&request->ref, request_release);
	return ret;
}

/**
 * guest_request() - Send a message and wait for the answer
 * @gdev: The device.
 * @client: Handle of the client, or zero.
 * @opcode: One of &enum gpup_vrd_opcode.
 * @body: Body of the message.
 * @size: Size of @body in bytes, a multiple of 8.
 * @reply: Receives the body of the answer, or NULL.
 * @reply_size: Size of @reply in bytes.
 *
 * Return: As guest_request_start() and guest_request_finish().
 */
int guest_request(struct guest_device *gdev, u32 client, u16 opcode, const void *body,
		  u32 size, void *reply, u32 reply_size)
{
	struct guest_request *request;

	request = guest_request_start(gdev, client, opcode, body, size);
	if (IS_ERR(request))
		return PTR_ERR(request);
	return guest_request_finish(request, reply, reply_size);
}
