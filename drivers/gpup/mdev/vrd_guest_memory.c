// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffer objects of a Virtual Render Device that live in guest memory.
 */
#include <linux/mm.h>
#include <linux/sizes.h>
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

/*
 * Pages that were pinned together, and must be unpinned together, in one word for each such
 * run: their address, and where that is zero their number less one.
 */
struct pins {
	struct list_head link;
	u32 count;
	u32 max;
	u64 runs[] __counted_by(max);
};

#define PINS_RUN_MAX	((u32)PAGE_SIZE)
#define PINS_MAX	((SZ_4K - sizeof(struct pins)) / sizeof(u64))

static u64 pins_iova(u64 run)
{
	return round_down(run, PAGE_SIZE);
}

static u32 pins_pages(u64 run)
{
	return offset_in_page(run) + 1;
}

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
	/* &struct pins. */
	struct list_head pins;
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
	INIT_LIST_HEAD(&obj->pins);
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

/* Where the next run goes. Never more words than the object has pages. */
static struct pins *room_for_run(struct gpup_vrd_guest_bo *obj)
{
	struct pins *pins = list_first_entry_or_null(&obj->pins, struct pins, link);
	u32 max = min(obj->page_count - obj->pinned, PINS_MAX);

	if (pins && pins->count < pins->max)
		return pins;
	pins = kzalloc(struct_size(pins, runs, max), GFP_KERNEL_ACCOUNT);
	if (!pins)
		return NULL;
	pins->max = max;
	list_add(&pins->link, &obj->pins);
	return pins;
}

static int pin_run(struct gpup_vrd_guest_bo *obj, const struct gpup_vrd_run *run)
{
	u64 iova = le64_to_cpu(run->address);
	u32 n, left = le32_to_cpu(run->pages);
	struct pins *pins;
	int ret;

	for (; left; left -= n) {
		n = min(left, PINS_RUN_MAX);
		pins = room_for_run(obj);
		if (!pins)
			return -ENOMEM;
		ret = gpup_vrd_pin(obj->vrd, iova, n, obj->pages + obj->pinned);
		if (ret)
			return ret;
		pins->runs[pins->count++] = iova | (n - 1);
		obj->pinned += n;
		iova += (u64)n * PAGE_SIZE;
	}
	return 0;
}

/* On failure the object keeps what was pinned until then. */
static int pin_runs(struct gpup_vrd_guest_bo *obj, const struct gpup_vrd_run *runs, u32 count)
{
	int ret = 0;
	u32 i;

	for (i = 0; i < count && !ret; i++)
		ret = pin_run(obj, &runs[i]);
	return ret;
}

static void unpin_all(struct gpup_vrd_guest_bo *obj)
{
	struct pins *pins, *next;
	u32 i;

	list_for_each_entry_safe(pins, next, &obj->pins, link) {
		for (i = 0; i < pins->count; i++)
			gpup_vrd_unpin(obj->vrd, pins_iova(pins->runs[i]),
				       pins_pages(pins->runs[i]));
		list_del(&pins->link);
		kfree(pins);
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
	unsigned long index;
	struct pins *pins;
	u64 size;
	u32 i;

	xa_for_each(&vrd->guest_memory.objects, index, obj) {
		list_for_each_entry(pins, &obj->pins, link) {
			for (i = 0; i < pins->count; i++) {
				size = (u64)pins_pages(pins->runs[i]) * PAGE_SIZE;
				if (gpup_vrd_ranges_overlap(pins_iova(pins->runs[i]), size, iova,
							    length))
					return true;
			}
		}
	}
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
