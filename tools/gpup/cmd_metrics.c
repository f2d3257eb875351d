// SPDX-License-Identifier: MIT
/*
 * gpup metrics: the figures of all partitions in Prometheus' text format, version 0.0.4.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"
#include "options.h"
#include "sysfs.h"

/* The value in the base unit, exactly. */
static void print_value(FILE *out, enum unit unit, uint64_t value)
{
	/* Digits behind the point. */
	static const int digits[] = {
		[UNIT_NS] = 9, [UNIT_US] = 6, [UNIT_MS] = 3, [UNIT_PERCENT] = 2,
		[UNIT_BYTES] = 0, [UNIT_COUNT] = 0,
	};
	uint64_t scale = 1;
	int i;

	for (i = 0; i < digits[unit]; i++)
		scale *= 10;
	fprintf(out, "%" PRIu64, value / scale);
	if (digits[unit])
		fprintf(out, ".%0*" PRIu64, digits[unit], value % scale);
	fputc('\n', out);
}

/* A label's value: backslash, quote and line feed are escaped. */
static void print_label(FILE *out, const char *name, const char *value)
{
	fprintf(out, "%s=\"", name);
	for (; *value; value++) {
		if (*value == '\\' || *value == '"')
			fputc('\\', out);
		if (*value == '\n')
			fputs("\\n", out);
		else
			fputc(*value, out);
	}
	fputc('"', out);
}

static void print_header(FILE *out, const char *name, const char *help, const char *type)
{
	fprintf(out, "# HELP gpup_%s %s\n# TYPE gpup_%s %s\n", name, help, name, type);
}

static void print_adapters(FILE *out, const struct adapter *list, int count)
{
	int i;

	print_header(out, "adapter_info", "A GPU that gpup divides.", "gauge");
	for (i = 0; i < count; i++) {
		fputs("gpup_adapter_info{", out);
		print_label(out, "adapter", list[i].id);
		fputc(',', out);
		print_label(out, "name", list[i].name);
		fputs("} 1\n", out);
	}
	print_header(out, "adapter_vram_bytes", "Video memory of the GPU.", "gauge");
	for (i = 0; i < count; i++) {
		fputs("gpup_adapter_vram_bytes{", out);
		print_label(out, "adapter", list[i].id);
		fprintf(out, "} %" PRIu64 "\n", list[i].vram_total);
	}
	print_header(out, "adapter_vram_available_bytes",
		     "Video memory that no partition is guaranteed.", "gauge");
	for (i = 0; i < count; i++) {
		fputs("gpup_adapter_vram_available_bytes{", out);
		print_label(out, "adapter", list[i].id);
		fprintf(out, "} %" PRIu64 "\n", list[i].vram_available);
	}
}

static void print_partitions(FILE *out, const struct partition *list, int count)
{
	char name[80];
	int a, i;

	for (a = 0; a < ATTRIBUTES; a++) {
		snprintf(name, sizeof(name), "partition_%s", attributes[a].metric);
		print_header(out, name, attributes[a].help,
			     attributes[a].counter ? "counter" : "gauge");
		for (i = 0; i < count; i++) {
			fprintf(out, "gpup_%s{", name);
			print_label(out, "adapter", list[i].adapter);
			fputc(',', out);
			print_label(out, "partition", list[i].name);
			fputs("} ", out);
			print_value(out, attributes[a].unit, list[i].values[a]);
		}
	}
}

/*
 * What is printed. Without a GPU that is nothing: that one has gone can only be told by who goes
 * on. Without gpup it is an error: an old file stays, and tells by its age that nobody writes it.
 */
struct figures {
	struct adapter *adapters;
	struct partition *partitions;
	int adapter_count, partition_count;
};

static void read_figures(struct figures *figures)
{
	figures->adapter_count = must_have_gpup(read_adapters(&figures->adapters));
	figures->partition_count = must_have_gpup(read_partitions(&figures->partitions));
}

static void print_figures(FILE *out, const struct figures *figures)
{
	print_adapters(out, figures->adapters, figures->adapter_count);
	print_partitions(out, figures->partitions, figures->partition_count);
}

/* The collector must never see half of it. */
static void write_whole(const char *path, const struct figures *figures)
{
	char *temporary;
	FILE *out;
	int fd;

	if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
		die(EXIT_FAILED, "out of memory");
	fd = mkstemp(temporary);
	if (fd < 0)
		die(EXIT_FAILED, "%s: %s", temporary, strerror(errno));
	/* It is for others to read, whose user is not ours. */
	out = fchmod(fd, 0644) ? NULL : fdopen(fd, "w");
	if (out)
		print_figures(out, figures);
	if (!out || ferror(out) || fclose(out) || rename(temporary, path)) {
		int error = errno;

		unlink(temporary);
		die(EXIT_FAILED, "%s: %s", path, strerror(error));
	}
	free(temporary);
}

static int run(int argc, char **argv)
{
	enum { OPTION_OUTPUT = OPTION_FIRST };
	static const struct option options[] = {
		{ "help", no_argument, NULL, OPTION_HELP },
		{ "output", required_argument, NULL, OPTION_OUTPUT },
		{ 0 }
	};
	const char *output = NULL;
	struct figures figures;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case OPTION_OUTPUT:
			output = optarg;
			break;
		HELP_CASES;
		}
	}
	if (optind < argc)
		usage_error("'%s' is too much; there are options only", argv[optind]);
	read_figures(&figures);
	if (output)
		write_whole(output, &figures);
	else
		print_figures(stdout, &figures);
	free(figures.adapters);
	free(figures.partitions);
	return 0;
}

const struct command command_metrics = {
	.name = "metrics",
	.summary = "print the figures of all partitions for Prometheus",
	.help = "[--output FILE]\n"
		"\n"
		"Print what sysfs has of GPUs and partitions in Prometheus' text format: for the\n"
		"textfile collector of node_exporter.\n"
		"\n"
		"  --output FILE       write to that file, which is replaced as a whole\n"
		"  --help              print this\n",
	.run = run,
};
