// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest of which all CPUs do different things at once, and a VMM that resets and closes its
 * device in the middle of that.
 */
#include <sched.h>
#include <sys/ioctl.h>

#include "hostile.h"

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

#define HUGE	(2 * MIB)

/* A CPU of the VM that touches the same two megabytes as another, whenever they are new. */
struct toucher {
	pthread_t thread;
	const uint8_t *at;
	struct random random;
	_Atomic bool stop;
	/* Rounds that may begin, and that have ended. */
	_Atomic unsigned int begun;
	_Atomic unsigned int ended;
};

static void *touch_when_new(void *data)
{
	struct toucher *t = data;
	unsigned int i, pause;

	while (!t->stop) {
		if (t->ended == t->begun) {
			sched_yield();
			continue;
		}
		pause = random_below(&t->random, 2000);
		for (i = 0; i < pause; i++)
			__asm__ volatile("" ::: "memory");
		for (i = 0; i < 4; i++)
			(void)*(volatile const uint32_t *)(t->at + random_below(&t->random, HUGE / PAGE) *
							   PAGE);
		t->ended++;
	}
	return NULL;
}

/*
 * Memory that one page table entry maps, and is touched for the first time by several CPUs while
 * an object appears there: one finds single pages, the other all of it. Whoever was first, what
 * is seen afterwards is the object, and then no longer.
 */
TEST_F(hostile, huge_storm)
{
	struct vrd *vrd = &self->vrd;
	uint64_t end = deadline(FUZZ_MS);
	struct toucher touchers[2] = {};
	uint32_t seen, pattern = 0x60d60d;
	unsigned int i, round;
	uint8_t *space, *at;
	uint32_t bo;

	begin(vrd, &self->work);
	ASSERT_EQ(0, vrd_bo_create(vrd, DRM_GPUP_BO_VRAM, HUGE, &bo));
	ASSERT_EQ(0, vrd_aperture_map(vrd, bo, 0));
	vrd_aperture_write(vrd, HUGE - PAGE, &pattern, sizeof(pattern));
	ASSERT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_APERTURE_UNMAP, 0, bo));

	/* With nothing beside it, so that its page tables come and go with it. */
	space = mmap(NULL, 3 * HUGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, space);
	at = (void *)(((uintptr_t)space + HUGE - 1) & -(uintptr_t)HUGE);
	for (i = 0; i < ARRAY_SIZE(touchers); i++) {
		touchers[i].at = at;
		touchers[i].random.state = SEED + 8 + i;
		if (pthread_create(&touchers[i].thread, NULL, touch_when_new, &touchers[i]))
			fatal("no thread");
	}
	for (round = 1; !is_over(end) || round <= 20; round++) {
		ASSERT_EQ(at, mmap(at, HUGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
				   vrd->device, vrd->regions[VFIO_PCI_BAR4_REGION_INDEX].offset));
		for (i = 0; i < ARRAY_SIZE(touchers); i++)
			touchers[i].begun = round;
		EXPECT_EQ(0, vrd_aperture_map(vrd, bo, 0));
		seen = *(volatile uint32_t *)(at + HUGE - PAGE);
		EXPECT_EQ(pattern, seen);
		EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_APERTURE_UNMAP, 0, bo));
		seen = *(volatile uint32_t *)(at + HUGE - PAGE);
		EXPECT_EQ(0, seen);
		for (i = 0; i < ARRAY_SIZE(touchers); i++)
			while (touchers[i].ended != round)
				sched_yield();
		ASSERT_EQ(at, mmap(at, HUGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
				   -1, 0));
	}
	TH_LOG("%u rounds", round - 1);
	for (i = 0; i < ARRAY_SIZE(touchers); i++) {
		touchers[i].stop = true;
		pthread_join(touchers[i].thread, NULL);
	}
	munmap(space, 3 * HUGE);
}

TEST_HARNESS_MAIN
