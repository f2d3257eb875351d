/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The driver's ends of the two rings of a Virtual Render Device.
 */
#ifndef _GUEST_RING_H_
#define _GUEST_RING_H_

#include <linux/types.h>
#include <linux/gpup_vrd.h>

/**
 * struct guest_ring - One end of a ring
 *
 * Not locked: the caller sees to it that an end has one user at a time.
 */
struct guest_ring {
	/** @ctl: Control page, shared with the device. */
	struct gpup_vrd_ring *ctl;
	/** @data: Data, shared with the device. */
	u8 *data;
	/** @size: Size of @data in bytes, a power of two. */
	u32 size;
	/** @pos: Bytes produced or consumed so far, also those not yet published. */
	u32 pos;
	/** @published: The @pos that the device has been shown. */
	u32 published;
};

void guest_ring_init(struct guest_ring *ring, void *addr, u32 size);

/* The producer's end. */
int guest_ring_room(const struct guest_ring *ring);
void guest_ring_copy_in(struct guest_ring *ring, const void *buf, u32 len);
u32 guest_ring_publish(struct guest_ring *ring);
void guest_ring_rewind(struct guest_ring *ring);
void guest_ring_want_room(struct guest_ring *ring, bool wanted);

/* The consumer's end. */
int guest_ring_pending(const struct guest_ring *ring);
u32 guest_ring_status(const struct guest_ring *ring);
void guest_ring_copy_out(struct guest_ring *ring, void *buf, u32 len);
bool guest_ring_release(struct guest_ring *ring);
void guest_ring_set_notify(struct guest_ring *ring, bool notify);

#endif /* _GUEST_RING_H_ */
