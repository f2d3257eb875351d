// SPDX-License-Identifier: GPL-2.0-only
/*
 * Limits of a partition: to the page, to the object, to the job. What goes beyond is refused,
 * and everything goes on.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>

#include "harness.h"
#include "work.h"

/* As the interface has it for the jobs of one queue, and for the clients of one VM. */
#define QUEUE_JOBS	4096
#define CLIENTS		1024
/* More than are noted in one block; a multiple of nothing. */
#define SCATTERED	1031

FIXTURE(limits) {
	char uuid[UUID_SIZE];
	struct vrd vrd;
	struct work work;
	/* The neighbour, who must never notice. */
	char neighbour_uuid[UUID_SIZE];
	struct vrd neighbour_vrd;
	struct work neighbour;
	uint64_t vram_max;
};

FIXTURE_SETUP(limits)
{
	const struct vrd_config config = {};

	mdev_create(mdev_smallest(), self->uuid);
	mdev_create(mdev_smallest(), self->neighbour_uuid);
	vrd_open(&self->vrd, self->uuid, &config);
	vrd_open(&self->neighbour_vrd, self->neighbour_uuid, &config);
	vrd_start(&self->vrd);
	vrd_start(&self->neighbour_vrd);
	work_create(&self->work, &self->vrd, 64 * KIB);
	work_create(&self->neighbour, &self->neighbour_vrd, 64 * KIB);
	self->vram_max = partition_get(self->uuid, "vram_max");
}

FIXTURE_TEARDOWN(limits)
{
	EXPECT_EQ(0, work_round(&self->work, 11));
	EXPECT_EQ(0, work_round(&self->neighbour, 12));
	EXPECT_EQ(64 * KIB, vrd_vram_used(&self->vrd));
	EXPECT_EQ(0, work_destroy(&self->work));
	EXPECT_EQ(0, work_destroy(&self->neighbour));
	EXPECT_TRUE(partition_wait_idle(self->uuid, VRD_PATIENCE_MS));
	EXPECT_TRUE(partition_wait_idle(self->neighbour_uuid, VRD_PATIENCE_MS));
	vrd_close(&self->vrd);
	vrd_close(&self->neighbour_vrd);
	EXPECT_EQ(0, mdev_remove(self->uuid));
	EXPECT_EQ(0, mdev_remove(self->neighbour_uuid));
}

TEST_F(limits, vram_to_the_page)
{
	struct vrd *vrd = &self->vrd;
	uint64_t rest = self->vram_max - 64 * KIB;
	uint32_t bo, page;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		EXPECT_EQ(-ENOMEM, vrd_bo_create(vrd, DRM_GPUP_BO_VRAM, rest + PAGE, &bo));
		ASSERT_EQ(0, vrd_bo_create(vrd, DRM_GPUP_BO_VRAM, rest, &bo));
		EXPECT_EQ(self->vram_max, vrd_vram_used(vrd));
		EXPECT_EQ(self->vram_max, partition_get(self->uuid, "vram_used"));
		EXPECT_EQ(self->vram_max, mdev_get(self->uuid, "vram_used"));
		EXPECT_EQ(-ENOMEM, vrd_bo_create(vrd, DRM_GPUP_BO_VRAM, PAGE, &page));
		EXPECT_EQ(0, work_round(&self->work, i));
		EXPECT_EQ(0, work_round(&self->neighbour, i));
		EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_BO_DESTROY, 0, bo));
		EXPECT_EQ(64 * KIB, vrd_vram_used(vrd));
	}
}

