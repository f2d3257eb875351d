// SPDX-License-Identifier: MIT
/* gpup mem: what is where in the video memory. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cjson/cJSON.h>

#include "cmd.h"
#include "gpu.h"
#include "mem.h"
#include "options.h"

#define DEBUGFS		"/sys/kernel/debug/dri"

/* What 80 columns leave to a name. A UUID does not fit: it has a line of its own. */
#define NAME_WIDTH	24

struct options {
	const char *device;
	const char *input;		/* NULL: the kernel's own account */
	const char *svg;		/* NULL: no map */
	bool objects;
	bool json;
};

/* ---- The tables ---- */

static int by_use(const void *left, const void *right)
{
	const struct mem_partition *a = *(const struct mem_partition *const *)left;
	const struct mem_partition *b = *(const struct mem_partition *const *)right;

	if (a->used != b->used)
		return a->used > b->used ? -1 : 1;
	return a->id < b->id ? -1 : a->id > b->id;
}

/* Objects of a partition are next to each other. */
static int by_size(const void *left, const void *right)
{
	const struct mem_object *a = *(const struct mem_object *const *)left;
	const struct mem_object *b = *(const struct mem_object *const *)right;

	if (a->partition != b->partition)
		return a->partition < b->partition ? -1 : 1;
	if (a->size != b->size)
		return a->size > b->size ? -1 : 1;
	return a->line < b->line ? -1 : a->line > b->line;
}

/* A name's blanks are underscores in the file. */
static void restore_name(char *name)
{
	for (; *name; name++)
		if (*name == '_')
			*name = ' ';
}

static void print_gpu(const struct mem_map *map, const struct mem_layout *layout)
{
	printf("GPU   %s: %s\n", map->adapter, map->name);
	printf("VRAM  %s: objects have %s in %zu extent%s; %s retired\n", iec(map->size),
	       iec(layout->mapped), map->extent_count, PLURAL(map->extent_count),
	       iec(map->retired));
	printf("      %s free, %s of it cleared; the largest gap is %s\n\n", iec(map->free),
	       iec(map->clear), iec(layout->largest_gap));
}

static void print_partition(const struct mem_partition *p)
{
	bool fits = strlen(p->name) <= NAME_WIDTH;

	if (!fits)
		puts(p->name);
	printf("%-*s %5s %5s %5s %5s %5s %5s %5s %6s %5s\n", NAME_WIDTH, fits ? p->name : "",
	       iec_short(p->min), iec_short(p->budget), iec_short(p->max), iec_short(p->used),
	       iec_short(p->resident), iec_short(mem_evicted(p)), iec_short(p->system_used),
	       count_short(p->evictions), iec_short(p->bytes_moved));
}

static void print_total(const struct mem_map *map)
{
	uint64_t min = 0, used = 0, resident = 0, evicted = 0, pinned = 0, evictions = 0;
	uint64_t moved = 0;
	size_t i;

	for (i = 0; i < map->partition_count; i++) {
		const struct mem_partition *p = &map->partitions[i];

		min += p->min;
		used += p->used;
		resident += p->resident;
		evicted += mem_evicted(p);
		pinned += p->system_used;
		evictions += p->evictions;
		moved += p->bytes_moved;
	}
	/* Budgets and limits overlap: their sums say nothing. */
	printf("%-*s %5s %5s %5s %5s %5s %5s %5s %6s %5s\n", NAME_WIDTH, "total", iec_short(min),
	       "", "", iec_short(used), iec_short(resident), iec_short(evicted),
	       iec_short(pinned), count_short(evictions), iec_short(moved));
}

static void print_partitions(const struct mem_map *map)
{
	const struct mem_partition **sorted;
	size_t i;

	sorted = xmalloc(map->partition_count * sizeof(const struct mem_partition *));
	for (i = 0; i < map->partition_count; i++)
		sorted[i] = &map->partitions[i];
	qsort(sorted, map->partition_count, sizeof(const struct mem_partition *), by_use);

	printf("%-*s %5s %5s %5s %5s %5s %5s %5s %6s %5s\n", NAME_WIDTH, "PARTITION", "MIN",
	       "BUDGT", "MAX", "USED", "RESID", "EVICT", "PIN", "EVICTS", "MOVED");
	for (i = 0; i < map->partition_count; i++)
		print_partition(sorted[i]);
	print_total(map);
	free(sorted);
}

static void print_object(const struct mem_map *map, const struct mem_object *object)
{
	char extents[24] = "-", first[24] = "-";
	size_t i;

	if (object->extents) {
		snprintf(extents, sizeof(extents), "%zu", object->extents);
		snprintf(first, sizeof(first), "0x%" PRIx64,
			 map->extents[object->first_extent].offset);
	}
	printf("%12" PRIx64 " %5s %-6s %7s %12s", object->id, iec_short(object->size),
	       mem_places[object->place], extents, first);
	for (i = 0; i < MEM_FLAGS; i++)
		if (object->flags & 1u << i)
			printf(" %s", mem_flags[i]);
	putchar('\n');
}

