// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of address spaces and of the binds that change them.
 */
#include <linux/delay.h>
#include <linux/prandom.h>
#include <linux/slab.h>

#include "vidmm_test_gpu.h"

static struct gpup_bind_op map_op(struct gpup_bo *bo, u64 from, u64 page, u64 pages)
{
	return (struct gpup_bind_op) {
		.op = DRM_GPUP_BIND_MAP,
		.bo = bo,
		.bo_offset = from << PAGE_SHIFT,
		.va = TEST_VA_START + (page << PAGE_SHIFT),
		.size = pages << PAGE_SHIFT,
	};
}

static struct gpup_bind_op unmap_op(u64 page, u64 pages)
{
	return (struct gpup_bind_op) {
		.op = DRM_GPUP_BIND_UNMAP,
		.va = TEST_VA_START + (page << PAGE_SHIFT),
		.size = pages << PAGE_SHIFT,
	};
}

static int bind_after(struct gpup_vm *vm, struct gpup_bind_op op, const struct gpup_wait *wait)
{
	u64 value = 0;

	return gpup_vm_bind(vm, &op, 1, wait, wait ? 1 : 0, NULL, &value);
}

static int bind(struct gpup_vm *vm, struct gpup_bind_op op)
{
	return bind_after(vm, op, NULL);
}

static struct gpup_vm *create_vm(struct kunit *test, struct gpup_vidmm_partition *mp)
{
	struct gpup_timeline *tl = gpup_timeline_create(NULL, NULL);
	struct gpup_vm *vm;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, tl);
	vm = gpup_vm_create(mp, tl, NULL);
	gpup_timeline_put(tl);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, vm);
	return vm;
}

static void destroy_vm(struct kunit *test, struct gpup_vm *vm)
{
	gpup_vm_close(vm);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&vm->mappings));
	gpup_vm_put(vm);
}

/* A timeline with one value that is not reached yet. */
static struct gpup_wait create_gate(struct kunit *test)
{
	struct gpup_wait gate = { .timeline = gpup_timeline_create(NULL, NULL) };

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, gate.timeline);
	KUNIT_ASSERT_EQ(test, 0, gpup_timeline_submit(gate.timeline, &gate.value));
	return gate;
}

static void open_gate(struct gpup_wait *gate)
{
	gpup_timeline_complete(gate->timeline, gate->value, 0, 0);
}

static unsigned int count_mappings(struct gpup_vm *vm)
{
	struct drm_gpuva *va;
	unsigned int count = 0;

	drm_gpuvm_for_each_va(va, &vm->base)
		count++;
	return count;
}

/* Each holds the object that it maps, also what remains of one that was split. */
static bool mappings_hold_their_objects(struct gpup_vm *vm)
{
	struct drm_gpuva *va;

	drm_gpuvm_for_each_va(va, &vm->base) {
		struct gpup_mapping *mapping = container_of(va, struct gpup_mapping, va);
		u64 page = (va->va.addr - TEST_VA_START) >> PAGE_SHIFT;

		if (&mapping->bo->tbo.base != va->gem.obj ||
		    mapping->writable != vm->as->writable[page] ||
		    mm_test_bo_entry(mapping->bo, va->gem.offset >> PAGE_SHIFT) !=
		    vm->as->entry[page])
			return false;
	}
	return true;
}

#define MODEL_OBJECTS	4
#define MODEL_OPS	8
#define MODEL_STEPS	3000

struct model {
	struct gpup_bo *bo[TEST_VA_PAGES];
	u64 page[TEST_VA_PAGES];
	bool writable[TEST_VA_PAGES];
};

static bool model_holds(const struct model *model, const struct gpup_vm *vm)
{
	u64 i;

	for (i = 0; i < TEST_VA_PAGES; i++)
		if (vm->as->entry[i] !=
		    (model->bo[i] ? mm_test_bo_entry(model->bo[i], model->page[i]) : 0) ||
		    vm->as->writable[i] != model->writable[i])
			return false;
	return true;
}

/* As before a job: all that is bound is in place. */
static noinline_for_stack void place_all(struct kunit *test, struct gpup_vm *vm)
{
	struct gpup_vm_hold *hold = gpup_vm_hold(vm);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, hold);
	gpup_vm_unhold(hold, NULL);
}

