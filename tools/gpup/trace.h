/* SPDX-License-Identifier: MIT */
/* gpup: who had which engine when, from the kernel's tracepoints. */
#ifndef GPUP_TRACE_H
#define GPUP_TRACE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define TRACE_MAX_PARTITIONS	4096
#define TRACE_NAME		40

/* One time that an engine ran a job, from its start to where it ended or was left off. */
struct trace_slice {
	double begin, end;		/* s */
	unsigned int engine_class, engine;
	unsigned int partition;		/* index of its name */
	unsigned int queue;
	unsigned long long job;
	int preempted;
};

struct trace {
	struct trace_slice *slices;
	size_t count, room;
	char (*names)[TRACE_NAME];
	unsigned int name_count;
	/* Those that have not ended yet, by number of @slices. */
	size_t open[64];
	unsigned int open_count;
	size_t dropped;			/* ends without a begin */
};

/* One line of the kernel's trace; what is none of ours is ignored. */
void trace_line(struct trace *trace, const char *line);
void trace_free(struct trace *trace);
/* A timeline: a row for each engine, a colour for each partition. */
void trace_svg(const struct trace *trace, FILE *file);
/* Who had how much, for people and for programs. */
void trace_table(const struct trace *trace, FILE *file);
struct cJSON *trace_to_json(const struct trace *trace);

#endif
