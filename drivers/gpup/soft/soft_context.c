// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contexts: where an engine leaves off.
 *
 * A context is all the state that there is of a job, so that saving and restoring it is to put it
 * aside and to take it up again: nothing is copied.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/sprintf.h>

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

static size_t dump_shader(const struct soft_shader *sh, char *buf, size_t size)
{
	const struct gpup_soft_cmd_dispatch *cmd = &sh->cmd;
	size_t n;
	u32 i;

	n = scnprintf(buf, size, "program: %#llx, %u instructions\n", cmd->program,
		      sh->num_insns);
	n += scnprintf(buf + n, size - n, "grid: %u x %u x %u groups of %u x %u x %u\n",
		       cmd->grid[0], cmd->grid[1], cmd->grid[2], cmd->group[0], cmd->group[1],
		       cmd->group[2]);
	n += scnprintf(buf + n, size - n, "group: %u, %u, %u\npc: %u\nactive lanes: %u of %u\n",
		       sh->group[0], sh->group[1], sh->group[2], sh->pc, sh->count, sh->lanes);
	for (i = 0; i < sh->num_regs; i++)
		n += scnprintf(buf + n, size - n, "lane 0 r%u: %#llx\n", i,
			       sh->regs[i * sh->lanes]);
	return n;
}

/**
 * soft_context_dump() - Describe where a job has been left
 * @context: Its context.
 * @buf: Receives lines of text.
 * @size: Size of that.
 *
 * Return: Length of the text.
 */
size_t soft_context_dump(struct gpup_hw_context *context, char *buf, size_t size)
{
	size_t n;

	n = scnprintf(buf, size, "command at: %#llx, %u bytes left\n", context->addr,
		      context->left);
	if (!context->in_cmd)
		return n;
	n += scnprintf(buf + n, size - n, "opcode: %u, row %u, %llu bytes done\n",
		       context->cmd.header.opcode, context->row, context->done);
	if (context->shader && context->shader->in_dispatch)
		n += dump_shader(context->shader, buf + n, size - n);
	return n;
}
