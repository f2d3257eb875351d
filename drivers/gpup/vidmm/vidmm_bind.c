// SPDX-License-Identifier: GPL-2.0-only
/*
 * Binds: changes of an address space, in order.
 */
#include <linux/slab.h>

#include "../gpup_compat.h"
#include "../gpup_trace.h"
#include "vidmm_vm.h"

/**
 * DOC: Binds
 *
 * A bind has two halves. The first, in the caller, checks everything and allocates
 * everything: page tables for the ranges (as_prepare) and as many mappings as the
 * worst case needs. It may fail, and then nothing has changed. The second, in a worker, waits
 * for its turn and its dependencies and carries the operations out; others
 * may have been promised a fence for it, so it allocates nothing and cannot fail.
 *
 * Mapping over what is mapped splits it. A new mapping needs one object of its own
 * and up to two for what remains of those at its ends; an unmap needs the two::
 *
 *	before   |-------- A --------|-- B --|------ C ------|
 *	map               |----------- new -----------|
 *	after    |-- A' --|----------- new -----------|-- C' -|
 *
 * Page-table entries of A' and C' are not touched: jobs that use them run on.
 */

#define SPARES_MAP	3
#define SPARES_UNMAP	2

/* More than a condition in &gpup_deps takes. */
#define BYTES_PER_WAIT	128

struct bind {
	struct list_head link;
	struct gpup_vm *vm;
	struct gpup_deps deps;
	bool ready;
	u64 value;
	/* Bytes that the partition was charged. */
	u64 charged;
	/* Mappings to use, and those whose time has come. */
	struct list_head spares;
	struct list_head dead;
	unsigned int count;
	struct gpup_bind_op ops[] __counted_by(count);
};

/**
 * gpup_mapping_free() - Free a mapping that is in no address space
 * @vm: The address space that it was counted in.
 * @mapping: The mapping. May sleep.
 */
void gpup_mapping_free(struct gpup_vm *vm, struct gpup_mapping *mapping)
{
	atomic_dec(&vm->mappings);
	gpup_mem_uncharge_overhead(vm->mp, sizeof(*mapping));
	if (mapping->vm_bo)
		gpup_vm_bo_put(mapping->vm_bo);
	if (mapping->bo)
		gpup_bo_put(mapping->bo);
	kfree(mapping);
}

static void free_mappings(struct gpup_vm *vm, struct list_head *list)
{
	struct gpup_mapping *mapping, *next;

	list_for_each_entry_safe(mapping, next, list, link)
		gpup_mapping_free(vm, mapping);
}

static void bind_free(struct bind *bind)
{
	unsigned int i;

	gpup_mem_uncharge_overhead(bind->vm->mp, bind->charged);
	free_mappings(bind->vm, &bind->spares);
	free_mappings(bind->vm, &bind->dead);
	for (i = 0; i < bind->count; i++) {
		if (bind->ops[i].vm_bo)
			gpup_vm_bo_put(bind->ops[i].vm_bo);
		if (bind->ops[i].bo)
			gpup_bo_put(bind->ops[i].bo);
	}
	gpup_deps_fini(&bind->deps);
	kvfree(bind);
}

static struct gpup_mapping *take_spare(struct bind *bind, struct gpup_bo *bo,
				       struct gpup_vm_bo *vm_bo, bool writable)
{
	struct gpup_mapping *mapping;

	mapping = list_first_entry(&bind->spares, struct gpup_mapping, link);
	list_del(&mapping->link);
	mapping->bo = gpup_bo_get(bo);
	mapping->writable = writable;
	if (vm_bo) {
		refcount_inc(&vm_bo->ref);
		mapping->vm_bo = vm_bo;
		list_add_tail(&mapping->vm_bo_link, &vm_bo->mappings);
	}
	return mapping;
}

/**
 * gpup_mapping_write() - Write the page-table entries of a mapping
 * @vm: The address space, with its pt_lock held.
 * @mapping: The mapping; none of its entries is there. Its object does not move meanwhile.
 *
 * May sleep; allocates nothing.
 */
void gpup_mapping_write(struct gpup_vm *vm, const struct gpup_mapping *mapping)
{
	const struct gpup_adapter_ops *ops = vm->mp->mm->ops;
	u64 va = mapping->va.va.addr;
	u64 end = va + mapping->va.va.range;
	u64 offset = mapping->va.gem.offset;

	while (va < end) {
		struct gpup_extent extent;
		u64 size;

		gpup_bo_extent(mapping->bo, offset, &extent);
		size = min(extent.size, end - va);
		ops->as_map(vm->as, va, size, extent.domain, extent.addr, mapping->writable);
		va += size;
		offset += size;
		cond_resched();
	}
}

