// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages of a guest, carried out: each ends in the thunk that an ioctl of the host would
 * end in.
 *
 * Everything in here is called by the worker.
 */
#include <linux/build_bug.h>
#include <linux/nospec.h>
#include <linux/slab.h>

#include "../gpup_thunk.h"
#include "../gpup_trace.h"
#include "vrd.h"

/* Large enough for the body of any reply. */
union reply {
	union gpup_query_result query;
	struct gpup_vrd_bo_advise_reply advise;
	u8 bytes[GPUP_VRD_EVENT_MAX - sizeof(struct gpup_vrd_event)];
};

/**
 * struct gpup_vrd_scratch - Memory of the worker, so that it needs to allocate less
 */
struct gpup_vrd_scratch {
	/** @body: Body of the message, copied from the ring. */
	u8 body[GPUP_VRD_MSG_MAX - sizeof(struct gpup_vrd_msg)] __aligned(8);
	/** @args: The body, taken apart. */
	union gpup_vrd_args args;
	/** @ops: Operations of a bind, with references on their objects. */
	struct gpup_bind_op ops[DRM_GPUP_MAX_BIND_OPS];
	/** @waits: Waits of a bind or a job, with references on their timelines. */
	struct gpup_wait waits[DRM_GPUP_MAX_SYNCS];
	/** @reply: Body of the reply; zeroed before it is filled. */
	union reply reply;
};

/**
 * struct call - One message on its way
 */
struct call {
	/** @vrd: The device. */
	struct gpup_vrd *vrd;
	/** @args: Its body. */
	const union gpup_vrd_args *args;
	/** @client: Whose it is; NULL for messages that are nobody's. */
	struct gpup_client *client;
	/** @client_handle: Handle of @client, or what claims to be one. */
	u32 client_handle;
	/** @reply: Body of the reply. */
	union reply *reply;
	/** @reply_size: Size of the reply's body in bytes. */
	u32 reply_size;
};

/**
 * gpup_vrd_scratch_create() - Allocate the memory of a worker
 *
 * Return: The memory, or NULL.
 */
struct gpup_vrd_scratch *gpup_vrd_scratch_create(void)
{
	return kvzalloc(sizeof(struct gpup_vrd_scratch), GFP_KERNEL_ACCOUNT);
}

/**
 * gpup_vrd_scratch_destroy() - Free the memory of a worker
 * @scratch: The memory, or NULL.
 */
void gpup_vrd_scratch_destroy(struct gpup_vrd_scratch *scratch)
{
	kvfree(scratch);
}

/**
 * gpup_vrd_scratch_message() - Where the body of the next message goes
 * @scratch: The memory.
 *
 * Return: Room for the largest body.
 */
u8 *gpup_vrd_scratch_message(struct gpup_vrd_scratch *scratch)
{
	return scratch->body;
}

/* Objects in guest memory keep the index of their handle until the guest is told. */
static int check_new_handle(struct gpup_vrd *vrd, u32 handle)
{
	if (GPUP_VRD_HANDLE_INDEX(handle) >= vrd->handles.max ||
	    !GPUP_VRD_HANDLE_GENERATION(handle))
		return -EINVAL;
	return gpup_vrd_guest_memory_named(vrd, handle) ? -EEXIST : 0;
}

static int do_query(struct call *call)
{
	int size;

	BUILD_BUG_ON(sizeof(union reply) > GPUP_VRD_EVENT_MAX - sizeof(struct gpup_vrd_event));
	size = gpup_thunk_query(call->vrd->partition, call->args->query.type,
				&call->reply->query);
	if (size < 0)
		return size;
	call->reply_size = size;
	return 0;
}

static int do_client_create(struct call *call)
{
	struct gpup_vrd *vrd = call->vrd;
	u32 handle = call->args->client_create.handle;
	struct gpup_client *client;
	int ret;

	if (call->client_handle)
		return -EINVAL;
	ret = check_new_handle(vrd, handle);
	if (ret)
		return ret;
	client = gpup_client_create(vrd->partition, &vrd->handles, call->args->client_create.name,
				    call->args->client_create.pid);
	if (IS_ERR(client))
		return PTR_ERR(client);
	ret = gpup_handle_install(&vrd->handles, handle, GPUP_OBJECT_CLIENT, NULL, client);
	if (ret)
		gpup_client_destroy(client);
	return ret;
}

static int do_client_destroy(struct call *call)
{
	struct gpup_vrd *vrd = call->vrd;
	u32 handle = call->args->object.handle;
	struct gpup_client *client;

	client = gpup_handle_remove(&vrd->handles, handle, GPUP_OBJECT_CLIENT, NULL);
	if (IS_ERR(client))
		return PTR_ERR(client);
	gpup_client_destroy(client);
	gpup_vrd_slots_release_client(&vrd->slots, handle);
	return 0;
}

