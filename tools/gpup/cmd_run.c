// SPDX-License-Identifier: MIT
/* gpup run: assemble a kernel and run it on the bytes of a file. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "gpu.h"
#include "options.h"

#define MAX_ARGS	64
#define MAX_LOCAL_SIZE	65536
#define MAX_GROUP	1024

/* What the kernel finds at the start of its arguments; then come those of --args. */
struct arguments {
	uint64_t input, input_size;
	uint64_t output, output_size;
	uint64_t user[MAX_ARGS];
};

/* "1,-2,0x30,2.5": 8 bytes each; floats in the low half. */
static uint32_t parse_args(const char *text, uint64_t *args)
{
	uint32_t count = 0;
	char *end;

	do {
		const char *comma = text + strcspn(text, ",");
		bool real;
		float value;
		uint32_t bits;

		if (count == MAX_ARGS)
			usage_error("--args: %d arguments is the limit", MAX_ARGS);
		/* A number with a point or an exponent is a float. */
		real = strcspn(text, ".") < (size_t)(comma - text) ||
		       (strncmp(text, "0x", 2) && strcspn(text, "eE") < (size_t)(comma - text));
		if (real) {
			value = strtof(text, &end);
			memcpy(&bits, &value, sizeof(bits));
			args[count++] = bits;
		} else if (*text == '-') {
			args[count++] = (uint64_t)strtoll(text, &end, 0);
		} else {
			args[count++] = strtoull(text, &end, 0);
		}
		if (end == text || end != comma)
			usage_error("--args: '%.*s' is not a number; give 12, -3, 0xff or 2.5",
				    (int)(comma - text), text);
		text = comma + 1;
	} while (text[-1]);
	return count;
}

/* What the assembler makes of the kernel; needs no GPU. */
static void dump(const char *name, const char *source, size_t source_size)
{
	struct gpup_program *program = gpu_assemble(name, source, source_size);
	const uint64_t *code = gpup_program_code(program);
	uint32_t group[3], i;
	char text[128];

	gpup_program_group(program, group);
	printf(".group %u, %u, %u\n.local %u\n", group[0], group[1], group[2],
	       gpup_program_local_size(program));
	for (i = 0; i < gpup_program_size(program) / 8; i++) {
		gpup_disassemble(code[i], text, sizeof(text));
		printf("\t%-40s; %4u %016" PRIx64 "\n", text, i, code[i]);
	}
	gpup_program_destroy(program);
}