/* What one operation of a bind passes to its steps. */
struct bind_step {
	struct bind *bind;
	const struct gpup_bind_op *op;
};

static int step_map(struct drm_gpuva_op *op, void *priv)
{
	struct bind_step *step = priv;
	struct gpup_mapping *mapping;

	mapping = take_spare(step->bind, step->op->bo, step->op->vm_bo,
			     !(step->op->flags & DRM_GPUP_BIND_READONLY));
	drm_gpuva_map(&step->bind->vm->base, &mapping->va, &op->map);
	/* If the object is not in place, its entries are written when it is. */
	if (!mapping->vm_bo || mapping->vm_bo->mapped)
		gpup_mapping_write(step->bind->vm, mapping);
	return 0;
}

static int step_remap(struct drm_gpuva_op *op, void *priv)
{
	struct bind_step *step = priv;
	struct gpup_vm *vm = step->bind->vm;
	struct gpup_mapping *old, *prev = NULL, *next = NULL;
	struct drm_gpuva *va = op->remap.unmap->va;
	u64 start = va->va.addr;
	u64 end = start + va->va.range;

	old = container_of(va, struct gpup_mapping, va);
	if (op->remap.prev) {
		start = op->remap.prev->va.addr + op->remap.prev->va.range;
		prev = take_spare(step->bind, old->bo, old->vm_bo, old->writable);
	}
	if (op->remap.next) {
		end = op->remap.next->va.addr;
		next = take_spare(step->bind, old->bo, old->vm_bo, old->writable);
	}
	vm->mp->mm->ops->as_unmap(vm->as, start, end - start);
	drm_gpuva_remap(prev ? &prev->va : NULL, next ? &next->va : NULL, &op->remap);
	gpup_mapping_unlink(old);
	list_add(&old->link, &step->bind->dead);
	return 0;
}

static int step_unmap(struct drm_gpuva_op *op, void *priv)
{
	struct bind_step *step = priv;
	struct gpup_vm *vm = step->bind->vm;
	struct drm_gpuva *va = op->unmap.va;

	vm->mp->mm->ops->as_unmap(vm->as, va->va.addr, va->va.range);
	drm_gpuva_unmap(&op->unmap);
	gpup_mapping_unlink(container_of(va, struct gpup_mapping, va));
	list_add(&container_of(va, struct gpup_mapping, va)->link, &step->bind->dead);
	return 0;
}

const struct drm_gpuvm_ops gpup_gpuvm_ops = {
	.vm_free = gpup_vm_free,
	.sm_step_map = step_map,
	.sm_step_remap = step_remap,
	.sm_step_unmap = step_unmap,
};

/* One bind can be a lot of work; if nobody will see what it was for, it ends early. */
static int run_bind(struct bind *bind)
{
	struct gpup_vm *vm = bind->vm;
	unsigned int i;

	for (i = 0; i < bind->count; i++) {
		const struct gpup_bind_op *op = &bind->ops[i];
		struct bind_step step = { .bind = bind, .op = op };

		if (READ_ONCE(vm->stopped))
			return -ECANCELED;
		trace_gpup_map(op->op, op->va, op->size, op->bo_offset);
		mutex_lock(&vm->pt_lock);
		if (op->op == DRM_GPUP_BIND_MAP)
			gpup_gpuvm_sm_map(&vm->base, &step, op->va, op->size, &op->bo->tbo.base,
					  op->bo_offset);
		else
			drm_gpuvm_sm_unmap(&vm->base, &step, op->va, op->size);
		mutex_unlock(&vm->pt_lock);
	}
	return 0;
}

/**
 * gpup_vm_run_binds() - Carry out the binds whose turn it is
 * @work: Work of the address space.
 */
