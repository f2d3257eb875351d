/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Handles: numbers by which clients name objects.
 */
#ifndef _GPUP_HANDLE_H_
#define _GPUP_HANDLE_H_

#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/xarray.h>

/**
 * enum gpup_object_type - Kinds of object that have handles
 * @GPUP_OBJECT_CLIENT: &struct gpup_client
 * @GPUP_OBJECT_BO: &struct gpup_bo
 * @GPUP_OBJECT_VM: &struct gpup_vm
 * @GPUP_OBJECT_QUEUE: &struct gpup_queue
 */
enum gpup_object_type {
	GPUP_OBJECT_CLIENT,
	GPUP_OBJECT_BO,
	GPUP_OBJECT_VM,
	GPUP_OBJECT_QUEUE,
};

/* Index in the low 16 bits, generation (never 0) in the upper 16. */
#define GPUP_HANDLE_MAX_OBJECTS		65536u

/**
 * struct gpup_handle_table - The objects of one namespace
 *
 * A process on the host has one, and so has a VRD. The table holds one reference on
 * each object.
 */
struct gpup_handle_table {
	/** @lock: Protects the table. May sleep. */
	struct mutex lock;
	/** @xa: &struct gpup_handle_entry by index. */
	struct xarray xa;
	/** @max: Number of objects that may exist; indices are below it. */
	u32 max;
	/** @generation: Generation of the handle that was allocated last. */
	u16 generation;
};

void gpup_handle_table_init(struct gpup_handle_table *table, u32 max);
void gpup_handle_table_fini(struct gpup_handle_table *table);

int gpup_handle_alloc(struct gpup_handle_table *table, enum gpup_object_type type,
		      const void *owner, void *object, u32 *handle);
int gpup_handle_install(struct gpup_handle_table *table, u32 handle, enum gpup_object_type type,
			const void *owner, void *object);
void *gpup_handle_get(struct gpup_handle_table *table, u32 handle, enum gpup_object_type type,
		      const void *owner);
void *gpup_handle_remove(struct gpup_handle_table *table, u32 handle,
			 enum gpup_object_type type, const void *owner);
void *gpup_handle_remove_next(struct gpup_handle_table *table, enum gpup_object_type type,
			      const void *owner, unsigned long *cursor);
void *gpup_handle_next(struct gpup_handle_table *table, enum gpup_object_type type,
		       const void *owner, unsigned long *cursor);
int gpup_handle_set_parent(struct gpup_handle_table *table, u32 handle, u32 parent);

#endif /* _GPUP_HANDLE_H_ */
