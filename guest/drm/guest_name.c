// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names: objects that the device knows by a handle, from their creation until it has
 * let go of them.
 *
 * An object may end in any process context, of a process that was killed too, and nothing
 * there may fail or wait for the device. So it is only put on a list; a work item
 * sends the message, and the answer frees the object.
 */
#include <linux/errno.h>
#include <linux/lockdep.h>

#include "guest_channel.h"
#include "guest_device.h"
#include "guest_name.h"

/* Whether nothing holds the object any more. */
static bool is_gone(const struct guest_name *name)
{
	lockdep_assert_held(&name->gdev->names_lock);
	return name->dying && !name->replies && !name->pinned;
}

/* The object is off all lists, and nobody else frees it. */
static void finish(struct guest_name *name)
{
	if (name->handle)
		guest_handle_free(&name->gdev->handles, name->handle);
	name->ops->gone(name);
}

static void unpin(struct guest_name *name)
{
	lockdep_assert_held(&name->gdev->names_lock);
	if (name->pinned) {
		name->pinned = false;
		xa_erase(&name->gdev->pinned, GPUP_VRD_HANDLE_INDEX(name->handle));
	}
}

/* An answer has come. @let_go: the device does not hold the object. */
static void answered(struct guest_name *name, bool let_go)
{
	struct guest_device *gdev = name->gdev;
	bool gone;

	spin_lock(&gdev->names_lock);
	name->replies--;
	if (let_go)
		unpin(name);
	gone = is_gone(name);
	if (gone)
		list_del_init(&name->link);
	spin_unlock(&gdev->names_lock);
	if (gone)
		finish(name);
}

static void create_done(struct guest_call *call, int error, const void *body, u32 size)
{
	struct guest_name *name = container_of(call, struct guest_name, create);

	if (name->ops->created)
		name->ops->created(name, error);
	answered(name, false);
}

static void destroy_done(struct guest_call *call, int error, const void *body, u32 size)
{
	struct guest_name *name = container_of(call, struct guest_name, destroy);

	/* Refused, or reset: there is no such object, and so nothing of it is pinned. */
	answered(name, error);
}

/**
 * guest_name_init() - Give an object a handle
 * @name: Zeroed.
 * @gdev: The device.
 * @ops: Of its kind.
 * @client: Handle of the client on whose behalf it is created, or zero.
 *
 * guest_name_destroy() must be called also if this has failed.
 *
 * Return: 0, -ENODEV, or -ENOSPC if there are too many objects.
 */
int guest_name_init(struct guest_name *name, struct guest_device *gdev,
		    const struct guest_name_ops *ops, u32 client)
{
	name->gdev = gdev;
	name->ops = ops;
	name->client = client;
	name->create.done = create_done;
	name->destroy.done = destroy_done;
	INIT_LIST_HEAD(&name->link);
	if (guest_device_is_lost(gdev))
		return -ENODEV;
	return guest_handle_alloc(&gdev->handles, &name->handle);
}

/**
 * guest_name_pin() - Let an object stay until the device sends BO_RELEASED
 * @name: The object, whose creation was not sent yet.
 *
 * Return: 0 or -ENOMEM.
 */
int guest_name_pin(struct guest_name *name)
{
	int ret;

	ret = xa_err(xa_store(&name->gdev->pinned, GPUP_VRD_HANDLE_INDEX(name->handle), name,
			      GFP_KERNEL));
	if (!ret)
		name->pinned = true;
	return ret;
}

/**
 * guest_name_create() - Post the creation of an object
 * @name: The object.
 * @opcode: Opcode of the message.
 * @body: Its body.
 * @size: Size of @body in bytes, a multiple of 8.
 *
 * &guest_name_ops.created is called when the device has answered.
 *
 * Return: As guest_cmd_begin_killable().
 */
int guest_name_create(struct guest_name *name, u16 opcode, const void *body, u32 size)
{
	struct guest_device *gdev = name->gdev;
	u32 sequence;
	int ret;

	ret = guest_cmd_begin_killable(gdev, sizeof(struct gpup_vrd_msg) + size);
	if (ret)
		return ret;

	spin_lock(&gdev->names_lock);
	name->replies++;
	spin_unlock(&gdev->names_lock);
	sequence = guest_call_add(gdev, &name->create);
	guest_cmd_header(gdev, name->client, opcode, GPUP_VRD_MSG_REPLY | name->quiet, size,
			 sequence);
	guest_cmd_copy(gdev, body, size);
	guest_cmd_commit(gdev);
	return 0;
}

