/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The channel: sending messages, receiving events.
 */
#ifndef _GUEST_CHANNEL_H_
#define _GUEST_CHANNEL_H_

#include <linux/irqreturn.h>
#include <linux/types.h>

struct guest_device;
struct guest_timeline;

/* Data of the command ring in bytes: the largest submission takes 69 KiB. */
#define GUEST_CMD_SIZE		(128u << 10)
/* Data of the event ring in bytes. */
#define GUEST_EVT_SIZE		(64u << 10)

int guest_cmd_begin(struct guest_device *gdev, u32 bytes);
int guest_cmd_begin_killable(struct guest_device *gdev, u32 bytes);
void guest_cmd_header(struct guest_device *gdev, u32 client, u16 opcode, u16 flags, u32 size,
		      u32 sequence);
void guest_cmd_copy(struct guest_device *gdev, const void *buf, u32 len);
void guest_cmd_commit(struct guest_device *gdev);
void guest_cmd_commit_behind(struct guest_device *gdev, struct guest_timeline *tl, u64 last);
void guest_cmd_abort(struct guest_device *gdev);
int guest_cmd_post(struct guest_device *gdev, u32 client, u16 opcode, const void *body,
		   u32 size);

irqreturn_t guest_event_interrupt(int irq, void *data);
irqreturn_t guest_event_thread(int irq, void *data);

#endif /* _GUEST_CHANNEL_H_ */
