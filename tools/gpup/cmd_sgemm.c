// SPDX-License-Identifier: MIT
/* gpup sgemm: multiply matrices, and compare with the CPU. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "cmd.h"
#include "options.h"
#include "sgemm.h"

#define DEFAULT_SIZE	128

/* Index of the first element that differs, or @count. */
static size_t first_difference(const float *a, const float *b, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (memcmp(&a[i], &b[i], sizeof(*a)))
			break;
	return i;
}

static int run(int argc, char **argv)
{
	enum { OPTION_REPEAT = OPTION_FIRST, OPTION_SEED, OPTION_JSON };
	static const struct option options[] = {
		COMMON_OPTIONS,
		{ "size", required_argument, NULL, 'n' },
		{ "repeat", required_argument, NULL, OPTION_REPEAT },
		{ "seed", required_argument, NULL, OPTION_SEED },
		{ "json", no_argument, NULL, OPTION_JSON },
		{ 0 }
	};
	struct sgemm size = { DEFAULT_SIZE, DEFAULT_SIZE, DEFAULT_SIZE };
	uint64_t repeat = 1, seed = 1, start, elapsed, sum, i;
	struct gpu_buffer a, b, c;
	const char *path = NULL;
	size_t count, difference;
	struct gpu_kernel kernel;
	bool as_json = false, good;
	struct gpu gpu;
	float *expected;
	double gflops;
	int option;

	while ((option = getopt_long(argc, argv, "n:", options, NULL)) != -1) {
		switch (option) {
		case 'n':
			size.m = (uint32_t)parse_number("-n", optarg, 1, SGEMM_MAX);
			size.n = size.k = size.m;
			break;
		case OPTION_REPEAT:
			repeat = parse_number("--repeat", optarg, 1, 1000000);
			break;
		case OPTION_SEED:
			seed = parse_number("--seed", optarg, 0, UINT64_MAX);
			break;
		case OPTION_JSON:
			as_json = true;
			break;
		COMMON_CASES(path);
		}
	}
	if (argc - optind == 3) {
		size.m = (uint32_t)parse_number("M", argv[optind], 1, SGEMM_MAX);
		size.n = (uint32_t)parse_number("N", argv[optind + 1], 1, SGEMM_MAX);
		size.k = (uint32_t)parse_number("K", argv[optind + 2], 1, SGEMM_MAX);
	} else if (argc != optind) {
		usage_error("give the sizes M N K, or -n N, or nothing");
	}

	gpu_open(&gpu, path);
	sgemm_load(&gpu, &kernel);
	gpu_buffer_create(&gpu, (uint64_t)size.m * size.k * sizeof(float), GPUP_BO_VRAM, &a);
	gpu_buffer_create(&gpu, (uint64_t)size.k * size.n * sizeof(float), GPUP_BO_VRAM, &b);
	gpu_buffer_create(&gpu, (uint64_t)size.m * size.n * sizeof(float), GPUP_BO_VRAM, &c);

	/* Not in place: the CPU may read video memory slowly. */
	count = (size_t)size.m * size.n;
	float *host_a = xmalloc(a.size), *host_b = xmalloc(b.size), *result = xmalloc(c.size);

	sgemm_fill(host_a, (size_t)size.m * size.k, seed);
	sgemm_fill(host_b, (size_t)size.k * size.n, ~seed);
	memcpy(a.data, host_a, a.size);
	memcpy(b.data, host_b, b.size);

	start = now_ns();
	for (i = 0; i < repeat; i++)
		sgemm_gpu(&gpu, &kernel, &size, a.va, b.va, c.va);
	gpu_finish(&gpu, GPUP_FOREVER);
	elapsed = now_ns() - start;
	memcpy(result, c.data, c.size);
	gflops = 2.0 * size.m * size.n * size.k * (double)repeat / (double)elapsed;
	sum = checksum(result, c.size);

	expected = xmalloc(c.size);
	sgemm_cpu(&size, host_a, host_b, expected);
	difference = first_difference(result, expected, count);
	good = difference == count;

	if (as_json) {
		cJSON *json = cJSON_CreateObject();
		char text[32];

		snprintf(text, sizeof(text), "%016" PRIx64, sum);
		cJSON_AddStringToObject(json, "partition", gpu.info.partition);
		cJSON_AddNumberToObject(json, "m", size.m);
		cJSON_AddNumberToObject(json, "n", size.n);
		cJSON_AddNumberToObject(json, "k", size.k);
		cJSON_AddNumberToObject(json, "repeat", (double)repeat);
		cJSON_AddNumberToObject(json, "seed", (double)seed);
		cJSON_AddNumberToObject(json, "elapsed_ns", (double)elapsed);
		cJSON_AddNumberToObject(json, "gflops", gflops);
		cJSON_AddStringToObject(json, "checksum", text);
		cJSON_AddBoolToObject(json, "same_as_cpu", good);
		print_json(json, false);
	} else {
		printf("sgemm %u x %u x %u, %" PRIu64 " time%s in %s: %.3f GFLOP/s\n", size.m,
		       size.n, size.k, repeat, PLURAL(repeat), duration(elapsed), gflops);
		printf("checksum %016" PRIx64 ", %s\n", sum,
		       good ? "same as the CPU's to the bit" : "NOT THE CPU'S");
	}
	if (!good)
		die(EXIT_FAILED, "row %zu, column %zu is %.9g on the GPU and %.9g on the CPU",
		    difference / size.n, difference % size.n, (double)result[difference],
		    (double)expected[difference]);

	free(expected);
	free(result);
	free(host_b);
	free(host_a);
	gpu_buffer_destroy(&gpu, &c);
	gpu_buffer_destroy(&gpu, &b);
	gpu_buffer_destroy(&gpu, &a);
	gpu_kernel_destroy(&gpu, &kernel);
	gpu_close(&gpu);
	return 0;
}

const struct command command_sgemm = {
	.name = "sgemm",
	.summary = "multiply matrices on the GPU, and compare with the CPU",
	.help = "[-n N | M N K] [--repeat R] [--seed S] [--json]\n"
		"\n"
		"Multiply an M x K matrix by a K x N one, in single precision, and compare the\n"
		"result with the CPU's to the bit. Exit status 1 if they differ.\n"
		"\n"
		"  -n, --size N        M, N and K at once; 128\n"
		"  --repeat R          do it R times; 1\n"
		"  --seed S            of the numbers in the matrices; 1\n"
		"  --json              for programs\n"
		COMMON_HELP,
	.run = run,
};
