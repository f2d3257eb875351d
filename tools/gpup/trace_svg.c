// SPDX-License-Identifier: MIT
/* gpup: a timeline of the engines, and who had how much of them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "cmd.h"
#include "trace.h"

#define WIDTH		1200
#define LEFT		110
#define RIGHT		20
#define TOP		40
#define ROW		44
#define BAR		30
#define LEGEND		22
/* Finer than this nobody sees: neighbours of one partition are drawn as one. */
#define GAP		0.25

static const char *const classes[] = { "compute", "copy" };

/* P. Tol's "bright" colours, which the colour-blind can tell apart; then they repeat, paler. */
static const char *const colours[] = {
	"#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377",
};

#define COLOURS		(sizeof(colours) / sizeof(colours[0]))

struct span {
	double begin, end;
	unsigned int rows;
	unsigned int row_of[2][64];
	unsigned int class_of[128], engine_of[128];
};

static double opacity(unsigned int partition)
{
	return partition / COLOURS % 2 ? 0.5 : 1.0;
}

/* From the first begin to the last end, and a row for each engine. */
static void measure(const struct trace *trace, struct span *span)
{
	unsigned int seen[2][64] = { { 0 } }, c, e;
	size_t i;

	memset(span, 0, sizeof(*span));
	span->begin = trace->count ? trace->slices[0].begin : 0;
	span->end = span->begin;
	for (i = 0; i < trace->count; i++) {
		const struct trace_slice *s = &trace->slices[i];

		if (s->begin > span->end)
			span->end = s->begin;
		if (s->end > span->end)
			span->end = s->end;
		if (s->engine_class < 2 && s->engine < 64)
			seen[s->engine_class][s->engine] = 1;
	}
	for (c = 0; c < 2; c++) {
		for (e = 0; e < 64; e++) {
			if (!seen[c][e])
				continue;
			span->class_of[span->rows] = c;
			span->engine_of[span->rows] = e;
			span->row_of[c][e] = span->rows++;
		}
	}
	if (span->end <= span->begin)
		span->end = span->begin + 1e-3;
}

static double x_of(const struct span *span, double time)
{
	return LEFT + (time - span->begin) / (span->end - span->begin) * (WIDTH - LEFT - RIGHT);
}

static void draw_rows(const struct span *span, FILE *file)
{
	unsigned int r;

	for (r = 0; r < span->rows; r++)
		fprintf(file, "<text x=\"8\" y=\"%u\">%s %u</text>\n",
			TOP + r * ROW + BAR / 2 + 5, classes[span->class_of[r]],
			span->engine_of[r]);
}

static void draw_slices(const struct trace *trace, const struct span *span, FILE *file)
{
	/* What was drawn last in each row, to be joined with what follows. */
	double from[128] = { 0 }, to[128] = { 0 };
	unsigned int who[128];
	size_t i;
	unsigned int r;

	for (r = 0; r < 128; r++)
		who[r] = ~0u;
	for (i = 0; i <= trace->count; i++) {
		const struct trace_slice *s = i < trace->count ? &trace->slices[i] : NULL;

		for (r = 0; r < span->rows; r++) {
			double begin, end;

			if (s && (s->engine_class > 1 || s->engine > 63 ||
				  span->row_of[s->engine_class][s->engine] != r))
				continue;
			begin = s ? x_of(span, s->begin) : 0;
			end = s ? x_of(span, s->end < 0 ? span->end : s->end) : 0;
			if (s && who[r] == s->partition && begin - to[r] < GAP) {
				to[r] = end;
				continue;
			}
			if (who[r] != ~0u)
				fprintf(file, "<rect x=\"%.2f\" y=\"%u\" width=\"%.2f\" height=\"%d\""
					" fill=\"%s\" fill-opacity=\"%.1f\"/>\n", from[r],
					TOP + r * ROW, to[r] - from[r] > 0.1 ? to[r] - from[r] : 0.1,
					BAR, colours[who[r] % COLOURS], opacity(who[r]));
			if (!s)
				continue;
			who[r] = s->partition;
			from[r] = begin;
			to[r] = end;
		}
	}
}

