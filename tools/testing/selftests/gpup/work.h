/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A well-behaved client of a VRD, with everything that it takes to run jobs.
 */
#ifndef _SELFTESTS_GPUP_WORK_H_
#define _SELFTESTS_GPUP_WORK_H_

#include "stream.h"
#include "vrd.h"

/* Where a client has mapped its object in guest memory, and that in VRAM. */
#define WORK_SHARED_VA		0x10000000ull
#define WORK_VRAM_VA		0x20000000ull
/* The object in guest memory: streams, programs, arguments, results. */
#define WORK_STREAM		0
#define WORK_PROGRAM		(64 * KIB)
#define WORK_ARGS		(68 * KIB)
#define WORK_RESULT		(128 * KIB)
#define WORK_SHARED_SIZE	(512 * KIB)

struct work {
	struct vrd *vrd;
	uint32_t client;
	struct vrd_timeline vm;
	struct vrd_timeline compute;
	struct vrd_timeline copy;
	/* An object in guest memory, and where we see it. */
	uint32_t shared_bo;
	uint8_t *shared;
	/* An object in VRAM. */
	uint32_t vram_bo;
	uint64_t vram_size;
	/* The next stream, written to by the functions of stream.h. */
	struct stream stream;
	size_t stream_used;
};

/* Create it all, or exit; @vram_size may be zero. The device runs. */
void work_create(struct work *work, struct vrd *vrd, uint64_t vram_size);
/* Destroy it all: 0, or the first error. The memory stays given out. */
int work_destroy(struct work *work);

/* Begin a stream where none was before; starts over when the room is used up. */
struct stream *work_stream(struct work *work);
/* Submit the stream as a job; it is not waited for. */
int work_submit(struct work *work, struct vrd_timeline *queue);
/* Submit the stream, and wait for the end of the job. */
int work_run(struct work *work, struct vrd_timeline *queue);
/* Put a program and three arguments in place: what to dispatch. */
struct dispatch work_program(struct work *work, size_t (*program)(uint64_t *to), uint64_t arg0,
			     uint64_t arg1, uint64_t arg2);
/* Start a job that never ends, on the compute engine. */
int work_hang(struct work *work);
/* Have another queue of the compute engine in place of the one there was. */
int work_new_queue(struct work *work);

/*
 * A round of work, different for each @seed: fills, copies and computes, and compares what
 * came out. Returns 0 or -errno, -EILSEQ for a wrong result.
 */
int work_round(struct work *work, uint32_t seed);

#endif
