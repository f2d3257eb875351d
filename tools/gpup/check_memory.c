// SPDX-License-Identifier: MIT
/* gpup check: buffers, their mappings, sharing and limits. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

#define SIZE	(192u << 10)

static bool is_zero(const void *data, size_t size)
{
	const uint8_t *at = data;

	while (size--)
		if (*at++)
			return false;
	return true;
}

static bool info(struct check *c)
{
	struct gpup_info i;

	TRY(c, gpup_device_info(c->gpu.device, &i));
	CHECK(c, i.page_size >= 4096 && !(i.page_size & (i.page_size - 1)), "page size");
	CHECK(c, i.va_start < i.va_end, "addresses");
	CHECK(c, i.vram_used <= i.vram_max && i.vram_min <= i.vram_max, "VRAM figures");
	CHECK(c, i.vram_max <= i.vram_size, "vram_max is beyond the GPU's memory");
	CHECK(c, i.system_used <= i.system_max, "system memory figures");
	CHECK(c, i.engines[GPUP_ENGINE_COMPUTE].count, "there is no compute engine");
	CHECK(c, i.sched_weight >= 1 && i.sched_weight <= 10000, "weight");
	CHECK(c, i.job_timeout_ms && i.name[0] && i.partition[0], "timeout, name");
	return true;
}

static bool buffer(struct check *c, uint32_t flags)
{
	uint8_t *data, expected[64];
	struct gpup_bo *bo;
	void *address, *again;
	uint64_t va;

	TRY(c, gpup_bo_create(c->gpu.device, SIZE - 1, flags, &bo));
	CHECK(c, gpup_bo_size(bo) == SIZE, "the size is not rounded up");
	TRY(c, gpup_bo_map(bo, &address));
	TRY(c, gpup_bo_map(bo, &again));
	CHECK(c, address == again, "mapped twice");
	CHECK(c, is_zero(address, SIZE), "new memory does not read as zero");
	check_pattern(address, SIZE, 1);
	gpup_bo_unmap(bo);

	TRY(c, gpup_bo_map(bo, &address));
	data = address;
	check_pattern(expected, sizeof(expected), 1);
	CHECK(c, !memcmp(data, expected, sizeof(expected)), "unmapping lost the contents");
	check_sum(flags & GPUP_BO_VRAM ? "vram" : "system", data, SIZE);

	TRY(c, gpup_vm_map(c->gpu.vm, bo, 0, &va));
	TRY(c, gpup_vm_unmap(c->gpu.vm, va));
	EXPECT(c, -ENOENT, gpup_vm_unmap(c->gpu.vm, va));
	gpup_bo_destroy(bo);
	return true;
}

static bool vram_buffer(struct check *c)
{
	return buffer(c, GPUP_BO_VRAM);
}

static bool system_buffer(struct check *c)
{
	return buffer(c, GPUP_BO_SYSTEM);
}

/* What the CPU may not map still can be reached by way of the GPU. */
static bool no_mmap_buffer(struct check *c)
{
	struct check_queue queue;
	struct gpu_buffer out;
	struct gpup_bo *bo;
	void *address;
	uint64_t va;

	TRY(c, gpup_bo_create(c->gpu.device, SIZE, GPUP_BO_VRAM | GPUP_BO_NO_MMAP, &bo));
	CHECK(c, gpup_bo_map(bo, &address), "it can be mapped");
	TRY(c, gpup_vm_map(c->gpu.vm, bo, 0, &va));
	gpu_buffer_create(&c->gpu, SIZE, GPUP_BO_SYSTEM, &out);
	memset(out.data, 0xff, SIZE);

	TRY(c, check_queue_create(c, GPUP_ENGINE_COPY, &queue));
	gpup_cmd_copy(queue.commands, out.va, va, SIZE / 2);
	gpup_cmd_fill(queue.commands, va + SIZE / 2, SIZE / 2, 0x01020304);
	gpup_cmd_copy(queue.commands, out.va + SIZE / 2, va + SIZE / 2, SIZE / 2);
	TRY(c, check_queue_run(&queue));
	CHECK(c, is_zero(out.data, SIZE / 2), "new memory does not read as zero");
	check_sum("no-mmap", out.data, SIZE);

	check_queue_destroy(&queue);
	gpu_buffer_destroy(&c->gpu, &out);
	TRY(c, gpup_vm_unmap(c->gpu.vm, va));
	gpup_bo_destroy(bo);
	return true;
}

