// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VMM is killed at any instruction, many times: nothing of it is left.
 *
 * GPUP_KILLS says how many times (200).
 */
#include <errno.h>
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
/* Devices are made anew after so many kills. */
#define KILLS_PER_DEVICE 25

FIXTURE(kill) {
	char uuid[UUID_SIZE];
	/* How far the guest has come. */
	_Atomic unsigned int *progress;
	struct random random;
};

FIXTURE_SETUP(kill)
{
	self->progress = mmap(NULL, sizeof(*self->progress), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (self->progress == MAP_FAILED)
		fatal("no memory");
	self->random.state = env_number("GPUP_SEED", 42);
	mdev_create(mdev_smallest(), self->uuid);
}

FIXTURE_TEARDOWN(kill)
{
	EXPECT_EQ(0, mdev_remove(self->uuid));
}

/* Works until it is killed, each time in another way. */
static void guest_main(const char *uuid, _Atomic unsigned int *progress, uint64_t seed)
{
	struct vrd_config config = { .no_mmap = seed % 4 == 0 };
	struct random random = { seed };
	bool hangs = false;
	struct work work;
	struct vrd vrd;
	uint32_t bo;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	vrd_open(&vrd, uuid, &config);
	vrd_start(&vrd);
	*progress = 1;
	work_create(&work, &vrd, VRAM_SIZE);
	*progress = 2;
	vrd_aperture_map(&vrd, work.vram_bo, 0);
	for (;;) {
		uint32_t word = *progress;

		switch (random_below(&random, 6)) {
		case 0:
			/* Nothing gets past a job that never ends. */
			if (!hangs && work_round(&work, word))
				_exit(1);
			break;
		case 1:
			vrd_aperture_write(&vrd, random_below(&random, VRAM_SIZE / PAGE) * PAGE,
					   &word, sizeof(word));
			break;
		case 2:
			vrd_bo_create(&vrd, DRM_GPUP_BO_VRAM, 64 * KIB, &bo);
			vrd_destroy(&vrd, GPUP_VRD_OP_BO_DESTROY, 0, bo);
			break;
		case 3:
			vrd_bo_create_guest(&vrd, work.shared, WORK_SHARED_SIZE, &bo);
			vrd_destroy(&vrd, GPUP_VRD_OP_BO_DESTROY, 0, bo);
			break;
		case 4:
			if (seed % 8 == 1 && !hangs)
				hangs = !work_hang(&work);
			break;
		default:
			if (random_below(&random, 20))
				break;
			hangs = false;
			vrd_reset(&vrd);
			vrd_start(&vrd);
			work_create(&work, &vrd, VRAM_SIZE);
			vrd_aperture_map(&vrd, work.vram_bo, 0);
			break;
		}
		++*progress;
	}
}

TEST_F_TIMEOUT(kill, at_random_moments, 1800)
{
	unsigned long i, kills = env_number("GPUP_KILLS", 200);
	uint64_t available = adapter_number("vram_available");
	unsigned long worked = 0;
	int status;

	for (i = 0; i < kills; i++) {
		uint64_t seed = random_next(&self->random);
		/* One in ten dies on its way up, the others at work. */
		unsigned int wait_for = seed % 10 ? 3 + seed % 7 : 0;
		uint64_t end = deadline(VRD_PATIENCE_MS);
		pid_t pid;

		*self->progress = 0;
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid) {
			guest_main(self->uuid, self->progress, seed);
			_exit(1);
		}
		while (*self->progress < wait_for && !waitpid(pid, &status, WNOHANG))
			ASSERT_FALSE(is_over(end)) {
				kill(pid, SIGKILL);
			}
		usleep(random_below(&self->random, 20000));
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
			TH_LOG("the guest ended by itself (kill %lu)", i);
		}
		worked += *self->progress > 2;

		ASSERT_TRUE(partition_wait_idle(self->uuid, VRD_PATIENCE_MS)) {
			TH_LOG("after kill %lu: vram %llu, system %llu, clients %llu", i,
			       (unsigned long long)partition_get(self->uuid, "vram_used"),
			       (unsigned long long)partition_get(self->uuid, "system_used"),
			       (unsigned long long)partition_get(self->uuid, "clients"));
		}
		EXPECT_EQ(available, adapter_number("vram_available"));
		if (i % KILLS_PER_DEVICE == KILLS_PER_DEVICE - 1) {
			ASSERT_EQ(0, mdev_remove(self->uuid));
			mdev_create(mdev_smallest(), self->uuid);
		}
	}
	TH_LOG("%lu kills, %lu of them at work", kills, worked);
	EXPECT_LT(kills / 2, worked);
}

/* The operator removes a device that is in use, and its VMM is killed: the removal ends. */
TEST_F(kill, remove_while_open)
{
	uint64_t end = deadline(VRD_PATIENCE_MS);
	pid_t guest, remover;
	int status;

	guest = fork();
	ASSERT_LE(0, guest);
	if (!guest)
		guest_main(self->uuid, self->progress, 1);
	while (*self->progress < 3)
		ASSERT_FALSE(is_over(end));
	remover = fork();
	ASSERT_LE(0, remover);
	if (!remover)
		_exit(mdev_remove(self->uuid) ? 1 : 0);
	sleep_ms(300);
	EXPECT_EQ(0, waitpid(remover, &status, WNOHANG));
	kill(guest, SIGKILL);
	waitpid(guest, &status, 0);
	ASSERT_EQ(remover, waitpid(remover, &status, 0));
	EXPECT_TRUE(WIFEXITED(status) && !WEXITSTATUS(status));
	EXPECT_FALSE(mdev_exists(self->uuid));
	EXPECT_EQ(adapter_number("vram_total"), adapter_number("vram_available") +
		  partition_get("host", "vram_min"));
	mdev_create(mdev_smallest(), self->uuid);
}

TEST_HARNESS_MAIN
