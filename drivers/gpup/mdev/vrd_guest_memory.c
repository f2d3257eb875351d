// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffer objects of a Virtual Render Device that live in guest memory.
 */
#include <linux/slab.h>

#include "vrd.h"

/**
 * DOC: Guest memory
 *
 * BO_CREATE makes an object without pages. BO_PAGES pins and appends some; with the
 * last of them the object becomes one of VidMm's, whose pages belong to us, and only
 * then has it a handle that can be bound. BO_DESTROY takes the handle away; the GPU may use
 * the pages for a while longer. When VidMm gives them back, in whatever context that
 * is, the object goes on a list, and the worker unpins the pages and tells the guest.
 *
 * The index of the handle stays taken until then. An object whose pages could not be had
 * is broken: it can only be destroyed, which is announced as for all others.
 *
 * Objects are created, given pages and destroyed by the worker alone, or while it is
 * disabled; only the way back from VidMm needs a lock.
 */

/* Pages that were pinned together, and must be unpinned together. */
struct pin {
	u64 iova;
	u32 count;
};

/* Pages that came with one message. */
struct pin_set {
	struct list_head link;
	u32 count;
	struct pin pins[];
};

struct gpup_vrd_guest_bo {
	struct gpup_vrd *vrd;
	/* Entry of the released objects. */
	struct list_head link;
	u32 handle;
	/* Its pages are known to VidMm. */
	bool complete;
	/* Its handle was taken away, or it never had one and was destroyed. */
	bool destroyed;
	bool broken;
	unsigned long page_count;
	unsigned long pinned;
	struct list_head pin_sets;
	struct page **pages;
};

static struct gpup_vrd_guest_bo *find(struct gpup_vrd *vrd, u32 handle)
{
	struct gpup_vrd_guest_bo *obj;

	obj = xa_load(&vrd->guest_memory.objects, GPUP_VRD_HANDLE_INDEX(handle));
	return obj && obj->handle == handle && !obj->destroyed ? obj : NULL;
}

/**
 * gpup_vrd_guest_memory_named() - Ask whether an object in guest memory has an index
 * @vrd: The device.
 * @handle: A handle.
 *
 * Called by the worker.
 *
 * Return: True if the index of the handle is in use.
 */
bool gpup_vrd_guest_memory_named(struct gpup_vrd *vrd, u32 handle)
{
	return xa_load(&vrd->guest_memory.objects, GPUP_VRD_HANDLE_INDEX(handle));
}

/**
 * gpup_vrd_guest_bo_create() - Create an object without pages
 * @vrd: The device.
 * @handle: Handle that it will have; its index and generation are valid, and no object
 *	has it.
 * @size: Size in bytes, not zero, page-aligned.
 *
 * Called by the worker. May sleep.
 *
 * Return: 0, -ENOMEM without memory or over the partition's limit.
 */
int gpup_vrd_guest_bo_create(struct gpup_vrd *vrd, u32 handle, u64 size)
{
	struct gpup_vrd_guest_memory *memory = &vrd->guest_memory;
	u64 limit = vrd->partition->mm.system_max >> PAGE_SHIFT;
	struct gpup_vrd_guest_bo *obj;
	int ret;

	/* VidMm charges complete objects; this bounds what the others can make us allocate. */
	if (memory->pages > limit || size >> PAGE_SHIFT > limit - memory->pages)
		return -ENOMEM;

	obj = kzalloc(sizeof(*obj), GFP_KERNEL_ACCOUNT);
	if (!obj)
		return -ENOMEM;
	obj->vrd = vrd;
	obj->handle = handle;
	obj->page_count = size >> PAGE_SHIFT;
	INIT_LIST_HEAD(&obj->link);
	INIT_LIST_HEAD(&obj->pin_sets);
	obj->pages = kvcalloc(obj->page_count, sizeof(*obj->pages),
			      GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!obj->pages) {
		ret = -ENOMEM;
		goto err_free;
	}
	ret = xa_insert(&memory->objects, GPUP_VRD_HANDLE_INDEX(handle), obj, GFP_KERNEL_ACCOUNT);
	if (ret)
		goto err_pages;
	memory->pages += obj->page_count;
	return 0;

err_pages:
	kvfree(obj->pages);
err_free:
	kfree(obj);
	return ret;
}

static int pin_run(struct gpup_vrd_guest_bo *obj, struct pin_set *set,
		   const struct gpup_vrd_run *run)
{
	struct pin pin = {
		.iova = le64_to_cpu(run->address),
		.count = le32_to_cpu(run->pages),
	};
	int ret;

	ret = gpup_vrd_pin(obj->vrd, pin.iova, pin.count, obj->pages + obj->pinned);
	if (ret)
		return ret;
	set->pins[set->count++] = pin;
	obj->pinned += pin.count;
	return 0;
}

