// SPDX-License-Identifier: GPL-2.0-only
/*
 * Residency: all of an address space in VRAM when its jobs run.
 */
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/jiffies.h>
#include <linux/slab.h>

#include <drm/drm_exec.h>
#include <drm/drm_gem.h>

#include "../gpup_compat.h"
#include "vidmm_vm.h"

/**
 * DOC: Residency
 *
 * A job may touch all that is bound in its address space, so all of that is in VRAM while
 * it runs. Moving it there allocates and evicts, and must be over before anybody is
 * promised a fence. There are two ways to see to that:
 *
 * - *Clients of the host* are promised a dma_fence by each submission. So the
 *   submission locks all objects, makes them resident, and leaves its fence with them before
 *   it lets go: nobody moves them until the job has ended.
 *
 * - *Clients in a VM* are promised nothing in the host. Their queues are a group that VidSch
 *   holds back. When a job of it could run, a *pass* makes the address space resident, leaves a
 *   *preempt fence* with the objects and resumes the group. Whoever wants one of the objects
 *   waits for that fence, and thereby asks the group to stop: it is suspended as soon
 *   as it is idle or has run for a while, the fence signals when its last job has ended, and
 *   the object can go. The next job that could run begins a new pass.
 *
 * The preempt fence never waits for memory: suspending allocates nothing. (The
 * same is done by xe for its long-running mode; amdkfd's eviction fences are the model.)
 *
 * A pass holds the locks of all objects until the fence is with them, so that it cannot be
 * robbed half-way; ww mutexes decide between two passes that want the same.
 * An object that is bound while the group runs is all that the next pass looks at; the group starts
 * no job until that is over, but those that run go on.
 *
 * Page tables hold an object only while it is in place: it is taken out of all of them before it
 * moves, and a pass writes it in again.
 *
 * If a copy has failed, and the contents of an object are lost, the jobs that could use it fail
 * with EIO, until its owner is told so (see gpup_bo_advise()), unbinds it or destroys it. If the
 * VRAM could not be cleared either, only the last two help.
 */

/* How long a group may use what was brought in for it, even if others wait. */
#define MIN_RUN		msecs_to_jiffies(100)

/* How long a pass tries again if what it needs is only not there at the moment. */
#define PATIENCE	(10 * HZ)

struct preempt_fence {
	/* First, so that it can be freed with it. */
	struct dma_fence base;
	/* The fence's. */
	spinlock_t lock;
	struct gpup_vm *vm;
	struct work_struct work;
};

struct pass_item {
	struct gpup_vm_bo *vm_bo;
	struct gpup_bo *bo;
};

/**
 * struct gpup_vm_hold - Objects that are held in place for a submission
 */
struct gpup_vm_hold {
	/** @exec: Their locks. */
	struct drm_exec exec;
	/** @items: The objects. */
	struct pass_item *items;
	/** @count: Number of @items. */
	unsigned int count;
};

/* The group starts no job before a pass has looked at what is invalid. */
static void want_pass(struct gpup_vm *vm)
{
	lockdep_assert_held(&vm->run_lock);
	if (!vm->gives_way)
		return;
	gpup_sched_group_suspend(&vm->group);
	gpup_sched_group_poke(&vm->group);
}

/**
 * gpup_vm_bo_obtain() - Have an address space know an object
 * @vm: The address space.
 * @bo: The object, for VRAM; the caller has a reference.
 *
 * The next job of the address space runs when the object is in place. May sleep.
 *
 * Return: What they have in common, with a reference, or ERR_PTR(-ENOMEM).
 */
struct gpup_vm_bo *gpup_vm_bo_obtain(struct gpup_vm *vm, struct gpup_bo *bo)
{
	struct gpup_vm_bo *vm_bo, *new;

	if (gpup_mem_charge_overhead(vm->mp, sizeof(*new)))
		return ERR_PTR(-ENOMEM);
	new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	if (!new) {
		gpup_mem_uncharge_overhead(vm->mp, sizeof(*new));
		return ERR_PTR(-ENOMEM);
	}
	refcount_set(&new->ref, 1);
	new->vm = vm;
	new->bo = bo;
	INIT_LIST_HEAD(&new->mappings);

