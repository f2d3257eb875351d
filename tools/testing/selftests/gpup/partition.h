/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The operator: partitions in sysfs, and the mediated devices that make them.
 */
#ifndef _SELFTESTS_GPUP_PARTITION_H_
#define _SELFTESTS_GPUP_PARTITION_H_

#include <stdbool.h>
#include <stdint.h>

/* Size of a UUID as text. */
#define UUID_SIZE	37

/* Folder of the GPU: that of $GPUP_ADAPTER, or the first. */
const char *adapter_path(void);
/* A number from a file in the folder of the GPU. */
uint64_t adapter_number(const char *file);

/* Create a device of @bytes of VRAM, or exit. It is removed when the process exits. */
void mdev_create(uint64_t bytes, char uuid[UUID_SIZE]);
/* The same, which may fail: 0 or -errno. */
int mdev_try_create(uint64_t bytes, char uuid[UUID_SIZE]);
/* Write @text to the "create" of a type: 0 or -errno. The caller removes what it makes. */
int mdev_write_create(uint64_t bytes, const char *text);
/* Waits until nobody has it open. 0 or -errno. */
int mdev_remove(const char *uuid);
bool mdev_exists(const char *uuid);
/* Devices of @bytes that could still be created. */
uint64_t mdev_available(uint64_t bytes);
/* Name of the type of @bytes, such as "gpup-64M". */
void mdev_type(uint64_t bytes, char *name, unsigned int size);
/* Size of the smallest type. */
uint64_t mdev_smallest(void);

/* Run @func when the process exits, before devices are removed: it closes what is open. */
void mdev_before_removal(void (*func)(void));

/* A number from the folder of a partition: @name is a UUID, or "host". */
uint64_t partition_get(const char *name, const char *attribute);
/* 0 or -errno. */
int partition_set(const char *name, const char *attribute, const char *text);
int partition_set_number(const char *name, const char *attribute, uint64_t value);
/* The same by way of the mediated device's own folder. */
uint64_t mdev_get(const char *uuid, const char *attribute);
int mdev_set(const char *uuid, const char *attribute, const char *text);

/* Wait until an attribute is @value. False after @ms. */
bool partition_wait(const char *name, const char *attribute, uint64_t value, unsigned int ms);
/* Wait until a partition holds nothing any more: memory, clients. False after @ms. */
bool partition_wait_idle(const char *name, unsigned int ms);

/*
 * Write @value to a file of the software GPU's deliberate faults for an engine, such as
 * ("copy0", "hang"). False if there is no such file.
 */
bool inject_fault(const char *engine, const char *fault, unsigned int value);

#endif
