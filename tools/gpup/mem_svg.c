// SPDX-License-Identifier: MIT
/*
 * gpup: a picture of the VRAM. To the left the VRAM itself, row by row, in cells of equal size; to
 * the right a bar for each partition, with what it has in VRAM and what was evicted.
 *
 * Memory may be scattered much finer than a picture can show. So the number of cells is fixed, and
 * each takes the colour of one of those that have memory in it: of the one that is owed most. What
 * is owed is carried from cell to cell, as in dithering, so that the coloured areas add up to
 * what the partitions have: one with a tenth of every cell gets every tenth cell.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "mem.h"

/* Cells of the map. */
#define COLUMNS		128
#define ROWS		32
#define CELL_WIDTH	6
#define ROW_HEIGHT	14
#define ROW_STEP	16

#define MAP_X		92
#define MAP_Y		84
#define PANEL_X		(MAP_X + COLUMNS * CELL_WIDTH + 36)
#define BAR_WIDTH	480
#define BAR_STEP	64
#define WIDTH		(PANEL_X + BAR_WIDTH + 30)

/*
 * P. Tol's "bright" colours, which the colour-blind can tell apart, and which are seen on white
 * and on black; then the same hatched, then dotted. The other partitions share one.
 */
static const char *const colours[] = {
	"#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377",
};

#define COLOURS		((int)(sizeof(colours) / sizeof(colours[0])))
#define LISTED		(3 * COLOURS)
#define OTHERS		LISTED
#define FREE		(LISTED + 1)
#define SLOTS		(LISTED + 2)

struct drawing {
	FILE *file;
	const struct mem_map *map;
	const struct mem_extent *extents;	/* sorted */
	int *slot_of;				/* for each partition */
	size_t *listed;				/* partitions, the largest first */
	size_t listed_count, others;
	uint64_t cell;				/* bytes of one */
};

/* What a slot has in a cell, or in some cells of a row. */
struct share {
	uint64_t bytes;
	size_t extents;
	size_t first, last;			/* of the extents */
	size_t object;
	bool many_objects;
};

static void print_escaped(FILE *file, const char *text, bool underscores)
{
	for (; *text; text++) {
		switch (*text) {
		case '&':
			fputs("&amp;", file);
			break;
		case '<':
			fputs("&lt;", file);
			break;
		case '>':
			fputs("&gt;", file);
			break;
		case '"':
			fputs("&quot;", file);
			break;
		case '\'':
			fputs("&#39;", file);
			break;
		case '_':
			/* A name's blanks, see the format. */
			fputc(underscores ? '_' : ' ', file);
			break;
		default:
			fputc(*text, file);
			break;
		}
	}
}

static void print_slot_name(const struct drawing *drawing, int slot, const char *name)
{
	if (slot == OTHERS)
		fprintf(drawing->file, "%zu other partitions", drawing->others);
	else
		print_escaped(drawing->file, name, true);
}

/* ---- Who gets which colour ---- */

static int compare_use(const void *left, const void *right, void *argument)
{
	size_t a = *(const size_t *)left, b = *(const size_t *)right;
	const struct mem_partition *partitions = argument;

	if (partitions[a].used != partitions[b].used)
		return partitions[a].used > partitions[b].used ? -1 : 1;
	return a < b ? -1 : a > b;
}

/*
 * The largest partitions are shown by themselves. Their colours go by their ids, so that they are
 * the same in the next picture, when others may be the largest among them.
 */
static bool assign_slots(struct drawing *drawing)
{
	const struct mem_map *map = drawing->map;
	size_t i;
	int slot = 0;

	drawing->slot_of = calloc(map->partition_count + 1, sizeof(*drawing->slot_of));
	drawing->listed = calloc(map->partition_count + 1, sizeof(*drawing->listed));
	if (!drawing->slot_of || !drawing->listed)
		return false;
	for (i = 0; i < map->partition_count; i++) {
		drawing->listed[i] = i;
		drawing->slot_of[i] = OTHERS;
	}
	if (map->partition_count)
		qsort_r(drawing->listed, map->partition_count, sizeof(*drawing->listed),
			compare_use, map->partitions);
	drawing->listed_count = map->partition_count < LISTED ? map->partition_count : LISTED;
	drawing->others = map->partition_count - drawing->listed_count;
	for (i = 0; i < drawing->listed_count; i++)
		drawing->slot_of[drawing->listed[i]] = FREE;
	for (i = 0; i < map->partition_count; i++)
		if (drawing->slot_of[i] == FREE)
			drawing->slot_of[i] = slot++;
	return true;
}

