/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Registers and bring-up of a Virtual Render Device.
 */
#ifndef _GPUP_VRD_REGS_H_
#define _GPUP_VRD_REGS_H_

#include <linux/atomic.h>
#include <linux/types.h>

#include <linux/gpup_vrd.h>

/**
 * enum gpup_vrd_action - What a register write asks the device to do
 * @GPUP_VRD_DO_NOTHING: Nothing.
 * @GPUP_VRD_DO_RESET: Become a new device.
 * @GPUP_VRD_DO_START: Take the rings into use, then call gpup_vrd_regs_started()
 *	or gpup_vrd_regs_fail().
 * @GPUP_VRD_DO_KICK: Look at the command ring.
 */
enum gpup_vrd_action {
	GPUP_VRD_DO_NOTHING,
	GPUP_VRD_DO_RESET,
	GPUP_VRD_DO_START,
	GPUP_VRD_DO_KICK,
};

/**
 * struct gpup_vrd_regs - Registers
 *
 * Everything but @error is protected by the VRD's lock.
 */
struct gpup_vrd_regs {
	/** @features: What the driver has accepted. */
	u32 features;
	/** @status: GPUP_VRD_STATUS_*, without what follows from @error. */
	u32 status;
	/** @error: GPUP_VRD_ERROR_* of the first failure; set from any context. */
	atomic_t error;
	/** @max_objects: Handle indices are below this. */
	u32 max_objects;
	/** @cmd_addr: Guest physical address of the command ring. */
	u64 cmd_addr;
	/** @evt_addr: Guest physical address of the event ring. */
	u64 evt_addr;
	/** @slots_addr: Guest physical address of the timeline slots. */
	u64 slots_addr;
	/** @cmd_size: Size of the command ring's data in bytes. */
	u32 cmd_size;
	/** @evt_size: Size of the event ring's data in bytes. */
	u32 evt_size;
	/** @slots_count: Number of timeline slots. */
	u32 slots_count;
	/** @memory_addr: Guest physical address of the memory status. */
	u64 memory_addr;
};

void gpup_vrd_regs_init(struct gpup_vrd_regs *regs, u32 max_objects);
u32 gpup_vrd_regs_read(const struct gpup_vrd_regs *regs, u32 offset);
enum gpup_vrd_action gpup_vrd_regs_write(struct gpup_vrd_regs *regs, u32 offset, u32 value);
bool gpup_vrd_regs_setup_valid(const struct gpup_vrd_regs *regs);
bool gpup_vrd_regs_has_memory_status(const struct gpup_vrd_regs *regs);
void gpup_vrd_regs_started(struct gpup_vrd_regs *regs);
bool gpup_vrd_regs_fail(struct gpup_vrd_regs *regs, u32 error);
bool gpup_vrd_regs_failed(const struct gpup_vrd_regs *regs);
bool gpup_vrd_regs_needs_reset(const struct gpup_vrd_regs *regs);
u32 gpup_vrd_regs_notify(const struct gpup_vrd_regs *regs);
u32 gpup_vrd_regs_ring_status(const struct gpup_vrd_regs *regs);

#endif /* _GPUP_VRD_REGS_H_ */
