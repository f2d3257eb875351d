/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A process of the host: the render node of gpup.
 */
#ifndef _SELFTESTS_GPUP_HOST_H_
#define _SELFTESTS_GPUP_HOST_H_

#include <stdbool.h>
#include <stdint.h>

#include <drm/gpup_drm.h>

#include "stream.h"
#include "util.h"

/* Open the render node of the first GPU of gpup, or exit. */
int host_open(void);
/*
 * Wait until the host's partition holds nothing any more, or exit: who counts from what is there at
 * the beginning must not count what others leave behind, which goes a moment after they do.
 */
void host_settle(void);
/* The ioctl: 0 or -errno. */
int host_ioctl(int fd, unsigned long request, void *args);

int host_bo_create(int fd, uint32_t flags, uint64_t size, uint32_t *bo);
int host_gem_close(int fd, uint32_t bo);
/* Map an object for the CPU, or return NULL. */
void *host_mmap(int fd, uint32_t bo, uint64_t size);
int host_vm_create(int fd, uint32_t *vm);
int host_vm_destroy(int fd, uint32_t vm);
int host_queue_create(int fd, uint32_t vm, uint32_t engine_class, uint32_t *queue);
int host_queue_destroy(int fd, uint32_t queue);
/* Synchronous. */
int host_map(int fd, uint32_t vm, uint32_t bo, uint64_t va, uint64_t size);
int host_syncobj_create(int fd, uint32_t *syncobj);
/* 0, -ETIME after 20 seconds; @point 0 for a binary one. */
int host_syncobj_wait(int fd, uint32_t syncobj, uint64_t point);

/* A client with an address space, a queue of each class, and an object to write streams to. */
#define HOST_STREAM_VA	0x10000000ull
#define HOST_VRAM_VA	0x20000000ull

struct host {
	int fd;
	uint32_t vm;
	uint32_t compute;
	uint32_t copy;
	uint32_t shared_bo;
	uint8_t *shared;
	uint32_t vram_bo;
	uint8_t *vram;
	uint64_t size;
	uint32_t syncobj;
	struct stream stream;
};

/* Create it, or exit: two objects of @size bytes, mapped for CPU and GPU. */
void host_create(struct host *host, uint64_t size);
void host_destroy(struct host *host);
struct stream *host_stream(struct host *host);
/* Submit the stream, and wait for it: 0, -errno of the submission, or -EILSEQ if it failed. */
int host_run(struct host *host, uint32_t queue);
/* Whether the copy engine fills the object in VRAM, as the CPU sees it. */
bool host_works(struct host *host);

#endif
