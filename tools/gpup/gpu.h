/* SPDX-License-Identifier: MIT */
/*
 * gpup: a GPU ready for work, for subcommands that end when something goes
 * wrong: all functions here report the error and exit.
 */
#ifndef GPUP_GPU_H
#define GPUP_GPU_H

#include "gpup.h"
#include "gpup_asm.h"

struct gpu {
	struct gpup_device *device;
	struct gpup_info info;
	struct gpup_vm *vm;
	struct gpup_queue *queue;	/* compute */
	/* Filled one after the other, so that the GPU has the next job when it ends one. */
	struct gpup_cmdbuf *buffers[2];
	uint64_t values[2];		/* of the jobs in them */
	struct gpup_cmdbuf *commands;	/* the one to fill */
};

/* A buffer, mapped for both sides. */
struct gpu_buffer {
	struct gpup_bo *bo;
	void *data;
	uint64_t va;
	uint64_t size;			/* as asked for */
};

struct gpu_kernel {
	struct gpu_buffer code;
	uint32_t size;
	uint32_t local_size;
	uint32_t group[3];
};

struct gpup_device *gpu_open_device(const char *path);
void gpu_open(struct gpu *gpu, const char *path);
void gpu_close(struct gpu *gpu);

void gpu_buffer_create(struct gpu *gpu, uint64_t size, uint32_t flags,
		       struct gpu_buffer *buffer);
void gpu_buffer_destroy(struct gpu *gpu, struct gpu_buffer *buffer);

/* Assemble; a message of the assembler is printed as it is. */
struct gpup_program *gpu_assemble(const char *name, const char *text, size_t size);
/* Assemble and upload. */
void gpu_kernel_load(struct gpu *gpu, const char *name, const char *text, size_t size,
		     struct gpu_kernel *kernel);
void gpu_kernel_destroy(struct gpu *gpu, struct gpu_kernel *kernel);
/* Append a dispatch of @kernel to the commands. */
void gpu_dispatch(struct gpu *gpu, const struct gpu_kernel *kernel, const uint32_t grid[3],
		  const void *args, uint32_t args_size);
/* Submit the commands as one job, and start anew. */
void gpu_submit(struct gpu *gpu);
/* Wait for all jobs. @timeout as for libgpup. */
void gpu_finish(struct gpu *gpu, int64_t timeout);

#endif
