/* SPDX-License-Identifier: MIT */
/*
 * libgpup: programs for GPUs that are partitioned by gpup.
 *
 * The same program runs on a host, in the host's partition, and in a virtual
 * machine, in the machine's. See libgpup(3); the assembler is in gpup_asm.h.
 *
 * A program that computes something does this:
 *
 *	gpup_device_open		the GPU
 *	gpup_bo_create, _map		memory, seen by the CPU
 *	gpup_vm_create, gpup_vm_map	the same memory, seen by the GPU
 *	gpup_cmdbuf_create, gpup_cmd_*	commands: copies, fills, dispatches
 *	gpup_queue_create		a queue to an engine
 *	gpup_queue_submit, _wait	go, and be told when it is done
 *
 * Conventions
 *
 * - Functions that can fail return 0 or a negative errno. Nothing is changed by a
 *   function that fails, but where it says so. Out parameters are written on success only.
 * - Sizes and addresses are in bytes. Times are in nanoseconds.
 * - What has a _create has a _destroy; destroying NULL does nothing. An object must
 *   be destroyed before the one that it was created from.
 *
 * Threads
 *
 * All functions may be called from any thread, and different objects used at the
 * same time. Devices, bos, vms, timelines and queues may be shared by threads as
 * they are. A cmdbuf may be used by one thread at a time. Nobody may use an object
 * while it is being destroyed. After fork() only the parent may go on using the library's
 * objects.
 */
#ifndef GPUP_H
#define GPUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Devices -------------------------------------------------------------- */

struct gpup_device;

enum gpup_engine_class {
	GPUP_ENGINE_COMPUTE = 0,	/* dispatches, and all that copy engines do */
	GPUP_ENGINE_COPY = 1,		/* copies, fills, timestamps, timeline writes */
	GPUP_ENGINE_CLASSES
};

/* What a device is, and how much of it is in use by the caller's partition. */
struct gpup_info {
	char name[32];			/* of the GPU */
	char isa[32];			/* command and instruction set, e.g. "gpup-soft-1" */
	bool is_virtual;		/* in a virtual machine */
	uint64_t vram_size;		/* the GPU's; in a VM, the partition's vram_max */
	uint64_t va_start, va_end;	/* usable GPU addresses are in [va_start, va_end) */
	uint32_t page_size;		/* granularity of bo sizes and mappings */
	uint64_t timestamp_frequency;	/* ticks per second of the timestamp command */
	struct {
		uint32_t count;		/* engines of this class; zero if there are none */
		uint64_t gpu_time;	/* used by the partition */
		uint64_t jobs;		/* of the partition that have ended */
	} engines[GPUP_ENGINE_CLASSES];
	uint64_t vram_min;		/* guaranteed to the partition */
	uint64_t vram_max;		/* limit of the partition */
	uint64_t vram_used;		/* allocated, wherever the contents are */
	uint64_t vram_budget;		/* what can be kept in VRAM at the same time */
	uint64_t vram_evicted;		/* part of vram_used that is not in VRAM at present */
	uint64_t trims;			/* how often the partition was asked to use less */
	uint64_t system_max;		/* limit of system memory within reach of the GPU */
	uint64_t system_used;
	char partition[40];		/* "host", or the UUID of the mediated device */
	uint32_t partition_id;
	uint32_t sched_weight;		/* 1 to 10000 */
	uint32_t job_timeout_ms;	/* a job that runs for longer is taken to be hung */
	uint32_t max_objects;		/* vms, queues and bos that a process may have */
};

/*
 * Open a GPU: the render node @path, or if that is NULL the one that the environment variable
 * GPUP_DEVICE names, or else the first that belongs to gpup.
 * -ENODEV: there is none, @path is not one, or it is gone. -EACCES: it may not be opened.
 * -ENOSPC: as many programs as may have it open. Or another error of open(), of the first node
 * that has one.
 */
