// SPDX-License-Identifier: GPL-2.0-only
/*
 * A well-behaved client of a VRD, with everything that it takes to run jobs.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "work.h"

/* Room for one stream. */
#define STREAM_SIZE	4096

static void must(int ret, const char *what)
{
	if (ret)
		fatal("%s: %s", what, strerror(-ret));
}

static void map(struct work *work, uint32_t bo, uint64_t va, uint64_t size)
{
	must(vrd_map(work->vrd, work->client, &work->vm, bo, va, size), "VM_BIND");
	must(vrd_wait_slot(work->vrd, work->vm.slot, work->vm.value, VRD_PATIENCE_MS),
	     "the bind");
}

void work_create(struct work *work, struct vrd *vrd, uint64_t vram_size)
{
	memset(work, 0, sizeof(*work));
	work->vrd = vrd;
	must(vrd_client_create(vrd, &work->client), "CLIENT_CREATE");
	must(vrd_vm_create(vrd, work->client, &work->vm), "VM_CREATE");

	work->shared = vrd_alloc(vrd, WORK_SHARED_SIZE);
	must(vrd_bo_create_guest(vrd, work->shared, WORK_SHARED_SIZE, &work->shared_bo),
	     "an object in guest memory");
	map(work, work->shared_bo, WORK_SHARED_VA, WORK_SHARED_SIZE);
	work->vram_size = vram_size;
	if (vram_size) {
		must(vrd_bo_create(vrd, DRM_GPUP_BO_VRAM, vram_size, &work->vram_bo),
		     "an object in VRAM");
		map(work, work->vram_bo, WORK_VRAM_VA, vram_size);
	}

	must(vrd_queue_create(vrd, work->client, work->vm.handle, DRM_GPUP_ENGINE_COMPUTE,
			      &work->compute), "QUEUE_CREATE (compute)");
	must(vrd_queue_create(vrd, work->client, work->vm.handle, DRM_GPUP_ENGINE_COPY,
			      &work->copy), "QUEUE_CREATE (copy)");
}

static int first_of(int ret, int next)
{
	return ret ? ret : next;
}

int work_destroy(struct work *work)
{
	struct vrd *vrd = work->vrd;
	int ret;

	ret = vrd_destroy(vrd, GPUP_VRD_OP_QUEUE_DESTROY, work->client, work->copy.handle);
	ret = first_of(ret, vrd_destroy(vrd, GPUP_VRD_OP_QUEUE_DESTROY, work->client,
					work->compute.handle));
	ret = first_of(ret, vrd_destroy(vrd, GPUP_VRD_OP_VM_DESTROY, work->client,
					work->vm.handle));
	if (work->vram_size)
		ret = first_of(ret, vrd_destroy(vrd, GPUP_VRD_OP_BO_DESTROY, work->client,
						work->vram_bo));
	ret = first_of(ret, vrd_destroy(vrd, GPUP_VRD_OP_BO_DESTROY, work->client,
					work->shared_bo));
	if (!ret && !vrd_wait_released(vrd, work->shared_bo))
		ret = -ETIMEDOUT;
	return first_of(ret, vrd_destroy(vrd, GPUP_VRD_OP_CLIENT_DESTROY, 0, work->client));
}

struct stream *work_stream(struct work *work)
{
	if (work->stream_used + STREAM_SIZE > WORK_PROGRAM)
		work->stream_used = 0;
	stream_begin(&work->stream, work->shared + WORK_STREAM + work->stream_used, STREAM_SIZE);
	return &work->stream;
}

int work_submit(struct work *work, struct vrd_timeline *queue)
{
	uint64_t va = WORK_SHARED_VA + (work->stream.base - work->shared);

	work->stream_used = work->stream.base - work->shared + STREAM_SIZE;
	return vrd_submit(work->vrd, work->client, queue, va, work->stream.used, NULL, 0);
}

int work_run(struct work *work, struct vrd_timeline *queue)
{
	int ret = work_submit(work, queue);

	return ret ? ret : vrd_wait_slot(work->vrd, queue->slot, queue->value, VRD_PATIENCE_MS);
}

struct dispatch work_program(struct work *work, size_t (*program)(uint64_t *to), uint64_t arg0,
			     uint64_t arg1, uint64_t arg2)
{
	const uint64_t args[] = { arg0, arg1, arg2 };
	struct dispatch dispatch = {
		.program = WORK_SHARED_VA + WORK_PROGRAM,
		.program_size = program((uint64_t *)(work->shared + WORK_PROGRAM)),
		.args = WORK_SHARED_VA + WORK_ARGS,
		.args_size = sizeof(args),
	};

	memcpy(work->shared + WORK_ARGS, args, sizeof(args));
	return dispatch;
}

int work_new_queue(struct work *work)
{
	int ret = vrd_destroy(work->vrd, GPUP_VRD_OP_QUEUE_DESTROY, work->client,
			      work->compute.handle);

	return ret ? ret : vrd_queue_create(work->vrd, work->client, work->vm.handle,
					    DRM_GPUP_ENGINE_COMPUTE, &work->compute);
}

int work_hang(struct work *work)
{
	struct dispatch dispatch = work_program(work, program_endless, 0, 0, 0);

	stream_dispatch(work_stream(work), &dispatch);
	return work_submit(work, &work->compute);
}

/* The copy engine fills VRAM and copies it to guest memory. */
static int round_of_copies(struct work *work, uint32_t seed)
{
	uint64_t size = work->vram_size < 64 * KIB ? work->vram_size : 64 * KIB;
	uint64_t offset = size ? seed % (work->vram_size / size) * size : 0;
	uint8_t *result = work->shared + WORK_RESULT;
	int ret;

	if (!size)
		return 0;
	memset(result, ~seed, size);
	work_stream(work);
	stream_fill(&work->stream, WORK_VRAM_VA + offset, size, seed);
	stream_copy(&work->stream, WORK_SHARED_VA + WORK_RESULT, WORK_VRAM_VA + offset, size);
	ret = work_run(work, &work->copy);
	if (ret)
		return ret;
	return find_other(result, size / 4, seed) < 0 ? 0 : -EILSEQ;
}

static int round_of_numbers(struct work *work, uint32_t seed)
{
	volatile uint32_t *result = (uint32_t *)(work->shared + WORK_RESULT + 64 * KIB);
	struct dispatch dispatch = work_program(work, program_numbers,
						WORK_SHARED_VA + WORK_RESULT + 64 * KIB, seed, 0);
	unsigned int i, count = 256;
	int ret;

	dispatch.lanes = 64;
	dispatch.groups = count / dispatch.lanes;
	memset((void *)result, 0, count * sizeof(*result));
	stream_dispatch(work_stream(work), &dispatch);
	ret = work_run(work, &work->compute);
	for (i = 0; !ret && i < count; i++)
		if (result[i] != i * 3 + seed)
			ret = -EILSEQ;
	return ret;
}

int work_round(struct work *work, uint32_t seed)
{
	int ret = round_of_copies(work, seed);

	return ret ? ret : round_of_numbers(work, seed);
}
