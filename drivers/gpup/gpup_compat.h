/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the kernels that gpup builds for, see compat/features.sh.
 */
#ifndef _GPUP_COMPAT_H_
#define _GPUP_COMPAT_H_

#include <linux/dma-fence.h>

/* Whether a fence counts in 64 bits is said by its operations, or by how it begins. */
#ifdef GPUP_HAVE_DMA_FENCE_INIT64
#define GPUP_DMA_FENCE_OPS_64BIT
#define gpup_dma_fence_init64 dma_fence_init64
#else
#define GPUP_DMA_FENCE_OPS_64BIT .use_64bit_seqno = true,
#define gpup_dma_fence_init64 dma_fence_init
#endif

#endif /* _GPUP_COMPAT_H_ */
