// SPDX-License-Identifier: GPL-2.0-only
/*
 * Jobs and binds of a guest: what they do, what they wait for, how they fail, and when the
 * device interrupts.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "work.h"

#define VRAM_SIZE	(1 * MIB)

FIXTURE(jobs) {
	char uuid[UUID_SIZE];
	struct vrd vrd;
	struct work work;
};

FIXTURE_VARIANT(jobs) {
	struct vrd_config config;
};

FIXTURE_VARIANT_ADD(jobs, mmap) {};

FIXTURE_VARIANT_ADD(jobs, no_mmap) {
	.config = { .no_mmap = true },
};

FIXTURE_VARIANT_ADD(jobs, doorbell_register) {
	.config = { .doorbell_register = true },
};

FIXTURE_SETUP(jobs)
{
	mdev_create(mdev_smallest(), self->uuid);
	vrd_open(&self->vrd, self->uuid, &variant->config);
	vrd_start(&self->vrd);
	work_create(&self->work, &self->vrd, VRAM_SIZE);
}

FIXTURE_TEARDOWN(jobs)
{
	vrd_close(&self->vrd);
	EXPECT_TRUE(partition_wait_idle(self->uuid, VRD_PATIENCE_MS));
	EXPECT_EQ(0, mdev_remove(self->uuid));
}

TEST_F(jobs, rounds)
{
	uint64_t jobs = partition_get(self->uuid, "jobs");
	unsigned int i;

	for (i = 0; i < 50; i++)
		ASSERT_EQ(0, work_round(&self->work, 1000 + i));
	EXPECT_EQ(jobs + 100, partition_get(self->uuid, "jobs"));
	EXPECT_NE(0, partition_get(self->uuid, "gpu_time_ns"));
	EXPECT_EQ(0, partition_get(self->uuid, "hangs"));
	EXPECT_EQ(0, work_destroy(&self->work));
	EXPECT_TRUE(partition_wait_idle(self->uuid, VRD_PATIENCE_MS));
}

/* Both engines do what both can do. */
TEST_F(jobs, copy_on_compute)
{
	uint32_t *result = (uint32_t *)(self->work.shared + WORK_RESULT);

	work_stream(&self->work);
	stream_fill(&self->work.stream, WORK_VRAM_VA, VRAM_SIZE, 0x12345678);
	stream_copy(&self->work.stream, WORK_SHARED_VA + WORK_RESULT,
		    WORK_VRAM_VA + VRAM_SIZE - PAGE, PAGE);
	stream_write(&self->work.stream, WORK_SHARED_VA + WORK_RESULT + PAGE, 0x1122334455667788);
	EXPECT_EQ(0, work_run(&self->work, &self->work.compute));
	EXPECT_EQ(-1, find_other(result, PAGE / 4, 0x12345678));
	EXPECT_EQ(0x55667788, result[PAGE / 4]);
	EXPECT_EQ(0x11223344, result[PAGE / 4 + 1]);
}

/* What the GPU writes shows in the aperture, and the other way round. */
TEST_F(jobs, aperture)
{
	uint64_t offset = vrd_aperture_size(&self->vrd) - VRAM_SIZE;
	uint8_t *result = self->work.shared + WORK_RESULT;
	static uint32_t words[16 * KIB / 4];
	struct vrd *vrd = &self->vrd;
	unsigned int i;

	ASSERT_EQ(0, vrd_aperture_map(vrd, self->work.vram_bo, offset));
	work_stream(&self->work);
	stream_fill(&self->work.stream, WORK_VRAM_VA, VRAM_SIZE, 0xcafe0001);
	ASSERT_EQ(0, work_run(&self->work, &self->work.copy));
	vrd_aperture_read(vrd, offset, words, sizeof(words));
	EXPECT_EQ(-1, find_other(words, ARRAY_SIZE(words), 0xcafe0001));
	vrd_aperture_read(vrd, offset + VRAM_SIZE - sizeof(words), words, sizeof(words));
	EXPECT_EQ(-1, find_other(words, ARRAY_SIZE(words), 0xcafe0001));

	for (i = 0; i < ARRAY_SIZE(words); i++)
		words[i] = i * 7;
	vrd_aperture_write(vrd, offset + 64 * KIB, words, sizeof(words));
	work_stream(&self->work);
	stream_copy(&self->work.stream, WORK_SHARED_VA + WORK_RESULT, WORK_VRAM_VA + 64 * KIB,
		    sizeof(words));
	ASSERT_EQ(0, work_run(&self->work, &self->work.copy));
	EXPECT_EQ(0, memcmp(result, words, sizeof(words)));

	/* Elsewhere it is not to be seen, and after APERTURE_UNMAP nowhere. */
	vrd_aperture_read(vrd, 0, words, PAGE);
	EXPECT_EQ(-1, find_other(words, PAGE / 4, 0));
	ASSERT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_APERTURE_UNMAP, 0, self->work.vram_bo));
	vrd_aperture_read(vrd, offset, words, sizeof(words));
	EXPECT_EQ(-1, find_other(words, ARRAY_SIZE(words), 0));
	/* What is written there now is lost. */
	words[0] = 0xdeadbeef;
	vrd_aperture_write(vrd, offset, words, 4);
	ASSERT_EQ(0, vrd_aperture_map(vrd, self->work.vram_bo, 0));
	vrd_aperture_read(vrd, 0, words, PAGE);
	EXPECT_EQ(-1, find_other(words, PAGE / 4, 0xcafe0001));
}

