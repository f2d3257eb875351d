/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest in user space: drives a Virtual Render Device through VFIO, with no VM around it.
 *
 * It does what it is told and checks nothing of it, so that tests can be hostile with
 * precision; what the device does is checked at every step. Functions that return int return
 * 0 or -errno; the errno of a call is the one in the device's reply.
 */
#ifndef _SELFTESTS_GPUP_VRD_H_
#define _SELFTESTS_GPUP_VRD_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/vfio.h>
#include <linux/gpup_vrd.h>
#include <drm/gpup_drm.h>

#include "partition.h"
#include "util.h"

/* Guest physical address of the guest's memory. What is below and behind is nothing. */
#define VRD_MEMORY_BASE		(1 * MIB)
/* How long a test waits for what should happen soon: emulated hosts are slow. */
#define VRD_PATIENCE_MS		20000

/* How a guest reaches its device. */
struct vrd_config {
	/* No region is mapped: all is done by reads and writes of the device file. */
	bool no_mmap;
	/* The doorbell is rung by the register, even where the page is to be had. */
	bool doorbell_register;
	/* Bytes of memory; zero for 16 MiB. */
	uint64_t memory;
	/* Sizes of the rings' data; zero for 64 KiB. */
	uint32_t ring_size;
	/* Number of slots; zero for 256. */
	uint32_t slots;
	/* GPUP_VRD_F_* that are accepted, besides the doorbell page. */
	uint32_t features;
};

struct vrd {
	struct vrd_config config;
	char uuid[UUID_SIZE];
	int container;
	int group;
	int device;
	struct vfio_region_info regions[VFIO_PCI_NUM_REGIONS];
	/* Where BAR 2 and BAR 4 are mapped; NULL where they are not. */
	volatile uint32_t *doorbell;
	uint8_t *aperture;
	/* Guest memory, and how much of it is given out. */
	uint8_t *memory;
	uint64_t memory_used;
	/* An eventfd for each vector. */
	int irqs[GPUP_VRD_VECTORS];
	/* Rings: control pages; the data is behind them. */
	volatile struct gpup_vrd_ring *cmd;
	volatile struct gpup_vrd_ring *evt;
	volatile struct gpup_vrd_slot *slots;
	/* Figures of the memory, if the configuration has them. */
	volatile struct gpup_vrd_memory_status *memory_status;
	/* The guest's own ideas of its indices. */
	uint32_t cmd_tail;
	uint32_t evt_head;
	uint32_t sequence;
	/* The last handle's index and generation, and the last slot. */
	uint32_t last_index;
	uint32_t generation;
	uint32_t last_slot;
	/* Objects in guest memory that the device has released, the latest last. */
	uint32_t released[1024];
	unsigned int released_count;
	/* Trims that have come, and the latest. */
	unsigned int trim_count;
	struct gpup_vrd_trim trim;
	/* Size of the body of the last reply. */
	uint32_t reply_size;
	struct vrd *next;
};

/* vrd.c: the device. */

/* Open a device and map what there is to be mapped, or exit. The device is as new. */
void vrd_open(struct vrd *vrd, const char *uuid, const struct vrd_config *config);
void vrd_close(struct vrd *vrd);

uint32_t vrd_read(struct vrd *vrd, uint32_t reg);
void vrd_write(struct vrd *vrd, uint32_t reg, uint32_t value);
/* Any access to any region, by the device file: bytes, or -errno. */
ssize_t vrd_region_read(struct vrd *vrd, unsigned int region, uint64_t offset, void *buf,
			size_t size);
ssize_t vrd_region_write(struct vrd *vrd, unsigned int region, uint64_t offset, const void *buf,
			 size_t size);
uint64_t vrd_aperture_size(struct vrd *vrd);
/* Through the mapping where there is one. */
void vrd_aperture_read(struct vrd *vrd, uint64_t offset, void *buf, size_t size);
void vrd_aperture_write(struct vrd *vrd, uint64_t offset, const void *buf, size_t size);
void vrd_doorbell(struct vrd *vrd);

/* Guest memory: whole pages that are zero, and where the device finds them. */
void *vrd_alloc(struct vrd *vrd, uint64_t size);
uint64_t vrd_address(struct vrd *vrd, const volatile void *memory);
int vrd_dma_unmap(struct vrd *vrd, uint64_t address, uint64_t size);

/* Bring-up, up to FEATURES_OK; then all areas in new memory; then DRIVER_OK. */
void vrd_negotiate(struct vrd *vrd);
void vrd_set_address(struct vrd *vrd, uint32_t reg_lo, uint64_t address);
void vrd_set_area(struct vrd *vrd, uint32_t reg_lo, uint64_t address, uint32_t size);
void vrd_set_up(struct vrd *vrd);
/* All of it, or exit. */
void vrd_start(struct vrd *vrd);
/* STATUS is to have become this, with that ERROR. */
bool vrd_status_is(struct vrd *vrd, uint32_t status, uint32_t error);
/* Wait for NEEDS_RESET; returns ERROR, or -1 if it does not come. */
int vrd_wait_failure(struct vrd *vrd);
/* Write 0 to STATUS and forget what was set up. Memory and handles begin anew. */
void vrd_reset(struct vrd *vrd);
int vrd_vfio_reset(struct vrd *vrd);

