// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest that is hostile, or mad. The host must not mind, and neither must the VM next door,
 * which computes throughout and whose results must be right.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "work.h"

#define VRAM_SIZE	(1 * MIB)
/* What is random is the same every time, unless the environment says otherwise. */
#define SEED		env_number("GPUP_SEED", 42)
#define FUZZ_MS		env_number("GPUP_FUZZ_MS", 4000)

/* What the process of the neighbour and ours have in common. */
struct neighbour {
	char uuid[UUID_SIZE];
	pid_t pid;
	_Atomic bool stop;
	_Atomic unsigned int rounds;
	_Atomic int error;
};

FIXTURE(hostile) {
	char uuid[UUID_SIZE];
	struct vrd vrd;
	struct work work;
	struct neighbour *neighbour;
};

FIXTURE_VARIANT(hostile) {
	struct vrd_config config;
};

FIXTURE_VARIANT_ADD(hostile, mmap) {};

FIXTURE_VARIANT_ADD(hostile, no_mmap) {
	.config = { .no_mmap = true },
};

static void neighbour_main(struct neighbour *neighbour)
{
	const struct vrd_config config = {};
	struct work work;
	struct vrd vrd;
	int ret = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	vrd_open(&vrd, neighbour->uuid, &config);
	vrd_start(&vrd);
	work_create(&work, &vrd, VRAM_SIZE);
	while (!neighbour->stop && !ret) {
		ret = work_round(&work, neighbour->rounds);
		neighbour->rounds++;
	}
	neighbour->error = ret;
	_exit(0);
}

static struct neighbour *neighbour_start(void)
{
	struct neighbour *neighbour;
	uint64_t end = deadline(VRD_PATIENCE_MS);