/* The same in single pages, with holes: what is free is usable, however it lies. */
TEST_F(limits, vram_in_pages)
{
	struct vrd *vrd = &self->vrd;
	uint32_t count = (self->vram_max - 64 * KIB) / PAGE;
	uint32_t *pages = calloc(count, sizeof(*pages));
	uint32_t bo;
	unsigned int i;

	ASSERT_NE(NULL, pages);
	for (i = 0; i < count; i++)
		ASSERT_EQ(0, vrd_bo_create(vrd, DRM_GPUP_BO_VRAM, PAGE, &pages[i]));
	EXPECT_EQ(-ENOMEM, vrd_bo_create(vrd, DRM_GPUP_BO_VRAM, PAGE, &bo));
	EXPECT_EQ(self->vram_max, vrd_vram_used(vrd));

	/* Every other page, and an object of what they were in sum. */
	for (i = 0; i < count; i += 2)
		ASSERT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_BO_DESTROY, 0, pages[i]));
	EXPECT_EQ(0, vrd_bo_create(vrd, DRM_GPUP_BO_VRAM, (count + 1) / 2 * PAGE, &bo));
	EXPECT_EQ(-ENOMEM, vrd_bo_create(vrd, DRM_GPUP_BO_VRAM, PAGE, &pages[0]));
	EXPECT_EQ(self->vram_max, vrd_vram_used(vrd));
	EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_BO_DESTROY, 0, bo));
	for (i = 1; i < count; i += 2)
		ASSERT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_BO_DESTROY, 0, pages[i]));
	free(pages);
}

/* Handles have an upper bound; the last one is as good as the first. */
TEST_F(limits, objects)
{
	uint32_t limit = vrd_read(&self->vrd, GPUP_VRD_REG_MAX_OBJECTS);
	struct gpup_vrd_bo_create body = { .flags = DRM_GPUP_BO_VRAM, .size = PAGE };
	struct vrd *vrd = &self->vrd;

	body.handle = GPUP_VRD_HANDLE(limit, 1);
	EXPECT_EQ(-EINVAL, vrd_call(vrd, GPUP_VRD_OP_BO_CREATE, 0, &body, sizeof(body)));
	body.handle = GPUP_VRD_HANDLE(limit - 1, 0xffff);
	EXPECT_EQ(0, vrd_call(vrd, GPUP_VRD_OP_BO_CREATE, 0, &body, sizeof(body)));
	EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_BO_DESTROY, 0, body.handle));
	body.handle = GPUP_VRD_HANDLE(0, 1);
	EXPECT_EQ(0, vrd_call(vrd, GPUP_VRD_OP_BO_CREATE, 0, &body, sizeof(body)));
	EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_BO_DESTROY, 0, body.handle));
}

TEST_F(limits, clients)
{
	static uint32_t clients[CLIENTS];
	struct vrd *vrd = &self->vrd;
	unsigned int i;
	uint32_t client;

	for (i = 0; i < CLIENTS - 1; i++)
		ASSERT_EQ(0, vrd_client_create(vrd, &clients[i]));
	EXPECT_EQ(-ENOSPC, vrd_client_create(vrd, &client));
	EXPECT_EQ(CLIENTS, partition_get(self->uuid, "clients"));
	EXPECT_EQ(0, work_round(&self->work, 21));
	for (i = 0; i < CLIENTS - 1; i++)
		ASSERT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_CLIENT_DESTROY, 0, clients[i]));
}

/* An object of @pages pages, all of them the same few of the guest's. */
static int create_alias(struct vrd *vrd, uint64_t address, uint32_t run, uint64_t pages,
			uint32_t *bo)
{
	uint64_t done;
	int ret;

	ret = vrd_bo_create(vrd, DRM_GPUP_BO_SYSTEM, pages * PAGE, bo);
	for (done = 0; !ret && done < pages; done += run)
		ret = vrd_bo_pages(vrd, *bo, address, run < pages - done ? run : pages - done);
	return ret;
}

