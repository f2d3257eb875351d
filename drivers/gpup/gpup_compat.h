/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the kernels that gpup builds for, see compat/features.sh.
 */
#ifndef _GPUP_COMPAT_H_
#define _GPUP_COMPAT_H_

#include <linux/dma-fence.h>
#include <linux/hrtimer.h>
#include <linux/mm.h>
#include <linux/shmem_fs.h>
#ifndef GPUP_HAVE_INSERT_PFN_PMD_ULONG
#include <linux/pfn_t.h>
#endif

#include <drm/drm_device.h>
#include <drm/drm_gpuvm.h>
#include <drm/ttm/ttm_bo.h>
#include <drm/ttm/ttm_device.h>
#include <drm/ttm/ttm_tt.h>

/* Whether a fence counts in 64 bits is said by its operations, or by how it begins. */
#ifdef GPUP_HAVE_DMA_FENCE_INIT64
#define GPUP_DMA_FENCE_OPS_64BIT
#define gpup_dma_fence_init64 dma_fence_init64
#else
#define GPUP_DMA_FENCE_OPS_64BIT .use_64bit_seqno = true,
#define gpup_dma_fence_init64 dma_fence_init
#endif

/* TTM: flags of a device, how an object gets its pages, and how it ends. */
static inline int gpup_ttm_device_init(struct ttm_device *ttm,
				       const struct ttm_device_funcs *funcs,
				       struct drm_device *drm)
{
#ifdef GPUP_HAVE_TTM_ALLOC_FLAGS
	return ttm_device_init(ttm, funcs, drm->dev, drm->anon_inode->i_mapping,
			       drm->vma_offset_manager, 0);
#else
	return ttm_device_init(ttm, funcs, drm->dev, drm->anon_inode->i_mapping,
			       drm->vma_offset_manager, false, false);
#endif
}

static inline int gpup_ttm_bo_populate(struct ttm_buffer_object *bo,
				       struct ttm_operation_ctx *ctx)
{
#ifdef GPUP_HAVE_TTM_BO_POPULATE
	return ttm_bo_populate(bo, ctx);
#else
	return ttm_tt_populate(bo->bdev, bo->ttm, ctx);
#endif
}

#ifdef GPUP_HAVE_TTM_BO_FINI
#define gpup_ttm_bo_fini ttm_bo_fini
#else
#define gpup_ttm_bo_fini ttm_bo_put
#endif

/* drm_gpuvm: the request to map became a structure. */
#ifdef GPUP_HAVE_GPUVM_MAP_REQ
static inline int gpup_gpuvm_sm_map(struct drm_gpuvm *gpuvm, void *priv, u64 addr, u64 range,
				    struct drm_gem_object *obj, u64 offset)
{
	struct drm_gpuvm_map_req req = {
		.map.va.addr = addr,
		.map.va.range = range,
		.map.gem.obj = obj,
		.map.gem.offset = offset,
	};

	return drm_gpuvm_sm_map(gpuvm, priv, &req);
}
#else
#define gpup_gpuvm_sm_map drm_gpuvm_sm_map
#endif

/* Files without a name: their flags became a type of their own. */
static inline struct file *gpup_shmem_file_setup(const char *name, loff_t size)
{
#ifdef GPUP_HAVE_VMA_FLAGS
	return shmem_file_setup(name, size, mk_vma_flags(VMA_NORESERVE_BIT));
#else
	return shmem_file_setup(name, size, VM_NORESERVE);
#endif
}

/* Whether drivers say that they use drm_gpuvm. */
#ifdef GPUP_HAVE_DRIVER_GEM_GPUVA
#define GPUP_DRIVER_GEM_GPUVA DRIVER_GEM_GPUVA
#else
#define GPUP_DRIVER_GEM_GPUVA 0
#endif

/* Huge pages in tables of user space: a page frame was once more than a number. */
#ifdef CONFIG_ARCH_SUPPORTS_PMD_PFNMAP
static inline vm_fault_t gpup_insert_pfn_pmd(struct vm_fault *vmf, unsigned long pfn, bool write)
{
#ifdef GPUP_HAVE_INSERT_PFN_PMD_ULONG
	return vmf_insert_pfn_pmd(vmf, pfn, write);
#else
	return vmf_insert_pfn_pmd(vmf, __pfn_to_pfn_t(pfn, PFN_DEV), write);
#endif
}
#else
static inline vm_fault_t gpup_insert_pfn_pmd(struct vm_fault *vmf, unsigned long pfn, bool write)
{
	return VM_FAULT_FALLBACK;
}
#endif

static inline void gpup_hrtimer_setup(struct hrtimer *timer,
				      enum hrtimer_restart (*function)(struct hrtimer *),
				      clockid_t clock, enum hrtimer_mode mode)
{
#ifdef GPUP_HAVE_HRTIMER_SETUP
	hrtimer_setup(timer, function, clock, mode);
#else
	hrtimer_init(timer, clock, mode);
	timer->function = function;
#endif
}

#endif /* _GPUP_COMPAT_H_ */