	mutex_lock(&vm->run_lock);
	mutex_lock(&vm->pt_lock);
	spin_lock(&bo->vms_lock);
	list_for_each_entry(vm_bo, &bo->vms, bo_link) {
		if (vm_bo->vm != vm)
			continue;
		refcount_inc(&vm_bo->ref);
		spin_unlock(&bo->vms_lock);
		mutex_unlock(&vm->pt_lock);
		mutex_unlock(&vm->run_lock);
		gpup_mem_uncharge_overhead(vm->mp, sizeof(*new));
		kfree(new);
		return vm_bo;
	}
	list_add_tail(&new->bo_link, &bo->vms);
	spin_unlock(&bo->vms_lock);
	list_add_tail(&new->vm_link, &vm->bos);
	vm->bo_count++;
	vm->bo_bytes += gpup_bo_size(bo);
	list_add_tail(&new->invalid_link, &vm->invalid);
	mutex_unlock(&vm->pt_lock);
	want_pass(vm);
	mutex_unlock(&vm->run_lock);
	return new;
}

/**
 * gpup_vm_bo_put() - Drop a reference
 * @vm_bo: What an address space and an object have in common; both are still there. May sleep.
 */
void gpup_vm_bo_put(struct gpup_vm_bo *vm_bo)
{
	struct gpup_vm *vm = vm_bo->vm;
	struct gpup_bo *bo = vm_bo->bo;

	if (!refcount_dec_and_mutex_lock(&vm_bo->ref, &vm->pt_lock))
		return;
	spin_lock(&bo->vms_lock);
	list_del(&vm_bo->bo_link);
	spin_unlock(&bo->vms_lock);
	list_del(&vm_bo->vm_link);
	list_del(&vm_bo->invalid_link);
	vm->bo_count--;
	vm->bo_bytes -= gpup_bo_size(bo);
	mutex_unlock(&vm->pt_lock);
	gpup_mem_uncharge_overhead(vm->mp, sizeof(*vm_bo));
	kfree(vm_bo);
}

/* The next address space that @bo is in the page tables of, with references to both. */
static struct gpup_vm_bo *next_mapped(struct gpup_bo *bo)
{
	struct gpup_vm_bo *vm_bo;

	spin_lock(&bo->vms_lock);
	list_for_each_entry(vm_bo, &bo->vms, bo_link) {
		if (!READ_ONCE(vm_bo->mapped) || !refcount_inc_not_zero(&vm_bo->ref))
			continue;
		gpup_vm_get(vm_bo->vm);
		spin_unlock(&bo->vms_lock);
		return vm_bo;
	}
	spin_unlock(&bo->vms_lock);
	return NULL;
}

static void make_invalid(struct gpup_vm_bo *vm_bo)
{
	lockdep_assert_held(&vm_bo->vm->pt_lock);
	if (list_empty(&vm_bo->invalid_link))
		list_add_tail(&vm_bo->invalid_link, &vm_bo->vm->invalid);
}

/**
 * gpup_bo_unmap_gpu() - Take an object out of all page tables
 * @bo: The object, reserved; no job uses it. May sleep.
 */
void gpup_bo_unmap_gpu(struct gpup_bo *bo)
{
	struct gpup_mapping *mapping;
	struct gpup_vm_bo *vm_bo;

	dma_resv_assert_held(bo->tbo.base.resv);
	while ((vm_bo = next_mapped(bo))) {
		struct gpup_vm *vm = vm_bo->vm;

		mutex_lock(&vm->pt_lock);
		list_for_each_entry(mapping, &vm_bo->mappings, vm_bo_link)
			vm->mp->mm->ops->as_unmap(vm->as, mapping->va.va.addr,
						  mapping->va.va.range);
		WRITE_ONCE(vm_bo->mapped, false);
		make_invalid(vm_bo);
		mutex_unlock(&vm->pt_lock);
		gpup_vm_bo_put(vm_bo);
		gpup_vm_put(vm);
	}
}

/**
 * gpup_bo_invalidate() - Have an object looked at before the next jobs
 * @bo: The object, reserved.
 *
 * For one that was left out because it was not needed. May sleep.
 */
