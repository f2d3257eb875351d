// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory status of a Virtual Render Device: the page shows what a query would answer, without
 * one; and trims.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "harness.h"
#include "work.h"

#define RUNNING	(GPUP_VRD_STATUS_ACKNOWLEDGE | GPUP_VRD_STATUS_DRIVER | \
		 GPUP_VRD_STATUS_FEATURES_OK | GPUP_VRD_STATUS_DRIVER_OK)
#define FAILED	((RUNNING & ~GPUP_VRD_STATUS_DRIVER_OK) | GPUP_VRD_STATUS_FAILED)

#define BO_SIZE	(256 * KIB)

FIXTURE(memory) {
	char uuid[UUID_SIZE];
	struct vrd vrd;
	uint64_t vram_max;
};

FIXTURE_VARIANT(memory) {
	struct vrd_config config;
};

FIXTURE_VARIANT_ADD(memory, mmap) {
	.config = { .features = GPUP_VRD_F_MEMORY_STATUS },
};

FIXTURE_VARIANT_ADD(memory, no_mmap) {
	.config = { .features = GPUP_VRD_F_MEMORY_STATUS, .no_mmap = true },
};

FIXTURE_SETUP(memory)
{
	self->vram_max = mdev_smallest();
	mdev_create(self->vram_max, self->uuid);
	vrd_open(&self->vrd, self->uuid, &variant->config);
}

FIXTURE_TEARDOWN(memory)
{
	vrd_close(&self->vrd);
	EXPECT_EQ(0, mdev_remove(self->uuid));
}

/* Figures that belong together: false if the device does not come to an end with them. */
static bool read_page(volatile struct gpup_vrd_memory_status *page,
		      struct drm_gpup_memory_info *info)
{
	uint64_t end = deadline(VRD_PATIENCE_MS);
	uint32_t sequence;

	do {
		sequence = __atomic_load_n(&page->sequence, __ATOMIC_ACQUIRE);
		*info = (struct drm_gpup_memory_info){
			.vram_min = page->vram_min,
			.vram_max = page->vram_max,
			.vram_used = page->vram_used,
			.system_max = page->system_max,
			.system_used = page->system_used,
			.vram_budget = page->vram_budget,
			.vram_evicted = page->vram_evicted,
			.trims = page->trims,
		};
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (!(sequence & 1) && page->sequence == sequence)
			return true;
	} while (!is_over(end));
	return false;
}

