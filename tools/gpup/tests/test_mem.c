// SPDX-License-Identifier: MIT
/* Tests of what gpup mem reads and draws, on texts and files made for it. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"
#include "tap.h"

#define HEADER		"gpup-memory 1\nadapter gpup0 Some_GPU\nvram 1048576 4096 0 0 0\n"
#define MiB		(UINT64_C(1) << 20)

static char root[] = "/tmp/gpup-test-XXXXXX";

/* A text that grows. */
struct text {
	FILE *file;
	char *data;
	size_t size;
};

static void text_begin(struct text *text)
{
	text->file = open_memstream(&text->data, &text->size);
}

static int parse(const char *text, struct mem_map *map, struct mem_error *error)
{
	return mem_parse(text, strlen(text), map, error);
}

static int text_end(struct text *text, struct mem_map *map)
{
	struct mem_error error;
	int ret;

	fclose(text->file);
	ret = mem_parse(text->data, text->size, map, &error);
	if (ret)
		printf("# line %zu: %s\n", error.line, error.message);
	free(text->data);
	return ret;
}

static void test_normal(void)
{
	static const char text[] =
		"gpup-memory 1 and more\n"
		"adapter gpup3 Some_GPU future\n"
		"vram 1073741824 4096 8192 500 400 9\n"
		"weather fine\n"
		"\n"
		"partition 7 7a0e5a0c-0000-4000-8000-000000000001 10 40 30 20 25 5 3 99 1 2 3\n"
		"object 7 ff 8192 vram -\n"
		"extent ff 0 4096\n"
		"extent ff 12288 4096 x\n"
		"object 7 1ff 4096 swap dp new\n"
		"partition 0 host 0 1073741824 4096 4096 1073741824 0 0 0\n"
		"object 0 A0 4096 vram mPz\n"
		"extent a0 4096 4096\n"
		"object 0 2 4096 pages P\n"
		"object 0 3 4096 system -\n";
	struct mem_extent *sorted;
	struct mem_error error;
	struct mem_map map;

	tap_ok(!parse(text, &map, &error), "a normal text is taken");
	tap_ok(!strcmp(map.adapter, "gpup3") && !strcmp(map.name, "Some_GPU") &&
	       map.size == 1 << 30 && map.page_size == 4096 && map.retired == 8192 &&
	       map.free == 500 && map.clear == 400, "the GPU");
	tap_ok(map.partition_count == 2 && map.partitions[0].id == 0 &&
	       map.partitions[1].id == 7 && !strcmp(map.partitions[0].name, "host"),
	       "partitions are in the order of their ids");
	tap_ok(map.partitions[1].min == 10 && map.partitions[1].max == 40 &&
	       map.partitions[1].used == 30 && map.partitions[1].resident == 20 &&
	       map.partitions[1].budget == 25 && map.partitions[1].system_used == 5 &&
	       map.partitions[1].evictions == 3 && map.partitions[1].bytes_moved == 99 &&
	       map.partitions[1].swapped == 4096 && map.partitions[1].objects == 2 &&
	       mem_evicted(&map.partitions[1]) == 10, "a partition's figures");
	tap_ok(map.object_count == 5 && map.objects[0].id == 0xa0 && map.objects[3].id == 0xff &&
	       map.objects[3].partition == 1, "objects are with their partitions");
	tap_ok(map.objects[0].flags == (MEM_NO_MMAP | MEM_PINNED) &&
	       map.objects[4].flags == (MEM_DONT_NEED | MEM_PURGED) && !map.objects[3].flags,
	       "flags, and unknown ones");
	tap_ok(map.objects[0].place == MEM_VRAM && map.objects[1].place == MEM_PAGES &&
	       map.objects[2].place == MEM_SYSTEM && map.objects[4].place == MEM_SWAP, "places");
	tap_ok(map.objects[3].extents == 2 && !map.objects[3].first_extent &&
	       map.extents[1].object == 3 && map.extents[2].object == 0, "extents and objects");
	sorted = mem_sorted_extents(&map);
	tap_ok(sorted[0].offset == 0 && sorted[1].offset == 4096 && sorted[2].offset == 12288,
	       "extents can be sorted");
	free(sorted);
	mem_free(&map);
}

