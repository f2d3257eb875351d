// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contexts: where an engine leaves off.
 *
 * A context is all the state that there is of a job, so that saving and restoring it is to put it
 * aside and to take it up again: nothing is copied.
 */
#include <linux/err.h>
#include <linux/slab.h>

#include "soft.h"
#include "soft_shader.h"

/**
 * soft_context_create() - Allocate a context
 * @adapter: The GPU.
 * @engine_class: Class of the engines that will use it. May sleep.
 *
 * Return: The context, or ERR_PTR(-ENOMEM).
 */
struct gpup_hw_context *soft_context_create(struct gpup_adapter *adapter, u32 engine_class)
{
	struct gpup_hw_context *context = kzalloc(sizeof(*context), GFP_KERNEL_ACCOUNT);

	if (!context)
		return ERR_PTR(-ENOMEM);
	if (engine_class == DRM_GPUP_ENGINE_COMPUTE) {
		context->shader = soft_shader_create();
		if (!context->shader) {
			kfree(context);
			return ERR_PTR(-ENOMEM);
		}
	}
	return context;
}

/**
 * soft_context_destroy() - Free a context
 * @context: The context. May sleep.
 */
void soft_context_destroy(struct gpup_hw_context *context)
{
	soft_shader_destroy(context->shader);
	kfree(context);
}

/**
 * soft_context_memory() - What a context costs
 * @adapter: The GPU.
 * @engine_class: Class of the engines that will use it.
 *
 * Return: Host memory in bytes.
 */
u64 soft_context_memory(struct gpup_adapter *adapter, u32 engine_class)
{
	u64 size = sizeof(struct gpup_hw_context);

	return engine_class == DRM_GPUP_ENGINE_COMPUTE ? size + sizeof(struct soft_shader) : size;
}