/* Pinned guest memory is counted and limited, also when the guest passes pages repeatedly. */
TEST_F(limits, system_memory)
{
	struct vrd *vrd = &self->vrd;
	uint64_t max = partition_get(self->uuid, "system_max");
	uint64_t used = partition_get(self->uuid, "system_used");
	const uint32_t run = 8 * MIB / PAGE;
	uint64_t address = vrd_address(vrd, vrd_alloc(vrd, 8 * MIB));
	uint32_t bo, other;

	ASSERT_EQ(WORK_SHARED_SIZE, used);
	EXPECT_EQ(-ENOMEM, vrd_bo_create(vrd, DRM_GPUP_BO_SYSTEM, max - used + PAGE, &bo));
	ASSERT_EQ(0, create_alias(vrd, address, run, (max - used) / PAGE, &bo));
	EXPECT_EQ(max, partition_get(self->uuid, "system_used"));
	EXPECT_EQ(-ENOMEM, vrd_bo_create(vrd, DRM_GPUP_BO_SYSTEM, PAGE, &other));
	EXPECT_EQ(0, work_round(&self->work, 31));
	EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_BO_DESTROY, 0, bo));
	EXPECT_TRUE(vrd_wait_released(vrd, bo));
	EXPECT_EQ(used, partition_get(self->uuid, "system_used"));
	ASSERT_EQ(0, create_alias(vrd, address, run, 1, &bo));
	EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_BO_DESTROY, 0, bo));
	EXPECT_TRUE(vrd_wait_released(vrd, bo));
}

/* As scattered as can be: each page comes by itself, and none next to the one before it. */
TEST_F(limits, scattered_pages)
{
	struct vrd *vrd = &self->vrd;
	struct work *work = &self->work;
	const uint64_t va = 0x40000000, size = SCATTERED * PAGE;
	uint64_t used = partition_get(self->uuid, "system_used");
	void *memory = vrd_alloc(vrd, size);
	uint64_t address = vrd_address(vrd, memory);
	struct gpup_vrd_bind_op unmap = { .op = DRM_GPUP_BIND_UNMAP, .va = va, .size = size };
	struct stream *stream;
	unsigned int i;
	uint32_t bo;

	ASSERT_EQ(0, vrd_bo_create(vrd, DRM_GPUP_BO_SYSTEM, size, &bo));
	for (i = 0; i < SCATTERED; i++)
		ASSERT_EQ(0, vrd_bo_pages(vrd, bo, address + i * 7 % SCATTERED * PAGE, 1));
	EXPECT_EQ(used + size, partition_get(self->uuid, "system_used"));
	ASSERT_EQ(0, vrd_map(vrd, work->client, &work->vm, bo, va, size));
	ASSERT_EQ(0, vrd_wait_slot(vrd, work->vm.slot, work->vm.value, VRD_PATIENCE_MS));
	stream = work_stream(work);
	stream_fill(stream, va, size, 0x5ca77e2d);
	EXPECT_EQ(0, work_run(work, &work->copy));
	EXPECT_EQ(-1, find_other(memory, size / 4, 0x5ca77e2d));
	ASSERT_EQ(0, vrd_bind(vrd, work->client, &work->vm, &unmap, 1, NULL, 0));
	EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_BO_DESTROY, 0, bo));
	EXPECT_TRUE(vrd_wait_released(vrd, bo));
	EXPECT_EQ(used, partition_get(self->uuid, "system_used"));
}

