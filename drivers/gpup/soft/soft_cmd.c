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

/* Work of a chunk of memory: what it takes to begin, and 8 bytes a unit. */
static u32 chunk_cost(size_t chunk)
{
	return 16 + chunk / 8;
}

static size_t to_page_end(u64 va)
{
	return PAGE_SIZE - offset_in_page(va);
}

static int copy_bytes(struct soft_context *ctx, u64 dst, u64 src, u64 size)
{
	while (size) {
		size_t chunk = min3(size, (u64)to_page_end(src), (u64)to_page_end(dst));
		const void *from;
		void *to;
		int ret;

		ret = soft_spend(ctx, chunk_cost(chunk));
		if (ret)
			return ret;
		from = soft_translate(ctx, src, false);
		if (!from)
			return -EFAULT;
		to = soft_translate(ctx, dst, true);
		if (!to)
			return -EFAULT;
		memmove(to, from, chunk);
		src += chunk;
		dst += chunk;
		size -= chunk;
	}
	return 0;
}

static int do_copy_2d(struct soft_context *ctx, const struct gpup_soft_cmd_copy_2d *cmd)
{
	u64 dst = cmd->dst;
	u64 src = cmd->src;
	u32 row;
	int ret;

	if (!cmd->width)
		return 0;
	for (row = 0; row < cmd->height; row++) {
		ret = copy_bytes(ctx, dst, src, cmd->width);
		if (ret)
			return ret;
		dst += cmd->dst_pitch;
		src += cmd->src_pitch;
	}
	return 0;
}

static int do_fill(struct soft_context *ctx, const struct gpup_soft_cmd_fill *cmd)
{
	bool bytes = cmd->header.flags & GPUP_SOFT_FILL_BYTE;
	u64 size = cmd->size;
	u64 dst = cmd->dst;

	if (cmd->header.flags & ~GPUP_SOFT_FILL_BYTE || cmd->pad)
		return -EINVAL;
	if (!bytes && (dst % sizeof(u32) || size % sizeof(u32)))
		return -EINVAL;

	while (size) {
		size_t chunk = min_t(u64, size, to_page_end(dst));
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
		dst += chunk;
		size -= chunk;
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
		if (!ctx->shader)
			return -EINVAL;
		return soft_dispatch(ctx, &cmd->dispatch);
	default:
		return -EINVAL;
	}
}

/**
 * soft_cmd_execute() - Execute a command stream
 * @ctx: The context, inside a section.
 * @addr: GPU virtual address of the stream.
 * @size: Its size in bytes.
 *
 * May sleep.
 *
 * Return: 0; -EINVAL for a malformed stream, command or instruction; -EFAULT, with the
 * fault's address set; -ECANCELED if it was stopped.
 */
int soft_cmd_execute(struct soft_context *ctx, u64 addr, u32 size)
{
	union soft_cmd cmd;
	int ret;

	BUILD_BUG_ON(sizeof(cmd) % sizeof(u64));
	if (addr % sizeof(u64) || size % sizeof(u64))
		return -EINVAL;

	while (size) {
		size_t bytes;

		ret = soft_spend(ctx, chunk_cost(sizeof(cmd)));
		if (ret)
			return ret;
		ret = soft_read(ctx, &cmd, addr, sizeof(cmd.header));
		if (ret)
			return ret;

		bytes = cmd.header.size * sizeof(u64);
		if (!bytes || bytes > size)
			return -EINVAL;
		if (cmd.header.opcode == GPUP_SOFT_CMD_END)
			return cmd.header.flags || bytes != sizeof(cmd.header) ? -EINVAL : 0;

		if (cmd.header.opcode == GPUP_SOFT_CMD_NOP) {
			if (cmd.header.flags)
				return -EINVAL;
		} else {
			if (bytes != cmd_size(cmd.header.opcode))
				return -EINVAL;
			ret = soft_read(ctx, (void *)&cmd + sizeof(cmd.header),
					addr + sizeof(cmd.header), bytes - sizeof(cmd.header));
			if (ret)
				return ret;
			ret = execute_one(ctx, &cmd);
			if (ret)
				return ret;
		}
		addr += bytes;
		size -= bytes;
	}
	return 0;
}