/* Text, and what must be said of it. */
static const struct {
	const char *text;
	size_t line;
	const char *message;
} malformed[] = {
	{ "", 0, "it is empty" },
	{ "gpup-memory 1", 1, "cut off" },
	{ "\ngpup-memory 1\n", 1, "does not begin with gpup-memory" },
	{ "gpup-memoryx 1\n", 1, "does not begin with gpup-memory" },
	{ "gpup-memory 2\n", 1, "version 2" },
	{ "gpup-memory\n", 1, "version is missing" },
	{ "gpup-memory 1\n", 0, "no line with the adapter" },
	{ "gpup-memory 1\nadapter gpup0 x\n", 0, "no line with the vram" },
	{ "gpup-memory 1\nadapter gpup0\n", 2, "adapter's name is missing" },
	{ HEADER "adapter gpup1 x\n", 4, "second adapter" },
	{ HEADER "vram 1 1 0 0 0\n", 4, "second vram" },
	{ "gpup-memory 1\nvram 0 4096 0 0 0\n", 2, "size makes no sense" },
	{ "gpup-memory 1\nvram 18446744073709551615 4096 0 0 0\n", 2, "size makes no sense" },
	{ "gpup-memory 1\nvram 18446744073709551616 4096 0 0 0\n", 2, "size is not a number" },
	{ "gpup-memory 1\nvram -1 4096 0 0 0\n", 2, "size is not a number" },
	{ "gpup-memory 1\nvram +1 4096 0 0 0\n", 2, "size is not a number" },
	{ "gpup-memory 1\nvram 0x1000 4096 0 0 0\n", 2, "size is not a number" },
	{ "gpup-memory 1\nvram 12k 4096 0 0 0\n", 2, "size is not a number" },
	{ "gpup-memory 1\nvram 00000000000000000000000000000000000000001 1 0 0 0\n", 2,
	  "size is not a number" },
	{ "gpup-memory 1\nvram 4096 4096 0 0\n", 2, "clear memory is missing" },
	{ HEADER "partition 1 x 1 2 3 4 5 6 7\n", 4, "number of bytes moved is missing" },
	{ HEADER "partition x x 1 2 3 4 5 6 7 8\n", 4, "partition's id is not a number" },
	{ HEADER "partition 1 x 1 2 3 4 5 6 7 8\npartition 1 y 1 2 3 4 5 6 7 8\n", 5,
	  "id is that of another" },
	{ HEADER "object 1 2 4096 vram -\n", 4, "partition is not there" },
	{ HEADER "object 1 g 4096 vram -\n", 4, "object's id is not a hexadecimal number" },
	{ HEADER "object 1 2 4096 moon -\n", 4, "place is none of" },
	{ HEADER "object 1 2 4096\n", 4, "place is missing" },
	{ HEADER "object 1 2 4096 vram\n", 4, "flags are missing" },
	{ HEADER "extent 2 0 4096\n", 4, "does not follow its object" },
	{ "gpup-memory 1\nextent 2 0 4096\n", 2, "before the vram" },
	{ HEADER "object 1 2 4096 vram -\nextent 3 0 4096\n", 5, "does not follow its object" },
	{ HEADER "object 1 2 4096 swap -\nextent 2 0 4096\n", 5, "not in VRAM" },
	{ HEADER "object 1 2 4096 vram -\nextent 2 0 0\n", 5, "empty or reaches beyond" },
	{ HEADER "object 1 2 4096 vram -\nextent 2 1048576 1\n", 5, "empty or reaches beyond" },
	{ HEADER "object 1 2 4096 vram -\nextent 2 4096 18446744073709551615\n", 5,
	  "empty or reaches beyond" },
	{ HEADER "partition 1 x 1 2 3 4 5 6 7 8", 4, "cut off" },
};

static void test_malformed(void)
{
	struct mem_error error;
	struct mem_map map;
	size_t i;
	int ret;

	for (i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
		ret = parse(malformed[i].text, &map, &error);
		if (!tap_ok(ret == -EINVAL && error.line == malformed[i].line &&
			    strstr(error.message, malformed[i].message),
			    "malformed: %s", malformed[i].message))
			printf("# %d, line %zu: %s\n", ret, error.line, error.message);
		mem_free(&map);
	}
	ret = mem_parse("gpup-memory 1\nx\0y\n", 18, &map, &error);
	tap_ok(ret == -EINVAL && error.line == 2, "malformed: a zero byte");
}