	neighbour = mmap(NULL, sizeof(*neighbour), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (neighbour == MAP_FAILED)
		fatal("no memory");
	mdev_create(mdev_smallest(), neighbour->uuid);
	neighbour->pid = fork();
	if (!neighbour->pid)
		neighbour_main(neighbour);
	while (!neighbour->rounds) {
		if (is_over(end) || waitpid(neighbour->pid, NULL, WNOHANG))
			fatal("the neighbour does not get on");
		sleep_ms(1);
	}
	return neighbour;
}

/* Stop it: 0 if all of its results were right, and it has got on meanwhile. */
static int neighbour_stop(struct neighbour *neighbour)
{
	unsigned int rounds = neighbour->rounds;
	uint64_t end = deadline(VRD_PATIENCE_MS);
	int ret;

	while (neighbour->rounds < rounds + 2 && !neighbour->error && !is_over(end))
		sleep_ms(1);
	ret = neighbour->rounds < rounds + 2 ? -ETIMEDOUT : 0;
	neighbour->stop = true;
	waitpid(neighbour->pid, NULL, 0);
	if (neighbour->error)
		ret = neighbour->error;
	mdev_remove(neighbour->uuid);
	return ret;
}

FIXTURE_SETUP(hostile)
{
	self->neighbour = neighbour_start();
	mdev_create(mdev_smallest(), self->uuid);
	vrd_open(&self->vrd, self->uuid, &variant->config);
}

FIXTURE_TEARDOWN(hostile)
{
	/* Whatever was done, the device can be had as new. */
	vrd_reset(&self->vrd);
	EXPECT_TRUE(partition_wait_idle(self->uuid, VRD_PATIENCE_MS));
	vrd_close(&self->vrd);
	EXPECT_EQ(0, mdev_set(self->uuid, "job_timeout_ms", "5000"));
	vrd_open(&self->vrd, self->uuid, &variant->config);
	vrd_start(&self->vrd);
	work_create(&self->work, &self->vrd, VRAM_SIZE);
	EXPECT_EQ(0, work_round(&self->work, 4711));
	vrd_close(&self->vrd);
	EXPECT_TRUE(partition_wait_idle(self->uuid, VRD_PATIENCE_MS));
	EXPECT_EQ(0, mdev_remove(self->uuid));
	EXPECT_EQ(0, neighbour_stop(self->neighbour));
	EXPECT_EQ(0, partition_get("host", "vram_used"));
}

static void begin(struct vrd *vrd, struct work *work)
{
	vrd_reset(vrd);
	vrd_start(vrd);
	work_create(work, vrd, VRAM_SIZE);
}

static bool failed(struct vrd *vrd)
{
	return vrd_read(vrd, GPUP_VRD_REG_STATUS) & GPUP_VRD_STATUS_NEEDS_RESET;
}

/* Say that all events were read. */
static void drop_events(struct vrd *vrd)
{
	vrd->evt_head = vrd->evt->tail;
	vrd->evt->head = vrd->evt_head;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (vrd->evt->room_wanted)
		vrd_doorbell(vrd);
}

/* A number such as a hostile guest would choose. */
static uint64_t interesting(struct random *random, const struct work *work)
{
	const uint64_t values[] = {
		0, 1, 2, 3, 4, 8, 16, 63, 64, 65, 255, 256, 257, 4095, PAGE, 4097, 2 * PAGE,
		64 * KIB, VRAM_SIZE, 1ull << 31, UINT32_MAX, 1ull << 32, 1ull << 47, 1ull << 48,
		1ull << 62, INT64_MAX, 1ull << 63, UINT64_MAX, -(uint64_t)PAGE,
		WORK_SHARED_VA, WORK_VRAM_VA, VRD_MEMORY_BASE, VRD_MEMORY_BASE + 8 * MIB,
		work->client, work->vm.handle, work->compute.handle, work->copy.handle,
		work->shared_bo, work->vram_bo, work->copy.value + 1, work->vm.value + 1,
	};
	uint64_t value = values[random_below(random, ARRAY_SIZE(values))];

	switch (random_below(random, 8)) {
	case 0:
		return random_next(random);
	case 1:
		return value | (uint64_t)interesting(random, work) << 32;
	case 2:
		return value ^ 1ull << random_below(random, 64);
	default:
		return value;
	}
}

/* A message that has at least the right opcode and size, often. */
static uint32_t random_message(struct random *random, const struct work *work, uint8_t *to)
{
	static const uint32_t sizes[] = { 8, 24, 8, 16, 24, 8, 8, 16, 8, 8, 8, 64, 24, 8, 32 };
	struct gpup_vrd_msg header = {
		.opcode = random_below(random, 10) ? 1 + random_below(random, 15) :
			  random_next(random),
		.flags = random_below(random, 4) ? random_below(random, 2) : random_next(random),
		.client = random_below(random, 4) ? work->client : interesting(random, work),
		.sequence = random_next(random),
	};
	uint32_t size = header.opcode - 1u < ARRAY_SIZE(sizes) && random_below(random, 8) ?
			sizes[header.opcode - 1] : random_below(random, 128) * 8;
	uint32_t i;

	if (!random_below(random, 200))
		size = GPUP_VRD_MSG_MAX - sizeof(header);
	for (i = 0; i < size; i += 8) {
		uint64_t value = interesting(random, work);

		memcpy(to + sizeof(header) + i, &value, 8);
	}
	header.size = sizeof(header) + size;
	memcpy(to, &header, sizeof(header));
	return header.size;
}

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

/* A thread of the VM that does something else for as long as the test goes on. */
struct other_thread {
	pthread_t thread;
	struct vrd *vrd;
	_Atomic bool stop;
	struct random random;
};

static void thread_start(struct other_thread *other, struct vrd *vrd, void *(*func)(void *))
{
	other->vrd = vrd;
	other->stop = false;
	other->random.state = SEED + 2;
	if (pthread_create(&other->thread, NULL, func, other))
		fatal("no thread");
}

static void thread_stop(struct other_thread *other)
{
	other->stop = true;
	pthread_join(other->thread, NULL);
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
		vrd_open(vrd, self->uuid, &variant->config);
	}
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

static void *ring_doorbells(void *data)
{
	struct other_thread *other = data;
	uint32_t value = 1;

	while (!other->stop) {
		if (other->vrd->doorbell)
			*other->vrd->doorbell = value;
		else
			vrd_region_write(other->vrd, VFIO_PCI_BAR2_REGION_INDEX, 0, &value, 4);
		if (!random_below(&other->random, 4))
			vrd_write(other->vrd, GPUP_VRD_REG_DOORBELL, 1);
	}
	return NULL;
}

TEST_F(hostile, doorbell_storm)
{
	struct other_thread others[2];
	struct work *work = &self->work;
	unsigned int i, rounds = self->neighbour->rounds;
	uint64_t end = deadline(FUZZ_MS / 2);

	begin(&self->vrd, work);
	for (i = 0; i < ARRAY_SIZE(others); i++)
		thread_start(&others[i], &self->vrd, ring_doorbells);
	for (i = 0; !is_over(end); i++)
		EXPECT_EQ(0, work_round(work, i));
	for (i = 0; i < ARRAY_SIZE(others); i++)
		thread_stop(&others[i]);
	EXPECT_LT(rounds, self->neighbour->rounds);
}

static void *write_registers(void *data)
{
	struct other_thread *other = data;
	struct vrd *vrd = other->vrd;

	while (!other->stop) {
		uint32_t reg = random_below(&other->random, GPUP_VRD_REGS_END / 4) * 4;

		/* Bring-up by chance is rare; resets are not to be the rule. */
		vrd_read(vrd, reg);
		if (!random_below(&other->random, 20))
			vrd_write(vrd, reg, random_below(&other->random, 16));
	}
	return NULL;
}

/* One CPU of the VM brings the device up and uses it, another writes to its registers. */
TEST_F(hostile, register_storm)
{
	struct gpup_vrd_query body = { .type = DRM_GPUP_QUERY_MEMORY };
	const uint32_t steps[] = { 0, 1, 3, 7, 15 };
	struct other_thread other;
	struct vrd *vrd = &self->vrd;
	uint64_t end = deadline(FUZZ_MS / 2);
	unsigned int i;

	thread_start(&other, vrd, write_registers);
	while (!is_over(end)) {
		for (i = 0; i < ARRAY_SIZE(steps); i++) {
			if (steps[i] == 15)
				vrd_set_up(vrd);
			vrd_write(vrd, GPUP_VRD_REG_STATUS, steps[i]);
		}
		for (i = 0; i < 20; i++)
			vrd_post(vrd, GPUP_VRD_OP_QUERY, 0, &body, sizeof(body));
	}
	thread_stop(&other);
}

static void *reset_often(void *data)
{
	struct other_thread *other = data;

	usleep(random_below(&other->random, 20000));
	if (random_below(&other->random, 2))
		vrd_write(other->vrd, GPUP_VRD_REG_STATUS, 0);
	else
		ioctl(other->vrd->device, VFIO_DEVICE_RESET);
	return NULL;
}

/* Resets in the middle of work, by another CPU of the VM or by the VMM. */
TEST_F(hostile, reset_storm)
{
	static uint8_t message[GPUP_VRD_MSG_MAX];
	struct random random = { SEED + 5 };
	struct work *work = &self->work;
	struct vrd *vrd = &self->vrd;
	unsigned int i, j;

	for (i = 0; i < 40; i++) {
		struct other_thread other;

		begin(vrd, work);
		if (i % 3 == 0)
			ASSERT_EQ(0, work_hang(work));
		for (j = 0; j < 5; j++) {
			work_stream(work);
			stream_fill(&work->stream, WORK_VRAM_VA, VRAM_SIZE, j);
			ASSERT_EQ(0, work_submit(work, &work->copy));
		}
		thread_start(&other, vrd, reset_often);
		other.random.state += i;
		/* Nobody takes them off the ring after the reset: not more than fit. */
		for (j = 0; j < 30; j++) {
			uint32_t size = random_message(&random, work, message);

			if (size > 1024 || vrd_put(vrd, message, size))
				continue;
			vrd_publish(vrd);
		}
		thread_stop(&other);
	}
}

/* The device is closed while it works. */
TEST_F(hostile, close_in_the_middle)
{
	struct random random = { SEED + 6 };
	struct work *work = &self->work;
	struct vrd *vrd = &self->vrd;
	unsigned int i, j;

	for (i = 0; i < 20; i++) {
		begin(vrd, work);
		for (j = 0; j < 10; j++) {
			work_stream(work);
			stream_fill(&work->stream, WORK_VRAM_VA, VRAM_SIZE, j);
			stream_copy(&work->stream, WORK_SHARED_VA + WORK_RESULT, WORK_VRAM_VA,
				    64 * KIB);
			ASSERT_EQ(0, work_submit(work, &work->copy));
		}
		if (i % 4 == 0)
			ASSERT_EQ(0, work_hang(work));
		usleep(random_below(&random, 5000));
		vrd_close(vrd);
		EXPECT_TRUE(partition_wait_idle(self->uuid, VRD_PATIENCE_MS));
		vrd_open(vrd, self->uuid, &variant->config);
	}
}

static void *touch_aperture(void *data)
{
	struct other_thread *other = data;
	uint64_t size = vrd_aperture_size(other->vrd);
	uint32_t word;

	while (!other->stop) {
		uint64_t offset = random_below(&other->random, size / 4) * 4;

		if (random_below(&other->random, 2)) {
			word = offset;
			vrd_aperture_write(other->vrd, offset, &word, sizeof(word));
		} else {
			vrd_aperture_read(other->vrd, offset, &word, sizeof(word));
		}
	}
	return NULL;
}

/* Objects come and go in the aperture while it is used. */
TEST_F(hostile, aperture_storm)
{
	struct work *work = &self->work;
	struct vrd *vrd = &self->vrd;
	struct random random = { SEED + 7 };
	uint64_t end = deadline(FUZZ_MS / 2);
	struct other_thread others[2];
	uint32_t bo;
	unsigned int i;

	begin(vrd, work);
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		thread_start(&others[i], vrd, touch_aperture);
		others[i].random.state += i;
	}
	for (i = 0; !is_over(end); i++) {
		uint64_t size = (1 + random_below(&random, 64)) * PAGE;
		uint64_t slots = (vrd_aperture_size(vrd) - size) / PAGE;

		ASSERT_EQ(0, vrd_bo_create(vrd, DRM_GPUP_BO_VRAM, size, &bo));
		ASSERT_EQ(0, vrd_aperture_map(vrd, bo, random_below(&random, slots) * PAGE));
		if (random_below(&random, 2))
			ASSERT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_APERTURE_UNMAP, 0, bo));
		ASSERT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_BO_DESTROY, 0, bo));
		if (i % 16 == 0)
			ASSERT_EQ(0, work_round(work, i));
	}
	for (i = 0; i < ARRAY_SIZE(others); i++)
		thread_stop(&others[i]);
}

TEST_HARNESS_MAIN
