// SPDX-License-Identifier: GPL-2.0-only
/*
 * Residency: address spaces that do not all fit, with jobs that look at their memory.
 */
#include <linux/dma-fence.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/shrinker.h>

#include <kunit/device.h>

#include "vidmm_test_gpu.h"
#include "vidmm_tt.h"

#define VMS		7
/* The first of them is a client of the host. */
#define HOST_VM		0
#define OBJECTS		4
#define OBJECT_PAGES	(TEST_VA_PAGES / OBJECTS)
#define JOBS		30

/* An engine whose jobs count in the first bytes of every page that is mapped. */
struct counting_engine {
	struct mm_test_gpu *gpu;
	struct gpup_vidsch *sched;
	struct workqueue_struct *wq;
	struct work_struct work;
	struct gpup_hw_job *job;
	/* Pages that a job has found not to be mapped, or not in VRAM. */
	unsigned int missing;
};

struct counted_vm {
	struct gpup_sched_partition sp;
	struct gpup_vidmm_partition mp;
	struct gpup_vm *vm;
	struct gpup_bo *bos[OBJECTS];
	struct gpup_timeline *tl;
	struct gpup_queue *queue;
	char name[8];
};

static void engine_work(struct work_struct *work)
{
	struct counting_engine *engine = container_of(work, struct counting_engine, work);
	struct gpup_hw_job *job = engine->job;
	u64 i;

	for (i = 0; i < TEST_VA_PAGES; i++) {
		u64 entry = READ_ONCE(job->as->entry[i]);

		if (!entry || entry & TEST_SYSTEM_ENTRY)
			engine->missing++;
		else
			++*(u64 *)(engine->gpu->vram + entry - 1);
	}
	engine->job = NULL;
	gpup_hw_job_done(job, 0, 0, 1000);
}

static void engine_run(struct gpup_adapter *adapter, u32 engine_class, u32 index,
		       struct gpup_hw_job *job)
{
	struct counting_engine *engine = (struct counting_engine *)adapter;

	engine->job = job;
	queue_work(engine->wq, &engine->work);
}

static const struct gpup_adapter_ops engine_ops = {
	.run = engine_run,
};

static struct counting_engine *create_engine(struct kunit *test)
{
	const struct gpup_adapter_caps caps = {
		.engines[DRM_GPUP_ENGINE_COMPUTE] = 1,
	};
	struct counting_engine *engine = kunit_kzalloc(test, sizeof(*engine), GFP_KERNEL);
	struct device *dev = kunit_device_register(test, "gpup-counting");

	KUNIT_ASSERT_NOT_NULL(test, engine);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	engine->gpu = test->priv;
	INIT_WORK(&engine->work, engine_work);
	engine->wq = alloc_workqueue("gpup-test-engine", WQ_UNBOUND | WQ_MEM_RECLAIM, 1);
	KUNIT_ASSERT_NOT_NULL(test, engine->wq);
	engine->sched = gpup_vidsch_create((struct gpup_adapter *)engine, dev, &engine_ops, &caps);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, engine->sched);
	return engine;
}

static void destroy_engine(struct counting_engine *engine)
{
	gpup_vidsch_destroy(engine->sched);
	destroy_workqueue(engine->wq);
}

static void nothing(void *data)
{
}

static noinline_for_stack void create_queue(struct kunit *test, struct counting_engine *engine,
					    struct counted_vm *cvm)
{
	struct gpup_queue_params params = {
		.engine_class = DRM_GPUP_ENGINE_COMPUTE,
		.as = gpup_vm_hw_as(cvm->vm),
		.group = gpup_vm_group(cvm->vm),
		.release = nothing,
		.label = cvm->name,
	};

	gpup_sched_partition_init(&cvm->sp, engine->sched, cvm->name, 100);
	params.timeline = gpup_timeline_create(NULL, NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, params.timeline);
	cvm->tl = params.timeline;
	cvm->queue = gpup_queue_create(&cvm->sp, &params);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, cvm->queue);
}

static noinline_for_stack void bind_object(struct kunit *test, struct counted_vm *cvm,
					   unsigned int i)
{
	struct gpup_bind_op op = {
		.op = DRM_GPUP_BIND_MAP,
		.bo = cvm->bos[i],
		.va = TEST_VA_START + (u64)i * OBJECT_PAGES * PAGE_SIZE,
		.size = OBJECT_PAGES * PAGE_SIZE,
	};
	u64 value = 0;

	KUNIT_ASSERT_EQ(test, 0, gpup_vm_bind(cvm->vm, &op, 1, NULL, 0, NULL, &value));
}

