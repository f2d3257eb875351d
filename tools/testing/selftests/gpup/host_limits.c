// SPDX-License-Identifier: GPL-2.0-only
/*
 * Limits between processes of the host: memory to the page, handles to their file, jobs to
 * their queue. What fails, fails alone, and its fence says why.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sync_file.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "harness.h"
#include "host.h"
#include "partition.h"

#define SIZE		(256 * KIB)
/* Nothing is ever mapped there. */
#define NOWHERE		0x7000000000ull
#define PATIENCE_MS	20000
/* As the interface has it for the jobs of one queue, and for the files of one partition. */
#define QUEUE_JOBS	4096
#define CLIENTS		1024

FIXTURE(limits) {
	struct host host;
	int fd;
	uint64_t vram_used;
	uint64_t system_used;
	uint64_t clients;
	uint64_t vram_max;
	uint64_t timeout;
};

FIXTURE_SETUP(limits)
{
	host_settle();
	self->vram_max = partition_get("host", "vram_max");
	self->timeout = partition_get("host", "job_timeout_ms");
	host_create(&self->host, SIZE);
	self->fd = self->host.fd;
	self->vram_used = partition_get("host", "vram_used");
	self->system_used = partition_get("host", "system_used");
	self->clients = partition_get("host", "clients");
}

/* Objects and files may end a moment after they were closed. */
static bool wait_for(const char *attribute, uint64_t value)
{
	uint64_t end = deadline(PATIENCE_MS);

	while (partition_get("host", attribute) != value) {
		if (is_over(end))
			return false;
		sleep_ms(1);
	}
	return true;
}

static bool wait_for_at_least(const char *attribute, uint64_t value)
{
	uint64_t end = deadline(PATIENCE_MS);

	while (partition_get("host", attribute) < value) {
		if (is_over(end))
			return false;
		sleep_ms(1);
	}
	return true;
}

FIXTURE_TEARDOWN(limits)
{
	EXPECT_EQ(0, partition_set_number("host", "vram_max", self->vram_max));
	EXPECT_EQ(0, partition_set_number("host", "job_timeout_ms", self->timeout));
	EXPECT_TRUE(wait_for("vram_used", self->vram_used));
	EXPECT_TRUE(wait_for("system_used", self->system_used));
	EXPECT_TRUE(wait_for("clients", self->clients));
	EXPECT_TRUE(host_works(&self->host));
	host_destroy(&self->host);
}

TEST_F(limits, vram_to_the_page)
{
	const uint64_t max = self->vram_used + 3 * PAGE;
	uint32_t bo, more;

	/* Below what is in use, nothing more is to be had; and some of it has to go. */
	ASSERT_EQ(0, partition_set_number("host", "vram_max", self->vram_used - PAGE));
	EXPECT_EQ(-ENOMEM, host_bo_create(self->fd, DRM_GPUP_BO_VRAM, 1, &more));
	EXPECT_TRUE(wait_for_at_least("vram_evicted", PAGE));
	EXPECT_EQ(self->vram_used, partition_get("host", "vram_used"));
	ASSERT_EQ(0, partition_set_number("host", "vram_max", max));
	EXPECT_EQ(-ENOMEM, host_bo_create(self->fd, DRM_GPUP_BO_VRAM, 3 * PAGE + 1, &more));
	ASSERT_EQ(0, host_bo_create(self->fd, DRM_GPUP_BO_VRAM, 3 * PAGE, &bo));
	EXPECT_EQ(max, partition_get("host", "vram_used"));
	EXPECT_EQ(-ENOMEM, host_bo_create(self->fd, DRM_GPUP_BO_VRAM, 1, &more));
	EXPECT_EQ(-ENOMEM, host_bo_create(self->fd, DRM_GPUP_BO_VRAM | DRM_GPUP_BO_NO_MMAP,
					  PAGE, &more));
	/* It is no limit of system memory. */
	EXPECT_EQ(0, host_bo_create(self->fd, DRM_GPUP_BO_SYSTEM, 4 * PAGE, &more));
	EXPECT_EQ(0, host_gem_close(self->fd, more));
	EXPECT_EQ(0, host_gem_close(self->fd, bo));
	EXPECT_TRUE(wait_for("vram_used", self->vram_used));
	ASSERT_EQ(0, host_bo_create(self->fd, DRM_GPUP_BO_VRAM, 3 * PAGE, &bo));
	EXPECT_EQ(0, host_gem_close(self->fd, bo));
}