/* A job on one engine waits for jobs on another, and for binds. */
TEST_F(jobs, waits)
{
	struct work *work = &self->work;
	struct vrd *vrd = &self->vrd;
	volatile uint32_t *result = (uint32_t *)(work->shared + WORK_RESULT);
	struct gpup_vrd_wait wait;
	struct gpup_vrd_bind_op op;
	struct stream *stream;
	unsigned int i;

	for (i = 1; i <= 20; i++) {
		/* Long work first, on the one engine. */
		stream = work_stream(work);
		stream_fill(stream, WORK_VRAM_VA, VRAM_SIZE, i);
		stream_fill(stream, WORK_VRAM_VA, VRAM_SIZE, i + 1000);
		ASSERT_EQ(0, work_submit(work, &work->compute));
		/* Then a bind that waits for it, and a job on the other that waits for that. */
		wait = (struct gpup_vrd_wait){
			.handle = work->compute.handle,
			.value = work->compute.value,
		};
		op = (struct gpup_vrd_bind_op){
			.op = DRM_GPUP_BIND_MAP,
			.handle = work->vram_bo,
			.va = 2 * WORK_VRAM_VA + i * VRAM_SIZE,
			.size = VRAM_SIZE,
		};
		ASSERT_EQ(0, vrd_bind(vrd, work->client, &work->vm, &op, 1, &wait, 1));
		wait = (struct gpup_vrd_wait){
			.handle = work->vm.handle,
			.value = work->vm.value,
		};
		stream = work_stream(work);
		stream_copy(stream, WORK_SHARED_VA + WORK_RESULT, op.va + VRAM_SIZE - PAGE, PAGE);
		ASSERT_EQ(0, vrd_submit(vrd, work->client, &work->copy,
					WORK_SHARED_VA + (stream->base - work->shared),
					stream->used, &wait, 1));
		ASSERT_EQ(0, vrd_wait_slot(vrd, work->copy.slot, work->copy.value,
					   VRD_PATIENCE_MS));
		EXPECT_EQ(-1, find_other(result, PAGE / 4, i + 1000));
		EXPECT_EQ(work->compute.value, vrd->slots[work->compute.slot].completed);
		EXPECT_EQ(work->vm.value, vrd->slots[work->vm.slot].completed);
	}
}