void gpup_vm_run_binds(struct work_struct *work)
{
	struct gpup_vm *vm = container_of(work, struct gpup_vm, work);
	struct srcu_struct *binds_end = &vm->mp->mm->binds_end;
	struct bind *bind;
	bool cookie;
	int error;
	int idx;

	for (;;) {
		spin_lock_irq(&vm->lock);
		bind = list_first_entry_or_null(&vm->binds, struct bind, link);
		if (vm->stopped || !bind || !bind->ready) {
			spin_unlock_irq(&vm->lock);
			return;
		}
		spin_unlock_irq(&vm->lock);

		cookie = dma_fence_begin_signalling();
		error = 0;
		if (!gpup_timeline_error(vm->timeline))
			error = run_bind(bind);
		spin_lock_irq(&vm->lock);
		list_del(&bind->link);
		vm->bind_count--;
		spin_unlock_irq(&vm->lock);
		idx = srcu_read_lock(binds_end);
		gpup_timeline_complete(vm->timeline, bind->value, error, 0);
		dma_fence_end_signalling(cookie);

		bind_free(bind);
		srcu_read_unlock(binds_end, idx);
		cond_resched();
	}
}

/* Any context, with the lock of a timeline held. */
static void bind_ready(struct gpup_deps *deps)
{
	struct bind *bind = container_of(deps, struct bind, deps);
	struct gpup_vm *vm = bind->vm;
	unsigned long flags;

	/* All in the lock: with the bind ready, somebody may free it and @vm. */
	spin_lock_irqsave(&vm->lock, flags);
	bind->ready = true;
	queue_work(vm->mp->mm->wq, &vm->work);
	spin_unlock_irqrestore(&vm->lock, flags);
}

static bool is_ready(struct gpup_vm *vm, struct bind *bind)
{
	bool ready;

	spin_lock_irq(&vm->lock);
	ready = bind->ready;
	spin_unlock_irq(&vm->lock);
	return ready;
}

/**
 * gpup_vm_cancel_binds() - Cancel what is in flight
 * @vm: The address space; no bind is accepted after this. May sleep.
 */
void gpup_vm_cancel_binds(struct gpup_vm *vm)
{
	struct bind *bind, *next;

	mutex_lock(&vm->submit_lock);
	vm->closed = true;
	mutex_unlock(&vm->submit_lock);

	/* Let the worker finish the operation that it has begun, and begin nothing new. */
	spin_lock_irq(&vm->lock);
	WRITE_ONCE(vm->stopped, true);
	spin_unlock_irq(&vm->lock);
	cancel_work_sync(&vm->work);

	list_for_each_entry_safe(bind, next, &vm->binds, link) {
		if (!gpup_deps_cancel(&bind->deps))
			/* It is just being told. */
			while (!is_ready(vm, bind))
				cpu_relax();
		list_del(&bind->link);
		bind_free(bind);
	}
	/* What was told late may have queued the worker, which finds nothing. */
	cancel_work_sync(&vm->work);
}

static int check_op(const struct gpup_vm *vm, const struct gpup_bind_op *op)
{
	const struct gpup_adapter_caps *caps = vm->mp->mm->caps;
	u64 size;

	if (op->op > DRM_GPUP_BIND_UNMAP || !op->size ||
	    !IS_ALIGNED(op->va | op->size | op->bo_offset, caps->page_size))
		return -EINVAL;
	if (op->va < caps->va_start || op->va >= caps->va_end || op->size > caps->va_end - op->va)
		return -EINVAL;
	if (op->op == DRM_GPUP_BIND_UNMAP)
		return op->flags || op->bo || op->bo_offset ? -EINVAL : 0;

	if (op->flags & ~DRM_GPUP_BIND_READONLY || !op->bo || op->bo->mp != vm->mp)
		return -EINVAL;
	size = gpup_bo_size(op->bo);
	return op->bo_offset >= size || op->size > size - op->bo_offset ? -EINVAL : 0;
}

static int add_spares(struct bind *bind, unsigned int count, int limit)
{
	struct gpup_vm *vm = bind->vm;
	struct gpup_mapping *mapping;

	while (count--) {
		if (atomic_inc_return(&vm->mappings) > limit)
			goto err_count;
		if (gpup_mem_charge_overhead(vm->mp, sizeof(*mapping)))
			goto err_count;
		mapping = kzalloc(sizeof(*mapping), GFP_KERNEL_ACCOUNT);
		if (!mapping)
			goto err_charge;
		list_add(&mapping->link, &bind->spares);
	}
	return 0;

err_charge:
	gpup_mem_uncharge_overhead(vm->mp, sizeof(*mapping));
err_count:
	atomic_dec(&vm->mappings);
	return -ENOMEM;
}

/* What was allocated before a failure stays with the address space, and is paid for. */
static int prepare_tables(struct gpup_vm *vm, u64 va, u64 size)
{
	const struct gpup_adapter_ops *ops = vm->mp->mm->ops;
	int ret = ops->as_prepare(vm->as, va, size);
	int over = gpup_mem_raise_overhead(vm->mp, &vm->overhead, ops->as_memory(vm->as));

	return ret ?: over;
}