/* A queue takes so many jobs and not one more; when they are done it takes as many again. */
TEST_F(limits, queue_full)
{
	struct vrd_timeline gate, queue;
	struct work *work = &self->work;
	struct vrd *vrd = &self->vrd;
	struct gpup_vrd_wait wait;
	unsigned int i, round;

	/* Longer than it takes to send all of that, on a busy machine too. */
	ASSERT_EQ(0, mdev_set(self->uuid, "job_timeout_ms", "120000"));
	for (round = 0; round < 2; round++) {
		/* The first job waits for one that does not end. */
		ASSERT_EQ(0, vrd_queue_create(vrd, work->client, work->vm.handle,
					      DRM_GPUP_ENGINE_COMPUTE, &gate));
		ASSERT_EQ(0, vrd_queue_create(vrd, work->client, work->vm.handle,
					      DRM_GPUP_ENGINE_COPY, &queue));
		{
			struct dispatch hang = work_program(work, program_endless, 0, 0, 0);

			stream_dispatch(work_stream(work), &hang);
			ASSERT_EQ(0, work_submit(work, &gate));
		}
		wait = (struct gpup_vrd_wait){ .handle = gate.handle, .value = 1 };
		ASSERT_EQ(0, vrd_submit(vrd, work->client, &queue, 0, 0, &wait, 1));
		for (i = 1; i < QUEUE_JOBS; i++)
			ASSERT_EQ(0, vrd_submit(vrd, work->client, &queue, 0, 0, NULL, 0));
		EXPECT_EQ(-EBUSY, vrd_submit(vrd, work->client, &queue, 0, 0, NULL, 0));
		EXPECT_EQ(-EBUSY, vrd_submit(vrd, work->client, &queue, 0, 0, NULL, 0));
		EXPECT_EQ(0, vrd->slots[queue.slot].completed);

		/* The neighbour uses the other engine meanwhile. */
		work_stream(&self->neighbour);
		stream_fill(&self->neighbour.stream, WORK_VRAM_VA, PAGE, 1);
		EXPECT_EQ(0, work_run(&self->neighbour, &self->neighbour.copy));

		EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_QUEUE_DESTROY, work->client,
					 gate.handle));
		EXPECT_EQ(0, vrd_wait_slot(vrd, queue.slot, QUEUE_JOBS, VRD_PATIENCE_MS));
		EXPECT_EQ(0, vrd_submit(vrd, work->client, &queue, 0, 0, NULL, 0));
		EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_QUEUE_DESTROY, work->client,
					 queue.handle));
	}
}

/* The neighbours' share of the GPU's time is theirs, whatever one of them has queued. */
TEST_F(limits, hang_next_door)
{
	struct work *work = &self->work;
	unsigned int i;

	ASSERT_EQ(0, partition_set(self->uuid, "job_timeout_ms", "100"));
	for (i = 0; i < 5; i++) {
		ASSERT_EQ(0, work_hang(work));
		/* It has to wait for the engine, and gets it. */
		EXPECT_EQ(0, work_round(&self->neighbour, i));
		EXPECT_EQ(-ETIME, vrd_wait_slot(&self->vrd, work->compute.slot, 1,
						VRD_PATIENCE_MS));
		ASSERT_EQ(0, work_new_queue(work));
	}
	EXPECT_EQ(5, partition_get(self->uuid, "hangs"));
	EXPECT_EQ(0, partition_get(self->neighbour_uuid, "hangs"));
}

/* Wrong values leave everything as it was. */
static int refused(const char *uuid, const char *attribute, const char *text, int error)
{
	uint64_t before = partition_get(uuid, attribute);
	int ret[2];

	ret[0] = partition_set(uuid, attribute, text);
	ret[1] = mdev_set(uuid, attribute, text);
	if (ret[0] == error && ret[1] == error && partition_get(uuid, attribute) == before &&
	    mdev_get(uuid, attribute) == before)
		return 0;
	printf("# %s = \"%s\": %d and %d, not %d; it was %llu and is %llu\n", attribute, text,
	       ret[0], ret[1], error, (unsigned long long)before,
	       (unsigned long long)partition_get(uuid, attribute));
	return 1;
}