int gpup_device_open(const char *path, struct gpup_device **device);
void gpup_device_close(struct gpup_device *device);
const char *gpup_device_path(const struct gpup_device *device);
/* The DRM file, for ioctls of one's own. It stays the device's. */
int gpup_device_fd(const struct gpup_device *device);
/* Asks the kernel each time; the figures are those of now. */
int gpup_device_info(struct gpup_device *device, struct gpup_info *info);

/* The figures of memory alone, as in struct gpup_info. */
struct gpup_memory {
	uint64_t vram_min, vram_max, vram_used, vram_budget, vram_evicted, trims;
	uint64_t system_max, system_used;
};

/* In a virtual machine this does not ask the host: a page shows what the host knows. */
int gpup_device_memory(struct gpup_device *device, struct gpup_memory *memory);

/* ---- Buffer objects: memory ------------------------------------------------ */

struct gpup_bo;

/* Flags of gpup_bo_create(): exactly one of VRAM and SYSTEM. */
#define GPUP_BO_VRAM	(1u << 0)	/* in the GPU's memory */
#define GPUP_BO_SYSTEM	(1u << 1)	/* in the memory of the host, or of the VM */
#define GPUP_BO_NO_MMAP	(1u << 2)	/* will never be mapped by the CPU */

/*
 * Allocate memory; it reads as zero. @size is rounded up to whole pages.
 * -ENOMEM: the partition is at its limit.
 */
int gpup_bo_create(struct gpup_device *device, uint64_t size, uint32_t flags,
		   struct gpup_bo **bo);
/* Address spaces in which it is mapped keep the memory until it is unmapped there. */
void gpup_bo_destroy(struct gpup_bo *bo);
uint64_t gpup_bo_size(const struct gpup_bo *bo);
/* The GEM handle, for ioctls of one's own. */
uint32_t gpup_bo_handle(const struct gpup_bo *bo);

/* Map for the CPU. A bo is mapped once; further calls return the same address. */
int gpup_bo_map(struct gpup_bo *bo, void **address);
/* Undo all gpup_bo_map() of this bo; gpup_bo_destroy() does so, too. */
void gpup_bo_unmap(struct gpup_bo *bo);

/* A dma-buf file for another process or device; the caller closes it. */
int gpup_bo_export(struct gpup_bo *bo, int *fd);
/*
 * The memory behind a dma-buf file. Importing what this device has already open returns the
 * same bo once more; it must be destroyed as often as it was returned.
 */
int gpup_bo_import(struct gpup_device *device, int fd, struct gpup_bo **bo);

enum gpup_bo_advice {
	GPUP_BO_WILL_NEED = 0,		/* the contents are wanted (the state of a new bo) */
	GPUP_BO_DONT_NEED = 1,		/* may be dropped; not used until taken back */
};

/*
 * @retained (may be NULL): whether the contents are still there. If not, which is said once, the
 * bo reads as zero.
 */
int gpup_bo_advise(struct gpup_bo *bo, enum gpup_bo_advice advice, bool *retained);

/* ---- Timelines: knowing when ------------------------------------------------ */

/*
 * A timeline is a counter that only grows; it stands for work to come. Jobs and binds
 * wait for values of timelines and bring them to higher ones. It is a drm_syncobj.
 */
struct gpup_timeline;

/* A point on a timeline. */
struct gpup_fence {
	struct gpup_timeline *timeline;
	uint64_t value;
};

#define GPUP_FOREVER	(-1)

int gpup_timeline_create(struct gpup_device *device, struct gpup_timeline **timeline);
void gpup_timeline_destroy(struct gpup_timeline *timeline);
uint32_t gpup_timeline_handle(const struct gpup_timeline *timeline);
/*
 * Wait until @value is reached, also by work that nobody has submitted yet. A @timeout below
 * zero never ends. -ETIMEDOUT: not reached in time. Work that failed reaches its value as
 * well; ask its queue.
 */
