/* SPDX-License-Identifier: MIT */
/* gpup watch: an event, and how it is shown. */
#ifndef GPUP_WATCH_H
#define GPUP_WATCH_H

#include <stdio.h>
#include <time.h>

struct cJSON;

/* What an event may say besides what it is. */
enum watch_detail {
	WATCH_CLIENT,
	WATCH_QUEUE,
	WATCH_JOB,
	WATCH_ERROR,
	WATCH_VRAM_MIN,
	WATCH_VRAM_MAX,
	WATCH_DETAILS,
};

/* The kernel's names of those: properties of a uevent. */
extern const char *const watch_properties[WATCH_DETAILS];

struct watch_event {
	time_t time;
	const char *adapter;
	const char *partition;			/* NULL: the event is the adapter's own */
	const char *what;
	const char *details[WATCH_DETAILS];	/* as the kernel says them; NULL: not said */
};

/* For people: on a line, or on more where it has to say more than fits 80 columns. */
void watch_print(const struct watch_event *event, FILE *out);
/* For programs: numbers are numbers. */
struct cJSON *watch_to_json(const struct watch_event *event);

#endif
