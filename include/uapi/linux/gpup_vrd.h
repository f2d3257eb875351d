/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * gpup: the Virtual Render Device, as the driver in a virtual machine sees it.
 */
#ifndef _UAPI_LINUX_GPUP_VRD_H_
#define _UAPI_LINUX_GPUP_VRD_H_

#include <linux/types.h>

/**
 * DOC: The Virtual Render Device
 *
 * A PCI function, class 3D controller (0x0302), with MSI-X and three BARs.
 * All fields in registers and in shared memory are little-endian.
 *
 * ===  =======================================================  =============
 * BAR  what                                                     reached by
 * ===  =======================================================  =============
 * 0    registers and the MSI-X table, 16 KiB                    trap
 * 2    doorbell page, 4 KiB: storing 1 at its beginning rings    mmap or trap
 * 4    VRAM aperture, 64-bit, prefetchable, a power of two      mmap or trap
 * ===  =======================================================  =============
 *
 * Bring-up is virtio's (Virtual I/O Device 1.2, section 3.1.1): write 0 to
 * STATUS, then ACKNOWLEDGE, then DRIVER; read DEVICE_FEATURES, write the subset that
 * is understood to DRIVER_FEATURES, set FEATURES_OK and read it back: the device
 * clears it if it cannot serve that subset. Then set up the rings and
 * set DRIVER_OK. A ring set-up that the device cannot use sets FAILED and ERROR.
 *
 * Protocol state lives in areas of guest memory, each contiguous in guest physical
 * addresses and page-aligned: the command ring (driver to device), the event ring (device
 * to driver), the timeline slots, and, with GPUP_VRD_F_MEMORY_STATUS, the memory status.
 * Memory of theirs that is taken out of the VM puts the device into NEEDS_RESET.
 */

/*
 * PCI identity: from the range that QEMU sets aside in Red Hat's vendor ID for
 * experiments (QEMU, docs/specs/pci-ids.rst), until an ID is registered.
 */
#define GPUP_VRD_PCI_VENDOR		0x1af4
#define GPUP_VRD_PCI_DEVICE		0x10f5
#define GPUP_VRD_PCI_REVISION		1

#define GPUP_VRD_BAR_REGS		0
#define GPUP_VRD_BAR_DOORBELL		2
#define GPUP_VRD_BAR_APERTURE		4

#define GPUP_VRD_REGS_SIZE		0x4000
#define GPUP_VRD_DOORBELL_SIZE		0x1000
#define GPUP_VRD_PAGE_SIZE		4096

/* BAR 0: registers, 32 bits each, naturally aligned accesses only. */
#define GPUP_VRD_REG_MAGIC		0x00	/* R  GPUP_VRD_MAGIC */
#define GPUP_VRD_REG_VERSION		0x04	/* R  GPUP_VRD_VERSION */
#define GPUP_VRD_REG_DEVICE_FEATURES	0x08	/* R  offered features */
#define GPUP_VRD_REG_DRIVER_FEATURES	0x0c	/* RW accepted features */
#define GPUP_VRD_REG_STATUS		0x10	/* RW GPUP_VRD_STATUS_*; writing 0 resets */
#define GPUP_VRD_REG_ERROR		0x14	/* R  GPUP_VRD_ERROR_* behind FAILED, NEEDS_RESET */
#define GPUP_VRD_REG_MAX_OBJECTS	0x18	/* R  handle indices are below this */
#define GPUP_VRD_REG_MAX_TIMELINES	0x1c	/* R  timeline slots are below this */
#define GPUP_VRD_REG_CMD_LO		0x20	/* RW guest physical address of the command ring */
#define GPUP_VRD_REG_CMD_HI		0x24
#define GPUP_VRD_REG_CMD_SIZE		0x28	/* RW size of its data in bytes */
#define GPUP_VRD_REG_EVT_LO		0x30	/* RW guest physical address of the event ring */
#define GPUP_VRD_REG_EVT_HI		0x34
#define GPUP_VRD_REG_EVT_SIZE		0x38	/* RW size of its data in bytes */
#define GPUP_VRD_REG_SLOTS_LO		0x40	/* RW guest physical address of the slots */
#define GPUP_VRD_REG_SLOTS_HI		0x44
#define GPUP_VRD_REG_SLOTS_COUNT	0x48	/* RW number of slots */
#define GPUP_VRD_REG_DOORBELL		0x50	/* W  any value: look at the command ring */
#define GPUP_VRD_REG_MEMORY_LO		0x58	/* RW guest physical address of the memory status */
#define GPUP_VRD_REG_MEMORY_HI		0x5c
#define GPUP_VRD_REGS_END		0x60

