// SPDX-License-Identifier: MIT
/* gpup filter: filter a picture. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "cmd.h"
#include "filter.h"
#include "options.h"

static void list_filters(void)
{
	size_t i;

	for (i = 0; i < filter_count; i++)
		printf("%-8s  %s\n", filters[i].name, filters[i].summary);
}

static void list_filters_as_json(void)
{
	cJSON *array = cJSON_CreateArray(), *json;
	size_t i;

	for (i = 0; i < filter_count; i++) {
		json = cJSON_CreateObject();
		cJSON_AddStringToObject(json, "filter", filters[i].name);
		cJSON_AddStringToObject(json, "summary", filters[i].summary);
		cJSON_AddItemToArray(array, json);
	}
	print_json(array, false);
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length >= end_length && !strcmp(text + length - end_length, end);
}

/* By its name; else as the input is. */
static bool wants_png(const char *path, bool input_is_png)
{
	if (ends_with(path, ".png"))
		return true;
	if (ends_with(path, ".pnm") || ends_with(path, ".ppm") || ends_with(path, ".pgm"))
		return false;
	return input_is_png;
}

static int run(int argc, char **argv)
{
	enum { OPTION_FILTER = OPTION_FIRST, OPTION_CHECK, OPTION_LIST, OPTION_JSON };
	static const struct option options[] = {
		COMMON_OPTIONS,
		{ "filter", required_argument, NULL, OPTION_FILTER },
		{ "check", no_argument, NULL, OPTION_CHECK },
		{ "list", no_argument, NULL, OPTION_LIST },
		{ "json", no_argument, NULL, OPTION_JSON },
		{ 0 }
	};
	const struct filter *filter = filter_find("blur");
	const char *path = NULL, *in_path, *out_path, *error;
	uint64_t start, elapsed;
	struct image in, out;
	bool check = false, list = false, json = false, png;
	void *data, *encoded;
	struct gpu gpu;
	FILE *report;
	size_t size;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case OPTION_FILTER:
			filter = filter_find(optarg);
			if (!filter)
				usage_error("there is no filter '%s'; --list shows those there are",
					    optarg);
			break;
		case OPTION_CHECK:
			check = true;
			break;
		case OPTION_LIST:
			list = true;
			break;
		case OPTION_JSON:
			json = true;
			break;
		COMMON_CASES(path);
		}
	}
	if (json && !list)
		usage_error("--json goes with --list");
	if (list) {
		if (optind < argc)
			usage_error("'%s' is too much for --list", argv[optind]);
		if (json)
			list_filters_as_json();
		else
			list_filters();
		return 0;
	}
	if (argc - optind != 2)
		usage_error("the pictures IN and OUT must be given");
	in_path = argv[optind];
	out_path = argv[optind + 1];
	/* The picture may go to the standard output. */
	report = strcmp(out_path, "-") ? stdout : stderr;

	data = read_file(in_path, &size);
	error = image_decode(data, size, &in);
	if (error)
		die(EXIT_FAILED, "%s: %s", in_path, error);
	png = wants_png(out_path, image_is_png(data, size));
	free(data);

	out = in;
	out.data = xmalloc(image_size(&out));
	gpu_open(&gpu, path);
	start = now_ns();
	filter_gpu(&gpu, filter, &in, out.data);
	elapsed = now_ns() - start;
	gpu_close(&gpu);

	if (check) {
		uint8_t *expected = xmalloc(image_size(&in));
		size_t i;

		filter_cpu(filter, &in, expected);
		for (i = 0; i < image_size(&in); i++)
			if (out.data[i] != expected[i])
				die(EXIT_FAILED, "x %zu, y %zu, channel %zu is %u on the GPU and "
				    "%u on the CPU", i / in.channels % in.width,
				    i / in.channels / in.width, i % in.channels, out.data[i],
				    expected[i]);
		free(expected);
	}

	error = image_encode(&out, png, &encoded, &size);
	if (error)
		die(EXIT_FAILED, "%s: %s", out_path, error);
	write_file(out_path, encoded, size);

	fprintf(report, "%s %u x %u, %u channel%s, in %s\n", filter->name, in.width, in.height,
		in.channels, PLURAL(in.channels), duration(elapsed));
	fprintf(report, "checksum %016" PRIx64 "%s\n", checksum(out.data, image_size(&out)),
		check ? ", same as the CPU's to the bit" : "");
	free(encoded);
	free(out.data);
	free(in.data);
	return 0;
}

const struct command command_filter = {
	.name = "filter",
	.summary = "filter a picture (PNM or PNG)",
	.help = "[--filter NAME] [--check] IN OUT | --list [--json]\n"
		"\n"
		"Filter the picture IN on the GPU and write it to OUT. Pictures are PNG or binary\n"
		"PNM (P5, P6); OUT is what its name ends in, else what IN is.\n"
		"\n"
		"  --filter NAME       which filter; blur\n"
		"  --list              list the filters; with --json for programs\n"
		"  --check             compare with the CPU; exit status 1 if they differ\n"
		COMMON_HELP,
	.run = run,
};
