// SPDX-License-Identifier: GPL-2.0-only
/*
 * Address spaces: their life.
 */
#include <linux/slab.h>

#include <drm/drm_gem.h>

#include "vidmm_vm.h"

/**
 * gpup_vm_free() - Called by drm_gpuvm when the last reference is gone
 * @base: drm_gpuvm's part. May sleep.
 */
void gpup_vm_free(struct drm_gpuvm *base)
{
	struct gpup_vm *vm = gpup_vm_from_base(base);

	vm->mp->mm->ops->as_destroy(vm->as);
	gpup_mem_uncharge_overhead(vm->mp, vm->overhead);
	gpup_timeline_put(vm->timeline);
	WARN_ON(!list_empty(&vm->bos));
	mutex_destroy(&vm->pt_lock);
	mutex_destroy(&vm->run_lock);
	kfree(vm);
}

/**
 * gpup_vm_create() - Create an address space
 * @mp: Partition that it belongs to.
 * @timeline: Timeline of its binds; it takes a reference.
 * @sched: If its queues are to be one group, which gives way to others between jobs: the
 *	scheduler; NULL if each submission is to hold what it needs.
 *
 * May sleep.
 *
 * Return: The address space, or ERR_PTR(-ENOMEM).
 */
struct gpup_vm *gpup_vm_create(struct gpup_vidmm_partition *mp, struct gpup_timeline *timeline,
			       struct gpup_vidsch *sched)
{
	struct gpup_vidmm *mm = mp->mm;
	struct drm_gem_object *resv;
	struct gpup_vm *vm;
	int ret;

	vm = kzalloc(sizeof(*vm), GFP_KERNEL_ACCOUNT);
	if (!vm)
		return ERR_PTR(-ENOMEM);
	vm->mp = mp;
	mutex_init(&vm->submit_lock);
	mutex_init(&vm->pt_lock);
	INIT_LIST_HEAD(&vm->bos);
	INIT_LIST_HEAD(&vm->invalid);
	gpup_vm_residency_init(vm, sched);
	spin_lock_init(&vm->lock);
	INIT_LIST_HEAD(&vm->binds);
	INIT_WORK(&vm->work, gpup_vm_run_binds);

	vm->as = mm->ops->as_create(mm->adapter);
	if (IS_ERR(vm->as)) {
		ret = PTR_ERR(vm->as);
		goto err_free;
	}
	ret = gpup_mem_raise_overhead(mp, &vm->overhead, mm->ops->as_memory(vm->as));
	if (ret)
		goto err_as;
	resv = drm_gpuvm_resv_object_alloc(mm->drm);
	if (!resv) {
		ret = -ENOMEM;
		goto err_as;
	}
	vm->timeline = gpup_timeline_get(timeline);
	drm_gpuvm_init(&vm->base, "gpup", 0, mm->drm, resv, mm->caps->va_start,
		       mm->caps->va_end - mm->caps->va_start, 0, 0, &gpup_gpuvm_ops);
	drm_gem_object_put(resv);
	return vm;

err_as:
	mm->ops->as_destroy(vm->as);
	gpup_mem_uncharge_overhead(mp, vm->overhead);
err_free:
	kfree(vm);
	return ERR_PTR(ret);
}

/**
 * gpup_vm_get() - Take a reference
 * @vm: The address space.
 *
 * Return: @vm.
 */
struct gpup_vm *gpup_vm_get(struct gpup_vm *vm)
{
	drm_gpuvm_get(&vm->base);
	return vm;
}

/**
 * gpup_vm_put() - Drop a reference
 * @vm: The address space; it was closed before the last one. May sleep.
 */
void gpup_vm_put(struct gpup_vm *vm)
{
	drm_gpuvm_put(&vm->base);
}

/**
 * gpup_vm_close() - End an address space
 * @vm: The address space.
 *
 * Binds in flight are cancelled, everything is unmapped, and no object is held any
 * more when this returns. May sleep.
 */
void gpup_vm_close(struct gpup_vm *vm)
{
	struct drm_gpuva *va, *next;

	gpup_vm_cancel_binds(vm);
	gpup_timeline_close(vm->timeline);
	gpup_vm_residency_fini(vm);

	drm_gpuvm_for_each_va_safe(va, next, &vm->base) {
		struct gpup_mapping *mapping = container_of(va, struct gpup_mapping, va);

		if (va == &vm->base.kernel_alloc_node)
			continue;
		mutex_lock(&vm->pt_lock);
		vm->mp->mm->ops->as_unmap(vm->as, va->va.addr, va->va.range);
		drm_gpuva_remove(va);
		gpup_mapping_unlink(mapping);
		mutex_unlock(&vm->pt_lock);
		gpup_mapping_free(vm, mapping);
		cond_resched();
	}
}

/**
 * gpup_vm_charge() - Charge host memory that is needed for the jobs of an address space
 * @vm: The address space.
 * @bytes: How much; negative if it is not needed any more. May sleep.
 *
 * Return: 0, or -ENOMEM if its partition may not cost the host so much.
 */
int gpup_vm_charge(struct gpup_vm *vm, s64 bytes)
{
	if (bytes >= 0)
		return gpup_mem_charge_overhead(vm->mp, bytes);
	gpup_mem_uncharge_overhead(vm->mp, -bytes);
	return 0;
}

/**
 * gpup_vm_fail() - Mark an address space as lost
 * @vm: The address space.
 * @error: Why, a negative errno.
 */
void gpup_vm_fail(struct gpup_vm *vm, int error)
{
	gpup_timeline_fail(vm->timeline, error);
}

/**
 * gpup_vm_hw_as() - The adapter's address space
 * @vm: The address space.
 *
 * Return: The adapter's part; it lives as long as @vm.
 */
struct gpup_hw_as *gpup_vm_hw_as(struct gpup_vm *vm)
{
	return vm->as;
}

/**
 * gpup_vm_timeline() - Timeline of an address space's binds
 * @vm: The address space.
 *
 * Return: The timeline, without a reference.
 */
struct gpup_timeline *gpup_vm_timeline(struct gpup_vm *vm)
{
	return vm->timeline;
}
