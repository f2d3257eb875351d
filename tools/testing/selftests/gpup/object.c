// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest in user space: objects.
 */
#include <string.h>

#include "vrd.h"

uint32_t vrd_new_handle(struct vrd *vrd)
{
	uint32_t max = vrd_read(vrd, GPUP_VRD_REG_MAX_OBJECTS);

	/* Index 0 is as good as any other, but is left for tests. */
	if (++vrd->last_index >= max)
		vrd->last_index = 1;
	vrd->generation = vrd->generation % 0xffff + 1;
	return GPUP_VRD_HANDLE(vrd->last_index, vrd->generation);
}

uint32_t vrd_new_slot(struct vrd *vrd)
{
	return vrd->last_slot++ % vrd->config.slots;
}

int vrd_client_create(struct vrd *vrd, uint32_t *client)
{
	struct gpup_vrd_client_create body = {
		.handle = vrd_new_handle(vrd),
		.pid = 1234,
		.name = "selftest",
	};

	*client = body.handle;
	return vrd_call(vrd, GPUP_VRD_OP_CLIENT_CREATE, 0, &body, sizeof(body));
}

int vrd_destroy(struct vrd *vrd, uint16_t opcode, uint32_t client, uint32_t handle)
{
	struct gpup_vrd_destroy body = { .handle = handle };

	return vrd_call(vrd, opcode, client, &body, sizeof(body));
}

int vrd_bo_create(struct vrd *vrd, uint32_t flags, uint64_t size, uint32_t *bo)
{
	struct gpup_vrd_bo_create body = {
		.handle = vrd_new_handle(vrd),
		.flags = flags,
		.size = size,
	};

	*bo = body.handle;
	return vrd_call(vrd, GPUP_VRD_OP_BO_CREATE, 0, &body, sizeof(body));
}

int vrd_bo_pages(struct vrd *vrd, uint32_t bo, uint64_t address, uint32_t pages)
{
	struct {
		struct gpup_vrd_bo_pages body;
		struct gpup_vrd_run run;
	} message = {
		.body = { .handle = bo, .count = 1 },
		.run = { .address = address, .pages = pages },
	};

	return vrd_call(vrd, GPUP_VRD_OP_BO_PAGES, 0, &message, sizeof(message));
}

int vrd_bo_create_guest(struct vrd *vrd, void *memory, uint64_t size, uint32_t *bo)
{
	int ret = vrd_bo_create(vrd, DRM_GPUP_BO_SYSTEM, size, bo);

	return ret ? ret : vrd_bo_pages(vrd, *bo, vrd_address(vrd, memory), size / PAGE);
}

int vrd_aperture_map(struct vrd *vrd, uint32_t bo, uint64_t offset)
{
	struct gpup_vrd_aperture_map body = { .handle = bo, .offset = offset };

	return vrd_call(vrd, GPUP_VRD_OP_APERTURE_MAP, 0, &body, sizeof(body));
}

int vrd_vm_create(struct vrd *vrd, uint32_t client, struct vrd_timeline *vm)
{
	struct gpup_vrd_vm_create body = {
		.handle = vrd_new_handle(vrd),
		.slot = vrd_new_slot(vrd),
	};

	*vm = (struct vrd_timeline){ .handle = body.handle, .slot = body.slot };
	return vrd_call(vrd, GPUP_VRD_OP_VM_CREATE, client, &body, sizeof(body));
}

int vrd_queue_create(struct vrd *vrd, uint32_t client, uint32_t vm, uint32_t engine_class,
		     struct vrd_timeline *queue)
{
	struct gpup_vrd_queue_create body = {
		.handle = vrd_new_handle(vrd),
		.vm = vm,
		.engine_class = engine_class,
		.priority = DRM_GPUP_QUEUE_PRIORITY_NORMAL,
		.slot = vrd_new_slot(vrd),
	};

	*queue = (struct vrd_timeline){ .handle = body.handle, .slot = body.slot };
	return vrd_call(vrd, GPUP_VRD_OP_QUEUE_CREATE, client, &body, sizeof(body));
}

int vrd_bind(struct vrd *vrd, uint32_t client, struct vrd_timeline *vm,
	     const struct gpup_vrd_bind_op *ops, uint32_t count,
	     const struct gpup_vrd_wait *waits, uint32_t wait_count)
{
	struct {
		struct gpup_vrd_vm_bind head;
		struct gpup_vrd_bind_op ops[DRM_GPUP_MAX_BIND_OPS];
	} body = {
		.head = {
			.vm = vm->handle,
			.ops = count,
			.waits = wait_count,
			.value = vm->value + 1,
		},
	};
	struct vrd_message message = {
		.opcode = GPUP_VRD_OP_VM_BIND,
		.client = client,
		.body = &body,
		.body_size = sizeof(body.head) + count * sizeof(*ops),
		.more = waits,
		.more_size = wait_count * sizeof(*waits),
	};
	int ret;

	memcpy(body.ops, ops, count * sizeof(*ops));
	ret = vrd_ask(vrd, &message, NULL, 0);
	if (!ret)
		vm->value++;
	return ret;
}

int vrd_map(struct vrd *vrd, uint32_t client, struct vrd_timeline *vm, uint32_t bo, uint64_t va,
	    uint64_t size)
{
	struct gpup_vrd_bind_op op = {
		.op = DRM_GPUP_BIND_MAP,
		.handle = bo,
		.va = va,
		.size = size,
	};

	return vrd_bind(vrd, client, vm, &op, 1, NULL, 0);
}

int vrd_submit(struct vrd *vrd, uint32_t client, struct vrd_timeline *queue, uint64_t stream,
	       uint32_t size, const struct gpup_vrd_wait *waits, uint32_t wait_count)
{
	struct gpup_vrd_queue_submit body = {
		.queue = queue->handle,
		.waits = wait_count,
		.value = queue->value + 1,
		.stream_addr = stream,
		.stream_size = size,
	};
	struct vrd_message message = {
		.opcode = GPUP_VRD_OP_QUEUE_SUBMIT,
		.client = client,
		.body = &body,
		.body_size = sizeof(body),
		.more = waits,
		.more_size = wait_count * sizeof(*waits),
	};
	int ret = vrd_ask(vrd, &message, NULL, 0);

	if (!ret)
		queue->value++;
	return ret;
}

int vrd_query(struct vrd *vrd, uint32_t type, void *reply, uint32_t size)
{
	struct gpup_vrd_query body = { .type = type };
	struct vrd_message message = {
		.opcode = GPUP_VRD_OP_QUERY,
		.body = &body,
		.body_size = sizeof(body),
	};

	return vrd_ask(vrd, &message, reply, size);
}

uint64_t vrd_vram_used(struct vrd *vrd)
{
	struct drm_gpup_memory_info info;
	int ret = vrd_query(vrd, DRM_GPUP_QUERY_MEMORY, &info, sizeof(info));

	if (ret)
		fatal("QUERY of the memory: %s", strerror(-ret));
	return info.vram_used;
}
