/* SPDX-License-Identifier: MIT */
/*
 * gpup: what sysfs says of this host's GPUs and their partitions. What an attribute is called and what it
 * is, nobody else knows.
 */
#ifndef GPUP_SYSFS_H
#define GPUP_SYSFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a number in sysfs counts. */
enum unit {
	UNIT_COUNT,
	UNIT_BYTES,
	UNIT_NS,
	UNIT_US,
	UNIT_MS,
	UNIT_PERCENT,
};

enum attribute_id {
	VRAM_MIN,
	VRAM_MAX,
	VRAM_USED,
	VRAM_EVICTED,
	VRAM_PEAK,
	VRAM_BUDGET,
	EVICTIONS,
	BYTES_MOVED,
	TRIMS,
	SYSTEM_MAX,
	SYSTEM_USED,
	SCHED_WEIGHT,
	SCHED_CAP,
	EXEC_QUANTUM,
	PREEMPT_TIMEOUT,
	JOB_TIMEOUT,
	GPU_TIME,
	JOBS,
	PREEMPTIONS,
	WAIT_TIME,
	HANGS,
	RESETS,
	THROTTLED,
	NEEDS_RESET,
	CLIENTS,
	MESSAGES,
	DOORBELLS,
	INTERRUPTS,
	ATTRIBUTES,
};

/* An attribute of a partition. */
struct attribute {
	const char *name;	/* of the file */
	enum unit unit;
	const char *range;	/* what may be written, in words; NULL if nothing may */
	bool counter;		/* only ever grows */
	const char *metric;	/* behind "gpup_partition_" */
	const char *help;	/* what it is, one sentence */
};

extern const struct attribute attributes[ATTRIBUTES];

#define NAME_SIZE	64

struct partition {
	char adapter[NAME_SIZE];	/* "gpup0" */
	char name[NAME_SIZE];		/* "host", or the UUID of a mediated device */
	uint64_t values[ATTRIBUTES];
};

struct adapter {
	char id[NAME_SIZE];		/* "gpup0" */
	char name[NAME_SIZE];		/* what the driver calls it */
	char device[NAME_SIZE];		/* the GPU's own device: "f000:00:00.0" */
	uint64_t vram_total, vram_available;
	unsigned int partitions;
};

/* A size of partitions that a GPU offers. */
struct type {
	char adapter[NAME_SIZE];
	char name[NAME_SIZE];		/* "gpup-256M" */
	uint64_t size;			/* bytes */
	unsigned int available;
};

/*
 * Where sysfs is, and a path in it. GPUP_SYSFS, for tests, is another place. The result is valid
 * until the 4th call after this one.
 */
__attribute__((format(printf, 1, 2)))
const char *sysfs_path(const char *format, ...);

/*
 * Read all, in the order of GPUs and of names; without those that go away meanwhile. Returns the
 * number, with *@list for free(); -ENOENT if there is no gpup here, or another negative errno.
 */
int read_adapters(struct adapter **list);
int read_partitions(struct partition **list);
int read_types(struct type **list);
/* Has this VM a GPU of gpup, which need not be possible to open? On a host there is none such. */
bool has_guest_gpu(void);
/* Ends with what to do if @count is an error of theirs; else returns it. */
int must_have_gpup(int count);
/* The same as those, but end with what to do if there is nothing. */
int must_read_adapters(struct adapter **list);
int must_read_partitions(struct partition **list);
int must_read_types(struct type **list);

/* An attribute by its name; NULL if there is none. */
const struct attribute *find_attribute(const char *name);
/* Write a text to a file. Returns 0 or -errno. */
int write_attribute(const char *path, const char *text);
/* A whole number from a file; 0 if it has gone. */
uint64_t read_number(const char *path);

/* "512M", "1.5 GiB", "4096" -> bytes; false if it is none of the kind. */
bool parse_size(const char *text, uint64_t *size);

#endif