static int pin_runs(struct gpup_vrd_guest_bo *obj, const struct gpup_vrd_run *runs, u32 count)
{
	struct pin_set *set;
	int ret;
	u32 i;

	set = kvzalloc(struct_size(set, pins, count), GFP_KERNEL_ACCOUNT);
	if (!set)
		return -ENOMEM;
	/* On failure the set holds what was pinned until then. */
	list_add_tail(&set->link, &obj->pin_sets);
	for (i = 0; i < count; i++) {
		ret = pin_run(obj, set, &runs[i]);
		if (ret)
			return ret;
	}
	return 0;
}

static void unpin_all(struct gpup_vrd_guest_bo *obj)
{
	struct pin_set *set, *next;
	u32 i;

	list_for_each_entry_safe(set, next, &obj->pin_sets, link) {
		for (i = 0; i < set->count; i++)
			gpup_vrd_unpin(obj->vrd, set->pins[i].iova, set->pins[i].count);
		list_del(&set->link);
		kvfree(set);
		cond_resched();
	}
}

static void release(struct gpup_vrd_guest_bo *obj)
{
	struct gpup_vrd *vrd = obj->vrd;

	lockdep_assert_held(&vrd->guest_memory.lock);
	list_add_tail(&obj->link, &vrd->guest_memory.released);
	gpup_vrd_kick(vrd);
}

/* VidMm gives the pages back. The lock is held to the end: somebody may wait to free us. */
static void pages_returned(struct page **pages, unsigned long count, void *data)
{
	struct gpup_vrd_guest_bo *obj = data;
	struct gpup_vrd_guest_memory *memory = &obj->vrd->guest_memory;

	spin_lock(&memory->lock);
	release(obj);
	if (!--memory->in_use)
		wake_up(&memory->idle);
	spin_unlock(&memory->lock);
}

static int complete_object(struct gpup_vrd_guest_bo *obj)
{
	struct gpup_vrd *vrd = obj->vrd;
	struct gpup_vrd_guest_memory *memory = &vrd->guest_memory;
	struct gpup_bo *bo;
	int ret;

	spin_lock(&memory->lock);
	memory->in_use++;
	spin_unlock(&memory->lock);

	bo = gpup_bo_create_foreign(&vrd->partition->mm, obj->pages, obj->page_count,
				    pages_returned, obj);
	if (IS_ERR(bo)) {
		spin_lock(&memory->lock);
		memory->in_use--;
		spin_unlock(&memory->lock);
		return PTR_ERR(bo);
	}
	obj->complete = true;
	ret = gpup_handle_install(&vrd->handles, obj->handle, GPUP_OBJECT_BO, NULL, bo);
	if (ret) {
		/* The pages come back, and the guest is told that the object is gone. */
		obj->destroyed = true;
		gpup_bo_put(bo);
	}
	return ret;
}

/**
 * gpup_vrd_guest_bo_add_pages() - Give pages to an object
 * @vrd: The device.
 * @handle: Handle of the object.
 * @runs: The pages, checked by the decoder.
 * @count: Number of @runs.
 * @pages: Number of pages in all of them.
 *
 * Called by the worker. May sleep, and takes the VMM's mmap_lock.
 *
 * Return: 0, -ENOENT, -EINVAL if that is more than the object lacks, -ENOMEM over the
 * partition's limit, or what pinning failed with.
 */
int gpup_vrd_guest_bo_add_pages(struct gpup_vrd *vrd, u32 handle,
				const struct gpup_vrd_run *runs, u32 count, u64 pages)
{
	struct gpup_vrd_guest_bo *obj = find(vrd, handle);
	int ret;

	if (!obj)
		return -ENOENT;
	if (obj->broken || obj->complete || pages > obj->page_count - obj->pinned)
		return -EINVAL;

	ret = pin_runs(obj, runs, count);
	if (!ret && obj->pinned == obj->page_count)
		ret = complete_object(obj);
	if (ret)
		obj->broken = true;
	return ret;
}

/**
 * gpup_vrd_guest_bo_destroy() - Take the handle off an object
 * @vrd: The device.
 * @handle: The handle.
 *
 * Called by the worker. May sleep.
 *
 * Return: 0, -ENOENT if it does not name an object in guest memory.
 */