/**
 * guest_name_destroy() - End an object
 * @name: The object, which nobody uses any more; it is freed some time later.
 *
 * Context: Process; does not sleep.
 */
void guest_name_destroy(struct guest_name *name)
{
	struct guest_device *gdev = name->gdev;

	spin_lock(&gdev->names_lock);
	list_add_tail(&name->link, &gdev->reap);
	spin_unlock(&gdev->names_lock);
	queue_work(gdev->wq, &gdev->reap_work);
}

/**
 * guest_name_released() - The device has sent BO_RELEASED
 * @gdev: The device.
 * @handle: Handle of the object.
 */
void guest_name_released(struct guest_device *gdev, u32 handle)
{
	struct guest_name *name;
	bool gone = false;

	spin_lock(&gdev->names_lock);
	name = xa_load(&gdev->pinned, GPUP_VRD_HANDLE_INDEX(handle));
	/* Unless it was destroyed, the device has no business to let it go. */
	if (name && name->handle == handle && name->dying) {
		unpin(name);
		gone = is_gone(name);
		if (gone)
			list_del_init(&name->link);
	}
	spin_unlock(&gdev->names_lock);
	if (gone)
		finish(name);
}

/* Nothing is sent: the device is lost, or does not know the object. */
static void await_reset(struct guest_name *name)
{
	struct guest_device *gdev = name->gdev;
	bool gone;

	spin_lock(&gdev->names_lock);
	name->dying = true;
	if (gdev->reset_done)
		unpin(name);
	gone = is_gone(name);
	if (!gone)
		list_add_tail(&name->link, &gdev->awaiting);
	spin_unlock(&gdev->names_lock);
	if (gone)
		finish(name);
}

static void send_destroy(struct guest_name *name)
{
	struct guest_device *gdev = name->gdev;
	struct gpup_vrd_destroy body = { .handle = cpu_to_le32(name->handle) };
	u32 sequence;

	if (!name->handle || guest_cmd_begin(gdev, sizeof(struct gpup_vrd_msg) + sizeof(body))) {
		await_reset(name);
		return;
	}

	spin_lock(&gdev->names_lock);
	name->dying = true;
	name->replies++;
	list_add_tail(&name->link, &gdev->awaiting);
	spin_unlock(&gdev->names_lock);

	sequence = guest_call_add(gdev, &name->destroy);
	if (name->ops->sending)
		name->ops->sending(name);
	guest_cmd_header(gdev, name->client, name->ops->destroy, GPUP_VRD_MSG_REPLY | name->quiet,
			 sizeof(body), sequence);
	guest_cmd_copy(gdev, &body, sizeof(body));
	/* From the commit on the answer may come and free the object. */
	guest_cmd_commit(gdev);
}

static struct guest_name *next_to_reap(struct guest_device *gdev)
{
	struct guest_name *name;

	spin_lock(&gdev->names_lock);
	name = list_first_entry_or_null(&gdev->reap, struct guest_name, link);
	if (name)
		list_del_init(&name->link);
	spin_unlock(&gdev->names_lock);
	return name;
}

/**
 * guest_names_reap() - Destroy what has ended
 * @work: &guest_device.reap_work.
 */
void guest_names_reap(struct work_struct *work)
{
	struct guest_device *gdev = container_of(work, struct guest_device, reap_work);
	struct guest_name *name;

	while ((name = next_to_reap(gdev))) {
		if (name->ops->prepare)
			name->ops->prepare(name);
		send_destroy(name);
	}
}

/**
 * guest_names_reset() - The device was reset and holds nothing any more
 * @gdev: The device. It is not used again, and no call awaits its answer.
 */
void guest_names_reset(struct guest_device *gdev)
{
	struct guest_name *name, *next;
	LIST_HEAD(gone);

	spin_lock(&gdev->names_lock);
	gdev->reset_done = true;
	list_for_each_entry_safe(name, next, &gdev->awaiting, link) {
		unpin(name);
		/* Otherwise the thread of the event ring is just about to finish it. */
		if (is_gone(name))
			list_move_tail(&name->link, &gone);
	}
	spin_unlock(&gdev->names_lock);

	list_for_each_entry_safe(name, next, &gone, link) {
		list_del_init(&name->link);
		finish(name);
	}
}
