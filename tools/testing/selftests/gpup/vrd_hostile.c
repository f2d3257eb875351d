// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest that sends what makes no sense, changes it while it is read, or takes away the memory
 * that is in use.
 */
#include <sys/ioctl.h>

#include "hostile.h"

TEST_F(hostile, random_messages)
{
	static uint8_t message[GPUP_VRD_MSG_MAX];
	struct random random = { SEED };
	uint64_t end = deadline(FUZZ_MS);
	struct work *work = &self->work;
	struct vrd *vrd = &self->vrd;
	unsigned long sent = 0;

	ASSERT_EQ(0, mdev_set(self->uuid, "job_timeout_ms", "100"));
	begin(vrd, work);
	while (!is_over(end)) {
		uint32_t size = random_message(&random, work, message);

		/* Now and then a header that stops the device. */
		if (!random_below(&random, 500))
			memcpy(message + 4, &(uint32_t){ random_next(&random) }, 4);
		if (vrd_put(vrd, message, size)) {
			begin(vrd, work);
			continue;
		}
		if (random_below(&random, 4))
			vrd_publish(vrd);
		if (random_below(&random, 8) == 0)
			drop_events(vrd);
		if (++sent % 2000 == 0)
			begin(vrd, work);
	}
	TH_LOG("%lu messages", sent);
}

/* Random command streams and programs: what the GPU refuses, it refuses alone. */
TEST_F(hostile, random_streams)
{
	struct random random = { SEED + 1 };
	uint64_t end = deadline(FUZZ_MS);
	struct work *work = &self->work;
	struct vrd *vrd = &self->vrd;
	struct vrd_timeline *queue;
	unsigned int i, jobs = 0;

	ASSERT_EQ(0, mdev_set(self->uuid, "job_timeout_ms", "100"));
	begin(vrd, work);
	while (!is_over(end)) {
		uint64_t *words;
		bool compute = random_below(&random, 2);

		work_stream(work);
		words = (uint64_t *)work->stream.base;
		for (i = 0; i < 64; i++)
			words[i] = interesting(&random, work);
		/* Something that can be executed, with junk for arguments or for a program. */
		if (compute) {
			struct dispatch d = work_program(work, program_poison, 0,
							 random_below(&random, 128 * KIB),
							 random_next(&random));
			uint64_t *code = (uint64_t *)(work->shared + WORK_PROGRAM);

			d.local_size = random_below(&random, 9) * 8 * KIB;
			d.lanes = random_below(&random, 1026);
			for (i = 0; i < random_below(&random, 5); i++)
				code[random_below(&random, d.program_size / 8)] ^=
					1ull << random_below(&random, 64);
			stream_dispatch(&work->stream, &d);
		} else {
			words[0] = (1 + random_below(&random, 9)) |
				   random_below(&random, 9) << 16;
			work->stream.used = 64 * 8;
		}
		queue = compute ? &work->compute : &work->copy;
		if (work_run(work, queue)) {
			ASSERT_FALSE(failed(vrd));
			ASSERT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_QUEUE_DESTROY, work->client,
						 queue->handle));
			ASSERT_EQ(0, vrd_queue_create(vrd, work->client, work->vm.handle,
						      compute ? DRM_GPUP_ENGINE_COMPUTE :
						      DRM_GPUP_ENGINE_COPY, queue));
		}
		/* What the junk may have written over is the guest's own, rings included. */
		if (++jobs % 100 == 0)
			begin(vrd, work);
	}
}

static void *flip_bytes(void *data)
{
	struct other_thread *other = data;
	struct vrd *vrd = other->vrd;

	while (!other->stop) {
		volatile uint8_t *ring = (volatile uint8_t *)(vrd->cmd + 1);
		uint32_t offset = (vrd->cmd->head + random_below(&other->random, 512)) %
				  vrd->config.ring_size;

		ring[offset] ^= 1 << random_below(&other->random, 8);
	}
	return NULL;
}

/* Messages that change while they are read. */
TEST_F(hostile, changing_messages)
{
	static uint8_t message[GPUP_VRD_MSG_MAX];
	struct random random = { SEED + 3 };
	uint64_t end = deadline(FUZZ_MS);
	struct other_thread other;
	struct work *work = &self->work;
	struct vrd *vrd = &self->vrd;
	unsigned int i;

	ASSERT_EQ(0, mdev_set(self->uuid, "job_timeout_ms", "100"));
	while (!is_over(end)) {
		begin(vrd, work);
		thread_start(&other, vrd, flip_bytes);
		for (i = 0; i < 500 && !is_over(end); i++) {
			uint32_t size = random_message(&random, work, message);

			if (vrd_put(vrd, message, size))
				break;
			vrd_publish(vrd);
			drop_events(vrd);
		}
		thread_stop(&other);
	}
}

static void set_indices(struct vrd *vrd, uint32_t tail)
{
	vrd->cmd->tail = tail;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	vrd_doorbell(vrd);
}

