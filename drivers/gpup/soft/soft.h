/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gpup_soft: the software GPU.
 */
#ifndef _GPUP_SOFT_H_
#define _GPUP_SOFT_H_

#include <linux/atomic.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

#include <drm/gpup_adapter.h>
#include <drm/gpup_soft.h>

struct dentry;
struct device;
struct soft_shader;
struct task_struct;

/**
 * DOC: The software GPU
 *
 * Each engine is a kernel thread that executes the commands of one job at a time
 * (soft_engine.c, soft_cmd.c). A dispatch decodes its program once
 * (soft_decode.c) and executes it for all lanes of a work group in lockstep
 * (soft_exec.c), instruction by instruction over a row of registers
 * (soft_alu.c, soft_fpu.c, soft_lsu.c).
 *
 * Everything that a job touches goes through the page tables of its address
 * space (soft_as.c). An engine holds the address space's semaphore for
 * reading while it uses translations, and lets go of it at least once in every
 * SOFT_SLICE units of work. There it also looks whether it was told to stop and
 * whether others want the CPU. So unmapping waits for a slice at most, and
 * no job can keep an engine from being reset.
 *
 * Nothing allocates memory between the start of a job and its end: the
 * memory that reclaim waits for may depend on the job.
 *
 * Lock order: &gpup_hw_as.prepare_lock is taken by itself (it allocates);
 * &gpup_hw_as.sem by itself (nothing under it allocates or sleeps);
 * &gpup_hw_as.huge_lock and &soft_engine.lock are leaves.
 */

/* Work between two looks at the outside: one unit is a lane's instruction or 8 bytes copied. */
#define SOFT_SLICE		(32 * 1024)
/* Entries of an engine's translation cache; a power of two. */
#define SOFT_TLB_ENTRIES	64
/* Bits of a GPU virtual address. */
#define SOFT_VA_BITS		48
/* Entries of a page table. */
#define SOFT_LEVEL_ENTRIES	512
/* What a page table of the last level maps, and what a huge entry in its place maps. */
#define SOFT_LEAF_SPAN		((u64)PAGE_SIZE * SOFT_LEVEL_ENTRIES)
/* Pages of the tables of one address space: 64 MiB, enough to map 31 GiB without holes. */
#define SOFT_AS_MAX_TABLES	16384

/* A page table entry is the kernel address of a page, and these. */
#define SOFT_PTE_VALID		BIT_ULL(0)
#define SOFT_PTE_WRITE		BIT_ULL(1)

/**
 * struct soft_gpu - One software GPU
 */
struct soft_gpu {
	/** @name: What its threads and its files in debugfs are named for. */
	char name[24];
	/** @parent: The device that stands for the GPU. */
	struct device *parent;
	/** @adapter: What gpup made of it. */
	struct gpup_adapter *adapter;
	/** @vram: The video memory. */
	void *vram;
	/** @vram_size: Its size in bytes. */
	u64 vram_size;
	/** @vram_block: &gpup_adapter_caps.vram_block. */
	u64 vram_block;
	/** @generation: Last generation given to an address space. */
	atomic64_t generation;
	/** @engines: The engines of each class. */
	struct soft_engine *engines[DRM_GPUP_ENGINE_CLASSES];
	/** @num_engines: How many there are. */
	u32 num_engines[DRM_GPUP_ENGINE_CLASSES];
	/** @debugfs: Directory of the fault injection. */
	struct dentry *debugfs;
};

/**
 * struct gpup_hw_as - An address space
 */
struct gpup_hw_as {
	/** @gpu: The GPU. */
	struct soft_gpu *gpu;
	/** @root: Top level of the page tables. */
	u64 *root;
	/** @tables: Pages of the tables below @root. Written with @prepare_lock held. */
	u32 tables;
	/** @prepare_lock: Serializes the growth of the page tables. */
	struct mutex prepare_lock;
	/** @huge_lock: Serializes whoever takes huge entries away. Taken in process context. */
	spinlock_t huge_lock;
	/** @sem: Held for reading while an engine uses translations. */
	struct rw_semaphore sem;
	/**
	 * @generation: Changes whenever something was unmapped; never the same for two
	 * address spaces, so that it tells whom a cached translation belongs to.
	 */
	u64 generation;
};

/**
 * struct soft_tlb - Translations that an engine has used
 */
struct soft_tlb {
	/** @generation: &gpup_hw_as.generation that they are valid for. */
	u64 generation;
	/** @entries: Page number and page table entry, found by the page number's low bits. */
	struct {
		u64 page;
		u64 pte;
	} entries[SOFT_TLB_ENTRIES];
};