static bool wrong_arguments(struct check *c)
{
	struct gpup_device *device = c->gpu.device;
	uint32_t page = c->gpu.info.page_size;
	struct gpup_bind binds[2];
	struct gpup_bo *bo, *none;
	uint64_t va;

	EXPECT(c, -EINVAL, gpup_bo_create(device, 0, GPUP_BO_VRAM, &none));
	EXPECT(c, -EINVAL, gpup_bo_create(device, page, 0, &none));
	EXPECT(c, -EINVAL, gpup_bo_create(device, page, GPUP_BO_VRAM | GPUP_BO_SYSTEM, &none));
	EXPECT(c, -EINVAL, gpup_bo_create(device, page, GPUP_BO_VRAM | 1u << 31, &none));
	CHECK(c, gpup_bo_create(device, UINT64_MAX, GPUP_BO_VRAM, &none), "2^64 bytes");
	CHECK(c, gpup_bo_create(device, 1ull << 62, GPUP_BO_SYSTEM, &none), "2^62 bytes");

	TRY(c, gpup_bo_create(device, 2 * page, GPUP_BO_VRAM, &bo));
	TRY(c, gpup_vm_reserve(c->gpu.vm, 2 * page, 0, &va));
	binds[0] = (struct gpup_bind) { .bo = bo, .va = va, .size = page };
	binds[1] = binds[0];
	EXPECT(c, -EINVAL, gpup_vm_bind(c->gpu.vm, binds, 0));
	binds[1].size = 0;
	EXPECT(c, -EINVAL, gpup_vm_bind(c->gpu.vm, binds, 2));
	binds[1].size = page - 1;
	EXPECT(c, -EINVAL, gpup_vm_bind(c->gpu.vm, binds, 2));
	binds[1].size = 3 * page;
	EXPECT(c, -EINVAL, gpup_vm_bind(c->gpu.vm, binds, 2));
	binds[1].size = page;
	binds[1].bo_offset = 2 * page;
	EXPECT(c, -EINVAL, gpup_vm_bind(c->gpu.vm, binds, 2));
	binds[1].bo_offset = 1;
	EXPECT(c, -EINVAL, gpup_vm_bind(c->gpu.vm, binds, 2));
	binds[1].bo_offset = 0;
	binds[1].va = va + 1;
	EXPECT(c, -EINVAL, gpup_vm_bind(c->gpu.vm, binds, 2));
	binds[1].va = c->gpu.info.va_end;
	EXPECT(c, -EINVAL, gpup_vm_bind(c->gpu.vm, binds, 2));
	binds[1].va = -(uint64_t)page;
	EXPECT(c, -EINVAL, gpup_vm_bind(c->gpu.vm, binds, 2));
	binds[1].va = va;
	binds[1].flags = 1u << 31;
	EXPECT(c, -EINVAL, gpup_vm_bind(c->gpu.vm, binds, 2));
	binds[1].flags = 0;
	TRY(c, gpup_vm_bind(c->gpu.vm, binds, 2));
	TRY(c, gpup_vm_error(c->gpu.vm));
	TRY(c, gpup_vm_unmap(c->gpu.vm, va));
	gpup_bo_destroy(bo);
	return true;
}

static bool advice(struct check *c)
{
	struct gpup_bo *bo;
	bool retained = false;

	TRY(c, gpup_bo_create(c->gpu.device, SIZE, GPUP_BO_VRAM, &bo));
	TRY(c, gpup_bo_advise(bo, GPUP_BO_WILL_NEED, &retained));
	CHECK(c, retained, "what was always needed is gone");
	TRY(c, gpup_bo_advise(bo, GPUP_BO_DONT_NEED, NULL));
	TRY(c, gpup_bo_advise(bo, GPUP_BO_WILL_NEED, &retained));
	EXPECT(c, -EINVAL, gpup_bo_advise(bo, (enum gpup_bo_advice)2, &retained));
	gpup_bo_destroy(bo);
	return true;
}

/* Parts of a bo, bound twice, over each other, and taken away in the middle. */
static bool partial_binds(struct check *c)
{
	uint32_t page = c->gpu.info.page_size;
	struct check_queue queue;
	struct gpu_buffer out;
	struct gpup_bind bind;
	uint32_t *pages, i;
	struct gpup_bo *bo;
	void *address;
	uint64_t va;

	TRY(c, gpup_bo_create(c->gpu.device, 8 * page, GPUP_BO_VRAM, &bo));
	TRY(c, gpup_bo_map(bo, &address));
	pages = address;
	for (i = 0; i < 8; i++)
		pages[i * page / 4] = i;
	gpu_buffer_create(&c->gpu, page, GPUP_BO_SYSTEM, &out);
	TRY(c, gpup_vm_reserve(c->gpu.vm, 16 * page, 0, &va));

	/* 0 1 2 3 4 5 6 7, then 0 1 5 6 7 5 6 7, then 0 1 5 . . 5 6 7 */
	bind = (struct gpup_bind) { .bo = bo, .va = va, .size = 8 * page };
	TRY(c, gpup_vm_bind(c->gpu.vm, &bind, 1));
	bind = (struct gpup_bind) { .bo = bo, .bo_offset = 5 * page, .va = va + 2 * page,
				    .size = 3 * page };
	TRY(c, gpup_vm_bind(c->gpu.vm, &bind, 1));
	bind = (struct gpup_bind) { .va = va + 3 * page, .size = 2 * page };
	TRY(c, gpup_vm_bind(c->gpu.vm, &bind, 1));
	/* Holes are no error. */
	bind = (struct gpup_bind) { .va = va + 3 * page, .size = page };
	TRY(c, gpup_vm_bind(c->gpu.vm, &bind, 1));
	/* The mappings keep the memory. */
	gpup_bo_destroy(bo);

	TRY(c, check_queue_create(c, GPUP_ENGINE_COPY, &queue));
	for (i = 0; i < 8; i++)
		if (i != 3 && i != 4)
			gpup_cmd_copy(queue.commands, out.va + i * 4, va + i * page, 4);
	TRY(c, check_queue_run(&queue));
	CHECK(c, !memcmp(out.data, (uint32_t[]) { 0, 1, 5, 0, 0, 5, 6, 7 }, 32),
	      "the pages are not where they were bound");

	gpup_cmd_copy(queue.commands, out.va, va + 4 * page, 4);
	EXPECT(c, -EFAULT, check_queue_run(&queue));
	check_queue_destroy(&queue);
	gpu_buffer_destroy(&c->gpu, &out);
	TRY(c, gpup_vm_unmap(c->gpu.vm, va));
	return true;
}