int gpup_timeline_wait(struct gpup_timeline *timeline, uint64_t value, int64_t timeout);
int gpup_timeline_value(struct gpup_timeline *timeline, uint64_t *value);
/* Bring it to @value by hand. */
int gpup_timeline_signal(struct gpup_timeline *timeline, uint64_t value);

/* ---- Address spaces ----------------------------------------------------------- */

struct gpup_vm;

#define GPUP_MAP_READONLY	(1u << 0)	/* writes by the GPU fault */

int gpup_vm_create(struct gpup_device *device, struct gpup_vm **vm);
/* Its queues and cmdbufs must have been destroyed. */
void gpup_vm_destroy(struct gpup_vm *vm);

/* The simple way: map a whole bo where there is room, and return when it is done. */
int gpup_vm_map(struct gpup_vm *vm, struct gpup_bo *bo, uint32_t flags, uint64_t *va);
/* Undo that; no job may be using it. */
int gpup_vm_unmap(struct gpup_vm *vm, uint64_t va);

/*
 * The flexible way: reserve addresses, bind parts of bos to them, in order, and release
 * the addresses when nothing is bound to them any more. @size is rounded up to pages; @align
 * is a power of two, or zero. -ENOSPC: no room.
 */
int gpup_vm_reserve(struct gpup_vm *vm, uint64_t size, uint64_t align, uint64_t *va);
int gpup_vm_release(struct gpup_vm *vm, uint64_t va);

/* One operation: map a range of @bo at @va, or, if @bo is NULL, unmap. Whole pages only. */
struct gpup_bind {
	struct gpup_bo *bo;
	uint64_t bo_offset;
	uint64_t va;
	uint64_t size;
	uint32_t flags;			/* GPUP_MAP_READONLY */
};

#define GPUP_MAX_BINDS	256
#define GPUP_MAX_FENCES	63		/* waits and signals of one operation together */

/* Carry out all operations; return when they are done. */
int gpup_vm_bind(struct gpup_vm *vm, const struct gpup_bind *binds, size_t count);
/* Return at once: starts when all @waits are reached, and then reaches all @signals. */
int gpup_vm_bind_async(struct gpup_vm *vm, const struct gpup_bind *binds, size_t count,
		       const struct gpup_fence *waits, size_t wait_count,
		       const struct gpup_fence *signals, size_t signal_count);
/* 0, or the error (-ENOMEM, ...) with which it was lost; it can then only be destroyed. */
int gpup_vm_error(struct gpup_vm *vm);

/* ---- Command buffers ------------------------------------------------------------ */

struct gpup_cmdbuf;

/*
 * @size: room for commands; -EOPNOTSUPP: the GPU speaks another language than this library.
 *
 * The gpup_cmd_*() below append a command. They do not fail at once: the first error (-ENOSPC:
 * no more room, -EINVAL: an argument that is never right) is kept, and is returned by
 * gpup_cmdbuf_error() and by gpup_queue_submit().
 */
int gpup_cmdbuf_create(struct gpup_vm *vm, size_t size, struct gpup_cmdbuf **cmdbuf);
void gpup_cmdbuf_destroy(struct gpup_cmdbuf *cmdbuf);
/* Start anew. No job may be using it: commands stay where they are while a job reads them. */
void gpup_cmdbuf_reset(struct gpup_cmdbuf *cmdbuf);
int gpup_cmdbuf_error(const struct gpup_cmdbuf *cmdbuf);

void gpup_cmd_copy(struct gpup_cmdbuf *cmdbuf, uint64_t dst, uint64_t src, uint64_t size);

/* A rectangle: @height rows of @width bytes. A source pitch of zero repeats one row. */
struct gpup_copy_2d {
	uint64_t dst, src;
	uint32_t dst_pitch, src_pitch;
	uint32_t width, height;
};