static int run(int argc, char **argv)
{
	enum {
		OPTION_INPUT = OPTION_FIRST, OPTION_OUTPUT, OPTION_OUTPUT_SIZE, OPTION_GROUPS,
		OPTION_GROUP_SIZE, OPTION_LOCAL_SIZE, OPTION_ARGS, OPTION_TIMEOUT, OPTION_DUMP,
	};
	static const struct option options[] = {
		COMMON_OPTIONS,
		{ "input", required_argument, NULL, OPTION_INPUT },
		{ "output", required_argument, NULL, OPTION_OUTPUT },
		{ "output-size", required_argument, NULL, OPTION_OUTPUT_SIZE },
		{ "groups", required_argument, NULL, OPTION_GROUPS },
		{ "group-size", required_argument, NULL, OPTION_GROUP_SIZE },
		{ "local-size", required_argument, NULL, OPTION_LOCAL_SIZE },
		{ "args", required_argument, NULL, OPTION_ARGS },
		{ "timeout", required_argument, NULL, OPTION_TIMEOUT },
		{ "dump", no_argument, NULL, OPTION_DUMP },
		{ 0 }
	};
	const char *path = NULL, *input_path = NULL, *output_path = NULL, *source;
	struct gpu_buffer input = { 0 }, output = { 0 };
	uint32_t grid[3] = { 1, 1, 1 }, group[3] = { 0 };
	uint64_t output_size = 0, local_size = 0;
	struct arguments args = { 0 };
	int64_t timeout = GPUP_FOREVER;
	struct gpu_kernel kernel;
	bool only_dump = false;
	uint32_t arg_count = 0;
	void *data, *text;
	struct gpu gpu;
	size_t size;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case OPTION_INPUT:
			input_path = optarg;
			break;
		case OPTION_OUTPUT:
			output_path = optarg;
			break;
		case OPTION_OUTPUT_SIZE:
			output_size = parse_number("--output-size", optarg, 1, UINT64_C(1) << 40);
			break;
		case OPTION_GROUPS:
			parse_triple("--groups", optarg, UINT32_MAX, grid);
			break;
		case OPTION_GROUP_SIZE:
			parse_triple("--group-size", optarg, MAX_GROUP, group);
			if ((uint64_t)group[0] * group[1] * group[2] > MAX_GROUP)
				usage_error("--group-size: a group has %u lanes at most",
					    MAX_GROUP);
			break;
		case OPTION_LOCAL_SIZE:
			local_size = parse_number("--local-size", optarg, 1, MAX_LOCAL_SIZE);
			break;
		case OPTION_ARGS:
			arg_count = parse_args(optarg, args.user);
			break;
		case OPTION_TIMEOUT:
			timeout = (int64_t)(parse_seconds("--timeout", optarg) * 1e9);
			break;
		case OPTION_DUMP:
			only_dump = true;
			break;
		COMMON_CASES(path);
		}
	}
	if (optind == argc)
		usage_error("the FILE with the kernel is missing");
	if (optind + 1 < argc)
		usage_error("'%s' is too much; one FILE is taken", argv[optind + 1]);
	if (output_size && !output_path)
		usage_error("--output-size without --output");
	source = argv[optind];

	text = read_file(source, &size);
	if (only_dump) {
		dump(source, text, size);
		free(text);
		return 0;
	}
	gpu_open(&gpu, path);
	gpu_kernel_load(&gpu, source, text, size, &kernel);
	free(text);
	if (group[0])
		memcpy(kernel.group, group, sizeof(group));
	if (local_size)
		kernel.local_size = (uint32_t)local_size;
	if (input_path) {
		data = read_file(input_path, &size);
		gpu_buffer_create(&gpu, size, GPUP_BO_VRAM, &input);
		memcpy(input.data, data, size);
		free(data);
		args.input = input.va;
		args.input_size = size;
		if (!output_size)
			output_size = size;
	}
	if (output_path) {
		if (!output_size)
			usage_error("--output needs --output-size, as there is no --input");
		gpu_buffer_create(&gpu, output_size, GPUP_BO_VRAM, &output);
		args.output = output.va;
		args.output_size = output_size;
	}

	gpu_dispatch(&gpu, &kernel, grid, &args,
		     (uint32_t)(offsetof(struct arguments, user) + 8 * arg_count));
	gpu_submit(&gpu);
	gpu_finish(&gpu, timeout);

	if (output_path) {
		write_file(output_path, output.data, output_size);
		gpu_buffer_destroy(&gpu, &output);
	}
	if (input_path)
		gpu_buffer_destroy(&gpu, &input);
	gpu_kernel_destroy(&gpu, &kernel);
	gpu_close(&gpu);
	return 0;
}

const struct command command_run = {
	.name = "run",
	.summary = "assemble a kernel and run it on the bytes of a file",
	.help = "FILE [OPTION]...\n"
		"\n"
		"Assemble the kernel in FILE (see gpup-asm(5)) and run it once. Its arguments\n"
		"are, 8 bytes each: address and size of the input, address and size of the\n"
		"output, and then those of --args.\n"
		"\n"
		"  --input PATH        bytes to work on; - is standard input\n"
		"  --output PATH       where to write the output; - is standard output\n"
		"  --output-size N     size of the output in bytes; else that of the input\n"
		"  --groups X[,Y[,Z]]  number of groups to run; 1\n"
		"  --group-size X[,Y[,Z]]  lanes of a group; what the kernel says, or 1\n"
		"  --local-size N      local memory of a group in bytes; what the kernel says\n"
		"  --args A[,B]...     whole numbers, or floats (with a point) in the low half\n"
		"  --timeout S         seconds to wait for the kernel; no limit\n"
		"  --dump              print what the kernel is assembled to; needs no GPU\n"
		COMMON_HELP
		"\n"
		"Exit status: 3 if the GPU stopped the kernel, see gpup(1).\n",
	.run = run,
};
