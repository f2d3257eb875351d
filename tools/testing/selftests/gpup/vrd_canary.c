// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that one VM has freed is never readable by the next, by whatever way it is looked at.
 *
 * A first VM leaves canaries wherever it can, and goes. A second one then reads everything
 * that it has never written.
 */
#include <string.h>

#include "harness.h"
#include "work.h"

#define CANARY		0xc0ffee11u
#define CANARY64	0xc0ffee11c0ffee11ull
#define LANES		64
#define LOCAL_SIZE	(16 * KIB)

FIXTURE(canary) {
	char uuid[UUID_SIZE];
	struct vrd vrd;
	struct work work;
	uint64_t size;
};

FIXTURE_VARIANT(canary) {
	struct vrd_config config;
};

FIXTURE_VARIANT_ADD(canary, mmap) {};

FIXTURE_VARIANT_ADD(canary, no_mmap) {
	.config = { .no_mmap = true },
};

static void begin(FIXTURE_DATA(canary) *self, const struct vrd_config *config, uint64_t vram)
{
	vrd_open(&self->vrd, self->uuid, config);
	vrd_start(&self->vrd);
	work_create(&self->work, &self->vrd, vram);
}

FIXTURE_SETUP(canary)
{
	self->size = mdev_smallest();
	mdev_create(self->size, self->uuid);
}

FIXTURE_TEARDOWN(canary)
{
	vrd_close(&self->vrd);
	EXPECT_EQ(0, mdev_remove(self->uuid));
}

/* All of the work's VRAM is @value, as the GPU's copies tell. */
static bool vram_is(struct work *work, uint32_t value)
{
	const uint32_t chunk = 256 * KIB;
	uint64_t offset;
	long at;

	for (offset = 0; offset < work->vram_size; offset += chunk) {
		work_stream(work);
		stream_copy(&work->stream, WORK_SHARED_VA + WORK_RESULT, WORK_VRAM_VA + offset,
			    chunk);
		if (work_run(work, &work->copy))
			return false;
		at = find_other(work->shared + WORK_RESULT, chunk / 4, value);
		if (at >= 0) {
			printf("# VRAM at %#llx is not %#x\n",
			       (unsigned long long)offset + at * 4, value);
			return false;
		}
	}
	return true;
}

static int fill_vram(struct work *work)
{
	work_stream(work);
	stream_fill(&work->stream, WORK_VRAM_VA, work->vram_size, CANARY);
	return work_run(work, &work->copy);
}

/* All VRAM of a partition, freed in every way that there is. */
TEST_F(canary, vram)
{
	unsigned int way;

	for (way = 0; way < 4; way++) {
		begin(self, &variant->config, self->size);
		EXPECT_TRUE(vram_is(&self->work, 0)) {
			TH_LOG("freed in way %u", way);
		}
		ASSERT_EQ(0, fill_vram(&self->work));
		ASSERT_TRUE(vram_is(&self->work, CANARY));
		switch (way) {
		case 0:
			ASSERT_EQ(0, work_destroy(&self->work));
			break;
		case 1:
			vrd_reset(&self->vrd);
			break;
		case 2:
			ASSERT_EQ(0, vrd_vfio_reset(&self->vrd));
			break;
		}
		vrd_close(&self->vrd);
		/* The last time by another device. */
		if (way == 2) {
			ASSERT_EQ(0, mdev_remove(self->uuid));
			mdev_create(self->size, self->uuid);
		}
	}
	begin(self, &variant->config, self->size);
	EXPECT_TRUE(vram_is(&self->work, 0));
}