#define GPUP_VRD_MSIX_TABLE		0x2000
#define GPUP_VRD_MSIX_PBA		0x3000

#define GPUP_VRD_MAGIC			0x50555047	/* "GPUP" */
/* Major in the upper half: a driver refuses another major, and takes any minor. */
#define GPUP_VRD_VERSION_MAJOR		1
#define GPUP_VRD_VERSION_MINOR		0
#define GPUP_VRD_VERSION	((GPUP_VRD_VERSION_MAJOR << 16) | GPUP_VRD_VERSION_MINOR)

/* Features. */
/* A store to BAR 2 is a doorbell, cheaper than the register while BAR 2 is mapped. */
#define GPUP_VRD_F_DOORBELL_PAGE	(1u << 0)
/* The device shows the figures of the memory in a page, and announces trims. */
#define GPUP_VRD_F_MEMORY_STATUS	(1u << 1)
/* What is wrong with the device is shown in the event ring, so that STATUS need not be read. */
#define GPUP_VRD_F_RING_STATUS		(1u << 2)
/* The driver understands GPUP_VRD_NOTIFY_IDLE. */
#define GPUP_VRD_F_NOTIFY_IDLE		(1u << 3)
/* The device understands GPUP_VRD_MSG_QUIET. */
#define GPUP_VRD_F_QUIET		(1u << 4)

/* Device status. */
#define GPUP_VRD_STATUS_ACKNOWLEDGE	(1u << 0)
#define GPUP_VRD_STATUS_DRIVER		(1u << 1)
#define GPUP_VRD_STATUS_FEATURES_OK	(1u << 2)
#define GPUP_VRD_STATUS_DRIVER_OK	(1u << 3)
#define GPUP_VRD_STATUS_NEEDS_RESET	(1u << 6)
#define GPUP_VRD_STATUS_FAILED		(1u << 7)

/* Why the device is in FAILED or NEEDS_RESET. */
#define GPUP_VRD_ERROR_NONE		0
#define GPUP_VRD_ERROR_SEQUENCE		1	/* bring-up out of order, or set-up while running */
#define GPUP_VRD_ERROR_SETUP		2	/* address, size or alignment of an area */
#define GPUP_VRD_ERROR_MEMORY		3	/* an area could not be pinned */
#define GPUP_VRD_ERROR_RING		4	/* indices of a ring make no sense */
#define GPUP_VRD_ERROR_MESSAGE		5	/* a message header makes no sense */
#define GPUP_VRD_ERROR_UNMAPPED		6	/* memory of a ring was taken out of the VM */
#define GPUP_VRD_ERROR_ADAPTER		7	/* the GPU was lost */
#define GPUP_VRD_ERROR_HANGS		8	/* its jobs have hung the GPU too often */

/* MSI-X vectors. */
#define GPUP_VRD_VECTOR_EVENT		0	/* event ring, or STATUS has changed */
#define GPUP_VRD_VECTOR_TIMELINE	1	/* a timeline reached its wake value */
#define GPUP_VRD_VECTORS		2

