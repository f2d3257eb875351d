// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages of a guest about clients, buffer objects and the aperture: every one and every field
 * of it, with values at and beyond its bounds.
 */
#include "messages.h"

TEST_F(messages, unknown_opcodes)
{
	const uint16_t opcodes[] = { 0, GPUP_VRD_OP_QUEUE_SUBMIT + 1, 0x7fff, 0x8000, 0xffff };
	uint8_t body[64] = {};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(opcodes); i++) {
		EXPECT_EQ(-EOPNOTSUPP, vrd_call(&self->vrd, opcodes[i], 0, body, sizeof(body)));
		EXPECT_EQ(-EOPNOTSUPP, vrd_call(&self->vrd, opcodes[i], self->work.client, NULL, 0));
		/* Posted ones are ignored. */
		EXPECT_EQ(0, vrd_post(&self->vrd, opcodes[i], 0, body, sizeof(body)));
	}
	EXPECT_EQ(0, vrd_sync(&self->vrd));
}

/* Sizes by which nobody could tell where the next message begins stop the device. */
TEST_F(messages, header_sizes)
{
	const uint32_t sizes[] = {
		0, 1, 8, 12, 15, 17, 20, 28, GPUP_VRD_MSG_MAX + 8, GPUP_VRD_MSG_MAX * 2,
		0x80000000, UINT32_MAX, UINT32_MAX - 7,
		/* Larger than what was put on the ring. */
		64,
	};
	struct vrd *vrd = &self->vrd;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct gpup_vrd_msg header = {
			.opcode = GPUP_VRD_OP_QUERY,
			.flags = GPUP_VRD_MSG_REPLY,
			.size = sizes[i],
		};

		vrd_interrupts(vrd, GPUP_VRD_VECTOR_EVENT, 0);
		ASSERT_EQ(0, vrd_put(vrd, &header, sizeof(header)));
		vrd_publish(vrd);
		EXPECT_EQ(GPUP_VRD_ERROR_MESSAGE, vrd_wait_failure(vrd)) {
			TH_LOG("size %u", sizes[i]);
		}
		EXPECT_NE(0, vrd_interrupts(vrd, GPUP_VRD_VECTOR_EVENT, VRD_PATIENCE_MS));
		vrd_reset(vrd);
		vrd_start(vrd);
	}

	/* Half a header. */
	ASSERT_EQ(0, vrd_put(vrd, sizes, 8));
	vrd_publish(vrd);
	EXPECT_EQ(GPUP_VRD_ERROR_MESSAGE, vrd_wait_failure(vrd));
	vrd_reset(vrd);

	/* For the teardown. */
	vrd_start(vrd);
	work_create(&self->work, vrd, BO_SIZE);
	work_create(&self->other, vrd, 0);
	must(vrd_query(vrd, DRM_GPUP_QUERY_MEMORY, &self->memory, sizeof(self->memory)), "QUERY");
}

/* The largest message that there can be. */
TEST_F(messages, largest_message)
{
	uint8_t body[GPUP_VRD_MSG_MAX - sizeof(struct gpup_vrd_msg)] = {};

	EXPECT_EQ(-EINVAL, vrd_call(&self->vrd, GPUP_VRD_OP_QUERY, 0, body, sizeof(body)));
	EXPECT_EQ(-EOPNOTSUPP, vrd_call(&self->vrd, 0, 0, body, sizeof(body)));
}