static void model_run(struct model *model, const struct gpup_bind_op *op)
{
	u64 page = (op->va - TEST_VA_START) >> PAGE_SHIFT;
	u64 i;

	for (i = 0; i < op->size >> PAGE_SHIFT; i++) {
		model->bo[page + i] = op->bo;
		model->page[page + i] = (op->bo_offset >> PAGE_SHIFT) + i;
		model->writable[page + i] = op->bo && !(op->flags & DRM_GPUP_BIND_READONLY);
	}
}

static struct gpup_bind_op random_op(struct rnd_state *rnd, struct gpup_bo **bos)
{
	u64 page = prandom_u32_state(rnd) % TEST_VA_PAGES;
	u64 pages = 1 + prandom_u32_state(rnd) % min_t(u64, TEST_VA_PAGES - page, 40);
	struct gpup_bo *bo = bos[prandom_u32_state(rnd) % MODEL_OBJECTS];
	u64 from = prandom_u32_state(rnd) % ((gpup_bo_size(bo) >> PAGE_SHIFT) - pages + 1);
	struct gpup_bind_op op;

	if (prandom_u32_state(rnd) % 3 == 0)
		return unmap_op(page, pages);
	op = map_op(bo, from, page, pages);
	op.flags = prandom_u32_state(rnd) % 4 ? 0 : DRM_GPUP_BIND_READONLY;
	return op;
}

static noinline_for_stack void check_model(struct kunit *test, struct gpup_vm *vm,
					   const struct model *model, struct gpup_bo *evict)
{
	struct mm_test_gpu *gpu = test->priv;

	if (evict)
		KUNIT_ASSERT_EQ(test, 0, mm_test_evict(evict));
	place_all(test, vm);
	flush_workqueue(gpu->mm->wq);
	KUNIT_ASSERT_TRUE(test, model_holds(model, vm));
	KUNIT_ASSERT_EQ(test, count_mappings(vm), atomic_read(&vm->mappings));
	KUNIT_ASSERT_TRUE(test, mappings_hold_their_objects(vm));
}

static void random_binds_follow_the_model(struct kunit *test)
{
	struct model *model = kunit_kzalloc(test, sizeof(*model), GFP_KERNEL);
	struct gpup_bind_op *ops = kunit_kcalloc(test, MODEL_OPS, sizeof(*ops), GFP_KERNEL);
	struct gpup_bo *bos[MODEL_OBJECTS];
	struct gpup_vidmm_partition mp;
	struct rnd_state rnd;
	struct gpup_vm *vm;
	int step, i;

	KUNIT_ASSERT_NOT_NULL(test, model);
	KUNIT_ASSERT_NOT_NULL(test, ops);
	prandom_seed_state(&rnd, 42);
	mm_test_join(test, &mp, 0, TEST_VRAM);
	vm = create_vm(test, &mp);
	for (i = 0; i < MODEL_OBJECTS; i++)
		bos[i] = mm_test_bo(test, &mp, (40 + 20 * i) * PAGE_SIZE,
				    i == 1 ? DRM_GPUP_BO_SYSTEM : DRM_GPUP_BO_VRAM);

	for (step = 0; step < MODEL_STEPS; step++) {
		unsigned int count = 1 + prandom_u32_state(&rnd) % MODEL_OPS;
		u64 value = step + 1;

		for (i = 0; i < count; i++) {
			ops[i] = random_op(&rnd, bos);
			model_run(model, &ops[i]);
		}
		KUNIT_ASSERT_EQ(test, 0, gpup_vm_bind(vm, ops, count, NULL, 0, NULL, &value));
		if (step % 3)
			continue;
		/* Objects go while binds are at work; what follows brings them back. */
		check_model(test, vm, model, step % 2 ? bos[2 * (step % 4 / 2)] : NULL);
	}
	gpup_vm_close(vm);
	KUNIT_EXPECT_NULL(test, memchr_inv(vm->as->entry, 0, sizeof(vm->as->entry)));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&vm->mappings));
	gpup_vm_put(vm);
	for (i = 0; i < MODEL_OBJECTS; i++) {
		KUNIT_EXPECT_EQ(test, 1, kref_read(&bos[i]->tbo.base.refcount));
		gpup_bo_put(bos[i]);
	}
	gpup_vidmm_partition_fini(&mp);
}