static int do_bo_create(struct call *call)
{
	struct gpup_vrd *vrd = call->vrd;
	u32 handle = call->args->bo_create.handle;
	u32 flags = call->args->bo_create.flags;
	u64 size = call->args->bo_create.size;
	struct gpup_bo *bo;
	int ret;

	ret = check_new_handle(vrd, handle);
	if (ret)
		return ret;
	if (size % vrd->partition->adapter->caps.page_size)
		return -EINVAL;
	ret = gpup_thunk_bo_check(vrd->partition, &size, flags);
	if (ret)
		return ret;
	if (flags & DRM_GPUP_BO_SYSTEM) {
		/* It goes into the table when it has its pages, but its index is taken now. */
		if (xa_load(&vrd->handles.xa, GPUP_VRD_HANDLE_INDEX(handle)))
			return -EEXIST;
		return gpup_vrd_guest_bo_create(vrd, handle, size);
	}

	bo = gpup_thunk_bo_create(vrd->partition, size, flags);
	if (IS_ERR(bo))
		return PTR_ERR(bo);
	ret = gpup_handle_install(&vrd->handles, handle, GPUP_OBJECT_BO, NULL, bo);
	if (ret)
		gpup_bo_put(bo);
	return ret;
}

static int do_bo_pages(struct call *call)
{
	return gpup_vrd_guest_bo_add_pages(call->vrd, call->args->bo_pages.handle,
					   call->args->bo_pages.runs,
					   call->args->bo_pages.count,
					   call->args->bo_pages.pages);
}

static int do_bo_destroy(struct call *call)
{
	struct gpup_vrd *vrd = call->vrd;
	u32 handle = call->args->object.handle;
	struct gpup_bo *bo;

	if (!gpup_vrd_guest_bo_destroy(vrd, handle))
		return 0;
	bo = gpup_handle_remove(&vrd->handles, handle, GPUP_OBJECT_BO, NULL);
	if (IS_ERR(bo))
		return PTR_ERR(bo);
	/* A window goes with the handle by which alone it could be closed. */
	gpup_vrd_aperture_unmap(vrd, handle);
	gpup_bo_put(bo);
	return 0;
}

static int do_bo_advise(struct call *call)
{
	struct gpup_bo *bo = gpup_handle_get(&call->vrd->handles, call->args->bo_advise.handle,
					     GPUP_OBJECT_BO, NULL);
	bool retained;

	if (!bo)
		return -ENOENT;
	retained = gpup_bo_advise(bo, call->args->bo_advise.advice);
	call->reply->advise.retained = cpu_to_le32(retained);
	call->reply_size = sizeof(call->reply->advise);
	gpup_bo_put(bo);
	return 0;
}

static int do_aperture_map(struct call *call)
{
	u32 handle = call->args->aperture_map.handle;
	struct gpup_bo *bo;
	int ret;

	bo = gpup_handle_get(&call->vrd->handles, handle, GPUP_OBJECT_BO, NULL);
	if (!bo)
		return -ENOENT;
	ret = gpup_vrd_aperture_map(call->vrd, handle, bo, call->args->aperture_map.offset);
	gpup_bo_put(bo);
	return ret;
}

static int do_aperture_unmap(struct call *call)
{
	return gpup_vrd_aperture_unmap(call->vrd, call->args->object.handle);
}

static int do_vm_create(struct call *call)
{
	struct gpup_vrd *vrd = call->vrd;
	u32 handle = call->args->vm_create.handle;
	struct gpup_notifier notifier;
	int ret;

	ret = check_new_handle(vrd, handle);
	if (ret)
		return ret;
	ret = gpup_vrd_slot_claim(&vrd->slots, call->args->vm_create.slot, call->client_handle,
				  &notifier);
	if (ret)
		return ret;
	ret = gpup_thunk_vm_create(call->client, &handle, &notifier);
	if (ret)
		gpup_vrd_slot_release(notifier.data);
	return ret;
}

/* The slot that shows a timeline; NULL if the client has no such timeline. */
static struct gpup_vrd_slot_use *slot_of(struct call *call, u32 handle)
{
	struct gpup_timeline *tl = gpup_thunk_timeline(&call->vrd->handles, handle, call->client);
	struct gpup_vrd_slot_use *use = tl ? tl->notify_data : NULL;

	gpup_timeline_put(tl);
	return use;
}

