/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Buffer objects.
 */
#ifndef _GUEST_BO_H_
#define _GUEST_BO_H_

#include <linux/list.h>
#include <linux/mm_types.h>
#include <linux/types.h>

#include <drm/drm_gem.h>
#include <drm/drm_mm.h>

#include "guest_name.h"

struct drm_device;
struct drm_file;
struct guest_device;
struct sg_table;

/**
 * struct guest_bo - Buffer object
 *
 * The device's half has a name, and ends with it. The GEM object is the other half, which
 * lives on after its last reference until the device has let go.
 */
struct guest_bo {
	/** @base: GEM object. */
	struct drm_gem_object base;
	/** @name: Its name. */
	struct guest_name name;
	/** @flags: &enum drm_gpup_bo_flags. */
	u32 flags;
	/** @posted: Its creation was posted, and counts in &guest_device.creating. */
	bool posted;
	/** @error: The device has refused to create it, a negative errno; or 0. */
	int error;
	/** @aperture: In VRAM: its place in BAR 4, if it has one. */
	struct drm_mm_node aperture;
	/** @aperture_link: Entry of &guest_aperture.lru while it has a place. */
	struct list_head aperture_link;
	/** @pages: In guest memory: its pages. */
	struct page **pages;
	/** @sgt: In guest memory: its pages, mapped for DMA; or NULL. */
	struct sg_table *sgt;
	/** @system_link: Entry of &guest_device.system while @sgt is there. */
	struct list_head system_link;
};

static inline struct guest_bo *guest_bo_from_gem(struct drm_gem_object *obj)
{
	return container_of(obj, struct guest_bo, base);
}

int guest_ioctl_bo_create(struct drm_device *drm, void *data, struct drm_file *file);
int guest_ioctl_bo_mmap_offset(struct drm_device *drm, void *data, struct drm_file *file);
int guest_ioctl_bo_advise(struct drm_device *drm, void *data, struct drm_file *file);

/* Guest memory: guest_pages.c */
int guest_pages_check(u64 size);
int guest_pages_get(struct guest_bo *bo);
int guest_pages_send(struct guest_bo *bo);
void guest_pages_put(struct guest_bo *bo);
void guest_pages_unmap_all(struct guest_device *gdev);
vm_fault_t guest_pages_fault(struct vm_fault *vmf);

/* Video memory: guest_aperture.c */
void guest_aperture_init(struct guest_device *gdev);
void guest_aperture_fini(struct guest_device *gdev);
void guest_aperture_unmap(struct guest_bo *bo);
vm_fault_t guest_aperture_fault(struct vm_fault *vmf);

#endif /* _GUEST_BO_H_ */