/* Number of interrupts since the last time; waits up to @ms for the first. */
uint64_t vrd_interrupts(struct vrd *vrd, unsigned int vector, unsigned int ms);

/* ring.c: messages. */

/* Put raw bytes on the command ring. Waits for room; -ETIMEDOUT if there is none for long. */
int vrd_put(struct vrd *vrd, const void *bytes, uint32_t size);
/* Let the device see them: the tail, and the doorbell if it is wanted. */
void vrd_publish(struct vrd *vrd);

/* A message with a body in two parts, of which the second may be empty. */
struct vrd_message {
	uint16_t opcode;
	uint16_t flags;
	uint32_t client;
	const void *body;
	uint32_t body_size;
	const void *more;
	uint32_t more_size;
};

/* Send it, and do not look back. */
int vrd_send(struct vrd *vrd, const struct vrd_message *message);
/* The same, and never ring the doorbell. */
int vrd_send_silently(struct vrd *vrd, const struct vrd_message *message);
/* Send it with GPUP_VRD_MSG_REPLY, and wait for the answer. @reply may be NULL. */
int vrd_ask(struct vrd *vrd, const struct vrd_message *message, void *reply, uint32_t size);
/* The same for messages of one part. */
int vrd_post(struct vrd *vrd, uint16_t opcode, uint32_t client, const void *body, uint32_t size);
int vrd_call(struct vrd *vrd, uint16_t opcode, uint32_t client, const void *body, uint32_t size);
/* Take one event off the ring, if there is one; its body goes to @body, up to @size. */
bool vrd_next_event(struct vrd *vrd, struct gpup_vrd_event *event, void *body, uint32_t size);
/* Wait until all messages have been carried out. */
int vrd_sync(struct vrd *vrd);
/* Take all events off the ring that are there: returns the number of replies among them. */
unsigned int vrd_drain(struct vrd *vrd);
/* Wait until the device says that an object in guest memory is gone. */
bool vrd_wait_released(struct vrd *vrd, uint32_t handle);

/* Wait for a value of a slot: 0, -ETIMEDOUT, or how the value failed. */
int vrd_wait_slot(struct vrd *vrd, uint32_t slot, uint64_t value, unsigned int ms);

/* object.c: objects. Handles are new unless a test chooses its own. */

/* A queue or an address space: its handle, its slot, and the last value given out. */
struct vrd_timeline {
	uint32_t handle;
	uint32_t slot;
	uint64_t value;
};

uint32_t vrd_new_handle(struct vrd *vrd);
uint32_t vrd_new_slot(struct vrd *vrd);
int vrd_client_create(struct vrd *vrd, uint32_t *client);
/* CLIENT_DESTROY, BO_DESTROY, VM_DESTROY, QUEUE_DESTROY or APERTURE_UNMAP. */
int vrd_destroy(struct vrd *vrd, uint16_t opcode, uint32_t client, uint32_t handle);
int vrd_bo_create(struct vrd *vrd, uint32_t flags, uint64_t size, uint32_t *bo);
/* An object of @size bytes at @memory, which is guest memory. */
int vrd_bo_create_guest(struct vrd *vrd, void *memory, uint64_t size, uint32_t *bo);
int vrd_bo_pages(struct vrd *vrd, uint32_t bo, uint64_t address, uint32_t pages);
int vrd_aperture_map(struct vrd *vrd, uint32_t bo, uint64_t offset);
int vrd_vm_create(struct vrd *vrd, uint32_t client, struct vrd_timeline *vm);
int vrd_queue_create(struct vrd *vrd, uint32_t client, uint32_t vm, uint32_t engine_class,
		     struct vrd_timeline *queue);
/* Called, but not waited for: that is vrd_wait_slot(). */
int vrd_bind(struct vrd *vrd, uint32_t client, struct vrd_timeline *vm,
	     const struct gpup_vrd_bind_op *ops, uint32_t count,
	     const struct gpup_vrd_wait *waits, uint32_t wait_count);
int vrd_map(struct vrd *vrd, uint32_t client, struct vrd_timeline *vm, uint32_t bo, uint64_t va,
	    uint64_t size);
int vrd_submit(struct vrd *vrd, uint32_t client, struct vrd_timeline *queue, uint64_t stream,
	       uint32_t size, const struct gpup_vrd_wait *waits, uint32_t wait_count);
int vrd_query(struct vrd *vrd, uint32_t type, void *reply, uint32_t size);

/* Bytes of VRAM in use, as the device says. */
uint64_t vrd_vram_used(struct vrd *vrd);

#endif