void gpup_cmd_copy_2d(struct gpup_cmdbuf *cmdbuf, const struct gpup_copy_2d *copy);
/* With a 32-bit pattern, @dst and @size in multiples of 4; or with a byte. */
void gpup_cmd_fill(struct gpup_cmdbuf *cmdbuf, uint64_t dst, uint64_t size, uint32_t value);
void gpup_cmd_fill_byte(struct gpup_cmdbuf *cmdbuf, uint64_t dst, uint64_t size, uint8_t value);
/* Write the time, 64 bits, to @dst. */
void gpup_cmd_timestamp(struct gpup_cmdbuf *cmdbuf, uint64_t dst);
/* Write 64 bits to @dst when all that came before is visible. */
void gpup_cmd_timeline_write(struct gpup_cmdbuf *cmdbuf, uint64_t dst, uint64_t value);

/* Run a program over a grid of groups of lanes; compute engines only. */
struct gpup_dispatch {
	uint64_t program;		/* its address */
	uint32_t program_size;
	uint32_t local_size;		/* local memory of a group */
	const void *args;		/* copied; the program reads it with "ldarg" */
	uint32_t args_size;
	uint32_t grid[3];		/* groups in x, y, z */
	uint32_t group[3];		/* lanes of a group in x, y, z */
};

void gpup_cmd_dispatch(struct gpup_cmdbuf *cmdbuf, const struct gpup_dispatch *dispatch);
/* Append @size bytes, a multiple of 8, as they are. */
void gpup_cmd_raw(struct gpup_cmdbuf *cmdbuf, const void *data, size_t size);

/* ---- Queues ------------------------------------------------------------------------ */

/* Jobs of a queue run one after the other. */
struct gpup_queue;

enum gpup_priority {			/* among the queues of one partition */
	GPUP_PRIORITY_LOW = 0,
	GPUP_PRIORITY_NORMAL = 1,
	GPUP_PRIORITY_HIGH = 2,
};

int gpup_queue_create(struct gpup_vm *vm, enum gpup_engine_class engine_class,
		      enum gpup_priority priority, struct gpup_queue **queue);
/* Cancels the jobs that have not finished. */
void gpup_queue_destroy(struct gpup_queue *queue);
/*
 * Queue one job: it starts when all @waits are reached and then reaches all @signals. Without a
 * @cmdbuf it is empty. @value (may be NULL): the value of the queue's own timeline that
 * the job reaches; they count 1, 2, 3, ... What it waits for must have been submitted (-EINVAL).
 * -ECANCELED: the queue was banned. -EBUSY: it is full; wait for a job and try again.
 */
int gpup_queue_submit(struct gpup_queue *queue, struct gpup_cmdbuf *cmdbuf,
		      const struct gpup_fence *waits, size_t wait_count,
		      const struct gpup_fence *signals, size_t signal_count, uint64_t *value);
/* The queue's own timeline, for others to wait for; it goes with the queue. */
struct gpup_timeline *gpup_queue_timeline(struct gpup_queue *queue);
/*
 * Wait for a job of this queue, and learn how it went: -ETIMEDOUT: it has not ended within
 * @timeout. When a job failed, its queue is banned, and this function returns the reason for
 * all jobs but those that it has reported as good: -ETIME: a job ran for too long,
 * -EFAULT: it used an address that is not mapped, or not for writing, -EINVAL: it held what
 * is no command or instruction, -EIO: it was lost in a reset that another caused.
 */
int gpup_queue_wait(struct gpup_queue *queue, uint64_t value, int64_t timeout);

struct gpup_queue_state {
	bool banned;
	int error;			/* negative errno of the ban, or 0 */
	uint64_t fault_va;		/* GPU address behind an -EFAULT */
	uint64_t completed;		/* value of the last job that has ended */
	uint64_t submitted;		/* value of the last job that was queued */
};

int gpup_queue_get_state(struct gpup_queue *queue, struct gpup_queue_state *state);

#ifdef __cplusplus
}
#endif

#endif /* GPUP_H */
