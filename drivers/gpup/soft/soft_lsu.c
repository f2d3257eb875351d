// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads, stores and atomics, over a row of lanes.
 *
 * Accesses are aligned, so none of them crosses a page. Global memory may be written by
 * anyone at any time: each access is a single one. Local memory belongs to
 * the group alone.
 */
#include <linux/compiler.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/nospec.h>

#include "soft.h"
#include "soft_shader.h"

/**
 * struct page_cursor - The page that the last lane used
 *
 * Lanes mostly follow each other in memory.
 */
struct page_cursor {
	/** @page: Page number; all ones if there is none. */
	u64 page;
	/** @base: Where the CPU finds it. */
	void *base;
};

static __always_inline u32 lane_of(const struct soft_vec *v, u32 i)
{
	return v->lanes ? v->lanes[i] : i;
}

static void *fault(struct soft_context *ctx, u64 addr)
{
	ctx->fault_addr = addr;
	return NULL;
}

static __always_inline void *global_access(struct soft_context *ctx, struct page_cursor *cursor,
					   u64 va, u32 size, bool write)
{
	if (unlikely(va % size))
		return fault(ctx, va);
	if (unlikely(va >> PAGE_SHIFT != cursor->page)) {
		cursor->base = soft_translate(ctx, va & PAGE_MASK, write);
		if (!cursor->base)
			return fault(ctx, va);
		cursor->page = va >> PAGE_SHIFT;
	}
	return cursor->base + offset_in_page(va);
}

static __always_inline void *local_access(struct soft_context *ctx, u64 addr, u32 size)
{
	/* Its size is a multiple of any access. */
	u32 local_size = ctx->state->shader->cmd.local_size;

	if (unlikely(addr % size || addr >= local_size))
		return fault(ctx, addr);
	return ctx->state->shader->local + array_index_nospec(addr, local_size);
}

static __always_inline void *access(struct soft_context *ctx, struct page_cursor *cursor, u64 addr,
				    u32 size, bool write, const bool local)
{
	return local ? local_access(ctx, addr, size) :
		       global_access(ctx, cursor, addr, size, write);
}

static __always_inline u64 get(const void *mem, const u8 width)
{
	switch (width) {
	case GPUP_SOFT_U8:
		return READ_ONCE(*(const u8 *)mem);
	case GPUP_SOFT_U16:
		return READ_ONCE(*(const u16 *)mem);
	case GPUP_SOFT_U32:
		return READ_ONCE(*(const u32 *)mem);
	case GPUP_SOFT_S8:
		return (s64)READ_ONCE(*(const s8 *)mem);
	case GPUP_SOFT_S16:
		return (s64)READ_ONCE(*(const s16 *)mem);
	case GPUP_SOFT_S32:
		return (s64)READ_ONCE(*(const s32 *)mem);
	default:
		return READ_ONCE(*(const u64 *)mem);
	}
}

static __always_inline void put(void *mem, u64 value, const u8 width)
{
	switch (width) {
	case GPUP_SOFT_U8:
		WRITE_ONCE(*(u8 *)mem, value);
		break;
	case GPUP_SOFT_U16:
		WRITE_ONCE(*(u16 *)mem, value);
		break;
	case GPUP_SOFT_U32:
		WRITE_ONCE(*(u32 *)mem, value);
		break;
	default:
		WRITE_ONCE(*(u64 *)mem, value);
		break;
	}
}

static __always_inline int load_from(struct soft_context *ctx, const struct soft_insn *insn,
				     const struct soft_vec *v, const u8 width, const bool local)
{
	struct page_cursor cursor = { .page = U64_MAX };
	u64 offset = insn->imm;
	u32 i;

	for (i = 0; i < v->count; i++) {
		u32 lane = lane_of(v, i);
		const void *mem = access(ctx, &cursor, v->a[lane] + offset, 1 << (width & 3),
					 false, local);

		if (unlikely(!mem))
			return -EFAULT;
		v->d[lane] = get(mem, width);
	}
	return 0;
}

/* A loop for each kind of memory, and each width. */
static __always_inline int load_width(struct soft_context *ctx, const struct soft_insn *insn,
				      const struct soft_vec *v, const u8 width)
{
	return insn->flags & GPUP_SOFT_FLAG_LOCAL ? load_from(ctx, insn, v, width, true) :
						    load_from(ctx, insn, v, width, false);
}

static __always_inline int store_to(struct soft_context *ctx, const struct soft_insn *insn,
				    const struct soft_vec *v, const u8 width, const bool local)
{
	struct page_cursor cursor = { .page = U64_MAX };
	u64 offset = insn->imm;
	u32 i;

	for (i = 0; i < v->count; i++) {
		u32 lane = lane_of(v, i);
		void *mem = access(ctx, &cursor, v->a[lane] + offset, 1 << width, true, local);

		if (unlikely(!mem))
			return -EFAULT;
		put(mem, v->d[lane], width);
	}
	return 0;
}

static __always_inline int store_width(struct soft_context *ctx, const struct soft_insn *insn,
				       const struct soft_vec *v, const u8 width)
{
	return insn->flags & GPUP_SOFT_FLAG_LOCAL ? store_to(ctx, insn, v, width, true) :
						    store_to(ctx, insn, v, width, false);
}

