// SPDX-License-Identifier: GPL-2.0-only
/*
 * Address spaces: page tables, and how an engine looks things up in them.
 *
 * Four levels of 512 entries translate a 48-bit address. The tables of a range are made
 * by soft_as_prepare() and stay until the address space goes, so that
 * mapping and unmapping write entries and do nothing else. Tables and entries are
 * published with single stores; engines may walk at any time.
 *
 * A table of level 1 is two pages: the first finds the tables of the last level, the
 * second holds huge entries, each of which maps as much as such a table, in its place. Where
 * there is a huge entry the table has none, and it is there all the same: unmapping a
 * part fills it with the same translations, then clears the huge entry, then
 * clears the part. An engine looks for the huge entry first; where it finds none any
 * more it finds the table filled. Entries need only be contiguous for the kernel, and
 * VRAM is, so that a huge entry asks for an aligned GPU address and for nothing else.
 *
 * Unmapping clears the entries, changes the generation, and then takes the semaphore for
 * writing and lets it go at once. An engine that has looked up an old
 * entry holds the semaphore for reading, so it is waited for; one that takes the
 * semaphore later sees the new generation and forgets what it has cached.
 */
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "soft.h"

#define SOFT_LEVEL_BITS		9
#define SOFT_LEVELS		4

static_assert(BIT(SOFT_LEVEL_BITS) == SOFT_LEVEL_ENTRIES);
static_assert(PAGE_SHIFT + SOFT_LEVELS * SOFT_LEVEL_BITS == SOFT_VA_BITS);

/* The entry of @va in a table of level @level; the last level is 0. */
static u32 entry_index(u64 va, int level)
{
	return va >> (PAGE_SHIFT + level * SOFT_LEVEL_BITS) & (SOFT_LEVEL_ENTRIES - 1);
}

static u64 *table_of(u64 entry)
{
	return (u64 *)(uintptr_t)entry;
}

/* The table of level 1 that @va is in, or NULL. */
static u64 *find_dir(const struct gpup_hw_as *as, u64 va)
{
	u64 *table = as->root;
	int level;

	if (va >> SOFT_VA_BITS)
		return NULL;
	for (level = SOFT_LEVELS - 1; level > 1 && table; level--)
		table = table_of(READ_ONCE(table[entry_index(va, level)]));
	return table;
}

/* The table of the last level that @va is in, or NULL. */
static u64 *leaf_of(u64 *dir, u64 va)
{
	return table_of(READ_ONCE(dir[entry_index(va, 1)]));
}

/* Where the huge entry is that maps @va. */
static u64 *huge_of(u64 *dir, u64 va)
{
	return &dir[SOFT_LEVEL_ENTRIES + entry_index(va, 1)];
}

/* End of what one table of the last level has of the range from @va to @end. */
static u64 leaf_end(u64 va, u64 end)
{
	return min(end, ALIGN_DOWN(va, SOFT_LEAF_SPAN) + SOFT_LEAF_SPAN);
}

/* Pages of a table, as a power of two. */
static unsigned int table_order(int level)
{
	return level == 1;
}

/**
 * soft_as_new() - Create an empty address space
 * @gpu: The GPU.
 *
 * May sleep.
 *
 * Return: The address space, or ERR_PTR(-ENOMEM).
 */
struct gpup_hw_as *soft_as_new(struct soft_gpu *gpu)
{
	struct gpup_hw_as *as = kzalloc(sizeof(*as), GFP_KERNEL_ACCOUNT);

	if (!as)
		return ERR_PTR(-ENOMEM);
	as->root = (u64 *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!as->root) {
		kfree(as);
		return ERR_PTR(-ENOMEM);
	}
	as->gpu = gpu;
	as->generation = atomic64_inc_return(&gpu->generation);
	mutex_init(&as->prepare_lock);
	spin_lock_init(&as->huge_lock);
	init_rwsem(&as->sem);
	return as;
}

