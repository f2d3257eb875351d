/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gpup: adapters, partitions and clients.
 */
#ifndef _GPUP_CORE_H_
#define _GPUP_CORE_H_

#include <linux/kobject.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/types.h>

#include <drm/drm_device.h>
#include <drm/gpup_adapter.h>

#include "gpup_handle.h"
#include "vidmm/vidmm.h"
#include "vidsch/vidsch.h"

/**
 * struct gpup_adapter - One physical GPU
 */
struct gpup_adapter {
	/** @drm: The host's render node, and the device of all logging. */
	struct drm_device drm;
	/** @ops: What the GPU can do. */
	const struct gpup_adapter_ops *ops;
	/** @caps: What the GPU has. */
	struct gpup_adapter_caps caps;
	/** @priv: The GPU driver's own. */
	void *priv;
	/** @id: Number N of the adapter. */
	int id;
	/** @dev: Device gpupN in the class gpup; its parent is the GPU's (@drm.dev). */
	struct device *dev;
	/** @link: Entry of the list of all adapters. */
	struct list_head link;
	/** @mm: Memory manager. */
	struct gpup_vidmm *mm;
	/** @sched: Scheduler. */
	struct gpup_vidsch *sched;
	/** @partitions_lock: Protects @partitions and @next_partition. */
	struct mutex partitions_lock;
	/** @partitions: All &struct gpup_partition, in the order of their creation. */
	struct list_head partitions;
	/** @next_partition: Number of the next partition. */
	u32 next_partition;
	/** @partitions_kobj: The folder "partitions" in sysfs. */
	struct kobject *partitions_kobj;
	/** @host: Partition 0. */
	struct gpup_partition *host;
};

static inline struct gpup_adapter *gpup_adapter_from_drm(struct drm_device *drm)
{
	return container_of(drm, struct gpup_adapter, drm);
}

/**
 * struct gpup_adapter_notifier - Someone to be told of adapters
 *
 * Both functions are called from process context, one at a time.
 */
struct gpup_adapter_notifier {
	/** @link: Entry of the list of notifiers. */
	struct list_head link;
	/** @added: An adapter is there: also called for those present at registration. */
	void (*added)(struct gpup_adapter *adapter);
	/** @removed: An adapter goes; also called for those present at unregistration. */
	void (*removed)(struct gpup_adapter *adapter);
};

void gpup_register_adapter_notifier(struct gpup_adapter_notifier *notifier);
void gpup_unregister_adapter_notifier(struct gpup_adapter_notifier *notifier);

/**
 * struct gpup_partition_owner - What a partition asks the device that it belongs to
 */
struct gpup_partition_owner {
	/** @lost: It has hung the GPU too often. In process context. */
	void (*lost)(void *data);
	/** @needs_reset: Has the device stopped until its VM resets it? In process context. */
	bool (*needs_reset)(void *data);
};

/**
 * struct gpup_partition_config - What a partition is created with
 */
struct gpup_partition_config {
	/** @name: UUID of the mdev, or "host"; at most 39 characters. */
	const char *name;
	/** @vram_min: Guaranteed VRAM in bytes. */
	u64 vram_min;
	/** @vram_max: Limit of VRAM in bytes. */
	u64 vram_max;
	/** @system_max: Limit of system memory that the GPU can reach, in bytes. */
	u64 system_max;
	/** @sched_weight: Share of GPU time, 1 to 10000. */
	u32 sched_weight;
	/** @is_virtual: The clients live in a virtual machine. */
	bool is_virtual;
	/** @listener: Told about the memory's figures, or NULL. */
	const struct gpup_memory_listener *listener;
	/** @listener_data: Passed to it. */
	void *listener_data;
	/** @owner: The device that it belongs to, or NULL. */
	const struct gpup_partition_owner *owner;
	/** @owner_data: Passed to it. */
	void *owner_data;
};