static noinline_for_stack void create_cvm(struct kunit *test, struct counting_engine *engine,
					  struct counted_vm *cvm, unsigned int index)
{
	struct gpup_timeline *tl = gpup_timeline_create(NULL, NULL);
	unsigned int i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, tl);
	snprintf(cvm->name, sizeof(cvm->name), "%u", index);
	/* The last one is sure of all it needs. */
	mm_test_join(test, &cvm->mp, index == VMS - 1 ? SZ_1M : SZ_64K, SZ_1M);
	cvm->vm = gpup_vm_create(&cvm->mp, tl, index == HOST_VM ? NULL : engine->sched);
	gpup_timeline_put(tl);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, cvm->vm);
	for (i = 0; i < OBJECTS; i++) {
		cvm->bos[i] = mm_test_bo(test, &cvm->mp, OBJECT_PAGES * PAGE_SIZE,
					 DRM_GPUP_BO_VRAM);
		bind_object(test, cvm, i);
	}
	create_queue(test, engine, cvm);
}

static void destroy_cvm(struct counted_vm *cvm)
{
	unsigned int i;

	gpup_queue_close(cvm->queue);
	gpup_queue_put(cvm->queue);
	gpup_timeline_put(cvm->tl);
	gpup_sched_partition_fini(&cvm->sp);
	gpup_vm_close(cvm->vm);
	gpup_vm_put(cvm->vm);
	for (i = 0; i < OBJECTS; i++)
		gpup_bo_put(cvm->bos[i]);
	gpup_vidmm_partition_fini(&cvm->mp);
}

static noinline_for_stack void submit(struct kunit *test, struct counted_vm *cvm)
{
	struct gpup_job_params params = { .stream_size = 8 };
	struct gpup_vm_hold *hold = gpup_vm_hold(cvm->vm);

	KUNIT_ASSERT_FALSE(test, IS_ERR(hold));
	if (hold) {
		params.fence = gpup_fence_create(cvm->tl);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, params.fence);
	}
	KUNIT_ASSERT_EQ(test, 0, gpup_queue_submit(cvm->queue, &params, 1));
	gpup_vm_unhold(hold, params.fence);
	dma_fence_put(params.fence);
}

static bool reaches(struct gpup_timeline *tl, u64 value)
{
	unsigned long end = jiffies + 60 * HZ;

	while (READ_ONCE(tl->completed) < value && time_before(jiffies, end))
		schedule_timeout_uninterruptible(1);
	return READ_ONCE(tl->completed) >= value;
}

static noinline_for_stack void check_counts(struct kunit *test, struct counted_vm *cvm, u64 count)
{
	unsigned int i, page;

	for (i = 0; i < OBJECTS; i++) {
		/* Where the CPU finds it, without moving it. */
		KUNIT_ASSERT_EQ(test, 0, gpup_bo_cpu_lock(cvm->bos[i], false));
		for (page = 0; page < OBJECT_PAGES; page++)
			KUNIT_ASSERT_EQ(test, count,
					*(u64 *)mm_test_bo_page(test->priv, cvm->bos[i], page));
		gpup_bo_cpu_unlock(cvm->bos[i]);
	}
}

static void all_have_their_turn_with_all_their_memory(struct kunit *test)
{
	struct counted_vm *cvms = kunit_kcalloc(test, VMS, sizeof(*cvms), GFP_KERNEL);
	struct counting_engine *engine;
	struct mm_test_gpu *gpu = test->priv;
	struct rnd_state rnd;
	unsigned int i, n;

	KUNIT_ASSERT_NOT_NULL(test, cvms);
	engine = create_engine(test);
	gpu->mm->grace = 0;
	for (i = 0; i < VMS; i++)
		create_cvm(test, engine, &cvms[i], i);
	prandom_seed_state(&rnd, 7);
	for (n = 1; n <= JOBS; n++) {
		for (i = 0; i < VMS; i++)
			submit(test, &cvms[i]);
		if (prandom_u32_state(&rnd) % 4)
			continue;
		/* Nobody else is disturbed by looking. */
		i = prandom_u32_state(&rnd) % VMS;
		KUNIT_ASSERT_TRUE(test, reaches(cvms[i].tl, n));
		check_counts(test, &cvms[i], n);
	}
	for (i = 0; i < VMS; i++) {
		KUNIT_EXPECT_TRUE(test, reaches(cvms[i].tl, JOBS));
		KUNIT_EXPECT_EQ(test, 0, gpup_timeline_error(cvms[i].tl));
		check_counts(test, &cvms[i], JOBS);
	}
	KUNIT_EXPECT_EQ(test, 0, engine->missing);
	/* There was not enough for all, and who was sure of its memory kept it. */
	KUNIT_EXPECT_GT(test, cvms[1].mp.evictions + cvms[2].mp.evictions, 0);
	KUNIT_EXPECT_EQ(test, 0, cvms[VMS - 1].mp.evictions);
	for (i = 0; i < VMS; i++)
		destroy_cvm(&cvms[i]);
	destroy_engine(engine);
}