/**
 * soft_as_create() - Create an empty address space
 * @adapter: The GPU.
 *
 * May sleep.
 *
 * Return: The address space, or ERR_PTR(-ENOMEM).
 */
struct gpup_hw_as *soft_as_create(struct gpup_adapter *adapter)
{
	return soft_as_new(gpup_adapter_priv(adapter));
}

static void free_table(u64 *table, int level)
{
	int i;

	if (level > 0) {
		for (i = 0; i < SOFT_LEVEL_ENTRIES; i++) {
			if (table[i])
				free_table(table_of(table[i]), level - 1);
		}
		cond_resched();
	}
	free_pages((unsigned long)table, table_order(level));
}

/**
 * soft_as_destroy() - Destroy an address space
 * @as: The address space; no engine uses it. May sleep.
 */
void soft_as_destroy(struct gpup_hw_as *as)
{
	free_table(as->root, SOFT_LEVELS - 1);
	mutex_destroy(&as->prepare_lock);
	kfree(as);
}

static u64 *new_table(struct gpup_hw_as *as, int level)
{
	u32 pages = 1U << table_order(level);
	unsigned long table;

	if (as->tables + pages > SOFT_AS_MAX_TABLES)
		return NULL;
	table = __get_free_pages(GFP_KERNEL_ACCOUNT | __GFP_ZERO, table_order(level));
	if (table)
		WRITE_ONCE(as->tables, as->tables + pages);
	return (u64 *)table;
}

static int prepare_leaf(struct gpup_hw_as *as, u64 va)
{
	u64 *table = as->root;
	int level;

	for (level = SOFT_LEVELS - 1; level > 0; level--) {
		u64 *slot = &table[entry_index(va, level)];

		table = table_of(*slot);
		if (table)
			continue;
		table = new_table(as, level - 1);
		if (!table)
			return -ENOMEM;
		/* Zeroed before an engine can find it. */
		smp_store_release(slot, (u64)(uintptr_t)table);
	}
	return 0;
}

/**
 * soft_as_prepare() - Make the page tables of a range
 * @as: The address space.
 * @va: Start of the range, a multiple of PAGE_SIZE.
 * @size: Bytes, a multiple of PAGE_SIZE.
 *
 * May sleep. What was made before a failure stays.
 *
 * Return: 0, or -ENOMEM, also beyond SOFT_AS_MAX_TABLES.
 */
int soft_as_prepare(struct gpup_hw_as *as, u64 va, u64 size)
{
	u64 last, leaf;
	int ret = 0;

	if (!size)
		return 0;
	if (va >> SOFT_VA_BITS || size > BIT_ULL(SOFT_VA_BITS) - va)
		return -ENOMEM;
	last = (va + size - 1) / SOFT_LEAF_SPAN;
	leaf = va / SOFT_LEAF_SPAN;
	if (last - leaf >= SOFT_AS_MAX_TABLES)
		return -ENOMEM;

	mutex_lock(&as->prepare_lock);
	for (; leaf <= last && !ret; leaf++) {
		ret = prepare_leaf(as, leaf * SOFT_LEAF_SPAN);
		cond_resched();
	}
	mutex_unlock(&as->prepare_lock);
	return ret;
}

/**
 * soft_as_memory() - Host memory that an address space takes
 * @as: The address space.
 *
 * Any context.
 *
 * Return: Bytes.
 */
u64 soft_as_memory(struct gpup_hw_as *as)
{
	return sizeof(*as) + (1 + (u64)READ_ONCE(as->tables)) * PAGE_SIZE;
}

/**
 * soft_as_map() - Map memory
 * @as: The address space.
 * @va: Start of the range, prepared and not mapped.
 * @size: Bytes, a multiple of PAGE_SIZE.
 * @domain: Where the memory is.
 * @addr: Its address there.
 * @writable: Jobs may write to it.
 *
 * May sleep.
 */
