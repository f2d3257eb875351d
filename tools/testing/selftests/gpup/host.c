// SPDX-License-Identifier: GPL-2.0-only
/*
 * A process of the host: the render node of gpup.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "host.h"
#include "partition.h"

#define WAIT_SECONDS	20
/* Where streams begin in the shared object; results are before that. */
#define STREAM_SIZE	PAGE

int host_ioctl(int fd, unsigned long request, void *args)
{
	int ret;

	do {
		ret = ioctl(fd, request, args);
	} while (ret && errno == EINTR);
	return ret ? -errno : 0;
}

static bool is_gpup(int fd)
{
	char name[16] = "";
	struct drm_version version = { .name = name, .name_len = sizeof(name) - 1 };

	return !host_ioctl(fd, DRM_IOCTL_VERSION, &version) && !strcmp(name, "gpup");
}

int host_open(void)
{
	char path[PATH_MAX];
	int fd, minor;

	for (minor = 128; minor < 192; minor++) {
		snprintf(path, sizeof(path), "/dev/dri/renderD%d", minor);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (is_gpup(fd))
			return fd;
		close(fd);
	}
	fatal("no render node of gpup: is gpup_soft loaded?");
}

void host_settle(void)
{
	if (!partition_wait_idle("host", WAIT_SECONDS * 1000))
		fatal("somebody else uses the host's partition");
}

int host_bo_create(int fd, uint32_t flags, uint64_t size, uint32_t *bo)
{
	struct drm_gpup_bo_create args = { .size = size, .flags = flags };
	int ret = host_ioctl(fd, DRM_IOCTL_GPUP_BO_CREATE, &args);

	*bo = args.handle;
	return ret;
}

int host_gem_close(int fd, uint32_t bo)
{
	struct drm_gem_close args = { .handle = bo };

	return host_ioctl(fd, DRM_IOCTL_GEM_CLOSE, &args);
}

void *host_mmap(int fd, uint32_t bo, uint64_t size)
{
	struct drm_gpup_bo_mmap_offset args = { .handle = bo };
	void *addr;

	if (host_ioctl(fd, DRM_IOCTL_GPUP_BO_MMAP_OFFSET, &args))
		return NULL;
	addr = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, args.offset);
	return addr == MAP_FAILED ? NULL : addr;
}

int host_vm_create(int fd, uint32_t *vm)
{
	struct drm_gpup_vm_create args = {};
	int ret = host_ioctl(fd, DRM_IOCTL_GPUP_VM_CREATE, &args);

	*vm = args.vm;
	return ret;
}

int host_vm_destroy(int fd, uint32_t vm)
{
	struct drm_gpup_vm_destroy args = { .vm = vm };

	return host_ioctl(fd, DRM_IOCTL_GPUP_VM_DESTROY, &args);
}

int host_queue_create(int fd, uint32_t vm, uint32_t engine_class, uint32_t *queue)
{
	struct drm_gpup_queue_create args = {
		.vm = vm,
		.engine_class = engine_class,
		.priority = DRM_GPUP_QUEUE_PRIORITY_NORMAL,
	};
	int ret = host_ioctl(fd, DRM_IOCTL_GPUP_QUEUE_CREATE, &args);

	*queue = args.queue;
	return ret;
}

int host_queue_destroy(int fd, uint32_t queue)
{
	struct drm_gpup_queue_destroy args = { .queue = queue };

	return host_ioctl(fd, DRM_IOCTL_GPUP_QUEUE_DESTROY, &args);
}

int host_map(int fd, uint32_t vm, uint32_t bo, uint64_t va, uint64_t size)
{
	struct drm_gpup_bind_op op = {
		.op = DRM_GPUP_BIND_MAP,
		.handle = bo,
		.va = va,
		.size = size,
	};
	struct drm_gpup_vm_bind args = { .vm = vm, .ops = DRM_GPUP_OBJ_ARRAY(1, &op) };

	return host_ioctl(fd, DRM_IOCTL_GPUP_VM_BIND, &args);
}

int host_syncobj_create(int fd, uint32_t *syncobj)
{
	struct drm_syncobj_create args = {};
	int ret = host_ioctl(fd, DRM_IOCTL_SYNCOBJ_CREATE, &args);

	*syncobj = args.handle;
	return ret;
}

