// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes of the host: what they share, what they map, what is told of them, and how they
 * end.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "host.h"
#include "partition.h"

#define SIZE	(256 * KIB)

FIXTURE(processes) {
	struct host host;
	uint64_t vram_used;
	uint64_t system_used;
	uint64_t clients;
};

FIXTURE_SETUP(processes)
{
	host_settle();
	self->vram_used = partition_get("host", "vram_used");
	self->system_used = partition_get("host", "system_used");
	self->clients = partition_get("host", "clients");
	host_create(&self->host, SIZE);
}

/* What belonged to a file goes when the last of its references does, which may be a moment. */
static bool wait_for(const char *attribute, uint64_t value)
{
	return partition_wait("host", attribute, value, 20000);
}

FIXTURE_TEARDOWN(processes)
{
	EXPECT_TRUE(host_works(&self->host));
	host_destroy(&self->host);
	EXPECT_TRUE(wait_for("vram_used", self->vram_used));
	EXPECT_TRUE(wait_for("system_used", self->system_used));
	EXPECT_TRUE(wait_for("clients", self->clients));
}

static int export_bo(int fd, uint32_t bo)
{
	struct drm_prime_handle args = { .handle = bo, .flags = DRM_CLOEXEC | DRM_RDWR };
	int ret = host_ioctl(fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &args);

	return ret ? ret : args.fd;
}

static int import_bo(int fd, int dmabuf, uint32_t *bo)
{
	struct drm_prime_handle args = { .fd = dmabuf };
	int ret = host_ioctl(fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &args);

	*bo = args.handle;
	return ret;
}

/* In another process: what it should see is there, and what it writes is seen. */
static int other_process(int dmabuf, uint32_t expected, uint32_t answer)
{
	struct host host;
	uint32_t bo;
	uint8_t *mapped;

	host_create(&host, SIZE);
	if (import_bo(host.fd, dmabuf, &bo))
		return 1;
	mapped = host_mmap(host.fd, bo, SIZE);
	if (!mapped || find_other(mapped, SIZE / 4, expected) >= 0)
		return 2;
	if (host_map(host.fd, host.vm, bo, 0x40000000, SIZE))
		return 3;
	host_stream(&host);
	stream_copy(&host.stream, HOST_VRAM_VA, 0x40000000, SIZE);
	stream_fill(&host.stream, 0x40000000, SIZE, answer);
	if (host_run(&host, host.copy))
		return 4;
	if (find_other(host.vram, SIZE / 4, expected) >= 0)
		return 5;
	return find_other(mapped, SIZE / 4, answer) < 0 ? 0 : 6;
}

static void share(struct __test_metadata *_metadata, FIXTURE_DATA(processes) *self, uint32_t bo,
		  uint8_t *mapped, uint64_t va)
{
	int dmabuf, status;
	pid_t pid;

	host_stream(&self->host);
	stream_fill(&self->host.stream, va, SIZE - PAGE, 0x11223344);
	ASSERT_EQ(0, host_run(&self->host, self->host.copy));
	memcpy(mapped + SIZE - PAGE, mapped, PAGE);
	dmabuf = export_bo(self->host.fd, bo);
	ASSERT_LE(0, dmabuf);
	pid = fork();
	if (!pid)
		_exit(other_process(dmabuf, 0x11223344, 0x55667788));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(-1, find_other(mapped, SIZE / 4, 0x55667788));
	close(dmabuf);
}

TEST_F(processes, prime_vram)
{
	share(_metadata, self, self->host.vram_bo, self->host.vram, HOST_VRAM_VA);
}

TEST_F(processes, prime_system)
{
	share(_metadata, self, self->host.shared_bo, self->host.shared, HOST_STREAM_VA);
}

TEST_F(processes, prime_rules)
{
	int dmabuf = export_bo(self->host.fd, self->host.vram_bo);
	uint32_t bo;

	ASSERT_LE(0, dmabuf);
	EXPECT_EQ(-ENOENT, export_bo(self->host.fd, 1000));
	EXPECT_EQ(-ENOENT, export_bo(self->host.fd, 0));
	EXPECT_EQ(-EBADF, import_bo(self->host.fd, -1, &bo));
	EXPECT_GT(0, import_bo(self->host.fd, self->host.fd, &bo));
	/* To import one's own gives the handle that there is. */
	EXPECT_EQ(0, import_bo(self->host.fd, dmabuf, &bo));
	EXPECT_EQ(self->host.vram_bo, bo);
	close(dmabuf);
}

