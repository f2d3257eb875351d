// SPDX-License-Identifier: GPL-2.0-only
/*
 * Handles: numbers by which clients name objects.
 */
#include <linux/nospec.h>
#include <linux/slab.h>

#include "gpup_core.h"
#include "gpup_handle.h"

/**
 * DOC: Handles
 *
 * A handle is an index and a generation. The index finds an entry, the generation
 * tells whether the entry is still the one that was meant: a handle that was
 * destroyed is an error for the next 65534 objects, however soon its index is used
 * again. Handle tables of the host give out handles themselves; in that of
 * a VRD the guest names its objects, and the host only insists on
 * uniqueness.
 *
 * Every object has an owner, which a look-up may ask for: a handle of somebody
 * else is as unknown as one that does not exist.
 */

struct gpup_handle_entry {
	u32 handle;
	u32 parent;
	unsigned int children;
	enum gpup_object_type type;
	const void *owner;
	void *object;
};

static u32 handle_index(u32 handle)
{
	return handle & (GPUP_HANDLE_MAX_OBJECTS - 1);
}

static void object_get(enum gpup_object_type type, void *object)
{
	switch (type) {
	case GPUP_OBJECT_CLIENT:
		gpup_client_get(object);
		break;
	case GPUP_OBJECT_BO:
		gpup_bo_get(object);
		break;
	case GPUP_OBJECT_VM:
		gpup_vm_get(object);
		break;
	case GPUP_OBJECT_QUEUE:
		gpup_queue_get(object);
		break;
	}
}

/**
 * gpup_handle_table_init() - Make an empty table
 * @table: The table.
 * @max: Number of objects that it may hold, at most GPUP_HANDLE_MAX_OBJECTS.
 */
void gpup_handle_table_init(struct gpup_handle_table *table, u32 max)
{
	mutex_init(&table->lock);
	xa_init_flags(&table->xa, XA_FLAGS_ALLOC);
	table->max = min(max, GPUP_HANDLE_MAX_OBJECTS);
	table->generation = 0;
}
EXPORT_SYMBOL_GPL(gpup_handle_table_init);

/**
 * gpup_handle_table_fini() - Get rid of an empty table
 * @table: The table; its owner has removed all objects.
 */
void gpup_handle_table_fini(struct gpup_handle_table *table)
{
	WARN_ON(!xa_empty(&table->xa));
	xa_destroy(&table->xa);
	mutex_destroy(&table->lock);
}
EXPORT_SYMBOL_GPL(gpup_handle_table_fini);

static struct gpup_handle_entry *entry_create(enum gpup_object_type type, const void *owner,
					      void *object)
{
	struct gpup_handle_entry *entry = kzalloc(sizeof(*entry), GFP_KERNEL_ACCOUNT);

	if (entry) {
		entry->type = type;
		entry->owner = owner;
		entry->object = object;
	}
	return entry;
}

/**
 * gpup_handle_alloc() - Name an object
 * @table: The table.
 * @type: Kind of the object.
 * @owner: Whose it is.
 * @object: The object; the table takes over the caller's reference on success.
 * @handle: Receives the handle.
 *
 * May sleep.
 *
 * Return: 0, -ENOMEM without memory, -ENOSPC when the table is full.
 */