void gpup_bo_invalidate(struct gpup_bo *bo)
{
	struct gpup_vm_bo *vm_bo, *last = NULL;

	for (;;) {
		struct gpup_vm *vm = NULL;

		spin_lock(&bo->vms_lock);
		vm_bo = last ? list_next_entry(last, bo_link) :
			       list_first_entry(&bo->vms, struct gpup_vm_bo, bo_link);
		while (!list_entry_is_head(vm_bo, &bo->vms, bo_link) &&
		       !refcount_inc_not_zero(&vm_bo->ref))
			vm_bo = list_next_entry(vm_bo, bo_link);
		if (list_entry_is_head(vm_bo, &bo->vms, bo_link))
			vm_bo = NULL;
		else
			vm = gpup_vm_get(vm_bo->vm);
		spin_unlock(&bo->vms_lock);
		if (last) {
			struct gpup_vm *last_vm = last->vm;

			gpup_vm_bo_put(last);
			gpup_vm_put(last_vm);
		}
		if (!vm_bo)
			return;
		mutex_lock(&vm->run_lock);
		mutex_lock(&vm->pt_lock);
		if (!vm_bo->mapped)
			make_invalid(vm_bo);
		mutex_unlock(&vm->pt_lock);
		want_pass(vm);
		mutex_unlock(&vm->run_lock);
		last = vm_bo;
	}
}

/**
 * gpup_bo_last_run() - When a job that could use an object last ran
 * @bo: The object.
 *
 * Any context in which interrupts are on.
 *
 * Return: In jiffies; if no such job is known, when the object was put where it is.
 */
unsigned long gpup_bo_last_run(struct gpup_bo *bo)
{
	unsigned long last = bo->used_at;
	struct gpup_vm_bo *vm_bo;

	spin_lock(&bo->vms_lock);
	list_for_each_entry(vm_bo, &bo->vms, bo_link) {
		unsigned long run = READ_ONCE(vm_bo->vm->group.last_run);

		if (vm_bo->vm->gives_way && run && time_after(run, last))
			last = run;
	}
	spin_unlock(&bo->vms_lock);
	return last;
}

static void drop_items(struct pass_item *items, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		gpup_vm_bo_put(items[i].vm_bo);
		gpup_bo_put(items[i].bo);
	}
	kvfree(items);
}

static void take_item(struct pass_item *item, struct gpup_vm_bo *vm_bo)
{
	item->vm_bo = vm_bo;
	item->bo = gpup_bo_get(vm_bo->bo);
}

/* Of all objects of an address space, or of those that are not in place. */
static struct pass_item *collect(struct gpup_vm *vm, bool all, unsigned int *count)
{
	struct gpup_vm_bo *vm_bo;
	struct pass_item *items;
	unsigned int max, n;

	for (;;) {
		max = READ_ONCE(vm->bo_count) + 8;
		items = kvmalloc_array(max, sizeof(*items), GFP_KERNEL);
		if (!items)
			return NULL;
		n = 0;
		mutex_lock(&vm->pt_lock);
		if (vm->bo_count <= max)
			break;
		mutex_unlock(&vm->pt_lock);
		kvfree(items);
	}
	/* Who drops the last reference to one waits for our lock, with the object still there. */
	if (all) {
		list_for_each_entry(vm_bo, &vm->bos, vm_link)
			if (refcount_inc_not_zero(&vm_bo->ref))
				take_item(&items[n++], vm_bo);
	} else {
		list_for_each_entry(vm_bo, &vm->invalid, invalid_link)
			if (refcount_inc_not_zero(&vm_bo->ref))
				take_item(&items[n++], vm_bo);
	}
	mutex_unlock(&vm->pt_lock);
	*count = n;
	return items;
}

static void map_item(const struct pass_item *item)
{
	struct gpup_vm_bo *vm_bo = item->vm_bo;
	struct gpup_vm *vm = vm_bo->vm;
	struct gpup_mapping *mapping;

	mutex_lock(&vm->pt_lock);
	if (item->bo->resident && !vm_bo->mapped) {
		list_for_each_entry(mapping, &vm_bo->mappings, vm_bo_link)
			gpup_mapping_write(vm, mapping);
		WRITE_ONCE(vm_bo->mapped, true);
	}
	list_del_init(&vm_bo->invalid_link);
	mutex_unlock(&vm->pt_lock);
}

/* Lock the objects and have them in VRAM: all or, with an error, perhaps some. */
static int lock_and_place(const struct pass_item *items, unsigned int count,
			  struct gpup_mem_pass *pass)
{
	struct drm_exec *exec = pass->exec;
	unsigned int i;
	int ret = 0;

	drm_exec_until_all_locked(exec) {
		for (i = 0; i < count; i++) {
			ret = drm_exec_lock_obj(exec, &items[i].bo->tbo.base);
			drm_exec_retry_on_contention(exec);
			if (ret)
				return ret;
		}
		for (i = 0; i < count; i++) {
			if (!gpup_bo_is_wanted(items[i].bo))
				continue;
			ret = gpup_bo_make_resident(items[i].bo, pass);
			drm_exec_retry_on_contention(exec);
			if (ret)
				return ret;
		}
	}
	return 0;
}

