#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Print a -D option for each kernel interface that is there. Stable kernels take
# interfaces back from newer ones, so that a version number says nothing.
#
# usage: features.sh KERNEL_SOURCE_TREE
set -u

tree=$1

# has FILE PATTERN MACRO: define MACRO if the header has a line like PATTERN
has()
{
	if grep -Eqs "$2" "$tree/include/$1"; then
		echo "-D$3"
	fi
}

has linux/hrtimer.h '^extern void hrtimer_setup\(' GPUP_HAVE_HRTIMER_SETUP
has linux/dma-fence.h '^void dma_fence_init64\(' GPUP_HAVE_DMA_FENCE_INIT64
has linux/vfio.h '\(\*get_region_info_caps\)\(' GPUP_HAVE_VFIO_REGION_INFO_OP
has drm/ttm/ttm_device.h 'unsigned int alloc_flags\);' GPUP_HAVE_TTM_ALLOC_FLAGS
has drm/ttm/ttm_bo.h '^void ttm_bo_fini\(' GPUP_HAVE_TTM_BO_FINI
has drm/drm_drv.h 'DRIVER_GEM_GPUVA' GPUP_HAVE_DRIVER_GEM_GPUVA
has drm/drm_gpuvm.h '^struct drm_gpuvm_map_req ' GPUP_HAVE_GPUVM_MAP_REQ
has drm/ttm/ttm_bo.h '^int ttm_bo_populate\(' GPUP_HAVE_TTM_BO_POPULATE
has linux/huge_mm.h '^vm_fault_t vmf_insert_pfn_pmd\(struct vm_fault \*vmf, unsigned long pfn' GPUP_HAVE_INSERT_PFN_PMD_ULONG
has linux/shmem_fs.h 'shmem_file_setup\(.*vma_flags_t' GPUP_HAVE_VMA_FLAGS