int gpup_handle_alloc(struct gpup_handle_table *table, enum gpup_object_type type,
		      const void *owner, void *object, u32 *handle)
{
	struct gpup_handle_entry *entry = entry_create(type, owner, object);
	u32 index;
	int ret;

	if (!entry)
		return -ENOMEM;

	mutex_lock(&table->lock);
	ret = xa_alloc(&table->xa, &index, entry, XA_LIMIT(0, table->max - 1),
		       GFP_KERNEL_ACCOUNT);
	if (!ret) {
		if (!++table->generation)
			table->generation = 1;
		entry->handle = (u32)table->generation << 16 | index;
		*handle = entry->handle;
	}
	mutex_unlock(&table->lock);

	if (ret) {
		kfree(entry);
		return ret == -EBUSY ? -ENOSPC : ret;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(gpup_handle_alloc);

/**
 * gpup_handle_install() - Give an object the name that its client has chosen
 * @table: The table.
 * @handle: The handle.
 * @type: Kind of the object.
 * @owner: Whose it is.
 * @object: The object; the table takes over the caller's reference on success.
 *
 * May sleep.
 *
 * Return: 0, -EINVAL if the handle's index is out of range or its generation zero,
 * -EEXIST if its index is in use, -ENOMEM without memory.
 */
int gpup_handle_install(struct gpup_handle_table *table, u32 handle, enum gpup_object_type type,
			const void *owner, void *object)
{
	struct gpup_handle_entry *entry;
	u32 index = handle_index(handle);
	int ret;

	if (index >= table->max || !(handle >> 16))
		return -EINVAL;

	entry = entry_create(type, owner, object);
	if (!entry)
		return -ENOMEM;
	entry->handle = handle;

	mutex_lock(&table->lock);
	ret = xa_insert(&table->xa, array_index_nospec(index, table->max), entry,
			GFP_KERNEL_ACCOUNT);
	mutex_unlock(&table->lock);

	if (ret) {
		kfree(entry);
		return ret == -EBUSY ? -EEXIST : ret;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(gpup_handle_install);

static struct gpup_handle_entry *entry_find(struct gpup_handle_table *table, u32 handle)
{
	struct gpup_handle_entry *entry;
	u32 index = handle_index(handle);

	lockdep_assert_held(&table->lock);
	if (index >= table->max)
		return NULL;
	entry = xa_load(&table->xa, array_index_nospec(index, table->max));
	return entry && entry->handle == handle ? entry : NULL;
}

static bool entry_matches(const struct gpup_handle_entry *entry, enum gpup_object_type type,
			  const void *owner)
{
	return entry->type == type && (!owner || entry->owner == owner);
}

/**
 * gpup_handle_get() - Find an object and take a reference on it
 * @table: The table.
 * @handle: The handle.
 * @type: Kind of object that is meant.
 * @owner: Whose it must be, or NULL for anybody's.
 *
 * May sleep.
 *
 * Return: The object, or NULL if there is none of that handle, kind and owner.
 */
void *gpup_handle_get(struct gpup_handle_table *table, u32 handle, enum gpup_object_type type,
		      const void *owner)
{
	struct gpup_handle_entry *entry;
	void *object = NULL;

	mutex_lock(&table->lock);
	entry = entry_find(table, handle);
	if (entry && entry_matches(entry, type, owner)) {
		object = entry->object;
		object_get(type, object);
	}
	mutex_unlock(&table->lock);
	return object;
}
EXPORT_SYMBOL_GPL(gpup_handle_get);

static void *entry_take(struct gpup_handle_table *table, struct gpup_handle_entry *entry)
{
	struct gpup_handle_entry *parent = entry_find(table, entry->parent);
	void *object = entry->object;

	if (parent)
		parent->children--;
	xa_erase(&table->xa, handle_index(entry->handle));
	kfree(entry);
	return object;
}

/**
 * gpup_handle_remove() - Take the name off an object
 * @table: The table.
 * @handle: The handle.
 * @type: Kind of object that is meant.
 * @owner: Whose it must be, or NULL for anybody's.
 *
 * May sleep.
 *
 * Return: The object, with the table's reference; ERR_PTR(-ENOENT) if there is none
 * of that handle, kind and owner; ERR_PTR(-EBUSY) while it has children.
 */
void *gpup_handle_remove(struct gpup_handle_table *table, u32 handle,
			 enum gpup_object_type type, const void *owner)
{
	struct gpup_handle_entry *entry;
	void *object;

	mutex_lock(&table->lock);
	entry = entry_find(table, handle);
	if (!entry || !entry_matches(entry, type, owner))
		object = ERR_PTR(-ENOENT);
	else if (entry->children)
		object = ERR_PTR(-EBUSY);
	else
		object = entry_take(table, entry);
	mutex_unlock(&table->lock);
	return object;
}
EXPORT_SYMBOL_GPL(gpup_handle_remove);

static struct gpup_handle_entry *entry_next(struct gpup_handle_table *table,
					    enum gpup_object_type type, const void *owner,
					    unsigned long *cursor)
{
	struct gpup_handle_entry *entry;
	unsigned long index;

	xa_for_each_start(&table->xa, index, entry, *cursor) {
		if (entry_matches(entry, type, owner)) {
			*cursor = index + 1;
			return entry;
		}
	}
	return NULL;
}

/**
 * gpup_handle_remove_next() - Take the names off all objects, one by one
 * @table: The table.
 * @type: Kind of objects.
 * @owner: Whose they must be, or NULL for anybody's.
 * @cursor: Where to go on: zero at first.
 *
 * Does not ask whether an object has children. May sleep.
 *
 * Return: The next object, with the table's reference, or NULL after the last.
 */
void *gpup_handle_remove_next(struct gpup_handle_table *table, enum gpup_object_type type,
			      const void *owner, unsigned long *cursor)
{
	struct gpup_handle_entry *entry;
	void *object = NULL;

	mutex_lock(&table->lock);
	entry = entry_next(table, type, owner, cursor);
	if (entry)
		object = entry_take(table, entry);
	mutex_unlock(&table->lock);
	return object;
}
EXPORT_SYMBOL_GPL(gpup_handle_remove_next);

/**
 * gpup_handle_next() - Go through the objects of a kind
 * @table: The table.
 * @type: Kind of objects.
 * @owner: Whose they must be, or NULL for anybody's.
 * @cursor: Where to go on: zero at first.
 *
 * May sleep.
 *
 * Return: The next object, with a reference for the caller, or NULL after the last.
 */
void *gpup_handle_next(struct gpup_handle_table *table, enum gpup_object_type type,
		       const void *owner, unsigned long *cursor)
{
	struct gpup_handle_entry *entry;
	void *object = NULL;

	mutex_lock(&table->lock);
	entry = entry_next(table, type, owner, cursor);
	if (entry) {
		object = entry->object;
		object_get(type, object);
	}
	mutex_unlock(&table->lock);
	return object;
}
EXPORT_SYMBOL_GPL(gpup_handle_next);

/**
 * gpup_handle_set_parent() - Say that one object needs another
 * @table: The table.
 * @handle: The object that needs the other; it has no parent yet.
 * @parent: The object which cannot be removed before.
 *
 * May sleep.
 *
 * Return: 0, or -ENOENT if one of them does not exist any more.
 */
int gpup_handle_set_parent(struct gpup_handle_table *table, u32 handle, u32 parent)
{
	struct gpup_handle_entry *child, *above;
	int ret = -ENOENT;

	mutex_lock(&table->lock);
	child = entry_find(table, handle);
	above = entry_find(table, parent);
	if (child && above) {
		child->parent = parent;
		above->children++;
		ret = 0;
	}
	mutex_unlock(&table->lock);
	return ret;
}