static void malformed_binds_change_nothing(struct kunit *test)
{
	struct gpup_bind_op *ops = kunit_kcalloc(test, 24, sizeof(*ops), GFP_KERNEL);
	struct gpup_vidmm_partition mp, other;
	struct gpup_bo *bo, *foreign;
	unsigned int n = 0, i;
	struct gpup_vm *vm;

	KUNIT_ASSERT_NOT_NULL(test, ops);
	mm_test_join(test, &mp, 0, TEST_VRAM / 2);
	mm_test_join(test, &other, 0, TEST_VRAM / 2);
	vm = create_vm(test, &mp);
	bo = mm_test_bo(test, &mp, 4 * PAGE_SIZE, DRM_GPUP_BO_VRAM);
	foreign = mm_test_bo(test, &other, 4 * PAGE_SIZE, DRM_GPUP_BO_VRAM);

	/* Ranges of the object and of the address space. */
	ops[n++] = map_op(bo, 0, 0, 0);
	ops[n++] = map_op(bo, 0, 0, 5);
	ops[n++] = map_op(bo, 1, 0, 4);
	ops[n++] = map_op(bo, 4, 0, 1);
	ops[n++] = map_op(bo, U64_MAX >> PAGE_SHIFT, 0, 2);
	ops[n++] = map_op(bo, 0, TEST_VA_PAGES, 1);
	ops[n++] = map_op(bo, 0, TEST_VA_PAGES - 1, 2);
	ops[n++] = map_op(bo, 0, -1, 1);
	ops[n++] = unmap_op(0, 0);
	ops[n++] = unmap_op(0, TEST_VA_PAGES + 1);
	ops[n++] = unmap_op(1, U64_MAX >> PAGE_SHIFT);

	/* Objects. */
	ops[n++] = map_op(foreign, 0, 0, 1);
	ops[n] = map_op(bo, 0, 0, 1);
	ops[n++].bo = NULL;
	ops[n] = unmap_op(0, 1);
	ops[n++].bo = bo;
	ops[n] = unmap_op(0, 1);
	ops[n++].bo_offset = PAGE_SIZE;

	/* Alignment, flags, and the operation itself. */
	ops[n] = map_op(bo, 0, 0, 1);
	ops[n++].va += 1;
	ops[n] = map_op(bo, 0, 0, 1);
	ops[n++].size -= 1;
	ops[n] = map_op(bo, 0, 0, 1);
	ops[n++].bo_offset = PAGE_SIZE / 2;
	ops[n] = map_op(bo, 0, 0, 1);
	ops[n++].flags = ~DRM_GPUP_BIND_READONLY;
	ops[n] = unmap_op(0, 1);
	ops[n++].flags = DRM_GPUP_BIND_READONLY;
	ops[n] = map_op(bo, 0, 0, 1);
	ops[n++].op = DRM_GPUP_BIND_UNMAP + 1;

	for (i = 0; i < n; i++) {
		struct gpup_bind_op two[] = { map_op(bo, 0, 0, 1), ops[i] };
		u64 value = 0;

		KUNIT_EXPECT_EQ_MSG(test, -EINVAL, bind(vm, ops[i]), "operation %u", i);
		KUNIT_EXPECT_EQ_MSG(test, -EINVAL, gpup_vm_bind(vm, two, 2, NULL, 0, NULL, &value),
				    "operation %u as the second", i);
	}
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&vm->mappings));
	KUNIT_EXPECT_EQ(test, 0, vm->timeline->submitted);
	KUNIT_EXPECT_EQ(test, 1, kref_read(&bo->tbo.base.refcount));
	destroy_vm(test, vm);
	gpup_bo_put(bo);
	gpup_bo_put(foreign);
	gpup_vidmm_partition_fini(&mp);
	gpup_vidmm_partition_fini(&other);
}

static void failed_preparation_changes_nothing(struct kunit *test)
{
	struct mm_test_gpu *gpu = test->priv;
	struct gpup_vidmm_partition mp;
	struct gpup_bind_op ops[3];
	struct gpup_bo *bo;
	struct gpup_vm *vm;
	int i;

	mm_test_join(test, &mp, 0, TEST_VRAM);
	vm = create_vm(test, &mp);
	bo = mm_test_bo(test, &mp, PAGE_SIZE, DRM_GPUP_BO_VRAM);
	for (i = 0; i < ARRAY_SIZE(ops); i++)
		ops[i] = map_op(bo, 0, i, 1);
	for (i = 1; i <= ARRAY_SIZE(ops); i++) {
		u64 value = 0;

		gpu->prepare_fails_at = i;
		KUNIT_EXPECT_EQ(test, -ENOMEM,
				gpup_vm_bind(vm, ops, ARRAY_SIZE(ops), NULL, 0, NULL, &value));
		KUNIT_EXPECT_EQ(test, 0, atomic_read(&vm->mappings));
		KUNIT_EXPECT_EQ(test, 1, kref_read(&bo->tbo.base.refcount));
		KUNIT_EXPECT_EQ(test, 0, vm->timeline->submitted);
	}
	destroy_vm(test, vm);
	gpup_bo_put(bo);
	gpup_vidmm_partition_fini(&mp);
}