static bool same(const struct drm_gpup_memory_info *a, const struct drm_gpup_memory_info *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static void print_figures(const char *of, const struct drm_gpup_memory_info *i)
{
	printf("# %s: VRAM %llu to %llu, used %llu, budget %llu, evicted %llu, trims %llu\n", of,
	       (unsigned long long)i->vram_min, (unsigned long long)i->vram_max,
	       (unsigned long long)i->vram_used, (unsigned long long)i->vram_budget,
	       (unsigned long long)i->vram_evicted, (unsigned long long)i->trims);
	printf("# %s: system memory up to %llu, used %llu\n", of,
	       (unsigned long long)i->system_max, (unsigned long long)i->system_used);
}

/* The page shows what the device answers, now or within a while. */
static bool page_comes_right(struct vrd *vrd)
{
	uint64_t end = deadline(VRD_PATIENCE_MS);
	struct drm_gpup_memory_info page = {}, answer = {};

	do {
		if (vrd_query(vrd, DRM_GPUP_QUERY_MEMORY, &answer, sizeof(answer)) ||
		    !read_page(vrd->memory_status, &page))
			return false;
		if (same(&page, &answer))
			return true;
		sleep_ms(1);
	} while (!is_over(end));
	print_figures("page", &page);
	print_figures("answer", &answer);
	return false;
}

/* A figure becomes @value, with nobody asking the device for anything. */
#define COMES_TO(_vrd, _figure, _value)						\
({										\
	uint64_t _end = deadline(VRD_PATIENCE_MS), _wanted = (_value);		\
	struct drm_gpup_memory_info _info = {};					\
	bool _there;								\
										\
	do {									\
		_there = read_page((_vrd)->memory_status, &_info) &&		\
			 _info._figure == _wanted;				\
		if (!_there)							\
			sleep_ms(1);						\
	} while (!_there && !is_over(_end));					\
	if (!_there)								\
		print_figures("page", &_info);					\
	_there;									\
})

/* Bring-up up to DRIVER_OK, which the caller writes. */
static void prepare(struct vrd *vrd)
{
	vrd_negotiate(vrd);
	vrd_set_up(vrd);
}

/* First byte of the rest of the page that is not @value, or -1. */
static long rest_other(volatile struct gpup_vrd_memory_status *page, uint32_t value)
{
	return find_other(page + 1, (PAGE - sizeof(*page)) / 4, value);
}

TEST_F(memory, filled_at_driver_ok)
{
	struct vrd *vrd = &self->vrd;
	struct drm_gpup_memory_info info;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		prepare(vrd);
		memset((void *)vrd->memory_status, 0xa5, PAGE);
		vrd_write(vrd, GPUP_VRD_REG_STATUS, RUNNING);
		ASSERT_TRUE(vrd_status_is(vrd, RUNNING, GPUP_VRD_ERROR_NONE));

		/* All of it is there, and nothing else. */
		EXPECT_NE(0, vrd->memory_status->sequence);
		EXPECT_EQ(0, vrd->memory_status->reserved);
		EXPECT_EQ(-1, rest_other(vrd->memory_status, 0));
		ASSERT_TRUE(read_page(vrd->memory_status, &info));
		EXPECT_EQ(partition_get(self->uuid, "vram_min"), info.vram_min);
		EXPECT_EQ(partition_get(self->uuid, "vram_max"), info.vram_max);
		EXPECT_EQ(partition_get(self->uuid, "system_max"), info.system_max);
		EXPECT_EQ(0, info.vram_used);
		EXPECT_EQ(0, info.system_used);
		EXPECT_EQ(0, info.vram_evicted);
		EXPECT_LE(info.vram_min, info.vram_budget);
		EXPECT_TRUE(page_comes_right(vrd));
		vrd_reset(vrd);
	}
}

/* Nothing is asked for by the guest: objects come and go by messages without a reply. */
TEST_F(memory, follows_without_a_query)
{
	struct gpup_vrd_bo_create create = { .flags = DRM_GPUP_BO_VRAM, .size = BO_SIZE };
	struct gpup_vrd_destroy destroy = {};
	struct vrd *vrd = &self->vrd;
	uint32_t handles[4], sequence;
	unsigned int i, round;

	vrd_start(vrd);
	for (round = 0; round < 5; round++) {
		sequence = vrd->memory_status->sequence;
		for (i = 0; i < ARRAY_SIZE(handles); i++) {
			handles[i] = vrd_new_handle(vrd);
			create.handle = handles[i];
			ASSERT_EQ(0, vrd_post(vrd, GPUP_VRD_OP_BO_CREATE, 0, &create,
					      sizeof(create)));
			EXPECT_TRUE(COMES_TO(vrd, vram_used, (i + 1) * BO_SIZE));
		}
		EXPECT_NE(sequence, vrd->memory_status->sequence);
		for (i = 0; i < ARRAY_SIZE(handles); i++) {
			destroy.handle = handles[i];
			ASSERT_EQ(0, vrd_post(vrd, GPUP_VRD_OP_BO_DESTROY, 0, &destroy,
					      sizeof(destroy)));
			EXPECT_TRUE(COMES_TO(vrd, vram_used,
					     (ARRAY_SIZE(handles) - 1 - i) * BO_SIZE));
		}
		EXPECT_TRUE(page_comes_right(vrd));
	}
	EXPECT_EQ(-1, rest_other(vrd->memory_status, 0));
}

/* No event is ahead of the page. */
TEST_F(memory, there_before_the_reply)
{
	struct vrd *vrd = &self->vrd;
	struct drm_gpup_memory_info info;
	unsigned int i;
	uint32_t bo;
	void *pages;

	vrd_start(vrd);
	pages = vrd_alloc(vrd, 4 * PAGE);
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(0, vrd_bo_create(vrd, DRM_GPUP_BO_VRAM, BO_SIZE, &bo));
		ASSERT_TRUE(read_page(vrd->memory_status, &info));
		EXPECT_EQ(BO_SIZE, info.vram_used);
		ASSERT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_BO_DESTROY, 0, bo));
		EXPECT_TRUE(COMES_TO(vrd, vram_used, 0));

		ASSERT_EQ(0, vrd_bo_create_guest(vrd, pages, 4 * PAGE, &bo));
		ASSERT_TRUE(read_page(vrd->memory_status, &info));
		EXPECT_EQ(4 * PAGE, info.system_used);
		ASSERT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_BO_DESTROY, 0, bo));
		ASSERT_TRUE(vrd_wait_released(vrd, bo));
		EXPECT_TRUE(COMES_TO(vrd, system_used, 0));
	}
	EXPECT_TRUE(page_comes_right(vrd));
}

