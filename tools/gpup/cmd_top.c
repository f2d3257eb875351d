// SPDX-License-Identifier: MIT
/* gpup top: who uses the GPU, and how much of it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "cmd.h"
#include "gpu.h"
#include "operator.h"
#include "options.h"
#include "top.h"

/* Where the samples are read, and how they are shown. */
struct top {
	bool processes;
	bool json;
	bool once;
	double interval;
};

static struct partition *partitions[2];
static struct top_client clients[2][TOP_MAX_CLIENTS];

/* GPU time of the interval, in percent of it: "12.3", or "-" for the first sample. */
static const char *share(char text[16], bool known, uint64_t before, uint64_t now,
			 uint64_t elapsed)
{
	double percent;

	if (!known || !elapsed || now < before)
		return "-";
	percent = 100.0 * (double)(now - before) / (double)elapsed;
	/* That of several engines. */
	snprintf(text, 16, percent < 999.95 ? "%.1f" : "%.0f", percent);
	return text;
}

/* GPU time: "123.4s" */
static const char *seconds(char text[16], uint64_t ns)
{
	double value = (double)ns / 1e9;

	snprintf(text, 16, value < 1000 ? "%.2f" : "%.0f", value);
	return text;
}

static const struct top_client *find_client(const struct top_client *list, int count,
					    const struct top_client *client)
{
	int i;

	for (i = 0; i < count; i++)
		if (list[i].id == client->id && !strcmp(list[i].device, client->device))
			return &list[i];
	return NULL;
}

static const char *entitlement(char text[16], double percent)
{
	if (percent < 0)
		return "-";
	snprintf(text, 16, "%.1f", percent);
	return text;
}

static void print_partitions(const struct partition *now, int count,
			     const struct partition *before, int before_count,
			     uint64_t elapsed)
{
	char percent[16], entitled[16];
	int i;

	for (i = 0; i < count; i++) {
		const struct partition *p = &now[i];
		const struct partition *old = top_find(before, before_count, p);

		if (!i || strcmp(p->adapter, now[i - 1].adapter)) {
			printf("%s%s\n", i ? "\n" : "", p->adapter);
			printf("%-36s %5s %5s %5s %5s %5s %5s %5s\n", "PARTITION", "USED", "MAX",
			       "WGHT", "ENTL%", "GPU%", "JOBS", "HANGS");
		}
		printf("%-36s %5s %5s %5" PRIu64 " %5s %5s %5s %5s\n", p->name,
		       iec_short(p->values[VRAM_USED]), iec_short(p->values[VRAM_MAX]),
		       p->values[SCHED_WEIGHT],
		       entitlement(entitled, top_entitlement(p, now, count, before, before_count)),
		       share(percent, old, old ? old->values[GPU_TIME] : 0, p->values[GPU_TIME], elapsed),
		       count_short(p->values[JOBS]), count_short(p->values[HANGS]));
	}
}

static void print_clients(const struct top_client *now, int count,
			  const struct top_client *before, int before_count, uint64_t elapsed)
{
	char percent[16], time[16];
	int i;

	printf("%8s %-20s %8s %8s %6s %9s\n", "PID", "COMMAND", "VRAM", "SYSTEM", "GPU%", "TIME s");
	for (i = 0; i < count; i++) {
		const struct top_client *c = &now[i];
		const struct top_client *old = find_client(before, before_count, c);

		printf("%8u %-20s %8s %8s %6s %9s\n", c->pid, c->command, iec_short(c->vram),
		       iec_short(c->system),
		       share(percent, old && c->has_gpu_time, old ? old->gpu_time : 0, c->gpu_time,
			     elapsed),
		       c->has_gpu_time ? seconds(time, c->gpu_time) : "-");
	}
	if (!count)
		puts("no process uses a GPU of gpup (those of other users need root to be seen)");
}

static cJSON *partitions_to_json(const struct partition *now, int count)
{
	cJSON *array = cJSON_CreateArray();
	int i;

	for (i = 0; i < count; i++)
		cJSON_AddItemToArray(array, partition_to_json(&now[i]));
	return array;
}

static cJSON *clients_to_json(const struct top_client *now, int count)
{
	cJSON *array = cJSON_CreateArray();
	int i;

	for (i = 0; i < count; i++) {
		const struct top_client *c = &now[i];
		cJSON *json = cJSON_CreateObject();

		cJSON_AddItemToArray(array, json);
		cJSON_AddStringToObject(json, "device", c->device);
		cJSON_AddNumberToObject(json, "client", (double)c->id);
		cJSON_AddNumberToObject(json, "pid", c->pid);
		cJSON_AddStringToObject(json, "command", c->command);
		cJSON_AddNumberToObject(json, "vram", (double)c->vram);
		cJSON_AddNumberToObject(json, "system", (double)c->system);
		if (c->has_gpu_time)
			cJSON_AddNumberToObject(json, "gpu_time_ns", (double)c->gpu_time);
	}
	return array;
}

