// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages of a guest, taken apart.
 *
 * Works on the host's own copy of a message, so that nothing changes between check and
 * use. Knows sizes, counts and reserved fields, but no object: whether a handle
 * exists or a range is free is for whoever carries the message out. Nothing in
 * here depends on VFIO.
 */
#include <linux/array_size.h>
#include <linux/errno.h>
#include <linux/nospec.h>
#include <linux/string.h>

#include "vrd_decode.h"

/**
 * gpup_vrd_decode_header() - Take the header of a message apart
 * @msg: The header, in the host's memory.
 * @header: Receives the header.
 *
 * Return: 0, or -EPROTO if its size is out of bounds, so that nobody knows where the
 * next message begins.
 */
int gpup_vrd_decode_header(const struct gpup_vrd_msg *msg, struct gpup_vrd_header *header)
{
	header->opcode = le16_to_cpu(msg->opcode);
	header->flags = le16_to_cpu(msg->flags);
	header->size = le32_to_cpu(msg->size);
	header->client = le32_to_cpu(msg->client);
	header->sequence = le32_to_cpu(msg->sequence);

	if (header->size < sizeof(*msg) || header->size > GPUP_VRD_MSG_MAX || header->size % 8)
		return -EPROTO;
	return 0;
}

static int decode_query(const void *body, u32 size, union gpup_vrd_args *args)
{
	const struct gpup_vrd_query *query = body;

	args->query.type = le32_to_cpu(query->type);
	return query->reserved ? -EINVAL : 0;
}

static int decode_client_create(const void *body, u32 size, union gpup_vrd_args *args)
{
	const struct gpup_vrd_client_create *create = body;

	BUILD_BUG_ON(sizeof(args->client_create.name) != sizeof(create->name) + 1);
	args->client_create.handle = le32_to_cpu(create->handle);
	args->client_create.pid = le32_to_cpu(create->pid);
	/* The last byte stays the zero that the union was cleared to. */
	memcpy(args->client_create.name, create->name, sizeof(create->name));
	return 0;
}

static int decode_object(const void *body, u32 size, union gpup_vrd_args *args)
{
	const struct gpup_vrd_destroy *object = body;

	args->object.handle = le32_to_cpu(object->handle);
	return object->reserved ? -EINVAL : 0;
}

static int decode_bo_create(const void *body, u32 size, union gpup_vrd_args *args)
{
	const struct gpup_vrd_bo_create *create = body;

	args->bo_create.handle = le32_to_cpu(create->handle);
	args->bo_create.flags = le32_to_cpu(create->flags);
	args->bo_create.size = le64_to_cpu(create->size);
	return 0;
}

static int check_run(const struct gpup_vrd_run *run)
{
	u64 address = le64_to_cpu(run->address);
	u64 bytes = (u64)le32_to_cpu(run->pages) * GPUP_VRD_PAGE_SIZE;

	if (run->reserved || !bytes || address % GPUP_VRD_PAGE_SIZE ||
	    bytes > U64_MAX - address)
		return -EINVAL;
	return 0;
}

static int decode_bo_pages(const void *body, u32 size, union gpup_vrd_args *args)
{
	const struct gpup_vrd_bo_pages *pages = body;
	u32 count = le32_to_cpu(pages->count);
	u32 i;

	if (!count || count != (size - sizeof(*pages)) / sizeof(pages->runs[0]) ||
	    (size - sizeof(*pages)) % sizeof(pages->runs[0]))
		return -EINVAL;

	args->bo_pages.handle = le32_to_cpu(pages->handle);
	args->bo_pages.count = count;
	args->bo_pages.runs = pages->runs;
	for (i = 0; i < count; i++) {
		if (check_run(&pages->runs[i]))
			return -EINVAL;
		args->bo_pages.pages += le32_to_cpu(pages->runs[i].pages);
	}
	return 0;
}