int gpup_vrd_guest_bo_destroy(struct gpup_vrd *vrd, u32 handle)
{
	struct gpup_vrd_guest_memory *memory = &vrd->guest_memory;
	struct gpup_vrd_guest_bo *obj = find(vrd, handle);
	struct gpup_bo *bo;

	if (!obj)
		return -ENOENT;
	obj->destroyed = true;
	if (obj->complete) {
		bo = gpup_handle_remove(&vrd->handles, handle, GPUP_OBJECT_BO, NULL);
		if (!WARN_ON_ONCE(IS_ERR(bo)))
			gpup_bo_put(bo);
		return 0;
	}
	spin_lock(&memory->lock);
	release(obj);
	spin_unlock(&memory->lock);
	return 0;
}

static void free_object(struct gpup_vrd_guest_bo *obj)
{
	struct gpup_vrd_guest_memory *memory = &obj->vrd->guest_memory;

	unpin_all(obj);
	xa_erase(&memory->objects, GPUP_VRD_HANDLE_INDEX(obj->handle));
	memory->pages -= obj->page_count;
	kvfree(obj->pages);
	kfree(obj);
}

/**
 * gpup_vrd_guest_memory_released() - Ask whether there are objects to reap
 * @vrd: The device.
 *
 * Return: True if there are.
 */
bool gpup_vrd_guest_memory_released(struct gpup_vrd *vrd)
{
	return !list_empty_careful(&vrd->guest_memory.released);
}

/**
 * gpup_vrd_guest_memory_reap() - Unpin one object whose pages nobody uses any more
 * @vrd: The device.
 *
 * Called by the worker. May sleep.
 *
 * Return: Its handle; zero if there was none.
 */
u32 gpup_vrd_guest_memory_reap(struct gpup_vrd *vrd)
{
	struct gpup_vrd_guest_memory *memory = &vrd->guest_memory;
	struct gpup_vrd_guest_bo *obj;
	u32 handle;

	spin_lock(&memory->lock);
	obj = list_first_entry_or_null(&memory->released, struct gpup_vrd_guest_bo, link);
	if (obj)
		list_del_init(&obj->link);
	spin_unlock(&memory->lock);
	if (!obj)
		return 0;
	handle = obj->handle;
	free_object(obj);
	return handle;
}

/**
 * gpup_vrd_guest_memory_reset() - Unpin everything
 * @vrd: The device, still open; its worker is disabled, and all clients and buffer
 *	objects have been destroyed, so that the pages come back soon.
 *
 * May sleep.
 */
void gpup_vrd_guest_memory_reset(struct gpup_vrd *vrd)
{
	struct gpup_vrd_guest_memory *memory = &vrd->guest_memory;
	struct gpup_vrd_guest_bo *obj;
	unsigned long index;

	wait_event(memory->idle, !READ_ONCE(memory->in_use));
	/* Whoever has brought the last pages back is done with the list. */
	spin_lock(&memory->lock);
	INIT_LIST_HEAD(&memory->released);
	spin_unlock(&memory->lock);

	xa_for_each(&memory->objects, index, obj)
		free_object(obj);
}

/**
 * gpup_vrd_guest_memory_overlaps() - Ask whether an object is in a range of guest memory
 * @vrd: The device; its worker is disabled.
 * @iova: Start of the range.
 * @length: Its length in bytes.
 *
 * Return: True if a page of one is.
 */
bool gpup_vrd_guest_memory_overlaps(struct gpup_vrd *vrd, u64 iova, u64 length)
{
	struct gpup_vrd_guest_bo *obj;
	struct pin_set *set;
	unsigned long index;
	u32 i;

	xa_for_each(&vrd->guest_memory.objects, index, obj)
		list_for_each_entry(set, &obj->pin_sets, link)
			for (i = 0; i < set->count; i++)
				if (gpup_vrd_ranges_overlap(set->pins[i].iova,
							    (u64)set->pins[i].count * PAGE_SIZE,
							    iova, length))
					return true;
	return false;
}

/**
 * gpup_vrd_guest_memory_init() - Start without objects
 * @vrd: The device.
 */
void gpup_vrd_guest_memory_init(struct gpup_vrd *vrd)
{
	struct gpup_vrd_guest_memory *memory = &vrd->guest_memory;

	xa_init(&memory->objects);
	spin_lock_init(&memory->lock);
	INIT_LIST_HEAD(&memory->released);
	init_waitqueue_head(&memory->idle);
}

/**
 * gpup_vrd_guest_memory_fini() - End without objects
 * @vrd: The device.
 */
void gpup_vrd_guest_memory_fini(struct gpup_vrd *vrd)
{
	WARN_ON(!xa_empty(&vrd->guest_memory.objects));
	xa_destroy(&vrd->guest_memory.objects);
}