TEST_F(hostile, ring_indices)
{
	struct vrd *vrd = &self->vrd;
	const uint32_t size = 64 * KIB;
	const uint32_t tails[] = {
		size + 8, 2 * size, 4, 1, 12, (uint32_t)-8, 1u << 31, UINT32_MAX, size + 4,
	};
	struct work *work = &self->work;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(tails); i++) {
		begin(vrd, work);
		set_indices(vrd, vrd->cmd_tail + tails[i]);
		EXPECT_EQ(GPUP_VRD_ERROR_RING, vrd_wait_failure(vrd)) {
			TH_LOG("tail %#x", tails[i]);
		}

		/* The reader's index of the event ring: noticed when something is to go there. */
		if (tails[i] == (uint32_t)-8)
			/* That is to leave the last event's end unread, which is no crime. */
			continue;
		begin(vrd, work);
		vrd->evt->head = vrd->evt->tail + tails[i];
		{
			struct gpup_vrd_query body = {};
			struct vrd_message message = {
				.opcode = GPUP_VRD_OP_QUERY,
				.flags = GPUP_VRD_MSG_REPLY,
				.body = &body,
				.body_size = sizeof(body),
			};

			vrd_send(vrd, &message);
		}
		EXPECT_EQ(GPUP_VRD_ERROR_RING, vrd_wait_failure(vrd)) {
			TH_LOG("head %#x", tails[i]);
		}
	}
}

/* What the device writes it does not read: a guest that writes there fools only itself. */
TEST_F(hostile, device_fields)
{
	struct work *work = &self->work;
	struct vrd *vrd = &self->vrd;
	struct random random = { SEED + 4 };
	unsigned int i;

	begin(vrd, work);
	for (i = 0; i < 200; i++) {
		volatile struct gpup_vrd_slot *slot = &vrd->slots[work->copy.slot];
		uint32_t head = vrd->cmd->head, tail = vrd->evt->tail;

		vrd->cmd->head = random_next(&random);
		vrd->evt->tail = random_next(&random);
		slot->completed = 0;
		slot->failed_at = random_next(&random);
		slot->error = random_next(&random);
		vrd->evt->notify = random_next(&random);
		vrd->cmd->room_wanted = random_next(&random);
		vrd_doorbell(vrd);
		usleep(50);
		vrd->cmd->head = head;
		vrd->evt->tail = tail;
		slot->failed_at = 0;
		slot->error = 0;
		vrd->cmd->room_wanted = 0;
		ASSERT_EQ(0, work_round(work, i));
	}
}

/* All memory is taken out of the VM while everything uses it. */
TEST_F(hostile, unmap_in_use)
{
	struct work *work = &self->work;
	struct vrd *vrd = &self->vrd;
	unsigned int i, j;

	for (i = 0; i < 10; i++) {
		begin(vrd, work);
		for (j = 0; j < 20; j++) {
			work_stream(work);
			stream_fill(&work->stream, WORK_VRAM_VA, VRAM_SIZE, j);
			stream_copy(&work->stream, WORK_SHARED_VA + WORK_RESULT, WORK_VRAM_VA,
				    256 * KIB);
			ASSERT_EQ(0, work_submit(work, &work->copy));
		}
		if (i % 2)
			ASSERT_EQ(0, work_hang(work));
		ASSERT_EQ(0, vrd_dma_unmap(vrd, VRD_MEMORY_BASE, vrd->config.memory));
		EXPECT_TRUE(vrd_status_is(vrd, GPUP_VRD_STATUS_ACKNOWLEDGE |
					  GPUP_VRD_STATUS_DRIVER | GPUP_VRD_STATUS_FEATURES_OK |
					  GPUP_VRD_STATUS_DRIVER_OK | GPUP_VRD_STATUS_NEEDS_RESET,
					  GPUP_VRD_ERROR_UNMAPPED));
		EXPECT_TRUE(partition_wait_idle(self->uuid, VRD_PATIENCE_MS));
		vrd_close(vrd);
		/* A device may lose its memory so often, and then not for a while. */
		if (i % 4 == 3) {
			ASSERT_EQ(0, mdev_remove(self->uuid));
			mdev_create(mdev_smallest(), self->uuid);
		}
		vrd_open(vrd, self->uuid, &variant->config);
	}
}