/* Each beginning of a text is refused or taken, and none of it is read beyond its end. */
static void test_truncated(void)
{
	static const char text[] = HEADER "partition 1 x 1 2 3 4 5 6 7 8\n"
		"object 1 2 4096 vram -\nextent 2 0 4096\n";
	size_t length, whole = 0, taken = 0;
	struct mem_error error;
	struct mem_map map;
	char *copy;

	for (length = 0; length < sizeof(text); length++) {
		copy = malloc(length + !length);
		memcpy(copy, text, length);
		/* The header, a partition, an object and an extent are whole, then. */
		whole += length >= strlen(HEADER) && text[length - 1] == '\n';
		taken += !mem_parse(copy, length, &map, &error);
		mem_free(&map);
		free(copy);
	}
	tap_ok(taken == 4 && whole == 4, "a text that ends early is taken only at a line's end");
}

/* ---- The picture ---- */

/* Width of the rects of partitions on the map, in cells; and all rects. */
struct picture {
	double cells[32];
	double free;
	size_t rects;
	double right;			/* end of the last bar, in pixels */
	double overlap;			/* pixels by which a rect begins before the last ends */
};

static double attribute(const char *rect, const char *name)
{
	const char *end = strchr(rect, '>'), *at = strstr(rect, name);

	return at && at < end ? strtod(at + strlen(name), NULL) : NAN;
}

static void look(const char *svg, struct picture *picture)
{
	const char *at, *map = strstr(svg, "<g id=\"map\">");
	const char *end = strstr(map, "</g>"), *background = strstr(svg, "<g class=\"free\">");
	double x, y, width, last_end = 0, last_y = -1;
	int slot;

	memset(picture, 0, sizeof(*picture));
	for (at = strstr(svg, "<rect"); at; at = strstr(at + 1, "<rect")) {
		picture->rects++;
		x = attribute(at, " x=\"");
		y = attribute(at, " y=\"");
		width = attribute(at, " width=\"");
		if (at > background && at < map && at < strstr(background, "</g>"))
			picture->free += width / 6;
		if (at > end && x + width > picture->right)
			picture->right = x + width;
		if (at < map || at > end)
			continue;
		slot = atoi(strstr(at, "class=\"p") + strlen("class=\"p"));
		picture->cells[slot] += width / 6;
		if (y == last_y && last_end - x > picture->overlap)
			picture->overlap = last_end - x;
		last_y = y;
		last_end = x + width;
	}
}

static char *draw(const struct mem_map *map, struct picture *picture)
{
	size_t size;
	char *svg = mem_svg(map, &size);

	look(svg, picture);
	return svg;
}

static void test_empty(void)
{
	struct picture picture;
	struct mem_error error;
	struct mem_map map;
	char *svg;

	tap_ok(!parse(HEADER, &map, &error) && !map.partition_count, "no partitions");
	svg = draw(&map, &picture);
	/* 1 MiB in pages are 256 cells: two rows. */
	tap_ok(fabs(picture.free - 256) < 0.01 && strstr(svg, "</svg>"), "an empty map");
	free(svg);
	mem_free(&map);
}

/* 1 GiB, so that a cell is 256 KiB. */
static void test_areas(void)
{
	struct picture picture;
	struct mem_map map;
	struct text text;
	char *svg;

	text_begin(&text);
	fputs("gpup-memory 1\nadapter gpup0 x\nvram 1073741824 4096 0 0 0\n"
	      "partition 0 host 0 0 0 0 0 0 0 0\npartition 1 one 0 0 0 0 0 0 0 0\n"
	      "object 0 1 134217728 vram -\nextent 1 0 134217728\n"
	      "object 1 2 268435456 vram -\nextent 2 268435456 268435456\n"
	      "object 1 3 4096 vram -\nextent 3 1073737728 4096\n", text.file);
	tap_ok(!text_end(&text, &map), "three objects");
	svg = draw(&map, &picture);
	tap_ok(fabs(picture.cells[0] - 512) < 0.01 && fabs(picture.cells[1] - 1024) < 0.01,
	       "contiguous memory is as large as it is");
	tap_ok(fabs(picture.free - 4096) < 0.01, "so is the VRAM");
	tap_ok(picture.rects < 100, "contiguous memory makes few rects");
	tap_ok(strstr(svg, "host: 32 MiB of 0x0 to 0x1ffffff, of object 1<"),
	       "what one sees has a title");
	free(svg);
	mem_free(&map);
}