/* With all locks: wait for the copies, and write page tables. */
static int settle(const struct pass_item *items, unsigned int count)
{
	unsigned int i;
	int ret;

	for (i = 0; i < count; i++) {
		struct dma_resv *resv = items[i].bo->tbo.base.resv;

		ret = dma_resv_reserve_fences(resv, 1);
		if (ret)
			return ret;
		dma_resv_wait_timeout(resv, DMA_RESV_USAGE_KERNEL, false, MAX_SCHEDULE_TIMEOUT);
		/* No job shall take zeroes for what it has left there. */
		if (READ_ONCE(items[i].bo->lost) && gpup_bo_is_wanted(items[i].bo))
			return -EIO;
		/* Nor see what is another's. */
		if (READ_ONCE(items[i].bo->unclean))
			return -EIO;
	}
	for (i = 0; i < count; i++)
		map_item(&items[i]);
	return 0;
}

static void leave_fence(const struct pass_item *items, unsigned int count, struct dma_fence *fence)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		dma_resv_add_fence(items[i].bo->tbo.base.resv, fence, DMA_RESV_USAGE_BOOKKEEP);
}

/* What an address space needs at the same time, in bytes; no more than @enough is of interest. */
static u64 needed(struct gpup_vm *vm, u64 enough)
{
	struct gpup_vm_bo *vm_bo;
	u64 need;

	mutex_lock(&vm->pt_lock);
	need = vm->bo_bytes;
	if (need > enough) {
		/* But for what its owner does not need. */
		list_for_each_entry(vm_bo, &vm->bos, vm_link)
			if (!gpup_bo_is_wanted(vm_bo->bo))
				need -= gpup_bo_size(vm_bo->bo);
	}
	mutex_unlock(&vm->pt_lock);
	return need;
}

/* Whether an address space could be resident at all, if everybody gives way who has to. */
static bool is_attainable(struct gpup_vm *vm)
{
	struct gpup_vidmm *mm = vm->mp->mm;
	u64 need = needed(vm, 0);
	bool ret;

	spin_lock(&mm->lock);
	ret = gpup_budget_attainable(&mm->pool, &vm->mp->vram, need);
	spin_unlock(&mm->lock);
	return ret;
}

/* As hold_items(), but the turn is left to the caller. */
static int try_to_hold(struct gpup_vm *vm, const struct pass_item *items, unsigned int count,
		       struct gpup_mem_pass *pass, u32 flags)
{
	bool interruptible = flags & DRM_EXEC_INTERRUPTIBLE_WAIT;
	unsigned long give_up = jiffies + PATIENCE;
	struct gpup_vidmm *mm = vm->mp->mm;
	int ret;

	for (;;) {
		u64 max = READ_ONCE(vm->mp->vram.max);

		/* Also if it is all there: the limit may have been lowered just now. */
		if (needed(vm, max) > max)
			return -ENOMEM;
		drm_exec_init(pass->exec, flags, count);
		ret = lock_and_place(items, count, pass);
		if (!ret)
			ret = settle(items, count);
		if (!ret)
			return 0;
		drm_exec_fini(pass->exec);
		if (READ_ONCE(vm->closing))
			return -ECANCELED;
		switch (ret) {
		case -EBUSY:
			if (!interruptible)
				mutex_lock(&mm->turn);
			else if (mutex_lock_interruptible(&mm->turn))
				return -ERESTARTSYS;
			pass->may_evict = true;
			give_up = jiffies + PATIENCE;
			continue;
		case -ENOSPC:
			if (!is_attainable(vm) || time_after(jiffies, give_up))
				return -ENOMEM;
			pass->wait = 1;
			break;
		case -EAGAIN:
			break;
		default:
			return ret;
		}
		if (!interruptible)
			schedule_timeout_uninterruptible(pass->wait);
		else if (schedule_timeout_interruptible(pass->wait) && signal_pending(current))
			return -ERESTARTSYS;
	}
}

/*
 * Make objects resident, and wait as long as that makes sense. On success the caller has their
 * locks in @exec.
 */