/* ---- The map ---- */

static void choose_scale(struct drawing *drawing)
{
	const struct mem_map *map = drawing->map;
	uint64_t least = (map->size - 1) / (COLUMNS * ROWS) + 1;

	drawing->cell = 1;
	if (map->page_size && map->page_size <= map->size && map->page_size < 1u << 30)
		drawing->cell = map->page_size;
	while (drawing->cell < least)
		drawing->cell *= 2;
}

/* One row's first address: in the unit of a row, so that no two are printed alike. */
static void print_row_label(const struct drawing *drawing, uint64_t row)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" };
	uint64_t bytes = drawing->cell * COLUMNS;
	int unit = 0;

	while (unit < 5 && !(bytes % 1024)) {
		bytes /= 1024;
		unit++;
	}
	fprintf(drawing->file,
		"<text class=\"r\" x=\"%d\" y=\"%" PRIu64 "\">%" PRIu64 " %s</text>\n",
		MAP_X - 8, MAP_Y + row * ROW_STEP + 11, row * bytes, units[unit]);
}

/* Width of so many bytes of a row, in pixels. */
static double width_of(const struct drawing *drawing, uint64_t bytes)
{
	return (double)bytes / (double)drawing->cell * CELL_WIDTH;
}

static void draw_background(const struct drawing *drawing)
{
	uint64_t row_size = drawing->cell * COLUMNS, size = drawing->map->size;
	uint64_t row, left;

	fputs("<g class=\"free\">\n", drawing->file);
	for (row = 0; row * row_size < size; row++) {
		left = size - row * row_size;
		fprintf(drawing->file,
			"<rect x=\"%d\" y=\"%" PRIu64 "\" width=\"%.6g\" height=\"%d\"/>\n",
			MAP_X, MAP_Y + row * ROW_STEP,
			width_of(drawing, left < row_size ? left : row_size), ROW_HEIGHT);
	}
	fputs("</g>\n", drawing->file);
	for (row = 0; row * row_size < size; row++)
		print_row_label(drawing, row);
}

static void draw_run(const struct drawing *drawing, int slot, uint64_t start, uint64_t end,
		     const struct share *share)
{
	const struct mem_map *map = drawing->map;
	uint64_t first = start / drawing->cell;
	const struct mem_object *object = &map->objects[share->object];

	fprintf(drawing->file,
		"<rect class=\"p%d\" x=\"%" PRIu64 "\" y=\"%" PRIu64 "\" width=\"%.6g\" "
		"height=\"%d\"><title>", slot, MAP_X + first % COLUMNS * CELL_WIDTH,
		MAP_Y + first / COLUMNS * ROW_STEP, width_of(drawing, end - start), ROW_HEIGHT);
	print_slot_name(drawing, slot, map->partitions[object->partition].name);
	fprintf(drawing->file, ": %s of 0x%" PRIx64 " to 0x%" PRIx64 ", ", iec(share->bytes),
		start, end - 1);
	if (share->many_objects)
		fprintf(drawing->file, "in %zu extent%s", share->extents, PLURAL(share->extents));
	else
		fprintf(drawing->file, "of object %" PRIx64, object->id);
	fputs("</title></rect>\n", drawing->file);
}

/* Add what one cell has to what the cells before it have. */
static void merge(struct share *run, const struct share *cell)
{
	run->bytes += cell->bytes;
	run->extents += cell->extents - (run->last == cell->first);
	run->last = cell->last;
	run->many_objects |= cell->many_objects || run->object != cell->object;
}

/*
 * Sum up who has what from @start to @end. *@at is the first extent that may reach into it,
 * *@covered the end of what has been counted: objects that moved while the kernel wrote may seem
 * to overlap.
 */