TEST_F(messages, query)
{
	struct gpup_vrd_query body = { .type = DRM_GPUP_QUERY_MEMORY };
	struct vrd *vrd = &self->vrd;
	struct drm_gpup_partition_info partition;
	struct drm_gpup_adapter_info adapter;
	struct drm_gpup_engine_info engines[DRM_GPUP_ENGINE_CLASSES];
	struct template t;
	unsigned int i;

	template_init(&t, vrd, GPUP_VRD_OP_QUERY, 0, &body, sizeof(body));
	EXPECT_EQ(0, wrong_envelopes(&t));
	EXPECT_EQ(0, wrong_bits(&t, FIELD(query, reserved)));
	EXPECT_EQ(0, VALUES(&t, FIELD(query, type), -EINVAL, DRM_GPUP_QUERY_PARTITION + 1, 100,
			    0x80000000, UINT32_MAX));

	ASSERT_EQ(0, vrd_query(vrd, DRM_GPUP_QUERY_ADAPTER, &adapter, sizeof(adapter)));
	EXPECT_EQ(sizeof(adapter), vrd->reply_size);
	EXPECT_EQ(1, adapter.is_virtual);
	EXPECT_EQ(partition_get(self->uuid, "vram_max"), adapter.vram_size);
	EXPECT_EQ(PAGE, adapter.page_size);
	EXPECT_LT(adapter.va_start, adapter.va_end);
	EXPECT_STREQ(GPUP_SOFT_ISA_NAME, adapter.isa);
	ASSERT_EQ(0, vrd_query(vrd, DRM_GPUP_QUERY_PARTITION, &partition, sizeof(partition)));
	EXPECT_EQ(sizeof(partition), vrd->reply_size);
	EXPECT_STREQ(self->uuid, partition.name);
	EXPECT_NE(0, partition.id);
	EXPECT_EQ(partition_get(self->uuid, "sched_weight"), partition.sched_weight);
	EXPECT_EQ(partition_get(self->uuid, "job_timeout_ms"), partition.job_timeout_ms);
	ASSERT_EQ(0, vrd_query(vrd, DRM_GPUP_QUERY_ENGINES, engines, sizeof(engines)));
	EXPECT_EQ(sizeof(engines), vrd->reply_size);
	for (i = 0; i < ARRAY_SIZE(engines); i++)
		EXPECT_NE(0, engines[i].count);
	EXPECT_EQ(0, send_unchanged(&t));
}

TEST_F(messages, client_create)
{
	struct vrd *vrd = &self->vrd;
	struct gpup_vrd_client_create body = { .handle = vrd_new_handle(vrd), .name = "new" };
	struct template t;

	template_init(&t, vrd, GPUP_VRD_OP_CLIENT_CREATE, 0, &body, sizeof(body));
	EXPECT_EQ(0, wrong_envelopes(&t));
	EXPECT_EQ(0, wrong_names(self, &t, FIELD(client_create, handle)));
	EXPECT_EQ(-EINVAL, send_as(&t, self->work.client));
	EXPECT_EQ(-EINVAL, send_as(&t, self->stale));
	EXPECT_EQ(2, partition_get(self->uuid, "clients"));

	EXPECT_EQ(0, send_unchanged(&t));
	EXPECT_EQ(-EEXIST, send_unchanged(&t));
	EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_CLIENT_DESTROY, 0, body.handle));
	/* Names and numbers are for logs only: any will do. */
	memset(body.name, 0xff, sizeof(body.name));
	body.pid = UINT32_MAX;
	EXPECT_EQ(0, vrd_call(vrd, GPUP_VRD_OP_CLIENT_CREATE, 0, &body, sizeof(body)));
	EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_CLIENT_DESTROY, 0, body.handle));
}

TEST_F(messages, client_destroy)
{
	struct gpup_vrd_destroy body;
	struct vrd *vrd = &self->vrd;
	struct vrd_timeline vm, queue;
	struct template t;
	uint32_t client;

	ASSERT_EQ(0, vrd_client_create(vrd, &client));
	ASSERT_EQ(0, vrd_vm_create(vrd, client, &vm));
	ASSERT_EQ(0, vrd_queue_create(vrd, client, vm.handle, DRM_GPUP_ENGINE_COPY, &queue));
	body = (struct gpup_vrd_destroy){ .handle = client };
	template_init(&t, vrd, GPUP_VRD_OP_CLIENT_DESTROY, 0, &body, sizeof(body));
	EXPECT_EQ(0, wrong_envelopes(&t));
	EXPECT_EQ(0, wrong_bits(&t, FIELD(destroy, reserved)));
	EXPECT_EQ(0, wrong_handles(self, &t, FIELD(destroy, handle), client, A_CLIENT));
	EXPECT_EQ(0, send_unchanged(&t));
	EXPECT_EQ(-ENOENT, send_unchanged(&t));
	/* Its address spaces and queues go with it. */
	EXPECT_EQ(-ENOENT, vrd_destroy(vrd, GPUP_VRD_OP_VM_DESTROY, client, vm.handle));
	EXPECT_EQ(-ENOENT, vrd_destroy(vrd, GPUP_VRD_OP_QUEUE_DESTROY, client, queue.handle));
}

