// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clients: processes, on the host or in a virtual machine.
 */
#include <linux/ctype.h>
#include <linux/slab.h>

#include "gpup_core.h"

/**
 * gpup_client_create() - Create a client
 * @partition: The partition that it belongs to.
 * @handles: Namespace for its VMs and queues; it outlives the client.
 * @name: Name of the process, for logs; unprintable characters and spaces are replaced.
 * @pid: Process, for logs.
 *
 * May sleep.
 *
 * Return: The client, or ERR_PTR: -ENOSPC if the partition has too many, -ENOMEM.
 */
struct gpup_client *gpup_client_create(struct gpup_partition *partition,
				       struct gpup_handle_table *handles,
				       const char *name, pid_t pid)
{
	struct gpup_client *client;
	char *c;

	if (atomic_inc_return(&partition->clients) > GPUP_DEFAULT_MAX_CLIENTS) {
		atomic_dec(&partition->clients);
		return ERR_PTR(-ENOSPC);
	}

	client = kzalloc(sizeof(*client), GFP_KERNEL_ACCOUNT);
	if (!client) {
		atomic_dec(&partition->clients);
		return ERR_PTR(-ENOMEM);
	}

	kref_init(&client->ref);
	kobject_get(&partition->kobj);
	client->partition = partition;
	client->handles = handles;
	snprintf(client->label, sizeof(client->label), "%.16s[%d]", name, pid);
	/*
	 * A guest chooses the name: nothing of it may steer a terminal, fake a log line, or add a
	 * word to a trace.
	 */
	for (c = client->label; *c; c++)
		if (!isascii(*c) || !isgraph(*c))
			*c = '_';
	return client;
}
EXPORT_SYMBOL_GPL(gpup_client_create);

/**
 * gpup_client_get() - Take a reference
 * @client: The client.
 *
 * Return: @client.
 */
struct gpup_client *gpup_client_get(struct gpup_client *client)
{
	kref_get(&client->ref);
	return client;
}
EXPORT_SYMBOL_GPL(gpup_client_get);

static void client_release(struct kref *ref)
{
	struct gpup_client *client = container_of(ref, struct gpup_client, ref);

	kobject_put(&client->partition->kobj);
	kfree(client);
}

/**
 * gpup_client_put() - Drop a reference
 * @client: The client. May sleep with the last one.
 */
void gpup_client_put(struct gpup_client *client)
{
	kref_put(&client->ref, client_release);
}
EXPORT_SYMBOL_GPL(gpup_client_put);

/**
 * gpup_client_destroy() - End a client with all that it owns
 * @client: The client; the caller's reference is dropped.
 *
 * When this returns no job of the client runs or will run. Buffer objects are not a
 * client's: they go with their handles and mappings. May sleep.
 */
void gpup_client_destroy(struct gpup_client *client)
{
	struct gpup_queue *queue;
	struct gpup_vm *vm;
	unsigned long cursor = 0;

	while ((queue = gpup_handle_remove_next(client->handles, GPUP_OBJECT_QUEUE, client,
						&cursor))) {
		gpup_queue_close(queue);
		gpup_queue_put(queue);
		cond_resched();
	}
	cursor = 0;
	while ((vm = gpup_handle_remove_next(client->handles, GPUP_OBJECT_VM, client,
					     &cursor))) {
		gpup_vm_close(vm);
		gpup_vm_put(vm);
		cond_resched();
	}
	atomic_dec(&client->partition->clients);
	gpup_client_put(client);
}
EXPORT_SYMBOL_GPL(gpup_client_destroy);

/**
 * gpup_client_gpu_time() - GPU time that a client has used
 * @client: The client.
 * @engine_class: One of &enum drm_gpup_engine_class.
 *
 * May sleep.
 *
 * Return: Time in ns.
 */
u64 gpup_client_gpu_time(struct gpup_client *client, u32 engine_class)
{
	u64 ns = atomic64_read(&client->gpu_time[engine_class]);
	struct gpup_queue *queue;
	unsigned long cursor = 0;

	while ((queue = gpup_handle_next(client->handles, GPUP_OBJECT_QUEUE, client, &cursor))) {
		if (gpup_queue_class(queue) == engine_class)
			ns += gpup_queue_gpu_time(queue);
		gpup_queue_put(queue);
	}
	return ns;
}
