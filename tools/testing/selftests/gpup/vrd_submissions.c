// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages of a guest about address spaces and queues: every one and every field of it, with
 * values at and beyond its bounds; and what becomes of those that nobody waits for.
 */
#include "messages.h"

TEST_F(messages, vm_create)
{
	struct vrd *vrd = &self->vrd;
	struct gpup_vrd_vm_create body = {
		.handle = vrd_new_handle(vrd),
		.slot = vrd_new_slot(vrd),
	};
	struct template t;

	template_init(&t, vrd, GPUP_VRD_OP_VM_CREATE, self->work.client, &body, sizeof(body));
	EXPECT_EQ(0, wrong_envelopes(&t));
	EXPECT_EQ(0, wrong_clients(self, &t));
	EXPECT_EQ(0, wrong_names(self, &t, FIELD(vm_create, handle)));
	EXPECT_EQ(0, VALUES(&t, FIELD(vm_create, slot), -EINVAL, vrd->config.slots,
			    GPUP_VRD_SLOTS_MAX, 0x80000000, UINT32_MAX));
	EXPECT_EQ(-EBUSY, send_with(&t, FIELD(vm_create, slot), self->work.vm.slot));
	EXPECT_EQ(-EBUSY, send_with(&t, FIELD(vm_create, slot), self->other.compute.slot));
	/* The last slot, and the name, are still free. */
	EXPECT_EQ(0, send_with(&t, FIELD(vm_create, slot), vrd->config.slots - 1));
	EXPECT_EQ(-EEXIST, send_unchanged(&t));
	EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_VM_DESTROY, self->work.client, body.handle));
	EXPECT_EQ(0, send_unchanged(&t));
	EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_VM_DESTROY, self->work.client, body.handle));
}

TEST_F(messages, vm_destroy)
{
	struct gpup_vrd_destroy body;
	struct vrd *vrd = &self->vrd;
	struct vrd_timeline vm;
	struct template t;

	ASSERT_EQ(0, vrd_vm_create(vrd, self->work.client, &vm));
	body = (struct gpup_vrd_destroy){ .handle = vm.handle };
	template_init(&t, vrd, GPUP_VRD_OP_VM_DESTROY, self->work.client, &body, sizeof(body));
	EXPECT_EQ(0, wrong_envelopes(&t));
	EXPECT_EQ(0, wrong_bits(&t, FIELD(destroy, reserved)));
	EXPECT_EQ(0, wrong_clients(self, &t));
	EXPECT_EQ(-ENOENT, send_as(&t, self->other.client));
	EXPECT_EQ(0, wrong_handles(self, &t, FIELD(destroy, handle), vm.handle, A_VM));
	EXPECT_EQ(-EBUSY, send_with(&t, FIELD(destroy, handle), self->work.vm.handle));
	EXPECT_EQ(0, send_unchanged(&t));
	EXPECT_EQ(-ENOENT, send_unchanged(&t));
}

struct bind_body {
	struct gpup_vrd_vm_bind head;
	struct gpup_vrd_bind_op ops[2];
	struct gpup_vrd_wait waits[1];
};

#define OP(_field)	FIELD_OF(struct bind_body, ops[1]._field)
#define BIND_WAIT(_field)	FIELD_OF(struct bind_body, waits[0]._field)
#define JOB_WAIT(_field)	FIELD_OF(struct submit_body, waits[0]._field)