/* One object after the other in the same VRAM, without any reset between them. */
TEST_F(canary, vram_within_vm)
{
	struct vrd *vrd = &self->vrd;
	struct work *work = &self->work;
	unsigned int i;
	uint32_t bo;

	begin(self, &variant->config, self->size);
	for (i = 0; i < 5; i++) {
		struct gpup_vrd_bind_op unmap = {
			.op = DRM_GPUP_BIND_UNMAP,
			.va = WORK_VRAM_VA,
			.size = work->vram_size,
		};

		EXPECT_TRUE(vram_is(work, 0));
		ASSERT_EQ(0, fill_vram(work));
		ASSERT_EQ(0, vrd_bind(vrd, work->client, &work->vm, &unmap, 1, NULL, 0));
		ASSERT_EQ(0, vrd_wait_slot(vrd, work->vm.slot, work->vm.value, VRD_PATIENCE_MS));
		ASSERT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_BO_DESTROY, 0, work->vram_bo));
		/* The mapping lets go of it a moment after the unmap has shown. */
		ASSERT_TRUE(partition_wait(self->uuid, "vram_used", 0, VRD_PATIENCE_MS));
		ASSERT_EQ(0, vrd_bo_create(vrd, DRM_GPUP_BO_VRAM, work->vram_size, &bo));
		work->vram_bo = bo;
		ASSERT_EQ(0, vrd_map(vrd, work->client, &work->vm, bo, WORK_VRAM_VA,
				     work->vram_size));
		ASSERT_EQ(0, vrd_wait_slot(vrd, work->vm.slot, work->vm.value, VRD_PATIENCE_MS));
	}
}

/* By the aperture, and by that of another VM. */
TEST_F(canary, aperture)
{
	struct vrd *vrd = &self->vrd;
	static uint32_t words[64 * KIB / 4];
	uint64_t offset;

	begin(self, &variant->config, self->size);
	ASSERT_EQ(0, vrd_aperture_map(vrd, self->work.vram_bo, 0));
	memset(words, CANARY & 0xff, sizeof(words));
	for (offset = 0; offset < self->size; offset += sizeof(words))
		vrd_aperture_write(vrd, offset, words, sizeof(words));
	/* Mapped, touched, and destroyed while it is mapped: the window is empty at once. */
	ASSERT_EQ(0, work_destroy(&self->work));
	for (offset = 0; offset < self->size; offset += sizeof(words)) {
		vrd_aperture_read(vrd, offset, words, sizeof(words));
		ASSERT_EQ(-1, find_other(words, ARRAY_SIZE(words), 0));
	}

	work_create(&self->work, vrd, self->size);
	ASSERT_EQ(0, vrd_aperture_map(vrd, self->work.vram_bo, 0));
	for (offset = 0; offset < self->size; offset += sizeof(words)) {
		vrd_aperture_read(vrd, offset, words, sizeof(words));
		ASSERT_EQ(-1, find_other(words, ARRAY_SIZE(words), 0));
	}
}

/* The page where no object is: the next user's is clean. */
TEST_F(canary, scratch_page)
{
	static uint32_t words[PAGE / 4];
	struct vrd *vrd = &self->vrd;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		begin(self, &variant->config, 0);
		vrd_aperture_read(vrd, self->size - PAGE, words, sizeof(words));
		EXPECT_EQ(-1, find_other(words, ARRAY_SIZE(words), 0));
		memset(words, 0xc0, sizeof(words));
		vrd_aperture_write(vrd, self->size - PAGE, words, sizeof(words));
		if (i == 1) {
			vrd_reset(vrd);
			vrd_aperture_read(vrd, 0, words, sizeof(words));
			EXPECT_EQ(-1, find_other(words, ARRAY_SIZE(words), 0));
		}
		vrd_close(vrd);
		if (i == 0) {
			ASSERT_EQ(0, mdev_remove(self->uuid));
			mdev_create(self->size, self->uuid);
		}
	}
	vrd_open(vrd, self->uuid, &variant->config);
}

