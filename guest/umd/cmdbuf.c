// SPDX-License-Identifier: MIT
/* libgpup: command buffers, in the language "gpup-soft-1". */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "private.h"
#include "gpup_soft.h"

#define ALIGN8(size)	(((size) + 7) & ~(size_t)7)

int gpup_cmdbuf_create(struct gpup_vm *vm, size_t size, struct gpup_cmdbuf **result)
{
	struct gpup_device *device = vm->device;
	struct gpup_cmdbuf *cmdbuf;
	void *address;
	int ret;

	if (strncmp(device->adapter.isa, GPUP_SOFT_ISA_NAME, sizeof(device->adapter.isa)))
		return -EOPNOTSUPP;
	if (!size || size > DRM_GPUP_MAX_STREAM_SIZE)
		return -EINVAL;

	cmdbuf = calloc(1, sizeof(*cmdbuf));
	if (!cmdbuf)
		return -ENOMEM;
	cmdbuf->vm = vm;
	cmdbuf->size = ALIGN8(size);

	/* Written once by the CPU and read once by the GPU: not worth VRAM. */
	ret = gpup_bo_create(device, cmdbuf->size, GPUP_BO_SYSTEM, &cmdbuf->bo);
	if (ret)
		goto err_free;
	ret = gpup_bo_map(cmdbuf->bo, &address);
	if (ret)
		goto err_bo;
	cmdbuf->data = address;
	ret = gpup_vm_map(vm, cmdbuf->bo, GPUP_MAP_READONLY, &cmdbuf->va);
	if (ret)
		goto err_bo;

	*result = cmdbuf;
	return 0;

err_bo:
	gpup_bo_destroy(cmdbuf->bo);
err_free:
	free(cmdbuf);
	return ret;
}

void gpup_cmdbuf_destroy(struct gpup_cmdbuf *cmdbuf)
{
	if (!cmdbuf)
		return;
	gpup_vm_unmap(cmdbuf->vm, cmdbuf->va);
	gpup_bo_destroy(cmdbuf->bo);
	free(cmdbuf);
}

void gpup_cmdbuf_reset(struct gpup_cmdbuf *cmdbuf)
{
	cmdbuf->used = 0;
	cmdbuf->error = 0;
}

int gpup_cmdbuf_error(const struct gpup_cmdbuf *cmdbuf)
{
	return cmdbuf->error;
}

static void fail(struct gpup_cmdbuf *cmdbuf, int error)
{
	if (!cmdbuf->error)
		cmdbuf->error = error;
}

/* Room for @size bytes, a multiple of 8; NULL when there is none or a command has failed. */
static void *append(struct gpup_cmdbuf *cmdbuf, size_t size)
{
	void *place = cmdbuf->data + cmdbuf->used;

	if (size > cmdbuf->size - cmdbuf->used)
		fail(cmdbuf, -ENOSPC);
	if (cmdbuf->error)
		return NULL;
	cmdbuf->used += size;
	return place;
}

static struct gpup_soft_cmd_header header(uint16_t opcode, size_t size)
{
	return (struct gpup_soft_cmd_header) { .opcode = opcode, .size = (uint16_t)(size / 8) };
}

static void append_command(struct gpup_cmdbuf *cmdbuf, const void *command, size_t size)
{
	void *place = append(cmdbuf, size);

	if (place)
		memcpy(place, command, size);
}

void gpup_cmd_raw(struct gpup_cmdbuf *cmdbuf, const void *data, size_t size)
{
	if (size % 8)
		fail(cmdbuf, -EINVAL);
	append_command(cmdbuf, data, size);
}

void gpup_cmd_copy(struct gpup_cmdbuf *cmdbuf, uint64_t dst, uint64_t src, uint64_t size)
{
	struct gpup_soft_cmd_copy command = {
		.header = header(GPUP_SOFT_CMD_COPY, sizeof(command)),
		.dst = dst,
		.src = src,
		.size = size,
	};

	append_command(cmdbuf, &command, sizeof(command));
}

void gpup_cmd_copy_2d(struct gpup_cmdbuf *cmdbuf, const struct gpup_copy_2d *copy)
{
	struct gpup_soft_cmd_copy_2d command = {
		.header = header(GPUP_SOFT_CMD_COPY_2D, sizeof(command)),
		.dst = copy->dst,
		.src = copy->src,
		.dst_pitch = copy->dst_pitch,
		.src_pitch = copy->src_pitch,
		.width = copy->width,
		.height = copy->height,
	};

	append_command(cmdbuf, &command, sizeof(command));
}