TEST_F(messages, vm_bind)
{
	struct vrd *vrd = &self->vrd;
	struct vrd_timeline *vm = &self->work.vm;
	struct drm_gpup_adapter_info info;
	struct bind_body body = {
		.head = { .vm = vm->handle, .ops = 2, .waits = 1, .value = vm->value + 1 },
		.ops = { { .op = DRM_GPUP_BIND_UNMAP, .va = 4 * MIB, .size = BO_SIZE },
			 { .op = DRM_GPUP_BIND_MAP, .handle = self->vram, .va = 1 * MIB,
			   .size = BO_SIZE } },
		.waits = { { .handle = self->other.vm.handle, .value = self->other.vm.value } },
	};
	struct template t;

	ASSERT_EQ(0, vrd_query(vrd, DRM_GPUP_QUERY_ADAPTER, &info, sizeof(info)));
	template_init(&t, vrd, GPUP_VRD_OP_VM_BIND, self->work.client, &body, sizeof(body));
	EXPECT_EQ(0, wrong_envelopes(&t));
	EXPECT_EQ(0, wrong_clients(self, &t));
	EXPECT_EQ(-ENOENT, send_as(&t, self->other.client));
	EXPECT_EQ(0, wrong_handles(self, &t, FIELD(vm_bind, vm), vm->handle, A_VM));
	EXPECT_EQ(0, wrong_bits(&t, FIELD(vm_bind, reserved)));

	/* Counts that are not those of the arrays. */
	EXPECT_EQ(0, VALUES(&t, FIELD(vm_bind, ops), -EINVAL, 0, 1, 3, DRM_GPUP_MAX_BIND_OPS + 1,
			    1u << 28, UINT32_MAX));
	EXPECT_EQ(0, VALUES(&t, FIELD(vm_bind, waits), -EINVAL, 0, 2, DRM_GPUP_MAX_SYNCS + 1,
			    1u << 28, UINT32_MAX));
	EXPECT_EQ(0, VALUES(&t, FIELD(vm_bind, value), -EINVAL, 0, vm->value, vm->value + 2,
			    1ull << 63, UINT64_MAX));

	/* Each field of an operation; the one before it is right. */
	EXPECT_EQ(0, VALUES(&t, OP(op), -EINVAL, DRM_GPUP_BIND_UNMAP, 2, 0x80000000, UINT32_MAX));
	EXPECT_EQ(0, unknown_bits(&t, OP(flags), DRM_GPUP_BIND_READONLY));
	EXPECT_EQ(0, wrong_handles(self, &t, OP(handle), self->vram, A_BO));
	EXPECT_EQ(0, wrong_bits(&t, OP(reserved)));
	EXPECT_EQ(0, VALUES(&t, OP(bo_offset), -EINVAL, 1, PAGE - 1, PAGE, BO_SIZE, 1ull << 63,
			    UINT64_MAX, -(uint64_t)PAGE, -(uint64_t)BO_SIZE));
	EXPECT_EQ(0, VALUES(&t, OP(va), -EINVAL, 0, info.va_start - PAGE, 1 * MIB + 1,
			    1 * MIB + 8, info.va_end, info.va_end - PAGE,
			    info.va_end - BO_SIZE + PAGE, 1ull << 63, -(uint64_t)BO_SIZE,
			    -(uint64_t)PAGE, UINT64_MAX));
	EXPECT_EQ(0, VALUES(&t, OP(size), -EINVAL, 0, 1, PAGE - 1, PAGE + 1, BO_SIZE + PAGE,
			    1ull << 63, -(uint64_t)PAGE, UINT64_MAX));

	/* Each field of a wait. */
	EXPECT_EQ(0, wrong_handles(self, &t, BIND_WAIT(handle), self->other.vm.handle,
				   A_TIMELINE));
	EXPECT_EQ(0, wrong_bits(&t, BIND_WAIT(reserved)));
	EXPECT_EQ(-EINVAL, send_with(&t, BIND_WAIT(value), self->other.vm.value + 1));
	EXPECT_EQ(-EINVAL, send_with(&t, BIND_WAIT(value), UINT64_MAX));

	/* After all that the address space is as it was, and takes the template as it is. */
	EXPECT_EQ(vm->value, vrd->slots[vm->slot].completed);
	EXPECT_EQ(0, vrd->slots[vm->slot].failed_at);
	EXPECT_EQ(0, send_unchanged(&t));
	vm->value++;
	EXPECT_EQ(0, vrd_wait_slot(vrd, vm->slot, vm->value, VRD_PATIENCE_MS));
	body.ops[0].va = 1 * MIB;
	body.ops[1].va = info.va_end - BO_SIZE;
	body.head.value++;
	template_init(&t, vrd, GPUP_VRD_OP_VM_BIND, self->work.client, &body, sizeof(body));
	EXPECT_EQ(0, send_unchanged(&t));
	vm->value++;
	EXPECT_EQ(0, vrd_wait_slot(vrd, vm->slot, vm->value, VRD_PATIENCE_MS));
}