static void mappings_are_limited_but_can_be_unmapped(struct kunit *test)
{
	struct mm_test_gpu *gpu = test->priv;
	struct gpup_vidmm_partition mp;
	struct gpup_bo *bo;
	struct gpup_vm *vm;
	int others;

	mm_test_join(test, &mp, 0, TEST_VRAM);
	vm = create_vm(test, &mp);
	bo = mm_test_bo(test, &mp, 8 * PAGE_SIZE, DRM_GPUP_BO_VRAM);
	KUNIT_ASSERT_EQ(test, 0, bind(vm, map_op(bo, 0, 0, 8)));
	flush_workqueue(gpu->mm->wq);

	/* As if there were as many more. */
	others = GPUP_VM_MAX_MAPPINGS - 1 - 2;
	atomic_add(others, &vm->mappings);
	KUNIT_EXPECT_EQ(test, -ENOMEM, bind(vm, map_op(bo, 0, 20, 1)));
	KUNIT_EXPECT_EQ(test, others + 1, atomic_read(&vm->mappings));
	atomic_add(2, &vm->mappings);
	KUNIT_EXPECT_EQ(test, 0, bind(vm, unmap_op(3, 1)));
	flush_workqueue(gpu->mm->wq);
	KUNIT_EXPECT_EQ(test, 0, vm->as->entry[3]);
	KUNIT_EXPECT_EQ(test, 2, count_mappings(vm));
	KUNIT_EXPECT_EQ(test, 0, bind(vm, unmap_op(0, 8)));
	flush_workqueue(gpu->mm->wq);
	atomic_sub(others + 2, &vm->mappings);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&vm->mappings));

	destroy_vm(test, vm);
	gpup_bo_put(bo);
	gpup_vidmm_partition_fini(&mp);
}

static void memory_of_the_host_is_limited(struct kunit *test)
{
	struct gpup_timeline *tl = gpup_timeline_create(NULL, NULL);
	struct mm_test_gpu *gpu = test->priv;
	struct gpup_vidmm_partition mp;
	struct gpup_bo *bo;
	struct gpup_vm *vm;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, tl);
	mm_test_join(test, &mp, 0, TEST_VRAM);
	vm = create_vm(test, &mp);
	bo = mm_test_bo(test, &mp, PAGE_SIZE, DRM_GPUP_BO_VRAM);

	/* The page tables grow, and that they did counts although the bind has failed. */
	gpu->as_memory = SZ_64M + (TEST_VRAM + TEST_SYSTEM_MAX) / 8;
	KUNIT_EXPECT_EQ(test, -ENOMEM, bind(vm, map_op(bo, 0, 0, 1)));
	KUNIT_EXPECT_EQ(test, gpu->as_memory, mp.overhead);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&vm->mappings));
	KUNIT_EXPECT_EQ(test, -ENOMEM, bind(vm, unmap_op(0, 1)));
	gpu->as_memory = 1;
	KUNIT_EXPECT_EQ(test, -ENOMEM, PTR_ERR(gpup_vm_create(&mp, tl, NULL)));
	destroy_vm(test, vm);
	KUNIT_EXPECT_EQ(test, 0, mp.overhead);

	vm = create_vm(test, &mp);
	KUNIT_EXPECT_EQ(test, 0, bind(vm, map_op(bo, 0, 0, 1)));
	destroy_vm(test, vm);
	gpup_timeline_put(tl);
	gpup_bo_put(bo);
	gpup_vidmm_partition_fini(&mp);
}

