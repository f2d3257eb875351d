/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device's end of the rings of a Virtual Render Device.
 */
#ifndef _GPUP_VRD_RING_H_
#define _GPUP_VRD_RING_H_

#include <linux/types.h>

#include <linux/gpup_vrd.h>

/**
 * struct gpup_vrd_ring_end - The device's end of a ring
 *
 * The other end is a guest: what it writes may change at any time and be anything.
 */
struct gpup_vrd_ring_end {
	/** @ctl: Control page, in guest memory. */
	struct gpup_vrd_ring *ctl;
	/** @data: Data, in guest memory. */
	u8 *data;
	/** @size: Size of the data in bytes, a power of two. */
	u32 size;
	/**
	 * @pos: Bytes ever consumed (command ring) or produced (event ring). What
	 * stands in the control page is a copy for the guest and is never read back.
	 */
	u32 pos;
};

/* The command ring: the device consumes. */
void gpup_vrd_ring_init_consumer(struct gpup_vrd_ring_end *end, void *addr, u32 size);
int gpup_vrd_ring_pending(const struct gpup_vrd_ring_end *end);
void gpup_vrd_ring_copy_out(const struct gpup_vrd_ring_end *end, u32 skip, void *buf, u32 len);
void gpup_vrd_ring_consume(struct gpup_vrd_ring_end *end, u32 len);
void gpup_vrd_ring_set_notify(struct gpup_vrd_ring_end *end, u32 notify);
bool gpup_vrd_ring_room_wanted(const struct gpup_vrd_ring_end *end);

/* The event ring: the device produces. */
void gpup_vrd_ring_init_producer(struct gpup_vrd_ring_end *end, void *addr, u32 size);
int gpup_vrd_ring_room(const struct gpup_vrd_ring_end *end);
void gpup_vrd_ring_copy_in(struct gpup_vrd_ring_end *end, u32 skip, const void *buf, u32 len);
void gpup_vrd_ring_publish(struct gpup_vrd_ring_end *end, u32 len);
void gpup_vrd_ring_set_room_wanted(struct gpup_vrd_ring_end *end, bool wanted);
void gpup_vrd_ring_set_status(struct gpup_vrd_ring_end *end, u32 status);
bool gpup_vrd_ring_notify_wanted(const struct gpup_vrd_ring_end *end);

#endif /* _GPUP_VRD_RING_H_ */