int host_syncobj_wait(int fd, uint32_t syncobj, uint64_t point)
{
	struct drm_syncobj_timeline_wait args = {
		.handles = (uintptr_t)&syncobj,
		.points = (uintptr_t)&point,
		.count_handles = 1,
		.flags = DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT,
	};
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	args.timeout_nsec = (now.tv_sec + WAIT_SECONDS) * 1000000000ll + now.tv_nsec;
	return host_ioctl(fd, DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, &args);
}

static void must(int ret, const char *what)
{
	if (ret)
		fatal("%s: %s", what, strerror(-ret));
}

void host_create(struct host *host, uint64_t size)
{
	int fd = host_open();

	memset(host, 0, sizeof(*host));
	host->fd = fd;
	host->size = size;
	must(host_vm_create(fd, &host->vm), "VM_CREATE");
	must(host_queue_create(fd, host->vm, DRM_GPUP_ENGINE_COMPUTE, &host->compute),
	     "QUEUE_CREATE");
	must(host_queue_create(fd, host->vm, DRM_GPUP_ENGINE_COPY, &host->copy), "QUEUE_CREATE");
	must(host_bo_create(fd, DRM_GPUP_BO_SYSTEM, size, &host->shared_bo), "BO_CREATE");
	must(host_bo_create(fd, DRM_GPUP_BO_VRAM, size, &host->vram_bo), "BO_CREATE");
	must(host_map(fd, host->vm, host->shared_bo, HOST_STREAM_VA, size), "VM_BIND");
	must(host_map(fd, host->vm, host->vram_bo, HOST_VRAM_VA, size), "VM_BIND");
	must(host_syncobj_create(fd, &host->syncobj), "SYNCOBJ_CREATE");
	host->shared = host_mmap(fd, host->shared_bo, size);
	host->vram = host_mmap(fd, host->vram_bo, size);
	if (!host->shared || !host->vram)
		fatal("an object cannot be mapped");
}

void host_destroy(struct host *host)
{
	munmap(host->shared, host->size);
	munmap(host->vram, host->size);
	close(host->fd);
}

struct stream *host_stream(struct host *host)
{
	stream_begin(&host->stream, host->shared + host->size - STREAM_SIZE, STREAM_SIZE);
	return &host->stream;
}

int host_run(struct host *host, uint32_t queue)
{
	struct drm_syncobj_array reset = { .handles = (uintptr_t)&host->syncobj,
					   .count_handles = 1 };
	struct drm_gpup_sync sync = {
		.flags = DRM_GPUP_SYNC_SIGNAL,
		.handle = host->syncobj,
	};
	struct drm_gpup_job job = {
		.stream_addr = HOST_STREAM_VA + host->size - STREAM_SIZE,
		.stream_size = host->stream.used,
		.syncs = DRM_GPUP_OBJ_ARRAY(1, &sync),
	};
	struct drm_gpup_queue_submit args = {
		.queue = queue,
		.jobs = DRM_GPUP_OBJ_ARRAY(1, &job),
	};
	struct drm_gpup_queue_get_state state = { .queue = queue };
	int ret;

	ret = host_ioctl(host->fd, DRM_IOCTL_SYNCOBJ_RESET, &reset);
	if (!ret)
		ret = host_ioctl(host->fd, DRM_IOCTL_GPUP_QUEUE_SUBMIT, &args);
	if (!ret)
		ret = host_syncobj_wait(host->fd, host->syncobj, 0);
	if (!ret)
		ret = host_ioctl(host->fd, DRM_IOCTL_GPUP_QUEUE_GET_STATE, &state);
	if (!ret && (state.state != DRM_GPUP_QUEUE_RUNNING || state.completed < args.value))
		ret = -EILSEQ;
	return ret;
}

bool host_works(struct host *host)
{
	const uint32_t pattern = 0x600d600d;

	host_stream(host);
	stream_fill(&host->stream, HOST_VRAM_VA, host->size, pattern);
	return !host_run(host, host->copy) && find_other(host->vram, host->size / 4, pattern) < 0;
}