static void binds_in_flight_are_limited(struct kunit *test)
{
	struct gpup_wait gate = create_gate(test);
	struct mm_test_gpu *gpu = test->priv;
	struct gpup_vidmm_partition mp;
	struct gpup_vm *vm;
	int i;

	mm_test_join(test, &mp, 0, TEST_VRAM);
	vm = create_vm(test, &mp);
	for (i = 0; i < GPUP_VM_MAX_BINDS; i++)
		KUNIT_ASSERT_EQ(test, 0, bind_after(vm, unmap_op(0, 1), &gate));
	KUNIT_EXPECT_EQ(test, -EBUSY, bind(vm, unmap_op(0, 1)));
	KUNIT_EXPECT_EQ(test, GPUP_VM_MAX_BINDS, vm->timeline->submitted);
	open_gate(&gate);
	flush_workqueue(gpu->mm->wq);
	KUNIT_EXPECT_EQ(test, GPUP_VM_MAX_BINDS, vm->timeline->completed);
	KUNIT_EXPECT_EQ(test, 0, bind(vm, unmap_op(0, 1)));
	destroy_vm(test, vm);
	gpup_timeline_put(gate.timeline);
	gpup_vidmm_partition_fini(&mp);
}

static void binds_keep_their_order(struct kunit *test)
{
	struct gpup_wait first = create_gate(test), second = create_gate(test);
	struct mm_test_gpu *gpu = test->priv;
	struct gpup_vidmm_partition mp;
	struct gpup_bind_op op;
	struct gpup_bo *bo;
	struct gpup_vm *vm;
	u64 value;

	mm_test_join(test, &mp, 0, TEST_VRAM);
	vm = create_vm(test, &mp);
	bo = mm_test_bo(test, &mp, PAGE_SIZE, DRM_GPUP_BO_VRAM);
	op = map_op(bo, 0, 0, 1);

	KUNIT_ASSERT_EQ(test, 0, bind_after(vm, op, &first));
	KUNIT_ASSERT_EQ(test, 0, bind_after(vm, unmap_op(0, 1), &second));
	KUNIT_ASSERT_EQ(test, 0, bind(vm, map_op(bo, 0, 1, 1)));
	flush_workqueue(gpu->mm->wq);
	KUNIT_EXPECT_EQ(test, 0, vm->timeline->completed);
	/* The second may not overtake the first. */
	open_gate(&second);
	flush_workqueue(gpu->mm->wq);
	KUNIT_EXPECT_EQ(test, 0, vm->timeline->completed);
	KUNIT_EXPECT_EQ(test, 0, vm->as->entry[1]);
	open_gate(&first);
	flush_workqueue(gpu->mm->wq);
	KUNIT_EXPECT_EQ(test, 3, vm->timeline->completed);
	place_all(test, vm);
	KUNIT_EXPECT_EQ(test, 0, vm->as->entry[0]);
	KUNIT_EXPECT_EQ(test, mm_test_bo_entry(bo, 0), vm->as->entry[1]);

	/* A value that is not the next one is refused. */
	value = 3;
	KUNIT_EXPECT_EQ(test, -EINVAL, gpup_vm_bind(vm, &op, 1, NULL, 0, NULL, &value));
	value = 5;
	KUNIT_EXPECT_EQ(test, -EINVAL, gpup_vm_bind(vm, &op, 1, NULL, 0, NULL, &value));
	value = 4;
	KUNIT_EXPECT_EQ(test, 0, gpup_vm_bind(vm, &op, 1, NULL, 0, NULL, &value));

	destroy_vm(test, vm);
	gpup_bo_put(bo);
	gpup_timeline_put(first.timeline);
	gpup_timeline_put(second.timeline);
	gpup_vidmm_partition_fini(&mp);
}

static void fences_are_waited_for_and_signalled(struct kunit *test)
{
	struct gpup_wait gate = create_gate(test), wait = {};
	struct mm_test_gpu *gpu = test->priv;
	struct gpup_vidmm_partition mp;
	struct dma_fence *done;
	struct gpup_bind_op op;
	struct gpup_bo *bo;
	struct gpup_vm *vm;
	u64 value = 0;

	mm_test_join(test, &mp, 0, TEST_VRAM);
	vm = create_vm(test, &mp);
	bo = mm_test_bo(test, &mp, PAGE_SIZE, DRM_GPUP_BO_VRAM);
	op = map_op(bo, 0, 0, 1);
	wait.fence = gpup_fence_create(gate.timeline);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, wait.fence);
	gpup_fence_arm(wait.fence, gate.value);
	done = gpup_fence_create(vm->timeline);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, done);

	KUNIT_ASSERT_EQ(test, 0, gpup_vm_bind(vm, &op, 1, &wait, 1, done, &value));
	flush_workqueue(gpu->mm->wq);
	KUNIT_EXPECT_EQ(test, 0, dma_fence_get_status(done));
	open_gate(&gate);
	flush_workqueue(gpu->mm->wq);
	KUNIT_EXPECT_EQ(test, 1, dma_fence_get_status(done));
	place_all(test, vm);
	KUNIT_EXPECT_EQ(test, mm_test_bo_entry(bo, 0), vm->as->entry[0]);

	dma_fence_put(done);
	dma_fence_put(wait.fence);
	destroy_vm(test, vm);
	gpup_bo_put(bo);
	gpup_timeline_put(gate.timeline);
	gpup_vidmm_partition_fini(&mp);
}

