/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages of a guest, taken apart.
 */
#ifndef _GPUP_VRD_DECODE_H_
#define _GPUP_VRD_DECODE_H_

#include <linux/types.h>

#include <drm/gpup_drm.h>
#include <linux/gpup_vrd.h>

/**
 * struct gpup_vrd_header - Header of a message, in the host's byte order
 */
struct gpup_vrd_header {
	/** @opcode: What the guest says is one of &enum gpup_vrd_opcode. */
	u16 opcode;
	/** @flags: GPUP_VRD_MSG_*. */
	u16 flags;
	/** @size: Size of header and body in bytes: checked. */
	u32 size;
	/** @client: Handle of the client. */
	u32 client;
	/** @sequence: For the reply. */
	u32 sequence;
};

/**
 * union gpup_vrd_args - Body of a message, in the host's byte order
 *
 * Arrays stay where they are, in the host's copy of the message, and little-endian.
 * Their counts fit the message, and the limits of the interface.
 */
union gpup_vrd_args {
	/** @query: QUERY */
	struct {
		u32 type;
	} query;
	/** @client_create: CLIENT_CREATE */
	struct {
		u32 handle;
		u32 pid;
		char name[17];
	} client_create;
	/** @object: All messages that only name an object */
	struct {
		u32 handle;
	} object;
	/** @bo_create: BO_CREATE */
	struct {
		u32 handle;
		u32 flags;
		u64 size;
	} bo_create;
	/** @bo_pages: BO_PAGES; addresses are aligned and do not wrap around */
	struct {
		u32 handle;
		u32 count;
		u64 pages;
		const struct gpup_vrd_run *runs;
	} bo_pages;
	/** @bo_advise: BO_ADVISE */
	struct {
		u32 handle;
		u32 advice;
	} bo_advise;
	/** @aperture_map: APERTURE_MAP */
	struct {
		u32 handle;
		u64 offset;
	} aperture_map;
	/** @vm_create: VM_CREATE */
	struct {
		u32 handle;
		u32 slot;
	} vm_create;
	/** @vm_bind: VM_BIND */
	struct {
		u32 vm;
		u32 op_count;
		u32 wait_count;
		u64 value;
		const struct gpup_vrd_bind_op *ops;
		const struct gpup_vrd_wait *waits;
	} vm_bind;
	/** @queue_create: QUEUE_CREATE */
	struct {
		u32 handle;
		u32 vm;
		u32 engine_class;
		u32 priority;
		u32 slot;
	} queue_create;
	/** @queue_submit: QUEUE_SUBMIT */
	struct {
		u32 queue;
		u32 wait_count;
		u64 value;
		u64 stream_addr;
		u32 stream_size;
		const struct gpup_vrd_wait *waits;
	} queue_submit;
};

int gpup_vrd_decode_header(const struct gpup_vrd_msg *msg, struct gpup_vrd_header *header);
int gpup_vrd_decode(const struct gpup_vrd_header *header, const void *body,
		    union gpup_vrd_args *args);

#endif /* _GPUP_VRD_DECODE_H_ */