static void count_shares(const struct drawing *drawing, uint64_t start, uint64_t end, size_t *at,
			 uint64_t *covered, struct share shares[SLOTS])
{
	const struct mem_map *map = drawing->map;
	uint64_t from, to, used = 0;
	struct share *share;

	memset(shares, 0, SLOTS * sizeof(*shares));
	if (*covered < start)
		*covered = start;
	for (; *at < map->extent_count; ++*at) {
		const struct mem_extent *extent = &drawing->extents[*at];

		if (extent->offset >= end)
			break;
		from = extent->offset > *covered ? extent->offset : *covered;
		to = extent->offset + extent->size < end ? extent->offset + extent->size : end;
		if (from < to) {
			share = &shares[drawing->slot_of[map->objects[extent->object].partition]];
			if (!share->extents++) {
				share->first = *at;
				share->object = extent->object;
			}
			share->last = *at;
			share->many_objects |= share->object != extent->object;
			share->bytes += to - from;
			used += to - from;
			*covered = to;
		}
		/* The next cell has the rest of it. */
		if (extent->offset + extent->size > end)
			break;
	}
	shares[FREE].bytes = end - start - used;
}

static void draw_extents(const struct drawing *drawing)
{
	uint64_t size = drawing->map->size, covered = 0, start, end, run_start = 0;
	struct share shares[SLOTS], run = { 0 };
	int64_t owed[SLOTS] = { 0 };
	int slot, chosen, last = FREE;
	size_t at = 0;

	for (start = 0; start < size; start = end) {
		end = size - start < drawing->cell ? size : start + drawing->cell;
		count_shares(drawing, start, end, &at, &covered, shares);
		chosen = -1;
		for (slot = 0; slot < SLOTS; slot++) {
			owed[slot] += (int64_t)shares[slot].bytes;
			if (shares[slot].bytes && (chosen < 0 || owed[slot] > owed[chosen]))
				chosen = slot;
		}
		owed[chosen] -= (int64_t)(end - start);

		if (chosen == last && start / drawing->cell % COLUMNS) {
			if (chosen != FREE)
				merge(&run, &shares[chosen]);
			continue;
		}
		if (last != FREE)
			draw_run(drawing, last, run_start, start, &run);
		last = chosen;
		run = shares[chosen];
		run_start = start;
	}
	if (last != FREE)
		draw_run(drawing, last, run_start, size, &run);
}

/* ---- The partitions ---- */

static void draw_mark(const struct drawing *drawing, const char *class, const char *name,
		      uint64_t value, double x, int y)
{
	fprintf(drawing->file,
		"<path class=\"%s\" d=\"M%.6g %dv20\"><title>%s: %s</title></path>\n",
		class, x, y - 4, name, iec(value));
}

static void draw_bar(const struct drawing *drawing, int slot, const struct mem_partition *p,
		     double pixels, int y)
{
	uint64_t evicted = mem_evicted(p);
	double resident_width = (double)p->resident * pixels;
	FILE *file = drawing->file;

	fprintf(file, "<rect class=\"p%d\" x=\"%d\" y=\"%d\" width=\"12\" height=\"12\"/>\n"
		"<text class=\"n\" x=\"%d\" y=\"%d\">", slot, PANEL_X, y, PANEL_X + 18, y + 10);
	print_slot_name(drawing, slot, p->name);
	fprintf(file, "</text>\n"
		"<rect class=\"free\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"12\"/>\n",
		PANEL_X, y + 18, BAR_WIDTH);
	if (p->resident)
		fprintf(file, "<rect class=\"p%d\" x=\"%d\" y=\"%d\" width=\"%.6g\" height=\"12\">"
			"<title>in VRAM: %s</title></rect>\n", slot, PANEL_X, y + 18,
			resident_width, iec(p->resident));
	if (evicted)
		fprintf(file, "<rect class=\"p%d e\" x=\"%.6g\" y=\"%d\" width=\"%.6g\" "
			"height=\"12\"><title>evicted: %s</title></rect>\n", slot,
			PANEL_X + resident_width, y + 18, (double)evicted * pixels, iec(evicted));
	if (slot != OTHERS) {
		draw_mark(drawing, "min", "guaranteed", p->min,
			  PANEL_X + (double)p->min * pixels, y + 18);
		draw_mark(drawing, "budget", "budget", p->budget,
			  PANEL_X + (double)p->budget * pixels, y + 18);
		draw_mark(drawing, "max", "limit", p->max,
			  PANEL_X + (double)p->max * pixels, y + 18);
	}
	fprintf(file, "<text x=\"%d\" y=\"%d\">%s in VRAM, %s evicted", PANEL_X, y + 46,
		iec(p->resident), iec(evicted));
	if (p->swapped)
		fprintf(file, " (up to %s in swap)", iec(p->swapped));
	if (p->system_used)
		fprintf(file, ", %s pinned", iec(p->system_used));
	fputs("</text>\n", file);
}