static void lost_address_space_changes_no_more(struct kunit *test)
{
	struct gpup_wait gate = create_gate(test);
	struct mm_test_gpu *gpu = test->priv;
	struct gpup_vidmm_partition mp;
	struct gpup_bo *bo;
	struct gpup_vm *vm;

	mm_test_join(test, &mp, 0, TEST_VRAM);
	vm = create_vm(test, &mp);
	bo = mm_test_bo(test, &mp, PAGE_SIZE, DRM_GPUP_BO_VRAM);
	KUNIT_ASSERT_EQ(test, 0, bind_after(vm, map_op(bo, 0, 0, 1), &gate));
	KUNIT_ASSERT_EQ(test, 0, bind(vm, map_op(bo, 0, 1, 1)));
	gpup_vm_fail(vm, -ENOMEM);
	KUNIT_EXPECT_EQ(test, -EIO, bind(vm, map_op(bo, 0, 2, 1)));
	open_gate(&gate);
	flush_workqueue(gpu->mm->wq);
	KUNIT_EXPECT_EQ(test, 2, vm->timeline->completed);
	KUNIT_EXPECT_EQ(test, -ENOMEM, gpup_timeline_error(vm->timeline));
	KUNIT_EXPECT_NULL(test, memchr_inv(vm->as->entry, 0, sizeof(vm->as->entry)));
	KUNIT_EXPECT_EQ(test, 1, kref_read(&bo->tbo.base.refcount));
	destroy_vm(test, vm);
	gpup_bo_put(bo);
	gpup_timeline_put(gate.timeline);
	gpup_vidmm_partition_fini(&mp);
}

static void close_cancels_what_waits(struct kunit *test)
{
	struct gpup_wait gate = create_gate(test);
	struct gpup_vidmm_partition mp;
	struct gpup_bind_op op;
	struct dma_fence *done;
	struct gpup_bo *bo;
	struct gpup_vm *vm;
	u64 value = 0;
	int i;

	mm_test_join(test, &mp, 0, TEST_VRAM);
	vm = create_vm(test, &mp);
	bo = mm_test_bo(test, &mp, PAGE_SIZE, DRM_GPUP_BO_VRAM);
	op = map_op(bo, 0, 0, 1);
	done = gpup_fence_create(vm->timeline);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, done);
	KUNIT_ASSERT_EQ(test, 0, gpup_vm_bind(vm, &op, 1, &gate, 1, done, &value));
	for (i = 1; i < 10; i++)
		KUNIT_ASSERT_EQ(test, 0, bind_after(vm, op, &gate));
	gpup_vm_close(vm);
	KUNIT_EXPECT_EQ(test, 10, vm->timeline->completed);
	KUNIT_EXPECT_EQ(test, -ECANCELED, gpup_timeline_error(vm->timeline));
	KUNIT_EXPECT_EQ(test, -ECANCELED, dma_fence_get_status(done));
	KUNIT_EXPECT_EQ(test, 1, kref_read(&bo->tbo.base.refcount));
	KUNIT_EXPECT_NE(test, 0, bind(vm, op));
	open_gate(&gate);
	gpup_vm_put(vm);
	dma_fence_put(done);
	gpup_bo_put(bo);
	gpup_timeline_put(gate.timeline);
	gpup_vidmm_partition_fini(&mp);
}

/* Somebody else, who lets the binds go. */
struct opener {
	struct work_struct work;
	struct gpup_wait gate;
	unsigned int delay_us;
};

static void opener_work(struct work_struct *work)
{
	struct opener *opener = container_of(work, struct opener, work);

	usleep_range(opener->delay_us, opener->delay_us + 10);
	open_gate(&opener->gate);
}

