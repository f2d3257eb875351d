// SPDX-License-Identifier: MIT
/*
 * gpup: the kernel's account of the VRAM, as text. One record a line, fields separated by blanks:
 *
 *	gpup-memory 1
 *	adapter GPUP NAME
 *	vram SIZE PAGE_SIZE RETIRED FREE CLEAR
 *	partition ID NAME MIN MAX USED RESIDENT BUDGET SYSTEM_USED EVICTIONS BYTES_MOVED
 *	object PARTITION OBJECT SIZE PLACE FLAGS
 *	extent OBJECT OFFSET SIZE
 *
 * A kernel may know more than this: records of other kinds and fields at a line's end are skipped.
 * What is known must be right, or nothing is shown: half a map would be taken for a whole one.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

struct parser {
	const char *at, *end;		/* the rest of the line */
	size_t line;
	struct mem_map *map;
	size_t partition_room, object_room, extent_room;
	bool has_adapter, has_vram;
	struct mem_error *error;
};

__attribute__((format(printf, 2, 3)))
static int fail(struct parser *parser, const char *format, ...)
{
	va_list args;

	parser->error->line = parser->line;
	va_start(args, format);
	vsnprintf(parser->error->message, sizeof(parser->error->message), format, args);
	va_end(args);
	return -EINVAL;
}

/* The next field of the line, of @length bytes, NULL at the end. */
static const char *next_field(struct parser *parser, size_t *length)
{
	const char *start;

	while (parser->at < parser->end && (*parser->at == ' ' || *parser->at == '\t'))
		parser->at++;
	start = parser->at;
	while (parser->at < parser->end && *parser->at != ' ' && *parser->at != '\t')
		parser->at++;
	*length = (size_t)(parser->at - start);
	return *length ? start : NULL;
}

static int get_number(struct parser *parser, const char *what, int base, uint64_t *value)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	char copy[32], *end;
	const char *field;
	size_t length;

	field = next_field(parser, &length);
	if (!field)
		return fail(parser, "the %s is missing", what);
	/* strtoull() would take a sign. */
	if (length >= sizeof(copy) || !memchr(digits, *field, base == 16 ? 22 : 10))
		goto wrong;
	memcpy(copy, field, length);
	copy[length] = '\0';
	errno = 0;
	*value = strtoull(copy, &end, base);
	if (!errno && end == copy + length)
		return 0;
wrong:
	return fail(parser, "the %s is not a %snumber of 64 bits", what,
		    base == 16 ? "hexadecimal " : "");
}

/* Numbers that follow each other. */
struct number {
	const char *what;
	int base;
	uint64_t *value;
};

static int get_numbers(struct parser *parser, const struct number *numbers, size_t count)
{
	int ret = 0;
	size_t i;

	for (i = 0; i < count && !ret; i++)
		ret = get_number(parser, numbers[i].what, numbers[i].base, numbers[i].value);
	return ret;
}

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

/* Longer than any that a kernel has; in a picture, a name may be repeated for each cell. */
#define MAX_NAME	63

/*
 * Names are printed to terminals and into XML: nothing but printable ASCII gets through, and
 * not too much of it.
 */
static int get_name(struct parser *parser, const char *what, char **name)
{
	const char *field;
	size_t length, i;

	field = next_field(parser, &length);
	if (!field)
		return fail(parser, "the %s is missing", what);
	if (length > MAX_NAME)
		length = MAX_NAME;
	*name = malloc(length + 1);
	if (!*name)
		return -ENOMEM;
	for (i = 0; i < length; i++)
		(*name)[i] = field[i] > ' ' && field[i] < 0x7f ? field[i] : '?';
	(*name)[length] = '\0';
	return 0;
}