/* The fields that an unmap does not have. */
TEST_F(messages, vm_bind_unmap)
{
	struct vrd *vrd = &self->vrd;
	struct vrd_timeline *vm = &self->work.vm;
	struct bind_body body = {
		.head = { .vm = vm->handle, .ops = 2, .waits = 1, .value = vm->value + 1 },
		.ops = { { .op = DRM_GPUP_BIND_UNMAP, .va = 4 * MIB, .size = BO_SIZE },
			 { .op = DRM_GPUP_BIND_UNMAP, .va = 1 * MIB, .size = BO_SIZE } },
		.waits = { { .handle = self->other.vm.handle, .value = self->other.vm.value } },
	};
	struct template t;

	template_init(&t, vrd, GPUP_VRD_OP_VM_BIND, self->work.client, &body, sizeof(body));
	EXPECT_EQ(-EINVAL, send_with(&t, OP(handle), self->vram));
	EXPECT_EQ(-EINVAL, send_with(&t, OP(handle), 1));
	EXPECT_EQ(-EINVAL, send_with(&t, OP(bo_offset), PAGE));
	EXPECT_EQ(-EINVAL, send_with(&t, OP(flags), DRM_GPUP_BIND_READONLY));
	EXPECT_EQ(-EINVAL, send_with(&t, OP(size), 0));
	EXPECT_EQ(0, send_unchanged(&t));
	vm->value++;
	EXPECT_EQ(0, vrd_wait_slot(vrd, vm->slot, vm->value, VRD_PATIENCE_MS));
}

TEST_F(messages, vm_bind_counts)
{
	struct gpup_vrd_bind_op ops[DRM_GPUP_MAX_BIND_OPS];
	struct gpup_vrd_wait waits[DRM_GPUP_MAX_SYNCS + 1];
	struct vrd_timeline *vm = &self->work.vm;
	struct vrd *vrd = &self->vrd;
	struct {
		struct gpup_vrd_vm_bind head;
		struct gpup_vrd_bind_op ops[DRM_GPUP_MAX_BIND_OPS + 1];
	} body = {
		.head = { .vm = vm->handle, .ops = DRM_GPUP_MAX_BIND_OPS + 1,
			  .value = vm->value + 1 },
	};
	unsigned int i;

	for (i = 0; i <= DRM_GPUP_MAX_BIND_OPS; i++)
		body.ops[i] = (struct gpup_vrd_bind_op){
			.op = DRM_GPUP_BIND_UNMAP,
			.va = 1 * MIB + i * PAGE,
			.size = PAGE,
		};
	memcpy(ops, body.ops, sizeof(ops));
	for (i = 0; i <= DRM_GPUP_MAX_SYNCS; i++)
		waits[i] = (struct gpup_vrd_wait){ .handle = self->other.vm.handle, .value = 1 };

	EXPECT_EQ(-EINVAL, vrd_call(vrd, GPUP_VRD_OP_VM_BIND, self->work.client, &body,
				    sizeof(body)));
	EXPECT_EQ(-EINVAL, vrd_call(vrd, GPUP_VRD_OP_VM_BIND, self->work.client, &body.head,
				    sizeof(body.head)));
	EXPECT_EQ(-EINVAL, vrd_bind(vrd, self->work.client, vm, ops, 1, waits,
				    DRM_GPUP_MAX_SYNCS + 1));
	EXPECT_EQ(-EINVAL, vrd_bind(vrd, self->work.client, vm, ops, 0, NULL, 0));
	EXPECT_EQ(0, vrd_bind(vrd, self->work.client, vm, ops, DRM_GPUP_MAX_BIND_OPS, waits,
			      DRM_GPUP_MAX_SYNCS));
	EXPECT_EQ(0, vrd_wait_slot(vrd, vm->slot, vm->value, VRD_PATIENCE_MS));
	EXPECT_EQ(-EINVAL, vrd_submit(vrd, self->work.client, &self->work.copy, 0, 0, waits,
				      DRM_GPUP_MAX_SYNCS + 1));
	EXPECT_EQ(0, vrd_submit(vrd, self->work.client, &self->work.copy, 0, 0, waits,
				DRM_GPUP_MAX_SYNCS));
}