/* What the operator changes shows, too, though the guest does nothing at all. */
TEST_F(memory, follows_the_operator)
{
	struct vrd *vrd = &self->vrd;
	unsigned int i;

	vrd_start(vrd);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, partition_set_number(self->uuid, "vram_min", self->vram_max / 2));
		EXPECT_TRUE(COMES_TO(vrd, vram_min, self->vram_max / 2));
		ASSERT_EQ(0, partition_set_number(self->uuid, "vram_max", self->vram_max - PAGE));
		EXPECT_TRUE(COMES_TO(vrd, vram_max, self->vram_max - PAGE));
		ASSERT_EQ(0, partition_set_number(self->uuid, "vram_max", self->vram_max));
		ASSERT_EQ(0, partition_set_number(self->uuid, "vram_min", self->vram_max));
		EXPECT_TRUE(COMES_TO(vrd, vram_min, self->vram_max));
	}
	EXPECT_TRUE(page_comes_right(vrd));
}

/* A reader of the page beside the one who changes the figures. */
struct reader {
	volatile struct gpup_vrd_memory_status *page;
	uint64_t vram_max;
	_Atomic bool stop;
	_Atomic unsigned long reads;
	_Atomic unsigned long wrong;
};

static void *reader_main(void *data)
{
	struct reader *reader = data;
	struct drm_gpup_memory_info info;

	while (!reader->stop) {
		if (!read_page(reader->page, &info) || info.vram_max != reader->vram_max ||
		    info.vram_used % BO_SIZE || info.vram_used > 4 * BO_SIZE ||
		    info.vram_evicted > info.vram_used || info.system_used)
			reader->wrong++;
		reader->reads++;
	}
	return NULL;
}

TEST_F(memory, read_while_written)
{
	struct vrd *vrd = &self->vrd;
	struct reader reader = { .vram_max = self->vram_max };
	uint32_t bos[4];
	pthread_t thread;
	unsigned int i, round;

	vrd_start(vrd);
	reader.page = vrd->memory_status;
	ASSERT_EQ(0, pthread_create(&thread, NULL, reader_main, &reader));
	for (round = 0; round < 250; round++) {
		for (i = 0; i < ARRAY_SIZE(bos); i++)
			EXPECT_EQ(0, vrd_bo_create(vrd, DRM_GPUP_BO_VRAM, BO_SIZE, &bos[i]));
		for (i = 0; i < ARRAY_SIZE(bos); i++)
			EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_BO_DESTROY, 0, bos[i]));
		EXPECT_TRUE(COMES_TO(vrd, vram_used, 0));
	}
	reader.stop = true;
	pthread_join(thread, NULL);
	EXPECT_EQ(0, reader.wrong);
	EXPECT_NE(0, reader.reads);
}

/* The host does not read it: whoever writes there deceives himself, until the next change. */
TEST_F(memory, scribbled_over)
{
	struct vrd *vrd = &self->vrd;
	unsigned int i;
	uint32_t bo;

	vrd_start(vrd);
	for (i = 0; i < 200; i++) {
		memset((void *)vrd->memory_status, i % 2 ? 0xff : i, PAGE);
		ASSERT_EQ(0, vrd_bo_create(vrd, DRM_GPUP_BO_VRAM, BO_SIZE, &bo));
		EXPECT_TRUE(page_comes_right(vrd));
		ASSERT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_BO_DESTROY, 0, bo));
		EXPECT_TRUE(COMES_TO(vrd, vram_used, 0));
	}
	EXPECT_TRUE(vrd_status_is(vrd, RUNNING, GPUP_VRD_ERROR_NONE));
}