TEST_F(limits, attributes)
{
	static const char * const nonsense[] = {
		"", "\n", " ", "x", "-1", "1x", "1 2", "0x", "1.5", "--1", "1e3", "ten", "NaN",
	};
	static const char * const read_only[] = {
		"vram_used", "system_max", "system_used", "gpu_time_ns", "jobs", "hangs",
		"clients", "vram_evicted", "vram_peak", "vram_budget", "evictions", "bytes_moved",
		"trims",
	};
	const char *uuid = self->uuid;
	char text[32];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(nonsense); i++) {
		/* Nothing at all is not even passed on to the driver. */
		if (!nonsense[i][0])
			continue;
		EXPECT_EQ(0, refused(uuid, "sched_weight", nonsense[i], -EINVAL));
		EXPECT_EQ(0, refused(uuid, "job_timeout_ms", nonsense[i], -EINVAL));
		EXPECT_EQ(0, refused(uuid, "vram_min", nonsense[i], -EINVAL));
		EXPECT_EQ(0, refused(uuid, "vram_max", nonsense[i], -EINVAL));
	}
	EXPECT_EQ(0, refused(uuid, "sched_weight", "0", -EINVAL));
	EXPECT_EQ(0, refused(uuid, "sched_weight", "10001", -EINVAL));
	EXPECT_EQ(0, refused(uuid, "sched_weight", "4294967296", -ERANGE));
	EXPECT_EQ(0, refused(uuid, "sched_weight", "4294967396", -ERANGE));
	EXPECT_EQ(0, partition_set(uuid, "sched_weight", "1"));
	EXPECT_EQ(1, mdev_get(uuid, "sched_weight"));
	EXPECT_EQ(0, mdev_set(uuid, "sched_weight", "10000\n"));
	EXPECT_EQ(10000, partition_get(uuid, "sched_weight"));
	EXPECT_EQ(0, partition_set(uuid, "sched_weight", "100"));

	EXPECT_EQ(0, refused(uuid, "job_timeout_ms", "0", -EINVAL));
	EXPECT_EQ(0, refused(uuid, "job_timeout_ms", "9", -EINVAL));
	EXPECT_EQ(0, refused(uuid, "job_timeout_ms", "600001", -EINVAL));
	EXPECT_EQ(0, refused(uuid, "job_timeout_ms", "18446744073709551616", -ERANGE));
	EXPECT_EQ(0, partition_set(uuid, "job_timeout_ms", "600000"));
	EXPECT_EQ(0, partition_set(uuid, "job_timeout_ms", "10"));
	EXPECT_EQ(0, partition_set(uuid, "job_timeout_ms", "5000"));

	EXPECT_EQ(0, refused(uuid, "vram_min", "1", -EINVAL));
	EXPECT_EQ(0, refused(uuid, "vram_min", "4097", -EINVAL));
	EXPECT_EQ(0, refused(uuid, "vram_max", "4097", -EINVAL));
	EXPECT_EQ(0, refused(uuid, "vram_max", "18446744073709551615", -EINVAL));
	EXPECT_EQ(0, refused(uuid, "vram_max", "18446744073709551616", -ERANGE));
	EXPECT_EQ(0, refused(uuid, "vram_max", "17179869184G", -ERANGE));
	/* Above the limit; below the guarantee; above what there is. */
	snprintf(text, sizeof(text), "%llu", (unsigned long long)self->vram_max + PAGE);
	EXPECT_EQ(0, refused(uuid, "vram_min", text, -EINVAL));
	snprintf(text, sizeof(text), "%llu", (unsigned long long)self->vram_max - PAGE);
	EXPECT_EQ(0, refused(uuid, "vram_max", text, -EINVAL));
	snprintf(text, sizeof(text), "%llu",
		 (unsigned long long)adapter_number("vram_total") + PAGE);
	EXPECT_EQ(0, refused(uuid, "vram_max", text, -EINVAL));

	for (i = 0; i < ARRAY_SIZE(read_only); i++) {
		/* Root may open what is read-only; the driver refuses it. */
		EXPECT_GT(0, partition_set(uuid, read_only[i], "1"));
		EXPECT_GT(0, mdev_set(uuid, read_only[i], "1"));
	}
}

