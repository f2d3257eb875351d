// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module: its parameters, and the GPUs that it makes.
 */
#include <linux/device.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/time64.h>

#include <drm/gpup_soft.h>

#include "soft.h"

#define SOFT_MAX_ADAPTERS	16

static unsigned int vram_mb = 256;
module_param(vram_mb, uint, 0444);
MODULE_PARM_DESC(vram_mb, "Video memory of each GPU in MiB (default 256)");

static unsigned int adapters = 1;
module_param(adapters, uint, 0444);
MODULE_PARM_DESC(adapters, "Number of GPUs, 1 to 16 (default 1)");

static unsigned int compute = 1;
module_param(compute, uint, 0444);
MODULE_PARM_DESC(compute, "Compute engines of each GPU, 1 to 8 (default 1)");

static unsigned int copy = 1;
module_param(copy, uint, 0444);
MODULE_PARM_DESC(copy, "Copy engines of each GPU, 1 to 8 (default 1)");

/* What the module has to take down again; written by init and exit only. */
static struct soft_gpu *soft_gpus[SOFT_MAX_ADAPTERS];

static const struct gpup_adapter_ops soft_ops = {
	.owner = THIS_MODULE,
	.vram_pfn = soft_vram_pfn,
	.vram_clear = soft_vram_clear,
	.copy = soft_copy,
	.as_create = soft_as_create,
	.as_destroy = soft_as_destroy,
	.as_prepare = soft_as_prepare,
	.as_memory = soft_as_memory,
	.as_map = soft_as_map,
	.as_unmap = soft_as_unmap,
	.context_create = soft_context_create,
	.context_destroy = soft_context_destroy,
	.context_memory = soft_context_memory,
	.context_dump = soft_context_dump,
	.run = soft_run,
	.preempt = soft_preempt,
	.engine_reset = soft_engine_reset,
	.adapter_reset = soft_adapter_reset,
};

static struct gpup_adapter *register_adapter(struct soft_gpu *gpu)
{
	struct gpup_adapter_caps caps = {
		.name = "gpup software GPU",
		.isa = GPUP_SOFT_ISA_NAME,
		.vram_size = gpu->vram_size,
		.vram_block = gpu->vram_block,
		/* The first 64 KiB stay unmapped, so that a null pointer is noticed. */
		.va_start = SZ_64K,
		.va_end = BIT_ULL(SOFT_VA_BITS),
		.page_size = PAGE_SIZE,
		.timestamp_frequency = NSEC_PER_SEC,
	};
	u32 class;

	for (class = 0; class < DRM_GPUP_ENGINE_CLASSES; class++)
		caps.preemption[class] = GPUP_PREEMPT_INSIDE;
	memcpy(caps.engines, gpu->num_engines, sizeof(caps.engines));
	return gpup_adapter_register(gpu->parent, &soft_ops, &caps, gpu);
}

static struct soft_gpu *gpu_create(unsigned int index)
{
	struct soft_gpu *gpu = kzalloc(sizeof(*gpu), GFP_KERNEL);
	int ret;

	if (!gpu)
		return ERR_PTR(-ENOMEM);
	gpu->num_engines[DRM_GPUP_ENGINE_COMPUTE] = compute;
	gpu->num_engines[DRM_GPUP_ENGINE_COPY] = copy;

	snprintf(gpu->name, sizeof(gpu->name), "gpup_soft.%u", index);
	gpu->parent = soft_device_create(index);
	if (IS_ERR(gpu->parent)) {
		ret = PTR_ERR(gpu->parent);
		goto err_free;
	}
	ret = soft_vram_init(gpu, (u64)vram_mb * SZ_1M);
	if (ret) {
		dev_err(gpu->parent, "no memory for %u MiB of VRAM\n", vram_mb);
		goto err_parent;
	}
	ret = soft_engines_init(gpu);
	if (ret)
		goto err_engines;

	gpu->adapter = register_adapter(gpu);
	if (IS_ERR(gpu->adapter)) {
		ret = PTR_ERR(gpu->adapter);
		goto err_engines;
	}
	soft_fault_init(gpu);
	return gpu;

err_engines:
	soft_engines_fini(gpu);
	soft_vram_fini(gpu);
err_parent:
	soft_device_destroy(gpu->parent);
err_free:
	kfree(gpu);
	return ERR_PTR(ret);
}

static void gpu_destroy(struct soft_gpu *gpu)
{
	soft_fault_fini(gpu);
	gpup_adapter_unregister(gpu->adapter);
	soft_engines_fini(gpu);
	soft_vram_fini(gpu);
	soft_device_destroy(gpu->parent);
	kfree(gpu);
}

static void __exit soft_exit(void)
{
	unsigned int i;

	for (i = 0; i < SOFT_MAX_ADAPTERS; i++) {
		if (soft_gpus[i])
			gpu_destroy(soft_gpus[i]);
	}
	soft_devices_fini();
}

static int __init soft_init(void)
{
	struct soft_gpu *gpu;
	unsigned int i;
	int ret;

	if (!vram_mb || !adapters || adapters > SOFT_MAX_ADAPTERS ||
	    !compute || compute > GPUP_MAX_ENGINES || !copy || copy > GPUP_MAX_ENGINES)
		return -EINVAL;

	ret = soft_devices_init();
	if (ret)
		return ret;
	for (i = 0; i < adapters; i++) {
		gpu = gpu_create(i);
		if (IS_ERR(gpu))
			goto err;
		soft_gpus[i] = gpu;
	}
	return 0;

err:
	while (i--)
		gpu_destroy(soft_gpus[i]);
	soft_devices_fini();
	return PTR_ERR(gpu);
}

module_init(soft_init);
module_exit(soft_exit);

MODULE_DESCRIPTION("Software GPU for gpup");
MODULE_LICENSE("GPL");