void soft_as_map(struct gpup_hw_as *as, u64 va, u64 size,
		 enum gpup_mem_domain domain, u64 addr, bool writable)
{
	u64 flags = SOFT_PTE_VALID | (writable ? SOFT_PTE_WRITE : 0);
	u64 end = va + size;
	void *mem;

	mem = domain == GPUP_MEM_VRAM ? as->gpu->vram + addr : phys_to_virt(addr);
	while (va < end) {
		u64 *dir = find_dir(as, va);
		u64 *leaf = dir ? leaf_of(dir, va) : NULL;
		u64 pte = (u64)(uintptr_t)mem | flags;
		u64 next = leaf_end(va, end);

		/* The range was not prepared: a mistake of the caller, never of a job. */
		if (WARN_ON_ONCE(!leaf))
			return;
		mem += next - va;
		if (next - va == SOFT_LEAF_SPAN) {
			WRITE_ONCE(*huge_of(dir, va), pte);
			va = next;
		}
		for (; va < next; va += PAGE_SIZE, pte += PAGE_SIZE)
			WRITE_ONCE(leaf[entry_index(va, 0)], pte);
		cond_resched();
	}
}

/* Put the same translations into the table as are in the huge entry. */
static void split_huge(struct gpup_hw_as *as, u64 *huge, u64 *leaf)
{
	u64 pte = *huge;
	int i;

	lockdep_assert_held(&as->huge_lock);
	for (i = 0; i < SOFT_LEVEL_ENTRIES; i++, pte += PAGE_SIZE)
		WRITE_ONCE(leaf[i], pte);
	/* Who does not find the huge entry finds all of the table, see walk(). */
	smp_store_release(huge, 0);
}

/* Unmap from @va to @end, which one table of the last level has. Was anything mapped? */
static bool unmap_leaf(struct gpup_hw_as *as, u64 va, u64 end)
{
	u64 *dir = find_dir(as, va);
	u64 *leaf = dir ? leaf_of(dir, va) : NULL;
	bool cleared = false;
	u64 *huge;

	if (!leaf)
		return false;
	huge = huge_of(dir, va);
	/* Where it is gone the table is complete, see split_huge(). */
	if (smp_load_acquire(huge)) {
		/* Others may be about to unmap other parts of the same entry. */
		spin_lock(&as->huge_lock);
		if (*huge && end - va == SOFT_LEAF_SPAN) {
			WRITE_ONCE(*huge, 0);
			cleared = true;
		} else if (*huge) {
			split_huge(as, huge, leaf);
		}
		spin_unlock(&as->huge_lock);
		if (cleared)
			return true;
	}
	for (; va < end; va += PAGE_SIZE) {
		u64 *slot = &leaf[entry_index(va, 0)];

		if (!*slot)
			continue;
		WRITE_ONCE(*slot, 0);
		cleared = true;
	}
	return cleared;
}

/**
 * soft_as_unmap() - Unmap a range, and wait until no engine uses it
 * @as: The address space.
 * @va: Start of the range, a multiple of PAGE_SIZE.
 * @size: Bytes, a multiple of PAGE_SIZE.
 *
 * May sleep, for as long as an engine takes for one slice.
 */
void soft_as_unmap(struct gpup_hw_as *as, u64 va, u64 size)
{
	u64 end = va + size;
	bool cleared = false;

	while (va < end) {
		u64 next = leaf_end(va, end);

		cleared |= unmap_leaf(as, va, next);
		va = next;
		cond_resched();
	}
	if (!cleared)
		return;

	WRITE_ONCE(as->generation, atomic64_inc_return(&as->gpu->generation));
	down_write(&as->sem);
	up_write(&as->sem);
}

/**
 * soft_section_begin() - Start to use translations
 * @ctx: The context, with its address space set. May sleep.
 */
