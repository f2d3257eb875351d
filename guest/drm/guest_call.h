/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Called messages: those that the device answers.
 */
#ifndef _GUEST_CALL_H_
#define _GUEST_CALL_H_

#include <linux/list.h>
#include <linux/types.h>

struct guest_device;
struct guest_request;

/**
 * struct guest_call - A message whose answer is awaited
 *
 * Embedded in what the answer is for, which stays until @done was called.
 */
struct guest_call {
	/** @node: Entry of &guest_device.calls. */
	struct hlist_node node;
	/** @sequence: Sequence number. */
	u32 sequence;
	/**
	 * @done: Called once, in process context; must not wait. @error is 0 or a
	 * negative errno, -ENODEV if the device was lost. @body is the answer's.
	 */
	void (*done)(struct guest_call *call, int error, const void *body, u32 size);
};

u32 guest_call_add(struct guest_device *gdev, struct guest_call *call);
void guest_call_reply(struct guest_device *gdev, u32 sequence, u32 error, const void *body,
		      u32 size);
void guest_calls_fail(struct guest_device *gdev);

struct guest_request *guest_request_start(struct guest_device *gdev, u32 client, u16 opcode,
					  const void *body, u32 size);
int guest_request_finish(struct guest_request *request, void *reply, u32 size);
int guest_request(struct guest_device *gdev, u32 client, u16 opcode, const void *body,
		  u32 size, void *reply, u32 reply_size);

#endif /* _GUEST_CALL_H_ */
