/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gpup: the interface between a GPU's driver and gpup.
 */
#ifndef _DRM_GPUP_ADAPTER_H_
#define _DRM_GPUP_ADAPTER_H_

#include <linux/list.h>
#include <linux/types.h>

#include <drm/gpup_drm.h>

struct device;
struct gpup_adapter;
struct gpup_hw_as;
struct gpup_hw_context;
struct module;

/**
 * DOC: Adapter interface
 *
 * An adapter is one physical GPU. Its driver registers what the GPU has
 * (&struct gpup_adapter_caps) and what it can do (&struct gpup_adapter_ops); gpup
 * decides who gets which memory and whose turn it is. The driver never
 * learns which partition or process a request comes from.
 *
 * The driver reports the end of every job that it was given, once, with
 * gpup_hw_job_done(). A job that it has taken off its engine before the end
 * (&gpup_adapter_ops.preempt) it reports with gpup_hw_job_preempted(), and is given again
 * later, on any engine of the class.
 */

/**
 * enum gpup_preemption - What it takes to get a job off an engine
 * @GPUP_PREEMPT_JOB: The end of the job, or a reset.
 * @GPUP_PREEMPT_INSIDE: It can be interrupted anywhere, and goes on later.
 */
enum gpup_preemption {
	GPUP_PREEMPT_JOB,
	GPUP_PREEMPT_INSIDE,
};

/**
 * struct gpup_adapter_caps - What a GPU has
 */
struct gpup_adapter_caps {
	/** @name: Name of the GPU, at most 31 characters. */
	const char *name;
	/** @isa: Name of the command and instruction set, at most 31 characters. */
	const char *isa;
	/** @vram_size: Video memory in bytes, a multiple of @page_size. */
	u64 vram_size;
	/**
	 * @vram_block: Granularity in which the VRAM is contiguous for the CPU, in bytes: a
	 * power of two, at least PAGE_SIZE; zero means PAGE_SIZE. The page frames of
	 * each aligned block that is wholly in the VRAM follow each other, and the first
	 * is aligned to as much.
	 */
	u64 vram_block;
	/** @va_start: First usable GPU virtual address, a multiple of @page_size. */
	u64 va_start;
	/** @va_end: First GPU virtual address out of range, a multiple of @page_size. */
	u64 va_end;
	/**
	 * @page_size: Granularity of mappings in bytes: a power of two, a multiple
	 * of PAGE_SIZE.
	 */
	u32 page_size;
	/** @engines: Number of engines of each class, from zero to GPUP_MAX_ENGINES. */
	u32 engines[DRM_GPUP_ENGINE_CLASSES];
	/** @preemption: What the engines of each class can do. */
	enum gpup_preemption preemption[DRM_GPUP_ENGINE_CLASSES];
	/** @timestamp_frequency: Ticks per second of the timestamps that jobs can take. */
	u64 timestamp_frequency;
};

#define GPUP_MAX_ENGINES	8

/**
 * enum gpup_mem_domain - Where the memory behind a mapping is
 * @GPUP_MEM_VRAM: Addresses are offsets into the VRAM.
 * @GPUP_MEM_SYSTEM: Addresses are physical addresses.
 */
enum gpup_mem_domain {
	GPUP_MEM_VRAM,
	GPUP_MEM_SYSTEM,
};

/**
 * struct gpup_hw_job - One job, as an engine sees it
 */
struct gpup_hw_job {
	/** @as: Address space to run in. It outlives the job. */
	struct gpup_hw_as *as;
	/** @stream_addr: GPU virtual address of the command stream. */
	u64 stream_addr;
	/** @stream_size: Size of the command stream in bytes; zero for an empty job. */
	u32 stream_size;
	/**
	 * @context: Where the engine leaves off if it is preempted, with
	 * GPUP_PREEMPT_INSIDE; jobs that share it are run one after the other.
	 */
	struct gpup_hw_context *context;
	/** @resume: The job was preempted, and is to go on from its context. */
	bool resume;
	/** @link: For the driver, between run and gpup_hw_job_done(). */
	struct list_head link;
};

/**
 * struct gpup_adapter_ops - What a GPU can do
 *
 * Unless it says otherwise an operation is called from process context, may sleep,
 * and may run at the same time as any other.
 */
struct gpup_adapter_ops {
	/** @owner: Module of the driver; held while there are users. */
	struct module *owner;

	/**
	 * @vram_pfn: Page frame through which the CPU reaches the VRAM at
	 * @offset (a multiple of PAGE_SIZE). May be called in any
	 * context, must not sleep, cannot fail.
	 */
	unsigned long (*vram_pfn)(struct gpup_adapter *adapter, u64 offset);

	/**
	 * @vram_clear: Fill VRAM with zeroes; returns when that is done. Both
	 * arguments are multiples of the page size. Others wait for it with fences: must
	 * not allocate memory. Returns 0, or -EIO if the contents could not be
	 * cleared; the range is then never used again.
	 */
	int (*vram_clear)(struct gpup_adapter *adapter, u64 offset, u64 size);

