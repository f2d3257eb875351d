/* SPDX-License-Identifier: MIT */
/* gpup bench: what its tests share. */
#ifndef GPUP_BENCH_H
#define GPUP_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gpu.h"

/* What a job waits for at most is limited, and so is what a queue takes. */
#define BENCH_MAX_DEPTH	256

struct bench {
	struct gpu gpu;
	uint64_t seconds;	/* for how long each test measures */
	uint64_t depth;		/* jobs in flight */
	uint64_t loops;		/* how far a job of 1 ms counts; 0 if that is not known yet */
	const char *stamps;	/* file for the times of each round trip, or NULL */
};

struct bench_result {
	double value;		/* in the test's unit */
	double p99;		/* of times; 0 where there is none */
	uint64_t count;		/* of whatever was counted */
};

struct bench_test {
	const char *name;
	const char *unit;
	const char *what;	/* one line */
	bool lower_is_better;
	void (*run)(struct bench *bench, struct bench_result *result);
};

extern const struct bench_test bench_empty, bench_small, bench_roundtrip, bench_jobs;
extern const struct bench_test bench_syscall, bench_switch;
extern const struct bench_test bench_write, bench_plain, bench_upload, bench_download,
	bench_objects, bench_bind;

/* End with a message if @ret, what a function of libgpup has returned, is an error. */
void bench_must(int ret, const char *what);
/* Per second, since @start (ns). */
double bench_rate(uint64_t count, uint64_t start);

#endif