/**
 * DOC: VRD rings
 *
 * A ring is one control page, &struct gpup_vrd_ring, and behind it its data, a
 * power of two of bytes. @tail and @head run freely; their difference is what is
 * in use, their low bits are offsets into the data. Messages are multiples of 8
 * bytes and may wrap around the end of the data.
 *
 * Notification is suppressed by the consumer: it sets @notify before it sleeps,
 * and after a full barrier looks at @tail once more. The producer stores @tail,
 * issues a full barrier, and notifies only if it reads @notify as set.
 * Store, full barrier, load on both sides: one of the two always sees the other.
 * A producer that finds no room sets @room_wanted, and the consumer, having
 * moved @head, notifies if it reads it as set, by the same rule.
 *
 * With GPUP_VRD_F_NOTIFY_IDLE a device that sleeps sets @notify of the command ring to
 * GPUP_VRD_NOTIFY_IDLE. The driver then need not notify if all that it has sent are
 * QUEUE_SUBMITs or VM_BINDs to one timeline whose @completed, read after @notify, is below the
 * value that was the last before them: what was sent could not begin before that one has ended,
 * and the device looks at the ring when it has, by the rule of the two barriers once more. So a
 * queue that has work is fed without notifications. It does notify if it waits for room.
 */

#define GPUP_VRD_NOTIFY_ALWAYS		1
#define GPUP_VRD_NOTIFY_IDLE		2

/**
 * struct gpup_vrd_ring - Control page of a ring
 * @tail: Bytes ever produced, modulo 2^32. Written by the producer.
 * @room_wanted: 1 while the producer waits for room. Written by the producer.
 * @status: Event ring, with GPUP_VRD_F_RING_STATUS: NEEDS_RESET and FAILED of the register
 *          STATUS, stored before the interrupt that announces them. A device that has lost the
 *          ring's memory cannot do that: an interrupt that brings nothing is a reason to read the
 *          register. Else zero. Written by the device.
 * @head: Bytes ever consumed, modulo 2^32. Written by the consumer.
 * @notify: GPUP_VRD_NOTIFY_* while the consumer wants to be notified, else zero. Written by the
 *          consumer.
 * @reserved0: Zero; keeps the two sides in cache lines of their own.
 * @reserved1: Zero.
 */
struct gpup_vrd_ring {
	__le32 tail;
	__le32 room_wanted;
	__le32 status;
	__u8 reserved0[52];
	__le32 head;
	__le32 notify;
	__u8 reserved1[GPUP_VRD_PAGE_SIZE - 72];
};

#define GPUP_VRD_RING_MIN		(16u << 10)
#define GPUP_VRD_RING_MAX		(1u << 20)

/**
 * struct gpup_vrd_slot - Timeline slot: progress of one queue or address space
 * @completed: Value that the timeline has reached. Written by the device.
 * @failed_at: Value whose job or bind failed, zero while none has. All later
 *             values are cancelled. Written before the value is completed.
 * @fault_addr: GPU virtual address of the fault if @error is EFAULT.
 * @error: Positive errno of the failure, zero while there is none.
 * @reserved0: Zero.
 * @wake: Value that the driver wants vector 1 for, or zero. The driver stores it,
 *        issues a full barrier and reads @completed again; the device stores
 *        @completed, issues a full barrier and reads @wake.
 * @reserved1: Zero.
 */
struct gpup_vrd_slot {
	__le64 completed;
	__le64 failed_at;
	__le64 fault_addr;
	__le32 error;
	__le32 reserved0;
	__le64 wake;
	__le64 reserved1[3];
};

#define GPUP_VRD_SLOTS_MAX		4096