/* Who has seen an unmapping end can have its memory again, at once and at the limit. */
TEST_F(limits, unmapped_is_free)
{
	struct drm_gpup_bind_op unmap = {
		.op = DRM_GPUP_BIND_UNMAP,
		.va = 0x40000000,
		.size = 64 * PAGE,
	};
	struct drm_gpup_vm_bind args = {
		.vm = self->host.vm,
		.ops = DRM_GPUP_OBJ_ARRAY(1, &unmap),
	};
	unsigned int i;
	uint32_t bo;

	ASSERT_EQ(0, partition_set_number("host", "vram_max", self->vram_used + 64 * PAGE));
	for (i = 0; i < 200; i++) {
		ASSERT_EQ(0, host_bo_create(self->fd, DRM_GPUP_BO_VRAM, 64 * PAGE, &bo));
		ASSERT_EQ(0, host_map(self->fd, args.vm, bo, unmap.va, unmap.size));
		ASSERT_EQ(0, host_gem_close(self->fd, bo));
		ASSERT_EQ(0, host_ioctl(self->fd, DRM_IOCTL_GPUP_VM_BIND, &args));
	}
}

/* Handles are a file's own: those of another one are as unknown as any. */
TEST_F(limits, foreign_handles)
{
	struct drm_gpup_queue_get_state queue_state = {};
	struct drm_gpup_vm_get_state vm_state = {};
	struct drm_gpup_job job = {};
	struct drm_gpup_queue_submit submit = { .jobs = DRM_GPUP_OBJ_ARRAY(1, &job) };
	uint32_t vm, queue, bo, made;
	unsigned int i;
	int other = host_open();

	/* Numbers that this file has not given out. */
	for (i = 0; i < 8; i++) {
		ASSERT_EQ(0, host_vm_create(other, &vm));
		ASSERT_EQ(0, host_bo_create(other, DRM_GPUP_BO_SYSTEM, PAGE, &bo));
	}
	ASSERT_EQ(0, host_queue_create(other, vm, DRM_GPUP_ENGINE_COPY, &queue));

	EXPECT_EQ(-ENOENT, host_vm_destroy(self->fd, vm));
	EXPECT_EQ(-ENOENT, host_queue_destroy(self->fd, queue));
	EXPECT_EQ(-ENOENT, host_queue_create(self->fd, vm, DRM_GPUP_ENGINE_COPY, &made));
	EXPECT_EQ(-ENOENT, host_map(self->fd, vm, self->host.vram_bo, HOST_VRAM_VA, PAGE));
	EXPECT_EQ(-ENOENT, host_map(self->fd, self->host.vm, bo, HOST_VRAM_VA, PAGE));
	vm_state.vm = vm;
	EXPECT_EQ(-ENOENT, host_ioctl(self->fd, DRM_IOCTL_GPUP_VM_GET_STATE, &vm_state));
	queue_state.queue = queue;
	EXPECT_EQ(-ENOENT, host_ioctl(self->fd, DRM_IOCTL_GPUP_QUEUE_GET_STATE, &queue_state));
	submit.queue = queue;
	EXPECT_EQ(-ENOENT, host_ioctl(self->fd, DRM_IOCTL_GPUP_QUEUE_SUBMIT, &submit));
	/* To their own file they are good. */
	EXPECT_EQ(-EBUSY, host_vm_destroy(other, vm));
	EXPECT_EQ(0, host_ioctl(other, DRM_IOCTL_GPUP_QUEUE_SUBMIT, &submit));
	EXPECT_EQ(0, host_queue_destroy(other, queue));
	EXPECT_EQ(0, host_vm_destroy(other, vm));
	close(other);
}

