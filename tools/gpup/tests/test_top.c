// SPDX-License-Identifier: MIT
/* Tests of what gpup top reads, on files made for it. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd.h"
#include "sysfs.h"
#include "tap.h"
#include "top.h"

static char root[] = "/tmp/gpup-test-XXXXXX";

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

static void test_partitions(void)
{
	struct partition *partitions;
	const uint64_t *values;

	make_file("class/gpup/gpup10/partitions/host/vram_min", "0\n");
	make_file("class/gpup/gpup10/partitions/host/vram_max", "4096\n");
	make_file("class/gpup/gpup2/partitions/host/vram_min", "0\n");
	make_file("class/gpup/gpup2/partitions/host/vram_max", "1073741824\n");
	make_file("class/gpup/gpup2/partitions/host/vram_used", "65536\n");
	make_file("class/gpup/gpup2/partitions/host/gpu_time_ns", "123456789012\n");
	make_file("class/gpup/gpup2/partitions/host/jobs", "7\n");
	make_file("class/gpup/gpup2/partitions/host/hangs", "1\n");
	make_file("class/gpup/gpup2/partitions/host/sched_weight", "100\n");
	make_file("class/gpup/gpup2/partitions/00000000-1111-2222-3333-444444444444/vram_min", "1\n");
	/* The kernel makes this file last. */
	make_file("class/gpup/gpup10/partitions/host/interrupts", "0\n");
	make_file("class/gpup/gpup2/partitions/host/interrupts", "0\n");
	make_file("class/gpup/gpup2/partitions/00000000-1111-2222-3333-444444444444/interrupts", "0\n");
	/* This one is being made: the others of its files are not there yet. */
	make_file("class/gpup/gpup2/partitions/00000000-8888-2222-3333-444444444444/vram_min", "1\n");
	make_file("class/gpup/gpup2/partitions/00000000-8888-2222-3333-444444444444/vram_max", "1\n");
	/* This one goes away: the others of its files are not there any more. */
	make_file("class/gpup/gpup2/partitions/00000000-9999-2222-3333-444444444444/interrupts", "1\n");

	setenv("GPUP_SYSFS", root, 1);
	tap_ok(read_partitions(&partitions) == 3, "three partitions");
	tap_ok(!strcmp(partitions[0].adapter, "gpup2") && !strcmp(partitions[2].adapter, "gpup10"),
	       "GPUs are in the order of their numbers");
	tap_ok(!strcmp(partitions[0].name, "00000000-1111-2222-3333-444444444444"), "a UUID");
	values = partitions[1].values;
	tap_ok(values[VRAM_MAX] == 1073741824 && values[VRAM_USED] == 65536 &&
	       values[GPU_TIME] == 123456789012 && values[JOBS] == 7 && values[HANGS] == 1 &&
	       values[SCHED_WEIGHT] == 100 && !values[CLIENTS], "its files");
	free(partitions);
	setenv("GPUP_SYSFS", "/nonexistent", 1);
	tap_ok(read_partitions(&partitions) == -ENOENT, "no such directory");
}

/* Partitions of one GPU before and after a while in which all but the last have used the GPU. */
enum { LIGHT, HEAVY, IDLE, SOME };

static void make_partitions(struct partition before[SOME], struct partition now[SOME])
{
	static const uint64_t weights[SOME] = { 100, 300, 600 };
	int i;

	memset(before, 0, SOME * sizeof(*before));
	for (i = 0; i < SOME; i++) {
		strcpy(before[i].adapter, "gpup0");
		snprintf(before[i].name, sizeof(before[i].name), "%d", i);
		before[i].values[SCHED_WEIGHT] = weights[i];
		before[i].values[GPU_TIME] = 1000;
		now[i] = before[i];
	}
	now[LIGHT].values[GPU_TIME] += 1;
	now[HEAVY].values[WAIT_TIME] += 1;
}