/* A dma-buf keeps the memory when everything else is gone. */
TEST_F(processes, prime_outlives_file)
{
	struct host other;
	uint8_t *mapped;
	uint32_t bo;
	int dmabuf;

	host_create(&other, SIZE);
	memset(other.vram, 0x77, SIZE);
	dmabuf = export_bo(other.fd, other.vram_bo);
	ASSERT_LE(0, dmabuf);
	host_destroy(&other);
	EXPECT_TRUE(wait_for("vram_used", self->vram_used + 2 * SIZE));
	ASSERT_EQ(0, import_bo(self->host.fd, dmabuf, &bo));
	close(dmabuf);
	mapped = host_mmap(self->host.fd, bo, SIZE);
	ASSERT_NE(NULL, mapped);
	EXPECT_EQ(-1, find_other(mapped, SIZE / 4, 0x77777777));
	munmap(mapped, SIZE);
	EXPECT_EQ(0, host_gem_close(self->host.fd, bo));
	EXPECT_TRUE(wait_for("vram_used", self->vram_used + SIZE));
}

static int try_mmap(int fd, uint64_t offset, uint64_t size, int flags)
{
	void *addr = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, offset);

	if (addr == MAP_FAILED)
		return -errno;
	munmap(addr, size);
	return 0;
}

TEST_F(processes, mmap_rules)
{
	struct drm_gpup_bo_mmap_offset args = { .handle = self->host.vram_bo };
	struct host other;

	ASSERT_EQ(0, host_ioctl(self->host.fd, DRM_IOCTL_GPUP_BO_MMAP_OFFSET, &args));
	EXPECT_EQ(0, try_mmap(self->host.fd, args.offset, SIZE, MAP_SHARED));
	EXPECT_EQ(0, try_mmap(self->host.fd, args.offset, PAGE, MAP_SHARED));
	EXPECT_GT(0, try_mmap(self->host.fd, args.offset, SIZE + PAGE, MAP_SHARED));
	EXPECT_GT(0, try_mmap(self->host.fd, 0, PAGE, MAP_SHARED));
	EXPECT_GT(0, try_mmap(self->host.fd, 1ull << 50, PAGE, MAP_SHARED));
	/* A private mapping would be a copy of what was never there. */
	EXPECT_GT(0, try_mmap(self->host.fd, args.offset, PAGE, MAP_PRIVATE));
	/* The offset of one file's object is no use to another file. */
	host_create(&other, SIZE);
	EXPECT_GT(0, try_mmap(other.fd, args.offset, PAGE, MAP_SHARED));
	host_destroy(&other);
}

/* The GPU and the CPU see the same, at once, in both kinds of memory. */
TEST_F(processes, coherence)
{
	struct host *host = &self->host;
	unsigned int i;

	for (i = 0; i < 20; i++) {
		memset(host->vram, i, PAGE);
		host_stream(host);
		stream_copy(&host->stream, HOST_STREAM_VA, HOST_VRAM_VA, PAGE);
		stream_fill(&host->stream, HOST_VRAM_VA + PAGE, PAGE, i);
		ASSERT_EQ(0, host_run(host, i % 2 ? host->copy : host->compute));
		EXPECT_EQ(0, memcmp(host->shared, host->vram, PAGE));
		EXPECT_EQ(-1, find_other(host->vram + PAGE, PAGE / 4, i));
	}
}

/* A value of fdinfo: a number, and what stands behind it. -1 if there is no such line. */
static long long fdinfo(int fd, const char *key, const char *unit)
{
	char path[64], line[256], found[16];
	long long value = -1;
	size_t length = strlen(key);
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "r");
	if (!file)
		fatal("%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, key, length) || line[length] != ':')
			continue;
		found[0] = '\0';
		if (sscanf(line + length + 1, "%lld %15s", &value, found) < 1 ||
		    strcmp(found, unit))
			fatal("fdinfo: %s", line);
	}
	fclose(file);
	return value;
}

TEST_F(processes, fdinfo_format)
{
	int fd = self->host.fd;
	long long before, after;
	unsigned int i;

	before = fdinfo(fd, "drm-engine-copy", "ns");
	ASSERT_LE(0, before);
	EXPECT_LE(0, fdinfo(fd, "drm-engine-compute", "ns"));
	EXPECT_LE(0, fdinfo(fd, "drm-client-id", ""));
	EXPECT_EQ(SIZE / KIB, fdinfo(fd, "drm-total-vram", "KiB"));
	EXPECT_EQ(SIZE / KIB, fdinfo(fd, "drm-resident-vram", "KiB"));
	EXPECT_EQ(SIZE / KIB, fdinfo(fd, "drm-total-system", "KiB"));
	EXPECT_EQ(0, fdinfo(fd, "drm-shared-vram", ""));
	for (i = 0; i < 10; i++) {
		host_stream(&self->host);
		stream_fill(&self->host.stream, HOST_VRAM_VA, SIZE, i);
		ASSERT_EQ(0, host_run(&self->host, self->host.copy));
	}
	after = fdinfo(fd, "drm-engine-copy", "ns");
	EXPECT_LT(before, after);
	/* It does not go back when a queue goes. */
	ASSERT_EQ(0, host_queue_destroy(fd, self->host.copy));
	EXPECT_LE(after, fdinfo(fd, "drm-engine-copy", "ns"));
	ASSERT_EQ(0, host_queue_create(fd, self->host.vm, DRM_GPUP_ENGINE_COPY,
				       &self->host.copy));
}

