// SPDX-License-Identifier: MIT
/* libgpup: timelines, which are drm_syncobjs. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "private.h"

#define NS_PER_S	INT64_C(1000000000)

int timeline_init(struct gpup_timeline *timeline, struct gpup_device *device)
{
	timeline->device = device;
	return drmSyncobjCreate(device->fd, 0, &timeline->handle) ? -errno : 0;
}

void timeline_fini(struct gpup_timeline *timeline)
{
	drmSyncobjDestroy(timeline->device->fd, timeline->handle);
}

int gpup_timeline_create(struct gpup_device *device, struct gpup_timeline **result)
{
	struct gpup_timeline *timeline;
	int ret;

	timeline = calloc(1, sizeof(*timeline));
	if (!timeline)
		return -ENOMEM;

	ret = timeline_init(timeline, device);
	if (ret) {
		free(timeline);
		return ret;
	}
	*result = timeline;
	return 0;
}

void gpup_timeline_destroy(struct gpup_timeline *timeline)
{
	if (!timeline)
		return;
	timeline_fini(timeline);
	free(timeline);
}

uint32_t gpup_timeline_handle(const struct gpup_timeline *timeline)
{
	return timeline->handle;
}

int64_t umd_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* The kernel wants the time at which to stop waiting, by the monotonic clock. */
static int64_t deadline(int64_t timeout)
{
	int64_t ns;

	if (timeout < 0)
		return INT64_MAX;
	ns = umd_now();
	return timeout > INT64_MAX - ns ? INT64_MAX : ns + timeout;
}

int gpup_timeline_wait(struct gpup_timeline *timeline, uint64_t value, int64_t timeout)
{
	int ret;

	ret = drmSyncobjTimelineWait(timeline->device->fd, &timeline->handle, &value, 1,
				     deadline(timeout), DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT,
				     NULL);
	/* -ETIME is what a job that ran for too long is called. */
	return ret == -ETIME ? -ETIMEDOUT : ret;
}

int gpup_timeline_value(struct gpup_timeline *timeline, uint64_t *value)
{
	return drmSyncobjQuery(timeline->device->fd, &timeline->handle, value, 1) ? -errno : 0;
}

int gpup_timeline_signal(struct gpup_timeline *timeline, uint64_t value)
{
	return drmSyncobjTimelineSignal(timeline->device->fd, &timeline->handle, &value, 1) ?
		-errno : 0;
}

int umd_syncs(struct drm_gpup_sync *syncs,
	      const struct gpup_fence *waits, size_t wait_count,
	      const struct gpup_fence *signals, size_t signal_count)
{
	size_t i, count = 0;

	if (wait_count > GPUP_MAX_FENCES || signal_count > GPUP_MAX_FENCES - wait_count)
		return -EINVAL;

	for (i = 0; i < wait_count; i++)
		syncs[count++] = (struct drm_gpup_sync) {
			.flags = DRM_GPUP_SYNC_WAIT | DRM_GPUP_SYNC_TIMELINE,
			.handle = waits[i].timeline->handle,
			.point = waits[i].value,
		};
	for (i = 0; i < signal_count; i++)
		syncs[count++] = (struct drm_gpup_sync) {
			.flags = DRM_GPUP_SYNC_SIGNAL | DRM_GPUP_SYNC_TIMELINE,
			.handle = signals[i].timeline->handle,
			.point = signals[i].value,
		};
	return (int)count;
}