TEST_F(messages, queue_create)
{
	struct vrd *vrd = &self->vrd;
	struct gpup_vrd_queue_create body = {
		.handle = vrd_new_handle(vrd),
		.vm = self->work.vm.handle,
		.engine_class = DRM_GPUP_ENGINE_COPY,
		.priority = DRM_GPUP_QUEUE_PRIORITY_NORMAL,
		.slot = vrd_new_slot(vrd),
	};
	struct template t;
	unsigned int i;

	template_init(&t, vrd, GPUP_VRD_OP_QUEUE_CREATE, self->work.client, &body, sizeof(body));
	EXPECT_EQ(0, wrong_envelopes(&t));
	EXPECT_EQ(0, wrong_bits(&t, FIELD(queue_create, reserved)));
	EXPECT_EQ(0, wrong_clients(self, &t));
	EXPECT_EQ(-ENOENT, send_as(&t, self->other.client));
	EXPECT_EQ(0, wrong_names(self, &t, FIELD(queue_create, handle)));
	EXPECT_EQ(0, wrong_handles(self, &t, FIELD(queue_create, vm), self->work.vm.handle,
			    A_VM));
	EXPECT_EQ(0, VALUES(&t, FIELD(queue_create, engine_class), -EINVAL,
			    DRM_GPUP_ENGINE_CLASSES, 64, 0x80000000, UINT32_MAX));
	EXPECT_EQ(0, VALUES(&t, FIELD(queue_create, priority), -EINVAL, 3, 0x80000000,
			    UINT32_MAX));
	EXPECT_EQ(0, VALUES(&t, FIELD(queue_create, slot), -EINVAL, vrd->config.slots,
			    GPUP_VRD_SLOTS_MAX, UINT32_MAX));
	EXPECT_EQ(-EBUSY, send_with(&t, FIELD(queue_create, slot), self->work.vm.slot));

	for (i = DRM_GPUP_QUEUE_PRIORITY_LOW; i <= DRM_GPUP_QUEUE_PRIORITY_HIGH; i++) {
		EXPECT_EQ(0, send_with(&t, FIELD(queue_create, priority), i));
		EXPECT_EQ(-EEXIST, send_with(&t, FIELD(queue_create, slot),
					     vrd->config.slots - 1));
		EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_QUEUE_DESTROY, self->work.client,
					 body.handle));
	}
}

TEST_F(messages, queue_destroy)
{
	struct gpup_vrd_destroy body;
	struct vrd *vrd = &self->vrd;
	struct vrd_timeline queue;
	struct template t;

	ASSERT_EQ(0, vrd_queue_create(vrd, self->work.client, self->work.vm.handle,
				      DRM_GPUP_ENGINE_COPY, &queue));
	body = (struct gpup_vrd_destroy){ .handle = queue.handle };
	template_init(&t, vrd, GPUP_VRD_OP_QUEUE_DESTROY, self->work.client, &body,
		      sizeof(body));
	EXPECT_EQ(0, wrong_envelopes(&t));
	EXPECT_EQ(0, wrong_bits(&t, FIELD(destroy, reserved)));
	EXPECT_EQ(0, wrong_clients(self, &t));
	EXPECT_EQ(-ENOENT, send_as(&t, self->other.client));
	EXPECT_EQ(0, wrong_handles(self, &t, FIELD(destroy, handle), queue.handle, A_QUEUE));
	EXPECT_EQ(0, send_unchanged(&t));
	EXPECT_EQ(-ENOENT, send_unchanged(&t));
}