static bool sharing(struct check *c)
{
	struct gpup_device *other;
	struct gpup_bo *bo, *same, *there;
	void *here, *address;
	int fd;

	TRY(c, gpup_bo_create(c->gpu.device, SIZE, GPUP_BO_VRAM, &bo));
	TRY(c, gpup_bo_map(bo, &here));
	check_pattern(here, SIZE, 2);
	TRY(c, gpup_bo_export(bo, &fd));

	TRY(c, gpup_bo_import(c->gpu.device, fd, &same));
	CHECK(c, same == bo, "an own bo comes back as another one");
	gpup_bo_destroy(same);

	/* As another process would. */
	TRY(c, gpup_device_open(gpup_device_path(c->gpu.device), &other));
	TRY(c, gpup_bo_import(other, fd, &there));
	close(fd);
	CHECK(c, gpup_bo_size(there) == SIZE, "the size has changed");
	TRY(c, gpup_bo_map(there, &address));
	CHECK(c, !memcmp(address, here, SIZE), "the contents are not the same");
	((uint8_t *)address)[1] = 77;
	CHECK(c, ((uint8_t *)here)[1] == 77, "the memory is not the same");

	gpup_bo_destroy(bo);
	CHECK(c, ((uint8_t *)address)[1] == 77, "it went with its first owner");
	check_sum("shared", address, SIZE);
	gpup_bo_destroy(there);
	gpup_device_close(other);
	return true;
}

/* Memory that was freed is taken off the account a little later. */
static bool used_falls_to(struct check *c, uint64_t limit)
{
	struct gpup_info i;
	int try;

	for (try = 0; try < 500; try++) {
		if (!gpup_device_info(c->gpu.device, &i) && i.vram_used <= limit)
			return true;
		nanosleep(&(struct timespec) { .tv_nsec = 20000000 }, NULL);
	}
	return false;
}

static bool limits(struct check *c)
{
	struct gpup_device *device = c->gpu.device;
	uint32_t page = c->gpu.info.page_size;
	struct gpup_bo *bos[512], *more;
	struct gpup_info before, now;
	uint64_t size;
	int count = 0, ret = 0, i;

	TRY(c, gpup_device_info(device, &before));
	/* Halves, quarters, ... down to a page: others may be taking memory, too. */
	for (size = before.vram_max / 2 / page * page; size; size = size / 2 / page * page)
		for (;;) {
			ret = count < 512 ? gpup_bo_create(device, size, GPUP_BO_VRAM |
							   GPUP_BO_NO_MMAP, &bos[count]) : -E2BIG;
			if (ret)
				break;
			count++;
		}
	TRY(c, gpup_device_info(device, &now));
	EXPECT(c, -ENOMEM, ret);
	CHECK(c, now.vram_used <= now.vram_max, "vram_max is exceeded");
	EXPECT(c, -ENOMEM, gpup_bo_create(device, page, GPUP_BO_VRAM, &more));

	/* Freeing a page makes room for a page. */
	gpup_bo_destroy(bos[--count]);
	CHECK(c, used_falls_to(c, now.vram_used - page), "freeing frees nothing");
	TRY(c, gpup_bo_create(device, page, GPUP_BO_VRAM, &bos[count]));
	count++;

	for (i = 0; i < count; i++)
		gpup_bo_destroy(bos[i]);
	CHECK(c, used_falls_to(c, before.vram_used), "not all memory came back");
	TRY(c, gpup_bo_create(device, SIZE, GPUP_BO_VRAM, &more));
	gpup_bo_destroy(more);
	return true;
}

const struct check_test check_memory_tests[] = {
	{ "the device describes itself", info },
	{ "a buffer in video memory", vram_buffer },
	{ "a buffer in system memory", system_buffer },
	{ "a buffer that the CPU cannot map", no_mmap_buffer },
	{ "wrong arguments are refused and change nothing", wrong_arguments },
	{ "advice about buffers", advice },
	{ "mappings of parts of a buffer", partial_binds },
	{ "sharing by dma-buf", sharing },
	{ "the limit of video memory", limits },
	{ NULL, NULL },
};