static void what_cannot_be_resident_does_not_run(struct kunit *test)
{
	struct counted_vm *cvm = kunit_kcalloc(test, 2, sizeof(*cvm), GFP_KERNEL);
	struct gpup_vm_hold *hold;
	struct counting_engine *engine;

	KUNIT_ASSERT_NOT_NULL(test, cvm);
	engine = create_engine(test);
	create_cvm(test, engine, &cvm[0], HOST_VM);
	create_cvm(test, engine, &cvm[1], 1);
	KUNIT_ASSERT_EQ(test, 0, gpup_vidmm_partition_set_max(&cvm[0].mp, SZ_512K));
	KUNIT_ASSERT_EQ(test, 0, gpup_vidmm_partition_set_max(&cvm[1].mp, SZ_512K));

	hold = gpup_vm_hold(cvm[0].vm);
	KUNIT_ASSERT_EQ(test, -ENOMEM, PTR_ERR_OR_ZERO(hold));
	submit(test, &cvm[1]);
	KUNIT_EXPECT_TRUE(test, reaches(cvm[1].tl, 1));
	KUNIT_EXPECT_EQ(test, -ENOMEM, gpup_timeline_error(cvm[1].tl));
	KUNIT_EXPECT_EQ(test, 0, engine->missing);
	/* It can be given more, while it runs, and then its other queues work. */
	KUNIT_ASSERT_EQ(test, 0, gpup_vidmm_partition_set_max(&cvm[0].mp, SZ_1M));
	submit(test, &cvm[0]);
	KUNIT_EXPECT_TRUE(test, reaches(cvm[0].tl, 1));
	check_counts(test, &cvm[0], 1);

	destroy_cvm(&cvm[0]);
	destroy_cvm(&cvm[1]);
	destroy_engine(engine);
}

static void dropped_contents_are_zero(struct kunit *test)
{
	struct counted_vm *cvm = kunit_kzalloc(test, sizeof(*cvm), GFP_KERNEL);
	struct mm_test_gpu *gpu = test->priv;
	struct counting_engine *engine;
	struct gpup_bo *bo;

	KUNIT_ASSERT_NOT_NULL(test, cvm);
	engine = create_engine(test);
	create_cvm(test, engine, cvm, 1);
	bo = cvm->bos[2];
	submit(test, cvm);
	KUNIT_ASSERT_TRUE(test, reaches(cvm->tl, 1));
	check_counts(test, cvm, 1);

	/* Not needed, but there was no need to take it: */
	KUNIT_EXPECT_TRUE(test, gpup_bo_advise(bo, DRM_GPUP_BO_DONT_NEED));
	KUNIT_EXPECT_TRUE(test, gpup_bo_advise(bo, DRM_GPUP_BO_WILL_NEED));
	check_counts(test, cvm, 1);
	/* and now there is. */
	KUNIT_EXPECT_TRUE(test, gpup_bo_advise(bo, DRM_GPUP_BO_DONT_NEED));
	KUNIT_ASSERT_EQ(test, 0, mm_test_evict(bo));
	KUNIT_EXPECT_EQ(test, 0, cvm->mp.bytes_moved);
	submit(test, cvm);
	KUNIT_ASSERT_TRUE(test, reaches(cvm->tl, 2));
	/* A job finds its place empty. */
	KUNIT_EXPECT_EQ(test, OBJECT_PAGES, engine->missing);
	KUNIT_EXPECT_FALSE(test, bo->resident);
	KUNIT_EXPECT_FALSE(test, gpup_bo_advise(bo, DRM_GPUP_BO_WILL_NEED));
	KUNIT_EXPECT_TRUE(test, gpup_bo_advise(bo, DRM_GPUP_BO_WILL_NEED));
	submit(test, cvm);
	KUNIT_ASSERT_TRUE(test, reaches(cvm->tl, 3));
	KUNIT_EXPECT_EQ(test, OBJECT_PAGES, engine->missing);
	KUNIT_EXPECT_TRUE(test, bo->resident);
	KUNIT_EXPECT_EQ(test, 1, *(u64 *)mm_test_bo_page(gpu, bo, 5));
	KUNIT_EXPECT_EQ(test, 3, *(u64 *)mm_test_bo_page(gpu, cvm->bos[1], 5));

	destroy_cvm(cvm);
	destroy_engine(engine);
}