struct submit_body {
	struct gpup_vrd_queue_submit head;
	struct gpup_vrd_wait waits[1];
};

TEST_F(messages, queue_submit)
{
	struct vrd *vrd = &self->vrd;
	struct vrd_timeline *queue = &self->work.copy;
	struct submit_body body = {
		.head = { .queue = queue->handle, .waits = 1, .value = queue->value + 1,
			  .stream_addr = WORK_SHARED_VA, .stream_size = 0 },
		.waits = { { .handle = self->other.vm.handle, .value = self->other.vm.value } },
	};
	struct template t;

	template_init(&t, vrd, GPUP_VRD_OP_QUEUE_SUBMIT, self->work.client, &body, sizeof(body));
	EXPECT_EQ(0, wrong_envelopes(&t));
	EXPECT_EQ(0, wrong_bits(&t, FIELD(queue_submit, reserved)));
	EXPECT_EQ(0, wrong_clients(self, &t));
	EXPECT_EQ(-ENOENT, send_as(&t, self->other.client));
	EXPECT_EQ(0, wrong_handles(self, &t, FIELD(queue_submit, queue), queue->handle, A_QUEUE));
	EXPECT_EQ(0, VALUES(&t, FIELD(queue_submit, waits), -EINVAL, 0, 2, DRM_GPUP_MAX_SYNCS + 1,
			    1u << 28, UINT32_MAX));
	EXPECT_EQ(0, VALUES(&t, FIELD(queue_submit, value), -EINVAL, 0, queue->value,
			    queue->value + 2, 1ull << 63, UINT64_MAX));
	EXPECT_EQ(0, VALUES(&t, FIELD(queue_submit, stream_addr), -EINVAL, 1, 4,
			    WORK_SHARED_VA + 4, UINT64_MAX));
	EXPECT_EQ(0, VALUES(&t, FIELD(queue_submit, stream_size), -EINVAL, 1, 4, 12,
			    DRM_GPUP_MAX_STREAM_SIZE + 8, 0x80000000, UINT32_MAX));
	EXPECT_EQ(0, wrong_handles(self, &t, JOB_WAIT(handle), self->other.vm.handle,
				   A_TIMELINE));
	EXPECT_EQ(0, wrong_bits(&t, JOB_WAIT(reserved)));
	EXPECT_EQ(0, VALUES(&t, JOB_WAIT(value), -EINVAL, self->other.vm.value + 1, UINT64_MAX));
	/* It cannot wait for itself. */
	EXPECT_EQ(-EINVAL, send_with(&t, JOB_WAIT(handle), queue->handle));
	EXPECT_EQ(queue->value, vrd->slots[queue->slot].completed);
	EXPECT_EQ(0, vrd->slots[queue->slot].failed_at);
	EXPECT_EQ(0, send_unchanged(&t));
	queue->value++;
	EXPECT_EQ(0, vrd_wait_slot(vrd, queue->slot, queue->value, VRD_PATIENCE_MS));
}