static void draw_bars(const struct drawing *drawing)
{
	const struct mem_map *map = drawing->map;
	struct mem_partition others = { 0 };
	double largest = 1, pixels;
	int y = MAP_Y;
	size_t i;

	for (i = 0; i < map->partition_count; i++) {
		const struct mem_partition *p = &map->partitions[i];
		double all = (double)p->resident + (double)mem_evicted(p);

		if (drawing->slot_of[i] == OTHERS) {
			others.resident += p->resident;
			others.used += p->resident + mem_evicted(p);
			others.swapped += p->swapped;
			others.system_used += p->system_used;
			all = (double)others.resident + (double)mem_evicted(&others);
		}
		largest = largest > all ? largest : all;
		/* That of "others" is not drawn. */
		if (drawing->slot_of[i] == OTHERS)
			continue;
		largest = largest > (double)p->min ? largest : (double)p->min;
		largest = largest > (double)p->budget ? largest : (double)p->budget;
		largest = largest > (double)p->max ? largest : (double)p->max;
	}
	pixels = BAR_WIDTH / largest;
	for (i = 0; i < drawing->listed_count; i++, y += BAR_STEP)
		draw_bar(drawing, drawing->slot_of[drawing->listed[i]],
			 &map->partitions[drawing->listed[i]], pixels, y);
	if (drawing->others)
		draw_bar(drawing, OTHERS, &others, pixels, y);
}

/* ---- The rest ---- */

static void draw_style(FILE *file)
{
	int i;

	fputs("<style>\n"
	      "text{font:12px sans-serif;fill:#222}\n"
	      ".t{font-size:18px}.n{font-family:monospace}.r{text-anchor:end;font-size:11px}\n"
	      ".page{fill:#fff}.free{fill:#e4e7eb}\n"
	      ".e{fill-opacity:.35;stroke:#888;stroke-dasharray:3 2}\n"
	      ".min,.budget,.max{fill:none;stroke:#222;stroke-width:2}\n"
	      ".min{stroke-dasharray:2 2}.budget{stroke-dasharray:7 3}\n", file);
	for (i = 0; i < COLOURS; i++)
		fprintf(file, ".p%d{fill:%s}.p%d{fill:url(#h%d)}.p%d{fill:url(#d%d)}\n", i,
			colours[i], COLOURS + i, i, 2 * COLOURS + i, i);
	fprintf(file, ".p%d{fill:#888}\n", OTHERS);
	fputs("@media (prefers-color-scheme:dark){text{fill:#e6e6e6}.page{fill:#16181c}"
	      ".free{fill:#30353b}.min,.budget,.max{stroke:#e6e6e6}}\n</style>\n<defs>\n", file);
	for (i = 0; i < COLOURS; i++) {
		fprintf(file, "<pattern id=\"h%d\" width=\"6\" height=\"6\" "
			"patternUnits=\"userSpaceOnUse\"><path fill=\"%s\" d=\"M0 0h6v6h-6z\"/>"
			"<path stroke=\"#fff\" stroke-width=\"1.5\" d=\"M0 6L6 0\"/></pattern>\n",
			i, colours[i]);
		fprintf(file, "<pattern id=\"d%d\" width=\"6\" height=\"6\" "
			"patternUnits=\"userSpaceOnUse\"><path fill=\"%s\" d=\"M0 0h6v6h-6z\"/>"
			"<circle cx=\"3\" cy=\"3\" r=\"1.3\" fill=\"#fff\"/></pattern>\n", i,
			colours[i]);
	}
	fputs("</defs>\n", file);
}