/**
 * DOC: VRD memory status
 *
 * With GPUP_VRD_F_MEMORY_STATUS the driver gives the device a page, at an address that is not
 * zero; without it, the registers of the page mean nothing. In the page the device shows what
 * QUERY of DRM_GPUP_QUERY_MEMORY would answer, so that the driver need not ask.
 *
 * Before DRIVER_OK can be read back, the device clears the page and fills it in; from then on
 * it writes the figures again soon after they have changed, and in any case before the next
 * event: who has the reply to a BO_CREATE finds the object in the figures.
 *
 * The figures belong together if @sequence is the same before and after they were read, and
 * even. The device's order is: @sequence odd, write barrier, figures, write barrier,
 * @sequence even; the driver's is: @sequence, read barrier, figures, read barrier, @sequence.
 * The device never reads the page. A driver that does not get an even @sequence within a few
 * tries asks by QUERY.
 *
 * With the same feature the device announces, by GPUP_VRD_EVENT_TRIM, that the VM has more
 * video memory resident than it can count on. If the VM uses less within the time that
 * the event grants, it chooses what goes; if not, the device evicts what was not used for
 * longest. Nothing is lost by that but time. Of several trims that find no room on the event
 * ring the newest is kept.
 */

/**
 * struct gpup_vrd_memory_status - Figures of the VM's memory, at the start of their page
 * @sequence: Odd while the figures are written; counts up.
 * @reserved: Zero.
 * @vram_min: As in &struct drm_gpup_memory_info, as are all that follow.
 * @vram_max: See there.
 * @vram_used: See there.
 * @vram_budget: See there.
 * @vram_evicted: See there.
 * @system_max: See there.
 * @system_used: See there.
 * @trims: See there.
 *
 * Written by the device only. What is behind it in the page is zero.
 */
struct gpup_vrd_memory_status {
	__le32 sequence;
	__le32 reserved;
	__le64 vram_min;
	__le64 vram_max;
	__le64 vram_used;
	__le64 vram_budget;
	__le64 vram_evicted;
	__le64 system_max;
	__le64 system_used;
	__le64 trims;
};

/**
 * DOC: VRD objects and handles
 *
 * The driver names objects itself, so that it can use them in the message after
 * the one that creates them. A handle is an index below MAX_OBJECTS in its low 16
 * bits and a generation, which is never 0, in its upper 16; the driver
 * changes the generation whenever it uses an index again. All kinds of object
 * share the handles of the device. A message that names a handle which does
 * not exist, or is of another kind, fails with ENOENT; VMs and queues are also
 * refused, in the same way, to another client than the one that created them
 * (but for waits). Buffer objects may be bound by every client of the VM.
 */
#define GPUP_VRD_HANDLE(index, generation) \
	(((__u32)(generation) << 16) | (__u32)(index))
#define GPUP_VRD_HANDLE_INDEX(handle)		((__u32)(handle) & 0xffff)
#define GPUP_VRD_HANDLE_GENERATION(handle)	((__u32)(handle) >> 16)

/**
 * DOC: VRD messages
 *
 * Every message may be *posted* or *called*. A called one carries
 * GPUP_VRD_MSG_REPLY and is answered on the event ring with its sequence number. A
 * posted one that fails marks the VM or queue that it was for (its slot shows
 * @failed_at); posted messages that create something and fail leave a handle that does
 * not exist, and everything that names it fails.
 *
 * GPUP_VRD_MSG_QUIET goes with GPUP_VRD_MSG_REPLY, and says that nobody waits for the reply: if it
 * is a good one, the device need not interrupt for it before GPUP_VRD_QUIET_MAX of them have
 * gathered. The driver finds them with the next event.
 *
 * A message of an unknown opcode, or whose size does not fit its opcode, is
 * answered with EOPNOTSUPP or EINVAL if it asked for a reply, and otherwise ignored.
 * A header whose size is out of bounds puts the device into NEEDS_RESET.
 */

/**
 * struct gpup_vrd_msg - Header of every message on the command ring
 * @opcode: One of &enum gpup_vrd_opcode.
 * @flags: GPUP_VRD_MSG_*.
 * @size: Size of header and body in bytes, a multiple of 8, at most GPUP_VRD_MSG_MAX.
 * @client: Handle of the client on whose behalf it is sent; zero for the driver itself.
 *	Messages about buffer objects and queries, which concern the whole VM, ignore it.
 * @sequence: Repeated in the reply.
 */
