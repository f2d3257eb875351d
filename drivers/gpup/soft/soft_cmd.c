// SPDX-License-Identifier: GPL-2.0-only
/*
 * Command streams: each command is copied into the engine, checked, and executed.
 *
 * A stream lies in memory that its owner can write to at any time. Nothing of it is read
 * twice.
 */
#include <linux/align.h>
#include <linux/build_bug.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/string.h>

#include <drm/gpup_soft.h>

#include "soft.h"
#include "soft_shader.h"

/* Work of a chunk of memory: what it takes to begin, and 8 bytes a unit. */
static u32 chunk_cost(size_t chunk)
{
	return 16 + chunk / 8;
}

static size_t to_page_end(u64 va)
{
	return PAGE_SIZE - offset_in_page(va);
}

/* From where it was left off, if it was. */
static int copy_bytes(struct soft_context *ctx, u64 dst, u64 src, u64 size)
{
	struct gpup_hw_context *state = ctx->state;

	while (state->done < size) {
		u64 from_va = src + state->done, to_va = dst + state->done;
		size_t chunk = min3(size - state->done, (u64)to_page_end(from_va),
				    (u64)to_page_end(to_va));
		const void *from;
		void *to;
		int ret;

		ret = soft_spend(ctx, chunk_cost(chunk));
		if (ret)
			return ret;
		from = soft_translate(ctx, from_va, false);
		if (!from)
			return -EFAULT;
		to = soft_translate(ctx, to_va, true);
		if (!to)
			return -EFAULT;
		memmove(to, from, chunk);
		state->done += chunk;
	}
	state->done = 0;
	return 0;
}

static int do_copy_2d(struct soft_context *ctx, const struct gpup_soft_cmd_copy_2d *cmd)
{
	struct gpup_hw_context *state = ctx->state;
	int ret;

	if (!cmd->width)
		return 0;
	for (; state->row < cmd->height; state->row++) {
		ret = copy_bytes(ctx, cmd->dst + (u64)state->row * cmd->dst_pitch,
				 cmd->src + (u64)state->row * cmd->src_pitch, cmd->width);
		if (ret)
			return ret;
	}
	return 0;
}

static int do_fill(struct soft_context *ctx, const struct gpup_soft_cmd_fill *cmd)
{
	bool bytes = cmd->header.flags & GPUP_SOFT_FILL_BYTE;
	struct gpup_hw_context *state = ctx->state;

	if (cmd->header.flags & ~GPUP_SOFT_FILL_BYTE || cmd->pad)
		return -EINVAL;
	if (!bytes && (cmd->dst % sizeof(u32) || cmd->size % sizeof(u32)))
		return -EINVAL;

	while (state->done < cmd->size) {
		u64 dst = cmd->dst + state->done;
		size_t chunk = min_t(u64, cmd->size - state->done, to_page_end(dst));
		void *to;
		int ret;

		ret = soft_spend(ctx, chunk_cost(chunk));
		if (ret)
			return ret;
		to = soft_translate(ctx, dst, true);
		if (!to)
			return -EFAULT;
		if (bytes)
			memset(to, cmd->value & 0xff, chunk);
		else
			memset32(to, cmd->value, chunk / sizeof(u32));
		state->done += chunk;
	}
	return 0;
}

static int write_u64(struct soft_context *ctx, u64 dst, u64 value)
{
	u64 *to;

	if (dst % sizeof(u64))
		return -EINVAL;
	to = soft_translate(ctx, dst, true);
	if (!to)
		return -EFAULT;
	/* In one store, and after all that the job has done before. */
	smp_store_release(to, value);
	return 0;
}

static size_t cmd_size(u16 opcode)
{
	switch (opcode) {
	case GPUP_SOFT_CMD_COPY:
		return sizeof(struct gpup_soft_cmd_copy);
	case GPUP_SOFT_CMD_COPY_2D:
		return sizeof(struct gpup_soft_cmd_copy_2d);
	case GPUP_SOFT_CMD_FILL:
		return sizeof(struct gpup_soft_cmd_fill);
	case GPUP_SOFT_CMD_TIMESTAMP:
		return sizeof(struct gpup_soft_cmd_timestamp);
	case GPUP_SOFT_CMD_TIMELINE_WRITE:
		return sizeof(struct gpup_soft_cmd_timeline_write);
	case GPUP_SOFT_CMD_DISPATCH:
		return sizeof(struct gpup_soft_cmd_dispatch);
	default:
		return 0;
	}
}