/*
 * 100,000 extents of one to three pages in random order, of 1000 partitions of which some are
 * large, in a VRAM that is no multiple of anything.
 */
static void test_scattered(void)
{
	const uint64_t pages = 333333, size = pages * 4096, cell = 131072 * 4;
	const size_t partitions = 1000, extents = 100000;
	uint64_t *owned = calloc(partitions, sizeof(*owned)), all = 0, page = 0;
	uint32_t *order = calloc(extents, sizeof(*order));
	uint32_t *offset = calloc(extents, sizeof(*offset));
	uint8_t *length = calloc(extents, sizeof(*length));
	struct picture picture;
	double listed = 0, error, worst = 0, others;
	struct mem_map map;
	struct text text;
	size_t i, j, p;
	char *svg;

	srandom(1);
	for (i = 0; i < extents; i++) {
		order[i] = (uint32_t)i;
		page += (uint64_t)random() % 2;
		offset[i] = (uint32_t)page;
		length[i] = (uint8_t)(1 + random() % 3);
		page += length[i];
	}
	for (i = extents - 1; i; i--) {
		uint32_t swap = order[i];

		j = (size_t)random() % (i + 1);
		order[i] = order[j];
		order[j] = swap;
	}
	/* The first ten have half of it. */
	for (i = 0; i < extents; i++) {
		p = order[i] % 2 ? order[i] / 2 % 10 : order[i] / 2 % partitions;
		owned[p] += length[order[i]] * UINT64_C(4096);
		all += length[order[i]] * UINT64_C(4096);
	}

	text_begin(&text);
	fprintf(text.file, "gpup-memory 1\nadapter gpup0 x\nvram %llu 4096 0 0 0\n",
		(unsigned long long)size);
	for (p = 0; p < partitions; p++)
		fprintf(text.file, "partition %zu p%zu 0 4096 %llu %llu 0 0 0 0\n", p, p,
			(unsigned long long)owned[p], (unsigned long long)owned[p]);
	for (i = 0; i < extents; i++) {
		p = order[i] % 2 ? order[i] / 2 % 10 : order[i] / 2 % partitions;
		fprintf(text.file, "object %zu %zx %u vram -\nextent %zx %llu %u\n", p, i,
			length[order[i]] * 4096u, i, (unsigned long long)offset[order[i]] * 4096,
			length[order[i]] * 4096u);
	}
	tap_ok(page <= pages && !text_end(&text, &map) && map.extent_count == extents,
	       "a hundred thousand extents");
	svg = draw(&map, &picture);

	for (i = 0; i < 18; i++) {
		/* The largest 18 include the first ten, with the colours 0 to 9. */
		error = i < 10 ? fabs(picture.cells[i] - (double)owned[i] / (double)cell) : 0;
		worst = error > worst ? error : worst;
		listed += picture.cells[i];
	}
	others = picture.cells[18];
	tap_ok(picture.rects <= MEM_SVG_MAX_RECTS, "no more than %d rects", MEM_SVG_MAX_RECTS);
	tap_ok(strlen(svg) < 1u << 20, "no more than 1 MiB");
	if (!tap_ok(worst < 8, "each area is that of its partition, to some cells"))
		printf("# worst %g cells\n", worst);
	if (!tap_ok(fabs(listed + others - (double)all / (double)cell) < 8,
		    "the areas add up to what is used"))
		printf("# %g and %g, not %g\n", listed, others, (double)all / (double)cell);
	tap_ok(picture.overlap < 0.01, "no rect lies on another");
	tap_ok(fabs(picture.free - (double)size / (double)cell) < 0.01, "the VRAM's own area");
	tap_ok(strstr(svg, ">982 other partitions<"), "partitions without a colour are counted");
	tap_ok(picture.right > 1000 && picture.right < attribute(strstr(svg, "<svg"), " width=\""),
	       "all bars are within the picture");
	free(svg);
	mem_free(&map);
	free(owned);
	free(order);
	free(offset);
	free(length);
}