struct gpup_vrd_msg {
	__le16 opcode;
	__le16 flags;
	__le32 size;
	__le32 client;
	__le32 sequence;
};

#define GPUP_VRD_MSG_REPLY		(1u << 0)
#define GPUP_VRD_MSG_QUIET		(1u << 1)
#define GPUP_VRD_QUIET_MAX		32
#define GPUP_VRD_MSG_MAX		(16u << 10)

/**
 * enum gpup_vrd_opcode - Messages of the driver
 * @GPUP_VRD_OP_QUERY: &struct gpup_vrd_query; the reply's body is the structure of gpup_drm.h.
 * @GPUP_VRD_OP_CLIENT_CREATE: &struct gpup_vrd_client_create, with @client 0.
 * @GPUP_VRD_OP_CLIENT_DESTROY: &struct gpup_vrd_destroy; its VMs and queues go with
 *	it, its buffer objects do not.
 * @GPUP_VRD_OP_BO_CREATE: &struct gpup_vrd_bo_create.
 * @GPUP_VRD_OP_BO_PAGES: &struct gpup_vrd_bo_pages, for objects in guest memory.
 * @GPUP_VRD_OP_BO_DESTROY: &struct gpup_vrd_destroy; mappings keep the memory.
 * @GPUP_VRD_OP_BO_ADVISE: &struct gpup_vrd_bo_advise; reply &struct gpup_vrd_bo_advise_reply.
 * @GPUP_VRD_OP_APERTURE_MAP: &struct gpup_vrd_aperture_map.
 * @GPUP_VRD_OP_APERTURE_UNMAP: &struct gpup_vrd_destroy with the bo's handle.
 * @GPUP_VRD_OP_VM_CREATE: &struct gpup_vrd_vm_create.
 * @GPUP_VRD_OP_VM_DESTROY: &struct gpup_vrd_destroy; EBUSY while a queue uses it.
 * @GPUP_VRD_OP_VM_BIND: &struct gpup_vrd_vm_bind.
 * @GPUP_VRD_OP_QUEUE_CREATE: &struct gpup_vrd_queue_create.
 * @GPUP_VRD_OP_QUEUE_DESTROY: &struct gpup_vrd_destroy; the reply comes when no job
 *	of it runs or will run.
 * @GPUP_VRD_OP_QUEUE_SUBMIT: &struct gpup_vrd_queue_submit.
 */
enum gpup_vrd_opcode {
	GPUP_VRD_OP_QUERY = 1,
	GPUP_VRD_OP_CLIENT_CREATE,
	GPUP_VRD_OP_CLIENT_DESTROY,
	GPUP_VRD_OP_BO_CREATE,
	GPUP_VRD_OP_BO_PAGES,
	GPUP_VRD_OP_BO_DESTROY,
	GPUP_VRD_OP_BO_ADVISE,
	GPUP_VRD_OP_APERTURE_MAP,
	GPUP_VRD_OP_APERTURE_UNMAP,
	GPUP_VRD_OP_VM_CREATE,
	GPUP_VRD_OP_VM_DESTROY,
	GPUP_VRD_OP_VM_BIND,
	GPUP_VRD_OP_QUEUE_CREATE,
	GPUP_VRD_OP_QUEUE_DESTROY,
	GPUP_VRD_OP_QUEUE_SUBMIT,
};

/**
 * struct gpup_vrd_query - Body of QUERY
 * @type: One of &enum drm_gpup_query.
 * @reserved: Zero.
 */
struct gpup_vrd_query {
	__le32 type;
	__le32 reserved;
};

/**
 * struct gpup_vrd_client_create - Body of CLIENT_CREATE
 * @handle: Handle that the client shall have.
 * @pid: Process in the VM, for the host's logs only.
 * @name: Name of the process, for the host's logs only; need not end in a zero.
 */
struct gpup_vrd_client_create {
	__le32 handle;
	__le32 pid;
	__u8 name[16];
};