/* An older driver accepts nothing of it, and need not know that there are registers. */
TEST_F(memory, not_accepted)
{
	const uint64_t addresses[] = { 0, 1, 0xfff, UINT64_MAX, UINT64_MAX - PAGE + 1, 1ull << 40 };
	struct vrd *vrd = &self->vrd;
	uint32_t *page;
	unsigned int i;
	uint32_t bo;

	vrd->config.features = 0;
	vrd_start(vrd);
	EXPECT_EQ(0, vrd_sync(vrd));
	for (i = 0; i <= ARRAY_SIZE(addresses); i++) {
		prepare(vrd);
		page = vrd_alloc(vrd, PAGE);
		memset(page, 0x5a, PAGE);
		vrd_set_address(vrd, GPUP_VRD_REG_MEMORY_LO,
				i < ARRAY_SIZE(addresses) ? addresses[i] : vrd_address(vrd, page));
		vrd_write(vrd, GPUP_VRD_REG_STATUS, RUNNING);
		ASSERT_TRUE(vrd_status_is(vrd, RUNNING, GPUP_VRD_ERROR_NONE));
		ASSERT_EQ(0, vrd_bo_create(vrd, DRM_GPUP_BO_VRAM, BO_SIZE, &bo));
		EXPECT_EQ(0, vrd_sync(vrd));
		EXPECT_EQ(-1, find_other(page, PAGE / 4, 0x5a5a5a5a));
		vrd_reset(vrd);
	}
}

TEST_F(memory, bad_addresses)
{
	struct vrd *vrd = &self->vrd;
	const struct {
		const char *name;
		uint64_t address;
		uint32_t error;
	} cases[] = {
		{ "zero", 0, GPUP_VRD_ERROR_SETUP },
		{ "not aligned to 8", VRD_MEMORY_BASE + 4, GPUP_VRD_ERROR_SETUP },
		{ "not aligned to a page", VRD_MEMORY_BASE + 2048, GPUP_VRD_ERROR_SETUP },
		{ "beyond the last address", -(uint64_t)PAGE, GPUP_VRD_ERROR_SETUP },
		{ "all ones", UINT64_MAX, GPUP_VRD_ERROR_SETUP },
		{ "before memory", VRD_MEMORY_BASE - PAGE, GPUP_VRD_ERROR_MEMORY },
		{ "behind memory", VRD_MEMORY_BASE + vrd->config.memory, GPUP_VRD_ERROR_MEMORY },
		{ "far beyond memory", 1ull << 40, GPUP_VRD_ERROR_MEMORY },
		{ "at the top", -2 * (uint64_t)PAGE, GPUP_VRD_ERROR_MEMORY },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		prepare(vrd);
		vrd_set_address(vrd, GPUP_VRD_REG_MEMORY_LO, cases[i].address);
		EXPECT_EQ((uint32_t)cases[i].address, vrd_read(vrd, GPUP_VRD_REG_MEMORY_LO));
		EXPECT_EQ(cases[i].address >> 32, vrd_read(vrd, GPUP_VRD_REG_MEMORY_HI));
		vrd_write(vrd, GPUP_VRD_REG_STATUS, RUNNING);
		EXPECT_TRUE(vrd_status_is(vrd, FAILED, cases[i].error)) {
			TH_LOG("%s", cases[i].name);
		}
		vrd_reset(vrd);
		EXPECT_EQ(0, vrd_read(vrd, GPUP_VRD_REG_MEMORY_LO));
	}

	/* On top of another area: the guest's own affair, and the device survives it. */
	prepare(vrd);
	vrd_set_address(vrd, GPUP_VRD_REG_MEMORY_LO, vrd_address(vrd, vrd->cmd));
	vrd_write(vrd, GPUP_VRD_REG_STATUS, RUNNING);
	vrd_write(vrd, GPUP_VRD_REG_DOORBELL, 1);
	vrd_reset(vrd);
	EXPECT_TRUE(vrd_status_is(vrd, 0, GPUP_VRD_ERROR_NONE));

	vrd_start(vrd);
	EXPECT_TRUE(page_comes_right(vrd));
}

static int map_dma(struct vrd *vrd, void *memory, uint64_t address, uint64_t size)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)memory,
		.iova = address,
		.size = size,
	};

	return ioctl(vrd->container, VFIO_IOMMU_MAP_DMA, &map) ? -errno : 0;
}

