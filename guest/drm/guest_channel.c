// SPDX-License-Identifier: GPL-2.0-only
/*
 * The channel: sending messages, receiving events.
 */
#include <linux/interrupt.h>
#include <linux/io.h>

#include <drm/drm_drv.h>

#include "guest_call.h"
#include "guest_channel.h"
#include "guest_device.h"
#include "guest_fence.h"
#include "guest_name.h"
#include "guest_trace.h"

static void ring_doorbell(struct guest_device *gdev)
{
	writel(1, gdev->doorbell);
}

static bool has_room(struct guest_device *gdev, u32 bytes)
{
	int room = guest_ring_room(&gdev->cmd);

	if (room < 0) {
		guest_device_lose(gdev, "command ring index out of range");
		return true;
	}
	return room >= bytes || guest_device_is_lost(gdev);
}

static int wait_for_room(struct guest_device *gdev, u32 bytes, bool killable)
{
	int ret = 0;

	if (!has_room(gdev, bytes)) {
		guest_ring_want_room(&gdev->cmd, true);
		/* It may sleep over what it was not notified of. */
		ring_doorbell(gdev);
		if (killable)
			ret = wait_event_killable(gdev->room, has_room(gdev, bytes));
		else
			wait_event(gdev->room, has_room(gdev, bytes));
		guest_ring_want_room(&gdev->cmd, false);
	}
	return guest_device_is_lost(gdev) ? -ENODEV : ret;
}

static int enter_locked(struct guest_device *gdev, u32 bytes, bool killable)
{
	int ret = -ENODEV;

	if (!drm_dev_enter(&gdev->drm, &gdev->cmd_enter))
		goto err_unlock;
	ret = wait_for_room(gdev, bytes, killable);
	if (ret)
		goto err_exit;
	return 0;

err_exit:
	drm_dev_exit(gdev->cmd_enter);
err_unlock:
	mutex_unlock(&gdev->cmd_lock);
	return ret;
}

/**
 * guest_cmd_begin() - Begin to send messages
 * @gdev: The device.
 * @bytes: Size of all messages that are to be sent, or more.
 *
 * May sleep for as long as the device takes to read what it was sent, and cannot be
 * killed; ends when the device is lost.
 *
 * Return: 0 with &guest_device.cmd_lock held, until guest_cmd_commit() or
 * guest_cmd_abort(), or -ENODEV.
 */
int guest_cmd_begin(struct guest_device *gdev, u32 bytes)
{
	mutex_lock(&gdev->cmd_lock);
	return enter_locked(gdev, bytes, false);
}

/**
 * guest_cmd_begin_killable() - Begin to send messages for a process
 * @gdev: The device.
 * @bytes: Size of all messages that are to be sent, or more.
 *
 * Return: As guest_cmd_begin(), or -EINTR or -ERESTARTSYS if the process was killed.
 */
int guest_cmd_begin_killable(struct guest_device *gdev, u32 bytes)
{
	int ret = mutex_lock_killable(&gdev->cmd_lock);

	return ret ?: enter_locked(gdev, bytes, true);
}

/**
 * guest_cmd_header() - Write the header of a message
 * @gdev: The device, between begin and commit.
 * @client: Handle of the client, or zero.
 * @opcode: One of &enum gpup_vrd_opcode.
 * @flags: GPUP_VRD_MSG_*.
 * @size: Size of the body in bytes, which the caller writes next.
 * @sequence: Sequence number if a reply is wanted, else zero.
 */
void guest_cmd_header(struct guest_device *gdev, u32 client, u16 opcode, u16 flags, u32 size,
		      u32 sequence)
{
	struct gpup_vrd_msg msg = {
		.opcode = cpu_to_le16(opcode),
		.flags = cpu_to_le16(flags),
		.size = cpu_to_le32(sizeof(msg) + size),
		.client = cpu_to_le32(client),
		.sequence = cpu_to_le32(sequence),
	};

	guest_ring_copy_in(&gdev->cmd, &msg, sizeof(msg));
}

/**
 * guest_cmd_copy() - Write a part of the body of a message
 * @gdev: The device, between begin and commit.
 * @buf: The part.
 * @len: Its size in bytes, a multiple of 8.
 */
void guest_cmd_copy(struct guest_device *gdev, const void *buf, u32 len)
{
	guest_ring_copy_in(&gdev->cmd, buf, len);
}

static void commit(struct guest_device *gdev, struct guest_timeline *tl, u64 last)
{
	u32 notify = guest_ring_publish(&gdev->cmd);
	bool doorbell = notify && !(notify == GPUP_VRD_NOTIFY_IDLE && tl &&
				    guest_timeline_completed(tl) < last);

	trace_gpup_guest_send(gdev->cmd.published, doorbell);
	if (doorbell)
		ring_doorbell(gdev);
	drm_dev_exit(gdev->cmd_enter);
	mutex_unlock(&gdev->cmd_lock);
}

/**
 * guest_cmd_commit() - Send all messages since begin
 * @gdev: The device.
 */
void guest_cmd_commit(struct guest_device *gdev)
{
	commit(gdev, NULL, 0);
}

