// SPDX-License-Identifier: MIT
/*
 * gpup: the lines of gpup's tracepoints, as tracefs shows them:
 *
 *	kworker/u4:1-55 [001] d..2. 1234.567890: gpup_job_run: partition=host queue=0x10001 value=7 ...
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "trace.h"

/* The text behind " KEY=", or NULL. */
static const char *field(const char *text, const char *key)
{
	size_t length = strlen(key);

	while (text && *text) {
		if (!strncmp(text, key, length) && text[length] == '=')
			return text + length + 1;
		text = strchr(text, ' ');
		if (text)
			text++;
	}
	return NULL;
}

static unsigned long long number(const char *text, const char *key)
{
	const char *value = field(text, key);

	return value ? strtoull(value, NULL, 0) : 0;
}

static unsigned int find_name(struct trace *trace, const char *text)
{
	const char *value = field(text, "partition");
	char name[TRACE_NAME] = "?";
	unsigned int i;

	if (value)
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(value, " \n"), value);
	for (i = 0; i < trace->name_count; i++)
		if (!strcmp(trace->names[i], name))
			return i;
	if (trace->name_count == TRACE_MAX_PARTITIONS)
		return 0;
	if (!trace->names)
		trace->names = xmalloc(TRACE_MAX_PARTITIONS * sizeof(*trace->names));
	snprintf(trace->names[i], sizeof(trace->names[i]), "%s", name);
	trace->name_count++;
	return i;
}

static void begin_slice(struct trace *trace, double time, const char *text)
{
	struct trace_slice *slice;

	if (trace->open_count == sizeof(trace->open) / sizeof(*trace->open))
		return;
	if (trace->count == trace->room) {
		trace->room = trace->room ? 2 * trace->room : 1024;
		trace->slices = realloc(trace->slices, trace->room * sizeof(*trace->slices));
		if (!trace->slices)
			die(EXIT_FAILED, "out of memory");
	}
	slice = &trace->slices[trace->count];
	memset(slice, 0, sizeof(*slice));
	slice->begin = time;
	slice->end = -1;
	slice->engine_class = (unsigned int)number(text, "class");
	slice->engine = (unsigned int)number(text, "engine");
	slice->partition = find_name(trace, text);
	slice->queue = (unsigned int)number(text, "queue");
	slice->job = number(text, "value");
	trace->open[trace->open_count++] = trace->count++;
}

static void end_slice(struct trace *trace, double time, const char *text, int preempted)
{
	unsigned int queue = (unsigned int)number(text, "queue");
	unsigned int partition = find_name(trace, text), i;
	unsigned long long job = number(text, "value");

	for (i = 0; i < trace->open_count; i++) {
		struct trace_slice *slice = &trace->slices[trace->open[i]];

		if (slice->partition != partition || slice->queue != queue || slice->job != job)
			continue;
		slice->end = time;
		slice->preempted = preempted;
		trace->open[i] = trace->open[--trace->open_count];
		return;
	}
	/* It began before we looked, or was empty. */
	trace->dropped++;
}

void trace_line(struct trace *trace, const char *line)
{
	const char *event = strstr(line, ": gpup_job_");
	const char *start, *text;
	double time;

	if (!event)
		return;
	/* The time is the word before the colon. */
	for (start = event; start > line && start[-1] != ' '; start--)
		;
	time = strtod(start, NULL);
	event += 2;
	text = strchr(event, ' ');
	if (!text)
		return;
	text++;
	if (!strncmp(event, "gpup_job_run:", 13))
		begin_slice(trace, time, text);
	else if (!strncmp(event, "gpup_job_done:", 14))
		end_slice(trace, time, text, 0);
	else if (!strncmp(event, "gpup_job_preempted:", 19))
		end_slice(trace, time, text, 1);
}

void trace_free(struct trace *trace)
{
	free(trace->slices);
	free(trace->names);
}
