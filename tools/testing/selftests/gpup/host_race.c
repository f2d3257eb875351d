// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads of one process of the host, one of which destroys what the others are just using. What
 * was taken on ends, and its fence signals; what came too late is refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness.h"
#include "host.h"
#include "partition.h"

#define SIZE		(256 * KIB)
#define PATIENCE_MS	20000
/* Where threads bind what they like. */
#define SCRATCH_VA	0x40000000ull

FIXTURE(race) {
	struct host host;
	uint64_t vram_used;
	uint64_t system_used;
};

FIXTURE_SETUP(race)
{
	host_settle();
	host_create(&self->host, SIZE);
	self->vram_used = partition_get("host", "vram_used");
	self->system_used = partition_get("host", "system_used");
}

FIXTURE_TEARDOWN(race)
{
	/* What was in use goes a moment after the last who used it. */
	EXPECT_TRUE(partition_wait("host", "vram_used", self->vram_used, PATIENCE_MS));
	EXPECT_TRUE(partition_wait("host", "system_used", self->system_used, PATIENCE_MS));
	/* Everything works as before. */
	EXPECT_TRUE(host_works(&self->host));
	host_destroy(&self->host);
}

/* One job without commands; signals @syncobj. */
static int submit(int fd, uint32_t queue, uint32_t syncobj)
{
	struct drm_gpup_sync sync = { .flags = DRM_GPUP_SYNC_SIGNAL, .handle = syncobj };
	struct drm_gpup_job job = { .syncs = DRM_GPUP_OBJ_ARRAY(1, &sync) };
	struct drm_gpup_queue_submit args = {
		.queue = queue,
		.jobs = DRM_GPUP_OBJ_ARRAY(1, &job),
	};

	return host_ioctl(fd, DRM_IOCTL_GPUP_QUEUE_SUBMIT, &args);
}

/* Signals @syncobj. */
static int map_async(int fd, uint32_t vm, uint32_t bo, uint32_t syncobj)
{
	struct drm_gpup_sync sync = { .flags = DRM_GPUP_SYNC_SIGNAL, .handle = syncobj };
	struct drm_gpup_bind_op op = {
		.op = DRM_GPUP_BIND_MAP,
		.handle = bo,
		.va = SCRATCH_VA,
		.size = SIZE,
	};
	struct drm_gpup_vm_bind args = {
		.flags = DRM_GPUP_VM_BIND_ASYNC,
		.vm = vm,
		.ops = DRM_GPUP_OBJ_ARRAY(1, &op),
		.syncs = DRM_GPUP_OBJ_ARRAY(1, &sync),
	};

	return host_ioctl(fd, DRM_IOCTL_GPUP_VM_BIND, &args);
}

/* A thread that uses what is there at the moment. */
struct user {
	pthread_t thread;
	const struct host *host;
	bool binds;
	_Atomic uint32_t *handle;
	atomic_bool *stop;
	atomic_uint done;
	unsigned int refused;
	/* First one that is none of a refusal, or of the wait for what was taken on. */
	int error;
};

static bool is_refusal(int ret)
{
	return ret == -ENOENT || ret == -ECANCELED || ret == -EIO;
}

static void *user_main(void *data)
{
	struct user *user = data;
	int fd = user->host->fd, ret;
	uint32_t syncobj;

	while (!user->error && !*user->stop) {
		user->error = host_syncobj_create(fd, &syncobj);
		if (user->error)
			break;
		if (user->binds)
			ret = map_async(fd, *user->handle, user->host->vram_bo, syncobj);
		else
			ret = submit(fd, *user->handle, syncobj);
		if (is_refusal(ret)) {
			user->refused++;
		} else {
			user->done++;
			user->error = ret ? ret : host_syncobj_wait(fd, syncobj, 0);
		}
		host_ioctl(fd, DRM_IOCTL_SYNCOBJ_DESTROY,
			   &(struct drm_syncobj_destroy){ .handle = syncobj });
	}
	return NULL;
}

static bool all_have_done(const struct user *users, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (!users[i].done)
			return false;
	return true;
}