/* Leave something in the host's free memory: in blocks that an object of as much is given. */
static void dirty_free_memory(struct kunit *test, unsigned long size)
{
	unsigned int order = get_order(size), i;
	LIST_HEAD(blocks);
	struct page *page, *next;

	/* So many that those which come next are among them. */
	for (i = 0; i < SZ_64M / size; i++) {
		page = alloc_pages(GFP_KERNEL, order);
		KUNIT_ASSERT_NOT_NULL(test, page);
		memset(page_address(page), 0x77, size);
		list_add(&page->lru, &blocks);
	}
	list_for_each_entry_safe(page, next, &blocks, lru) {
		list_del(&page->lru);
		__free_pages(page, order);
	}
}

/* Nor are those of others there. */
static void dropped_contents_are_nobodys(struct kunit *test)
{
	struct mm_test_gpu *gpu = test->priv;
	struct gpup_vidmm_partition mp;
	struct gpup_bo *bo;

	mm_test_join(test, &mp, 0, TEST_VRAM);
	bo = mm_test_bo(test, &mp, SZ_256K, DRM_GPUP_BO_VRAM);
	mm_test_bo_fill(gpu, bo, 0x3c);
	KUNIT_EXPECT_TRUE(test, gpup_bo_advise(bo, DRM_GPUP_BO_DONT_NEED));
	KUNIT_ASSERT_EQ(test, 0, mm_test_evict(bo));

	dirty_free_memory(test, SZ_256K);
	KUNIT_ASSERT_EQ(test, 0, gpup_bo_cpu_lock(bo, false));
	KUNIT_EXPECT_TRUE(test, mm_test_bo_is_filled(gpu, bo, 0));
	gpup_bo_cpu_unlock(bo);
	KUNIT_EXPECT_FALSE(test, gpup_bo_advise(bo, DRM_GPUP_BO_WILL_NEED));
	KUNIT_ASSERT_EQ(test, 0, mm_test_make_resident(bo));
	KUNIT_EXPECT_TRUE(test, mm_test_bo_is_filled(gpu, bo, 0));
	gpup_bo_put(bo);
	gpup_vidmm_partition_fini(&mp);
}

static void the_cpu_copies_if_the_gpu_cannot(struct kunit *test)
{
	struct mm_test_gpu *gpu = test->priv;
	struct gpup_vidmm_partition mp;
	struct gpup_bo *bo;

	mm_test_join(test, &mp, 0, TEST_VRAM);
	bo = mm_test_bo(test, &mp, SZ_256K, DRM_GPUP_BO_VRAM);
	mm_test_bo_fill(gpu, bo, 0x3c);
	gpu->copy_fails = true;
	KUNIT_ASSERT_EQ(test, 0, mm_test_evict(bo));
	KUNIT_EXPECT_TRUE(test, mm_test_bo_is_filled(gpu, bo, 0x3c));
	KUNIT_ASSERT_EQ(test, 0, mm_test_make_resident(bo));
	KUNIT_EXPECT_TRUE(test, mm_test_bo_is_filled(gpu, bo, 0x3c));
	KUNIT_EXPECT_EQ(test, 2 * SZ_256K, mp.bytes_moved);
	gpup_bo_put(bo);
	gpup_vidmm_partition_fini(&mp);
}