static int hold_items(struct gpup_vm *vm, const struct pass_item *items, unsigned int count,
		      struct drm_exec *exec, bool interruptible)
{
	u32 flags = DRM_EXEC_IGNORE_DUPLICATES | (interruptible ? DRM_EXEC_INTERRUPTIBLE_WAIT : 0);
	struct gpup_mem_pass pass = { .exec = exec };
	int ret = try_to_hold(vm, items, count, &pass, flags);

	if (pass.may_evict)
		mutex_unlock(&vm->mp->mm->turn);
	return ret;
}

static const char *preempt_driver_name(struct dma_fence *fence)
{
	return "gpup";
}

static const char *preempt_timeline_name(struct dma_fence *fence)
{
	return "preempt";
}

static bool preempt_enable_signaling(struct dma_fence *fence)
{
	struct preempt_fence *pf = container_of(fence, struct preempt_fence, base);

	dma_fence_get(fence);
	queue_work(pf->vm->mp->mm->wq, &pf->work);
	return true;
}

static const struct dma_fence_ops preempt_fence_ops = {
	GPUP_DMA_FENCE_OPS_64BIT
	.get_driver_name = preempt_driver_name,
	.get_timeline_name = preempt_timeline_name,
	.enable_signaling = preempt_enable_signaling,
};

/* Somebody waits: stop the group, after it has made use of what was done for it. */
static void preempt(struct work_struct *work)
{
	struct preempt_fence *pf = container_of(work, struct preempt_fence, work);
	struct gpup_vm *vm = pf->vm;
	unsigned long end = READ_ONCE(vm->resumed) + MIN_RUN;
	bool cookie;

	cookie = dma_fence_begin_signalling();
	if (time_before(jiffies, end))
		gpup_sched_group_wait_idle(&vm->group, end - jiffies);
	mutex_lock(&vm->run_lock);
	vm->armed = false;
	gpup_sched_group_suspend(&vm->group);
	mutex_unlock(&vm->run_lock);
	gpup_sched_group_wait_stopped(&vm->group);
	/*
	 * The pass that this may begin waits for the fence. The address space is not ours any more
	 * once that has signalled: it may get another fence, and end with that.
	 */
	gpup_sched_group_poke(&vm->group);
	dma_fence_signal(&pf->base);
	dma_fence_end_signalling(cookie);
	dma_fence_put(&pf->base);
}

static struct dma_fence *preempt_fence_create(struct gpup_vm *vm)
{
	struct preempt_fence *pf = kzalloc(sizeof(*pf), GFP_KERNEL_ACCOUNT);

	if (!pf)
		return NULL;
	spin_lock_init(&pf->lock);
	pf->vm = vm;
	INIT_WORK(&pf->work, preempt);
	gpup_dma_fence_init64(&pf->base, &preempt_fence_ops, &pf->lock, vm->fence_context,
			      ++vm->fence_seqno);
	return &pf->base;
}

static bool is_armed(struct gpup_vm *vm)
{
	bool armed;

	mutex_lock(&vm->run_lock);
	armed = vm->armed;
	mutex_unlock(&vm->run_lock);
	return armed;
}

/* With the locks of all objects that the pass is about. True if the group runs. */
static bool resume(struct gpup_vm *vm, bool arm)
{
	bool done;

	mutex_lock(&vm->run_lock);
	if (arm)
		vm->armed = true;
	mutex_lock(&vm->pt_lock);
	done = vm->armed && list_empty(&vm->invalid);
	mutex_unlock(&vm->pt_lock);
	if (done) {
		WRITE_ONCE(vm->resumed, jiffies);
		gpup_sched_group_resume(&vm->group);
	}
	mutex_unlock(&vm->run_lock);
	return done;
}

/* 0 if the group runs, 1 if there is more to do, or an error. */
static int pass_once(struct gpup_vm *vm)
{
	struct pass_item *items;
	struct drm_exec exec;
	unsigned int count;
	bool all, done;
	int ret;

	all = !is_armed(vm);
	if (all) {
		/* The last one is signalled by whoever stopped the group. */
		if (vm->fence)
			dma_fence_wait(vm->fence, false);
		dma_fence_put(vm->fence);
		vm->fence = preempt_fence_create(vm);
		if (!vm->fence)
			return -ENOMEM;
	}
	items = collect(vm, all, &count);
	if (!items) {
		ret = -ENOMEM;
		goto out_fence;
	}
	ret = hold_items(vm, items, count, &exec, false);
	if (ret)
		goto out_items;
	leave_fence(items, count, vm->fence);
	done = resume(vm, all);
	drm_exec_fini(&exec);
	drop_items(items, count);
	return !done;

out_items:
	drop_items(items, count);
out_fence:
	if (all) {
		/* Nobody has seen it. */
		dma_fence_signal(vm->fence);
		dma_fence_put(vm->fence);
		vm->fence = NULL;
	}
	return ret;
}