/**
 * union soft_cmd - Any command, as the engine has copied it
 * @header: What all have.
 * @copy: GPUP_SOFT_CMD_COPY.
 * @copy_2d: GPUP_SOFT_CMD_COPY_2D.
 * @fill: GPUP_SOFT_CMD_FILL.
 * @timestamp: GPUP_SOFT_CMD_TIMESTAMP.
 * @timeline_write: GPUP_SOFT_CMD_TIMELINE_WRITE.
 * @dispatch: GPUP_SOFT_CMD_DISPATCH.
 */
union soft_cmd {
	struct gpup_soft_cmd_header header;
	struct gpup_soft_cmd_copy copy;
	struct gpup_soft_cmd_copy_2d copy_2d;
	struct gpup_soft_cmd_fill fill;
	struct gpup_soft_cmd_timestamp timestamp;
	struct gpup_soft_cmd_timeline_write timeline_write;
	struct gpup_soft_cmd_dispatch dispatch;
};

/**
 * struct gpup_hw_context - How far a job is
 *
 * All that an engine needs to know to go on with a job: between two calls of soft_spend() it
 * does one thing, and what it has done is in here or in memory. Nothing in it is an address
 * of the host's, but for @shader.
 */
struct gpup_hw_context {
	/** @addr: GPU virtual address of the command that is next, or at work. */
	u64 addr;
	/** @left: Bytes of the stream from there on. */
	u32 left;
	/** @in_cmd: @cmd is at work. */
	bool in_cmd;
	/** @row: Rows of a copy that are done. */
	u32 row;
	/** @done: Bytes of the row, or of the command, that are done. */
	u64 done;
	/** @cmd: The command. */
	union soft_cmd cmd;
	/** @delay_us: Microseconds that the job is still to be delayed. */
	u32 delay_us;
	/** @shader: What executes programs, with its state; NULL for a copy engine. */
	struct soft_shader *shader;
};

/**
 * struct soft_context - What executes one job
 *
 * Belongs to one thread; only @cancel and @preempt are written by others.
 */
struct soft_context {
	/** @as: Address space of the job. */
	struct gpup_hw_as *as;
	/** @state: How far it is. */
	struct gpup_hw_context *state;
	/** @tlb: Cached translations, used inside a section only. */
	struct soft_tlb tlb;
	/** @budget: Units of work left in this slice. */
	s64 budget;
	/** @seq: Number of the job. */
	u64 seq;
	/** @cancel: Jobs up to this number are to stop. */
	u64 cancel;
	/** @preempt: Jobs up to this number are to be left off. */
	u64 preempt;
	/** @fault_addr: GPU virtual address that -EFAULT is about. */
	u64 fault_addr;
};

/**
 * struct soft_faults - What an engine was told to do wrong
 */
struct soft_faults {
	/** @hang: Number of jobs that never end. */
	atomic_t hang;
	/** @hang_size: Jobs with a stream of so many bytes never end. */
	u32 hang_size;
	/** @page_fault: Number of jobs that end with a page fault. */
	atomic_t page_fault;
	/** @fail_reset: Number of engine resets that fail. */
	atomic_t fail_reset;
	/** @delay_us: Microseconds that each job takes longer. */
	u32 delay_us;
};

/**
 * struct soft_engine - One engine
 */
struct soft_engine {
	/** @gpu: The GPU. */
	struct soft_gpu *gpu;
	/** @engine_class: One of &enum drm_gpup_engine_class. */
	u32 engine_class;
	/** @index: Number within the class. */
	u32 index;
	/** @thread: The thread that executes. */
	struct task_struct *thread;
	/**
	 * @lock: Protects @job, @started, @reported and the writing of &soft_context.cancel
	 * and &soft_context.preempt. Taken in any context.
	 */
	spinlock_t lock;
	/** @job: The job that runs. */
	struct gpup_hw_job *job;
	/** @started: Number of jobs that were started. */
	u64 started;
	/** @reported: Number of jobs whose end gpup knows of. */
	u64 reported;
	/** @wake: The thread waits here. */
	wait_queue_head_t wake;
	/** @idle: Those who reset the engine wait here. */
	wait_queue_head_t idle;
	/** @context: What executes. */
	struct soft_context context;
	/** @faults: Deliberate faults. */
	struct soft_faults faults;
};

/* soft_device.c */
int soft_devices_init(void);
void soft_devices_fini(void);
struct device *soft_device_create(unsigned int index);
void soft_device_destroy(struct device *dev);