/* Nobody computes with what is not there, and nobody is told that it is. */
static void lost_contents_are_an_error(struct kunit *test)
{
	struct counted_vm *cvms = kunit_kcalloc(test, 2, sizeof(*cvms), GFP_KERNEL);
	struct mm_test_gpu *gpu = test->priv;
	struct counting_engine *engine;
	struct gpup_vm_hold *hold;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, cvms);
	engine = create_engine(test);
	for (i = 0; i < 2; i++) {
		create_cvm(test, engine, &cvms[i], i);
		submit(test, &cvms[i]);
		KUNIT_ASSERT_TRUE(test, reaches(cvms[i].tl, 1));
	}
	gpu->copy_fails = true;
	gpu->no_window = true;
	for (i = 0; i < 2; i++)
		KUNIT_ASSERT_EQ(test, 0, mm_test_evict(cvms[i].bos[2]));
	gpu->copy_fails = false;
	gpu->no_window = false;
	/* On the host the submission fails, */
	hold = gpup_vm_hold(cvms[0].vm);
	KUNIT_ASSERT_EQ(test, -EIO, PTR_ERR_OR_ZERO(hold));
	/* in a VM the job. */
	submit(test, &cvms[1]);
	KUNIT_EXPECT_TRUE(test, reaches(cvms[1].tl, 2));
	KUNIT_EXPECT_EQ(test, -EIO, gpup_timeline_error(cvms[1].tl));

	KUNIT_EXPECT_FALSE(test, gpup_bo_advise(cvms[0].bos[2], DRM_GPUP_BO_WILL_NEED));
	KUNIT_EXPECT_TRUE(test, gpup_bo_advise(cvms[0].bos[2], DRM_GPUP_BO_WILL_NEED));
	submit(test, &cvms[0]);
	KUNIT_ASSERT_TRUE(test, reaches(cvms[0].tl, 2));
	KUNIT_EXPECT_EQ(test, 1, *(u64 *)mm_test_bo_page(gpu, cvms[0].bos[2], 5));
	KUNIT_EXPECT_EQ(test, 2, *(u64 *)mm_test_bo_page(gpu, cvms[0].bos[1], 5));
	for (i = 0; i < 2; i++)
		destroy_cvm(&cvms[i]);
	destroy_engine(engine);
}

/* What can be neither copied nor cleared is another's: nobody sees it, and nobody gets it. */
static void unclean_vram_is_not_seen(struct kunit *test)
{
	struct counted_vm *cvms = kunit_kcalloc(test, 2, sizeof(*cvms), GFP_KERNEL);
	struct mm_test_gpu *gpu = test->priv;
	struct counting_engine *engine;
	struct ttm_resource *res;
	struct gpup_vm_hold *hold;
	u64 available, moved;
	struct gpup_bo *bo;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, cvms);
	engine = create_engine(test);
	for (i = 0; i < 2; i++)
		create_cvm(test, engine, &cvms[i], i);
	mm_test_settle(gpu);
	available = gpup_vidmm_available(gpu->mm);
	for (i = 0; i < 2; i++) {
		bo = cvms[i].bos[2];
		KUNIT_ASSERT_EQ(test, 0, mm_test_evict(bo));
		mm_test_settle(gpu);
		gpu->copy_fails = true;
		gpu->no_window = true;
		gpu->fail_end = TEST_VRAM;
		KUNIT_EXPECT_EQ(test, 0, mm_test_make_resident(bo));
		gpu->copy_fails = false;
		gpu->no_window = false;
		gpu->fail_end = 0;

		/* Neither by the CPU, */
		KUNIT_EXPECT_TRUE(test, bo->resident);
		KUNIT_EXPECT_EQ(test, -EIO, gpup_bo_cpu_lock(bo, false));
		KUNIT_EXPECT_EQ(test, -EIO, gpup_bo_cpu_lock(bo, true));
		res = bo->tbo.resource;
		KUNIT_EXPECT_EQ(test, -EIO, gpup_ttm_funcs.io_mem_reserve(&gpu->mm->ttm, res));
		/* whatever its owner says, */
		KUNIT_EXPECT_FALSE(test, gpup_bo_advise(bo, DRM_GPUP_BO_WILL_NEED));
		KUNIT_EXPECT_FALSE(test, gpup_bo_advise(bo, DRM_GPUP_BO_WILL_NEED));
	}
	/* nor by a job, */
	hold = gpup_vm_hold(cvms[0].vm);
	KUNIT_EXPECT_EQ(test, -EIO, PTR_ERR_OR_ZERO(hold));
	submit(test, &cvms[1]);
	KUNIT_EXPECT_TRUE(test, reaches(cvms[1].tl, 1));
	KUNIT_EXPECT_EQ(test, -EIO, gpup_timeline_error(cvms[1].tl));
	/* nor where it is evicted to; the VRAM is retired, and what is around it is not. */
	for (i = 0; i < 2; i++) {
		bo = cvms[i].bos[2];
		moved = cvms[i].mp.bytes_moved;
		KUNIT_EXPECT_EQ(test, 0, mm_test_evict(bo));
		KUNIT_EXPECT_EQ(test, moved, cvms[i].mp.bytes_moved);
		KUNIT_EXPECT_EQ(test, -EIO, gpup_bo_cpu_lock(bo, false));
		KUNIT_EXPECT_EQ(test, -EIO, mm_test_make_resident(bo));
		available -= OBJECT_PAGES * PAGE_SIZE;
		KUNIT_EXPECT_EQ(test, available, gpup_vidmm_available(gpu->mm));
	}
	for (i = 0; i < 2; i++)
		destroy_cvm(&cvms[i]);
	destroy_engine(engine);
}