/**
 * guest_cmd_commit_behind() - Send all messages since begin, which are for one timeline
 * @gdev: The device.
 * @tl: The timeline, which has not failed.
 * @last: Its last value before those of the messages.
 *
 * While the device works on what came before, it need not be notified.
 */
void guest_cmd_commit_behind(struct guest_device *gdev, struct guest_timeline *tl, u64 last)
{
	commit(gdev, tl, last);
}

/**
 * guest_cmd_abort() - Send nothing
 * @gdev: The device.
 */
void guest_cmd_abort(struct guest_device *gdev)
{
	guest_ring_rewind(&gdev->cmd);
	drm_dev_exit(gdev->cmd_enter);
	mutex_unlock(&gdev->cmd_lock);
}

/**
 * guest_cmd_post() - Send a message that nobody waits for
 * @gdev: The device.
 * @client: Handle of the client, or zero.
 * @opcode: One of &enum gpup_vrd_opcode.
 * @body: Body of the message.
 * @size: Size of @body in bytes, a multiple of 8.
 *
 * Return: As guest_cmd_begin().
 */
int guest_cmd_post(struct guest_device *gdev, u32 client, u16 opcode, const void *body,
		   u32 size)
{
	int ret = guest_cmd_begin(gdev, sizeof(struct gpup_vrd_msg) + size);

	if (ret)
		return ret;
	guest_cmd_header(gdev, client, opcode, 0, size, 0);
	guest_cmd_copy(gdev, body, size);
	guest_cmd_commit(gdev);
	return 0;
}

static void dispatch(struct guest_device *gdev, const struct gpup_vrd_event *event,
		     const void *body, u32 size)
{
	const struct gpup_vrd_destroy *released = body;
	const struct gpup_vrd_trim *trim = body;

	switch (le16_to_cpu(event->type)) {
	case GPUP_VRD_EVENT_REPLY:
		guest_call_reply(gdev, le32_to_cpu(event->sequence), le32_to_cpu(event->error),
				 body, size);
		break;
	case GPUP_VRD_EVENT_BO_RELEASED:
		if (size >= sizeof(*released))
			guest_name_released(gdev, le32_to_cpu(released->handle));
		break;
	case GPUP_VRD_EVENT_TRIM:
		/* Who has not accepted the feature is sent none. */
		if (gdev->memory_status && size >= sizeof(*trim))
			guest_trim(gdev, trim);
		break;
	default:
		/* An event of a newer device, which nobody has asked for. */
		break;
	}
}

/* Take one event off the ring; false if the ring makes no sense. */
static bool take_event(struct guest_device *gdev, u32 pending)
{
	u8 body[GPUP_VRD_EVENT_MAX - sizeof(struct gpup_vrd_event)] __aligned(8);
	struct gpup_vrd_event event;
	u32 size;

	if (pending < sizeof(event))
		return false;
	guest_ring_copy_out(&gdev->evt, &event, sizeof(event));
	size = le32_to_cpu(event.size);
	if (size < sizeof(event) || size > min(pending, GPUP_VRD_EVENT_MAX) || size % 8)
		return false;

	size -= sizeof(event);
	guest_ring_copy_out(&gdev->evt, body, size);
	if (guest_ring_release(&gdev->evt))
		ring_doorbell(gdev);
	dispatch(gdev, &event, body, size);
	return true;
}

/* Returns whether there were any. */
static bool take_events(struct guest_device *gdev)
{
	bool any = false;
	int pending;

	for (;;) {
		guest_ring_set_notify(&gdev->evt, false);
		while ((pending = guest_ring_pending(&gdev->evt)) > 0) {
			if (guest_device_is_lost(gdev))
				return any;
			any = true;
			if (!take_event(gdev, pending))
				pending = -EPROTO;
			if (pending < 0)
				break;
		}
		if (pending < 0) {
			guest_device_lose(gdev, "event ring makes no sense");
			return any;
		}

		guest_ring_set_notify(&gdev->evt, true);
		if (!guest_ring_pending(&gdev->evt))
			return any;
	}
}

/**
 * guest_event_interrupt() - Vector 0: events, room in the command ring, status
 * @irq: Interrupt number.
 * @data: The device.
 *
 * Context: Hard interrupt.
 *
 * Return: IRQ_WAKE_THREAD.
 */
irqreturn_t guest_event_interrupt(int irq, void *data)
{
	struct guest_device *gdev = data;

	trace_gpup_guest_interrupt(GPUP_VRD_VECTOR_EVENT);
	wake_up_all(&gdev->room);
	return IRQ_WAKE_THREAD;
}

/**
 * guest_event_thread() - Take all events off the event ring
 * @irq: Interrupt number.
 * @data: The device.
 *
 * Reading the status costs a trip through the VMM. Where the ring shows that there is something to
 * be read, it is read only then, or when nothing else has come.
 *
 * Context: Process. Waits for nothing, so that the device always finds room.
 *
 * Return: IRQ_HANDLED.
 */
irqreturn_t guest_event_thread(int irq, void *data)
{
	struct guest_device *gdev = data;
	bool any;

	if (guest_device_is_lost(gdev))
		return IRQ_HANDLED;
	any = take_events(gdev);
	if (!any || !gdev->ring_status || guest_ring_status(&gdev->evt))
		guest_device_check_status(gdev);
	return IRQ_HANDLED;
}
