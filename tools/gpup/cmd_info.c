// SPDX-License-Identifier: MIT
/* gpup info: what GPU this is, and what of it is ours. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "cmd.h"
#include "gpu.h"
#include "options.h"

static const char *const class_names[GPUP_ENGINE_CLASSES] = { "compute", "copy" };

/* A limit; what no machine has is none. */
static const char *at_most(uint64_t bytes)
{
	static char text[64];

	if (bytes >= UINT64_C(1) << 60)
		return "no limit";
	snprintf(text, sizeof(text), "%s at most", iec(bytes));
	return text;
}

static void print_text(const char *path, const struct gpup_info *info)
{
	int i;

	printf("GPU            %s\n", info->name);
	printf("Node           %s (%s)\n", path,
	       info->is_virtual ? "virtual machine" : "host");
	printf("Commands       %s\n", info->isa);
	printf("Video memory   %s%s\n", iec(info->vram_size),
	       info->is_virtual ? " at most" : "");
	printf("Addresses      0x%" PRIx64 " to 0x%" PRIx64 ", pages of %s\n", info->va_start,
	       info->va_end - 1, iec(info->page_size));
	printf("Partition      %s (number %u)\n", info->partition, info->partition_id);
	printf("  VRAM         %s used, %s guaranteed, %s at most\n", iec(info->vram_used),
	       iec(info->vram_min), iec(info->vram_max));
	printf("  Budget       %s at present\n", iec(info->vram_budget));
	printf("  Evicted      %s\n", iec(info->vram_evicted));
	printf("  Trims        %" PRIu64 " time%s asked to use less\n", info->trims,
	       PLURAL(info->trims));
	printf("  System       %s used, %s\n", iec(info->system_used),
	       at_most(info->system_max));
	printf("  Weight       %u\n", info->sched_weight);
	printf("  Job timeout  %u ms\n", info->job_timeout_ms);
	printf("  Objects      %u at most for a process\n", info->max_objects);
	for (i = 0; i < GPUP_ENGINE_CLASSES; i++) {
		char label[16];

		if (!info->engines[i].count)
			continue;
		snprintf(label, sizeof(label), "%s:", class_names[i]);
		printf("Engine %-8s %u, used for %s by %" PRIu64 " job%s of the partition\n", label,
		       info->engines[i].count, duration(info->engines[i].gpu_time),
		       info->engines[i].jobs, PLURAL(info->engines[i].jobs));
	}
}

static void add_number(cJSON *json, const char *name, uint64_t value)
{
	cJSON_AddNumberToObject(json, name, (double)value);
}

static void print_as_json(const char *path, const struct gpup_info *info)
{
	cJSON *json = cJSON_CreateObject();
	cJSON *partition, *engines;
	int i;

	cJSON_AddStringToObject(json, "name", info->name);
	cJSON_AddStringToObject(json, "node", path);
	cJSON_AddBoolToObject(json, "virtual", info->is_virtual);
	cJSON_AddStringToObject(json, "isa", info->isa);
	add_number(json, "vram_size", info->vram_size);
	add_number(json, "va_start", info->va_start);
	add_number(json, "va_end", info->va_end);
	add_number(json, "page_size", info->page_size);
	add_number(json, "timestamp_frequency", info->timestamp_frequency);

	partition = cJSON_AddObjectToObject(json, "partition");
	cJSON_AddStringToObject(partition, "name", info->partition);
	add_number(partition, "id", info->partition_id);
	add_number(partition, "vram_min", info->vram_min);
	add_number(partition, "vram_max", info->vram_max);
	add_number(partition, "vram_used", info->vram_used);
	add_number(partition, "vram_budget", info->vram_budget);
	add_number(partition, "vram_evicted", info->vram_evicted);
	add_number(partition, "trims", info->trims);
	add_number(partition, "system_max", info->system_max);
	add_number(partition, "system_used", info->system_used);
	add_number(partition, "sched_weight", info->sched_weight);
	add_number(partition, "job_timeout_ms", info->job_timeout_ms);
	add_number(partition, "max_objects", info->max_objects);

	engines = cJSON_AddArrayToObject(json, "engines");
	for (i = 0; i < GPUP_ENGINE_CLASSES; i++) {
		cJSON *engine;

		if (!info->engines[i].count)
			continue;
		engine = cJSON_CreateObject();
		cJSON_AddItemToArray(engines, engine);
		cJSON_AddStringToObject(engine, "class", class_names[i]);
		add_number(engine, "count", info->engines[i].count);
		add_number(engine, "gpu_time_ns", info->engines[i].gpu_time);
		add_number(engine, "jobs", info->engines[i].jobs);
	}
	print_json(json, false);
}

static int run(int argc, char **argv)
{
	enum { OPTION_JSON = OPTION_FIRST };
	static const struct option options[] = {
		COMMON_OPTIONS,
		{ "json", no_argument, NULL, OPTION_JSON },
		{ 0 }
	};
	struct gpup_device *device;
	const char *path = NULL;
	struct gpup_info info;
	bool json = false;
	int option, ret;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case OPTION_JSON:
			json = true;
			break;
		COMMON_CASES(path);
		}
	}
	if (optind < argc)
		usage_error("'%s' is too much; there are options only", argv[optind]);

	device = gpu_open_device(path);
	ret = gpup_device_info(device, &info);
	if (ret)
		die(EXIT_FAILED, "asking the GPU: %s", strerror(-ret));
	if (json)
		print_as_json(gpup_device_path(device), &info);
	else
		print_text(gpup_device_path(device), &info);
	gpup_device_close(device);
	return 0;
}

const struct command command_info = {
	.name = "info",
	.summary = "show the GPU, the partition with its limits and use, and the engines",
	.help = "[--json] [--device PATH]\n"
		"\n"
		"Show the GPU, the partition that this process belongs to with its limits\n"
		"and its use, and the engines.\n"
		"\n"
		"  --json              for programs; sizes in bytes\n"
		COMMON_HELP,
	.run = run,
};