/* The page alone is taken out of the VM; before DRIVER_OK and after a reset it is nobody's. */
TEST_F(memory, unmapped)
{
	const uint64_t address = 1ull << 32;
	struct vrd *vrd = &self->vrd;
	unsigned int i;
	uint32_t *page;
	uint32_t bo;

	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, page);
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(0, map_dma(vrd, page, address, PAGE));
		prepare(vrd);
		vrd_set_address(vrd, GPUP_VRD_REG_MEMORY_LO, address);
		if (i % 2) {
			ASSERT_EQ(0, vrd_dma_unmap(vrd, address, PAGE));
			ASSERT_EQ(0, map_dma(vrd, page, address, PAGE));
		}
		vrd_write(vrd, GPUP_VRD_REG_STATUS, RUNNING);
		ASSERT_TRUE(vrd_status_is(vrd, RUNNING, GPUP_VRD_ERROR_NONE));
		ASSERT_EQ(0, vrd_bo_create(vrd, DRM_GPUP_BO_VRAM, BO_SIZE, &bo));
		/* Not oftener than a device may lose its memory. */
		if (i < 4) {
			ASSERT_EQ(0, vrd_dma_unmap(vrd, address, PAGE));
			EXPECT_EQ(GPUP_VRD_ERROR_UNMAPPED, vrd_wait_failure(vrd));
			EXPECT_TRUE(partition_wait_idle(self->uuid, VRD_PATIENCE_MS));
			vrd_reset(vrd);
		} else {
			vrd_reset(vrd);
			ASSERT_EQ(0, vrd_dma_unmap(vrd, address, PAGE));
			EXPECT_TRUE(vrd_status_is(vrd, 0, GPUP_VRD_ERROR_NONE));
		}

		/* It was given back: nobody writes to it any more. */
		memset(page, 0x5a, PAGE);
		vrd_start(vrd);
		ASSERT_EQ(0, vrd_bo_create(vrd, DRM_GPUP_BO_VRAM, BO_SIZE, &bo));
		EXPECT_TRUE(page_comes_right(vrd));
		EXPECT_EQ(-1, find_other(page, PAGE / 4, 0x5a5a5a5a));
		vrd_reset(vrd);
	}
	munmap(page, PAGE);
}

/* Every way in which a device ends, and the next driver is one that does not know the page. */
TEST_F(memory, given_back)
{
	struct vrd *vrd = &self->vrd;
	unsigned int way;
	uint32_t *page;
	uint32_t bo;

	for (way = 0; way < 3; way++) {
		vrd->config.features = GPUP_VRD_F_MEMORY_STATUS;
		vrd_start(vrd);
		ASSERT_EQ(0, vrd_bo_create(vrd, DRM_GPUP_BO_VRAM, BO_SIZE, &bo));
		page = (uint32_t *)vrd->memory_status;
		if (way == 0)
			vrd_reset(vrd);
		else if (way == 1)
			ASSERT_EQ(0, vrd_vfio_reset(vrd));
		/* The third time by the next driver's own reset. */
		memset(page, 0x5a, PAGE);
		vrd->config.features = 0;
		vrd_negotiate(vrd);
		vrd->memory_status = NULL;
		vrd_set_up(vrd);
		memset(page, 0x5a, PAGE);
		vrd_write(vrd, GPUP_VRD_REG_STATUS, RUNNING);
		ASSERT_TRUE(vrd_status_is(vrd, RUNNING, GPUP_VRD_ERROR_NONE));
		ASSERT_EQ(0, vrd_bo_create(vrd, DRM_GPUP_BO_VRAM, BO_SIZE, &bo));
		EXPECT_EQ(0, vrd_sync(vrd));
		EXPECT_EQ(-1, find_other(page, PAGE / 4, 0x5a5a5a5a));
		vrd_reset(vrd);
	}
}

/* Fill the partition, and have the operator take half of it back: the guest is asked. */
static int want_trim(FIXTURE_DATA(memory) *self)
{
	return partition_set_number(self->uuid, "vram_min", 0) ?:
	       partition_set_number(self->uuid, "vram_max", self->vram_max / 2);
}

