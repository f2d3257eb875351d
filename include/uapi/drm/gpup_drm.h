/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * gpup: the interface between a user-mode driver and the kernel.
 *
 * The same interface is offered on the host (render node of gpup.ko, the
 * process belongs to partition 0) and in a virtual machine (render node of
 * gpup_guest.ko, the process belongs to the machine's partition).
 */
#ifndef _UAPI_GPUP_DRM_H_
#define _UAPI_GPUP_DRM_H_

#include "drm.h"

#if defined(__cplusplus)
extern "C" {
#endif

/**
 * DOC: Rules of the gpup UAPI
 *
 * - Every structure is a multiple of 8 bytes, has no implicit padding, and is
 *   the same for 32-bit and 64-bit user space. Padding must be zero (EINVAL).
 * - Unknown flags are refused with EINVAL.
 * - Structures only grow at their end. The kernel takes a shorter one as if
 *   the rest were zero.
 * - Arrays are described by &struct drm_gpup_obj_array, which carries the
 *   caller's idea of the element size. Elements longer than the kernel knows
 *   are taken if the rest of them is zero (E2BIG if not).
 * - Buffer objects are GEM handles: they are closed with DRM_IOCTL_GEM_CLOSE
 *   and shared with PRIME. VMs and queues have handles of their own, which
 *   are never zero and carry a generation: a handle that was destroyed stays
 *   an error (ENOENT) after its slot is used again.
 * - Synchronisation is by drm_syncobj, binary or timeline.
 * - Sizes and addresses are in bytes, times in nanoseconds.
 * - Errors are described in Documentation/gpu/gpup/errors.rst.
 */

/**
 * DOC: Limits of the gpup UAPI
 *
 * These bounds are part of the interface; a partition may be given smaller
 * ones, see &struct drm_gpup_partition_info.
 */
#define DRM_GPUP_MAX_BIND_OPS		256
#define DRM_GPUP_MAX_SYNCS		64
#define DRM_GPUP_MAX_JOBS		64
#define DRM_GPUP_MAX_STREAM_SIZE	(16u << 20)

/* Driver ioctl numbers, relative to DRM_COMMAND_BASE. */
#define DRM_GPUP_DEV_QUERY		0x00
#define DRM_GPUP_BO_CREATE		0x01
#define DRM_GPUP_BO_MMAP_OFFSET		0x02
#define DRM_GPUP_BO_ADVISE		0x03
#define DRM_GPUP_VM_CREATE		0x04
#define DRM_GPUP_VM_DESTROY		0x05
#define DRM_GPUP_VM_BIND		0x06
#define DRM_GPUP_VM_GET_STATE		0x07
#define DRM_GPUP_QUEUE_CREATE		0x08
#define DRM_GPUP_QUEUE_DESTROY		0x09
#define DRM_GPUP_QUEUE_SUBMIT		0x0a
#define DRM_GPUP_QUEUE_GET_STATE	0x0b

/**
 * struct drm_gpup_obj_array - An array of objects, with the caller's element size
 */
struct drm_gpup_obj_array {
	/** @stride: Size of one element in bytes, at least that of the first version. */
	__u32 stride;
	/** @count: Number of elements. */
	__u32 count;
	/** @array: User pointer to the first element. */
	__u64 array;
};

#define DRM_GPUP_OBJ_ARRAY(cnt, ptr) \
	{ .stride = sizeof((ptr)[0]), .count = (cnt), .array = (__u64)(uintptr_t)(ptr) }

/**
 * enum drm_gpup_sync_flags - What a &struct drm_gpup_sync is for
 */
enum drm_gpup_sync_flags {
	/** @DRM_GPUP_SYNC_WAIT: Wait for the fence before the operation. */
	DRM_GPUP_SYNC_WAIT = 0,
	/** @DRM_GPUP_SYNC_SIGNAL: Attach the operation's fence. */
	DRM_GPUP_SYNC_SIGNAL = 1 << 0,
	/** @DRM_GPUP_SYNC_TIMELINE: The syncobj is a timeline, @point is used. */
	DRM_GPUP_SYNC_TIMELINE = 1 << 1,
};

/**
 * struct drm_gpup_sync - One wait or one signal of an operation
 */
struct drm_gpup_sync {
	/** @flags: Combination of &enum drm_gpup_sync_flags. */
	__u32 flags;
	/** @handle: drm_syncobj handle. */
	__u32 handle;
	/** @point: Timeline point; zero for a binary syncobj. */
	__u64 point;
};

/**
 * enum drm_gpup_query - What DRM_IOCTL_GPUP_DEV_QUERY can be asked
 */
enum drm_gpup_query {
	/** @DRM_GPUP_QUERY_ADAPTER: &struct drm_gpup_adapter_info. */
	DRM_GPUP_QUERY_ADAPTER = 0,
	/** @DRM_GPUP_QUERY_ENGINES: &struct drm_gpup_engine_info, one per class. */
	DRM_GPUP_QUERY_ENGINES,
	/** @DRM_GPUP_QUERY_MEMORY: &struct drm_gpup_memory_info. */
	DRM_GPUP_QUERY_MEMORY,
	/** @DRM_GPUP_QUERY_PARTITION: &struct drm_gpup_partition_info. */
	DRM_GPUP_QUERY_PARTITION,
};

/**
 * struct drm_gpup_dev_query - Arguments of DRM_IOCTL_GPUP_DEV_QUERY
 */
struct drm_gpup_dev_query {
	/** @type: One of &enum drm_gpup_query. */
	__u32 type;
	/**
	 * @size: In: size of the buffer in bytes. Out: size of the answer, of
	 * which no more than the size passed in was written.
	 */
	__u32 size;
	/** @pointer: User pointer to the buffer; zero asks for the size only. */
	__u64 pointer;
};

/**
 * struct drm_gpup_adapter_info - The GPU
 */
struct drm_gpup_adapter_info {
	/** @name: Name of the GPU, zero-terminated. */
	char name[32];
	/** @isa: Name of the command and instruction set, zero-terminated, e.g. "gpup-soft-1". */
	char isa[32];
	/** @vram_size: The adapter's VRAM on a host; the partition's vram_max in a VM. */
	__u64 vram_size;
	/** @va_start: First usable GPU virtual address. */
	__u64 va_start;
	/** @va_end: First GPU virtual address that is out of range. */
	__u64 va_end;
	/** @page_size: Granularity of bo sizes and of mappings, in bytes. */
	__u32 page_size;
	/** @is_virtual: 0 on the host, 1 in a virtual machine. */
	__u32 is_virtual;
	/** @timestamp_frequency: Ticks per second of the GPU's timestamps. */
	__u64 timestamp_frequency;
};

/**
 * enum drm_gpup_engine_class - Classes of engines
 */
enum drm_gpup_engine_class {
	/** @DRM_GPUP_ENGINE_COMPUTE: Dispatches, and all that copy engines do. */
	DRM_GPUP_ENGINE_COMPUTE = 0,
	/** @DRM_GPUP_ENGINE_COPY: Copies, fills, timestamps, timeline writes. */
	DRM_GPUP_ENGINE_COPY = 1,
	/** @DRM_GPUP_ENGINE_CLASSES: Number of classes. */
	DRM_GPUP_ENGINE_CLASSES
};

/**
 * struct drm_gpup_engine_info - One class of engines
 */
struct drm_gpup_engine_info {
	/** @engine_class: One of &enum drm_gpup_engine_class. */
	__u32 engine_class;
	/** @count: Number of engines of this class. */
	__u32 count;
	/** @gpu_time: Time the caller's partition has used on this class, in ns. */
	__u64 gpu_time;
	/** @jobs: Jobs of the caller's partition that have finished on this class. */
	__u64 jobs;
};

/**
 * struct drm_gpup_memory_info - The partition's video memory
 */
struct drm_gpup_memory_info {
	/** @vram_min: Guaranteed to the partition, in bytes. */
	__u64 vram_min;
	/** @vram_max: Limit of the partition, in bytes. */
	__u64 vram_max;
	/** @vram_used: Allocated by the partition, in bytes, wherever the contents are. */
	__u64 vram_used;
	/** @system_max: Limit of system memory that the GPU may reach, in bytes. */
	__u64 system_max;
	/** @system_used: System memory that the GPU can reach at present, in bytes. */
	__u64 system_used;
	/**
	 * @vram_budget: What the partition can expect to keep in VRAM at the same time, in
	 * bytes: at least its guarantee. What it uses beyond that may be evicted.
	 */
	__u64 vram_budget;
	/** @vram_evicted: Part of @vram_used that is not in VRAM at present, in bytes. */
	__u64 vram_evicted;
	/** @trims: How often the partition was asked to use less; counts up. */
	__u64 trims;
};

/**
 * struct drm_gpup_partition_info - The partition that the caller belongs to
 */
struct drm_gpup_partition_info {
	/** @name: "host", or the UUID of the mdev, zero-terminated. */
	char name[40];
	/** @id: Number of the partition on its adapter; 0 is the host's. */
	__u32 id;
	/** @sched_weight: Weight in the competition for engines, 1 to 10000. */
	__u32 sched_weight;
	/** @job_timeout_ms: Time after which a running job is taken to be hung. */
	__u32 job_timeout_ms;
	/** @max_objects: VMs, queues and buffer objects that one client may have. */
	__u32 max_objects;
};

/**
 * enum drm_gpup_bo_flags - Properties of a buffer object
 */
enum drm_gpup_bo_flags {
	/** @DRM_GPUP_BO_VRAM: The object lives in video memory. */
	DRM_GPUP_BO_VRAM = 1 << 0,
	/** @DRM_GPUP_BO_SYSTEM: The object lives in the memory of the host or of the VM. */
	DRM_GPUP_BO_SYSTEM = 1 << 1,
	/** @DRM_GPUP_BO_NO_MMAP: The object will never be mapped by the CPU. */
	DRM_GPUP_BO_NO_MMAP = 1 << 2,
};

/**
 * struct drm_gpup_bo_create - Arguments of DRM_IOCTL_GPUP_BO_CREATE
 *
 * New objects read as zero.
 */
struct drm_gpup_bo_create {
	/** @size: In: size in bytes. Out: size, rounded up to whole pages. */
	__u64 size;
	/** @flags: &enum drm_gpup_bo_flags, with exactly one of VRAM and SYSTEM. */
	__u32 flags;
	/** @handle: Out: GEM handle. */
	__u32 handle;
};

/**
 * struct drm_gpup_bo_mmap_offset - Arguments of DRM_IOCTL_GPUP_BO_MMAP_OFFSET
 */
struct drm_gpup_bo_mmap_offset {
	/** @handle: GEM handle. */
	__u32 handle;
	/** @pad: Must be zero. */
	__u32 pad;
	/** @offset: Out: offset to pass to mmap(2) on the DRM file. */
	__u64 offset;
};

/**
 * enum drm_gpup_bo_advice - What the program means to do with an object
 */
enum drm_gpup_bo_advice {
	/** @DRM_GPUP_BO_WILL_NEED: The contents are wanted (the state of a new object). */
	DRM_GPUP_BO_WILL_NEED = 0,
	/**
	 * @DRM_GPUP_BO_DONT_NEED: The contents may be dropped; the object is not used
	 * until it is taken back.
	 */
	DRM_GPUP_BO_DONT_NEED = 1,
};

/**
 * struct drm_gpup_bo_advise - Arguments of DRM_IOCTL_GPUP_BO_ADVISE
 */
struct drm_gpup_bo_advise {
	/** @handle: GEM handle. */
	__u32 handle;
	/** @advice: One of &enum drm_gpup_bo_advice. */
	__u32 advice;
	/** @retained: Out: 1 if the contents are still there, 0 if they were dropped or lost. */
	__u32 retained;
	/** @pad: Must be zero. */
	__u32 pad;
};

/**
 * struct drm_gpup_vm_create - Arguments of DRM_IOCTL_GPUP_VM_CREATE
 */
struct drm_gpup_vm_create {
	/** @flags: Must be zero. */
	__u32 flags;
	/** @vm: Out: handle of the address space. */
	__u32 vm;
};

/**
 * struct drm_gpup_vm_destroy - Arguments of DRM_IOCTL_GPUP_VM_DESTROY
 *
 * A queue keeps its address space alive; EBUSY while one uses it.
 */
struct drm_gpup_vm_destroy {
	/** @vm: Handle of the address space. */
	__u32 vm;
	/** @pad: Must be zero. */
	__u32 pad;
};

/**
 * enum drm_gpup_bind_op_type - What one operation of a VM_BIND does
 */
enum drm_gpup_bind_op_type {
	/** @DRM_GPUP_BIND_MAP: Map a range of an object, over whatever was mapped there. */
	DRM_GPUP_BIND_MAP = 0,
	/** @DRM_GPUP_BIND_UNMAP: Unmap a range of addresses; holes in it are no error. */
	DRM_GPUP_BIND_UNMAP = 1,
};

/**
 * enum drm_gpup_bind_op_flags - How a range is mapped
 */
enum drm_gpup_bind_op_flags {
	/** @DRM_GPUP_BIND_READONLY: Writes by the GPU fault. */
	DRM_GPUP_BIND_READONLY = 1 << 0,
};

/**
 * struct drm_gpup_bind_op - One operation of a VM_BIND
 */
struct drm_gpup_bind_op {
	/** @op: One of &enum drm_gpup_bind_op_type. */
	__u32 op;
	/** @flags: &enum drm_gpup_bind_op_flags; zero for an unmap. */
	__u32 flags;
	/** @handle: GEM handle; zero for an unmap. */
	__u32 handle;
	/** @pad: Must be zero. */
	__u32 pad;
	/**
	 * @bo_offset: First byte of the object, a multiple of the page size; zero for an
	 * unmap.
	 */
	__u64 bo_offset;
	/** @va: GPU virtual address, a multiple of the page size. */
	__u64 va;
	/** @size: Size in bytes, a multiple of the page size, not zero. */
	__u64 size;
};

/**
 * enum drm_gpup_vm_bind_flags - How a VM_BIND is carried out
 */
enum drm_gpup_vm_bind_flags {
	/** @DRM_GPUP_VM_BIND_ASYNC: Return at once; syncs say when it starts and ends. */
	DRM_GPUP_VM_BIND_ASYNC = 1 << 0,
};

/**
 * struct drm_gpup_vm_bind - Arguments of DRM_IOCTL_GPUP_VM_BIND
 *
 * The operations of one call, and the calls on one address space, are carried
 * out in order. Without DRM_GPUP_VM_BIND_ASYNC the call returns when all are
 * done, and @syncs must be empty.
 *
 * Everything that can fail, fails before anything is changed, but for an
 * address space that was lost (EIO, see VM_GET_STATE).
 */
struct drm_gpup_vm_bind {
	/** @vm: Handle of the address space. */
	__u32 vm;
	/** @flags: &enum drm_gpup_vm_bind_flags. */
	__u32 flags;
	/** @ops: Array of &struct drm_gpup_bind_op, 1 to DRM_GPUP_MAX_BIND_OPS. */
	struct drm_gpup_obj_array ops;
	/** @syncs: Array of &struct drm_gpup_sync, at most DRM_GPUP_MAX_SYNCS. */
	struct drm_gpup_obj_array syncs;
};

/**
 * enum drm_gpup_vm_state - State of an address space
 */
enum drm_gpup_vm_state {
	/** @DRM_GPUP_VM_USABLE: All is well. */
	DRM_GPUP_VM_USABLE = 0,
	/** @DRM_GPUP_VM_LOST: An operation on it failed; it can only be destroyed. */
	DRM_GPUP_VM_LOST = 1,
};

/**
 * struct drm_gpup_vm_get_state - Arguments of DRM_IOCTL_GPUP_VM_GET_STATE
 */
struct drm_gpup_vm_get_state {
	/** @vm: Handle of the address space. */
	__u32 vm;
	/** @state: Out: one of &enum drm_gpup_vm_state. */
	__u32 state;
	/** @error: Out: positive errno that the address space was lost with, or zero. */
	__u32 error;
	/** @pad: Must be zero. */
	__u32 pad;
};

/**
 * enum drm_gpup_queue_priority - Priority among the queues of one partition
 */
enum drm_gpup_queue_priority {
	/** @DRM_GPUP_QUEUE_PRIORITY_LOW: Runs when no other of the partition wants to. */
	DRM_GPUP_QUEUE_PRIORITY_LOW = 0,
	/** @DRM_GPUP_QUEUE_PRIORITY_NORMAL: The usual one. */
	DRM_GPUP_QUEUE_PRIORITY_NORMAL = 1,
	/** @DRM_GPUP_QUEUE_PRIORITY_HIGH: Runs before the others of the partition. */
	DRM_GPUP_QUEUE_PRIORITY_HIGH = 2,
};

/**
 * struct drm_gpup_queue_create - Arguments of DRM_IOCTL_GPUP_QUEUE_CREATE
 */
struct drm_gpup_queue_create {
	/** @vm: Address space in which the jobs run. */
	__u32 vm;
	/** @engine_class: One of &enum drm_gpup_engine_class. */
	__u32 engine_class;
	/** @priority: One of &enum drm_gpup_queue_priority. */
	__u32 priority;
	/** @queue: Out: handle of the queue. */
	__u32 queue;
};

/**
 * struct drm_gpup_queue_destroy - Arguments of DRM_IOCTL_GPUP_QUEUE_DESTROY
 *
 * Jobs that have not finished are cancelled; their fences signal ECANCELED. One that runs has the
 * partition's preempt_timeout_us to get off or to end; after that it has hung, and signals ETIME.
 */
struct drm_gpup_queue_destroy {
	/** @queue: Handle of the queue. */
	__u32 queue;
	/** @pad: Must be zero. */
	__u32 pad;
};

/**
 * struct drm_gpup_job - One job
 */
struct drm_gpup_job {
	/**
	 * @stream_addr: GPU virtual address of the command stream, a multiple
	 * of 8. The format is the adapter's, see &drm_gpup_adapter_info.isa.
	 */
	__u64 stream_addr;
	/**
	 * @stream_size: Size of the command stream in bytes, a multiple of 8,
	 * at most DRM_GPUP_MAX_STREAM_SIZE. Zero makes an empty job, which
	 * takes its turn in the queue and only waits and signals.
	 */
	__u32 stream_size;
	/** @pad: Must be zero. */
	__u32 pad;
	/** @syncs: Array of &struct drm_gpup_sync, at most DRM_GPUP_MAX_SYNCS. */
	struct drm_gpup_obj_array syncs;
};

/**
 * struct drm_gpup_queue_submit - Arguments of DRM_IOCTL_GPUP_QUEUE_SUBMIT
 *
 * The jobs of a queue run in order, one after the other. Either all jobs of a
 * call are queued or none is. The syncs to wait for are looked up before any job
 * of the call is queued.
 */
struct drm_gpup_queue_submit {
	/** @queue: Handle of the queue. */
	__u32 queue;
	/** @pad: Must be zero. */
	__u32 pad;
	/** @jobs: Array of &struct drm_gpup_job, 1 to DRM_GPUP_MAX_JOBS. */
	struct drm_gpup_obj_array jobs;
	/** @value: Out: the queue's timeline value that the last job reaches. */
	__u64 value;
};

/**
 * enum drm_gpup_queue_state - State of a queue
 */
enum drm_gpup_queue_state {
	/** @DRM_GPUP_QUEUE_RUNNING: All is well. */
	DRM_GPUP_QUEUE_RUNNING = 0,
	/** @DRM_GPUP_QUEUE_BANNED: A job of it failed or hung; it takes no more. */
	DRM_GPUP_QUEUE_BANNED = 1,
};

/**
 * struct drm_gpup_queue_get_state - Arguments of DRM_IOCTL_GPUP_QUEUE_GET_STATE
 */
struct drm_gpup_queue_get_state {
	/** @queue: Handle of the queue. */
	__u32 queue;
	/** @state: Out: one of &enum drm_gpup_queue_state. */
	__u32 state;
	/**
	 * @error: Out: positive errno that the queue was banned with (ETIME: a
	 * job hung, EFAULT: it touched an address that is not mapped or
	 * not writable, EINVAL: it held a malformed command or instruction), or zero.
	 */
	__u32 error;
	/** @pad: Must be zero. */
	__u32 pad;
	/** @completed: Out: timeline value of the last job that has ended. */
	__u64 completed;
	/** @submitted: Out: timeline value of the last job that was queued. */
	__u64 submitted;
	/** @fault_addr: Out: GPU virtual address of the fault with EFAULT, else zero. */
	__u64 fault_addr;
};

#define DRM_IOCTL_GPUP_DEV_QUERY \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_GPUP_DEV_QUERY, struct drm_gpup_dev_query)
#define DRM_IOCTL_GPUP_BO_CREATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_GPUP_BO_CREATE, struct drm_gpup_bo_create)
#define DRM_IOCTL_GPUP_BO_MMAP_OFFSET \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_GPUP_BO_MMAP_OFFSET, struct drm_gpup_bo_mmap_offset)
#define DRM_IOCTL_GPUP_BO_ADVISE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_GPUP_BO_ADVISE, struct drm_gpup_bo_advise)
#define DRM_IOCTL_GPUP_VM_CREATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_GPUP_VM_CREATE, struct drm_gpup_vm_create)
#define DRM_IOCTL_GPUP_VM_DESTROY \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_GPUP_VM_DESTROY, struct drm_gpup_vm_destroy)
#define DRM_IOCTL_GPUP_VM_BIND \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_GPUP_VM_BIND, struct drm_gpup_vm_bind)
#define DRM_IOCTL_GPUP_VM_GET_STATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_GPUP_VM_GET_STATE, struct drm_gpup_vm_get_state)
#define DRM_IOCTL_GPUP_QUEUE_CREATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_GPUP_QUEUE_CREATE, struct drm_gpup_queue_create)
#define DRM_IOCTL_GPUP_QUEUE_DESTROY \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_GPUP_QUEUE_DESTROY, struct drm_gpup_queue_destroy)
#define DRM_IOCTL_GPUP_QUEUE_SUBMIT \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_GPUP_QUEUE_SUBMIT, struct drm_gpup_queue_submit)
#define DRM_IOCTL_GPUP_QUEUE_GET_STATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_GPUP_QUEUE_GET_STATE, struct drm_gpup_queue_get_state)

#if defined(__cplusplus)
}
#endif

#endif /* _UAPI_GPUP_DRM_H_ */