/* Room for one more element of @size bytes, cleared. NULL: no memory. */
static void *append(void *array_pointer, size_t *count, size_t *room, size_t size)
{
	void **array = array_pointer;
	size_t more = *room ? *room * 2 : 64;
	char *grown;

	if (*count == *room) {
		grown = reallocarray(*array, more, size);
		if (!grown)
			return NULL;
		*array = grown;
		*room = more;
	}
	return memset((char *)*array + (*count)++ * size, 0, size);
}

static int parse_adapter(struct parser *parser)
{
	int ret;

	if (parser->has_adapter)
		return fail(parser, "there is a second adapter");
	parser->has_adapter = true;
	ret = get_name(parser, "adapter", &parser->map->adapter);
	return ret ? ret : get_name(parser, "adapter's name", &parser->map->name);
}

static int parse_vram(struct parser *parser)
{
	struct mem_map *map = parser->map;
	const struct number numbers[] = {
		{ "size", 10, &map->size },
		{ "page size", 10, &map->page_size },
		{ "retired memory", 10, &map->retired },
		{ "free memory", 10, &map->free },
		{ "clear memory", 10, &map->clear },
	};
	int ret;

	if (parser->has_vram)
		return fail(parser, "there is a second vram");
	parser->has_vram = true;
	ret = get_numbers(parser, numbers, COUNT(numbers));
	if (ret)
		return ret;
	/* Of no GPU; and sums stay in 64 bits. */
	if (!map->size || map->size >> 60)
		return fail(parser, "the size makes no sense");
	return 0;
}