TEST_F(limits, objects)
{
	struct drm_gpup_partition_info info = {};
	struct drm_gpup_dev_query query = {
		.type = DRM_GPUP_QUERY_PARTITION,
		.size = sizeof(info),
		.pointer = (uintptr_t)&info,
	};
	uint32_t vm, first = 0, count = 0, other;
	int fd = host_open(), ret;

	ASSERT_EQ(0, host_ioctl(fd, DRM_IOCTL_GPUP_DEV_QUERY, &query));
	while (!(ret = host_vm_create(fd, &vm)) && count <= info.max_objects) {
		first = first ? first : vm;
		count++;
	}
	EXPECT_EQ(-ENOSPC, ret);
	EXPECT_EQ(info.max_objects, count);
	EXPECT_EQ(-ENOSPC, host_queue_create(fd, first, DRM_GPUP_ENGINE_COPY, &other));
	/* Other files have their own. */
	EXPECT_EQ(0, host_vm_create(self->fd, &other));
	EXPECT_EQ(0, host_vm_destroy(self->fd, other));
	EXPECT_EQ(0, host_vm_destroy(fd, first));
	EXPECT_EQ(0, host_vm_create(fd, &other));
	EXPECT_NE(first, other);
	EXPECT_EQ(-ENOENT, host_vm_destroy(fd, first));
	close(fd);
}

/* The files of a partition. */
TEST_F(limits, files)
{
	struct rlimit limit = { .rlim_cur = CLIENTS + 64, .rlim_max = CLIENTS + 64 };
	static int fds[CLIENTS];
	char path[64], node[64];
	unsigned int i, count = 0;
	ssize_t length;

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->fd);
	length = readlink(path, node, sizeof(node) - 1);
	ASSERT_LT(0, length);
	node[length] = '\0';
	while (count < CLIENTS) {
		fds[count] = open(node, O_RDWR | O_CLOEXEC);
		if (fds[count] < 0)
			break;
		count++;
	}
	EXPECT_EQ(ENOSPC, errno);
	EXPECT_EQ(CLIENTS - self->clients, count);
	for (i = 0; i < count; i++)
		close(fds[i]);
}

TEST_F(limits, mappings)
{
	struct drm_gpup_bo_mmap_offset offset = {};
	struct drm_prime_handle prime = { .flags = DRM_CLOEXEC | DRM_RDWR };
	uint8_t *mapped;
	uint32_t bo;

	ASSERT_EQ(0, host_bo_create(self->fd, DRM_GPUP_BO_VRAM, 2 * PAGE, &bo));
	offset.handle = bo;
	ASSERT_EQ(0, host_ioctl(self->fd, DRM_IOCTL_GPUP_BO_MMAP_OFFSET, &offset));
	mapped = host_mmap(self->fd, bo, 2 * PAGE);
	ASSERT_NE(NULL, mapped);
	/* A mapping keeps the memory, a handle that was closed does not. */
	EXPECT_EQ(0, host_gem_close(self->fd, bo));
	memset(mapped, 0x3c, 2 * PAGE);
	EXPECT_EQ(self->vram_used + 2 * PAGE, partition_get("host", "vram_used"));
	munmap(mapped, 2 * PAGE);
	EXPECT_TRUE(wait_for("vram_used", self->vram_used));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, self->fd, offset.offset));

	/* What is never to be mapped, is not by way of a dma-buf either. */
	ASSERT_EQ(0, host_bo_create(self->fd, DRM_GPUP_BO_VRAM | DRM_GPUP_BO_NO_MMAP, PAGE, &bo));
	prime.handle = bo;
	ASSERT_EQ(0, host_ioctl(self->fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, prime.fd, 0));
	close(prime.fd);
	EXPECT_EQ(0, host_gem_close(self->fd, bo));
}

/* Status of the fence in a binary syncobj: 0 not yet, 1 signalled, or -errno. */
static int fence_status(int fd, uint32_t syncobj)
{
	struct drm_syncobj_handle args = {
		.handle = syncobj,
		.flags = DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE,
		.fd = -1,
	};
	struct sync_file_info info = {};

	if (host_ioctl(fd, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &args))
		return INT32_MIN;
	if (host_ioctl(args.fd, SYNC_IOC_FILE_INFO, &info))
		info.status = INT32_MIN;
	close(args.fd);
	return info.status;
}