/* Every second page, so that no cell has one owner only, of two that alternate: the worst case. */
static void test_dense(void)
{
	struct picture picture;
	struct mem_map map;
	struct text text;
	char *svg;
	int i;

	text_begin(&text);
	fputs("gpup-memory 1\nadapter gpup0 x\nvram 67108864 4096 0 0 0\n", text.file);
	for (i = 0; i < 18; i++)
		fprintf(text.file, "partition %d p%d 0 0 1 1 0 0 0 0\n", i, i);
	for (i = 0; i < 16384; i++)
		fprintf(text.file, "object %d %x 4096 vram -\nextent %x %d 4096\n", i % 18, i, i,
			i * 4096);
	tap_ok(!text_end(&text, &map), "eighteen that take turns");
	svg = draw(&map, &picture);
	tap_ok(picture.rects > 4000 && picture.rects <= MEM_SVG_MAX_RECTS,
	       "the worst case is within the bound");
	for (i = 0; i < 18 && fabs(picture.cells[i] - 4096. / 18) < 2; i++)
		;
	tap_ok(i == 18, "all have the same area");
	free(svg);
	mem_free(&map);
}

static void test_hostile(void)
{
	static const char text[] =
		"gpup-memory 1\nadapter <g>& \"'\033[2J\xff\xc3\xa4]]>\n"
		"vram 1152921504606846975 18446744073709551615 18446744073709551615 0 0\n"
		"partition 18446744073709551615 </text><script>&'\"\x01\x7f 18446744073709551615 "
		"18446744073709551615 18446744073709551615 9223372036854775808 1 1 1 1\n"
		"object 18446744073709551615 ffffffffffffffff 18446744073709551615 vram -\n"
		"extent FFFFFFFFFFFFFFFF 1 1152921504606846974\n"
		"extent ffffffffffffffff 1 1152921504606846974\n"
		"extent ffffffffffffffff 0 1152921504606846975\n";
	struct picture picture;
	struct mem_error error;
	struct mem_map map;
	const char *at;
	char *svg;

	tap_ok(!parse(text, &map, &error), "large numbers and hostile names");
	tap_ok(!strcmp(map.adapter, "<g>&") && !strcmp(map.name, "\"'?[2J???]]>") &&
	       !strcmp(map.partitions[0].name, "</text><script>&'\"??"),
	       "names are printable");
	svg = draw(&map, &picture);
	tap_ok(!strstr(svg, "<script") && strstr(svg, "&lt;script&gt;&amp;&#39;&quot;?") &&
	       strstr(svg, "&lt;g&gt;&amp;: &quot;&#39;?"), "names are escaped");
	for (at = svg; (unsigned char)*at < 0x7f && (*at >= ' ' || *at == '\n') && *at; at++)
		;
	tap_ok(!*at, "all of it is ASCII");
	tap_ok(picture.cells[0] > 4095.9 && picture.cells[0] < 4096.1 && picture.overlap < 0.01,
	       "extents that overlap are not drawn twice");
	tap_ok(!strstr(svg, "nan") && !strstr(svg, "inf"), "all numbers are finite");
	free(svg);
	mem_free(&map);
}

static void test_long(void)
{
	struct mem_map map;
	struct text text;

	text_begin(&text);
	fprintf(text.file, HEADER "partition 1 %01000000d 1 2 3 4 5 6 7 8\n", 0);
	tap_ok(!text_end(&text, &map) && strlen(map.partitions[0].name) == 63 &&
	       map.partitions[0].bytes_moved == 8, "a long name is cut");
	mem_free(&map);
}

/* ---- Files ---- */