static void close_races_with_what_is_waited_for(struct kunit *test)
{
	struct gpup_vidmm_partition mp;
	struct opener opener;
	struct gpup_bo *bo;
	struct gpup_vm *vm;
	int round, i;

	mm_test_join(test, &mp, 0, TEST_VRAM);
	bo = mm_test_bo(test, &mp, 4 * PAGE_SIZE, DRM_GPUP_BO_VRAM);
	INIT_WORK_ONSTACK(&opener.work, opener_work);
	for (round = 0; round < 200; round++) {
		opener.gate = create_gate(test);
		opener.delay_us = round % 40;
		vm = create_vm(test, &mp);
		for (i = 0; i < 20; i++)
			KUNIT_ASSERT_EQ(test, 0, bind_after(vm, map_op(bo, i % 4, i, 1),
							    &opener.gate));
		queue_work(system_unbound_wq, &opener.work);
		usleep_range(20, 30);
		gpup_vm_close(vm);
		KUNIT_EXPECT_EQ(test, 20, vm->timeline->completed);
		KUNIT_EXPECT_EQ(test, 0, atomic_read(&vm->mappings));
		gpup_vm_put(vm);
		flush_work(&opener.work);
		gpup_timeline_put(opener.gate.timeline);
		KUNIT_ASSERT_EQ(test, 1, kref_read(&bo->tbo.base.refcount));
	}
	destroy_work_on_stack(&opener.work);
	gpup_bo_put(bo);
	gpup_vidmm_partition_fini(&mp);
}

/* The owner of foreign pages. */
struct page_owner {
	struct page *pages[3];
	unsigned long released;
	/* A partition that ends as soon as it gets them back, or NULL. */
	struct gpup_vidmm_partition *mp;
	/* What was charged to it at that moment. */
	u64 charged;
};

static struct page_owner *create_pages(struct kunit *test)
{
	struct page_owner *owner = kunit_kzalloc(test, sizeof(*owner), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, owner);
	for (i = 0; i < ARRAY_SIZE(owner->pages); i++) {
		owner->pages[i] = alloc_page(GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, owner->pages[i]);
	}
	return owner;
}

static void free_pages_of(struct page_owner *owner)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(owner->pages); i++)
		__free_page(owner->pages[i]);
}

static void take_back(struct page **pages, unsigned long count, void *data)
{
	struct page_owner *owner = data;

	owner->released += count;
	if (owner->mp) {
		owner->charged = owner->mp->system_used;
		gpup_vidmm_partition_fini(owner->mp);
	}
}

static void foreign_pages_are_released_once(struct kunit *test)
{
	struct page_owner *owner = create_pages(test);
	const unsigned long count = ARRAY_SIZE(owner->pages);
	struct mm_test_gpu *gpu = test->priv;
	struct gpup_vidmm_partition mp;
	struct gpup_vm *vm;
	struct gpup_bo *bo;
	unsigned int i;

	mm_test_join(test, &mp, 0, 0);
	vm = create_vm(test, &mp);
	bo = gpup_bo_create_foreign(&mp, owner->pages, count, take_back, owner);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, bo);
	KUNIT_EXPECT_EQ(test, count << PAGE_SHIFT, mp.system_used);
	KUNIT_EXPECT_EQ(test, -EINVAL, bo->tbo.base.funcs->mmap(&bo->tbo.base, NULL));
	KUNIT_ASSERT_EQ(test, 0, bind(vm, map_op(bo, 0, 7, count)));
	flush_workqueue(gpu->mm->wq);
	gpup_bo_put(bo);
	KUNIT_EXPECT_EQ(test, 0, owner->released);
	for (i = 0; i < count; i++)
		KUNIT_EXPECT_EQ(test, (page_to_phys(owner->pages[i]) + 1) | TEST_SYSTEM_ENTRY,
				vm->as->entry[7 + i]);
	/* As long as one page is mapped, all are held. */
	KUNIT_ASSERT_EQ(test, 0, bind(vm, unmap_op(8, 2)));
	flush_workqueue(gpu->mm->wq);
	KUNIT_EXPECT_EQ(test, 0, owner->released);
	KUNIT_ASSERT_EQ(test, 0, bind(vm, unmap_op(7, 1)));
	flush_workqueue(gpu->mm->wq);
	KUNIT_EXPECT_EQ(test, count, owner->released);
	destroy_vm(test, vm);
	KUNIT_EXPECT_EQ(test, count, owner->released);
	KUNIT_EXPECT_EQ(test, 0, mp.system_used);
	gpup_vidmm_partition_fini(&mp);
	free_pages_of(owner);
}