/* What was evicted already is dropped at once, wherever it is. */
static void dropped_copies_are_freed(struct kunit *test)
{
	struct mm_test_gpu *gpu = test->priv;
	struct gpup_vidmm_partition mp;
	unsigned int swapped;
	struct gpup_bo *bo;

	mm_test_join(test, &mp, 0, TEST_VRAM);
	for (swapped = 0; swapped < 2; swapped++) {
		bo = mm_test_bo(test, &mp, SZ_256K, DRM_GPUP_BO_VRAM);
		mm_test_bo_fill(gpu, bo, 0x3c);
		KUNIT_ASSERT_EQ(test, 0, mm_test_evict(bo));
		dma_resv_lock(bo->tbo.base.resv, NULL);
		if (swapped)
			KUNIT_EXPECT_EQ(test, SZ_256K >> PAGE_SHIFT,
					gpup_tt_back_up(bo->tbo.ttm));
		dma_resv_unlock(bo->tbo.base.resv);
		KUNIT_EXPECT_FALSE(test, gpup_bo_advise(bo, DRM_GPUP_BO_DONT_NEED));
		KUNIT_EXPECT_NULL(test, bo->tbo.ttm->pages[0]);
		KUNIT_EXPECT_NULL(test, to_gpup_tt(bo->tbo.ttm)->backup);
		/* The CPU may look all the same; and what it writes then is not kept either. */
		KUNIT_ASSERT_EQ(test, 0, gpup_bo_cpu_lock(bo, false));
		KUNIT_EXPECT_TRUE(test, mm_test_bo_is_filled(gpu, bo, 0));
		gpup_bo_cpu_unlock(bo);
		KUNIT_EXPECT_FALSE(test, gpup_bo_advise(bo, DRM_GPUP_BO_WILL_NEED));
		KUNIT_EXPECT_TRUE(test, gpup_bo_advise(bo, DRM_GPUP_BO_WILL_NEED));
		KUNIT_ASSERT_EQ(test, 0, mm_test_make_resident(bo));
		KUNIT_EXPECT_TRUE(test, mm_test_bo_is_filled(gpu, bo, 0));
		mm_test_bo_fill(gpu, bo, 0x5a);
		KUNIT_ASSERT_EQ(test, 0, mm_test_evict(bo));
		KUNIT_ASSERT_EQ(test, 0, mm_test_make_resident(bo));
		KUNIT_EXPECT_TRUE(test, mm_test_bo_is_filled(gpu, bo, 0x5a));
		gpup_bo_put(bo);
	}
	gpup_vidmm_partition_fini(&mp);
}

