// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device's end of the rings of a Virtual Render Device.
 *
 * Nothing in here depends on VFIO, or knows what a message is.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include <asm/barrier.h>

#include "vrd_ring.h"

static void attach(struct gpup_vrd_ring_end *end, void *addr, u32 size)
{
	end->ctl = addr;
	end->data = addr + sizeof(*end->ctl);
	end->size = size;
	end->pos = 0;
}

/**
 * gpup_vrd_ring_init_consumer() - Take a command ring into use
 * @end: Our end.
 * @addr: The ring: control page and data.
 * @size: Size of the data in bytes, a power of two.
 *
 * Nothing has been consumed yet; the guest may have produced already.
 */
void gpup_vrd_ring_init_consumer(struct gpup_vrd_ring_end *end, void *addr, u32 size)
{
	attach(end, addr, size);
	WRITE_ONCE(end->ctl->head, 0);
	gpup_vrd_ring_set_notify(end, 0);
}

/**
 * gpup_vrd_ring_init_producer() - Take an event ring into use
 * @end: Our end.
 * @addr: The ring: control page and data.
 * @size: Size of the data in bytes, a power of two.
 */
void gpup_vrd_ring_init_producer(struct gpup_vrd_ring_end *end, void *addr, u32 size)
{
	attach(end, addr, size);
	WRITE_ONCE(end->ctl->tail, 0);
	gpup_vrd_ring_set_status(end, 0);
	gpup_vrd_ring_set_room_wanted(end, false);
}

/* Bytes between two indices, or -EPROTO if a guest has made them up. */
static int distance(u32 from, u32 to, u32 size)
{
	u32 bytes = to - from;

	return bytes > size || bytes % 8 ? -EPROTO : bytes;
}

/**
 * gpup_vrd_ring_pending() - Look for what the guest has produced
 * @end: Our end of the command ring.
 *
 * Pairs with the guest's release of its tail.
 *
 * Return: Number of bytes that can be copied out, or -EPROTO if the index makes no sense.
 */
int gpup_vrd_ring_pending(const struct gpup_vrd_ring_end *end)
{
	u32 tail = le32_to_cpu(READ_ONCE(end->ctl->tail));

	/* Tail before the data that it covers. */
	virt_rmb();
	return distance(end->pos, tail, end->size);
}

/**
 * gpup_vrd_ring_copy_out() - Copy from a ring, around its end if need be
 * @end: Our end of the command ring.
 * @skip: Bytes to skip.
 * @buf: Receives the bytes.
 * @len: Number of bytes; with @skip at most what is pending.
 */
void gpup_vrd_ring_copy_out(const struct gpup_vrd_ring_end *end, u32 skip, void *buf, u32 len)
{
	u32 offset = (end->pos + skip) & (end->size - 1);
	u32 first = min(len, end->size - offset);

	memcpy(buf, end->data + offset, first);
	memcpy(buf + first, end->data, len - first);
}

/**
 * gpup_vrd_ring_consume() - Give room back to the guest
 * @end: Our end of the command ring.
 * @len: Number of bytes that are not needed any more.
 */
void gpup_vrd_ring_consume(struct gpup_vrd_ring_end *end, u32 len)
{
	end->pos += len;
	/* What was read from the data must have been read before the guest writes over it. */
	virt_mb();
	WRITE_ONCE(end->ctl->head, cpu_to_le32(end->pos));
}

/**
 * gpup_vrd_ring_set_notify() - Say whether we want a doorbell
 * @end: Our end of the command ring.
 * @notify: GPUP_VRD_NOTIFY_* before going to sleep; look for pending bytes once more afterwards.
 *	Zero if we are awake.
 */
void gpup_vrd_ring_set_notify(struct gpup_vrd_ring_end *end, u32 notify)
{
	WRITE_ONCE(end->ctl->notify, cpu_to_le32(notify));
	/* Store, full barrier, load: pairs with the same after the guest's tail. */
	virt_mb();
}

/**
 * gpup_vrd_ring_room_wanted() - Ask whether the guest waits for room
 * @end: Our end of the command ring, after gpup_vrd_ring_consume().
 *
 * Return: True if it must be told that there is some.
 */
bool gpup_vrd_ring_room_wanted(const struct gpup_vrd_ring_end *end)
{
	/* Head before this load: pairs with the same after the guest's room_wanted. */
	virt_mb();
	return READ_ONCE(end->ctl->room_wanted);
}

/**
 * gpup_vrd_ring_room() - Look how much can be produced
 * @end: Our end of the event ring.
 *
 * Return: Number of bytes that are free, or -EPROTO if the guest's index makes no sense.
 */
int gpup_vrd_ring_room(const struct gpup_vrd_ring_end *end)
{
	u32 head = le32_to_cpu(READ_ONCE(end->ctl->head));
	int used = distance(head, end->pos, end->size);

	/* The guest has read what was there before we write over it. */
	virt_mb();
	return used < 0 ? used : end->size - used;
}

/**
 * gpup_vrd_ring_copy_in() - Copy into a ring, around its end if need be
 * @end: Our end of the event ring.
 * @skip: Bytes to leave out.
 * @buf: The bytes.
 * @len: Number of bytes; with @skip at most what there is room for.
 */
void gpup_vrd_ring_copy_in(struct gpup_vrd_ring_end *end, u32 skip, const void *buf, u32 len)
{
	u32 offset = (end->pos + skip) & (end->size - 1);
	u32 first = min(len, end->size - offset);

	memcpy(end->data + offset, buf, first);
	memcpy(end->data, buf + first, len - first);
}

/**
 * gpup_vrd_ring_publish() - Hand over to the guest what was copied in
 * @end: Our end of the event ring.
 * @len: Number of bytes, a multiple of 8.
 */
void gpup_vrd_ring_publish(struct gpup_vrd_ring_end *end, u32 len)
{
	end->pos += len;
	/* The data before the tail that covers it. */
	virt_wmb();
	WRITE_ONCE(end->ctl->tail, cpu_to_le32(end->pos));
}

/**
 * gpup_vrd_ring_set_room_wanted() - Say whether we wait for room
 * @end: Our end of the event ring.
 * @wanted: True before going to sleep; look for room once more afterwards.
 */
void gpup_vrd_ring_set_room_wanted(struct gpup_vrd_ring_end *end, bool wanted)
{
	WRITE_ONCE(end->ctl->room_wanted, cpu_to_le32(wanted));
	/* Store, full barrier, load: pairs with the same after the guest's head. */
	virt_mb();
}

/**
 * gpup_vrd_ring_set_status() - Show the guest that something is wrong
 * @end: Our end of the event ring.
 * @status: GPUP_VRD_STATUS_*.
 */
void gpup_vrd_ring_set_status(struct gpup_vrd_ring_end *end, u32 status)
{
	WRITE_ONCE(end->ctl->status, cpu_to_le32(status));
}

/**
 * gpup_vrd_ring_notify_wanted() - Ask whether the guest sleeps
 * @end: Our end of the event ring, after gpup_vrd_ring_publish().
 *
 * Return: True if it must be interrupted.
 */
bool gpup_vrd_ring_notify_wanted(const struct gpup_vrd_ring_end *end)
{
	/* Tail before this load: pairs with the same after the guest's notify. */
	virt_mb();
	return READ_ONCE(end->ctl->notify);
}