/**
 * struct gpup_vrd_destroy - Body of the messages that name one object
 * @handle: The object.
 * @reserved: Zero.
 */
struct gpup_vrd_destroy {
	__le32 handle;
	__le32 reserved;
};

/**
 * struct gpup_vrd_bo_create - Body of BO_CREATE
 * @handle: Handle that the object shall have.
 * @flags: &enum drm_gpup_bo_flags. An object with DRM_GPUP_BO_SYSTEM can be
 *	bound when BO_PAGES has given all its pages.
 * @size: Size in bytes, a multiple of the page size.
 */
struct gpup_vrd_bo_create {
	__le32 handle;
	__le32 flags;
	__le64 size;
};

/**
 * struct gpup_vrd_run - Contiguous pages of guest memory
 * @address: Guest physical address, a multiple of the page size.
 * @pages: Number of pages, not zero.
 * @reserved: Zero.
 */
struct gpup_vrd_run {
	__le64 address;
	__le32 pages;
	__le32 reserved;
};

/**
 * struct gpup_vrd_bo_pages - Body of BO_PAGES
 * @handle: The object.
 * @count: Number of runs.
 * @runs: The next pages of the object, behind those given so far. The host keeps
 *	them pinned until it sends BO_RELEASED.
 */
struct gpup_vrd_bo_pages {
	__le32 handle;
	__le32 count;
	struct gpup_vrd_run runs[];
};

/**
 * struct gpup_vrd_bo_advise - Body of BO_ADVISE
 * @handle: The object.
 * @advice: One of &enum drm_gpup_bo_advice.
 */
struct gpup_vrd_bo_advise {
	__le32 handle;
	__le32 advice;
};

/**
 * struct gpup_vrd_bo_advise_reply - Reply to BO_ADVISE
 * @retained: 1 if the contents are still there.
 * @reserved: Zero.
 */
struct gpup_vrd_bo_advise_reply {
	__le32 retained;
	__le32 reserved;
};

/**
 * struct gpup_vrd_aperture_map - Body of APERTURE_MAP
 * @handle: The object, in VRAM. It has one place in the aperture at most (EEXIST).
 * @reserved: Zero.
 * @offset: Offset in BAR 4 at which all of it shall appear, a multiple of the
 *	page size. EBUSY if another object is there.
 */
struct gpup_vrd_aperture_map {
	__le32 handle;
	__le32 reserved;
	__le64 offset;
};

/**
 * struct gpup_vrd_vm_create - Body of VM_CREATE
 * @handle: Handle that the address space shall have.
 * @slot: Timeline slot that shows its binds; the device clears it.
 */
struct gpup_vrd_vm_create {
	__le32 handle;
	__le32 slot;
};

/**
 * struct gpup_vrd_wait - A wait for a timeline
 * @handle: Queue or address space, of any client of the VM.
 * @reserved: Zero.
 * @value: Value that it must reach. It must have been submitted already: a value
 *	beyond that fails the operation with EINVAL, and so no wait is for ever.
 */
struct gpup_vrd_wait {
	__le32 handle;
	__le32 reserved;
	__le64 value;
};

/**
 * struct gpup_vrd_bind_op - One operation of VM_BIND
 * @op: One of &enum drm_gpup_bind_op_type.
 * @flags: &enum drm_gpup_bind_op_flags.
 * @handle: The object; zero for an unmap.
 * @reserved: Zero.
 * @bo_offset: First byte of the object.
 * @va: GPU virtual address.
 * @size: Size in bytes.
 */
struct gpup_vrd_bind_op {
	__le32 op;
	__le32 flags;
	__le32 handle;
	__le32 reserved;
	__le64 bo_offset;
	__le64 va;
	__le64 size;
};

