// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clients: opens of the render node.
 *
 * A queue holds its address space and that holds its client until the device has
 * answered that they are gone. So they are destroyed in that order, however the file
 * was closed, and the device never has to refuse.
 */
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <drm/drm_file.h>

#include "guest_call.h"
#include "guest_client.h"
#include "guest_device.h"

static void client_gone(struct guest_name *name)
{
	kfree(container_of(name, struct guest_client, name));
}

static const struct guest_name_ops client_ops = {
	.destroy = GPUP_VRD_OP_CLIENT_DESTROY,
	.gone = client_gone,
};

static void client_release(struct kref *ref)
{
	guest_name_destroy(&container_of(ref, struct guest_client, ref)->name);
}

/**
 * guest_client_put() - Drop a reference
 * @client: The client.
 */
void guest_client_put(struct guest_client *client)
{
	kref_put(&client->ref, client_release);
}

static int create_client(struct guest_device *gdev, struct guest_client *client)
{
	struct gpup_vrd_client_create body = {};
	int ret;

	ret = guest_name_init(&client->name, gdev, &client_ops, 0);
	if (ret)
		return ret;
	body.handle = cpu_to_le32(client->name.handle);
	body.pid = cpu_to_le32(task_tgid_nr(current));
	memcpy_and_pad(body.name, sizeof(body.name), current->comm,
		       strnlen(current->comm, TASK_COMM_LEN), 0);
	/* Called, for the sake of its error: without a client all that follows would fail. */
	ret = guest_request(gdev, 0, GPUP_VRD_OP_CLIENT_CREATE, &body, sizeof(body), NULL, 0);
	return min(ret, 0);
}

/**
 * guest_file_open() - The render node is opened
 * @drm: DRM device.
 * @file: The file.
 *
 * If the process is killed while it waits, the client is destroyed behind its creation.
 *
 * Return: 0, -ENOMEM, -ENOSPC, -ENODEV, -EINTR or a restart code.
 */
int guest_file_open(struct drm_device *drm, struct drm_file *file)
{
	struct guest_file *gfile;
	int ret;

	gfile = kzalloc(sizeof(*gfile), GFP_KERNEL);
	if (!gfile)
		return -ENOMEM;
	gfile->client = kzalloc(sizeof(*gfile->client), GFP_KERNEL);
	if (!gfile->client) {
		kfree(gfile);
		return -ENOMEM;
	}
	kref_init(&gfile->client->ref);
	ret = create_client(guest_device_from_drm(drm), gfile->client);
	if (ret) {
		guest_client_put(gfile->client);
		kfree(gfile);
		return ret;
	}

	mutex_init(&gfile->lock);
	xa_init(&gfile->vms);
	xa_init(&gfile->queues);
	file->driver_priv = gfile;
	return 0;
}

/**
 * guest_file_close() - The render node is closed
 * @drm: DRM device.
 * @file: The file.
 *
 * Also of a process that was killed, and of a device that is gone.
 */
void guest_file_close(struct drm_device *drm, struct drm_file *file)
{
	struct guest_file *gfile = file->driver_priv;
	struct guest_queue *queue;
	unsigned long index;
	struct guest_vm *vm;

	xa_for_each(&gfile->queues, index, queue)
		guest_queue_close(queue);
	xa_for_each(&gfile->vms, index, vm)
		guest_vm_close(vm);
	xa_destroy(&gfile->queues);
	xa_destroy(&gfile->vms);
	guest_client_put(gfile->client);
	mutex_destroy(&gfile->lock);
	kfree(gfile);
}
