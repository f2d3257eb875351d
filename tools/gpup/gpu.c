// SPDX-License-Identifier: MIT
/* gpup: a GPU ready for work. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "gpu.h"
#include "sysfs.h"

#define COMMANDS_SIZE	65536

/* Is it the kernel that says that there is no device, and not we that it is another's? */
static bool is_gone(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return errno == ENODEV;
	close(fd);
	return false;
}

struct gpup_device *gpu_open_device(const char *path)
{
	struct gpup_device *device;
	int ret;

	ret = gpup_device_open(path, &device);
	if (!ret)
		return device;

	if (!path)
		path = getenv("GPUP_DEVICE");
	if (ret == -ENODEV && (path && *path ? is_gone(path) : has_guest_gpu()))
		die(EXIT_FAILED, "%s is gone, or does not answer; the kernel's log says why",
		    path && *path ? path : "the GPU");
	if (ret == -ENODEV && path && *path)
		die(EXIT_FAILED, "%s is not a render node of gpup; 'gpup info' without --device "
		    "and GPUP_DEVICE finds the first there is", path);
	if (ret == -ENODEV)
		die(EXIT_FAILED, "no GPU of gpup was found; is its driver loaded (on a host "
		    "'modprobe gpup_soft' or the GPU's own, in a VM 'gpup_guest')?");
	if (ret == -EACCES)
		die(EXIT_FAILED, "%s may not be opened; are you in the group that owns it (ls -l "
		    "/dev/dri)?", path && *path ? path : "the GPU's render node");
	if (ret == -ENOSPC)
		die(EXIT_FAILED, "all clients that the GPU's partition may have (1024) are in use; "
		    "'gpup top\n--processes' shows them");
	die(EXIT_FAILED, "%s: %s", path && *path ? path : "opening the GPU", strerror(-ret));
}

void gpu_open(struct gpu *gpu, const char *path)
{
	int i, ret;

	memset(gpu, 0, sizeof(*gpu));
	gpu->device = gpu_open_device(path);
	ret = gpup_device_info(gpu->device, &gpu->info);
	if (ret)
		die(EXIT_FAILED, "asking the GPU: %s", strerror(-ret));
	ret = gpup_vm_create(gpu->device, &gpu->vm);
	if (ret)
		die(EXIT_FAILED, "creating an address space: %s", strerror(-ret));
	ret = gpup_queue_create(gpu->vm, GPUP_ENGINE_COMPUTE, GPUP_PRIORITY_NORMAL, &gpu->queue);
	if (ret)
		die(EXIT_FAILED, "creating a queue: %s", strerror(-ret));
	for (i = 0; i < 2 && !ret; i++)
		ret = gpup_cmdbuf_create(gpu->vm, COMMANDS_SIZE, &gpu->buffers[i]);
	gpu->commands = gpu->buffers[0];
	if (ret == -EOPNOTSUPP)
		die(EXIT_FAILED, "the GPU executes '%s', which this command does not speak",
		    gpu->info.isa);
	if (ret)
		die(EXIT_FAILED, "creating a command buffer: %s", strerror(-ret));
}

void gpu_close(struct gpu *gpu)
{
	gpup_queue_destroy(gpu->queue);
	gpup_cmdbuf_destroy(gpu->buffers[0]);
	gpup_cmdbuf_destroy(gpu->buffers[1]);
	gpup_vm_destroy(gpu->vm);
	gpup_device_close(gpu->device);
}

void gpu_buffer_create(struct gpu *gpu, uint64_t size, uint32_t flags,
		       struct gpu_buffer *buffer)
{
	int ret;

	memset(buffer, 0, sizeof(*buffer));
	buffer->size = size;
	/* A file may be empty, a bo may not. */
	ret = gpup_bo_create(gpu->device, size ? size : 1, flags, &buffer->bo);
	if (ret == -ENOMEM)
		die(EXIT_FAILED, "no room for %s of %s: the partition's limit is %s",
		    iec(size), flags & GPUP_BO_VRAM ? "video memory" : "system memory",
		    iec(flags & GPUP_BO_VRAM ? gpu->info.vram_max : gpu->info.system_max));
	if (!ret)
		ret = gpup_bo_map(buffer->bo, &buffer->data);
	if (!ret)
		ret = gpup_vm_map(gpu->vm, buffer->bo, 0, &buffer->va);
	if (ret)
		die(EXIT_FAILED, "making a buffer of %s: %s", iec(size), strerror(-ret));
}