/* Whatever the allocator has left in the pages of a block, each is one page after the split. */
static void split_blocks_are_single_pages(struct kunit *test)
{
	struct mm_test_gpu *gpu = test->priv;
	struct gpup_vidmm_partition mp;
	struct page **pages;
	struct gpup_bo *bo;
	unsigned long i;

	mm_test_join(test, &mp, 0, TEST_VRAM);
	bo = mm_test_bo(test, &mp, SZ_256K, DRM_GPUP_BO_VRAM);
	mm_test_bo_fill(gpu, bo, 0x4d);
	KUNIT_ASSERT_EQ(test, 0, mm_test_evict(bo));
	pages = bo->tbo.ttm->pages;
	for (i = 0; i < SZ_256K >> PAGE_SHIFT; i++)
		if (!page_count(pages[i]))
			set_page_private(pages[i], 3);
	KUNIT_ASSERT_EQ(test, 0, gpup_bo_cpu_lock(bo, false));
	for (i = 0; i < SZ_256K >> PAGE_SHIFT; i++) {
		KUNIT_EXPECT_EQ(test, 0, page_private(pages[i]));
		KUNIT_EXPECT_EQ(test, 1, page_count(pages[i]));
	}
	KUNIT_EXPECT_TRUE(test, mm_test_bo_is_filled(gpu, bo, 0x4d));
	gpup_bo_cpu_unlock(bo);
	gpup_bo_put(bo);
	gpup_vidmm_partition_fini(&mp);
}

/* Under memory pressure the pages go to a file; whoever looks at them finds them again. */
static void swapped_contents_come_back(struct kunit *test)
{
	struct mm_test_gpu *gpu = test->priv;
	struct gpup_vidmm_partition mp;
	struct gpup_bo *bo;

	mm_test_join(test, &mp, 0, TEST_VRAM);
	bo = mm_test_bo(test, &mp, SZ_1M, DRM_GPUP_BO_VRAM);
	mm_test_bo_fill(gpu, bo, 0x69);
	KUNIT_ASSERT_EQ(test, 0, mm_test_evict(bo));
	dma_resv_lock(bo->tbo.base.resv, NULL);
	KUNIT_EXPECT_EQ(test, SZ_1M >> PAGE_SHIFT, gpup_tt_back_up(bo->tbo.ttm));
	KUNIT_EXPECT_NULL(test, bo->tbo.ttm->pages[0]);
	KUNIT_EXPECT_EQ(test, 0, gpup_tt_back_up(bo->tbo.ttm));
	dma_resv_unlock(bo->tbo.base.resv);
	KUNIT_ASSERT_EQ(test, 0, gpup_bo_cpu_lock(bo, false));
	KUNIT_EXPECT_TRUE(test, mm_test_bo_is_filled(gpu, bo, 0x69));
	KUNIT_EXPECT_EQ(test, SZ_1M >> PAGE_SHIFT, gpup_tt_back_up(bo->tbo.ttm));
	gpup_bo_cpu_unlock(bo);
	KUNIT_ASSERT_EQ(test, 0, mm_test_make_resident(bo));
	KUNIT_EXPECT_TRUE(test, mm_test_bo_is_filled(gpu, bo, 0x69));
	/* And freed while it is there. */
	KUNIT_ASSERT_EQ(test, 0, mm_test_evict(bo));
	dma_resv_lock(bo->tbo.base.resv, NULL);
	KUNIT_EXPECT_EQ(test, SZ_1M >> PAGE_SHIFT, gpup_tt_back_up(bo->tbo.ttm));
	dma_resv_unlock(bo->tbo.base.resv);
	gpup_bo_put(bo);
	gpup_vidmm_partition_fini(&mp);
}

static unsigned long shrink(struct gpup_vidmm *mm)
{
	struct shrink_control sc = { .gfp_mask = GFP_KERNEL, .nr_to_scan = 1 };

	return mm->shrinker->scan_objects(mm->shrinker, &sc);
}

static bool is_in_swap(struct gpup_bo *bo)
{
	return to_gpup_tt(bo->tbo.ttm)->backup && !gpup_tt_in_memory(bo->tbo.ttm);
}