TEST_F(messages, bo_create)
{
	struct vrd *vrd = &self->vrd;
	struct gpup_vrd_bo_create body = {
		.handle = vrd_new_handle(vrd),
		.flags = DRM_GPUP_BO_VRAM,
		.size = BO_SIZE,
	};
	struct template t;

	template_init(&t, vrd, GPUP_VRD_OP_BO_CREATE, 0, &body, sizeof(body));
	EXPECT_EQ(0, wrong_envelopes(&t));
	EXPECT_EQ(0, wrong_names(self, &t, FIELD(bo_create, handle)));
	EXPECT_EQ(0, VALUES(&t, FIELD(bo_create, flags), -EINVAL, 0, DRM_GPUP_BO_NO_MMAP,
			    DRM_GPUP_BO_VRAM | DRM_GPUP_BO_SYSTEM, DRM_GPUP_BO_VRAM | 1 << 3,
			    DRM_GPUP_BO_VRAM | 1u << 31, UINT32_MAX));
	EXPECT_EQ(0, VALUES(&t, FIELD(bo_create, size), -EINVAL, 0, 1, PAGE - 1, PAGE + 1,
			    BO_SIZE + 8, 1ull << 63, INT64_MAX, UINT64_MAX,
			    UINT64_MAX - PAGE + 1));
	EXPECT_EQ(0, VALUES(&t, FIELD(bo_create, size), -ENOMEM, self->memory.vram_max + PAGE,
			    1ull << 32, 1ull << 40, 1ull << 62,
			    self->memory.vram_max - self->memory.vram_used + PAGE));

	body.flags = DRM_GPUP_BO_SYSTEM;
	template_init(&t, vrd, GPUP_VRD_OP_BO_CREATE, 0, &body, sizeof(body));
	EXPECT_EQ(0, wrong_names(self, &t, FIELD(bo_create, handle)));
	EXPECT_EQ(0, VALUES(&t, FIELD(bo_create, size), -EINVAL, 0, 1, PAGE - 1, PAGE + 1,
			    BO_SIZE + 8, 1ull << 63, INT64_MAX, UINT64_MAX,
			    UINT64_MAX - PAGE + 1));
	EXPECT_EQ(-ENOMEM, send_with(&t, FIELD(bo_create, size), self->memory.system_max + PAGE));
	EXPECT_EQ(-ENOMEM, send_with(&t, FIELD(bo_create, size), 1ull << 62));

	/* All that was refused has left the name free. */
	body.flags = DRM_GPUP_BO_VRAM;
	EXPECT_EQ(0, vrd_call(vrd, GPUP_VRD_OP_BO_CREATE, 0, &body, sizeof(body)));
	EXPECT_EQ(-EEXIST, vrd_call(vrd, GPUP_VRD_OP_BO_CREATE, 0, &body, sizeof(body)));
	EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_BO_DESTROY, 0, body.handle));
}

struct pages_body {
	struct gpup_vrd_bo_pages head;
	struct gpup_vrd_run runs[2];
};

TEST_F(messages, bo_pages)
{
	struct vrd *vrd = &self->vrd;
	uint64_t address = vrd_address(vrd, vrd_alloc(vrd, 4 * PAGE));
	struct pages_body body = {
		.head = { .count = 2 },
		.runs = { { .address = address, .pages = 2 },
			  { .address = address + 2 * PAGE, .pages = 2 } },
	};
	struct template t;
	uint32_t bo;

	ASSERT_EQ(0, vrd_bo_create(vrd, DRM_GPUP_BO_SYSTEM, 4 * PAGE, &bo));
	body.head.handle = bo;
	template_init(&t, vrd, GPUP_VRD_OP_BO_PAGES, 0, &body, sizeof(body));
	EXPECT_EQ(0, wrong_envelopes(&t));
	/* Only objects in guest memory have such pages. */
	EXPECT_EQ(0, wrong_handles(self, &t, FIELD(bo_pages, handle), bo, A_GUEST_BO));
	/* One that has all its pages takes no more. */
	EXPECT_EQ(-EINVAL, send_with(&t, FIELD(bo_pages, handle), self->guest));
	EXPECT_EQ(0, VALUES(&t, FIELD(bo_pages, count), -EINVAL, 0, 1, 3, 100, 1u << 28,
			    UINT32_MAX));
	EXPECT_EQ(0, VALUES(&t, FIELD_OF(struct pages_body, runs[1].address), -EINVAL, 1, 8,
			    address + 1, address + PAGE / 2, UINT64_MAX, -(uint64_t)PAGE));
	EXPECT_EQ(0, VALUES(&t, FIELD_OF(struct pages_body, runs[1].pages), -EINVAL, 0, 3, 100,
			    1u << 20, 1u << 31, UINT32_MAX));
	EXPECT_EQ(0, wrong_bits(&t, FIELD_OF(struct pages_body, runs[0].reserved)));
	EXPECT_EQ(0, wrong_bits(&t, FIELD_OF(struct pages_body, runs[1].reserved)));
	/* Without its pages it cannot be used. */
	EXPECT_EQ(-ENOENT, vrd_map(vrd, self->work.client, &self->work.vm, bo, 1 * MIB,
				   4 * PAGE));
	EXPECT_EQ(self->memory.system_used, partition_get(self->uuid, "system_used"));

	/* The template is right: all that was refused has changed nothing. */
	EXPECT_EQ(0, send_unchanged(&t));
	EXPECT_EQ(self->memory.system_used + 4 * PAGE,
		  partition_get(self->uuid, "system_used"));
	EXPECT_EQ(-EINVAL, send_unchanged(&t));
	EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_BO_DESTROY, 0, bo));
	EXPECT_TRUE(vrd_wait_released(vrd, bo));
	EXPECT_EQ(-ENOENT, send_unchanged(&t));
}