static void print_objects(const struct mem_map *map)
{
	const struct mem_object **sorted;
	size_t i;

	sorted = xmalloc(map->object_count * sizeof(const struct mem_object *));
	for (i = 0; i < map->object_count; i++)
		sorted[i] = &map->objects[i];
	qsort(sorted, map->object_count, sizeof(const struct mem_object *), by_size);

	for (i = 0; i < map->object_count; i++) {
		const struct mem_partition *p = &map->partitions[sorted[i]->partition];

		if (!i || sorted[i]->partition != sorted[i - 1]->partition) {
			printf("\n%s: %zu object%s\n", p->name, p->objects, PLURAL(p->objects));
			printf("%12s %5s %-6s %7s %12s %s\n", "OBJECT", "SIZE", "PLACE", "EXTENTS",
			       "FIRST AT", "FLAGS");
		}
		print_object(map, sorted[i]);
	}
	if (!map->object_count)
		puts("\nno objects");
	free(sorted);
}

/* ---- What a partition can know of itself ---- */

static uint64_t own_resident(const struct gpup_info *info)
{
	return info->vram_used > info->vram_evicted ? info->vram_used - info->vram_evicted : 0;
}

static void print_own(const struct gpup_info *info, const char *reason)
{
	printf("Partition   %s (number %u)\n", info->partition, info->partition_id);
	printf("Guaranteed  %s\n", iec(info->vram_min));
	printf("Budget      %s\n", iec(info->vram_budget));
	printf("Limit       %s\n", iec(info->vram_max));
	printf("Used        %s\n", iec(info->vram_used));
	printf("Resident    %s\n", iec(own_resident(info)));
	printf("Evicted     %s\n", iec(info->vram_evicted));
	printf("Trims       %" PRIu64 "\n", info->trims);
	printf("System      %s pinned\n", iec(info->system_used));
	printf("\n%s\n", reason);
}

static void print_own_json(const struct gpup_info *info, const char *reason)
{
	cJSON *json = cJSON_CreateObject();
	cJSON *own = cJSON_AddObjectToObject(json, "own");

	cJSON_AddStringToObject(own, "partition", info->partition);
	cJSON_AddNumberToObject(own, "id", info->partition_id);
	cJSON_AddNumberToObject(own, "vram_min", (double)info->vram_min);
	cJSON_AddNumberToObject(own, "vram_budget", (double)info->vram_budget);
	cJSON_AddNumberToObject(own, "vram_max", (double)info->vram_max);
	cJSON_AddNumberToObject(own, "vram_used", (double)info->vram_used);
	cJSON_AddNumberToObject(own, "vram_resident", (double)own_resident(info));
	cJSON_AddNumberToObject(own, "vram_evicted", (double)info->vram_evicted);
	cJSON_AddNumberToObject(own, "trims", (double)info->trims);
	cJSON_AddNumberToObject(own, "system_used", (double)info->system_used);
	cJSON_AddStringToObject(json, "reason", reason);
	print_json(json, false);
}

/* ---- Where the map comes from ---- */

/*
 * The path of the kernel's account of the GPU's memory, to free(). NULL if it is not to be had,
 * with the reason.
 */
static char *find_account(struct gpup_device *device, const struct gpup_info *info,
			  const char **reason)
{
	char *adapter = NULL, *path;
	struct stat status;
	int error;

	if (info->is_virtual) {
		*reason = "what is where is known to the host: 'gpup mem' there shows it";
		return NULL;
	}
	if (!fstat(gpup_device_fd(device), &status) && S_ISCHR(status.st_mode))
		adapter = mem_adapter_of("/sys/dev/char", major(status.st_rdev),
					 minor(status.st_rdev));
	path = mem_find(DEBUGFS, adapter, info->name, &error);
	free(adapter);
	if (path)
		return path;
	switch (error) {
	case 0:
		die(EXIT_FAILED, "out of memory");
	case -EACCES:
		*reason = "what is where is for root to see: " DEBUGFS " may not be read";
		break;
	case -ENOENT:
		*reason = "what is where is not to be seen: there is no " DEBUGFS
			  "; try 'mount -t debugfs none /sys/kernel/debug'";
		break;
	case -ENODEV:
		*reason = "what is where is not to be seen: the kernel has no file gpup_memory for "
			  "this GPU below " DEBUGFS;
		break;
	case -ENOTUNIQ:
		*reason = "what is where is not to be seen: several GPUs in " DEBUGFS
			  " have this one's name";
		break;
	default:
		die(EXIT_FAILED, DEBUGFS ": %s", strerror(-error));
	}
	return NULL;
}

static void load_map(const char *path, struct mem_map *map)
{
	struct mem_error error;
	char *text;
	size_t size;
	int ret;

	text = read_file(path, &size);
	ret = mem_parse(text, size, map, &error);
	free(text);
	if (ret == -ENOMEM)
		die(EXIT_FAILED, "out of memory");
	if (ret && error.line)
		die(EXIT_FAILED, "%s:%zu: %s", path, error.line, error.message);
	if (ret)
		die(EXIT_FAILED, "%s: %s", path, error.message);
}