/**
 * struct gpup_vrd_vm_bind - Body of VM_BIND
 * @vm: The address space.
 * @ops: Number of &struct gpup_vrd_bind_op behind this structure.
 * @waits: Number of &struct gpup_vrd_wait behind the operations.
 * @reserved: Zero.
 * @value: Timeline value that the address space reaches with this; one more than
 *	the last.
 */
struct gpup_vrd_vm_bind {
	__le32 vm;
	__le32 ops;
	__le32 waits;
	__le32 reserved;
	__le64 value;
};

/**
 * struct gpup_vrd_queue_create - Body of QUEUE_CREATE
 * @handle: Handle that the queue shall have.
 * @vm: Address space of its jobs.
 * @engine_class: One of &enum drm_gpup_engine_class.
 * @priority: One of &enum drm_gpup_queue_priority.
 * @slot: Timeline slot that shows its jobs; the device clears it.
 * @reserved: Zero.
 */
struct gpup_vrd_queue_create {
	__le32 handle;
	__le32 vm;
	__le32 engine_class;
	__le32 priority;
	__le32 slot;
	__le32 reserved;
};

/**
 * struct gpup_vrd_queue_submit - Body of QUEUE_SUBMIT
 * @queue: The queue.
 * @waits: Number of &struct gpup_vrd_wait behind this structure.
 * @value: Timeline value that the queue reaches with this job; one more than the last.
 * @stream_addr: As in &struct drm_gpup_job.
 * @stream_size: As in &struct drm_gpup_job.
 * @reserved: Zero.
 */
struct gpup_vrd_queue_submit {
	__le32 queue;
	__le32 waits;
	__le64 value;
	__le64 stream_addr;
	__le32 stream_size;
	__le32 reserved;
};

/*
 * What the VM's queues may hold together. A QUEUE_SUBMIT counts as one and the number of its
 * waits, until its value is completed or QUEUE_DESTROY is answered. What would exceed the bound
 * is refused with EBUSY, and a posted message that is refused fails its queue: so the driver
 * counts, and has its programs wait. VM_BIND does not count.
 */
#define GPUP_VRD_MAX_PENDING		65536u

/**
 * enum gpup_vrd_event_type - Events of the device
 * @GPUP_VRD_EVENT_REPLY: Answer to a called message; the body depends on it.
 * @GPUP_VRD_EVENT_BO_RELEASED: &struct gpup_vrd_destroy: an object in guest memory is
 *	gone, the host has unpinned its pages, and its handle's index is free. Sent
 *	some time after BO_DESTROY, with @sequence zero.
 * @GPUP_VRD_EVENT_TRIM: &struct gpup_vrd_trim, with @sequence zero. Only with
 *	GPUP_VRD_F_MEMORY_STATUS.
 */
enum gpup_vrd_event_type {
	GPUP_VRD_EVENT_REPLY = 1,
	GPUP_VRD_EVENT_BO_RELEASED,
	GPUP_VRD_EVENT_TRIM,
};

/**
 * struct gpup_vrd_trim - Body of TRIM: use less, or it will be evicted
 * @budget: Video memory that the VM can count on, in bytes.
 * @over: What it has resident beyond that, in bytes, at the time.
 * @grace_ms: Time until memory is taken from it, in ms.
 * @reserved: Zero.
 */
struct gpup_vrd_trim {
	__le64 budget;
	__le64 over;
	__le32 grace_ms;
	__le32 reserved;
};

/**
 * struct gpup_vrd_event - Header of everything on the event ring
 * @type: One of &enum gpup_vrd_event_type.
 * @reserved: Zero.
 * @size: Size of header and body in bytes, a multiple of 8, at most GPUP_VRD_EVENT_MAX.
 * @sequence: Of the message that this answers.
 * @error: Positive errno; zero for success. With an error there is no body.
 */
struct gpup_vrd_event {
	__le16 type;
	__le16 reserved;
	__le32 size;
	__le32 sequence;
	__le32 error;
};

#define GPUP_VRD_EVENT_MAX		512

#endif /* _UAPI_LINUX_GPUP_VRD_H_ */