static int do_vm_destroy(struct call *call)
{
	u32 handle = call->args->object.handle;
	struct gpup_vrd_slot_use *use = slot_of(call, handle);
	int ret = gpup_thunk_vm_destroy(call->client, handle);

	if (!ret && use)
		gpup_vrd_slot_release(use);
	return ret;
}

static void put_waits(struct gpup_wait *waits, u32 count)
{
	while (count--)
		gpup_timeline_put(waits[count].timeline);
}

static int get_waits(struct gpup_vrd *vrd, const struct gpup_vrd_wait *from, u32 count)
{
	struct gpup_wait *waits = vrd->scratch->waits;
	u32 i;

	for (i = 0; i < count; i++) {
		waits[i].fence = NULL;
		waits[i].value = le64_to_cpu(from[i].value);
		waits[i].timeline = gpup_thunk_timeline(&vrd->handles, le32_to_cpu(from[i].handle),
							NULL);
		if (!waits[i].timeline) {
			put_waits(waits, i);
			return -ENOENT;
		}
	}
	return 0;
}

static void put_ops(struct gpup_bind_op *ops, u32 count)
{
	while (count--)
		if (ops[count].bo)
			gpup_bo_put(ops[count].bo);
}

static int get_op(struct gpup_vrd *vrd, const struct gpup_vrd_bind_op *from,
		  struct gpup_bind_op *op)
{
	u32 handle = le32_to_cpu(from->handle);

	op->op = le32_to_cpu(from->op);
	op->flags = le32_to_cpu(from->flags);
	op->bo_offset = le64_to_cpu(from->bo_offset);
	op->va = le64_to_cpu(from->va);
	op->size = le64_to_cpu(from->size);
	op->bo = NULL;
	if (op->op != DRM_GPUP_BIND_MAP)
		return handle ? -EINVAL : 0;
	op->bo = gpup_handle_get(&vrd->handles, handle, GPUP_OBJECT_BO, NULL);
	return op->bo ? 0 : -ENOENT;
}

static int get_ops(struct gpup_vrd *vrd, const struct gpup_vrd_bind_op *from, u32 count)
{
	struct gpup_bind_op *ops = vrd->scratch->ops;
	u32 i;
	int ret;

	for (i = 0; i < count; i++) {
		ret = get_op(vrd, &from[i], &ops[i]);
		if (ret) {
			put_ops(ops, i);
			return ret;
		}
	}
	return 0;
}

static int do_vm_bind(struct call *call)
{
	struct gpup_vrd_scratch *scratch = call->vrd->scratch;
	u32 ops = call->args->vm_bind.op_count;
	u32 waits = call->args->vm_bind.wait_count;
	struct gpup_submission sub = {
		.value = call->args->vm_bind.value,
		.waits = scratch->waits,
		.wait_count = waits,
	};
	int ret;

	ret = get_ops(call->vrd, call->args->vm_bind.ops, ops);
	if (ret)
		return ret;
	ret = get_waits(call->vrd, call->args->vm_bind.waits, waits);
	if (ret)
		goto out_ops;
	ret = gpup_thunk_vm_bind(call->client, call->args->vm_bind.vm, scratch->ops, ops, &sub);
	put_waits(scratch->waits, waits);
out_ops:
	put_ops(scratch->ops, ops);
	return ret;
}

static int do_queue_create(struct call *call)
{
	struct gpup_vrd *vrd = call->vrd;
	u32 handle = call->args->queue_create.handle;
	struct gpup_notifier notifier;
	int ret;

	ret = check_new_handle(vrd, handle);
	if (ret)
		return ret;
	ret = gpup_vrd_slot_claim(&vrd->slots, call->args->queue_create.slot,
				  call->client_handle, &notifier);
	if (ret)
		return ret;
	ret = gpup_thunk_queue_create(call->client, &handle, call->args->queue_create.vm,
				      call->args->queue_create.engine_class,
				      call->args->queue_create.priority, &notifier);
	if (ret)
		gpup_vrd_slot_release(notifier.data);
	return ret;
}

static int do_queue_destroy(struct call *call)
{
	u32 handle = call->args->object.handle;
	struct gpup_vrd_slot_use *use = slot_of(call, handle);
	int ret = gpup_thunk_queue_destroy(call->client, handle);

	if (!ret && use)
		gpup_vrd_slot_release(use);
	return ret;
}