__attribute__((format(printf, 2, 3)))
static void make_file(const char *path, const char *format, ...)
{
	char whole[256], *slash;
	va_list args;
	FILE *file;

	snprintf(whole, sizeof(whole), "%s/%s", root, path);
	for (slash = strchr(whole + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(whole, 0700);
		*slash = '/';
	}
	file = fopen(whole, "w");
	va_start(args, format);
	vfprintf(file, format, args);
	va_end(args);
	fclose(file);
}

/* Whether mem_find() says @path, or if that is NULL, @error. */
static bool finds(const char *adapter, const char *name, const char *path, int error)
{
	char dri[64], *found;
	bool good;
	int got = 0;

	snprintf(dri, sizeof(dri), "%s/dri", root);
	found = mem_find(dri, adapter, name, &got);
	good = path ? found && strstr(found, path) : !found && got == error;
	free(found);
	return good;
}

static void test_find(void)
{
	char path[64], other[64], *adapter;

	tap_ok(finds("gpup0", "x", NULL, -ENOENT), "no debugfs");
	make_file("dri/0/name", "vkms dev=vkms\n");
	tap_ok(finds("gpup0", "x", NULL, -ENODEV), "a GPU of somebody else");
	make_file("dri/1/gpup_memory", "gpup-memory 1\nadapter gpup1 Some_GPU more\nvram 1\n");
	make_file("dri/2/gpup_memory", "gpup-memory 1\nadapter gpup10 Some_GPU\n");
	make_file("dri/3/gpup_memory", "gpup-memory 1\nadapter gpup2 Other\n");
	snprintf(path, sizeof(path), "%s/dri/3", root);
	snprintf(other, sizeof(other), "%s/dri/130", root);
	tap_ok(!symlink(path, other), "a node's second directory");
	tap_ok(finds("gpup1", "Wrong", "/1/gpup_memory", 0), "by number");
	tap_ok(finds("gpup10", "Wrong", "/2/gpup_memory", 0), "by number, to its end");
	tap_ok(finds("gpup3", "Some GPU", NULL, -ENODEV), "no such number");
	tap_ok(finds(NULL, "Other", "/gpup_memory", 0), "by name, once in two directories");
	tap_ok(finds(NULL, "Some GPU", NULL, -ENOTUNIQ), "by name, when there are two");
	tap_ok(finds(NULL, "Some", NULL, -ENODEV), "by part of a name");

	make_file("char/226:129/device/gpup/gpup4/name", "x");
	make_file("char/226:130/device/gpup/gpup5/name", "x");
	make_file("char/226:130/device/gpup/gpup6/name", "x");
	snprintf(path, sizeof(path), "%s/char", root);
	adapter = mem_adapter_of(path, 226, 129);
	tap_ok(adapter && !strcmp(adapter, "gpup4"), "a node's adapter");
	free(adapter);
	tap_ok(!mem_adapter_of(path, 226, 130) && !mem_adapter_of(path, 226, 131),
	       "a node's adapter that is not known");
}

static bool holds(const char *path, const char *text)
{
	char got[64] = "";
	FILE *file = fopen(path, "r");

	if (!file)
		return false;
	if (!fgets(got, sizeof(got), file))
		got[0] = '\0';
	fclose(file);
	return !strcmp(got, text);
}

static void test_write(void)
{
	char file[64], link_path[64], directory[64], command[160];
	struct rlimit limit, small;
	struct stat status;
	int ret;

	snprintf(directory, sizeof(directory), "%s/write", root);
	snprintf(file, sizeof(file), "%s/write/map.svg", root);
	snprintf(link_path, sizeof(link_path), "%s/write/link.svg", root);
	tap_ok(!mkdir(directory, 0700) && !mem_write(file, "one", 3) && holds(file, "one"),
	       "a new file");
	umask(022);
	tap_ok(!chmod(file, 0640) && !symlink("map.svg", link_path) &&
	       !mem_write(link_path, "two", 3) && holds(file, "two") &&
	       !lstat(link_path, &status) && S_ISLNK(status.st_mode), "through a link");
	tap_ok(!stat(file, &status) && (status.st_mode & 0777) == 0640, "its mode stays");
	tap_ok(mem_write(directory, "x", 1) == -EISDIR, "onto a directory");
	tap_ok(!mem_write("/dev/null", "x", 1) && !stat("/dev/null", &status) &&
	       S_ISCHR(status.st_mode), "what is no file stays what it is");
	tap_ok(mem_write("/dev/full", "x", 1) == -ENOSPC, "no room");
	snprintf(link_path, sizeof(link_path), "%s/none/map.svg", root);
	tap_ok(mem_write(link_path, "x", 1) == -ENOENT, "no such directory");

	getrlimit(RLIMIT_FSIZE, &limit);
	small = limit;
	small.rlim_cur = 8;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	ret = mem_write(file, "longer than that", 16);
	/* Standard output may be a file, too. */
	setrlimit(RLIMIT_FSIZE, &limit);
	tap_ok(ret == -EFBIG && holds(file, "two"),
	       "what can be written only in part is not written");
	snprintf(command, sizeof(command), "test \"$(ls %s | wc -l)\" = 2", directory);
	tap_ok(!system(command), "nothing is left over");
}

int main(void)
{
	char command[64];
	int status;

	if (!mkdtemp(root)) {
		perror(root);
		return 1;
	}
	test_normal();
	test_malformed();
	test_truncated();
	test_empty();
	test_areas();
	test_scattered();
	test_dense();
	test_hostile();
	test_long();
	test_find();
	test_write();
	status = tap_end();
	snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command) ? 1 : status;
}