void trace_svg(const struct trace *trace, FILE *file)
{
	unsigned int height, i;
	struct span span;

	measure(trace, &span);
	height = TOP + span.rows * ROW + LEGEND * (trace->name_count + 1) + 10;
	fprintf(file, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%u\""
		" font-family=\"sans-serif\" font-size=\"13\">\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n", WIDTH, height);
	fprintf(file, "<text x=\"%d\" y=\"24\">%.3f s, %zu slices</text>\n", LEFT,
		span.end - span.begin, trace->count);
	draw_rows(&span, file);
	draw_slices(trace, &span, file);
	for (i = 0; i < trace->name_count; i++) {
		unsigned int y = TOP + span.rows * ROW + LEGEND * i + 14;

		fprintf(file, "<rect x=\"%d\" y=\"%u\" width=\"14\" height=\"14\" fill=\"%s\""
			" fill-opacity=\"%.1f\"/>\n<text x=\"%d\" y=\"%u\">%s</text>\n", LEFT, y,
			colours[i % COLOURS], opacity(i), LEFT + 22, y + 12, trace->names[i]);
	}
	fputs("</svg>\n", file);
}

/* What a partition had of the engines of a class. */
struct use {
	size_t slices, preempted;
	double time;			/* s */
};

static struct use sum_up(const struct trace *trace, unsigned int partition, unsigned int class)
{
	struct use use = { 0 };
	size_t i;

	for (i = 0; i < trace->count; i++) {
		const struct trace_slice *s = &trace->slices[i];

		if (s->partition != partition || s->engine_class != class || s->end < 0)
			continue;
		use.slices++;
		use.preempted += (size_t)s->preempted;
		use.time += s->end - s->begin;
	}
	return use;
}

void trace_table(const struct trace *trace, FILE *file)
{
	struct span span;
	unsigned int i, c;
	struct use use;

	measure(trace, &span);
	fprintf(file, "%-36s %-7s %7s %7s %12s %5s\n", "PARTITION", "ENGINES", "SLICES", "PREEMPT",
		"TIME ms", "%");
	for (i = 0; i < trace->name_count; i++) {
		for (c = 0; c < 2; c++) {
			use = sum_up(trace, i, c);
			if (use.slices)
				fprintf(file, "%-36s %-7s %7s %7s %12.3f %5.1f\n",
					trace->names[i], classes[c], count_short(use.slices),
					count_short(use.preempted), 1e3 * use.time,
					100 * use.time / (span.end - span.begin));
		}
	}
	if (!trace->name_count)
		fputs("no job has run\n", file);
}

static cJSON *use_to_json(const char *partition, const char *class, const struct use *use)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "partition", partition);
	cJSON_AddStringToObject(json, "class", class);
	cJSON_AddNumberToObject(json, "slices", (double)use->slices);
	cJSON_AddNumberToObject(json, "preempted", (double)use->preempted);
	cJSON_AddNumberToObject(json, "time_ns", round(1e9 * use->time));
	return json;
}

cJSON *trace_to_json(const struct trace *trace)
{
	cJSON *json = cJSON_CreateObject(), *array;
	struct span span;
	unsigned int i, c;
	struct use use;

	measure(trace, &span);
	cJSON_AddNumberToObject(json, "elapsed_ns",
				trace->count ? round(1e9 * (span.end - span.begin)) : 0);
	array = cJSON_AddArrayToObject(json, "uses");
	for (i = 0; i < trace->name_count; i++) {
		for (c = 0; c < 2; c++) {
			use = sum_up(trace, i, c);
			if (use.slices)
				cJSON_AddItemToArray(array, use_to_json(trace->names[i], classes[c],
									&use));
		}
	}
	return json;
}
