// SPDX-License-Identifier: MIT
/* gpup trace: record who has the engines, and draw it. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"
#include "options.h"
#include "trace.h"

#define TRACEFS	"/sys/kernel/tracing"

static char instance[128];

/* Also at the end of the program, whatever that is. */
static void remove_instance(void)
{
	if (*instance)
		rmdir(instance);
	*instance = '\0';
}

static bool set_file(const char *name, const char *text)
{
	char path[256];
	FILE *file;
	bool good;

	snprintf(path, sizeof(path), "%s/%s", instance, name);
	file = fopen(path, "we");
	if (!file)
		return false;
	good = fputs(text, file) >= 0;
	return !fclose(file) && good;
}

static void create_instance(void)
{
	static const char *const events[] = {
		"events/gpup/gpup_job_run/enable",
		"events/gpup/gpup_job_done/enable",
		"events/gpup/gpup_job_preempted/enable",
	};
	size_t i;

	snprintf(instance, sizeof(instance), TRACEFS "/instances/gpup-%d", (int)getpid());
	if (mkdir(instance, 0700)) {
		int error = errno;

		*instance = '\0';
		die(EXIT_FAILED, "%s: %s; needs root and tracefs, and a host with gpup", TRACEFS,
		    strerror(error));
	}
	atexit(remove_instance);
	for (i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (!set_file(events[i], "1"))
			die(EXIT_FAILED, "%s: %s; is the gpup module loaded?", events[i],
			    strerror(errno));
}

/* Lines as they come, for so long; into the trace, and as they are to @copy if it is not NULL. */
static void record(struct trace *trace, double seconds, FILE *copy)
{
	uint64_t end = now_ns() + (uint64_t)(seconds * 1e9), now;
	struct pollfd poller = { .events = POLLIN };
	char path[256], *line = NULL;
	size_t room = 0;
	FILE *pipe;

	create_instance();
	snprintf(path, sizeof(path), "%s/trace_pipe", instance);
	poller.fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	pipe = poller.fd < 0 ? NULL : fdopen(poller.fd, "r");
	if (!pipe)
		die(EXIT_FAILED, "%s: %s", path, strerror(errno));
	while ((now = now_ns()) < end) {
		if (poll(&poller, 1, (int)((end - now) / 1000000) + 1) < 0 && errno != EINTR)
			break;
		while (getline(&line, &room, pipe) > 0) {
			trace_line(trace, line);
			if (copy)
				fputs(line, copy);
		}
		clearerr(pipe);
	}
	free(line);
	fclose(pipe);
	set_file("tracing_on", "0");
	remove_instance();
}

static void read_input(struct trace *trace, const char *path)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;

	if (!file)
		die(EXIT_FAILED, "%s: %s", path, strerror(errno));
	while (getline(&line, &room, file) > 0)
		trace_line(trace, line);
	free(line);
	fclose(file);
}

static FILE *create(const char *path)
{
	FILE *file = fopen(path, "we");

	if (!file)
		die(EXIT_FAILED, "%s: %s", path, strerror(errno));
	return file;
}

static void finish(FILE *file, const char *path)
{
	if (ferror(file) | fclose(file))
		die(EXIT_FAILED, "%s: could not be written", path);
}

static int run(int argc, char **argv)
{
	enum { SECONDS = OPTION_FIRST, SVG, OUTPUT, INPUT, JSON };
	static const struct option options[] = {
		{ "help", no_argument, NULL, OPTION_HELP },
		{ "seconds", required_argument, NULL, SECONDS },
		{ "svg", required_argument, NULL, SVG },
		{ "output", required_argument, NULL, OUTPUT },
		{ "input", required_argument, NULL, INPUT },
		{ "json", no_argument, NULL, JSON },
		{}
	};
	const char *svg = NULL, *output = NULL, *input = NULL;
	struct trace trace = {};
	bool json = false;
	double seconds = 5;
	FILE *file;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case SECONDS:
			seconds = parse_seconds("--seconds", optarg);
			break;
		case SVG:
			svg = optarg;
			break;
		case OUTPUT:
			output = optarg;
			break;
		case INPUT:
			input = optarg;
			break;
		case JSON:
			json = true;
			break;
		HELP_CASES;
		}
	}
	if (optind < argc)
		usage_error("'%s' is too much; there are options only", argv[optind]);
	if (input && output)
		usage_error("--input and --output exclude each other");
	if (input) {
		read_input(&trace, input);
	} else {
		file = output ? create(output) : NULL;
		record(&trace, seconds, file);
		if (file)
			finish(file, output);
	}
	if (svg) {
		file = create(svg);
		trace_svg(&trace, file);
		finish(file, svg);
	}
	if (json)
		print_json(trace_to_json(&trace), false);
	else
		trace_table(&trace, stdout);
	trace_free(&trace);
	return 0;
}

const struct command command_trace = {
	.name = "trace",
	.summary = "record who has the engines, and draw it",
	.help = "[OPTIONS]\n"
		"\n"
		"On a host, as root: record for a while which partition has which engine, and\n"
		"print who had how much. Jobs that had begun before are left out.\n"
		"\n"
		"  --seconds S         how long (5)\n"
		"  --svg FILE          draw a timeline\n"
		"  --output FILE       keep what the kernel says\n"
		"  --input FILE        read that, instead of recording\n"
		"  --json              for programs; times in ns\n"
		"  --help              print this\n",
	.run = run,
};