/* Binds over binds, and unmaps with holes; jobs see what is mapped, and only that. */
TEST_F(jobs, binds)
{
	struct work *work = &self->work;
	struct vrd *vrd = &self->vrd;
	const uint64_t va = 0x40000000;
	volatile uint32_t *result = (uint32_t *)(work->shared + WORK_RESULT);
	struct gpup_vrd_bind_op ops[] = {
		/* The second half of the object, then its first page in the middle of that. */
		{ .op = DRM_GPUP_BIND_MAP, .handle = work->vram_bo, .bo_offset = VRAM_SIZE / 2,
		  .va = va, .size = VRAM_SIZE / 2 },
		{ .op = DRM_GPUP_BIND_MAP, .handle = work->vram_bo, .va = va + 16 * PAGE,
		  .size = PAGE },
		{ .op = DRM_GPUP_BIND_UNMAP, .va = va + 64 * PAGE, .size = 1024 * PAGE },
		{ .op = DRM_GPUP_BIND_UNMAP, .va = va + 1 * MIB * 1024, .size = PAGE },
	};
	struct stream *stream;

	ASSERT_EQ(0, vrd_bind(vrd, work->client, &work->vm, ops, ARRAY_SIZE(ops), NULL, 0));
	ASSERT_EQ(0, vrd_wait_slot(vrd, work->vm.slot, work->vm.value, VRD_PATIENCE_MS));
	stream = work_stream(work);
	stream_fill(stream, WORK_VRAM_VA, PAGE, 1);
	stream_fill(stream, WORK_VRAM_VA + VRAM_SIZE / 2, VRAM_SIZE / 2, 2);
	stream_copy(stream, WORK_SHARED_VA + WORK_RESULT, va + 15 * PAGE, 3 * PAGE);
	ASSERT_EQ(0, work_run(work, &work->copy));
	EXPECT_EQ(-1, find_other(result, PAGE / 4, 2));
	EXPECT_EQ(-1, find_other(result + PAGE / 4, PAGE / 4, 1));
	EXPECT_EQ(-1, find_other(result + PAGE / 2, PAGE / 4, 2));

	/* The first byte of the hole. */
	stream = work_stream(work);
	stream_copy(stream, WORK_SHARED_VA + WORK_RESULT, va + 63 * PAGE, 2 * PAGE);
	EXPECT_EQ(-EFAULT, work_run(work, &work->copy));
	EXPECT_EQ(va + 64 * PAGE, vrd->slots[work->copy.slot].fault_addr);
	/* The other queue of the address space goes on. */
	work_stream(work);
	EXPECT_EQ(0, work_run(work, &work->compute));
}

TEST_F(jobs, readonly)
{
	struct work *work = &self->work;
	struct gpup_vrd_bind_op op = {
		.op = DRM_GPUP_BIND_MAP,
		.flags = DRM_GPUP_BIND_READONLY,
		.handle = work->vram_bo,
		.va = 0x40000000,
		.size = VRAM_SIZE,
	};
	struct stream *stream;

	ASSERT_EQ(0, vrd_bind(&self->vrd, work->client, &work->vm, &op, 1, NULL, 0));
	ASSERT_EQ(0, vrd_wait_slot(&self->vrd, work->vm.slot, work->vm.value, VRD_PATIENCE_MS));
	stream = work_stream(work);
	stream_copy(stream, WORK_SHARED_VA + WORK_RESULT, op.va, PAGE);
	ASSERT_EQ(0, work_run(work, &work->copy));
	stream = work_stream(work);
	stream_fill(stream, op.va + PAGE, PAGE, 1);
	EXPECT_EQ(-EFAULT, work_run(work, &work->copy));
	EXPECT_EQ(op.va + PAGE, self->vrd.slots[work->copy.slot].fault_addr);
}

/* An object that is destroyed stays where it is mapped. */
TEST_F(jobs, destroyed_but_mapped)
{
	struct work *work = &self->work;
	struct vrd *vrd = &self->vrd;
	struct gpup_vrd_bind_op unmap = {
		.op = DRM_GPUP_BIND_UNMAP,
		.va = WORK_VRAM_VA,
		.size = VRAM_SIZE,
	};

	ASSERT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_BO_DESTROY, 0, work->vram_bo));
	EXPECT_EQ(VRAM_SIZE, partition_get(self->uuid, "vram_used"));
	EXPECT_EQ(0, work_round(work, 99));
	ASSERT_EQ(0, vrd_bind(vrd, work->client, &work->vm, &unmap, 1, NULL, 0));
	ASSERT_EQ(0, vrd_wait_slot(vrd, work->vm.slot, work->vm.value, VRD_PATIENCE_MS));
	EXPECT_TRUE(partition_wait(self->uuid, "vram_used", 0, VRD_PATIENCE_MS));
}

