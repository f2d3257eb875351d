/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names: objects that the device knows by a handle, from their creation until it has
 * let go of them.
 */
#ifndef _GUEST_NAME_H_
#define _GUEST_NAME_H_

#include <linux/list.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "guest_call.h"

struct guest_device;
struct guest_name;

/**
 * struct guest_name_ops - What a kind of object does when it ends
 */
struct guest_name_ops {
	/** @destroy: Opcode of the message that destroys it. */
	u16 destroy;
	/** @prepare: Called before that is sent, or NULL. May sleep and send. */
	void (*prepare)(struct guest_name *name);
	/** @sending: Called with &guest_device.cmd_lock held as it is sent, or NULL. */
	void (*sending)(struct guest_name *name);
	/**
	 * @created: Called with the answer to a posted creation, 0 or a negative errno, or
	 * NULL. Must not sleep.
	 */
	void (*created)(struct guest_name *name, int error);
	/**
	 * @gone: Called once, when the device holds the object no more and the handle
	 * is free; frees the object. Process context; must not wait for the device.
	 */
	void (*gone)(struct guest_name *name);
};

/**
 * struct guest_name - An object that the device knows
 */
struct guest_name {
	/** @gdev: The device. */
	struct guest_device *gdev;
	/** @ops: Of its kind. */
	const struct guest_name_ops *ops;
	/** @handle: Its handle, or zero. */
	u32 handle;
	/** @client: Client on whose behalf it is created and destroyed, or zero. */
	u32 client;
	/** @quiet: GPUP_VRD_MSG_QUIET if nobody waits for the answers, or zero. */
	u16 quiet;
	/** @pinned: The device says with BO_RELEASED when it holds the object no more. */
	bool pinned;
	/** @dying: It was, or is about to be, destroyed. */
	bool dying;
	/** @replies: Answers that have not come yet. */
	unsigned int replies;
	/** @link: Entry of &guest_device.reap or &guest_device.awaiting. */
	struct list_head link;
	/** @create: Awaits the answer to a posted creation. */
	struct guest_call create;
	/** @destroy: Awaits the answer to the destruction. */
	struct guest_call destroy;
};

int guest_name_init(struct guest_name *name, struct guest_device *gdev,
		    const struct guest_name_ops *ops, u32 client);
int guest_name_pin(struct guest_name *name);
int guest_name_create(struct guest_name *name, u16 opcode, const void *body, u32 size);
void guest_name_destroy(struct guest_name *name);
void guest_name_released(struct guest_device *gdev, u32 handle);
void guest_names_reap(struct work_struct *work);
void guest_names_reset(struct guest_device *gdev);

#endif /* _GUEST_NAME_H_ */