static void test_entitlement(void)
{
	struct partition before[SOME], now[SOME];

#define ENTITLED(i)	top_entitlement(&now[i], now, SOME, before, SOME)
	make_partitions(before, now);
	tap_ok(ENTITLED(LIGHT) == 25 && ENTITLED(HEAVY) == 75, "weights of 1:3 are 25 %% and 75 %%");
	tap_ok(ENTITLED(IDLE) < 0, "who wants nothing is entitled to nothing");
	tap_ok(top_entitlement(&now[LIGHT], now, SOME, NULL, 0) < 0, "nothing is known at first");
	strcpy(now[HEAVY].adapter, "gpup1");
	strcpy(before[HEAVY].adapter, "gpup1");
	tap_ok(ENTITLED(LIGHT) == 100 && ENTITLED(HEAVY) == 100, "each GPU is shared for itself");

	make_partitions(before, now);
	now[HEAVY].values[SCHED_CAP] = 40;
	now[LIGHT].values[SCHED_CAP] = 40;
	tap_ok(ENTITLED(HEAVY) == 40 && ENTITLED(LIGHT) == 25, "a cap is the most that there is");
	now[HEAVY].values[THROTTLED] = 1;
	now[LIGHT].values[SCHED_CAP] = 0;
	now[LIGHT].values[THROTTLED] = 1;
	tap_ok(ENTITLED(HEAVY) == 10 && ENTITLED(LIGHT) == 10, "who is throttled has a tenth at most");
	now[HEAVY].values[SCHED_CAP] = 5;
	now[LIGHT].values[SCHED_WEIGHT] = 3;
	tap_ok(ENTITLED(HEAVY) == 5 && ENTITLED(LIGHT) < 1, "or less, if that is due without");
#undef ENTITLED
}

static void test_counts(void)
{
	static const struct {
		uint64_t count;
		const char *text;
	} counts[] = {
		{ 0, "0" }, { 99999, "99999" }, { 100000, "100k" }, { 999499, "999k" },
		{ 999500, "1.0M" }, { 1234567, "1.2M" }, { 99949999, "99.9M" }, { 99950000, "100M" },
		{ 1000000000, "1.0G" }, { UINT64_MAX, "18.4E" },
	};
	size_t i;

	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		tap_ok(!strcmp(count_short(counts[i].count), counts[i].text), "%s jobs",
		       counts[i].text);
}

static void test_sizes(void)
{
	static const struct {
		const char *text;
		uint64_t size;
	} good[] = {
		{ "0", 0 }, { "4096", 4096 }, { "4096B", 4096 }, { "1K", 1024 }, { "1k", 1024 },
		{ "512M", 512ull << 20 }, { "1.5G", 3ull << 29 }, { "1.5 GiB", 3ull << 29 },
		{ "2T", 2ull << 40 }, { "512MiB", 512ull << 20 }, { "512MB", 512ull << 20 },
	};
	static const char *const bad[] = {
		"", "M", "-1", "+1", " 1", "1X", "1MM", "1Mi ", "1.0001K", "1e99", "nan", "inf",
		"99999999T",
	};
	uint64_t size;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		tap_ok(parse_size(good[i].text, &size) && size == good[i].size, "size %s",
		       good[i].text);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		tap_ok(!parse_size(bad[i], &size), "'%s' is no size", bad[i]);
}

static void test_clients(void)
{
	static const char fdinfo[] =
		"pos:\t0\nflags:\t02\ndrm-driver:\tgpup\ndrm-client-id:\t%u\n"
		"drm-pdev:\t0000:00:04.0\ndrm-total-vram:\t%u\n"
		"drm-total-system:\t3 MiB\ndrm-engine-capacity-compute:\t2\n"
		"drm-engine-compute:\t1500 ns\ndrm-engine-copy:\t500 ns\n";
	struct top_client clients[8];
	char path[64];

	make_file("proc/12/comm", "one\n");
	make_file("proc/12/fdinfo/3", fdinfo, 5, 2048);
	make_file("proc/12/fdinfo/4", fdinfo, 5, 2048);
	make_file("proc/12/fdinfo/5", "pos:\t0\n");
	make_file("proc/7/comm", "\033[2Jtw o\303\n");
	make_file("proc/7/fdinfo/9", fdinfo, 6, 0);
	make_file("proc/8/fdinfo/9", "drm-driver:\tgpupx\ndrm-client-id:\t1\n");
	make_file("proc/self/fdinfo/9", fdinfo, 7, 0);

	snprintf(path, sizeof(path), "%s/proc", root);
	tap_ok(top_read_clients(path, clients, 8) == 2, "two clients, each counted once");
	tap_ok(clients[0].pid == 7 && clients[1].pid == 12 && clients[1].id == 5 &&
	       !strcmp(clients[1].command, "one"), "who they are");
	tap_ok(!strcmp(clients[0].command, "_[2Jtw o_"), "a name that is no text: %s",
	       clients[0].command);
	tap_ok(clients[1].vram == 2048 && clients[1].system == 3 << 20 &&
	       clients[1].gpu_time == 2000 && clients[1].has_gpu_time, "what they use");
	tap_ok(top_read_clients(path, clients, 1) == 1, "room for one");
}

int main(void)
{
	char command[64];
	int status;

	if (!mkdtemp(root)) {
		perror(root);
		return 1;
	}
	test_partitions();
	test_entitlement();
	test_counts();
	test_sizes();
	test_clients();
	status = tap_end();
	snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command) ? 1 : status;
}