static void expect_failed(struct __test_metadata *_metadata, struct vrd *vrd,
			  const struct vrd_timeline *queue, uint64_t failed_at, uint32_t error,
			  uint64_t fault_addr)
{
	volatile struct gpup_vrd_slot *slot = &vrd->slots[queue->slot];

	EXPECT_EQ(queue->value, slot->completed);
	EXPECT_EQ(failed_at, slot->failed_at);
	EXPECT_EQ(error, slot->error);
	EXPECT_EQ(fault_addr, slot->fault_addr);
	EXPECT_EQ(0, slot->reserved0);
	EXPECT_EQ(0, slot->reserved1[0] | slot->reserved1[1] | slot->reserved1[2]);
}

/* The job that fails says why, those behind it are cancelled, those before it are not. */
TEST_F(jobs, fault_bans_queue)
{
	struct work *work = &self->work;
	struct vrd *vrd = &self->vrd;
	const uint64_t nowhere = 0x7000000000;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		work_stream(work);
		stream_fill(&work->stream, WORK_VRAM_VA, 64 * KIB, i);
		ASSERT_EQ(0, work_submit(work, &work->copy));
	}
	work_stream(work);
	stream_fill(&work->stream, nowhere, PAGE, 0);
	ASSERT_EQ(0, work_submit(work, &work->copy));
	/* The device may be done with it before it sees these. */
	for (i = 0; i < 3; i++) {
		struct gpup_vrd_queue_submit body = {
			.queue = work->copy.handle,
			.value = work->copy.value + 1 + i,
		};

		ASSERT_EQ(0, vrd_post(vrd, GPUP_VRD_OP_QUEUE_SUBMIT, work->client, &body,
				      sizeof(body)));
	}
	EXPECT_EQ(0, vrd_wait_slot(vrd, work->copy.slot, 3, VRD_PATIENCE_MS));
	EXPECT_EQ(-EFAULT, vrd_wait_slot(vrd, work->copy.slot, 4, VRD_PATIENCE_MS));
	EXPECT_EQ(-ECANCELED, vrd_submit(vrd, work->client, &work->copy, 0, 0, NULL, 0));
	EXPECT_EQ(4, vrd->slots[work->copy.slot].failed_at);
	EXPECT_EQ(EFAULT, vrd->slots[work->copy.slot].error);
	EXPECT_EQ(nowhere, vrd->slots[work->copy.slot].fault_addr);

	/* It can be replaced; the slot begins anew. */
	ASSERT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_QUEUE_DESTROY, work->client,
				 work->copy.handle));
	ASSERT_EQ(0, vrd_queue_create(vrd, work->client, work->vm.handle, DRM_GPUP_ENGINE_COPY,
				      &work->copy));
	expect_failed(_metadata, vrd, &work->copy, 0, 0, 0);
	EXPECT_EQ(0, work_round(work, 5));
	EXPECT_EQ(0, partition_get(self->uuid, "hangs"));
}

