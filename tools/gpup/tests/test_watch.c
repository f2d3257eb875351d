// SPDX-License-Identifier: MIT
/*
 * Tests of how gpup watch shows events. With an argument, print the events as JSON instead, for
 * those who have the schema.
 */
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "cmd.h"
#include "tap.h"
#include "watch.h"

#define UUID	"11111111-2222-3333-4444-555555555555"

/* With the longest that the kernel says, which has 64 characters for each property. */
static const struct watch_event events[] = {
	{ 0, "gpup0", NULL, "adapter removed", {} },
	{ 0, "gpup0", UUID, "created", {} },
	{ 0, "gpup15", UUID, "budget", { [WATCH_VRAM_MIN] = "16777216",
					 [WATCH_VRAM_MAX] = "18446744073709551615" } },
	{ 0, "gpup15", UUID, "hang", { "a long program name[4194304]", "0xffffffff",
				       "18446744073709551615", "-62" } },
	{ 0, "gpup15", UUID, "throttled",
	  { "0123456789abcdef0123456789abcdef0123456789abcdef012", "0x10001", "3", "-62" } },
	{ 0, "gpup15", UUID, "needs-reset", { [WATCH_ERROR] = "8" } },
};

#define EVENTS	(sizeof(events) / sizeof(events[0]))

void print_help(const struct command *command)
{
	(void)command;
}

/* For free(). */
static char *shown(const struct watch_event *event)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	watch_print(event, file);
	fclose(file);
	return text;
}

static bool fits(const char *text)
{
	while (*text) {
		size_t length = strcspn(text, "\n");

		if (length > 80 || text[length] != '\n')
			return false;
		text += length + 1;
	}
	return true;
}

static void test_people(void)
{
	char *text;
	size_t i;

	for (i = 0; i < EVENTS; i++) {
		text = shown(&events[i]);
		if (!tap_ok(fits(text), "'%s' fits 80 columns", events[i].what))
			printf("# %s\n", text);
		free(text);
	}
	text = shown(&events[1]);
	tap_ok(!strcmp(text, "1970-01-01 00:00:00 gpup0 " UUID " created\n"), "on a line");
	free(text);
	text = shown(&events[2]);
	tap_ok(strstr(text, " budget\n    vram_min=16M vram_max=16E\n"), "sizes are short");
	free(text);
	text = shown(&events[3]);
	tap_ok(strstr(text, " hang\n    client=a long program name[4194304] queue=0xffffffff\n"
		      "    job=18446744073709551615 error=-62\n"), "on as many as it takes");
	free(text);
}

static void test_programs(void)
{
	cJSON *json = watch_to_json(&events[3]);

	tap_ok(!strcmp(cJSON_GetStringValue(cJSON_GetObjectItem(json, "time")),
		       "1970-01-01T00:00:00+0000"), "the time is that of ISO 8601");
	tap_ok(cJSON_GetNumberValue(cJSON_GetObjectItem(json, "queue")) == 4294967295.0 &&
	       cJSON_GetNumberValue(cJSON_GetObjectItem(json, "job")) == 18446744073709551616.0 &&
	       cJSON_GetNumberValue(cJSON_GetObjectItem(json, "error")) == -62,
	       "numbers are numbers");
	tap_ok(cJSON_GetStringValue(cJSON_GetObjectItem(json, "client")), "a name is a text");
	tap_ok(!cJSON_GetObjectItem(json, "vram_min"), "what was not said is not there");
	cJSON_Delete(json);
}

int main(int argc, char **argv)
{
	size_t i;

	(void)argv;
	setenv("TZ", "UTC", 1);
	for (i = 0; i < EVENTS && argc > 1; i++)
		print_json(watch_to_json(&events[i]), true);
	if (argc > 1)
		return 0;
	test_people();
	test_programs();
	return tap_end();
}