static void draw_heading(const struct drawing *drawing)
{
	const struct mem_map *map = drawing->map;
	FILE *file = drawing->file;

	fprintf(file, "<text class=\"t\" x=\"%d\" y=\"32\">", MAP_X);
	print_escaped(file, map->adapter, true);
	fputs(": ", file);
	print_escaped(file, map->name, false);
	fprintf(file, "</text>\n"
		"<text x=\"%d\" y=\"54\">%s of VRAM; a row is %s, a cell %s</text>\n", MAP_X,
		iec(map->size), iec(drawing->cell * COLUMNS), iec(drawing->cell));
	fprintf(file, "<rect class=\"free\" x=\"%d\" y=\"62\" width=\"12\" height=\"12\"/>\n"
		"<text x=\"%d\" y=\"72\">in no object: %s free (%s of it cleared), %s retired"
		"</text>\n", MAP_X, MAP_X + 18, iec(map->free), iec(map->clear), iec(map->retired));

	fprintf(file, "<text class=\"t\" x=\"%d\" y=\"32\">Partitions</text>\n", PANEL_X);
	fprintf(file, "<rect class=\"p%d\" x=\"%d\" y=\"44\" width=\"12\" height=\"12\"/>\n"
		"<text x=\"%d\" y=\"54\">in VRAM</text>\n", OTHERS, PANEL_X, PANEL_X + 18);
	fprintf(file, "<rect class=\"p%d e\" x=\"%d\" y=\"44\" width=\"12\" height=\"12\"/>\n"
		"<text x=\"%d\" y=\"54\">evicted</text>\n", OTHERS, PANEL_X + 84, PANEL_X + 102);
	fprintf(file,
		"<path class=\"min\" d=\"M%d 58v18\"/><text x=\"%d\" y=\"72\">guaranteed</text>\n"
		"<path class=\"budget\" d=\"M%d 58v18\"/><text x=\"%d\" y=\"72\">budget</text>\n"
		"<path class=\"max\" d=\"M%d 58v18\"/><text x=\"%d\" y=\"72\">limit</text>\n",
		PANEL_X + 6, PANEL_X + 18, PANEL_X + 106, PANEL_X + 118, PANEL_X + 186,
		PANEL_X + 198);
}

static void draw(const struct drawing *drawing)
{
	size_t bars = drawing->listed_count + !!drawing->others;
	int map_height = ROWS * ROW_STEP, bars_height = (int)bars * BAR_STEP;
	int height = MAP_Y + (map_height > bars_height ? map_height : bars_height) + 20;
	FILE *file = drawing->file;

	fprintf(file, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
		"viewBox=\"0 0 %d %d\">\n<title>Map of the VRAM of ", WIDTH, height, WIDTH, height);
	print_escaped(file, drawing->map->adapter, true);
	fputs("</title>\n", file);
	draw_style(file);
	fprintf(file, "<rect class=\"page\" width=\"%d\" height=\"%d\"/>\n", WIDTH, height);
	draw_heading(drawing);
	draw_background(drawing);
	fputs("<g id=\"map\">\n", file);
	draw_extents(drawing);
	fputs("</g>\n", file);
	draw_bars(drawing);
	fputs("</svg>\n", file);
}

char *mem_svg(const struct mem_map *map, size_t *size)
{
	struct drawing drawing = { .map = map };
	struct mem_extent *extents = mem_sorted_extents(map);
	char *text = NULL;
	bool bad;

	drawing.extents = extents;
	choose_scale(&drawing);
	if (extents && assign_slots(&drawing)) {
		drawing.file = open_memstream(&text, size);
		if (drawing.file) {
			draw(&drawing);
			bad = ferror(drawing.file);
			if (fclose(drawing.file) || bad) {
				free(text);
				text = NULL;
			}
		}
	}
	free(extents);
	free(drawing.slot_of);
	free(drawing.listed);
	return text;
}