TEST_F(jobs, malformed_streams)
{
	struct work *work = &self->work;
	const uint64_t streams[][2] = {
		/* A size of zero, one that is too large, one that is wrong; no such command. */
		{ GPUP_SOFT_CMD_NOP, 0 },
		{ GPUP_SOFT_CMD_NOP | 0xffff << 16, 0 },
		{ GPUP_SOFT_CMD_FILL | 2 << 16, 0 },
		{ GPUP_SOFT_CMD_END | 2 << 16, 0 },
		{ 0 | 1 << 16, 0 },
		{ 0xffff | 1 << 16, 0 },
		/* A flag. */
		{ GPUP_SOFT_CMD_NOP | 1 << 16 | 1ull << 32, 0 },
		/* A dispatch that is none. */
		{ GPUP_SOFT_CMD_DISPATCH | 1 << 16, 0 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(streams); i++) {
		struct vrd_timeline queue;

		ASSERT_EQ(0, vrd_queue_create(&self->vrd, work->client, work->vm.handle,
					      DRM_GPUP_ENGINE_COPY, &queue));
		stream_add(work_stream(work), streams[i], sizeof(streams[i]));
		EXPECT_EQ(-EINVAL, work_run(work, &queue)) {
			TH_LOG("stream %u", i);
		}
		EXPECT_EQ(0, vrd_destroy(&self->vrd, GPUP_VRD_OP_QUEUE_DESTROY, work->client,
					 queue.handle));
	}
	/* A copy engine cannot compute. */
	{
		struct dispatch dispatch = work_program(work, program_numbers,
							WORK_SHARED_VA + WORK_RESULT, 0, 0);

		stream_dispatch(work_stream(work), &dispatch);
		EXPECT_EQ(-EINVAL, work_run(work, &work->copy));
	}
}

/* A stream that lies where nothing is mapped. */
TEST_F(jobs, stream_nowhere)
{
	struct work *work = &self->work;

	ASSERT_EQ(0, vrd_submit(&self->vrd, work->client, &work->copy, 0x7000000000, PAGE, NULL,
				0));
	EXPECT_EQ(-EFAULT, vrd_wait_slot(&self->vrd, work->copy.slot, 1, VRD_PATIENCE_MS));
	expect_failed(_metadata, &self->vrd, &work->copy, 1, EFAULT, 0x7000000000);
}

TEST_F(jobs, hang_bans_queue)
{
	struct work *work = &self->work;
	struct vrd_timeline second;
	struct vrd *vrd = &self->vrd;
	struct gpup_vrd_wait wait;

	/* Those beside it have to end within that, on a busy machine too. */
	ASSERT_EQ(0, mdev_set(self->uuid, "job_timeout_ms", "3000"));
	ASSERT_EQ(0, vrd_queue_create(vrd, work->client, work->vm.handle,
				      DRM_GPUP_ENGINE_COMPUTE, &second));
	ASSERT_EQ(0, work_hang(work));
	/* Behind it on the queue; behind it on the engine; waiting for it elsewhere. */
	work_stream(work);
	ASSERT_EQ(0, work_submit(work, &work->compute));
	work_stream(work);
	stream_fill(&work->stream, WORK_VRAM_VA, PAGE, 1);
	ASSERT_EQ(0, work_submit(work, &second));
	wait = (struct gpup_vrd_wait){ .handle = work->compute.handle, .value = 1 };
	ASSERT_EQ(0, vrd_submit(vrd, work->client, &work->copy, 0, 0, &wait, 1));

	EXPECT_EQ(-ETIME, vrd_wait_slot(vrd, work->compute.slot, 1, VRD_PATIENCE_MS));
	EXPECT_EQ(-ECANCELED, vrd_wait_slot(vrd, work->compute.slot, 2, VRD_PATIENCE_MS));
	expect_failed(_metadata, vrd, &work->compute, 1, ETIME, 0);
	EXPECT_EQ(0, vrd_wait_slot(vrd, second.slot, 1, VRD_PATIENCE_MS));
	EXPECT_EQ(0, vrd_wait_slot(vrd, work->copy.slot, 1, VRD_PATIENCE_MS));
	EXPECT_EQ(1, partition_get(self->uuid, "hangs"));
	EXPECT_EQ(-ECANCELED, vrd_submit(vrd, work->client, &work->compute, 0, 0, NULL, 0));
}

/* To destroy a queue ends what runs. */
TEST_F(jobs, destroy_running_queue)
{
	struct work *work = &self->work;
	struct vrd *vrd = &self->vrd;
	unsigned int i;

	/* An engine that does not come to run for so long has not hung. */
	ASSERT_EQ(0, mdev_set(self->uuid, "preempt_timeout_us", "5000000"));
	for (i = 0; i < 5; i++) {
		ASSERT_EQ(0, work_hang(work));
		work_stream(work);
		ASSERT_EQ(0, work_submit(work, &work->compute));
		sleep_ms(i * 5);
		EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_QUEUE_DESTROY, work->client,
					 work->compute.handle));
		expect_failed(_metadata, vrd, &work->compute, 1, ECANCELED, 0);
		ASSERT_EQ(0, vrd_queue_create(vrd, work->client, work->vm.handle,
					      DRM_GPUP_ENGINE_COMPUTE, &work->compute));
	}
	EXPECT_EQ(0, work_round(work, 6));
	EXPECT_EQ(0, partition_get(self->uuid, "hangs"));
}