static void run_pass(struct work_struct *work)
{
	struct gpup_vm *vm = container_of(work, struct gpup_vm, pass);
	int ret;

	do {
		ret = READ_ONCE(vm->closing) ? -ECANCELED : pass_once(vm);
	} while (ret > 0);
	if (!ret || READ_ONCE(vm->closing))
		return;
	gpup_sched_group_fail(&vm->group, ret);
	gpup_sched_group_poke(&vm->group);
}

/* Any context, with the scheduler's lock held. */
static void want_residency(struct gpup_sched_group *group)
{
	struct gpup_vm *vm = container_of(group, struct gpup_vm, group);

	queue_work(vm->mp->mm->pass_wq, &vm->pass);
}

/**
 * gpup_vm_residency_init() - Begin with nothing in place
 * @vm: The address space.
 * @sched: As for gpup_vm_create().
 */
void gpup_vm_residency_init(struct gpup_vm *vm, struct gpup_vidsch *sched)
{
	mutex_init(&vm->run_lock);
	INIT_WORK(&vm->pass, run_pass);
	vm->fence_context = dma_fence_context_alloc(1);
	vm->gives_way = sched;
	if (sched)
		gpup_sched_group_init(&vm->group, sched, want_residency);
}

/**
 * gpup_vm_residency_fini() - Nothing has to be in place any more
 * @vm: The address space; its queues are closed.
 *
 * May sleep, also for the jobs of others that a pass is waiting for.
 */
void gpup_vm_residency_fini(struct gpup_vm *vm)
{
	struct preempt_fence *pf;

	WRITE_ONCE(vm->closing, true);
	cancel_work_sync(&vm->pass);
	if (!vm->fence)
		return;
	dma_fence_signal(vm->fence);
	/* Nobody queues it any more. */
	pf = container_of(vm->fence, struct preempt_fence, base);
	if (cancel_work_sync(&pf->work))
		dma_fence_put(vm->fence);
	/* It has poked the group, which has no queues. */
	dma_fence_put(vm->fence);
	vm->fence = NULL;
}

/**
 * gpup_vm_group() - Group that the queues of an address space are to be in
 * @vm: The address space.
 *
 * Return: The group, or NULL if it does not give way.
 */
struct gpup_sched_group *gpup_vm_group(struct gpup_vm *vm)
{
	return vm->gives_way ? &vm->group : NULL;
}

/**
 * gpup_vm_hold() - Hold an address space in VRAM for a submission
 * @vm: The address space.
 *
 * Locks all its objects until gpup_vm_unhold(). May sleep: also for jobs of others,
 * and for grace periods.
 *
 * Return: NULL if the address space gives way between jobs, so that nothing is to be held,
 * what gpup_vm_unhold() wants, or ERR_PTR: -ENOMEM, -ERESTARTSYS, -EIO.
 */
struct gpup_vm_hold *gpup_vm_hold(struct gpup_vm *vm)
{
	struct gpup_vm_hold *hold;
	int ret = -ENOMEM;

	if (vm->gives_way)
		return NULL;
	hold = kzalloc(sizeof(*hold), GFP_KERNEL);
	if (!hold)
		return ERR_PTR(-ENOMEM);
	hold->items = collect(vm, true, &hold->count);
	if (!hold->items)
		goto err_free;
	ret = hold_items(vm, hold->items, hold->count, &hold->exec, true);
	if (!ret)
		return hold;
	drop_items(hold->items, hold->count);
err_free:
	kfree(hold);
	return ERR_PTR(ret);
}

/**
 * gpup_vm_unhold() - Let go of an address space
 * @hold: From gpup_vm_hold(), or NULL.
 * @fence: Fence of the job that was submitted, or NULL if none was.
 */
void gpup_vm_unhold(struct gpup_vm_hold *hold, struct dma_fence *fence)
{
	if (!hold)
		return;
	if (fence)
		leave_fence(hold->items, hold->count, fence);
	drm_exec_fini(&hold->exec);
	drop_items(hold->items, hold->count);
	kfree(hold);
}
