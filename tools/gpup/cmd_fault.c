// SPDX-License-Identifier: MIT
/* gpup fault: do something wrong, and see what comes of it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "gpu.h"
#include "options.h"

#define MANY_QUEUES	8
/* For the software GPU, which can be told to hang with streams of a size: see its debugfs. */
#define MARKED_SIZE	2040

struct kind {
	const char *name;
	const char *what;
	int error;			/* what its program is to be told */
	void (*commands)(struct gpu *gpu, struct gpup_cmdbuf *cmdbuf);
	unsigned int queues;
};

static void must(int ret, const char *what)
{
	if (ret)
		die(EXIT_FAILED, "%s: %s", what, strerror(-ret));
}

static void dispatch(struct gpu *gpu, const char *text, uint32_t groups)
{
	const uint32_t grid[3] = { groups, groups, 1 };
	/* Freed with the address space, at the end. */
	static struct gpu_kernel kernel;

	gpu_kernel_load(gpu, "fault", text, strlen(text), &kernel);
	gpu_dispatch(gpu, &kernel, grid, NULL, 0);
}

static void endless(struct gpu *gpu, struct gpup_cmdbuf *cmdbuf)
{
	(void)cmdbuf;
	dispatch(gpu, ".group 1\nloop\nendloop\n", 1);
}

/* As many groups as there can be: a job that would end in some years. */
static void huge(struct gpu *gpu, struct gpup_cmdbuf *cmdbuf)
{
	(void)cmdbuf;
	dispatch(gpu, ".group 1024\nmov r0, 1\nmov r1, r0\n", 1u << 31);
}

static void page_fault(struct gpu *gpu, struct gpup_cmdbuf *cmdbuf)
{
	gpup_cmd_fill(cmdbuf, gpu->info.va_end - (1 << 20), 4096, 0);
}

static void read_only(struct gpu *gpu, struct gpup_cmdbuf *cmdbuf)
{
	struct gpup_bo *bo;
	uint64_t va;

	must(gpup_bo_create(gpu->device, 4096, GPUP_BO_VRAM, &bo), "allocation");
	must(gpup_vm_map(gpu->vm, bo, GPUP_MAP_READONLY, &va), "binding");
	gpup_cmd_fill(cmdbuf, va, 4096, 0);
}

static void illegal(struct gpu *gpu, struct gpup_cmdbuf *cmdbuf)
{
	static const uint64_t words[] = { ~0ull };
	const struct gpup_dispatch d = {
		.program_size = sizeof(words),
		.grid = { 1, 1, 1 },
		.group = { 1, 1, 1 },
	};
	struct gpup_dispatch copy = d;
	struct gpu_buffer code;

	gpu_buffer_create(gpu, sizeof(words), GPUP_BO_VRAM, &code);
	memcpy(code.data, words, sizeof(words));
	copy.program = code.va;
	gpup_cmd_dispatch(cmdbuf, &copy);
}

static void marked(struct gpu *gpu, struct gpup_cmdbuf *cmdbuf)
{
	static const uint64_t nops[MARKED_SIZE / 8] = { [0 ... MARKED_SIZE / 8 - 1] = 0x10002 };

	(void)gpu;
	gpup_cmd_raw(cmdbuf, nops, sizeof(nops));
}

static const struct kind kinds[] = {
	{ "endless", "a loop without an end", -ETIME, endless, 1 },
	{ "endless-many", "the same in many queues", -ETIME, endless, MANY_QUEUES },
	{ "huge", "a dispatch that takes years", -ETIME, huge, 1 },
	{ "page-fault", "an address that is not mapped", -EFAULT, page_fault, 1 },
	{ "read-only", "a write to memory that is read-only", -EFAULT, read_only, 1 },
	{ "illegal", "an instruction that there is not", -EINVAL, illegal, 1 },
	{ "marked", "nothing, but the software GPU can be told to hang with it", -ETIME, marked, 1 },
};

/* What may not even be submitted: to wait for what nobody has promised, or for oneself. */
static int refused(struct gpu *gpu, bool cyclic)
{
	struct gpup_fence wait = { .value = 1 };
	struct gpup_queue *other;
	uint64_t value;
	int ret;

	must(gpup_queue_create(gpu->vm, GPUP_ENGINE_COMPUTE, GPUP_PRIORITY_NORMAL, &other),
	     "queue");
	/* Cyclic: the job of one queue waits for that of the other, which waits for the first. */
	wait.timeline = gpup_queue_timeline(cyclic ? other : gpu->queue);
	ret = gpup_queue_submit(gpu->queue, NULL, &wait, 1, NULL, 0, &value);
	gpup_queue_destroy(other);
	printf("fault: error=%s\n", ret ? strerror(-ret) : "none");
	return ret == -EINVAL ? 0 : EXIT_FAILED;
}

static int submit(struct gpu *gpu, const struct kind *kind)
{
	struct gpup_queue *queues[MANY_QUEUES];
	uint64_t values[MANY_QUEUES], start = now_ns();
	struct gpup_queue_state state = {};
	unsigned int i, wrong = 0;
	int ret = 0;

	kind->commands(gpu, gpu->commands);
	must(gpup_cmdbuf_error(gpu->commands), "commands");
	for (i = 0; i < kind->queues; i++) {
		must(gpup_queue_create(gpu->vm, GPUP_ENGINE_COMPUTE, GPUP_PRIORITY_NORMAL,
				       &queues[i]), "queue");
		must(gpup_queue_submit(queues[i], gpu->commands, NULL, 0, NULL, 0, &values[i]),
		     "submission");
	}
	for (i = 0; i < kind->queues; i++) {
		ret = gpup_queue_wait(queues[i], values[i], GPUP_FOREVER);
		gpup_queue_get_state(queues[i], &state);
		if (ret != kind->error || !state.banned || state.error != kind->error)
			wrong++;
		/* And nothing more of it. */
		if (gpup_queue_submit(queues[i], gpu->commands, NULL, 0, NULL, 0, &values[i]) !=
		    -ECANCELED)
			wrong++;
		gpup_queue_destroy(queues[i]);
	}
	printf("fault: error=%s after_ms=%.1f\n", ret ? strerror(-ret) : "none",
	       (double)(now_ns() - start) / 1e6);
	return wrong ? EXIT_FAILED : 0;
}

static int run(int argc, char **argv)
{
	static const struct option options[] = { COMMON_OPTIONS, {} };
	const struct kind *kind = NULL;
	const char *path = NULL, *name;
	struct gpu gpu;
	unsigned int i;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		COMMON_CASES(path);
		}
	}
	if (optind != argc - 1)
		usage_error("which KIND of fault?");
	name = argv[optind];
	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(kinds[i].name, name))
			kind = &kinds[i];
	if (!kind && strcmp(name, "never") && strcmp(name, "cyclic"))
		usage_error("there is no fault '%s'", name);
	gpu_open(&gpu, path);
	return kind ? submit(&gpu, kind) : refused(&gpu, !strcmp(name, "cyclic"));
}

const struct command command_fault = {
	.name = "fault",
	.summary = "do something wrong, and see what the program is told",
	.help = "[OPTIONS] KIND\n"
		"\n"
		"Submit a job that is wrong in some way, print what comes of it, and exit with 0\n"
		"if that is what the documentation says. For trying out what others notice of it.\n"
		"\n"
		"KIND is endless, endless-many, huge (jobs that have to be stopped), page-fault,\n"
		"read-only, illegal, never, cyclic (waits that are refused), or marked, with\n"
		"which the software GPU can be told to hang.\n"
		"\n"
		COMMON_HELP,
	.run = run,
};