/* Those with nothing to give are in nobody's way, whosever they are. */
static void swap_takes_all_in_their_turns(struct kunit *test)
{
	struct gpup_vidmm_partition *mps = kunit_kcalloc(test, 2, sizeof(*mps), GFP_KERNEL);
	const unsigned long pages = SZ_256K >> PAGE_SHIFT;
	struct mm_test_gpu *gpu = test->priv;
	struct gpup_vidmm *mm = gpu->mm;
	struct gpup_bo *bos[2], *nothing[40];
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, mps);
	for (i = 0; i < 2; i++)
		mm_test_join(test, &mps[i], 0, TEST_VRAM);
	for (i = 0; i < ARRAY_SIZE(nothing); i++) {
		nothing[i] = mm_test_bo(test, &mps[0], PAGE_SIZE, DRM_GPUP_BO_VRAM);
		gpup_bo_advise(nothing[i], DRM_GPUP_BO_DONT_NEED);
		KUNIT_ASSERT_EQ(test, 0, mm_test_evict(nothing[i]));
	}
	KUNIT_EXPECT_EQ(test, SHRINK_STOP, shrink(mm));
	for (i = 0; i < 2; i++) {
		bos[i] = mm_test_bo(test, &mps[1 - i], SZ_256K, DRM_GPUP_BO_VRAM);
		mm_test_bo_fill(gpu, bos[i], 0x60 + i);
		KUNIT_ASSERT_EQ(test, 0, mm_test_evict(bos[i]));
	}
	KUNIT_EXPECT_EQ(test, 2 * SZ_256K, mm->swappable_bytes);
	KUNIT_EXPECT_EQ(test, pages, shrink(mm));
	KUNIT_EXPECT_TRUE(test, is_in_swap(bos[0]));
	KUNIT_EXPECT_FALSE(test, is_in_swap(bos[1]));
	KUNIT_EXPECT_EQ(test, SZ_256K, mm->swappable_bytes);
	/* One that cannot go at present is tried again. */
	dma_resv_lock(bos[1]->tbo.base.resv, NULL);
	KUNIT_EXPECT_EQ(test, SHRINK_STOP, shrink(mm));
	dma_resv_unlock(bos[1]->tbo.base.resv);
	mm_test_settle(gpu);
	KUNIT_EXPECT_EQ(test, pages, shrink(mm));
	KUNIT_EXPECT_TRUE(test, is_in_swap(bos[1]));
	KUNIT_EXPECT_EQ(test, 0, mm->swappable_bytes);
	mm_test_settle(gpu);

	/* Whatever brings pages back lets them go again. */
	KUNIT_ASSERT_EQ(test, 0, gpup_bo_cpu_lock(bos[0], false));
	KUNIT_EXPECT_TRUE(test, mm_test_bo_is_filled(gpu, bos[0], 0x60));
	gpup_bo_cpu_unlock(bos[0]);
	KUNIT_EXPECT_EQ(test, SZ_256K, mm->swappable_bytes);
	KUNIT_EXPECT_EQ(test, pages, shrink(mm));
	mm_test_settle(gpu);
	KUNIT_ASSERT_EQ(test, 0, mm_test_make_resident(bos[0]));
	KUNIT_EXPECT_EQ(test, 0, mm->swappable_bytes);
	KUNIT_EXPECT_TRUE(test, mm_test_bo_is_filled(gpu, bos[0], 0x60));
	KUNIT_ASSERT_EQ(test, 0, mm_test_evict(bos[0]));
	KUNIT_EXPECT_EQ(test, SZ_256K, mm->swappable_bytes);
	KUNIT_EXPECT_FALSE(test, gpup_bo_advise(bos[0], DRM_GPUP_BO_DONT_NEED));
	KUNIT_EXPECT_EQ(test, 0, mm->swappable_bytes);

	for (i = 0; i < ARRAY_SIZE(nothing); i++)
		gpup_bo_put(nothing[i]);
	for (i = 0; i < 2; i++)
		gpup_bo_put(bos[i]);
	for (i = 0; i < 2; i++)
		gpup_vidmm_partition_fini(&mps[i]);
	KUNIT_EXPECT_TRUE(test, list_empty(&mm->swappable));
}

static struct kunit_case residency_cases[] = {
	KUNIT_CASE_SLOW(all_have_their_turn_with_all_their_memory),
	KUNIT_CASE(what_cannot_be_resident_does_not_run),
	KUNIT_CASE(dropped_contents_are_zero),
	KUNIT_CASE(dropped_contents_are_nobodys),
	KUNIT_CASE(the_cpu_copies_if_the_gpu_cannot),
	KUNIT_CASE(lost_contents_are_an_error),
	KUNIT_CASE(unclean_vram_is_not_seen),
	KUNIT_CASE(dropped_copies_are_freed),
	KUNIT_CASE(split_blocks_are_single_pages),
	KUNIT_CASE(swapped_contents_come_back),
	KUNIT_CASE(swap_takes_all_in_their_turns),
	{}
};

static struct kunit_suite residency_suite = {
	.name = "gpup_vidmm_residency",
	.init = mm_test_init,
	.exit = mm_test_exit,
	.test_cases = residency_cases,
};

kunit_test_suite(residency_suite);
