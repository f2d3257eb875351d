// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest in user space: rings, messages, events and slots.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "vrd.h"

/* How long a reader of the event ring sleeps before it looks whether the device has failed. */
#define LOOK_MS	500

static void full_barrier(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static uint8_t *ring_data(volatile struct gpup_vrd_ring *ring)
{
	return (uint8_t *)(ring + 1);
}

static bool device_failed(struct vrd *vrd)
{
	return vrd_read(vrd, GPUP_VRD_REG_STATUS) &
	       (GPUP_VRD_STATUS_NEEDS_RESET | GPUP_VRD_STATUS_FAILED);
}

/* Store, full barrier, load, as struct gpup_vrd_ring says: then sleep. */
static int wait_for_room(struct vrd *vrd, uint32_t size)
{
	uint64_t end = deadline(VRD_PATIENCE_MS);

	while (vrd->config.ring_size - (vrd->cmd_tail - vrd->cmd->head) < size) {
		/* What was put there is not consumed before it is seen. */
		vrd_publish(vrd);
		vrd->cmd->room_wanted = 1;
		full_barrier();
		if (vrd->config.ring_size - (vrd->cmd_tail - vrd->cmd->head) >= size)
			break;
		vrd_interrupts(vrd, GPUP_VRD_VECTOR_EVENT, LOOK_MS);
		if (device_failed(vrd))
			return -ENODEV;
		if (is_over(end))
			return -ETIMEDOUT;
	}
	vrd->cmd->room_wanted = 0;
	return 0;
}

int vrd_put(struct vrd *vrd, const void *bytes, uint32_t size)
{
	uint32_t ring_size = vrd->config.ring_size;
	uint32_t offset, first;
	int ret;

	ret = wait_for_room(vrd, size);
	if (ret)
		return ret;
	/* What the device has read before it moved its head may be written over from here on. */
	full_barrier();
	offset = vrd->cmd_tail % ring_size;
	first = size < ring_size - offset ? size : ring_size - offset;
	memcpy(ring_data(vrd->cmd) + offset, bytes, first);
	memcpy(ring_data(vrd->cmd), (const uint8_t *)bytes + first, size - first);
	vrd->cmd_tail += size;
	return 0;
}

void vrd_publish(struct vrd *vrd)
{
	__atomic_store_n(&vrd->cmd->tail, vrd->cmd_tail, __ATOMIC_RELEASE);
	full_barrier();
	if (vrd->cmd->notify)
		vrd_doorbell(vrd);
}

static int put_message(struct vrd *vrd, const struct vrd_message *message, uint16_t flags)
{
	struct gpup_vrd_msg header = {
		.opcode = message->opcode,
		.flags = message->flags | flags,
		.size = sizeof(header) + message->body_size + message->more_size,
		.client = message->client,
		.sequence = ++vrd->sequence,
	};
	uint8_t whole[GPUP_VRD_MSG_MAX];

	if (header.size > sizeof(whole))
		fatal("a message of %u bytes", header.size);
	memcpy(whole, &header, sizeof(header));
	if (message->body_size)
		memcpy(whole + sizeof(header), message->body, message->body_size);
	if (message->more_size)
		memcpy(whole + sizeof(header) + message->body_size, message->more,
		       message->more_size);
	return vrd_put(vrd, whole, header.size);
}

int vrd_send(struct vrd *vrd, const struct vrd_message *message)
{
	int ret = put_message(vrd, message, 0);

	if (!ret)
		vrd_publish(vrd);
	return ret;
}

int vrd_send_silently(struct vrd *vrd, const struct vrd_message *message)
{
	int ret = put_message(vrd, message, 0);

	if (!ret)
		__atomic_store_n(&vrd->cmd->tail, vrd->cmd_tail, __ATOMIC_RELEASE);
	return ret;
}

static void copy_event(struct vrd *vrd, uint32_t skip, void *to, uint32_t size)
{
	uint32_t offset = (vrd->evt_head + skip) % vrd->config.ring_size;
	uint32_t first = vrd->config.ring_size - offset;

	if (first > size)
		first = size;
	memcpy(to, ring_data(vrd->evt) + offset, first);
	memcpy((uint8_t *)to + first, ring_data(vrd->evt), size - first);
}

static void note_released(struct vrd *vrd, const struct gpup_vrd_event *event)
{
	struct gpup_vrd_destroy body;

	if (event->size != sizeof(*event) + sizeof(body) || event->sequence || event->error)
		fatal("BO_RELEASED with size %u, sequence %u, error %u", event->size,
		      event->sequence, event->error);
	copy_event(vrd, sizeof(*event), &body, sizeof(body));
	if (body.reserved)
		fatal("BO_RELEASED with a reserved field that is not zero");
	vrd->released[vrd->released_count++ % 1024] = body.handle;
}

static void note_trim(struct vrd *vrd, const struct gpup_vrd_event *event)
{
	if (!(vrd->config.features & GPUP_VRD_F_MEMORY_STATUS))
		fatal("TRIM, which was not asked for");
	if (event->size != sizeof(*event) + sizeof(vrd->trim) || event->sequence || event->error)
		fatal("TRIM with size %u, sequence %u, error %u", event->size, event->sequence,
		      event->error);
	copy_event(vrd, sizeof(*event), &vrd->trim, sizeof(vrd->trim));
	if (vrd->trim.reserved)
		fatal("TRIM with a reserved field that is not zero");
	vrd->trim_count++;
}

bool vrd_next_event(struct vrd *vrd, struct gpup_vrd_event *event, void *body, uint32_t size)
{
	uint32_t pending = __atomic_load_n(&vrd->evt->tail, __ATOMIC_ACQUIRE) - vrd->evt_head;
	uint32_t body_size;

	if (!pending)
		return false;
	if (pending > vrd->config.ring_size || pending < sizeof(*event) || pending % 8)
		fatal("the event ring has %u bytes", pending);
	copy_event(vrd, 0, event, sizeof(*event));
	if (event->size < sizeof(*event) || event->size > GPUP_VRD_EVENT_MAX ||
	    event->size > pending || event->size % 8 || event->reserved ||
	    (event->error && event->size != sizeof(*event)))
		fatal("an event of type %u, size %u, error %u", event->type, event->size,
		      event->error);

	body_size = event->size - sizeof(*event);
	if (event->type == GPUP_VRD_EVENT_BO_RELEASED)
		note_released(vrd, event);
	else if (event->type == GPUP_VRD_EVENT_TRIM)
		note_trim(vrd, event);
	else if (event->type != GPUP_VRD_EVENT_REPLY)
		fatal("an event of type %u", event->type);
	if (size)
		copy_event(vrd, sizeof(*event), body, body_size < size ? body_size : size);

	vrd->evt_head += event->size;
	__atomic_store_n(&vrd->evt->head, vrd->evt_head, __ATOMIC_RELEASE);
	full_barrier();
	if (vrd->evt->room_wanted)
		vrd_doorbell(vrd);
	return true;
}

/* Sleep until there may be an event. */
static int wait_for_event(struct vrd *vrd, uint64_t end)
{
	vrd->evt->notify = 1;
	full_barrier();
	if (vrd->evt->tail == vrd->evt_head)
		vrd_interrupts(vrd, GPUP_VRD_VECTOR_EVENT, LOOK_MS);
	vrd->evt->notify = 0;
	if (vrd->evt->tail != vrd->evt_head)
		return 0;
	if (device_failed(vrd))
		return -ENODEV;
	return is_over(end) ? -ETIMEDOUT : 0;
}

static int wait_for_reply(struct vrd *vrd, uint32_t sequence, void *reply, uint32_t size)
{
	uint64_t end = deadline(VRD_PATIENCE_MS);
	struct gpup_vrd_event event;
	uint8_t body[GPUP_VRD_EVENT_MAX];
	int ret;

	for (;;) {
		while (vrd_next_event(vrd, &event, body, sizeof(body))) {
			if (event.type != GPUP_VRD_EVENT_REPLY)
				continue;
			if (event.sequence != sequence)
				fatal("reply to message %u, where that to %u should come",
				      event.sequence, sequence);
			vrd->reply_size = event.size - sizeof(event);
			if (event.error)
				return -(int)event.error;
			if (size > vrd->reply_size)
				fatal("a reply of %u bytes, where %u should come",
				      vrd->reply_size, size);
			if (size)
				memcpy(reply, body, size);
			return 0;
		}
		ret = wait_for_event(vrd, end);
		if (ret == -ETIMEDOUT)
			printf("# no reply to message %u within %u ms\n", sequence,
			       VRD_PATIENCE_MS);
		if (ret)
			return ret;
	}
}

int vrd_ask(struct vrd *vrd, const struct vrd_message *message, void *reply, uint32_t size)
{
	int ret = put_message(vrd, message, GPUP_VRD_MSG_REPLY);

	if (ret)
		return ret;
	vrd_publish(vrd);
	return wait_for_reply(vrd, vrd->sequence, reply, size);
}

int vrd_post(struct vrd *vrd, uint16_t opcode, uint32_t client, const void *body, uint32_t size)
{
	struct vrd_message message = {
		.opcode = opcode,
		.client = client,
		.body = body,
		.body_size = size,
	};

	return vrd_send(vrd, &message);
}

int vrd_call(struct vrd *vrd, uint16_t opcode, uint32_t client, const void *body, uint32_t size)
{
	struct vrd_message message = {
		.opcode = opcode,
		.client = client,
		.body = body,
		.body_size = size,
	};

	return vrd_ask(vrd, &message, NULL, 0);
}

int vrd_sync(struct vrd *vrd)
{
	struct drm_gpup_memory_info info;

	return vrd_query(vrd, DRM_GPUP_QUERY_MEMORY, &info, sizeof(info));
}

unsigned int vrd_drain(struct vrd *vrd)
{
	struct gpup_vrd_event event;
	unsigned int replies = 0;

	while (vrd_next_event(vrd, &event, NULL, 0))
		replies += event.type == GPUP_VRD_EVENT_REPLY;
	return replies;
}

bool vrd_wait_released(struct vrd *vrd, uint32_t handle)
{
	uint64_t end = deadline(VRD_PATIENCE_MS);
	struct gpup_vrd_event event;
	unsigned int i;

	for (;;) {
		for (i = 0; i < vrd->released_count && i < 1024; i++)
			if (vrd->released[i] == handle)
				return true;
		if (!vrd_next_event(vrd, &event, NULL, 0) && wait_for_event(vrd, end))
			return false;
	}
}

static int slot_result(volatile struct gpup_vrd_slot *slot, uint64_t value)
{
	uint64_t failed_at;

	/* The device has written these before the value. */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	failed_at = slot->failed_at;
	if (!failed_at || value < failed_at)
		return 0;
	return value == failed_at ? -(int)slot->error : -ECANCELED;
}

int vrd_wait_slot(struct vrd *vrd, uint32_t index, uint64_t value, unsigned int ms)
{
	volatile struct gpup_vrd_slot *slot = &vrd->slots[index];
	uint64_t end = deadline(ms);

	slot->wake = value;
	full_barrier();
	while (slot->completed < value) {
		vrd_interrupts(vrd, GPUP_VRD_VECTOR_TIMELINE, LOOK_MS);
		if (slot->completed >= value)
			break;
		if (device_failed(vrd))
			return -ENODEV;
		if (is_over(end)) {
			printf("# slot %u is at %llu, not at %llu, after %u ms\n", index,
			       (unsigned long long)slot->completed, (unsigned long long)value, ms);
			return -ETIMEDOUT;
		}
	}
	slot->wake = 0;
	return slot_result(slot, value);
}
