/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Thunks: what a client can ask for. The ioctls of the host and the messages of a
 * VRD end here, with the same arguments.
 */
#ifndef _GPUP_THUNK_H_
#define _GPUP_THUNK_H_

#include <linux/types.h>

#include "gpup_core.h"
#include "gpup_timeline.h"

/* Large enough for the answer to any query. */
union gpup_query_result {
	struct drm_gpup_adapter_info adapter;
	struct drm_gpup_engine_info engines[DRM_GPUP_ENGINE_CLASSES];
	struct drm_gpup_memory_info memory;
	struct drm_gpup_partition_info partition;
};

/**
 * struct gpup_notifier - Who is told about the progress of a new timeline
 */
struct gpup_notifier {
	/** @notify: As &gpup_timeline.notify. */
	void (*notify)(struct gpup_timeline *tl, void *data);
	/** @data: Passed to @notify. */
	void *data;
};

/**
 * struct gpup_submission - What a bind and a job have in common
 */
struct gpup_submission {
	/**
	 * @value: In: timeline value that the client expects it to have, or zero
	 * for any. Out: the value it has.
	 */
	u64 value;
	/**
	 * @fence: Fence from gpup_fence_create(), over the timeline that is submitted to, to arm
	 * with the value, or NULL.
	 */
	struct dma_fence *fence;
	/** @waits: What it waits for. */
	const struct gpup_wait *waits;
	/** @wait_count: Number of @waits. */
	unsigned int wait_count;
};

/**
 * struct gpup_job_args - One job to submit
 */
struct gpup_job_args {
	/** @sub: Its place in the queue. */
	struct gpup_submission sub;
	/** @stream_addr: GPU virtual address of the command stream. */
	u64 stream_addr;
	/** @stream_size: Size of the command stream in bytes. */
	u32 stream_size;
};

int gpup_thunk_query(struct gpup_partition *partition, u32 type,
		     union gpup_query_result *result);

int gpup_thunk_bo_check(struct gpup_partition *partition, u64 *size, u32 flags);
struct gpup_bo *gpup_thunk_bo_create(struct gpup_partition *partition, u64 size, u32 flags);

/* Handles: zero asks for any; anything else is the client's choice. */
int gpup_thunk_vm_create(struct gpup_client *client, u32 *handle,
			 const struct gpup_notifier *notifier);
int gpup_thunk_vm_destroy(struct gpup_client *client, u32 handle);
int gpup_thunk_vm_bind(struct gpup_client *client, u32 handle, const struct gpup_bind_op *ops,
		       unsigned int count, struct gpup_submission *sub);
int gpup_thunk_vm_fail(struct gpup_client *client, u32 handle, int error);

int gpup_thunk_queue_create(struct gpup_client *client, u32 *handle, u32 vm, u32 engine_class,
			    u32 priority, const struct gpup_notifier *notifier);
int gpup_thunk_queue_destroy(struct gpup_client *client, u32 handle);
int gpup_thunk_queue_submit(struct gpup_client *client, u32 handle,
			    struct gpup_job_args *jobs, unsigned int count);
int gpup_thunk_queue_fail(struct gpup_client *client, u32 handle, int error);

struct gpup_timeline *gpup_thunk_timeline(struct gpup_handle_table *handles, u32 handle,
					  const struct gpup_client *owner);

#endif /* _GPUP_THUNK_H_ */