static void print_map(struct mem_map *map, const struct options *options)
{
	struct mem_layout layout;

	if (!mem_measure(map, &layout))
		die(EXIT_FAILED, "out of memory");
	restore_name(map->name);
	if (options->json) {
		print_json(mem_to_json(map, &layout, options->objects), false);
		return;
	}
	print_gpu(map, &layout);
	print_partitions(map);
	if (options->objects)
		print_objects(map);
}

static void draw_map(const struct mem_map *map, const char *path)
{
	size_t size;
	char *svg = mem_svg(map, &size);
	int ret;

	if (!svg)
		die(EXIT_FAILED, "out of memory");
	if (!strcmp(path, "-")) {
		write_file("-", svg, size);
	} else {
		ret = mem_write(path, svg, size);
		if (ret)
			die(EXIT_FAILED, "%s: %s", path, strerror(-ret));
	}
	free(svg);
}

static void show_map(const char *path, const struct options *options)
{
	struct mem_map map;

	load_map(path, &map);
	if (!options->svg || strcmp(options->svg, "-"))
		print_map(&map, options);
	if (options->svg)
		draw_map(&map, options->svg);
	mem_free(&map);
}

static void show_gpu(const struct options *options)
{
	struct gpup_device *device = gpu_open_device(options->device);
	const char *reason;
	struct gpup_info info;
	char *path;
	int ret;

	ret = gpup_device_info(device, &info);
	if (ret)
		die(EXIT_FAILED, "asking the GPU: %s", strerror(-ret));
	path = find_account(device, &info, &reason);
	if (!path && options->svg)
		die(EXIT_FAILED, "no map was written: %s", reason);
	if (!path && options->objects)
		die(EXIT_FAILED, "%s", reason);
	if (path)
		show_map(path, options);
	else if (options->json)
		print_own_json(&info, reason);
	else
		print_own(&info, reason);
	free(path);
	gpup_device_close(device);
}

static int run(int argc, char **argv)
{
	enum { OPTION_OBJECTS = 'o', OPTION_INPUT = OPTION_FIRST, OPTION_SVG, OPTION_JSON };
	static const struct option long_options[] = {
		COMMON_OPTIONS,
		{ "objects", no_argument, NULL, OPTION_OBJECTS },
		{ "input", required_argument, NULL, OPTION_INPUT },
		{ "svg", required_argument, NULL, OPTION_SVG },
		{ "json", no_argument, NULL, OPTION_JSON },
		{ 0 }
	};
	struct options options = { 0 };
	int option;

	while ((option = getopt_long(argc, argv, "o", long_options, NULL)) != -1) {
		switch (option) {
		case OPTION_OBJECTS:
			options.objects = true;
			break;
		case OPTION_INPUT:
			options.input = optarg;
			break;
		case OPTION_SVG:
			options.svg = optarg;
			break;
		case OPTION_JSON:
			options.json = true;
			break;
		COMMON_CASES(options.device);
		}
	}
	if (optind < argc)
		usage_error("'%s' is too much; there are options only", argv[optind]);
	if (options.input && options.device)
		usage_error("with --input there is no --device");
	if (options.svg && !*options.svg)
		usage_error("--svg: the name is empty");
	if (options.svg && !strcmp(options.svg, "-") && (options.objects || options.json))
		usage_error("--svg - writes the map to where %s would list them",
			    options.json ? "--json" : "--objects");

	if (options.input)
		show_map(options.input, &options);
	else
		show_gpu(&options);
	return 0;
}

const struct command command_mem = {
	.name = "mem",
	.summary = "show what is where in the video memory; with --svg as a map",
	.help = "[-o|--objects] [--json] [--svg FILE] [--input FILE]\n"
		"\n"
		"Show what the partitions of the GPU have in video memory, and what of it was\n"
		"evicted to the host's memory. That is for root on the host to see; others are\n"
		"shown the figures of their own partition.\n"
		"\n"
		"  MIN, BUDGT, MAX     guaranteed; what can be kept at present; the limit\n"
		"  USED                allocated, wherever it is: RESID in VRAM, EVICT not\n"
		"  PIN                 memory of the host or the VM, pinned for the GPU\n"
		"  EVICTS, MOVED       evictions so far, and bytes moved in and out\n"
		"\n"
		"  -o, --objects       list the objects, too, the largest first; their places:\n"
		"                      vram; system (evicted, or not used yet); swap (evicted, at\n"
		"                      least partly to the host's swap); pages (pinned)\n"
		"  --json              for programs; sizes in bytes\n"
		"  --svg FILE          draw a map of the VRAM; - is standard output\n"
		"  --input FILE        show a copy of the kernel's file gpup_memory; needs no GPU\n"
		COMMON_HELP,
	.run = run,
};