/* Pages that are not the VM's: the object is lost, but nothing else. */
TEST_F(messages, bo_pages_elsewhere)
{
	struct vrd *vrd = &self->vrd;
	const uint64_t addresses[] = {
		0, VRD_MEMORY_BASE - PAGE, VRD_MEMORY_BASE + vrd->config.memory,
		VRD_MEMORY_BASE + vrd->config.memory - PAGE, 1ull << 40, 1ull << 62,
		-(uint64_t)(8 * PAGE),
	};
	unsigned int i;
	uint32_t bo;

	for (i = 0; i < ARRAY_SIZE(addresses); i++) {
		ASSERT_EQ(0, vrd_bo_create(vrd, DRM_GPUP_BO_SYSTEM, 2 * PAGE, &bo));
		EXPECT_GT(0, vrd_bo_pages(vrd, bo, addresses[i], 2)) {
			TH_LOG("address %#llx", (unsigned long long)addresses[i]);
		}
		EXPECT_EQ(-ENOENT, vrd_map(vrd, self->work.client, &self->work.vm, bo, 1 * MIB,
					   PAGE));
		EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_BO_DESTROY, 0, bo));
		EXPECT_TRUE(vrd_wait_released(vrd, bo));
	}
}

TEST_F(messages, bo_destroy)
{
	struct gpup_vrd_destroy body;
	struct vrd *vrd = &self->vrd;
	struct template t;
	uint32_t bo;

	ASSERT_EQ(0, vrd_bo_create(vrd, DRM_GPUP_BO_VRAM, PAGE, &bo));
	body = (struct gpup_vrd_destroy){ .handle = bo };
	template_init(&t, vrd, GPUP_VRD_OP_BO_DESTROY, 0, &body, sizeof(body));
	EXPECT_EQ(0, wrong_envelopes(&t));
	EXPECT_EQ(0, wrong_bits(&t, FIELD(destroy, reserved)));
	EXPECT_EQ(0, wrong_handles(self, &t, FIELD(destroy, handle), bo, A_BO));
	EXPECT_EQ(0, send_unchanged(&t));
	EXPECT_EQ(-ENOENT, send_unchanged(&t));

	/* One that never got its pages is announced like all others. */
	ASSERT_EQ(0, vrd_bo_create(vrd, DRM_GPUP_BO_SYSTEM, PAGE, &bo));
	EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_BO_DESTROY, 0, bo));
	EXPECT_TRUE(vrd_wait_released(vrd, bo));
	EXPECT_EQ(-ENOENT, vrd_destroy(vrd, GPUP_VRD_OP_BO_DESTROY, 0, bo));
}

