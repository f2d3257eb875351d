// SPDX-License-Identifier: MIT
/* gpup: the partition's figures that libgpup does not hand out. */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <xf86drm.h>

#include "gpup.h"
#include "gpup_drm.h"
#include "mem.h"

int mem_query_budget(struct gpup_device *device, struct mem_budget *budget)
{
	struct drm_gpup_memory_info memory = { 0 };
	struct drm_gpup_dev_query query = {
		.type = DRM_GPUP_QUERY_MEMORY,
		.size = sizeof(memory),
		.pointer = (uintptr_t)&memory,
	};

	if (drmIoctl(gpup_device_fd(device), DRM_IOCTL_GPUP_DEV_QUERY, &query))
		return -errno;
	/* The kernel's structure is shorter if it is older. */
	*budget = (struct mem_budget) {
		.known = query.size >= offsetof(struct drm_gpup_memory_info, trims) +
			 sizeof(memory.trims),
		.budget = memory.vram_budget,
		.evicted = memory.vram_evicted,
		.trims = memory.trims,
	};
	return 0;
}