static int decode_bo_advise(const void *body, u32 size, union gpup_vrd_args *args)
{
	const struct gpup_vrd_bo_advise *advise = body;

	args->bo_advise.handle = le32_to_cpu(advise->handle);
	args->bo_advise.advice = le32_to_cpu(advise->advice);
	return args->bo_advise.advice > DRM_GPUP_BO_DONT_NEED ? -EINVAL : 0;
}

static int decode_aperture_map(const void *body, u32 size, union gpup_vrd_args *args)
{
	const struct gpup_vrd_aperture_map *map = body;

	args->aperture_map.handle = le32_to_cpu(map->handle);
	args->aperture_map.offset = le64_to_cpu(map->offset);
	return map->reserved || args->aperture_map.offset % GPUP_VRD_PAGE_SIZE ? -EINVAL : 0;
}

static int decode_vm_create(const void *body, u32 size, union gpup_vrd_args *args)
{
	const struct gpup_vrd_vm_create *create = body;

	args->vm_create.handle = le32_to_cpu(create->handle);
	args->vm_create.slot = le32_to_cpu(create->slot);
	return 0;
}

static int check_waits(const struct gpup_vrd_wait *waits, u32 count)
{
	u32 i;

	if (count > DRM_GPUP_MAX_SYNCS)
		return -EINVAL;
	for (i = 0; i < count; i++)
		if (waits[i].reserved)
			return -EINVAL;
	return 0;
}

static int check_bind_ops(const struct gpup_vrd_bind_op *ops, u32 count)
{
	u32 i;

	if (!count || count > DRM_GPUP_MAX_BIND_OPS)
		return -EINVAL;
	for (i = 0; i < count; i++)
		if (ops[i].reserved)
			return -EINVAL;
	return 0;
}

static int decode_vm_bind(const void *body, u32 size, union gpup_vrd_args *args)
{
	const struct gpup_vrd_vm_bind *bind = body;
	u32 ops = le32_to_cpu(bind->ops);
	u32 waits = le32_to_cpu(bind->waits);

	/* Sums of 64 bits cannot overflow. */
	if (sizeof(*bind) + (u64)ops * sizeof(struct gpup_vrd_bind_op) +
	    (u64)waits * sizeof(struct gpup_vrd_wait) != size)
		return -EINVAL;

	args->vm_bind.vm = le32_to_cpu(bind->vm);
	args->vm_bind.value = le64_to_cpu(bind->value);
	args->vm_bind.op_count = ops;
	args->vm_bind.wait_count = waits;
	args->vm_bind.ops = (const void *)(bind + 1);
	args->vm_bind.waits = (const void *)(args->vm_bind.ops + ops);
	if (bind->reserved || !args->vm_bind.value ||
	    check_bind_ops(args->vm_bind.ops, ops) || check_waits(args->vm_bind.waits, waits))
		return -EINVAL;
	return 0;
}

static int decode_queue_create(const void *body, u32 size, union gpup_vrd_args *args)
{
	const struct gpup_vrd_queue_create *create = body;

	args->queue_create.handle = le32_to_cpu(create->handle);
	args->queue_create.vm = le32_to_cpu(create->vm);
	args->queue_create.engine_class = le32_to_cpu(create->engine_class);
	args->queue_create.priority = le32_to_cpu(create->priority);
	args->queue_create.slot = le32_to_cpu(create->slot);
	return create->reserved ? -EINVAL : 0;
}

static int decode_queue_submit(const void *body, u32 size, union gpup_vrd_args *args)
{
	const struct gpup_vrd_queue_submit *submit = body;
	u32 waits = le32_to_cpu(submit->waits);

	if (sizeof(*submit) + (u64)waits * sizeof(struct gpup_vrd_wait) != size)
		return -EINVAL;

	args->queue_submit.queue = le32_to_cpu(submit->queue);
	args->queue_submit.value = le64_to_cpu(submit->value);
	args->queue_submit.stream_addr = le64_to_cpu(submit->stream_addr);
	args->queue_submit.stream_size = le32_to_cpu(submit->stream_size);
	args->queue_submit.wait_count = waits;
	args->queue_submit.waits = (const void *)(submit + 1);
	if (submit->reserved || !args->queue_submit.value ||
	    check_waits(args->queue_submit.waits, waits))
		return -EINVAL;
	return 0;
}