void gpu_buffer_destroy(struct gpu *gpu, struct gpu_buffer *buffer)
{
	gpup_vm_unmap(gpu->vm, buffer->va);
	gpup_bo_destroy(buffer->bo);
}

struct gpup_program *gpu_assemble(const char *name, const char *text, size_t size)
{
	struct gpup_program *program;
	char message[512];
	int ret;

	ret = gpup_program_assemble(name, text, size, &program, message, sizeof(message));
	if (ret) {
		fflush(stdout);
		fprintf(stderr, "%s\n", *message ? message : strerror(-ret));
		exit(EXIT_FAILED);
	}
	return program;
}

void gpu_kernel_load(struct gpu *gpu, const char *name, const char *text, size_t size,
		     struct gpu_kernel *kernel)
{
	struct gpup_program *program = gpu_assemble(name, text, size);

	kernel->size = gpup_program_size(program);
	kernel->local_size = gpup_program_local_size(program);
	gpup_program_group(program, kernel->group);
	gpu_buffer_create(gpu, kernel->size, GPUP_BO_VRAM, &kernel->code);
	memcpy(kernel->code.data, gpup_program_code(program), kernel->size);
	gpup_program_destroy(program);
}

void gpu_kernel_destroy(struct gpu *gpu, struct gpu_kernel *kernel)
{
	gpu_buffer_destroy(gpu, &kernel->code);
}

void gpu_dispatch(struct gpu *gpu, const struct gpu_kernel *kernel, const uint32_t grid[3],
		  const void *args, uint32_t args_size)
{
	struct gpup_dispatch dispatch = {
		.program = kernel->code.va,
		.program_size = kernel->size,
		.local_size = kernel->local_size,
		.args = args,
		.args_size = args_size,
		.grid = { grid[0], grid[1], grid[2] },
		.group = { kernel->group[0], kernel->group[1], kernel->group[2] },
	};

	gpup_cmd_dispatch(gpu->commands, &dispatch);
}

__attribute__((noreturn))
static void die_of_job(struct gpu *gpu, int error)
{
	struct gpup_queue_state state = { 0 };

	switch (error) {
	case -ETIME:
		die(EXIT_BANNED, "the GPU stopped the job: it ran for longer than %u ms, the "
		    "partition's job_timeout_ms; the queue is banned", gpu->info.job_timeout_ms);
	case -EFAULT:
		gpup_queue_get_state(gpu->queue, &state);
		die(EXIT_BANNED, "the GPU stopped the job: it accessed address 0x%" PRIx64
		    ", which is not mapped, not for writing, or not aligned; the queue is banned",
		    state.fault_va);
	case -EINVAL:
		die(EXIT_BANNED, "the GPU stopped the job: it met something that is no command or "
		    "instruction, or a barrier that not all lanes reach; the queue is banned");
	case -EIO:
		die(EXIT_BANNED, "the GPU lost the job in a reset that another job had caused; "
		    "try again");
	default:
		die(EXIT_BANNED, "the GPU stopped the job: %s; the queue is banned",
		    strerror(-error));
	}
}

static void wait_for(struct gpu *gpu, uint64_t value, int64_t timeout)
{
	int ret;

	ret = gpup_queue_wait(gpu->queue, value, timeout);
	if (ret == -ETIMEDOUT)
		die(EXIT_FAILED, "the job has not ended within %s; --timeout says how long to wait",
		    duration((uint64_t)timeout));
	if (ret == -ENODEV)
		die(EXIT_FAILED, "the GPU was lost");
	if (ret)
		die_of_job(gpu, ret);
}

void gpu_submit(struct gpu *gpu)
{
	int current = gpu->commands == gpu->buffers[1];
	int ret;

	ret = gpup_queue_submit(gpu->queue, gpu->commands, NULL, 0, NULL, 0,
				&gpu->values[current]);
	if (ret == -ECANCELED) {
		/* A job before this one was at fault. */
		wait_for(gpu, gpu->values[!current], GPUP_FOREVER);
		die_of_job(gpu, ret);
	}
	if (ret)
		die(EXIT_FAILED, "submitting a job: %s", strerror(-ret));

	gpu->commands = gpu->buffers[!current];
	wait_for(gpu, gpu->values[!current], GPUP_FOREVER);
	gpup_cmdbuf_reset(gpu->commands);
}

void gpu_finish(struct gpu *gpu, int64_t timeout)
{
	int current = gpu->commands == gpu->buffers[1];

	wait_for(gpu, gpu->values[!current], timeout);
}
