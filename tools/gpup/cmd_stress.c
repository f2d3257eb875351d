// SPDX-License-Identifier: MIT
/*
 * gpup stress: work through more video memory than may be there, and look at all of it.
 *
 * Objects that are bound in one address space are copied onto each other by the GPU. What is in
 * each is known: the CPU has written it once, and looks at one after each job, and at all at
 * the end.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd.h"
#include "gpu.h"
#include "options.h"

struct object {
	struct gpup_bo *bo;
	uint64_t *data;
	uint64_t va;
	uint64_t size;
	uint64_t key;		/* which pattern it holds */
};

struct stress {
	struct gpu gpu;
	struct gpup_queue *copy;
	struct gpup_cmdbuf *commands;
	struct object *objects;
	unsigned int count;
	uint64_t random;
	uint64_t *times;	/* of the jobs, in ns */
	unsigned long jobs, room, errors;
	uint64_t bytes;
};

struct request {
	const char *device;
	uint64_t size, object, seed, rounds, seconds;
	unsigned int think_ms;
	bool fill;
};

/* Somebody wants to see the result. */
static volatile sig_atomic_t interrupted;

static void interrupt(int signal __attribute__((unused)))
{
	interrupted = 1;
}

static uint64_t next_random(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

static uint64_t word(uint64_t key, uint64_t index)
{
	return (key ^ index) * 0x9e3779b97f4a7c15ull;
}

static void must(int ret, const char *what)
{
	if (ret)
		die(ret == -ETIME || ret == -ECANCELED ? EXIT_BANNED : EXIT_FAILED, "%s: %s", what,
		    strerror(-ret));
}

static void write_object(struct object *o, uint64_t key)
{
	uint64_t i;

	for (i = 0; i < o->size / 8; i++)
		o->data[i] = word(key, i);
	o->key = key;
}

static void check_object(struct stress *s, const struct object *o)
{
	uint64_t i;

	for (i = 0; i < o->size / 8; i++) {
		if (o->data[i] == word(o->key, i))
			continue;
		fprintf(stderr, "gpup stress: object %zu is wrong at byte %llu\n",
			(size_t)(o - s->objects), (unsigned long long)i * 8);
		s->errors++;
		return;
	}
	s->bytes += o->size;
}

static void create_objects(struct stress *s, const struct request *r)
{
	uint64_t left = r->size;
	void *data;

	s->objects = xmalloc((r->size / r->object + 1) * sizeof(*s->objects));
	while (left) {
		struct object *o = &s->objects[s->count];

		o->size = left < r->object ? left : r->object;
		must(gpup_bo_create(s->gpu.device, o->size, GPUP_BO_VRAM, &o->bo), "allocation");
		must(gpup_bo_map(o->bo, &data), "mapping");
		must(gpup_vm_map(s->gpu.vm, o->bo, 0, &o->va), "binding");
		o->data = data;
		s->count++;
		left -= o->size;
	}
	for (unsigned int i = 0; i < s->count; i++)
		write_object(&s->objects[i], next_random(&s->random));
}

/* One object becomes a copy of another. */
static void run_job(struct stress *s)
{
	struct object *from = &s->objects[next_random(&s->random) % s->count];
	struct object *to = &s->objects[next_random(&s->random) % s->count];
	uint64_t start, value;

	if (from->size != to->size || from == to)
		to = from;
	gpup_cmdbuf_reset(s->commands);
	if (to == from)
		/* What is there already. */
		gpup_cmd_timeline_write(s->commands, from->va, word(from->key, 0));
	else
		gpup_cmd_copy(s->commands, to->va, from->va, from->size);
	start = now_ns();
	must(gpup_queue_submit(s->copy, s->commands, NULL, 0, NULL, 0, &value), "submission");
	must(gpup_queue_wait(s->copy, value, GPUP_FOREVER), "job");
	if (s->jobs == s->room) {
		s->room = s->room ? 2 * s->room : 1024;
		s->times = realloc(s->times, s->room * sizeof(*s->times));
		if (!s->times)
			die(EXIT_FAILED, "out of memory");
	}
	s->times[s->jobs++] = now_ns() - start;
	to->key = from->key;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int work(const struct request *r)
{
	struct stress s = { .random = r->seed };
	struct timespec think = { r->think_ms / 1000, r->think_ms % 1000 * 1000000l };
	const struct sigaction end = { .sa_handler = interrupt, .sa_flags = SA_RESTART };
	uint64_t start;
	unsigned int i;

	sigaction(SIGINT, &end, NULL);
	gpu_open(&s.gpu, r->device);
	must(gpup_queue_create(s.gpu.vm, GPUP_ENGINE_COPY, GPUP_PRIORITY_NORMAL, &s.copy), "queue");
	must(gpup_cmdbuf_create(s.gpu.vm, 4096, &s.commands), "command buffer");
	create_objects(&s, r);
	start = now_ns();
	while (!interrupted &&
	       (s.jobs < r->rounds || now_ns() - start < r->seconds * 1000000000)) {
		run_job(&s);
		check_object(&s, &s.objects[next_random(&s.random) % s.count]);
		if (r->think_ms)
			nanosleep(&think, NULL);
	}
	for (i = 0; i < s.count; i++)
		check_object(&s, &s.objects[i]);
	qsort(s.times, s.jobs, sizeof(*s.times), compare);
	printf("stress: rounds=%lu jobs=%lu bytes=%llu errors=%lu ", s.jobs, s.jobs,
	       (unsigned long long)s.bytes, s.errors);
	printf("job_ms_median=%.3f job_ms_p99=%.3f\n", s.times[s.jobs / 2] / 1e6,
	       s.times[(s.jobs - 1) * 99 / 100] / 1e6);

	gpup_queue_destroy(s.copy);
	gpup_cmdbuf_destroy(s.commands);
	for (i = 0; i < s.count; i++) {
		must(gpup_vm_unmap(s.gpu.vm, s.objects[i].va), "unbinding");
		gpup_bo_destroy(s.objects[i].bo);
	}
	free(s.objects);
	free(s.times);
	gpu_close(&s.gpu);
	return s.errors ? EXIT_FAILED : 0;
}

/* Allocate until there is nothing more to be had, down to the page. */
static uint64_t fill_once(struct gpup_device *device, uint64_t object, uint32_t page)
{
	unsigned int count = 0, room = 64;
	struct gpup_bo **bos = xmalloc(room * sizeof(*bos));
	uint64_t size = object, sum = 0;
	int ret;

	while (size >= page) {
		if (count == room) {
			room *= 2;
			bos = realloc(bos, room * sizeof(*bos));
			if (!bos)
				die(EXIT_FAILED, "out of memory");
		}
		ret = gpup_bo_create(device, size, GPUP_BO_VRAM, &bos[count]);
		if (!ret) {
			sum += size;
			count++;
		} else if (ret == -ENOMEM) {
			size = size / 2 / page * page;
		} else {
			must(ret, "allocation");
		}
	}
	while (count)
		gpup_bo_destroy(bos[--count]);
	free(bos);
	return sum;
}

static int fill(const struct request *r)
{
	struct gpup_device *device = gpu_open_device(r->device);
	struct gpup_info info;
	uint64_t i;

	must(gpup_device_info(device, &info), "query");
	for (i = 0; i < r->rounds; i++)
		printf("stress: allocated=%llu\n",
		       (unsigned long long)fill_once(device, r->object, info.page_size));
	gpup_device_close(device);
	return 0;
}

/* As in sysfs: K, M and G are understood. */
static uint64_t parse_size(const char *option, const char *text)
{
	static const char suffixes[] = "KMG";
	size_t length = strlen(text);
	const char *suffix = length ? strchr(suffixes, text[length - 1]) : NULL;
	unsigned int shift = suffix && *suffix ? 10 * (suffix - suffixes + 1) : 0;
	char number[24];

	if (shift)
		length--;
	if (length >= sizeof(number))
		usage_error("%s: '%s' is no size", option, text);
	memcpy(number, text, length);
	number[length] = '\0';
	return parse_number(option, number, 1, (1ull << 40) >> shift) << shift;
}

static int run(int argc, char **argv)
{
	enum { SIZE = OPTION_FIRST, OBJECT, ROUNDS, SECONDS, SEED, THINK, FILL };
	static const struct option options[] = {
		COMMON_OPTIONS,
		{ "size", required_argument, NULL, SIZE },
		{ "object", required_argument, NULL, OBJECT },
		{ "rounds", required_argument, NULL, ROUNDS },
		{ "seconds", required_argument, NULL, SECONDS },
		{ "seed", required_argument, NULL, SEED },
		{ "think", required_argument, NULL, THINK },
		{ "fill", no_argument, NULL, FILL },
		{}
	};
	struct request r = { .size = 64u << 20, .object = 16u << 20, .seed = 1 };
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case SIZE:
			r.size = parse_size("--size", optarg);
			break;
		case OBJECT:
			r.object = parse_size("--object", optarg);
			break;
		case ROUNDS:
			r.rounds = parse_number("--rounds", optarg, 1, 1000000);
			break;
		case SECONDS:
			r.seconds = parse_number("--seconds", optarg, 1, 1000000);
			break;
		case SEED:
			r.seed = parse_number("--seed", optarg, 0, UINT64_MAX);
			break;
		case THINK:
			r.think_ms = parse_number("--think", optarg, 0, 60000);
			break;
		case FILL:
			r.fill = true;
			break;
		COMMON_CASES(r.device);
		}
	}
	if (optind < argc)
		usage_error("unexpected argument '%s'", argv[optind]);
	if ((r.size | r.object) % 4096)
		usage_error("sizes are multiples of 4096 bytes");
	if (!r.rounds)
		r.rounds = r.fill ? 1 : 20;
	return r.fill ? fill(&r) : work(&r);
}

const struct command command_stress = {
	.name = "stress",
	.summary = "work through much video memory, and check it",
	.help = "[OPTIONS]\n"
		"\n"
		"Fill objects in video memory with patterns, have the GPU copy them onto each\n"
		"other, and check them. Together they may be more than there is at present.\n"
		"Ends early, but with all checks, if it is interrupted (SIGINT).\n"
		"Exit status 1 if one is wrong.\n"
		"\n"
		"  --size SIZE         all objects together (64M)\n"
		"  --object SIZE       one object (16M)\n"
		"  --rounds N          jobs, after each of which one object is checked (20)\n"
		"  --seconds N         go on for so long, even if those are done\n"
		"  --think MS          wait after each job\n"
		"  --seed N            where randomness begins (1)\n"
		"  --fill              only allocate as much as there is, --rounds times (1)\n"
		COMMON_HELP,
	.run = run,
};