/* A running partition is resized, and the new limit holds at once. */
TEST_F(limits, resize)
{
	const char *uuid = self->uuid;
	struct vrd *vrd = &self->vrd;
	struct drm_gpup_memory_info info;
	uint64_t half = self->vram_max / 2;
	uint32_t bo, page;

	ASSERT_EQ(0, partition_set_number(uuid, "vram_min", 0));
	ASSERT_EQ(0, partition_set_number(uuid, "vram_max", half));
	ASSERT_EQ(0, vrd_query(vrd, DRM_GPUP_QUERY_MEMORY, &info, sizeof(info)));
	EXPECT_EQ(0, info.vram_min);
	EXPECT_EQ(half, info.vram_max);
	ASSERT_EQ(0, vrd_bo_create(vrd, DRM_GPUP_BO_VRAM, half - 64 * KIB, &bo));
	EXPECT_EQ(-ENOMEM, vrd_bo_create(vrd, DRM_GPUP_BO_VRAM, PAGE, &page));
	/* Less than what is in use: nothing more, not even what was to be had before. */
	EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_BO_DESTROY, 0, bo));
	ASSERT_EQ(0, vrd_bo_create(vrd, DRM_GPUP_BO_VRAM, half - 64 * KIB, &bo));
	EXPECT_EQ(0, partition_set_number(uuid, "vram_max", half - PAGE));
	EXPECT_EQ(half - PAGE, partition_get(uuid, "vram_max"));
	EXPECT_EQ(-ENOMEM, vrd_bo_create(vrd, DRM_GPUP_BO_VRAM, PAGE, &page));
	EXPECT_EQ(0, partition_set_number(uuid, "vram_max", half + PAGE));
	EXPECT_EQ(0, vrd_bo_create(vrd, DRM_GPUP_BO_VRAM, PAGE, &page));
	EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_BO_DESTROY, 0, page));
	EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_BO_DESTROY, 0, bo));
	ASSERT_EQ(0, partition_set(uuid, "vram_max", "16M"));
	EXPECT_EQ(16 * MIB, partition_get(uuid, "vram_max"));
	EXPECT_EQ(0, partition_set_number(uuid, "vram_max", self->vram_max));
	EXPECT_EQ(0, partition_set_number(uuid, "vram_min", self->vram_max));
}

/* The sum of what is guaranteed is never more than there is, in whatever sizes it is sold. */
TEST(capacity)
{
	uint64_t total = adapter_number("vram_total");
	uint64_t smallest = mdev_smallest();
	uint64_t start = adapter_number("vram_available");
	char large[UUID_SIZE], uuid[UUID_SIZE], uuids[64][UUID_SIZE];
	unsigned int i, count = 0;
	uint64_t size, left;

	for (size = total; size >= smallest; size /= 2)
		EXPECT_EQ(start / size, mdev_available(size));

	/* One large slice lowers what is to be had of all types. */
	mdev_create(total / 2, large);
	EXPECT_EQ(start - total / 2, adapter_number("vram_available"));
	EXPECT_EQ(total / 2, partition_get(large, "vram_min"));
	EXPECT_EQ(total / 2, partition_get(large, "vram_max"));
	for (size = total; size >= smallest; size /= 2)
		EXPECT_EQ((start - total / 2) / size, mdev_available(size));
	EXPECT_EQ(-ENOSPC, mdev_try_create(total, uuid));
	EXPECT_FALSE(mdev_exists(uuid));

	/* All the rest, in the smallest slices. */
	while (mdev_available(smallest) && count < ARRAY_SIZE(uuids))
		mdev_create(smallest, uuids[count++]);
	EXPECT_EQ((start - total / 2) / smallest, count);
	for (size = total; size >= smallest; size /= 2) {
		EXPECT_EQ(0, mdev_available(size));
		EXPECT_EQ(-ENOSPC, mdev_try_create(size, uuid));
		EXPECT_FALSE(mdev_exists(uuid));
	}
	left = adapter_number("vram_available");
	EXPECT_GT(smallest, left);

	/* Nobody's guarantee can be raised; if one gives something back, another can have it. */
	EXPECT_EQ(-ENOSPC, partition_set_number("host", "vram_min", left + PAGE));
	EXPECT_EQ(0, partition_set_number(large, "vram_min", total / 2 - MIB));
	EXPECT_EQ(left + MIB, adapter_number("vram_available"));
	EXPECT_EQ(0, partition_set_number("host", "vram_min", MIB));
	EXPECT_EQ(-ENOSPC, partition_set_number(large, "vram_min", total / 2 - left));
	EXPECT_EQ(0, partition_set_number("host", "vram_min", 0));

	EXPECT_EQ(0, mdev_remove(large));
	for (i = 0; i < count; i++)
		EXPECT_EQ(0, mdev_remove(uuids[i]));
	EXPECT_EQ(start, adapter_number("vram_available"));
}