static int load(struct soft_context *ctx, const struct soft_insn *insn, const struct soft_vec *v)
{
	switch (insn->type) {
	case GPUP_SOFT_U8:
		return load_width(ctx, insn, v, GPUP_SOFT_U8);
	case GPUP_SOFT_U16:
		return load_width(ctx, insn, v, GPUP_SOFT_U16);
	case GPUP_SOFT_U32:
		return load_width(ctx, insn, v, GPUP_SOFT_U32);
	case GPUP_SOFT_S8:
		return load_width(ctx, insn, v, GPUP_SOFT_S8);
	case GPUP_SOFT_S16:
		return load_width(ctx, insn, v, GPUP_SOFT_S16);
	case GPUP_SOFT_S32:
		return load_width(ctx, insn, v, GPUP_SOFT_S32);
	default:
		return load_width(ctx, insn, v, GPUP_SOFT_U64);
	}
}

static int store(struct soft_context *ctx, const struct soft_insn *insn, const struct soft_vec *v)
{
	switch (insn->type) {
	case GPUP_SOFT_U8:
		return store_width(ctx, insn, v, GPUP_SOFT_U8);
	case GPUP_SOFT_U16:
		return store_width(ctx, insn, v, GPUP_SOFT_U16);
	case GPUP_SOFT_U32:
		return store_width(ctx, insn, v, GPUP_SOFT_U32);
	default:
		return store_width(ctx, insn, v, GPUP_SOFT_U64);
	}
}

static u32 combine32(u8 op, u32 old, u32 b, u32 c)
{
	switch (op) {
	case GPUP_SOFT_OP_ATOM_ADD:
		return old + b;
	case GPUP_SOFT_OP_ATOM_SUB:
		return old - b;
	case GPUP_SOFT_OP_ATOM_AND:
		return old & b;
	case GPUP_SOFT_OP_ATOM_OR:
		return old | b;
	case GPUP_SOFT_OP_ATOM_XOR:
		return old ^ b;
	case GPUP_SOFT_OP_ATOM_MIN:
		return (s32)old < (s32)b ? old : b;
	case GPUP_SOFT_OP_ATOM_MAX:
		return (s32)old > (s32)b ? old : b;
	case GPUP_SOFT_OP_ATOM_UMIN:
		return min(old, b);
	case GPUP_SOFT_OP_ATOM_UMAX:
		return max(old, b);
	case GPUP_SOFT_OP_ATOM_CMPXCHG:
		return old == c ? b : old;
	default:
		return b;
	}
}

static u64 combine64(u8 op, u64 old, u64 b, u64 c)
{
	switch (op) {
	case GPUP_SOFT_OP_ATOM_ADD:
		return old + b;
	case GPUP_SOFT_OP_ATOM_SUB:
		return old - b;
	case GPUP_SOFT_OP_ATOM_AND:
		return old & b;
	case GPUP_SOFT_OP_ATOM_OR:
		return old | b;
	case GPUP_SOFT_OP_ATOM_XOR:
		return old ^ b;
	case GPUP_SOFT_OP_ATOM_MIN:
		return (s64)old < (s64)b ? old : b;
	case GPUP_SOFT_OP_ATOM_MAX:
		return (s64)old > (s64)b ? old : b;
	case GPUP_SOFT_OP_ATOM_UMIN:
		return min(old, b);
	case GPUP_SOFT_OP_ATOM_UMAX:
		return max(old, b);
	case GPUP_SOFT_OP_ATOM_CMPXCHG:
		return old == c ? b : old;
	default:
		return b;
	}
}

/*
 * An exchange fails only if another CPU has just written; it cannot do so for
 * ever, as each attempt takes the cache line.
 */
static u32 modify32(u32 *mem, u8 op, u32 b, u32 c)
{
	u32 old = READ_ONCE(*mem);

	while (!try_cmpxchg(mem, &old, combine32(op, old, b, c)))
		cpu_relax();
	return old;
}

static u64 modify64(u64 *mem, u8 op, u64 b, u64 c)
{
	u64 old = READ_ONCE(*mem);

	while (!try_cmpxchg(mem, &old, combine64(op, old, b, c)))
		cpu_relax();
	return old;
}

static int atomic(struct soft_context *ctx, const struct soft_insn *insn, const struct soft_vec *v)
{
	struct page_cursor cursor = { .page = U64_MAX };
	bool local = insn->flags & GPUP_SOFT_FLAG_LOCAL;
	bool wide = insn->type == GPUP_SOFT_I64;
	u32 i;

	for (i = 0; i < v->count; i++) {
		u32 lane = lane_of(v, i);
		u64 b = v->b[lane];
		u64 c = v->c[lane];
		void *mem;

		mem = access(ctx, &cursor, v->a[lane] + insn->imm, wide ? 8 : 4, true, local);
		if (unlikely(!mem))
			return -EFAULT;
		v->d[lane] = wide ? modify64(mem, insn->op, b, c) : modify32(mem, insn->op, b, c);
	}
	return 0;
}

/**
 * soft_lsu() - Execute a load, a store or an atomic
 * @ctx: The context, inside a section.
 * @insn: The instruction.
 * @v: Its operands and lanes; lanes access memory in rising order.
 *
 * Does not sleep.
 *
 * Return: 0, or -EFAULT with the fault's address set: a GPU virtual address or, for local
 * memory, an offset.
 */
int soft_lsu(struct soft_context *ctx, const struct soft_insn *insn, const struct soft_vec *v)
{
	switch (insn->op) {
	case GPUP_SOFT_OP_LD:
		return load(ctx, insn, v);
	case GPUP_SOFT_OP_ST:
		return store(ctx, insn, v);
	default:
		return atomic(ctx, insn, v);
	}
}