/* Objects of all kinds, and clients, that one handle table may hold by default. */
#define GPUP_DEFAULT_MAX_OBJECTS	16384u
#define GPUP_DEFAULT_MAX_CLIENTS	1024u
#define GPUP_DEFAULT_WEIGHT		100u

/* System memory that the processes of the host may have, in bytes. */
#define GPUP_HOST_SYSTEM_MAX		(U64_MAX >> 1)

/**
 * struct gpup_partition - One slice of an adapter
 */
struct gpup_partition {
	/** @adapter: The adapter. */
	struct gpup_adapter *adapter;
	/** @link: Entry of the adapter's partitions. */
	struct list_head link;
	/** @kobj: Folder "partitions/<name>" in sysfs, and the reference count. */
	struct kobject kobj;
	/** @id: Number on the adapter; 0 is the host's. */
	u32 id;
	/** @name: UUID of the mdev, or "host". */
	char name[40];
	/** @is_virtual: The clients live in a virtual machine. */
	bool is_virtual;
	/** @mm: Share of the memory. */
	struct gpup_vidmm_partition mm;
	/** @sched: Share of the engines. */
	struct gpup_sched_partition sched;
	/** @owner: The device that it belongs to, or NULL. */
	const struct gpup_partition_owner *owner;
	/** @owner_data: Passed to it. */
	void *owner_data;
	/** @clients: Number of clients. */
	atomic_t clients;
	/** @messages: Messages of the VM that were carried out. */
	atomic64_t messages;
	/** @doorbells: Times that the VM has rung for them. */
	atomic64_t doorbells;
	/** @interrupts: Interrupts that the VM was sent. */
	atomic64_t interrupts;
};

struct gpup_partition *gpup_partition_create(struct gpup_adapter *adapter,
					     const struct gpup_partition_config *config);
void gpup_partition_destroy(struct gpup_partition *partition);
void gpup_partition_info(struct gpup_partition *partition, struct drm_gpup_partition_info *info);

/**
 * enum gpup_partition_attr - What sysfs shows of a partition, under any path
 * @GPUP_ATTR_VRAM_MIN: Guaranteed VRAM in bytes; writable.
 * @GPUP_ATTR_VRAM_MAX: Limit of VRAM in bytes; writable.
 * @GPUP_ATTR_VRAM_USED: Allocated VRAM in bytes, wherever the contents are.
 * @GPUP_ATTR_VRAM_EVICTED: Part of it that is not in VRAM at present, in bytes.
 * @GPUP_ATTR_VRAM_PEAK: Most VRAM that it ever had allocated, in bytes.
 * @GPUP_ATTR_VRAM_BUDGET: VRAM in bytes that it can expect to keep at present.
 * @GPUP_ATTR_EVICTIONS: Objects that were moved out of VRAM.
 * @GPUP_ATTR_BYTES_MOVED: Bytes that were copied out of VRAM and into it.
 * @GPUP_ATTR_TRIMS: How often it was asked to use less VRAM.
 * @GPUP_ATTR_SYSTEM_MAX: Limit of system memory that the GPU can reach, in bytes.
 * @GPUP_ATTR_SYSTEM_USED: System memory that the GPU can reach, in bytes.
 * @GPUP_ATTR_SCHED_WEIGHT: Share of GPU time; writable.
 * @GPUP_ATTR_SCHED_CAP: Limit of GPU time in percent, zero for none; writable.
 * @GPUP_ATTR_EXEC_QUANTUM_US: How long it may run if others wait; writable.
 * @GPUP_ATTR_PREEMPT_TIMEOUT_US: How long it may take to get a job off an engine; writable.
 * @GPUP_ATTR_JOB_TIMEOUT_MS: A job that runs longer is taken to be hung; writable.
 * @GPUP_ATTR_GPU_TIME_NS: GPU time used on all engines, in ns.
 * @GPUP_ATTR_JOBS: Jobs that have ended on all engines.
 * @GPUP_ATTR_PREEMPTIONS: How often a job was taken off its engine, to go on later.
 * @GPUP_ATTR_WAIT_TIME_NS: Time that jobs which could run have waited for an engine, in ns.
 * @GPUP_ATTR_HANGS: Jobs that were taken to be hung.
 * @GPUP_ATTR_RESETS: Resets of an engine or of the GPU that its jobs made necessary.
 * @GPUP_ATTR_THROTTLED: 1 if it gets less GPU time because of its hangs, or 0.
 * @GPUP_ATTR_NEEDS_RESET: 1 if its device has stopped until the VM resets it, or 0.
 * @GPUP_ATTR_CLIENTS: Clients at present.
 * @GPUP_ATTR_MESSAGES: Messages of the VM that were carried out.
 * @GPUP_ATTR_DOORBELLS: Times that the VM has rung for them.
 * @GPUP_ATTR_INTERRUPTS: Interrupts that the VM was sent.
 */
