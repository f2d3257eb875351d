// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver's ends of the two rings of a Virtual Render Device.
 *
 * Knows neither messages nor devices. The barriers are the virt_*() ones: the other side
 * runs on another processor even if this kernel was built for one alone.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include <asm/barrier.h>

#include "guest_ring.h"

/**
 * guest_ring_init() - Set up an end of a ring
 * @ring: The end.
 * @addr: Zeroed memory: the control page and, behind it, the data.
 * @size: Size of the data in bytes, a power of two.
 */
void guest_ring_init(struct guest_ring *ring, void *addr, u32 size)
{
	ring->ctl = addr;
	ring->data = addr + sizeof(*ring->ctl);
	ring->size = size;
	ring->pos = 0;
	ring->published = 0;
}

/* Bytes from one index to another; the device is not trusted to get them right. */
static int distance(const struct guest_ring *ring, u32 from, u32 to)
{
	u32 bytes = to - from;

	return bytes > ring->size || bytes % 8 ? -EPROTO : bytes;
}

/**
 * guest_ring_room() - Look how much can be produced
 * @ring: The producer's end.
 *
 * Return: Number of bytes that are free, or -EPROTO if the device's index makes no sense.
 */
int guest_ring_room(const struct guest_ring *ring)
{
	u32 head = le32_to_cpu(READ_ONCE(ring->ctl->head));
	int used = distance(ring, head, ring->pos);

	/* The device has read what was there before we write over it. */
	virt_mb();
	return used < 0 ? used : ring->size - used;
}

/**
 * guest_ring_copy_in() - Produce bytes that the device is not shown yet
 * @ring: The producer's end.
 * @buf: The bytes.
 * @len: Number of bytes, a multiple of 8, for which there is room.
 */
void guest_ring_copy_in(struct guest_ring *ring, const void *buf, u32 len)
{
	u32 offset = ring->pos & (ring->size - 1);
	u32 first = min(len, ring->size - offset);

	memcpy(ring->data + offset, buf, first);
	memcpy(ring->data, buf + first, len - first);
	ring->pos += len;
}

/**
 * guest_ring_publish() - Show the device all that was produced
 * @ring: The producer's end.
 *
 * Return: GPUP_VRD_NOTIFY_* if the device sleeps and must be notified, else zero.
 */
u32 guest_ring_publish(struct guest_ring *ring)
{
	/*
	 * Not only the message goes before the index, but also what the process has
	 * written to the aperture, which may sit in a write-combining buffer.
	 */
	wmb();
	WRITE_ONCE(ring->ctl->tail, cpu_to_le32(ring->pos));
	ring->published = ring->pos;

	/* Store, full barrier, load: pairs with the device's @notify and tail. */
	virt_mb();
	return le32_to_cpu(READ_ONCE(ring->ctl->notify));
}

/**
 * guest_ring_rewind() - Take back what the device was not shown
 * @ring: The producer's end.
 */
void guest_ring_rewind(struct guest_ring *ring)
{
	ring->pos = ring->published;
}

/**
 * guest_ring_want_room() - Say whether we wait for room
 * @ring: The producer's end.
 * @wanted: True before going to sleep; look for room once more afterwards.
 */
void guest_ring_want_room(struct guest_ring *ring, bool wanted)
{
	WRITE_ONCE(ring->ctl->room_wanted, cpu_to_le32(wanted));
	/* Store, full barrier, load: pairs with the device's head and load of this. */
	virt_mb();
}

/**
 * guest_ring_pending() - Look how much can be consumed
 * @ring: The consumer's end.
 *
 * Return: Number of bytes, or -EPROTO if the device's index makes no sense.
 */
int guest_ring_pending(const struct guest_ring *ring)
{
	u32 tail = le32_to_cpu(READ_ONCE(ring->ctl->tail));

	/* The index before the data, as the device has written them. */
	virt_rmb();
	return distance(ring, ring->pos, tail);
}

/**
 * guest_ring_status() - Look what the device shows of its status
 * @ring: The consumer's end.
 *
 * Return: GPUP_VRD_STATUS_* that say what is wrong, or zero.
 */
u32 guest_ring_status(const struct guest_ring *ring)
{
	return le32_to_cpu(READ_ONCE(ring->ctl->status));
}

/**
 * guest_ring_copy_out() - Consume bytes, of which the device is not told yet
 * @ring: The consumer's end.
 * @buf: Receives the bytes.
 * @len: Number of bytes, a multiple of 8, that are pending.
 */
void guest_ring_copy_out(struct guest_ring *ring, void *buf, u32 len)
{
	u32 offset = ring->pos & (ring->size - 1);
	u32 first = min(len, ring->size - offset);

	memcpy(buf, ring->data + offset, first);
	memcpy(buf + first, ring->data, len - first);
	ring->pos += len;
}

/**
 * guest_ring_release() - Give the device back the room of all that was consumed
 * @ring: The consumer's end.
 *
 * Return: True if the device waits for room and must be notified.
 */
bool guest_ring_release(struct guest_ring *ring)
{
	/* The data was read before the device may write over it. */
	virt_mb();
	WRITE_ONCE(ring->ctl->head, cpu_to_le32(ring->pos));
	ring->published = ring->pos;

	/* Store, full barrier, load: pairs with the device's @room_wanted and load of head. */
	virt_mb();
	return READ_ONCE(ring->ctl->room_wanted) != 0;
}

/**
 * guest_ring_set_notify() - Say whether we want an interrupt
 * @ring: The consumer's end.
 * @notify: True before going to sleep; look for pending bytes once more afterwards.
 */
void guest_ring_set_notify(struct guest_ring *ring, bool notify)
{
	WRITE_ONCE(ring->ctl->notify, cpu_to_le32(notify));
	/* Store, full barrier, load: pairs with the device's tail and load of this. */
	virt_mb();
}