static void hang_and_wait(void)
{
	struct dispatch dispatch = { .program = HOST_STREAM_VA };
	struct drm_gpup_job job = {};
	struct drm_gpup_queue_submit args = { .jobs = DRM_GPUP_OBJ_ARRAY(1, &job) };
	struct host host;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	host_create(&host, SIZE);
	dispatch.program_size = program_endless((uint64_t *)host.shared);
	host_stream(&host);
	stream_dispatch(&host.stream, &dispatch);
	job.stream_addr = HOST_STREAM_VA + (host.stream.base - host.shared);
	job.stream_size = host.stream.used;
	args.queue = host.compute;
	if (host_ioctl(host.fd, DRM_IOCTL_GPUP_QUEUE_SUBMIT, &args))
		_exit(1);
	for (;;)
		pause();
}

/* Processes that are killed while their jobs run leave nothing behind. */
TEST_F(processes, killed_at_work)
{
	uint64_t hangs = partition_get("host", "hangs");
	unsigned int i;
	int status;
	pid_t pid;

	for (i = 0; i < 20; i++) {
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid)
			hang_and_wait();
		sleep_ms(i * 3);
		kill(pid, SIGKILL);
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_TRUE(WIFSIGNALED(status));
		EXPECT_TRUE(wait_for("clients", self->clients + 1));
		EXPECT_TRUE(wait_for("vram_used", self->vram_used + SIZE));
		EXPECT_TRUE(wait_for("system_used", self->system_used + SIZE));
	}
	EXPECT_EQ(hangs, partition_get("host", "hangs"));
}

/* A job that never ends loses its queue, and nobody else's. */
TEST_F(processes, endless_job)
{
	struct drm_gpup_queue_get_state state = {};
	struct host *host = &self->host;
	struct dispatch dispatch = {
		.program = HOST_STREAM_VA,
		.program_size = program_endless((uint64_t *)host->shared),
	};
	uint64_t hangs = partition_get("host", "hangs");
	uint64_t timeout = partition_get("host", "job_timeout_ms");
	uint32_t queue;

	ASSERT_EQ(0, partition_set_number("host", "job_timeout_ms", 200));
	ASSERT_EQ(0, host_queue_create(host->fd, host->vm, DRM_GPUP_ENGINE_COMPUTE, &queue));
	host_stream(host);
	stream_dispatch(&host->stream, &dispatch);
	EXPECT_EQ(-EILSEQ, host_run(host, queue));
	EXPECT_EQ(0, partition_set_number("host", "job_timeout_ms", timeout));
	state.queue = queue;
	ASSERT_EQ(0, host_ioctl(host->fd, DRM_IOCTL_GPUP_QUEUE_GET_STATE, &state));
	EXPECT_EQ(DRM_GPUP_QUEUE_BANNED, state.state);
	EXPECT_EQ(ETIME, state.error);
	EXPECT_EQ(0, state.fault_addr);
	EXPECT_EQ(hangs + 1, partition_get("host", "hangs"));
	EXPECT_EQ(0, host_queue_destroy(host->fd, queue));
	host_stream(host);
	stream_fill(&host->stream, HOST_VRAM_VA, PAGE, 3);
	EXPECT_EQ(0, host_run(host, host->compute));
}

/* New objects read as zero, whoever had the memory before. */
TEST_F(processes, scrubbed)
{
	uint64_t size = 8 * MIB;
	unsigned int round;
	uint8_t *mapped;
	uint32_t bo;

	for (round = 0; round < 6; round++) {
		uint32_t flags = round % 2 ? DRM_GPUP_BO_SYSTEM : DRM_GPUP_BO_VRAM;

		ASSERT_EQ(0, host_bo_create(self->host.fd, flags, size, &bo));
		mapped = host_mmap(self->host.fd, bo, size);
		ASSERT_NE(NULL, mapped);
		EXPECT_EQ(-1, find_other(mapped, size / 4, 0));
		memset(mapped, 0xa5, size);
		munmap(mapped, size);
		EXPECT_EQ(0, host_gem_close(self->host.fd, bo));
	}
}

TEST_HARNESS_MAIN