enum gpup_partition_attr {
	GPUP_ATTR_VRAM_MIN,
	GPUP_ATTR_VRAM_MAX,
	GPUP_ATTR_VRAM_USED,
	GPUP_ATTR_VRAM_EVICTED,
	GPUP_ATTR_VRAM_PEAK,
	GPUP_ATTR_VRAM_BUDGET,
	GPUP_ATTR_EVICTIONS,
	GPUP_ATTR_BYTES_MOVED,
	GPUP_ATTR_TRIMS,
	GPUP_ATTR_SYSTEM_MAX,
	GPUP_ATTR_SYSTEM_USED,
	GPUP_ATTR_SCHED_WEIGHT,
	GPUP_ATTR_SCHED_CAP,
	GPUP_ATTR_EXEC_QUANTUM_US,
	GPUP_ATTR_PREEMPT_TIMEOUT_US,
	GPUP_ATTR_JOB_TIMEOUT_MS,
	GPUP_ATTR_GPU_TIME_NS,
	GPUP_ATTR_JOBS,
	GPUP_ATTR_PREEMPTIONS,
	GPUP_ATTR_WAIT_TIME_NS,
	GPUP_ATTR_HANGS,
	GPUP_ATTR_RESETS,
	GPUP_ATTR_THROTTLED,
	GPUP_ATTR_NEEDS_RESET,
	GPUP_ATTR_CLIENTS,
	GPUP_ATTR_MESSAGES,
	GPUP_ATTR_DOORBELLS,
	GPUP_ATTR_INTERRUPTS,
};

ssize_t gpup_partition_attr_show(struct gpup_partition *partition,
				 enum gpup_partition_attr attr, char *buf);
ssize_t gpup_partition_attr_store(struct gpup_partition *partition,
				  enum gpup_partition_attr attr, const char *buf, size_t count);

/**
 * struct gpup_client - One open of a render node, on the host or in a VM
 */
struct gpup_client {
	/** @ref: Reference count. */
	struct kref ref;
	/** @partition: The partition that it belongs to. */
	struct gpup_partition *partition;
	/** @handles: Namespace of its VMs and queues: its own, or that of its VRD. */
	struct gpup_handle_table *handles;
	/** @label: "name[pid]", for logs. */
	char label[40];
	/** @gpu_time: Time used on each engine class by queues that are gone, in ns. */
	atomic64_t gpu_time[DRM_GPUP_ENGINE_CLASSES];
};

struct gpup_client *gpup_client_get(struct gpup_client *client);
u64 gpup_client_gpu_time(struct gpup_client *client, u32 engine_class);

struct gpup_client *gpup_client_create(struct gpup_partition *partition,
				       struct gpup_handle_table *handles,
				       const char *name, pid_t pid);
void gpup_client_destroy(struct gpup_client *client);
void gpup_client_put(struct gpup_client *client);

#endif /* _GPUP_CORE_H_ */