/* What the process may lock is limited from now on, for root too. */
static int give_up_locking(uint64_t bytes)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) || syscall(SYS_capget, &header, data))
		return -errno;
	limit.rlim_cur = bytes;
	limit.rlim_max = RLIM_INFINITY;
	data[CAP_TO_INDEX(CAP_IPC_LOCK)].effective &= ~CAP_TO_MASK(CAP_IPC_LOCK);
	if (setrlimit(RLIMIT_MEMLOCK, &limit) || syscall(SYS_capset, &header, data))
		return -errno;
	return 0;
}

/* Lines of the kernel's log that have @text, from where the file is to its end. */
static unsigned int count_lines(int kmsg, const char *text)
{
	char line[1024];
	unsigned int count = 0;
	ssize_t size;

	while ((size = read(kmsg, line, sizeof(line) - 1)) > 0 || (size < 0 && errno == EPIPE)) {
		line[size > 0 ? size : 0] = 0;
		count += !!strstr(line, text);
	}
	return count;
}

/*
 * A VMM that may not lock what its VM wants pinned: the VM is told so each time, the log is not
 * filled with it, and with a higher limit the VM gets on.
 */
TEST(locked_memory)
{
	const struct vrd_config config = { .memory = 24 * MIB };
	unsigned int tries, lines, allowed;
	char uuid[UUID_SIZE];
	struct rlimit limit;
	struct work work;
	struct vrd vrd;
	uint64_t start;
	uint32_t bo;
	void *memory;
	int kmsg;

	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ASSERT_LE(0, kmsg);
	ASSERT_LE(0, lseek(kmsg, 0, SEEK_END));
	ASSERT_EQ(0, give_up_locking(4 * MIB));
	mdev_create(mdev_smallest(), uuid);
	vrd_open(&vrd, uuid, &config);
	vrd_start(&vrd);
	work_create(&work, &vrd, 64 * KIB);
	memory = vrd_alloc(&vrd, 8 * MIB);

	start = now_ms();
	for (tries = 0; tries < 1000; tries++) {
		ASSERT_EQ(-ENOMEM, vrd_bo_create_guest(&vrd, memory, 8 * MIB, &bo));
		ASSERT_EQ(0, vrd_destroy(&vrd, GPUP_VRD_OP_BO_DESTROY, 0, bo));
	}
	/* Ten in five seconds are usual for a line; and one more for each second. */
	allowed = 10 + (now_ms() - start) / 1000 * 3 + 3;
	lines = count_lines(kmsg, "RLIMIT_MEMLOCK");
	TH_LOG("%u tries in %llu ms, %u lines in the log", tries,
	       (unsigned long long)(now_ms() - start), lines);
	EXPECT_LE(1, lines);
	EXPECT_GE(allowed, lines);
	EXPECT_EQ(0, work_round(&work, 51));

	ASSERT_EQ(0, getrlimit(RLIMIT_MEMLOCK, &limit));
	limit.rlim_cur = 16 * MIB;
	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &limit));
	sleep_ms(1100);
	EXPECT_EQ(0, vrd_bo_create_guest(&vrd, memory, 8 * MIB, &bo));
	EXPECT_EQ(0, vrd_destroy(&vrd, GPUP_VRD_OP_BO_DESTROY, 0, bo));
	EXPECT_EQ(0, work_destroy(&work));
	vrd_close(&vrd);
	EXPECT_EQ(0, mdev_remove(uuid));
	close(kmsg);
}

TEST_HARNESS_MAIN