/* The doorbell page is nobody's memory either. */
TEST_F(canary, doorbell_page)
{
	struct vrd *vrd = &self->vrd;
	uint32_t word = 0;

	begin(self, &variant->config, 0);
	if (vrd->doorbell)
		vrd->doorbell[17] = CANARY;
	vrd_region_write(vrd, VFIO_PCI_BAR2_REGION_INDEX, 17 * 4, &(uint32_t){ CANARY }, 4);
	vrd_close(vrd);
	begin(self, &variant->config, 0);
	if (vrd->doorbell)
		word = vrd->doorbell[17];
	EXPECT_EQ(0, word);
	EXPECT_EQ(4, vrd_region_read(vrd, VFIO_PCI_BAR2_REGION_INDEX, 17 * 4, &word, 4));
	EXPECT_EQ(0, word);
}

static int run(struct work *work, size_t (*program)(uint64_t *to), uint64_t arg1, uint64_t arg2,
	       uint32_t lanes)
{
	struct dispatch dispatch = work_program(work, program, WORK_SHARED_VA + WORK_RESULT, arg1,
						arg2);

	dispatch.lanes = lanes;
	dispatch.local_size = LOCAL_SIZE;
	stream_dispatch(work_stream(work), &dispatch);
	return work_run(work, &work->compute);
}

static size_t dump_low(uint64_t *to)
{
	return program_dump_registers(to, 61);
}

static size_t dump_high(uint64_t *to)
{
	return program_dump_registers(to, 0);
}

/* Registers of all lanes, and local memory, are zero when a group starts. */
TEST_F(canary, registers_and_local_memory)
{
	volatile uint64_t *result;
	char other_uuid[UUID_SIZE];
	struct work other;
	struct vrd other_vrd;
	unsigned int i, bad = 0;

	begin(self, &variant->config, 0);
	result = (uint64_t *)(self->work.shared + WORK_RESULT);
	/* Another VM uses the same engine in between. */
	mdev_create(self->size, other_uuid);
	vrd_open(&other_vrd, other_uuid, &variant->config);
	vrd_start(&other_vrd);
	work_create(&other, &other_vrd, 0);

	ASSERT_EQ(0, run(&other, program_poison, LOCAL_SIZE, CANARY64, LANES));
	memset((void *)result, 0, LANES * 512);
	ASSERT_EQ(0, run(&self->work, dump_low, 0, 0, LANES));
	for (i = 0; i < LANES * 64; i++)
		bad += result[i] != 0;
	EXPECT_EQ(0, bad);

	ASSERT_EQ(0, run(&other, program_poison, LOCAL_SIZE, CANARY64, LANES));
	memset((void *)result, 0, LANES * 512);
	ASSERT_EQ(0, run(&self->work, dump_high, 0, 0, LANES));
	for (i = 0; i < LANES * 64; i++)
		bad += result[i] != 0;
	EXPECT_EQ(0, bad);

	ASSERT_EQ(0, run(&other, program_poison, LOCAL_SIZE, CANARY64, LANES));
	memset((void *)result, 0xff, LOCAL_SIZE);
	ASSERT_EQ(0, run(&self->work, program_dump_local, LOCAL_SIZE, 0, 1));
	EXPECT_EQ(-1, find_other(result, LOCAL_SIZE / 4, 0));

	vrd_close(&other_vrd);
	EXPECT_EQ(0, mdev_remove(other_uuid));
}

/*
 * On its rings the device writes what it has to say and nothing else; fields that mean
 * nothing are zero.
 */