/* A VMM that does that again and again is not given the device any more: VFIO counts to ten. */
TEST_F(hostile, unmap_too_often)
{
	struct vrd *vrd = &self->vrd;
	unsigned int i;

	for (i = 0; i < 5; i++) {
		begin(vrd, &self->work);
		ASSERT_EQ(0, vrd_dma_unmap(vrd, VRD_MEMORY_BASE, vrd->config.memory));
		EXPECT_EQ(GPUP_VRD_ERROR_UNMAPPED, vrd_wait_failure(vrd));
		/* Neither a reset nor another VMM makes it forget. */
		vrd_close(vrd);
		vrd_open(vrd, self->uuid, &variant->config);
	}
	vrd_negotiate(vrd);
	vrd_set_up(vrd);
	vrd_write(vrd, GPUP_VRD_REG_STATUS, GPUP_VRD_STATUS_ACKNOWLEDGE |
		  GPUP_VRD_STATUS_DRIVER | GPUP_VRD_STATUS_FEATURES_OK |
		  GPUP_VRD_STATUS_DRIVER_OK);
	EXPECT_TRUE(vrd_status_is(vrd, GPUP_VRD_STATUS_ACKNOWLEDGE | GPUP_VRD_STATUS_DRIVER |
				  GPUP_VRD_STATUS_FEATURES_OK | GPUP_VRD_STATUS_FAILED,
				  GPUP_VRD_ERROR_UNMAPPED));
	EXPECT_EQ(0, partition_get(self->uuid, "system_used"));
	vrd_close(vrd);
	ASSERT_EQ(0, mdev_remove(self->uuid));
	mdev_create(mdev_smallest(), self->uuid);
	vrd_open(vrd, self->uuid, &variant->config);
}

static int dma_map(struct vrd *vrd, void *memory, uint64_t address, uint64_t size)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)memory,
		.iova = address,
		.size = size,
	};

	return ioctl(vrd->container, VFIO_IOMMU_MAP_DMA, &map) ? -errno : 0;
}

/* Memory that the device does not use can go at any time. */
TEST_F(hostile, unmap_other)
{
	const uint64_t address = 1ull << 32;
	struct work *work = &self->work;
	struct vrd *vrd = &self->vrd;
	unsigned int i;
	uint32_t bo;
	void *memory;

	memory = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, memory);
	begin(vrd, work);
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, dma_map(vrd, memory, address, MIB));
		ASSERT_EQ(0, vrd_bo_create(vrd, DRM_GPUP_BO_SYSTEM, MIB, &bo));
		ASSERT_EQ(0, vrd_bo_pages(vrd, bo, address, MIB / PAGE));
		ASSERT_EQ(0, work_round(work, i));
		ASSERT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_BO_DESTROY, 0, bo));
		ASSERT_TRUE(vrd_wait_released(vrd, bo));
		ASSERT_EQ(0, vrd_dma_unmap(vrd, address, MIB));
		EXPECT_FALSE(failed(vrd));
		ASSERT_EQ(0, work_round(work, i));
	}
	/* One object that is in use is enough. */
	ASSERT_EQ(0, dma_map(vrd, memory, address, MIB));
	ASSERT_EQ(0, vrd_bo_create(vrd, DRM_GPUP_BO_SYSTEM, PAGE, &bo));
	ASSERT_EQ(0, vrd_bo_pages(vrd, bo, address + MIB - PAGE, 1));
	ASSERT_EQ(0, vrd_dma_unmap(vrd, address, MIB));
	EXPECT_EQ(GPUP_VRD_ERROR_UNMAPPED, vrd_wait_failure(vrd));
	munmap(memory, MIB);
}

/* A guest that passes the device's own VRAM for its memory: refused or not, nothing hangs. */
TEST_F(hostile, aperture_as_memory)
{
	const uint64_t address = 1ull << 32;
	struct work *work = &self->work;
	struct vrd *vrd = &self->vrd;
	void *aperture;
	uint32_t bo;
	int ret;

	aperture = mmap(NULL, VRAM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, vrd->device,
			vrd->regions[VFIO_PCI_BAR4_REGION_INDEX].offset);
	ASSERT_NE(MAP_FAILED, aperture);
	begin(vrd, work);
	ASSERT_EQ(0, vrd_aperture_map(vrd, work->vram_bo, 0));
	ret = dma_map(vrd, aperture, address, VRAM_SIZE);
	ASSERT_EQ(0, vrd_bo_create(vrd, DRM_GPUP_BO_SYSTEM, VRAM_SIZE, &bo));
	if (!vrd_bo_pages(vrd, bo, address, VRAM_SIZE / PAGE))
		EXPECT_EQ(0, vrd_map(vrd, work->client, &work->vm, bo, 0x40000000, VRAM_SIZE));
	vrd_destroy(vrd, GPUP_VRD_OP_APERTURE_UNMAP, 0, work->vram_bo);
	vrd_destroy(vrd, GPUP_VRD_OP_BO_DESTROY, 0, work->vram_bo);
	ASSERT_FALSE(failed(vrd));

	/* And for its rings. */
	vrd_reset(vrd);
	vrd_negotiate(vrd);
	vrd_set_up(vrd);
	vrd_set_area(vrd, GPUP_VRD_REG_CMD_LO, address, GPUP_VRD_RING_MIN);
	vrd_set_area(vrd, GPUP_VRD_REG_SLOTS_LO, address + 512 * KIB, 64);
	vrd_write(vrd, GPUP_VRD_REG_STATUS, 0xf);
	vrd_doorbell(vrd);
	vrd_reset(vrd);
	EXPECT_EQ(0, ret ? 0 : vrd_dma_unmap(vrd, address, VRAM_SIZE));
	munmap(aperture, VRAM_SIZE);
}

TEST_HARNESS_MAIN
