// SPDX-License-Identifier: MIT
/* libgpup: buffer objects. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "private.h"

_Static_assert(GPUP_BO_VRAM == DRM_GPUP_BO_VRAM, "flags are passed on as they are");
_Static_assert(GPUP_BO_SYSTEM == DRM_GPUP_BO_SYSTEM, "flags are passed on as they are");
_Static_assert(GPUP_BO_NO_MMAP == DRM_GPUP_BO_NO_MMAP, "flags are passed on as they are");
_Static_assert((int)GPUP_BO_DONT_NEED == (int)DRM_GPUP_BO_DONT_NEED, "passed on as it is");

static void close_handle(struct gpup_device *device, uint32_t handle)
{
	struct drm_gem_close args = { .handle = handle };

	umd_ioctl(device, DRM_IOCTL_GEM_CLOSE, &args);
}

static struct gpup_bo *bo_new(struct gpup_device *device)
{
	struct gpup_bo *bo = calloc(1, sizeof(*bo));

	if (bo) {
		bo->device = device;
		bo->references = 1;
		pthread_mutex_init(&bo->lock, NULL);
	}
	return bo;
}

static void bo_free(struct gpup_bo *bo)
{
	pthread_mutex_destroy(&bo->lock);
	free(bo);
}

/* Called with the device's lock held. */
static void bo_link(struct gpup_bo *bo)
{
	bo->next = bo->device->bos;
	bo->device->bos = bo;
}

int gpup_bo_create(struct gpup_device *device, uint64_t size, uint32_t flags,
		   struct gpup_bo **result)
{
	struct drm_gpup_bo_create args = { .size = size, .flags = flags };
	struct gpup_bo *bo;
	int ret;

	bo = bo_new(device);
	if (!bo)
		return -ENOMEM;

	pthread_mutex_lock(&device->lock);
	ret = umd_ioctl(device, DRM_IOCTL_GPUP_BO_CREATE, &args);
	if (!ret) {
		bo->handle = args.handle;
		bo->size = args.size;
		bo_link(bo);
	}
	pthread_mutex_unlock(&device->lock);
	if (ret) {
		bo_free(bo);
		return ret;
	}
	*result = bo;
	return 0;
}

void gpup_bo_destroy(struct gpup_bo *bo)
{
	struct gpup_device *device;
	struct gpup_bo **link;

	if (!bo)
		return;

	device = bo->device;
	pthread_mutex_lock(&device->lock);
	if (--bo->references) {
		pthread_mutex_unlock(&device->lock);
		return;
	}
	for (link = &device->bos; *link != bo; link = &(*link)->next)
		;
	*link = bo->next;
	/* Under the lock, lest an import is given the handle that goes away. */
	close_handle(device, bo->handle);
	pthread_mutex_unlock(&device->lock);

	gpup_bo_unmap(bo);
	bo_free(bo);
}

uint64_t gpup_bo_size(const struct gpup_bo *bo)
{
	return bo->size;
}

uint32_t gpup_bo_handle(const struct gpup_bo *bo)
{
	return bo->handle;
}

int gpup_bo_map(struct gpup_bo *bo, void **address)
{
	struct drm_gpup_bo_mmap_offset args = { .handle = bo->handle };
	void *mapped;
	int ret = 0;

	pthread_mutex_lock(&bo->lock);
	if (!bo->address) {
		ret = umd_ioctl(bo->device, DRM_IOCTL_GPUP_BO_MMAP_OFFSET, &args);
		if (!ret) {
			mapped = mmap(NULL, bo->size, PROT_READ | PROT_WRITE, MAP_SHARED,
				      bo->device->fd, (off_t)args.offset);
			if (mapped == MAP_FAILED)
				ret = -errno;
			else
				bo->address = mapped;
		}
	}
	if (!ret)
		*address = bo->address;
	pthread_mutex_unlock(&bo->lock);
	return ret;
}

void gpup_bo_unmap(struct gpup_bo *bo)
{
	pthread_mutex_lock(&bo->lock);
	if (bo->address)
		munmap(bo->address, bo->size);
	bo->address = NULL;
	pthread_mutex_unlock(&bo->lock);
}

int gpup_bo_export(struct gpup_bo *bo, int *fd)
{
	return drmPrimeHandleToFD(bo->device->fd, bo->handle, DRM_CLOEXEC | DRM_RDWR, fd) ?
		-errno : 0;
}

int gpup_bo_import(struct gpup_device *device, int fd, struct gpup_bo **result)
{
	struct gpup_bo *bo, *fresh;
	uint32_t handle;
	off_t size;
	int ret = 0;

	fresh = bo_new(device);
	if (!fresh)
		return -ENOMEM;

	size = lseek(fd, 0, SEEK_END);
	if (size < 0) {
		ret = -errno;
		bo_free(fresh);
		return ret;
	}

	pthread_mutex_lock(&device->lock);
	if (drmPrimeFDToHandle(device->fd, fd, &handle)) {
		ret = -errno;
		goto out;
	}
	/* The kernel returns the same handle for what is open here already, and counts it once. */
	for (bo = device->bos; bo && bo->handle != handle; bo = bo->next)
		;
	if (bo) {
		bo->references++;
	} else {
		bo = fresh;
		fresh = NULL;
		bo->handle = handle;
		bo->size = (uint64_t)size;
		bo_link(bo);
	}
	*result = bo;
out:
	pthread_mutex_unlock(&device->lock);
	if (fresh)
		bo_free(fresh);
	return ret;
}

int gpup_bo_advise(struct gpup_bo *bo, enum gpup_bo_advice advice, bool *retained)
{
	struct drm_gpup_bo_advise args = { .handle = bo->handle, .advice = advice };
	int ret;

	ret = umd_ioctl(bo->device, DRM_IOCTL_GPUP_BO_ADVISE, &args);
	if (!ret && retained)
		*retained = args.retained;
	return ret;
}
