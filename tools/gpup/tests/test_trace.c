// SPDX-License-Identifier: MIT
/* Tests of what gpup trace makes of the kernel's lines. */
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "tap.h"
#include "trace.h"

void print_help(const struct command *command)
{
	(void)command;
}

static const char *const lines[] = {
	"# tracer: nop\n",
	/* Began before. */
	" gpup_soft.0:com-71 [001] d..1.    99.5: gpup_job_done: partition=a queue=0x1 value=1 error=0 gpu_ns=7\n",
	" gpup_soft.0:com-71 [001] d..1.   100.000000: gpup_job_run: partition=a queue=0x1 value=2 class=0 engine=0\n",
	"   kworker/u4:1-5   [000] d..2.   100.001000: gpup_job_run: partition=b queue=0x1 value=2 class=1 engine=3\n",
	"   kworker/u4:1-5   [000] .....   100.001500: sched_switch: prev_comm=x\n",
	" gpup_soft.0:com-71 [001] d..1.   100.002000: gpup_job_preempted: partition=a queue=0x1 value=2 gpu_ns=2000000\n",
	" gpup_soft.0:com-71 [001] d..1.   100.003000: gpup_job_done: partition=b queue=0x1 value=2 error=-62 gpu_ns=7\n",
	" gpup_soft.0:com-71 [001] d..1.   100.004000: gpup_job_run: partition=a queue=0x1 value=2 class=0 engine=0\n",
	"garbage: gpup_job_\n",
	"gpup_job_run",
	"",
};

static bool near(double a, double b)
{
	return a > b - 1e-9 && a < b + 1e-9;
}

int main(void)
{
	char *table = NULL, *svg = NULL;
	size_t table_size, svg_size, i;
	struct trace trace = {};
	FILE *file;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		trace_line(&trace, lines[i]);
	tap_ok(trace.count == 3 && trace.dropped == 1 && trace.name_count == 2, "slices are found");
	tap_ok(near(trace.slices[0].begin, 100) && near(trace.slices[0].end, 100.002) &&
	   trace.slices[0].preempted && trace.slices[0].engine_class == 0, "one that was preempted");
	tap_ok(near(trace.slices[1].end, 100.003) && !trace.slices[1].preempted &&
	   trace.slices[1].engine_class == 1 && trace.slices[1].engine == 3 &&
	   !strcmp(trace.names[trace.slices[1].partition], "b"), "one that ended, beside it");
	tap_ok(trace.slices[2].end < 0 && trace.open_count == 1, "one that has not ended");

	file = open_memstream(&table, &table_size);
	trace_table(&trace, file);
	fclose(file);
	tap_ok(strstr(table, "a                                    compute       1       1        2.000") &&
	   strstr(table, "b                                    copy          1       0        2.000"),
	   "the table adds up");
	file = open_memstream(&svg, &svg_size);
	trace_svg(&trace, file);
	fclose(file);
	tap_ok(strstr(svg, "compute 0") && strstr(svg, "copy 3") && strstr(svg, "</svg>") &&
	   !strstr(svg, "nan"), "the picture has a row for each engine");
	free(table);
	free(svg);
	trace_free(&trace);

	memset(&trace, 0, sizeof(trace));
	file = open_memstream(&svg, &svg_size);
	trace_svg(&trace, file);
	trace_table(&trace, file);
	fclose(file);
	tap_ok(strstr(svg, "no job has run") && !strstr(svg, "nan"), "nothing is no error");
	free(svg);
	trace_free(&trace);
	return tap_end();
}