static void foreign_pages_are_released_by_close(struct kunit *test)
{
	struct page_owner *owner = create_pages(test);
	const unsigned long count = ARRAY_SIZE(owner->pages);
	struct gpup_wait gate = create_gate(test);
	struct gpup_vidmm_partition mp;
	struct gpup_vm *vm;
	struct gpup_bo *bo;

	mm_test_join(test, &mp, 0, 0);
	vm = create_vm(test, &mp);
	bo = gpup_bo_create_foreign(&mp, owner->pages, count, take_back, owner);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, bo);
	KUNIT_ASSERT_EQ(test, 0, bind_after(vm, map_op(bo, 0, 7, count), &gate));
	gpup_bo_put(bo);
	KUNIT_EXPECT_EQ(test, 0, owner->released);
	gpup_vm_close(vm);
	KUNIT_EXPECT_EQ(test, count, owner->released);
	gpup_vm_put(vm);
	open_gate(&gate);
	gpup_timeline_put(gate.timeline);
	gpup_vidmm_partition_fini(&mp);
	free_pages_of(owner);
}

static void foreign_pages_are_the_last_to_go(struct kunit *test)
{
	struct page_owner *owner = create_pages(test);
	const unsigned long count = ARRAY_SIZE(owner->pages);
	struct gpup_vidmm_partition *mp = kunit_kzalloc(test, sizeof(*mp), GFP_KERNEL);
	struct gpup_bo *bo;

	KUNIT_ASSERT_NOT_NULL(test, mp);
	mm_test_join(test, mp, 0, 0);
	bo = gpup_bo_create_foreign(mp, owner->pages, count, take_back, owner);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, bo);
	owner->mp = mp;
	gpup_bo_put(bo);
	KUNIT_EXPECT_EQ(test, count, owner->released);
	KUNIT_EXPECT_EQ(test, 0, owner->charged);
	free_pages_of(owner);
}

static void foreign_pages_over_the_limit_stay_where_they_are(struct kunit *test)
{
	struct page_owner *owner = create_pages(test);
	const unsigned long count = ARRAY_SIZE(owner->pages);
	struct gpup_vidmm_partition mp;
	struct gpup_bo *bo;

	mm_test_join(test, &mp, 0, 0);
	bo = mm_test_bo(test, &mp, TEST_SYSTEM_MAX - (count - 1) * PAGE_SIZE, DRM_GPUP_BO_SYSTEM);
	KUNIT_EXPECT_EQ(test, -ENOMEM,
			PTR_ERR(gpup_bo_create_foreign(&mp, owner->pages, count, take_back,
						       owner)));
	KUNIT_EXPECT_EQ(test, 0, owner->released);
	gpup_bo_put(bo);
	KUNIT_EXPECT_EQ(test, 0, mp.system_used);
	gpup_vidmm_partition_fini(&mp);
	free_pages_of(owner);
}

static struct kunit_case bind_cases[] = {
	KUNIT_CASE(random_binds_follow_the_model),
	KUNIT_CASE(malformed_binds_change_nothing),
	KUNIT_CASE(failed_preparation_changes_nothing),
	KUNIT_CASE(mappings_are_limited_but_can_be_unmapped),
	KUNIT_CASE(memory_of_the_host_is_limited),
	KUNIT_CASE(binds_in_flight_are_limited),
	KUNIT_CASE(binds_keep_their_order),
	KUNIT_CASE(fences_are_waited_for_and_signalled),
	KUNIT_CASE(lost_address_space_changes_no_more),
	KUNIT_CASE(close_cancels_what_waits),
	KUNIT_CASE_SLOW(close_races_with_what_is_waited_for),
	KUNIT_CASE(foreign_pages_are_released_once),
	KUNIT_CASE(foreign_pages_are_released_by_close),
	KUNIT_CASE(foreign_pages_are_the_last_to_go),
	KUNIT_CASE(foreign_pages_over_the_limit_stay_where_they_are),
	{}
};

static struct kunit_suite bind_suite = {
	.name = "gpup_vidmm_bind",
	.init = mm_test_init,
	.exit = mm_test_exit,
	.test_cases = bind_cases,
};

kunit_test_suite(bind_suite);