static int execute_one(struct soft_context *ctx, const union soft_cmd *cmd)
{
	/* FILL is the only one with flags. */
	if (cmd->header.flags && cmd->header.opcode != GPUP_SOFT_CMD_FILL)
		return -EINVAL;

	switch (cmd->header.opcode) {
	case GPUP_SOFT_CMD_COPY:
		return copy_bytes(ctx, cmd->copy.dst, cmd->copy.src, cmd->copy.size);
	case GPUP_SOFT_CMD_COPY_2D:
		return do_copy_2d(ctx, &cmd->copy_2d);
	case GPUP_SOFT_CMD_FILL:
		return do_fill(ctx, &cmd->fill);
	case GPUP_SOFT_CMD_TIMESTAMP:
		return write_u64(ctx, cmd->timestamp.dst, ktime_get_ns());
	case GPUP_SOFT_CMD_TIMELINE_WRITE:
		return write_u64(ctx, cmd->timeline_write.dst, cmd->timeline_write.value);
	case GPUP_SOFT_CMD_DISPATCH:
		if (!ctx->state->shader)
			return -EINVAL;
		return soft_dispatch(ctx, &cmd->dispatch);
	default:
		return -EINVAL;
	}
}

/* The next command is in the engine, checked, and at work; or was the last: 1. */
static int fetch(struct soft_context *ctx)
{
	struct gpup_hw_context *state = ctx->state;
	union soft_cmd *cmd = &state->cmd;
	size_t bytes;
	int ret;

	ret = soft_spend(ctx, chunk_cost(sizeof(*cmd)));
	if (ret)
		return ret;
	ret = soft_read(ctx, cmd, state->addr, sizeof(cmd->header));
	if (ret)
		return ret;
	bytes = cmd->header.size * sizeof(u64);
	if (!bytes || bytes > state->left)
		return -EINVAL;
	switch (cmd->header.opcode) {
	case GPUP_SOFT_CMD_END:
		return cmd->header.flags || bytes != sizeof(cmd->header) ? -EINVAL : 1;
	case GPUP_SOFT_CMD_NOP:
		if (cmd->header.flags)
			return -EINVAL;
		break;
	default:
		if (bytes != cmd_size(cmd->header.opcode))
			return -EINVAL;
		ret = soft_read(ctx, (void *)cmd + sizeof(cmd->header),
				state->addr + sizeof(cmd->header), bytes - sizeof(cmd->header));
		if (ret)
			return ret;
		break;
	}
	state->row = 0;
	state->done = 0;
	state->in_cmd = true;
	return 0;
}

/**
 * soft_cmd_begin() - Begin with a command stream
 * @state: Where to remember how far it is.
 * @addr: GPU virtual address of the stream.
 * @size: Its size in bytes.
 */
void soft_cmd_begin(struct gpup_hw_context *state, u64 addr, u32 size)
{
	state->addr = addr;
	state->left = size;
	state->in_cmd = false;
	if (state->shader)
		soft_shader_reset(state->shader);
}

/**
 * soft_cmd_execute() - Execute a command stream, or the rest of it
 * @ctx: The context, inside a section, with its state after soft_cmd_begin() or -EAGAIN.
 *
 * May sleep.
 *
 * Return: 0; -EINVAL for a malformed stream, command or instruction; -EFAULT, with the
 * fault's address set; -ECANCELED if it was stopped; -EAGAIN if it was left off.
 */
int soft_cmd_execute(struct soft_context *ctx)
{
	struct gpup_hw_context *state = ctx->state;
	int ret;

	BUILD_BUG_ON(sizeof(state->cmd) % sizeof(u64));
	if (state->addr % sizeof(u64) || state->left % sizeof(u64))
		return -EINVAL;

	while (state->left) {
		size_t bytes;

		if (!state->in_cmd) {
			ret = fetch(ctx);
			if (ret)
				return ret < 0 ? ret : 0;
		}
		if (state->cmd.header.opcode != GPUP_SOFT_CMD_NOP) {
			ret = execute_one(ctx, &state->cmd);
			if (ret)
				return ret;
		}
		bytes = state->cmd.header.size * sizeof(u64);
		state->in_cmd = false;
		state->addr += bytes;
		state->left -= bytes;
	}
	return 0;
}