/* Objects that are small enough to go one by one. */
static int fill(FIXTURE_DATA(memory) *self, struct work *work)
{
	uint64_t done;
	uint32_t bo;
	int ret = 0;

	work_create(work, &self->vrd, BO_SIZE);
	for (done = BO_SIZE; !ret && done < self->vram_max; done += BO_SIZE)
		ret = vrd_bo_create(&self->vrd, DRM_GPUP_BO_VRAM, BO_SIZE, &bo);
	return ret;
}

TEST_F(memory, trim)
{
	uint64_t end = deadline(VRD_PATIENCE_MS);
	struct vrd *vrd = &self->vrd;
	struct drm_gpup_memory_info info;
	struct work work;

	vrd_start(vrd);
	ASSERT_EQ(0, fill(self, &work));
	ASSERT_TRUE(read_page(vrd->memory_status, &info));
	EXPECT_EQ(0, info.trims);
	EXPECT_EQ(0, vrd->trim_count);
	ASSERT_EQ(0, want_trim(self));
	while (!vrd->trim_count && !is_over(end)) {
		vrd_drain(vrd);
		sleep_ms(1);
	}
	ASSERT_NE(0, vrd->trim_count);
	/* The event is not ahead of the page. */
	ASSERT_TRUE(read_page(vrd->memory_status, &info));
	EXPECT_NE(0, info.trims);
	EXPECT_EQ(self->vram_max / 2, info.vram_max);
	EXPECT_GE(info.vram_max, vrd->trim.budget);
	EXPECT_NE(0, vrd->trim.over);
	EXPECT_GE(self->vram_max, vrd->trim.budget + vrd->trim.over);
	EXPECT_NE(0, vrd->trim.grace_ms);
	EXPECT_GE(60000, vrd->trim.grace_ms);

	/* Who does nothing about it is brought down to the limit, and works as before. */
	EXPECT_TRUE(COMES_TO(vrd, vram_evicted, self->vram_max / 2));
	EXPECT_EQ(0, work_round(&work, 77));
	EXPECT_TRUE(page_comes_right(vrd));
}

/* A guest that does not read its events gets no more than the newest trim, when it does. */
TEST_F(memory, trim_without_room)
{
	const struct gpup_vrd_query query = { .type = DRM_GPUP_QUERY_ADAPTER };
	const struct vrd_message message = {
		.opcode = GPUP_VRD_OP_QUERY,
		.flags = GPUP_VRD_MSG_REPLY,
		.body = &query,
		.body_size = sizeof(query),
	};
	struct gpup_vrd_bo_create create = { .flags = DRM_GPUP_BO_SYSTEM, .size = PAGE };
	uint64_t end = deadline(VRD_PATIENCE_MS);
	struct vrd *vrd = &self->vrd;
	unsigned int sent = 0, replies = 0;
	bool full = false;
	struct work work;
	uint32_t tail;

	vrd->config.ring_size = GPUP_VRD_RING_MIN;
	vrd_start(vrd);
	ASSERT_EQ(0, fill(self, &work));
	/* Replies, until the device has no room for another; it stops in front of the next. */
	while (!full && !is_over(end)) {
		tail = vrd->evt->tail;
		ASSERT_EQ(0, vrd_send(vrd, &message));
		sent++;
		while (vrd->evt->tail == tail && !full && !is_over(end))
			full = vrd->evt->room_wanted;
	}
	ASSERT_TRUE(full);
	tail = vrd->evt->tail;

	ASSERT_EQ(0, want_trim(self));
	/* The page goes on, though events do not. */
	EXPECT_TRUE(COMES_TO(vrd, vram_max, self->vram_max / 2));
	EXPECT_TRUE(COMES_TO(vrd, vram_evicted, self->vram_max / 2));
	EXPECT_EQ(tail, vrd->evt->tail);
	EXPECT_EQ(0, vrd->trim_count);

	end = deadline(VRD_PATIENCE_MS);
	while ((!vrd->trim_count || replies < sent) && !is_over(end)) {
		replies += vrd_drain(vrd);
		sleep_ms(1);
	}
	EXPECT_EQ(1, vrd->trim_count);
	ASSERT_EQ(sent, replies);
	/* And everything else goes on. */
	create.handle = vrd_new_handle(vrd);
	EXPECT_EQ(0, vrd_call(vrd, GPUP_VRD_OP_BO_CREATE, 0, &create, sizeof(create)));
	EXPECT_EQ(0, work_round(&work, 78));
}

TEST_HARNESS_MAIN