/* An interrupt comes for the value that was asked for, and for no other. */
TEST_F(jobs, wake_values)
{
	volatile struct gpup_vrd_slot *slot = &self->vrd.slots[self->work.copy.slot];
	struct work *work = &self->work;
	struct vrd *vrd = &self->vrd;
	uint64_t end;
	unsigned int i;

	vrd_interrupts(vrd, GPUP_VRD_VECTOR_TIMELINE, 0);
	slot->wake = 0;
	for (i = 0; i < 100; i++)
		ASSERT_EQ(0, vrd_submit(vrd, work->client, &work->copy, 0, 0, NULL, 0));
	end = deadline(VRD_PATIENCE_MS);
	while (slot->completed < work->copy.value)
		ASSERT_FALSE(is_over(end));
	EXPECT_EQ(0, vrd_interrupts(vrd, GPUP_VRD_VECTOR_TIMELINE, 100));

	slot->wake = work->copy.value + 50;
	for (i = 0; i < 49; i++)
		ASSERT_EQ(0, vrd_submit(vrd, work->client, &work->copy, 0, 0, NULL, 0));
	end = deadline(VRD_PATIENCE_MS);
	while (slot->completed < work->copy.value)
		ASSERT_FALSE(is_over(end));
	EXPECT_EQ(0, vrd_interrupts(vrd, GPUP_VRD_VECTOR_TIMELINE, 100));
	for (i = 0; i < 50; i++)
		ASSERT_EQ(0, vrd_submit(vrd, work->client, &work->copy, 0, 0, NULL, 0));
	EXPECT_EQ(1, vrd_interrupts(vrd, GPUP_VRD_VECTOR_TIMELINE, VRD_PATIENCE_MS));
	end = deadline(VRD_PATIENCE_MS);
	while (slot->completed < work->copy.value)
		ASSERT_FALSE(is_over(end));
	EXPECT_EQ(0, vrd_interrupts(vrd, GPUP_VRD_VECTOR_TIMELINE, 100));
}

/* Who does not sleep on the event ring is not interrupted for it. */
TEST_F(jobs, event_notify)
{
	struct gpup_vrd_query body = { .type = DRM_GPUP_QUERY_MEMORY };
	struct vrd_message message = {
		.opcode = GPUP_VRD_OP_QUERY,
		.flags = GPUP_VRD_MSG_REPLY,
		.body = &body,
		.body_size = sizeof(body),
	};
	struct vrd *vrd = &self->vrd;
	struct gpup_vrd_event event;
	uint64_t end = deadline(VRD_PATIENCE_MS);
	unsigned int i;

	vrd->evt->notify = 0;
	vrd_interrupts(vrd, GPUP_VRD_VECTOR_EVENT, 0);
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, vrd_send(vrd, &message));
		while (!vrd_next_event(vrd, &event, NULL, 0))
			ASSERT_FALSE(is_over(end));
	}
	EXPECT_EQ(0, vrd_interrupts(vrd, GPUP_VRD_VECTOR_EVENT, 100));
	vrd->evt->notify = 1;
	ASSERT_EQ(0, vrd_send(vrd, &message));
	EXPECT_EQ(1, vrd_interrupts(vrd, GPUP_VRD_VECTOR_EVENT, VRD_PATIENCE_MS));
	vrd->evt->notify = 0;
	EXPECT_TRUE(vrd_next_event(vrd, &event, NULL, 0));
}

/*
 * A guest that never looks at its event ring: the device stops taking messages, needs nothing
 * for those it has not taken, and goes on where it was when there is room.
 */
TEST_F(jobs, event_backpressure)
{
	struct gpup_vrd_query body = { .type = DRM_GPUP_QUERY_ADAPTER };
	struct vrd_message message = {
		.opcode = GPUP_VRD_OP_QUERY,
		.flags = GPUP_VRD_MSG_REPLY,
		.body = &body,
		.body_size = sizeof(body),
	};
	const uint32_t bytes = sizeof(struct gpup_vrd_msg) + sizeof(body);
	uint32_t fit = self->vrd.config.ring_size / bytes;
	struct vrd *vrd = &self->vrd;
	struct gpup_vrd_event event;
	uint32_t head, sent, sequence;
	uint64_t end;

	/* As many as go on the ring, twice: the replies are much larger. */
	sequence = vrd->sequence;
	for (sent = 0; sent < fit; sent++)
		ASSERT_EQ(0, vrd_send(vrd, &message));
	/* It says when it has stopped for want of room; to be rung for nothing changes nothing. */
	end = deadline(VRD_PATIENCE_MS);
	while (!vrd->evt->room_wanted) {
		ASSERT_FALSE(is_over(end));
		vrd_doorbell(vrd);
	}
	head = vrd->cmd->head;
	EXPECT_LT(head, vrd->cmd->tail);
	EXPECT_GT(GPUP_VRD_EVENT_MAX, vrd->config.ring_size - (vrd->evt->tail - vrd->evt_head));
	EXPECT_GE(vrd->config.ring_size, vrd->evt->tail - vrd->evt_head);
	sleep_ms(100);
	EXPECT_EQ(head, vrd->cmd->head);
	/* The last of the doorbells may have woken it for a moment. */
	end = deadline(VRD_PATIENCE_MS);
	while (!vrd->evt->room_wanted)
		ASSERT_FALSE(is_over(end));
	EXPECT_EQ(head, vrd->cmd->head);

	/* All come, in order. */
	end = deadline(VRD_PATIENCE_MS);
	while (sent) {
		if (!vrd_next_event(vrd, &event, NULL, 0)) {
			ASSERT_FALSE(is_over(end));
			continue;
		}
		EXPECT_EQ(++sequence, event.sequence);
		EXPECT_EQ(0, event.error);
		sent--;
	}
	EXPECT_EQ(0, vrd_sync(vrd));
}