static void sleep_for(double interval)
{
	struct timespec time = { .tv_sec = (time_t)interval };

	time.tv_nsec = (long)((interval - (double)time.tv_sec) * 1e9);
	nanosleep(&time, NULL);
}

static void show(const struct top *top)
{
	bool clear = !top->once && !top->json && isatty(STDOUT_FILENO);
	int counts[2] = { 0, 0 }, now = 0;
	uint64_t time, last = 0;

	for (;; now = !now) {
		free(partitions[now]);
		partitions[now] = NULL;
		if (top->processes)
			counts[now] = top_read_clients("/proc", clients[now], TOP_MAX_CLIENTS);
		else
			counts[now] = must_read_partitions(&partitions[now]);
		if (counts[now] < 0)
			die(EXIT_FAILED, "/proc: %s", strerror(-counts[now]));
		time = now_ns();

		if (clear)
			fputs("\033[H\033[J", stdout);
		if (top->json) {
			cJSON *json = cJSON_CreateObject();

			if (top->processes)
				cJSON_AddItemToObject(json, "processes",
						      clients_to_json(clients[now], counts[now]));
			else
				cJSON_AddItemToObject(json, "partitions",
						      partitions_to_json(partitions[now],
									 counts[now]));
			print_json(json, !top->once);
		} else if (top->processes) {
			print_clients(clients[now], counts[now], clients[!now],
				      last ? counts[!now] : 0, time - last);
		} else {
			print_partitions(partitions[now], counts[now], partitions[!now],
					 last ? counts[!now] : 0, time - last);
		}
		if (top->once)
			return;
		if (!clear && !top->json)
			putchar('\n');
		flush_output();
		last = time;
		sleep_for(top->interval);
	}
}

/* A host has GPUs to divide. A VM may have gpup, too, with none. */
static bool is_host(void)
{
	struct adapter *list;
	int count = read_adapters(&list);

	free(list);
	return count > 0;
}

/*
 * Nobody uses a GPU that is not there. Where there are no partitions to see, in a virtual machine
 * that is, it has a render node all the same, which one need not be able to open.
 */
static void must_have_gpu(void)
{
	struct gpup_device *device = NULL;
	struct adapter *list;
	int ret;

	if (is_host() || has_guest_gpu())
		return;
	ret = gpup_device_open(NULL, &device);
	gpup_device_close(device);
	if (ret != -ENODEV && ret != -ENOENT)
		return;
	/* It knows better what a host lacks. */
	if (!access(sysfs_path("class/gpup"), F_OK))
		must_read_adapters(&list);
	else
		die(EXIT_FAILED, "no GPU: load its driver (on a host 'modprobe gpup_soft', or that "
		    "of the GPU;\nin a VM 'modprobe gpup_guest')");
}

static int run(int argc, char **argv)
{
	enum { OPTION_ONCE = OPTION_FIRST, OPTION_JSON, OPTION_INTERVAL, OPTION_PROCESSES };
	/* It shows all GPUs: there is no --device. */
	static const struct option options[] = {
		{ "help", no_argument, NULL, OPTION_HELP },
		{ "once", no_argument, NULL, OPTION_ONCE },
		{ "json", no_argument, NULL, OPTION_JSON },
		{ "interval", required_argument, NULL, OPTION_INTERVAL },
		{ "processes", no_argument, NULL, OPTION_PROCESSES },
		{ 0 }
	};
	struct top top = { .interval = 2 };
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case OPTION_ONCE:
			top.once = true;
			break;
		case OPTION_JSON:
			top.json = true;
			break;
		case OPTION_INTERVAL:
			top.interval = parse_seconds("--interval", optarg);
			break;
		case OPTION_PROCESSES:
			top.processes = true;
			break;
		HELP_CASES;
		}
	}
	if (optind < argc)
		usage_error("'%s' is too much; there are options only", argv[optind]);

	must_have_gpu();
	top.processes |= !is_host();
	show(&top);
	return 0;
}

const struct command command_top = {
	.name = "top",
	.summary = "show who uses the GPU: partitions on a host, processes in a VM",
	.help = "[--once] [--json] [--interval S] [--processes]\n"
		"\n"
		"On a host, show the partitions of its GPUs with video memory and GPU time; in a\n"
		"virtual machine, show the processes in it that use the GPU.\n"
		"\n"
		"  --once              show it once and end\n"
		"  --interval S        seconds from one time to the next; 2\n"
		"  --json              for programs; without --once one object a line\n"
		"  --processes         show this host's own processes instead of the partitions\n"
		"  --help              print this\n",
	.run = run,
};