static int prepare_op(struct bind *bind, const struct gpup_bind_op *op)
{
	struct gpup_vm *vm = bind->vm;
	int ret;

	/* The count first: it bounds the array. */
	bind->count++;
	bind->ops[bind->count - 1] = *op;
	bind->ops[bind->count - 1].vm_bo = NULL;
	if (op->bo)
		gpup_bo_get(op->bo);
	if (op->op == DRM_GPUP_BIND_UNMAP)
		return add_spares(bind, SPARES_UNMAP,
				  GPUP_VM_MAX_MAPPINGS + GPUP_VM_UNMAP_RESERVE);
	if (op->bo->flags & DRM_GPUP_BO_VRAM) {
		struct gpup_vm_bo *vm_bo = gpup_vm_bo_obtain(vm, op->bo);

		if (IS_ERR(vm_bo))
			return PTR_ERR(vm_bo);
		bind->ops[bind->count - 1].vm_bo = vm_bo;
	}
	ret = add_spares(bind, SPARES_MAP, GPUP_VM_MAX_MAPPINGS);
	return ret ?: prepare_tables(vm, op->va, op->size);
}

/* With @vm->submit_lock held, so that binds are in the list in the order of their values. */
static int publish(struct gpup_vm *vm, struct bind *bind, struct dma_fence *fence, u64 *value)
{
	int ret;

	lockdep_assert_held(&vm->submit_lock);
	if (vm->closed)
		return -ENOENT;
	if (READ_ONCE(vm->bind_count) >= GPUP_VM_MAX_BINDS)
		return -EBUSY;
	ret = gpup_timeline_submit(vm->timeline, value);
	if (ret)
		return ret == -ECANCELED ? -EIO : ret;

	bind->value = *value;
	spin_lock_irq(&vm->lock);
	list_add_tail(&bind->link, &vm->binds);
	vm->bind_count++;
	spin_unlock_irq(&vm->lock);
	if (fence)
		gpup_fence_arm(fence, *value);
	/* The bind may be gone from here on. */
	gpup_deps_arm(&bind->deps);
	return 0;
}

/**
 * gpup_vm_bind() - Change an address space
 * @vm: The address space.
 * @ops: Operations, carried out in order.
 * @count: Number of operations, not zero.
 * @waits: What to wait for first.
 * @wait_count: Number of @waits.
 * @fence: Fence to arm with the bind's value, or NULL; still the caller's on failure.
 * @value: In: expected timeline value or zero. Out: timeline value.
 *
 * May sleep; does not wait for the operations.
 *
 * Return: 0, -EINVAL, -ENOMEM, -EIO if the address space is lost, -EBUSY with too many
 * binds in flight, -ENOENT if it was closed.
 */
int gpup_vm_bind(struct gpup_vm *vm, const struct gpup_bind_op *ops, unsigned int count,
		 const struct gpup_wait *waits, unsigned int wait_count,
		 struct dma_fence *fence, u64 *value)
{
	struct bind *bind;
	unsigned int i;
	u64 cost;
	int ret;

	for (i = 0; i < count; i++) {
		ret = check_op(vm, &ops[i]);
		if (ret)
			return ret;
	}
	if (gpup_timeline_error(vm->timeline))
		return -EIO;

	cost = struct_size(bind, ops, count) + wait_count * BYTES_PER_WAIT;
	ret = gpup_mem_charge_overhead(vm->mp, cost);
	if (ret)
		return ret;
	bind = kvzalloc(struct_size(bind, ops, count), GFP_KERNEL_ACCOUNT);
	if (!bind) {
		ret = -ENOMEM;
		goto err_charge;
	}
	bind->vm = vm;
	bind->charged = cost;
	INIT_LIST_HEAD(&bind->spares);
	INIT_LIST_HEAD(&bind->dead);
	ret = gpup_deps_init(&bind->deps, waits, wait_count, bind_ready);
	if (ret) {
		kvfree(bind);
		goto err_charge;
	}

	for (i = 0; !ret && i < count; i++)
		ret = prepare_op(bind, &ops[i]);
	if (!ret) {
		mutex_lock(&vm->submit_lock);
		ret = publish(vm, bind, fence, value);
		mutex_unlock(&vm->submit_lock);
	}
	if (ret)
		bind_free(bind);
	return ret;

err_charge:
	gpup_mem_uncharge_overhead(vm->mp, cost);
	return ret;
}
