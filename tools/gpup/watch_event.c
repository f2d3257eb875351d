// SPDX-License-Identifier: MIT
/* gpup watch: how an event is shown. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "cmd.h"
#include "watch.h"

#define COLUMNS	80
#define INDENT	4

const char *const watch_properties[WATCH_DETAILS] = {
	[WATCH_CLIENT] = "GPUP_CLIENT",
	[WATCH_QUEUE] = "GPUP_QUEUE",
	[WATCH_JOB] = "GPUP_JOB",
	[WATCH_ERROR] = "GPUP_ERROR",
	[WATCH_VRAM_MIN] = "GPUP_VRAM_MIN",
	[WATCH_VRAM_MAX] = "GPUP_VRAM_MAX",
};

static const struct {
	const char *name;
	enum { TEXT, NUMBER, BYTES } kind;
} details[WATCH_DETAILS] = {
	[WATCH_CLIENT] = { "client", TEXT },
	[WATCH_QUEUE] = { "queue", NUMBER },
	[WATCH_JOB] = { "job", NUMBER },
	[WATCH_ERROR] = { "error", NUMBER },
	[WATCH_VRAM_MIN] = { "vram_min", BYTES },
	[WATCH_VRAM_MAX] = { "vram_max", BYTES },
};

static void format_time(char *text, size_t size, const char *format, time_t time)
{
	struct tm local;

	localtime_r(&time, &local);
	strftime(text, size, format, &local);
}

/* One more word of the event; on a line of its own if this one is full. */
static void print_word(FILE *out, int *column, const char *word)
{
	int length = (int)strlen(word);

	if (*column && *column + 1 + length > COLUMNS) {
		fprintf(out, "\n%*s", INDENT, "");
		*column = INDENT;
	} else if (*column) {
		fputc(' ', out);
		++*column;
	}
	fputs(word, out);
	*column += length;
}

void watch_print(const struct watch_event *event, FILE *out)
{
	char when[32], word[128];
	int column = 0, i;

	format_time(when, sizeof(when), "%Y-%m-%d %H:%M:%S", event->time);
	print_word(out, &column, when);
	print_word(out, &column, event->adapter);
	if (event->partition)
		print_word(out, &column, event->partition);
	print_word(out, &column, event->what);
	for (i = 0; i < WATCH_DETAILS; i++) {
		const char *value = event->details[i];

		if (!value)
			continue;
		snprintf(word, sizeof(word), "%s=%s", details[i].name, details[i].kind == BYTES ?
			 iec_short(strtoull(value, NULL, 0)) : value);
		print_word(out, &column, word);
	}
	fputc('\n', out);
}

static double number(const char *text)
{
	return *text == '-' ? (double)strtoll(text, NULL, 0) : (double)strtoull(text, NULL, 0);
}

cJSON *watch_to_json(const struct watch_event *event)
{
	cJSON *json = cJSON_CreateObject();
	char when[32];
	int i;

	format_time(when, sizeof(when), "%Y-%m-%dT%H:%M:%S%z", event->time);
	cJSON_AddStringToObject(json, "time", when);
	cJSON_AddStringToObject(json, "adapter", event->adapter);
	cJSON_AddStringToObject(json, "event", event->what);
	if (event->partition)
		cJSON_AddStringToObject(json, "partition", event->partition);
	for (i = 0; i < WATCH_DETAILS; i++) {
		const char *value = event->details[i];

		if (!value)
			continue;
		if (details[i].kind == TEXT)
			cJSON_AddStringToObject(json, details[i].name, value);
		else
			cJSON_AddNumberToObject(json, details[i].name, number(value));
	}
	return json;
}
