/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Submission: what a queue or an address space is told to do.
 */
#ifndef _GUEST_SUBMIT_H_
#define _GUEST_SUBMIT_H_

#include <linux/dma-fence.h>
#include <linux/list.h>
#include <linux/types.h>

#include <linux/gpup_vrd.h>

#include "guest_fence.h"
#include "guest_sync.h"

/*
 * What may be pending on one timeline, powers of two; a submission beyond it gets EBUSY. Below what
 * the host takes, as the host could not refuse a posted submission without banning the queue.
 */
#define GUEST_MAX_JOBS		2048
#define GUEST_MAX_BINDS		512

/**
 * struct guest_op - One job, or one batch of binds
 */
struct guest_op {
	/** @link: Entry of &guest_timeline.deferred. */
	struct list_head link;
	/** @timeline: The timeline. */
	struct guest_timeline *timeline;
	/** @fence: Its fence, or NULL if nobody wants one. */
	struct guest_fence *fence;
	/** @value: Its value, once it has one. */
	u64 value;
	/** @syncs: What it waits for and what it signals. */
	struct guest_syncs syncs;
	/** @blocker: Fence that @callback is, or was, waiting for; NULL if none. */
	struct dma_fence *blocker;
	/** @callback: Queues &guest_timeline.work. */
	struct dma_fence_cb callback;
	/** @objects: Buffer objects that have to stay until it is sent. */
	struct drm_gem_object **objects;
	/** @object_count: Number of @objects. */
	u32 object_count;
	/** @client: Handle of the client. */
	u32 client;
	/** @opcode: GPUP_VRD_OP_QUEUE_SUBMIT or GPUP_VRD_OP_VM_BIND. */
	u16 opcode;
	/** @body_value: Where @value goes in @body. */
	__le64 *body_value;
	/** @body_waits: Where the number of waits goes in @body. */
	__le32 *body_waits;
	/** @body_size: Size of the body in bytes, without the waits. */
	u32 body_size;
	/** @body: Body of the message, and behind it room for the waits. */
	u8 body[] __aligned(8);
};

struct guest_op *guest_op_create(struct guest_timeline *tl, u32 client, u16 opcode,
				 u32 body_size, struct drm_file *file,
				 const struct drm_gpup_obj_array *syncs);
int guest_op_want_fence(struct guest_op *op);
void guest_op_free(struct guest_op *op);
int guest_submit(struct guest_timeline *tl, struct guest_op **ops, u32 count, u64 *value,
		 struct dma_fence **fence);
void guest_submit_work(struct work_struct *work);
void guest_submit_close(struct guest_timeline *tl);

#endif /* _GUEST_SUBMIT_H_ */
