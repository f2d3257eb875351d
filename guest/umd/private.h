/* SPDX-License-Identifier: MIT */
/* libgpup: what its files share. Names here do not start with gpup_ and are not exported. */
#ifndef UMD_PRIVATE_H
#define UMD_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include <xf86drm.h>

#include "gpup.h"
#include "gpup_drm.h"
#include "va.h"

struct gpup_device {
	int fd;
	char *path;
	struct drm_gpup_adapter_info adapter;	/* does not change */
	pthread_mutex_t lock;			/* of @bos, and of GEM handles */
	struct gpup_bo *bos;
};

struct gpup_bo {
	struct gpup_device *device;
	struct gpup_bo *next;			/* in the device's list */
	unsigned int references;		/* under the device's lock */
	uint32_t handle;
	uint64_t size;
	pthread_mutex_t lock;			/* of @address */
	void *address;				/* NULL: not mapped */
};

struct gpup_timeline {
	struct gpup_device *device;
	uint32_t handle;
};

struct gpup_vm {
	struct gpup_device *device;
	uint32_t handle;
	pthread_mutex_t lock;			/* of @space */
	struct va_space space;
};

struct gpup_cmdbuf {
	struct gpup_vm *vm;
	struct gpup_bo *bo;
	uint64_t va;
	uint8_t *data;
	size_t size;				/* room */
	size_t used;
	int error;				/* of the first command that failed */
};

struct gpup_queue {
	struct gpup_vm *vm;
	uint32_t handle;
	struct gpup_timeline timeline;
	pthread_mutex_t lock;			/* submissions, in the order of @submitted */
	uint64_t submitted;
	_Atomic uint64_t good;			/* jobs up to this value have ended well */
	_Atomic int64_t poll_ns;		/* how long a wait looks before it sleeps */
};

/* The time by the monotonic clock, in ns. */
int64_t umd_now(void);

/* An ioctl that returns a negative errno. */
int umd_ioctl(struct gpup_device *device, unsigned long request, void *argument);

/*
 * Turn fences into what ioctls take; @syncs has room for GPUP_MAX_FENCES. Returns how many
 * there are, or -EINVAL.
 */
int umd_syncs(struct drm_gpup_sync *syncs,
	      const struct gpup_fence *waits, size_t wait_count,
	      const struct gpup_fence *signals, size_t signal_count);

int timeline_init(struct gpup_timeline *timeline, struct gpup_device *device);
void timeline_fini(struct gpup_timeline *timeline);

#endif