/* A producer that waits for room is told, and one that does not is left alone. */
TEST_F(jobs, command_room)
{
	struct gpup_vrd_query body = { .type = DRM_GPUP_QUERY_MEMORY };
	struct vrd *vrd = &self->vrd;
	unsigned int i;

	/* vrd_put() waits for room by interrupt. */
	for (i = 0; i < 20000; i++)
		ASSERT_EQ(0, vrd_post(vrd, GPUP_VRD_OP_QUERY, 0, &body, sizeof(body)));
	ASSERT_EQ(0, vrd_sync(vrd));
	vrd_interrupts(vrd, GPUP_VRD_VECTOR_EVENT, 0);
	for (i = 0; i < 100; i++)
		ASSERT_EQ(0, vrd_post(vrd, GPUP_VRD_OP_QUERY, 0, &body, sizeof(body)));
	EXPECT_EQ(0, vrd_interrupts(vrd, GPUP_VRD_VECTOR_EVENT, 100));
}

/* The device sleeps, says so, and is woken; many times, as races are rare. */
TEST_F(jobs, doorbell)
{
	struct vrd *vrd = &self->vrd;
	struct random random = { 1 };
	uint64_t end;
	unsigned int i;

	for (i = 0; i < 300; i++) {
		end = deadline(VRD_PATIENCE_MS);
		while (i % 3 == 0 && !vrd->cmd->notify)
			ASSERT_FALSE(is_over(end));
		if (i % 3)
			usleep(random_below(&random, 200));
		ASSERT_EQ(0, vrd_submit(vrd, self->work.client, &self->work.copy, 0, 0, NULL, 0));
	}
	/* Rung for nothing. */
	for (i = 0; i < 1000; i++)
		vrd_doorbell(vrd);
	ASSERT_EQ(0, vrd_sync(vrd));
	EXPECT_EQ(0, work_round(&self->work, 7));
}

/* What the software GPU is told to do wrong. */
TEST_F(jobs, injected_faults)
{
	struct work *work = &self->work;

	if (!inject_fault("copy0", "page_fault", 1))
		SKIP(return, "no debugfs of the software GPU");
	work_stream(work);
	stream_fill(&work->stream, WORK_VRAM_VA, PAGE, 1);
	EXPECT_EQ(-EFAULT, work_run(work, &work->copy));
	EXPECT_EQ(WORK_SHARED_VA + (uint64_t)(work->stream.base - work->shared),
		  self->vrd.slots[work->copy.slot].fault_addr);

	/* An engine that does not reset: the GPU is reset instead. */
	ASSERT_EQ(0, mdev_set(self->uuid, "job_timeout_ms", "100"));
	ASSERT_TRUE(inject_fault("compute0", "hang", 1));
	ASSERT_TRUE(inject_fault("compute0", "fail_reset", 1));
	work_stream(work);
	stream_fill(&work->stream, WORK_VRAM_VA, PAGE, 1);
	EXPECT_EQ(-ETIME, work_run(work, &work->compute));
	EXPECT_EQ(1, partition_get(self->uuid, "hangs"));
	EXPECT_TRUE(inject_fault("compute0", "fail_reset", 0));
	EXPECT_TRUE(inject_fault("compute0", "hang", 0));
	EXPECT_TRUE(inject_fault("copy0", "page_fault", 0));
}

TEST_HARNESS_MAIN
