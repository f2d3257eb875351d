/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What tests of hostile guests have in common: a guest, what it may send, and the VM next door,
 * which computes throughout and whose results must be right.
 */
#ifndef _SELFTESTS_GPUP_HOSTILE_H_
#define _SELFTESTS_GPUP_HOSTILE_H_

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
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

static inline void neighbour_main(struct neighbour *neighbour)
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

static inline struct neighbour *neighbour_start(void)
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
static inline int neighbour_stop(struct neighbour *neighbour)
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

static inline void begin(struct vrd *vrd, struct work *work)
{
	vrd_reset(vrd);
	vrd_start(vrd);
	work_create(work, vrd, VRAM_SIZE);
}

static inline bool failed(struct vrd *vrd)
{
	return vrd_read(vrd, GPUP_VRD_REG_STATUS) & GPUP_VRD_STATUS_NEEDS_RESET;
}

/* Say that all events were read. */
static inline void drop_events(struct vrd *vrd)
{
	vrd->evt_head = vrd->evt->tail;
	vrd->evt->head = vrd->evt_head;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (vrd->evt->room_wanted)
		vrd_doorbell(vrd);
}

/* A number such as a hostile guest would choose. */
static inline uint64_t interesting(struct random *random, const struct work *work)
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
static inline uint32_t random_message(struct random *random, const struct work *work, uint8_t *to)
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

/* A thread of the VM that does something else for as long as the test goes on. */
struct other_thread {
	pthread_t thread;
	struct vrd *vrd;
	_Atomic bool stop;
	struct random random;
};

static inline void thread_start(struct other_thread *other, struct vrd *vrd, void *(*func)(void *))
{
	other->vrd = vrd;
	other->stop = false;
	other->random.state = SEED + 2;
	if (pthread_create(&other->thread, NULL, func, other))
		fatal("no thread");
}

static inline void thread_stop(struct other_thread *other)
{
	other->stop = true;
	pthread_join(other->thread, NULL);
}

#endif