static int parse_partition(struct parser *parser)
{
	struct mem_map *map = parser->map;
	struct mem_partition *p;
	int ret;

	p = append(&map->partitions, &map->partition_count, &parser->partition_room, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->line = parser->line;
	ret = get_number(parser, "partition's id", 10, &p->id);
	if (!ret)
		ret = get_name(parser, "partition's name", &p->name);
	return ret ? ret : get_numbers(parser, (const struct number[]) {
		{ "minimum", 10, &p->min },
		{ "maximum", 10, &p->max },
		{ "used memory", 10, &p->used },
		{ "resident memory", 10, &p->resident },
		{ "budget", 10, &p->budget },
		{ "used system memory", 10, &p->system_used },
		{ "number of evictions", 10, &p->evictions },
		{ "number of bytes moved", 10, &p->bytes_moved },
	}, 8);
}

const char *const mem_places[] = {
	[MEM_VRAM] = "vram", [MEM_SYSTEM] = "system", [MEM_SWAP] = "swap", [MEM_PAGES] = "pages",
};

const char *const mem_flags[MEM_FLAGS] = { "don't-need", "purged", "no-mmap", "pinned" };

static int get_place(struct parser *parser, enum mem_place *place)
{
	const char *field;
	size_t length, i;

	field = next_field(parser, &length);
	if (!field)
		return fail(parser, "the object's place is missing");
	for (i = 0; i < COUNT(mem_places); i++) {
		if (length == strlen(mem_places[i]) && !memcmp(field, mem_places[i], length)) {
			*place = (enum mem_place)i;
			return 0;
		}
	}
	return fail(parser, "the object's place is none of vram, system, swap, pages");
}

static int get_flags(struct parser *parser, unsigned int *flags)
{
	static const char letters[] = "dpmP";
	const char *field, *letter;
	size_t length, i;

	field = next_field(parser, &length);
	if (!field)
		return fail(parser, "the object's flags are missing");
	for (i = 0; i < length; i++) {
		/* Letters of later kernels say nothing to us. */
		letter = memchr(letters, field[i], sizeof(letters) - 1);
		if (letter)
			*flags |= 1u << (letter - letters);
	}
	return 0;
}

static int parse_object(struct parser *parser)
{
	struct mem_map *map = parser->map;
	struct mem_object *object;
	int ret;

	object = append(&map->objects, &map->object_count, &parser->object_room, sizeof(*object));
	if (!object)
		return -ENOMEM;
	object->line = parser->line;
	object->first_extent = map->extent_count;
	ret = get_numbers(parser, (const struct number[]) {
		{ "partition's id", 10, &object->partition_id },
		{ "object's id", 16, &object->id },
		{ "object's size", 10, &object->size },
	}, 3);
	if (!ret)
		ret = get_place(parser, &object->place);
	return ret ? ret : get_flags(parser, &object->flags);
}

static int parse_extent(struct parser *parser)
{
	struct mem_map *map = parser->map;
	struct mem_extent *extent;
	struct mem_object *object;
	uint64_t id;
	int ret;

	if (!parser->has_vram)
		return fail(parser, "there is an extent before the vram");
	extent = append(&map->extents, &map->extent_count, &parser->extent_room, sizeof(*extent));
	if (!extent)
		return -ENOMEM;
	ret = get_numbers(parser, (const struct number[]) {
		{ "object's id", 16, &id },
		{ "offset", 10, &extent->offset },
		{ "extent's size", 10, &extent->size },
	}, 3);
	if (ret)
		return ret;

	object = map->object_count ? &map->objects[map->object_count - 1] : NULL;
	if (!object || object->id != id)
		return fail(parser, "the extent does not follow its object");
	if (object->place != MEM_VRAM)
		return fail(parser, "the extent's object is not in VRAM");
	if (!extent->size || extent->offset >= map->size ||
	    extent->size > map->size - extent->offset)
		return fail(parser, "the extent is empty or reaches beyond the VRAM");
	extent->object = map->object_count - 1;
	object->extents++;
	return 0;
}

static int parse_header(struct parser *parser)
{
	const char *field;
	uint64_t version;
	size_t length;
	int ret;

	field = next_field(parser, &length);
	if (!field || length != strlen("gpup-memory") || memcmp(field, "gpup-memory", length))
		return fail(parser, "it does not begin with gpup-memory");
	ret = get_number(parser, "version", 10, &version);
	if (!ret && version != 1)
		ret = fail(parser, "it is of version %llu, and this program knows 1",
			   (unsigned long long)version);
	return ret;
}

static int parse_line(struct parser *parser)
{
	static const struct {
		const char *name;
		int (*parse)(struct parser *parser);
	} records[] = {
		{ "extent", parse_extent }, { "object", parse_object },
		{ "partition", parse_partition }, { "vram", parse_vram },
		{ "adapter", parse_adapter },
	};
	const char *field;
	size_t length, i;

	if (memchr(parser->at, '\0', (size_t)(parser->end - parser->at)))
		return fail(parser, "there is a zero byte");
	if (parser->line == 1)
		return parse_header(parser);
	field = next_field(parser, &length);
	for (i = 0; field && i < COUNT(records); i++)
		if (length == strlen(records[i].name) && !memcmp(field, records[i].name, length))
			return records[i].parse(parser);
	return 0;
}

static int compare_partitions(const void *left, const void *right)
{
	const struct mem_partition *a = left, *b = right;

	if (a->id != b->id)
		return a->id < b->id ? -1 : 1;
	return a->line < b->line ? -1 : a->line > b->line;
}

static int compare_objects(const void *left, const void *right)
{
	const struct mem_object *a = left, *b = right;

	if (a->partition != b->partition)
		return a->partition < b->partition ? -1 : 1;
	return a->line < b->line ? -1 : a->line > b->line;
}

static int compare_partition_to_id(const void *id, const void *partition)
{
	uint64_t a = *(const uint64_t *)id, b = ((const struct mem_partition *)partition)->id;

	return a < b ? -1 : a > b;
}

/* Bring partitions, and objects of theirs, together. */
static int link_up(struct parser *parser)
{
	struct mem_map *map = parser->map;
	struct mem_partition *partition;
	size_t i, j;

	if (map->partition_count)
		qsort(map->partitions, map->partition_count, sizeof(*map->partitions),
		      compare_partitions);
	for (i = 1; i < map->partition_count; i++) {
		parser->line = map->partitions[i].line;
		if (map->partitions[i].id == map->partitions[i - 1].id)
			return fail(parser, "the partition's id is that of another");
	}

	for (i = 0; i < map->object_count; i++) {
		parser->line = map->objects[i].line;
		partition = map->partition_count ?
			bsearch(&map->objects[i].partition_id, map->partitions,
				map->partition_count, sizeof(*partition),
				compare_partition_to_id) : NULL;
		if (!partition)
			return fail(parser, "the object's partition is not there");
		map->objects[i].partition = (size_t)(partition - map->partitions);
		partition->objects++;
		if (map->objects[i].place == MEM_SWAP)
			partition->swapped += map->objects[i].size;
	}
	if (map->object_count)
		qsort(map->objects, map->object_count, sizeof(*map->objects), compare_objects);
	for (i = 0; i < map->object_count; i++)
		for (j = 0; j < map->objects[i].extents; j++)
			map->extents[map->objects[i].first_extent + j].object = i;
	return 0;
}

static int parse_all(struct parser *parser, const char *text, size_t size)
{
	const char *end = text + size;
	int ret;

	while (text < end) {
		parser->line++;
		parser->at = text;
		parser->end = memchr(text, '\n', (size_t)(end - text));
		/* A number may have lost its end. */
		if (!parser->end)
			return fail(parser, "the line is cut off");
		text = parser->end + 1;
		ret = parse_line(parser);
		if (ret)
			return ret;
	}
	if (!parser->line)
		return fail(parser, "it is empty");
	if (!parser->has_adapter || !parser->has_vram) {
		parser->line = 0;
		return fail(parser, "there is no line with the %s",
			    parser->has_adapter ? "vram" : "adapter");
	}
	return link_up(parser);
}

int mem_parse(const char *text, size_t size, struct mem_map *map, struct mem_error *error)
{
	struct parser parser = { .map = map, .error = error };
	int ret;

	memset(map, 0, sizeof(*map));
	memset(error, 0, sizeof(*error));
	ret = parse_all(&parser, text, size);
	if (ret)
		mem_free(map);
	return ret;
}

static int compare_extents(const void *left, const void *right)
{
	const struct mem_extent *a = left, *b = right;

	if (a->offset != b->offset)
		return a->offset < b->offset ? -1 : 1;
	return a->object < b->object ? -1 : a->object > b->object;
}

struct mem_extent *mem_sorted_extents(const struct mem_map *map)
{
	size_t size = map->extent_count * sizeof(*map->extents);
	struct mem_extent *sorted = malloc(size ? size : 1);

	if (sorted && size) {
		memcpy(sorted, map->extents, size);
		qsort(sorted, map->extent_count, sizeof(*sorted), compare_extents);
	}
	return sorted;
}

bool mem_measure(const struct mem_map *map, struct mem_layout *layout)
{
	struct mem_extent *extents = mem_sorted_extents(map);
	uint64_t end = 0, begin, gap;
	size_t i;

	if (!extents)
		return false;
	memset(layout, 0, sizeof(*layout));
	for (i = 0; i <= map->extent_count; i++) {
		/* Behind the last is the end of the VRAM. */
		begin = i < map->extent_count ? extents[i].offset : map->size;
		gap = begin > end ? begin - end : 0;
		if (gap > layout->largest_gap)
			layout->largest_gap = gap;
		if (i == map->extent_count || extents[i].offset + extents[i].size <= end)
			continue;
		layout->mapped += extents[i].offset + extents[i].size - (end + gap);
		end = extents[i].offset + extents[i].size;
	}
	free(extents);
	return true;
}

void mem_free(struct mem_map *map)
{
	size_t i;

	for (i = 0; i < map->partition_count; i++)
		free(map->partitions[i].name);
	free(map->partitions);
	free(map->objects);
	free(map->extents);
	free(map->adapter);
	free(map->name);
	memset(map, 0, sizeof(*map));
}