/* soft_vram.c */
int soft_vram_init(struct soft_gpu *gpu, u64 size);
void soft_vram_fini(struct soft_gpu *gpu);
unsigned long soft_vram_pfn(struct gpup_adapter *adapter, u64 offset);
int soft_vram_clear(struct gpup_adapter *adapter, u64 offset, u64 size);
void soft_vram_copy(struct soft_gpu *gpu, enum gpup_mem_domain dst_domain, u64 dst,
		    enum gpup_mem_domain src_domain, u64 src, u64 size);
int soft_copy(struct gpup_adapter *adapter, enum gpup_mem_domain dst_domain, u64 dst,
	      enum gpup_mem_domain src_domain, u64 src, u64 size);

/* soft_as.c */
struct gpup_hw_as *soft_as_new(struct soft_gpu *gpu);
struct gpup_hw_as *soft_as_create(struct gpup_adapter *adapter);
void soft_as_destroy(struct gpup_hw_as *as);
int soft_as_prepare(struct gpup_hw_as *as, u64 va, u64 size);
u64 soft_as_memory(struct gpup_hw_as *as);
void soft_as_map(struct gpup_hw_as *as, u64 va, u64 size,
		 enum gpup_mem_domain domain, u64 addr, bool writable);
void soft_as_unmap(struct gpup_hw_as *as, u64 va, u64 size);
void soft_section_begin(struct soft_context *ctx);
void soft_section_end(struct soft_context *ctx);
int soft_checkpoint(struct soft_context *ctx);
u64 soft_tlb_fill(struct soft_context *ctx, u64 va);
void *soft_translate(struct soft_context *ctx, u64 va, bool write);
int soft_read(struct soft_context *ctx, void *dst, u64 va, size_t size);

/* soft_engine.c */
int soft_engines_init(struct soft_gpu *gpu);
void soft_engines_fini(struct soft_gpu *gpu);
void soft_run(struct gpup_adapter *adapter, u32 engine_class, u32 engine,
	      struct gpup_hw_job *job);
void soft_preempt(struct gpup_adapter *adapter, u32 engine_class, u32 engine);
int soft_engine_reset(struct gpup_adapter *adapter, u32 engine_class, u32 engine);
void soft_adapter_reset(struct gpup_adapter *adapter, u32 engine_class, u32 engine);

/* soft_context.c */
struct gpup_hw_context *soft_context_create(struct gpup_adapter *adapter, u32 engine_class);
void soft_context_destroy(struct gpup_hw_context *context);
size_t soft_context_dump(struct gpup_hw_context *context, char *buf, size_t size);
u64 soft_context_memory(struct gpup_adapter *adapter, u32 engine_class);

/* soft_cmd.c */
void soft_cmd_begin(struct gpup_hw_context *state, u64 addr, u32 size);
int soft_cmd_execute(struct soft_context *ctx);

/* soft_fault.c */
void soft_fault_init(struct soft_gpu *gpu);
void soft_fault_fini(struct soft_gpu *gpu);
bool soft_fault_take(atomic_t *count);

/**
 * soft_cancelled() - Is the job to stop?
 * @ctx: Its context.
 *
 * Return: Whether it is.
 */
static inline bool soft_cancelled(const struct soft_context *ctx)
{
	return READ_ONCE(ctx->cancel) >= ctx->seq;
}

/**
 * soft_preempted() - Is the job to be left off?
 * @ctx: Its context.
 *
 * Return: Whether it is.
 */
static inline bool soft_preempted(const struct soft_context *ctx)
{
	return READ_ONCE(ctx->preempt) >= ctx->seq;
}

/**
 * soft_spend() - Account for work, and look outside now and then
 * @ctx: The context, inside a section. Translations are void after this.
 * @units: Units of work.
 *
 * To be called before something that is done as a whole, not in its middle: a job that is left
 * off begins with it again.
 *
 * Return: 0, -ECANCELED if the job is to stop, or -EAGAIN if it is to be left off.
 */
static inline int soft_spend(struct soft_context *ctx, u32 units)
{
	ctx->budget -= units;
	if (likely(ctx->budget > 0))
		return 0;
	return soft_checkpoint(ctx);
}

/**
 * soft_tlb_lookup() - Page table entry of an address
 * @ctx: The context, inside a section.
 * @va: GPU virtual address.
 *
 * Return: The entry, or 0 if nothing is mapped there.
 */
static inline u64 soft_tlb_lookup(struct soft_context *ctx, u64 va)
{
	u64 page = va >> PAGE_SHIFT;
	u32 slot = page % SOFT_TLB_ENTRIES;

	if (likely(ctx->tlb.entries[slot].page == page))
		return ctx->tlb.entries[slot].pte;
	return soft_tlb_fill(ctx, va);
}

#endif /* _GPUP_SOFT_H_ */
