/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Figures of the memory, as the device shows them in a page.
 */
#ifndef _GUEST_MEMORY_H_
#define _GUEST_MEMORY_H_

#include <drm/gpup_drm.h>
#include <linux/gpup_vrd.h>

int guest_memory_read(const struct gpup_vrd_memory_status *status,
		      struct drm_gpup_memory_info *info);

#endif /* _GUEST_MEMORY_H_ */