/* Two jobs in one call: the stream, and an empty one; each signals a syncobj. */
static int submit_pair(struct host *host, uint32_t queue, const uint32_t syncobjs[2])
{
	struct drm_gpup_sync syncs[] = {
		{ .flags = DRM_GPUP_SYNC_SIGNAL, .handle = syncobjs[0] },
		{ .flags = DRM_GPUP_SYNC_SIGNAL, .handle = syncobjs[1] },
	};
	struct drm_gpup_job jobs[] = {
		{
			.stream_addr = HOST_STREAM_VA + (host->stream.base - host->shared),
			.stream_size = host->stream.used,
			.syncs = DRM_GPUP_OBJ_ARRAY(1, &syncs[0]),
		},
		{ .syncs = DRM_GPUP_OBJ_ARRAY(1, &syncs[1]) },
	};
	struct drm_gpup_queue_submit args = {
		.queue = queue,
		.jobs = DRM_GPUP_OBJ_ARRAY(2, jobs),
	};

	return host_ioctl(host->fd, DRM_IOCTL_GPUP_QUEUE_SUBMIT, &args);
}

static void endless(struct host *host)
{
	struct dispatch dispatch = { .program = HOST_STREAM_VA };

	dispatch.program_size = program_endless((uint64_t *)host->shared);
	stream_dispatch(host_stream(host), &dispatch);
}

/* The stream fails with @error at @fault_addr; the job behind it never runs. */
static void fails(struct __test_metadata *_metadata, FIXTURE_DATA(limits) *self, int error,
		  uint64_t fault_addr)
{
	struct drm_gpup_queue_get_state state = {};
	uint32_t syncobjs[2];

	ASSERT_EQ(0, host_syncobj_create(self->fd, &syncobjs[0]));
	ASSERT_EQ(0, host_syncobj_create(self->fd, &syncobjs[1]));
	ASSERT_EQ(0, host_queue_create(self->fd, self->host.vm, DRM_GPUP_ENGINE_COMPUTE,
				       &state.queue));
	ASSERT_EQ(0, submit_pair(&self->host, state.queue, syncobjs));
	EXPECT_EQ(0, host_syncobj_wait(self->fd, syncobjs[1], 0));
	EXPECT_EQ(-error, fence_status(self->fd, syncobjs[0]));
	EXPECT_EQ(-ECANCELED, fence_status(self->fd, syncobjs[1]));
	ASSERT_EQ(0, host_ioctl(self->fd, DRM_IOCTL_GPUP_QUEUE_GET_STATE, &state));
	EXPECT_EQ(DRM_GPUP_QUEUE_BANNED, state.state);
	EXPECT_EQ(error, state.error);
	EXPECT_EQ(fault_addr, state.fault_addr);
	EXPECT_EQ(-ECANCELED, submit_pair(&self->host, state.queue, syncobjs));
	EXPECT_EQ(0, host_queue_destroy(self->fd, state.queue));
}

TEST_F(limits, fault_inside)
{
	/* It begins where all is well. */
	stream_fill(host_stream(&self->host), HOST_VRAM_VA + SIZE - PAGE, 2 * PAGE, 1);
	fails(_metadata, self, EFAULT, HOST_VRAM_VA + SIZE);
}

TEST_F(limits, fault_readonly)
{
	struct drm_gpup_bind_op op = {
		.op = DRM_GPUP_BIND_MAP,
		.flags = DRM_GPUP_BIND_READONLY,
		.handle = self->host.vram_bo,
		.va = 0x40000000,
		.size = SIZE,
	};
	struct drm_gpup_vm_bind args = {
		.vm = self->host.vm,
		.ops = DRM_GPUP_OBJ_ARRAY(1, &op),
	};

	ASSERT_EQ(0, host_ioctl(self->fd, DRM_IOCTL_GPUP_VM_BIND, &args));
	stream_copy(host_stream(&self->host), HOST_VRAM_VA, op.va + PAGE, PAGE);
	EXPECT_EQ(0, host_run(&self->host, self->host.copy));
	memset(self->host.vram, 0x11, SIZE);
	stream_fill(host_stream(&self->host), op.va + PAGE, PAGE, 1);
	fails(_metadata, self, EFAULT, op.va + PAGE);
	EXPECT_EQ(-1, find_other(self->host.vram, SIZE / 4, 0x11111111));
}