static void fill(struct gpup_cmdbuf *cmdbuf, uint64_t dst, uint64_t size, uint32_t value,
		 uint32_t flags)
{
	struct gpup_soft_cmd_fill command = {
		.header = header(GPUP_SOFT_CMD_FILL, sizeof(command)),
		.dst = dst,
		.size = size,
		.value = value,
	};

	command.header.flags = flags;
	append_command(cmdbuf, &command, sizeof(command));
}

void gpup_cmd_fill(struct gpup_cmdbuf *cmdbuf, uint64_t dst, uint64_t size, uint32_t value)
{
	if ((dst | size) % 4)
		fail(cmdbuf, -EINVAL);
	fill(cmdbuf, dst, size, value, 0);
}

void gpup_cmd_fill_byte(struct gpup_cmdbuf *cmdbuf, uint64_t dst, uint64_t size, uint8_t value)
{
	fill(cmdbuf, dst, size, value, GPUP_SOFT_FILL_BYTE);
}

void gpup_cmd_timestamp(struct gpup_cmdbuf *cmdbuf, uint64_t dst)
{
	struct gpup_soft_cmd_timestamp command = {
		.header = header(GPUP_SOFT_CMD_TIMESTAMP, sizeof(command)),
		.dst = dst,
	};

	if (dst % 8)
		fail(cmdbuf, -EINVAL);
	append_command(cmdbuf, &command, sizeof(command));
}

void gpup_cmd_timeline_write(struct gpup_cmdbuf *cmdbuf, uint64_t dst, uint64_t value)
{
	struct gpup_soft_cmd_timeline_write command = {
		.header = header(GPUP_SOFT_CMD_TIMELINE_WRITE, sizeof(command)),
		.dst = dst,
		.value = value,
	};

	if (dst % 8)
		fail(cmdbuf, -EINVAL);
	append_command(cmdbuf, &command, sizeof(command));
}

/*
 * The arguments travel in the command buffer, as the payload of a NOP. Returns their
 * GPU address.
 */
static uint64_t append_args(struct gpup_cmdbuf *cmdbuf, const void *args, size_t size)
{
	struct gpup_soft_cmd_header nop;
	size_t padded = ALIGN8(size);
	uint8_t *place;

	if (!size)
		return 0;
	place = append(cmdbuf, sizeof(nop) + padded);
	if (!place)
		return 0;

	nop = header(GPUP_SOFT_CMD_NOP, sizeof(nop) + padded);
	memcpy(place, &nop, sizeof(nop));
	place += sizeof(nop);
	memcpy(place, args, size);
	memset(place + size, 0, padded - size);
	return cmdbuf->va + (uint64_t)(place - cmdbuf->data);
}

static bool dispatch_valid(const struct gpup_dispatch *dispatch)
{
	uint64_t lanes = 1;
	int i;

	for (i = 0; i < 3; i++) {
		if (!dispatch->grid[i] || !dispatch->group[i] ||
		    dispatch->group[i] > GPUP_SOFT_MAX_LANES)
			return false;
		lanes *= dispatch->group[i];
	}
	return lanes <= GPUP_SOFT_MAX_LANES &&
	       dispatch->program % 8 == 0 &&
	       dispatch->program_size && dispatch->program_size % 8 == 0 &&
	       dispatch->program_size / 8 <= GPUP_SOFT_MAX_INSNS &&
	       dispatch->local_size <= GPUP_SOFT_MAX_LOCAL_SIZE &&
	       dispatch->args_size <= GPUP_SOFT_MAX_ARGS_SIZE;
}

void gpup_cmd_dispatch(struct gpup_cmdbuf *cmdbuf, const struct gpup_dispatch *dispatch)
{
	struct gpup_soft_cmd_dispatch command = {
		.header = header(GPUP_SOFT_CMD_DISPATCH, sizeof(command)),
		.program = dispatch->program,
		.program_size = dispatch->program_size,
	};

	if (!dispatch_valid(dispatch)) {
		fail(cmdbuf, -EINVAL);
		return;
	}
	command.local_size = (uint32_t)ALIGN8(dispatch->local_size);
	command.args = append_args(cmdbuf, dispatch->args, dispatch->args_size);
	command.args_size = (uint32_t)ALIGN8(dispatch->args_size);
	memcpy(command.grid, dispatch->grid, sizeof(command.grid));
	memcpy(command.group, dispatch->group, sizeof(command.group));
	append_command(cmdbuf, &command, sizeof(command));
}
