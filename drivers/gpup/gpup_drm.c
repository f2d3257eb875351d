// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's render node: its files and what they show in fdinfo.
 */
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_print.h>

#include "gpup_compat.h"
#include "gpup_core.h"
#include "gpup_drm_driver.h"

/* The module of the GPU's driver stays as long as somebody has the node open. */
static int gpup_drm_open(struct drm_device *drm, struct drm_file *file)
{
	struct gpup_adapter *adapter = gpup_adapter_from_drm(drm);
	struct gpup_file *gfile;
	int ret;

	if (!try_module_get(adapter->ops->owner))
		return -ENODEV;

	gfile = kzalloc(sizeof(*gfile), GFP_KERNEL_ACCOUNT);
	if (!gfile) {
		ret = -ENOMEM;
		goto err_module;
	}
	gpup_handle_table_init(&gfile->handles, GPUP_DEFAULT_MAX_OBJECTS);
	gfile->client = gpup_client_create(adapter->host, &gfile->handles, current->comm,
					   task_tgid_nr(current));
	if (IS_ERR(gfile->client)) {
		ret = PTR_ERR(gfile->client);
		goto err_free;
	}
	file->driver_priv = gfile;
	return 0;

err_free:
	gpup_handle_table_fini(&gfile->handles);
	kfree(gfile);
err_module:
	module_put(adapter->ops->owner);
	return ret;
}

static void gpup_drm_postclose(struct drm_device *drm, struct drm_file *file)
{
	struct gpup_adapter *adapter = gpup_adapter_from_drm(drm);
	struct gpup_file *gfile = file->driver_priv;

	gpup_client_destroy(gfile->client);
	gpup_handle_table_fini(&gfile->handles);
	kfree(gfile);
	module_put(adapter->ops->owner);
}

/* By where objects are; drm_show_memory_stats() knows one place only. */
static void show_memory(struct drm_printer *p, struct drm_file *file)
{
	static const char * const names[] = { "vram", "system" };
	struct drm_memory_stats stats[ARRAY_SIZE(names)] = {};
	struct drm_gem_object *obj;
	int i, id;

	spin_lock(&file->table_lock);
	idr_for_each_entry(&file->object_idr, obj, id) {
		struct gpup_bo *bo = gpup_bo_from_gem(obj);
		struct drm_memory_stats *s = &stats[!(bo->flags & DRM_GPUP_BO_VRAM)];

		if (drm_gem_object_is_shared_for_memory_stats(obj))
			s->shared += obj->size;
		else
			s->private += obj->size;
		if (READ_ONCE(bo->resident) || !(bo->flags & DRM_GPUP_BO_VRAM))
			s->resident += obj->size;
		if (READ_ONCE(bo->advice) == DRM_GPUP_BO_DONT_NEED)
			s->purgeable += obj->size;
	}
	spin_unlock(&file->table_lock);

	for (i = 0; i < ARRAY_SIZE(names); i++)
		drm_print_memory_stats(p, &stats[i], DRM_GEM_OBJECT_RESIDENT |
				       DRM_GEM_OBJECT_PURGEABLE, names[i]);
}

static void gpup_drm_show_fdinfo(struct drm_printer *p, struct drm_file *file)
{
	static const char * const names[DRM_GPUP_ENGINE_CLASSES] = {
		[DRM_GPUP_ENGINE_COMPUTE] = "compute",
		[DRM_GPUP_ENGINE_COPY] = "copy",
	};
	struct gpup_file *gfile = file->driver_priv;
	struct gpup_adapter *adapter = gfile->client->partition->adapter;
	int i;

	for (i = 0; i < DRM_GPUP_ENGINE_CLASSES; i++) {
		if (!adapter->caps.engines[i])
			continue;
		drm_printf(p, "drm-engine-%s:\t%llu ns\n", names[i],
			   gpup_client_gpu_time(gfile->client, i));
		if (adapter->caps.engines[i] > 1)
			drm_printf(p, "drm-engine-capacity-%s:\t%u\n", names[i],
				   adapter->caps.engines[i]);
	}
	show_memory(p, file);
}

#define GPUP_IOCTL(n, f) DRM_IOCTL_DEF_DRV(GPUP_##n, gpup_ioctl_##f, DRM_RENDER_ALLOW)

static const struct drm_ioctl_desc gpup_drm_ioctls[] = {
	GPUP_IOCTL(DEV_QUERY, dev_query),
	GPUP_IOCTL(BO_CREATE, bo_create),
	GPUP_IOCTL(BO_MMAP_OFFSET, bo_mmap_offset),
	GPUP_IOCTL(BO_ADVISE, bo_advise),
	GPUP_IOCTL(VM_CREATE, vm_create),
	GPUP_IOCTL(VM_DESTROY, vm_destroy),
	GPUP_IOCTL(VM_BIND, vm_bind),
	GPUP_IOCTL(VM_GET_STATE, vm_get_state),
	GPUP_IOCTL(QUEUE_CREATE, queue_create),
	GPUP_IOCTL(QUEUE_DESTROY, queue_destroy),
	GPUP_IOCTL(QUEUE_SUBMIT, queue_submit),
	GPUP_IOCTL(QUEUE_GET_STATE, queue_get_state),
};

static const struct file_operations gpup_drm_fops = {
	.owner = THIS_MODULE,
	.open = drm_open,
	.release = drm_release,
	.unlocked_ioctl = drm_ioctl,
	.compat_ioctl = drm_compat_ioctl,
	.poll = drm_poll,
	.read = drm_read,
	.mmap = drm_gem_mmap,
	.show_fdinfo = drm_show_fdinfo,
	.llseek = noop_llseek,
	.fop_flags = FOP_UNSIGNED_OFFSET,
};

const struct drm_driver gpup_drm_driver = {
	.driver_features = DRIVER_RENDER | DRIVER_GEM | DRIVER_SYNCOBJ |
			   DRIVER_SYNCOBJ_TIMELINE | GPUP_DRIVER_GEM_GPUVA,
	.name = "gpup",
	.desc = "GPU partitioning",
	.major = 1,
	.minor = 0,
	.fops = &gpup_drm_fops,
	.ioctls = gpup_drm_ioctls,
	.num_ioctls = ARRAY_SIZE(gpup_drm_ioctls),
	.open = gpup_drm_open,
	.postclose = gpup_drm_postclose,
	.show_fdinfo = gpup_drm_show_fdinfo,
};
