/* SPDX-License-Identifier: MIT */
/*
 * gpup check: what its tests share.
 *
 * What they print must be the same wherever they run, so that a diff of two outputs
 * tells whether two machines compute the same: no times, addresses or limits.
 */
#ifndef GPUP_CHECK_H
#define GPUP_CHECK_H

#include <errno.h>
#include <string.h>

#include "cmd.h"
#include "gpu.h"

struct check {
	struct gpu gpu;
	const char *path;	/* of the device */
	char reason[256];	/* why the test failed */
};

struct check_test {
	const char *name;
	bool (*run)(struct check *c);
};

/* Each ends with a test without a name. */
extern const struct check_test check_memory_tests[], check_command_tests[],
	check_compute_tests[], check_sync_tests[], check_fault_tests[];

__attribute__((format(printf, 2, 3)))
bool check_fail(struct check *c, const char *format, ...);
/* Print a checksum under a name. */
void check_sum(const char *name, const void *data, size_t size);

/* Leave the test if something is not so. */
#define CHECK(c, condition, ...) \
	do { \
		if (!(condition)) \
			return check_fail(c, __VA_ARGS__); \
	} while (0)
/* Leave the test if a function of libgpup returns something else than expected. */
#define EXPECT(c, expected, call) \
	do { \
		int ret_ = (call), expected_ = (expected); \
		if (ret_ != expected_) \
			return check_fail(c, "%s: %s, expected: %s", #call, \
					  ret_ ? strerror(-ret_) : "success", \
					  expected_ ? strerror(-expected_) : "success"); \
	} while (0)
#define TRY(c, call) EXPECT(c, 0, call)

/* A queue with one command buffer, for tests that ruin it. */
struct check_queue {
	struct gpup_queue *queue;
	struct gpup_cmdbuf *commands;
};

/* Time for a job to end, on a slow machine that is busy. */
#define CHECK_TIMEOUT	(INT64_C(120) * 1000000000)

int check_queue_create(struct check *c, enum gpup_engine_class engine_class,
		       struct check_queue *queue);
void check_queue_destroy(struct check_queue *queue);
/* Submit the commands, wait, and reset. Returns what gpup_queue_wait() does. */
int check_queue_run(struct check_queue *queue);

/* Bytes that depend on their place and on @seed. */
void check_pattern(void *data, size_t size, uint32_t seed);
/* Run a program once over a grid, with all of @args. */
void check_kernel(struct check *c, const char *text, uint32_t groups, const void *args,
		  uint32_t args_size);

#endif