TEST_F(messages, bo_advise)
{
	struct gpup_vrd_bo_advise body = {
		.handle = self->vram,
		.advice = DRM_GPUP_BO_WILL_NEED,
	};
	struct vrd_message message = {
		.opcode = GPUP_VRD_OP_BO_ADVISE,
		.body = &body,
		.body_size = sizeof(body),
	};
	struct gpup_vrd_bo_advise_reply reply;
	struct template t;

	template_init(&t, &self->vrd, GPUP_VRD_OP_BO_ADVISE, 0, &body, sizeof(body));
	EXPECT_EQ(0, wrong_envelopes(&t));
	EXPECT_EQ(0, wrong_handles(self, &t, FIELD(bo_advise, handle), self->vram, A_BO));
	EXPECT_EQ(0, VALUES(&t, FIELD(bo_advise, advice), -EINVAL, 2, 3, 0x80000000, UINT32_MAX));

	memset(&reply, 0xff, sizeof(reply));
	ASSERT_EQ(0, vrd_ask(&self->vrd, &message, &reply, sizeof(reply)));
	EXPECT_EQ(sizeof(reply), self->vrd.reply_size);
	EXPECT_EQ(1, reply.retained);
	EXPECT_EQ(0, reply.reserved);
	EXPECT_EQ(0, send_with(&t, FIELD(bo_advise, advice), DRM_GPUP_BO_DONT_NEED));
	EXPECT_EQ(0, send_with(&t, FIELD(bo_advise, handle), self->guest));
	EXPECT_EQ(0, send_unchanged(&t));
}

TEST_F(messages, aperture_map)
{
	uint64_t end = vrd_aperture_size(&self->vrd);
	struct gpup_vrd_aperture_map body = { .handle = self->vram };
	struct vrd *vrd = &self->vrd;
	struct template t;

	template_init(&t, vrd, GPUP_VRD_OP_APERTURE_MAP, 0, &body, sizeof(body));
	EXPECT_EQ(0, wrong_envelopes(&t));
	EXPECT_EQ(0, wrong_bits(&t, FIELD(aperture_map, reserved)));
	EXPECT_EQ(0, wrong_handles(self, &t, FIELD(aperture_map, handle), self->vram, A_BO));
	EXPECT_EQ(-EINVAL, send_with(&t, FIELD(aperture_map, handle), self->guest));
	EXPECT_EQ(-EINVAL, send_with(&t, FIELD(aperture_map, handle), self->hidden));
	EXPECT_EQ(0, VALUES(&t, FIELD(aperture_map, offset), -EINVAL, 1, 8, PAGE - 1, PAGE + 1,
			    end, end - PAGE, end - BO_SIZE + PAGE, 1ull << 40, 1ull << 63,
			    UINT64_MAX, -(uint64_t)PAGE, -(uint64_t)BO_SIZE));

	/* At the very end. */
	EXPECT_EQ(0, send_with(&t, FIELD(aperture_map, offset), end - BO_SIZE));
	EXPECT_EQ(-EEXIST, send_unchanged(&t));
	EXPECT_EQ(-EBUSY, vrd_aperture_map(vrd, self->work.vram_bo, end - BO_SIZE));
	EXPECT_EQ(-EBUSY, vrd_aperture_map(vrd, self->work.vram_bo, end - 2 * BO_SIZE + PAGE));
	EXPECT_EQ(0, vrd_aperture_map(vrd, self->work.vram_bo, end - 2 * BO_SIZE));
	EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_APERTURE_UNMAP, 0, self->work.vram_bo));
	EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_APERTURE_UNMAP, 0, self->vram));
	EXPECT_EQ(0, send_unchanged(&t));
	EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_APERTURE_UNMAP, 0, self->vram));
}

TEST_F(messages, aperture_unmap)
{
	struct gpup_vrd_destroy body = { .handle = self->vram };
	struct vrd *vrd = &self->vrd;
	struct template t;

	template_init(&t, vrd, GPUP_VRD_OP_APERTURE_UNMAP, 0, &body, sizeof(body));
	EXPECT_EQ(-ENOENT, send_unchanged(&t));
	ASSERT_EQ(0, vrd_aperture_map(vrd, self->vram, 0));
	EXPECT_EQ(0, wrong_envelopes(&t));
	EXPECT_EQ(0, wrong_bits(&t, FIELD(destroy, reserved)));
	EXPECT_EQ(0, wrong_handles(self, &t, FIELD(destroy, handle), self->vram, A_WINDOW));
	EXPECT_EQ(0, send_unchanged(&t));
	EXPECT_EQ(-ENOENT, send_unchanged(&t));
}

TEST_HARNESS_MAIN