TEST_F(canary, replies)
{
	struct drm_gpup_partition_info partition;
	struct drm_gpup_adapter_info adapter;
	struct vrd *vrd = &self->vrd;
	uint8_t *event_data, *before;
	uint32_t tail, size, i;
	size_t length;

	begin(self, &variant->config, 0);
	size = vrd->config.ring_size;
	ASSERT_EQ(0, vrd_query(vrd, DRM_GPUP_QUERY_ADAPTER, &adapter, sizeof(adapter)));
	length = strnlen(adapter.name, sizeof(adapter.name));
	ASSERT_GT(sizeof(adapter.name), length);
	for (i = length; i < sizeof(adapter.name); i++)
		EXPECT_EQ(0, adapter.name[i]);
	for (i = strnlen(adapter.isa, sizeof(adapter.isa)); i < sizeof(adapter.isa); i++)
		EXPECT_EQ(0, adapter.isa[i]);
	ASSERT_EQ(0, vrd_query(vrd, DRM_GPUP_QUERY_PARTITION, &partition, sizeof(partition)));
	for (i = strnlen(partition.name, sizeof(partition.name)); i < sizeof(partition.name); i++)
		EXPECT_EQ(0, partition.name[i]);

	/* What is beyond the tail is still ours. */
	event_data = (uint8_t *)(vrd->evt + 1);
	tail = vrd->evt->tail;
	before = vrd_alloc(vrd, size);
	memset(before, 0x5a, size);
	for (i = 0; i < size; i++)
		event_data[i] = 0x5a;
	ASSERT_EQ(0, vrd_query(vrd, DRM_GPUP_QUERY_ADAPTER, &adapter, sizeof(adapter)));
	for (i = vrd->evt->tail - tail; i < size; i++)
		ASSERT_EQ(0x5a, event_data[(tail + i) % size]);
	EXPECT_EQ(sizeof(struct gpup_vrd_event) + sizeof(adapter), vrd->evt->tail - tail);
	/* An error carries nothing. */
	tail = vrd->evt->tail;
	EXPECT_GT(0, vrd_query(vrd, 99, NULL, 0));
	EXPECT_EQ(sizeof(struct gpup_vrd_event), vrd->evt->tail - tail);

	for (i = 0; i < sizeof(vrd->evt->reserved0); i++)
		EXPECT_EQ(0, vrd->evt->reserved0[i] | vrd->cmd->reserved0[i]);
	for (i = 0; i < sizeof(vrd->evt->reserved1); i++)
		EXPECT_EQ(0, vrd->evt->reserved1[i] | vrd->cmd->reserved1[i]);
	for (i = 0; i < vrd->config.slots; i++)
		EXPECT_EQ(0, vrd->slots[i].reserved0 | vrd->slots[i].reserved1[0] |
			  vrd->slots[i].reserved1[1] | vrd->slots[i].reserved1[2]);
}

/* The GPU cannot read beyond what is mapped, by one byte or by one page. */
TEST_F(canary, bounds)
{
	struct work *work = &self->work;
	const uint64_t end = WORK_VRAM_VA + 64 * KIB;
	const struct {
		uint64_t src;
		uint64_t size;
		uint64_t fault;
	} copies[] = {
		{ end - 8, 9, end },
		{ end, 1, end },
		{ WORK_VRAM_VA - 1, 2, WORK_VRAM_VA - 1 },
		{ 0, 8, 0 },
		{ UINT64_MAX, 1, UINT64_MAX },
		{ 1ull << 47, 8, 1ull << 47 },
	};
	unsigned int i;

	begin(self, &variant->config, 64 * KIB);
	for (i = 0; i < ARRAY_SIZE(copies); i++) {
		struct vrd_timeline queue;

		ASSERT_EQ(0, vrd_queue_create(&self->vrd, work->client, work->vm.handle,
					      DRM_GPUP_ENGINE_COPY, &queue));
		work_stream(work);
		stream_copy(&work->stream, WORK_SHARED_VA + WORK_RESULT, copies[i].src,
			    copies[i].size);
		EXPECT_EQ(-EFAULT, work_run(work, &queue));
		/* Some byte of the range, on the page of the fault. */
		EXPECT_EQ(copies[i].fault & -(uint64_t)PAGE,
			  self->vrd.slots[queue.slot].fault_addr & -(uint64_t)PAGE);
		EXPECT_EQ(0, vrd_destroy(&self->vrd, GPUP_VRD_OP_QUEUE_DESTROY, work->client,
					 queue.handle));
	}
}

TEST_HARNESS_MAIN