void soft_section_begin(struct soft_context *ctx)
{
	u64 generation;

	down_read(&ctx->as->sem);
	generation = READ_ONCE(ctx->as->generation);
	if (ctx->tlb.generation != generation) {
		/* No address has a page number of all ones. */
		memset(ctx->tlb.entries, 0xff, sizeof(ctx->tlb.entries));
		ctx->tlb.generation = generation;
	}
	ctx->budget = SOFT_SLICE;
}

/**
 * soft_section_end() - End the use of translations
 * @ctx: The context; all that was translated is void from here on.
 */
void soft_section_end(struct soft_context *ctx)
{
	up_read(&ctx->as->sem);
}

/**
 * soft_checkpoint() - Let others have their way
 * @ctx: The context, inside a section, and inside one again afterwards; all that was
 *	translated is void.
 *
 * May sleep.
 *
 * Return: 0, -ECANCELED if the job is to stop, or -EAGAIN if it is to be left off.
 */
int soft_checkpoint(struct soft_context *ctx)
{
	soft_section_end(ctx);
	cond_resched();
	soft_section_begin(ctx);
	if (soft_cancelled(ctx))
		return -ECANCELED;
	return soft_preempted(ctx) ? -EAGAIN : 0;
}

/* The page table entry of a page, or 0. */
static u64 walk(const struct gpup_hw_as *as, u64 va)
{
	u64 *dir = find_dir(as, va);
	u64 *leaf;
	u64 pte;

	if (!dir)
		return 0;
	/* Before the table is looked at, see split_huge(). */
	pte = smp_load_acquire(huge_of(dir, va));
	if (pte)
		return pte + (va & (SOFT_LEAF_SPAN - 1) & PAGE_MASK);
	leaf = leaf_of(dir, va);
	return leaf ? READ_ONCE(leaf[entry_index(va, 0)]) : 0;
}

/**
 * soft_tlb_fill() - Walk the page tables, and remember what was found
 * @ctx: The context, inside a section.
 * @va: GPU virtual address.
 *
 * Return: The page table entry of the page, or 0 if nothing is mapped there.
 */
u64 soft_tlb_fill(struct soft_context *ctx, u64 va)
{
	u64 page = va >> PAGE_SHIFT;
	u64 pte = walk(ctx->as, va);

	if (pte) {
		ctx->tlb.entries[page % SOFT_TLB_ENTRIES].page = page;
		ctx->tlb.entries[page % SOFT_TLB_ENTRIES].pte = pte;
	}
	return pte;
}

/**
 * soft_translate() - Translate an address
 * @ctx: The context, inside a section.
 * @va: GPU virtual address.
 * @write: The memory is going to be written.
 *
 * Return: Where the CPU finds the byte, good up to the end of its page and until the
 * section ends or soft_spend() is called; or NULL, with the fault's address set.
 */
void *soft_translate(struct soft_context *ctx, u64 va, bool write)
{
	u64 pte = soft_tlb_lookup(ctx, va);

	if (!(pte & (write ? SOFT_PTE_WRITE : SOFT_PTE_VALID))) {
		ctx->fault_addr = va;
		return NULL;
	}
	return (void *)(uintptr_t)(pte & PAGE_MASK) + offset_in_page(va);
}

/**
 * soft_read() - Copy from GPU memory into the engine
 * @ctx: The context, inside a section.
 * @dst: Where to.
 * @va: GPU virtual address.
 * @size: Bytes; small, as it is not interrupted.
 *
 * Each byte is read once, so that what is checked is what is used, even if
 * someone writes to the memory meanwhile.
 *
 * Return: 0 or -EFAULT.
 */
int soft_read(struct soft_context *ctx, void *dst, u64 va, size_t size)
{
	while (size) {
		size_t chunk = min_t(size_t, size, PAGE_SIZE - offset_in_page(va));
		const void *src = soft_translate(ctx, va, false);

		if (!src)
			return -EFAULT;
		memcpy(dst, src, chunk);
		dst += chunk;
		va += chunk;
		size -= chunk;
	}
	return 0;
}