/* A queue and its address space, with something bound in it, come and go under their users. */
TEST_F(race, destroy_in_use)
{
	unsigned long rounds = 0;
	_Atomic uint32_t vm = 0, queue = 0;
	atomic_bool stop = false;
	struct random random = { env_number("GPUP_SEED", 42) };
	struct user users[] = {
		{ .host = &self->host, .handle = &queue, .stop = &stop },
		{ .host = &self->host, .handle = &queue, .stop = &stop },
		{ .host = &self->host, .handle = &vm, .stop = &stop, .binds = true },
	};
	const unsigned int count = sizeof(users) / sizeof(users[0]);
	const int fd = self->host.fd;
	uint32_t new_vm, new_queue;
	unsigned int i;
	uint64_t end, limit;
	int ret = 0;

	for (i = 0; i < count; i++)
		ASSERT_EQ(0, pthread_create(&users[i].thread, NULL, user_main, &users[i]));
	/* Two seconds, or until each user has met what was there, if that takes longer. */
	end = deadline(2000);
	limit = deadline(PATIENCE_MS);
	for (; !ret && (!is_over(end) || (!all_have_done(users, count) && !is_over(limit)));
	     rounds++) {
		ret = host_vm_create(fd, &new_vm);
		if (!ret)
			ret = host_map(fd, new_vm, self->host.vram_bo, HOST_VRAM_VA, SIZE);
		if (!ret)
			ret = host_queue_create(fd, new_vm, DRM_GPUP_ENGINE_COPY, &new_queue);
		if (ret)
			break;
		vm = new_vm;
		queue = new_queue;
		usleep(random_below(&random, 500));
		ret = host_queue_destroy(fd, new_queue);
		if (!ret)
			ret = host_vm_destroy(fd, new_vm);
	}
	stop = true;
	EXPECT_EQ(0, ret);
	for (i = 0; i < count; i++) {
		EXPECT_EQ(0, pthread_join(users[i].thread, NULL));
		EXPECT_EQ(0, users[i].error);
		EXPECT_NE(0, users[i].done);
		printf("# %u taken on, %u refused, %lu rounds\n", users[i].done,
		       users[i].refused, rounds);
	}
}

/* One job, in a page that is not there yet: the ioctl waits until we give it. */
struct late {
	pthread_t thread;
	int fd;
	uint32_t queue;
	const struct drm_gpup_job *job;
	int ret;
};

static void *late_main(void *data)
{
	struct late *late = data;
	struct drm_gpup_queue_submit args = {
		.queue = late->queue,
		.jobs = { .stride = sizeof(*late->job), .count = 1, .array = (uintptr_t)late->job },
	};

	late->ret = host_ioctl(late->fd, DRM_IOCTL_GPUP_QUEUE_SUBMIT, &args);
	return NULL;
}

/*
 * While an ioctl waits for a page of its arguments the queue is destroyed, and its handle becomes
 * that of another: which gets no job whose fence was made for the first.
 */
TEST_F_TIMEOUT(race, handle_comes_round, 300)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct drm_gpup_sync sync = {
		.flags = DRM_GPUP_SYNC_SIGNAL,
		.handle = self->host.syncobj,
	};
	union {
		struct drm_gpup_job job;
		uint8_t bytes[PAGE];
	} page = { .job.syncs = DRM_GPUP_OBJ_ARRAY(1, &sync) };
	struct late late = { .fd = self->host.fd };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_copy copy = { .src = (uintptr_t)&page, .len = PAGE };
	struct uffd_msg msg;
	uint32_t queue, vm;
	unsigned int i;
	void *missing;
	int uffd;

	uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api))
		SKIP(return, "no userfaultfd");
	missing = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, missing);
	range.range.start = (uintptr_t)missing;
	range.range.len = PAGE;
	ASSERT_EQ(0, ioctl(uffd, UFFDIO_REGISTER, &range));

	ASSERT_EQ(0, host_queue_create(late.fd, self->host.vm, DRM_GPUP_ENGINE_COPY, &late.queue));
	late.job = missing;
	ASSERT_EQ(0, pthread_create(&late.thread, NULL, late_main, &late));
	ASSERT_EQ((ssize_t)sizeof(msg), read(uffd, &msg, sizeof(msg)));
	ASSERT_EQ(UFFD_EVENT_PAGEFAULT, msg.event);

	/* The generation of a handle has 16 bits, of which each new object of a file takes one. */
	ASSERT_EQ(0, host_queue_destroy(late.fd, late.queue));
	for (i = 0; i < 0xfffe; i++) {
		ASSERT_EQ(0, host_vm_create(late.fd, &vm));
		ASSERT_EQ(0, host_vm_destroy(late.fd, vm));
	}
	ASSERT_EQ(0, host_queue_create(late.fd, self->host.vm, DRM_GPUP_ENGINE_COPY, &queue));
	EXPECT_EQ(late.queue, queue);

	copy.dst = (uintptr_t)missing;
	ASSERT_EQ(0, ioctl(uffd, UFFDIO_COPY, &copy));
	ASSERT_EQ(0, pthread_join(late.thread, NULL));
	EXPECT_EQ(-ENOENT, late.ret);
	/* Nothing was put there: it would never have signalled. */
	EXPECT_EQ(0, submit(late.fd, queue, self->host.syncobj));
	EXPECT_EQ(0, host_syncobj_wait(late.fd, self->host.syncobj, 0));
	EXPECT_EQ(0, host_queue_destroy(late.fd, queue));
	munmap(missing, PAGE);
	close(uffd);
}

TEST_HARNESS_MAIN