TEST_F(limits, malformed)
{
	const struct gpup_soft_cmd_header unknown = { .opcode = 99, .size = 1 };

	stream_add(host_stream(&self->host), &unknown, sizeof(unknown));
	fails(_metadata, self, EINVAL, 0);
}

TEST_F(limits, hung)
{
	ASSERT_EQ(0, partition_set_number("host", "job_timeout_ms", 200));
	endless(&self->host);
	fails(_metadata, self, ETIME, 0);
}

/* A queue takes so many jobs, and not one more; to destroy it cancels all of them. */
TEST_F(limits, queue_full)
{
	static struct drm_gpup_job jobs[DRM_GPUP_MAX_JOBS];
	struct drm_gpup_queue_submit args = { .jobs = DRM_GPUP_OBJ_ARRAY(1, jobs) };
	struct drm_gpup_queue_get_state state = {};
	struct drm_gpup_sync sync = { .flags = DRM_GPUP_SYNC_SIGNAL };
	uint32_t syncobjs[2];

	/* Longer than all of this may take. */
	ASSERT_EQ(0, partition_set_number("host", "job_timeout_ms", 600000));
	ASSERT_EQ(0, host_syncobj_create(self->fd, &syncobjs[0]));
	ASSERT_EQ(0, host_syncobj_create(self->fd, &syncobjs[1]));
	ASSERT_EQ(0, host_syncobj_create(self->fd, &sync.handle));
	ASSERT_EQ(0, host_queue_create(self->fd, self->host.vm, DRM_GPUP_ENGINE_COMPUTE,
				       &state.queue));
	endless(&self->host);
	ASSERT_EQ(0, submit_pair(&self->host, state.queue, syncobjs));
	args.queue = state.queue;
	args.jobs.count = DRM_GPUP_MAX_JOBS;
	do {
		ASSERT_EQ(0, host_ioctl(self->fd, DRM_IOCTL_GPUP_QUEUE_SUBMIT, &args));
	} while (args.value <= QUEUE_JOBS - DRM_GPUP_MAX_JOBS);
	EXPECT_EQ(QUEUE_JOBS - DRM_GPUP_MAX_JOBS + 2, args.value);

	/* Two too many, of which not even the first is queued, nor its syncobj touched. */
	jobs[0].syncs = (struct drm_gpup_obj_array)DRM_GPUP_OBJ_ARRAY(1, &sync);
	EXPECT_EQ(-EBUSY, host_ioctl(self->fd, DRM_IOCTL_GPUP_QUEUE_SUBMIT, &args));
	EXPECT_EQ(INT32_MIN, fence_status(self->fd, sync.handle));
	ASSERT_EQ(0, host_ioctl(self->fd, DRM_IOCTL_GPUP_QUEUE_GET_STATE, &state));
	EXPECT_EQ(QUEUE_JOBS - DRM_GPUP_MAX_JOBS + 2, state.submitted);
	EXPECT_EQ(0, state.completed);
	args.jobs.count = DRM_GPUP_MAX_JOBS - 2;
	EXPECT_EQ(0, host_ioctl(self->fd, DRM_IOCTL_GPUP_QUEUE_SUBMIT, &args));
	args.jobs.count = 1;
	EXPECT_EQ(-EBUSY, host_ioctl(self->fd, DRM_IOCTL_GPUP_QUEUE_SUBMIT, &args));

	EXPECT_EQ(0, fence_status(self->fd, syncobjs[0]));
	EXPECT_EQ(0, fence_status(self->fd, sync.handle));
	EXPECT_EQ(0, host_queue_destroy(self->fd, state.queue));
	EXPECT_EQ(0, host_syncobj_wait(self->fd, sync.handle, 0));
	EXPECT_EQ(-ECANCELED, fence_status(self->fd, syncobjs[0]));
	EXPECT_EQ(-ECANCELED, fence_status(self->fd, syncobjs[1]));
	EXPECT_EQ(-ECANCELED, fence_status(self->fd, sync.handle));
}

TEST_HARNESS_MAIN