static int do_queue_submit(struct call *call)
{
	struct gpup_vrd_scratch *scratch = call->vrd->scratch;
	u32 waits = call->args->queue_submit.wait_count;
	struct gpup_job_args job = {
		.sub = {
			.value = call->args->queue_submit.value,
			.waits = scratch->waits,
			.wait_count = waits,
		},
		.stream_addr = call->args->queue_submit.stream_addr,
		.stream_size = call->args->queue_submit.stream_size,
	};
	int ret;

	/* A guest that keeps to the protocol is never refused: it is not told. */
	BUILD_BUG_ON(GPUP_PARTITION_MAX_PENDING < GPUP_VRD_MAX_PENDING);
	ret = get_waits(call->vrd, call->args->queue_submit.waits, waits);
	if (ret)
		return ret;
	ret = gpup_thunk_queue_submit(call->client, call->args->queue_submit.queue, &job, 1);
	put_waits(scratch->waits, waits);
	return ret;
}

/* How messages are carried out. */
static const struct {
	int (*func)(struct call *call);
	/* Only a client can send it. */
	bool needs_client;
} handlers[] = {
	[GPUP_VRD_OP_QUERY] = { do_query },
	[GPUP_VRD_OP_CLIENT_CREATE] = { do_client_create },
	[GPUP_VRD_OP_CLIENT_DESTROY] = { do_client_destroy },
	[GPUP_VRD_OP_BO_CREATE] = { do_bo_create },
	[GPUP_VRD_OP_BO_PAGES] = { do_bo_pages },
	[GPUP_VRD_OP_BO_DESTROY] = { do_bo_destroy },
	[GPUP_VRD_OP_BO_ADVISE] = { do_bo_advise },
	[GPUP_VRD_OP_APERTURE_MAP] = { do_aperture_map },
	[GPUP_VRD_OP_APERTURE_UNMAP] = { do_aperture_unmap },
	[GPUP_VRD_OP_VM_CREATE] = { do_vm_create, true },
	[GPUP_VRD_OP_VM_DESTROY] = { do_vm_destroy, true },
	[GPUP_VRD_OP_VM_BIND] = { do_vm_bind, true },
	[GPUP_VRD_OP_QUEUE_CREATE] = { do_queue_create, true },
	[GPUP_VRD_OP_QUEUE_DESTROY] = { do_queue_destroy, true },
	[GPUP_VRD_OP_QUEUE_SUBMIT] = { do_queue_submit, true },
};

static int carry_out(struct call *call, u16 opcode)
{
	opcode = array_index_nospec(opcode, ARRAY_SIZE(handlers));
	if (handlers[opcode].needs_client && !call->client)
		return -ENOENT;
	return handlers[opcode].func(call);
}

/* Nobody waits for the answer: the object that it was for remembers the failure. */
static void mark_failed(struct call *call, u16 opcode, int error)
{
	if (!call->client)
		return;
	if (opcode == GPUP_VRD_OP_VM_BIND)
		gpup_thunk_vm_fail(call->client, call->args->vm_bind.vm, error);
	else if (opcode == GPUP_VRD_OP_QUEUE_SUBMIT)
		gpup_thunk_queue_fail(call->client, call->args->queue_submit.queue, error);
}

static void send_reply(struct call *call, const struct gpup_vrd_header *header, int error)
{
	struct gpup_vrd_event event = {
		.type = cpu_to_le16(GPUP_VRD_EVENT_REPLY),
		.sequence = cpu_to_le32(header->sequence),
		.error = cpu_to_le32(-error),
	};

	gpup_vrd_send_event(call->vrd, &event, call->reply, error ? 0 : call->reply_size,
			    !error && (header->flags & GPUP_VRD_MSG_QUIET));
}

/**
 * gpup_vrd_message() - Carry out one message
 * @vrd: The device.
 * @header: Its header; the body is in the worker's memory.
 *
 * If it wants a reply there is room for one. May sleep, for a bounded time.
 */
void gpup_vrd_message(struct gpup_vrd *vrd, const struct gpup_vrd_header *header)
{
	struct gpup_vrd_scratch *scratch = vrd->scratch;
	struct call call = {
		.vrd = vrd,
		.args = &scratch->args,
		.client_handle = header->client,
		.reply = &scratch->reply,
	};
	int ret;

	memset(&scratch->reply, 0, sizeof(scratch->reply));
	if (header->client)
		call.client = gpup_handle_get(&vrd->handles, header->client, GPUP_OBJECT_CLIENT,
					      NULL);

	ret = gpup_vrd_decode(header, scratch->body, &scratch->args);
	if (!ret)
		ret = carry_out(&call, header->opcode);
	trace_gpup_message(vrd->partition->name, header->opcode, header->client,
			   header->sequence, ret);

	if (header->flags & GPUP_VRD_MSG_REPLY)
		send_reply(&call, header, ret);
	else if (ret)
		mark_failed(&call, header->opcode, ret);

	if (call.client)
		gpup_client_put(call.client);
}