	/**
	 * @copy: Copy memory; returns when that is done. Addresses and @size are
	 * multiples of the page size, each side is contiguous, at least one is VRAM, and
	 * they do not overlap. Others wait for it with fences: must not allocate
	 * memory. Returns 0 or -EIO; gpup then copies with the CPU.
	 */
	int (*copy)(struct gpup_adapter *adapter, enum gpup_mem_domain dst_domain, u64 dst,
		    enum gpup_mem_domain src_domain, u64 src, u64 size);

	/** @as_create: Create an empty address space. Returns it or an ERR_PTR. */
	struct gpup_hw_as *(*as_create)(struct gpup_adapter *adapter);

	/** @as_destroy: Destroy an address space. No job uses it any more. */
	void (*as_destroy)(struct gpup_hw_as *as);

	/**
	 * @as_prepare: Allocate whatever @as_map and @as_unmap will need for
	 * the range [@va, @va + @size), until @as_destroy. Returns 0 or
	 * -ENOMEM, also if the address space has grown beyond the driver's bound.
	 */
	int (*as_prepare)(struct gpup_hw_as *as, u64 va, u64 size);

	/**
	 * @as_memory: Host memory that an address space takes, in bytes; grows in
	 * @as_prepare alone, also in one that fails. Any context, must not sleep.
	 */
	u64 (*as_memory)(struct gpup_hw_as *as);

	/**
	 * @as_map: Map contiguous memory, in a range that was prepared and that is
	 * not mapped at present. Cannot fail. Must not allocate memory.
	 */
	void (*as_map)(struct gpup_hw_as *as, u64 va, u64 size,
		       enum gpup_mem_domain domain, u64 addr, bool writable);

	/**
	 * @as_unmap: Unmap a range that was prepared; parts that are not mapped
	 * are no error. When it returns, no engine uses the old mappings any
	 * more. Cannot fail. Must not allocate memory.
	 */
	void (*as_unmap)(struct gpup_hw_as *as, u64 va, u64 size);

	/**
	 * @context_create: Allocate what it takes to preempt the jobs of one queue inside;
	 * only with GPUP_PREEMPT_INSIDE. Returns it or an ERR_PTR.
	 */
	struct gpup_hw_context *(*context_create)(struct gpup_adapter *adapter,
						  u32 engine_class);

	/** @context_destroy: Free a context. No job uses it any more. */
	void (*context_destroy)(struct gpup_hw_context *context);

	/** @context_memory: Host memory that a context takes, in bytes. Any context. */
	u64 (*context_memory)(struct gpup_adapter *adapter, u32 engine_class);

	/**
	 * @context_dump: Describe, for whoever looks for the reason of a hang, where a context
	 * has been left: as lines of text, into a buffer of @size bytes. Returns the length. May
	 * be NULL.
	 */
	size_t (*context_dump)(struct gpup_hw_context *context, char *buf, size_t size);

	/**
	 * @run: Start a job on an idle engine. Called in any context, also from
	 * within gpup_hw_job_done(); must not sleep, and must not call that
	 * itself. Cannot fail: what is wrong with a job is reported at its end.
	 */
	void (*run)(struct gpup_adapter *adapter, u32 engine_class, u32 engine,
		    struct gpup_hw_job *job);

	/**
	 * @preempt: Ask an engine to give up its job; only with GPUP_PREEMPT_INSIDE. It
	 * answers with gpup_hw_job_preempted(), or if the job has ended meanwhile, with
	 * gpup_hw_job_done(), soon; if it does not, it is reset. Any context, must not
	 * sleep, and must not call these itself.
	 */
	void (*preempt)(struct gpup_adapter *adapter, u32 engine_class, u32 engine);

	/**
	 * @engine_reset: Stop what runs on an engine. When it returns 0, the
	 * engine is idle, and its job has been reported with gpup_hw_job_done()
	 * (with -ECANCELED, if it did not end or was preempted at the last moment; the
	 * engine may be idle already). It is given no job meanwhile. Otherwise
	 * (-EIO) nothing has changed and @adapter_reset is called.
	 */
	int (*engine_reset)(struct gpup_adapter *adapter, u32 engine_class, u32 engine);

	/**
	 * @adapter_reset: Reset all of the GPU, so that the given engine
	 * is idle and its job has been reported, as with @engine_reset. Jobs on
	 * other engines which survive it go on; those which do not are reported with
	 * -ECANCELED. The contents of VRAM and the address spaces stay. Cannot fail.
	 */
	void (*adapter_reset)(struct gpup_adapter *adapter, u32 engine_class, u32 engine);
};

struct gpup_adapter *gpup_adapter_register(struct device *parent,
					   const struct gpup_adapter_ops *ops,
					   const struct gpup_adapter_caps *caps, void *priv);
void gpup_adapter_unregister(struct gpup_adapter *adapter);
void *gpup_adapter_priv(struct gpup_adapter *adapter);

void gpup_hw_job_preempted(struct gpup_hw_job *job, u64 gpu_ns);
void gpup_hw_job_done(struct gpup_hw_job *job, int error, u64 fault_addr, u64 gpu_ns);

#endif /* _DRM_GPUP_ADAPTER_H_ */