/* What is known of an opcode before its body is looked at. */
struct opcode {
	/* Size of the body without its arrays, in bytes. */
	u32 size;
	/* The body ends in arrays. */
	bool has_arrays;
	int (*decode)(const void *body, u32 size, union gpup_vrd_args *args);
};

#define FIXED(_type, _decode)		{ sizeof(_type), false, _decode }
#define WITH_ARRAYS(_type, _decode)	{ sizeof(_type), true, _decode }

static const struct opcode opcodes[] = {
	[GPUP_VRD_OP_QUERY] = FIXED(struct gpup_vrd_query, decode_query),
	[GPUP_VRD_OP_CLIENT_CREATE] = FIXED(struct gpup_vrd_client_create, decode_client_create),
	[GPUP_VRD_OP_CLIENT_DESTROY] = FIXED(struct gpup_vrd_destroy, decode_object),
	[GPUP_VRD_OP_BO_CREATE] = FIXED(struct gpup_vrd_bo_create, decode_bo_create),
	[GPUP_VRD_OP_BO_PAGES] = WITH_ARRAYS(struct gpup_vrd_bo_pages, decode_bo_pages),
	[GPUP_VRD_OP_BO_DESTROY] = FIXED(struct gpup_vrd_destroy, decode_object),
	[GPUP_VRD_OP_BO_ADVISE] = FIXED(struct gpup_vrd_bo_advise, decode_bo_advise),
	[GPUP_VRD_OP_APERTURE_MAP] = FIXED(struct gpup_vrd_aperture_map, decode_aperture_map),
	[GPUP_VRD_OP_APERTURE_UNMAP] = FIXED(struct gpup_vrd_destroy, decode_object),
	[GPUP_VRD_OP_VM_CREATE] = FIXED(struct gpup_vrd_vm_create, decode_vm_create),
	[GPUP_VRD_OP_VM_DESTROY] = FIXED(struct gpup_vrd_destroy, decode_object),
	[GPUP_VRD_OP_VM_BIND] = WITH_ARRAYS(struct gpup_vrd_vm_bind, decode_vm_bind),
	[GPUP_VRD_OP_QUEUE_CREATE] = FIXED(struct gpup_vrd_queue_create, decode_queue_create),
	[GPUP_VRD_OP_QUEUE_DESTROY] = FIXED(struct gpup_vrd_destroy, decode_object),
	[GPUP_VRD_OP_QUEUE_SUBMIT] = WITH_ARRAYS(struct gpup_vrd_queue_submit,
						 decode_queue_submit),
};

/**
 * gpup_vrd_decode() - Take the body of a message apart
 * @header: Its header.
 * @body: Its body, in the host's memory, aligned to 8 bytes.
 * @args: Receives the body, all of it zeroed first. Also on failure the handles are
 *	there, if only the size fits the opcode.
 *
 * Return: 0, -EOPNOTSUPP for an unknown opcode, -EINVAL if the size does not fit the
 * opcode, a reserved field is not zero, or a flag is unknown.
 */
int gpup_vrd_decode(const struct gpup_vrd_header *header, const void *body,
		    union gpup_vrd_args *args)
{
	u32 size = header->size - sizeof(struct gpup_vrd_msg);
	const struct opcode *op;
	int ret;

	memset(args, 0, sizeof(*args));
	if (header->opcode >= ARRAY_SIZE(opcodes))
		return -EOPNOTSUPP;
	op = &opcodes[array_index_nospec(header->opcode, ARRAY_SIZE(opcodes))];
	if (!op->decode)
		return -EOPNOTSUPP;
	if (size < op->size || (size > op->size && !op->has_arrays))
		return -EINVAL;
	ret = op->decode(body, size, args);
	/* Nobody is quiet about nothing. */
	if (header->flags & ~(GPUP_VRD_MSG_REPLY | GPUP_VRD_MSG_QUIET) ||
	    header->flags == GPUP_VRD_MSG_QUIET)
		return -EINVAL;
	return ret;
}