/* Nobody waits for the answer of a posted message: the object remembers. */
TEST_F(messages, posted_failures)
{
	struct vrd *vrd = &self->vrd;
	struct vrd_timeline vm, queue;
	struct gpup_vrd_queue_submit submit;
	struct bind_body bind;
	volatile struct gpup_vrd_slot *slot;

	ASSERT_EQ(0, vrd_vm_create(vrd, self->work.client, &vm));
	ASSERT_EQ(0, vrd_queue_create(vrd, self->work.client, vm.handle, DRM_GPUP_ENGINE_COPY,
				      &queue));
	submit = (struct gpup_vrd_queue_submit){ .queue = queue.handle, .value = 1,
						 .stream_size = 4 };
	ASSERT_EQ(0, vrd_post(vrd, GPUP_VRD_OP_QUEUE_SUBMIT, self->work.client, &submit,
			      sizeof(submit)));
	ASSERT_EQ(0, vrd_sync(vrd));
	slot = &vrd->slots[queue.slot];
	EXPECT_EQ(1, slot->failed_at);
	EXPECT_EQ(EINVAL, slot->error);
	EXPECT_EQ(0, slot->fault_addr);
	EXPECT_EQ(-ECANCELED, vrd_submit(vrd, self->work.client, &queue, 0, 0, NULL, 0));

	bind = (struct bind_body){
		.head = { .vm = vm.handle, .ops = 1, .value = 1 },
		.ops = { { .op = DRM_GPUP_BIND_MAP, .handle = self->stale, .va = 1 * MIB,
			   .size = PAGE } },
	};
	ASSERT_EQ(0, vrd_post(vrd, GPUP_VRD_OP_VM_BIND, self->work.client, &bind,
			      offsetof(struct bind_body, ops[1])));
	ASSERT_EQ(0, vrd_sync(vrd));
	slot = &vrd->slots[vm.slot];
	EXPECT_EQ(1, slot->failed_at);
	EXPECT_EQ(ENOENT, slot->error);
	EXPECT_EQ(-EIO, vrd_map(vrd, self->work.client, &vm, self->vram, 1 * MIB, PAGE));

	/* A creation that fails leaves a handle of nothing. */
	ASSERT_EQ(0, vrd_post(vrd, GPUP_VRD_OP_BO_CREATE, 0,
			      &(struct gpup_vrd_bo_create){ .handle = 0x10001 + 0x3000 },
			      sizeof(struct gpup_vrd_bo_create)));
	EXPECT_EQ(-ENOENT, vrd_destroy(vrd, GPUP_VRD_OP_BO_DESTROY, 0, 0x10001 + 0x3000));
	EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_QUEUE_DESTROY, self->work.client,
				 queue.handle));
	EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_VM_DESTROY, self->work.client, vm.handle));
}

/* Many messages under one doorbell, and creation that is pipelined. */
TEST_F(messages, pipelined)
{
	struct vrd *vrd = &self->vrd;
	struct gpup_vrd_client_create client = { .handle = vrd_new_handle(vrd) };
	struct gpup_vrd_vm_create vm = {
		.handle = vrd_new_handle(vrd), .slot = vrd_new_slot(vrd),
	};
	struct gpup_vrd_queue_create queue = {
		.handle = vrd_new_handle(vrd), .vm = vm.handle,
		.engine_class = DRM_GPUP_ENGINE_COPY, .slot = vrd_new_slot(vrd),
	};
	struct gpup_vrd_queue_submit submit = { .queue = queue.handle };
	unsigned int i;

	ASSERT_EQ(0, vrd_post(vrd, GPUP_VRD_OP_CLIENT_CREATE, 0, &client, sizeof(client)));
	ASSERT_EQ(0, vrd_post(vrd, GPUP_VRD_OP_VM_CREATE, client.handle, &vm, sizeof(vm)));
	ASSERT_EQ(0, vrd_post(vrd, GPUP_VRD_OP_QUEUE_CREATE, client.handle, &queue,
			      sizeof(queue)));
	for (i = 1; i <= 1000; i++) {
		submit.value = i;
		ASSERT_EQ(0, vrd_post(vrd, GPUP_VRD_OP_QUEUE_SUBMIT, client.handle, &submit,
				      sizeof(submit)));
	}
	EXPECT_EQ(0, vrd_wait_slot(vrd, queue.slot, 1000, VRD_PATIENCE_MS));
	EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_CLIENT_DESTROY, 0, client.handle));
}

TEST_HARNESS_MAIN
