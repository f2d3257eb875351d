// SPDX-License-Identifier: MIT
/* gpup: filters of pictures. */
#include <string.h>

#include "cmd.h"
#include "filter.h"

/* Lanes of a group, kernels/convolve.s. */
#define GROUP_X	64
#define GROUP_Y	4

/* Weights applied in a job, about; see JOB_SIZE in sgemm.c. */
#define JOB_SIZE	(UINT64_C(2) << 20)

const struct filter filters[] = {
	{ "blur", "5 x 5 binomial (Gaussian) blur", 5, 256, 0, {
		1, 4, 6, 4, 1,
		4, 16, 24, 16, 4,
		6, 24, 36, 24, 6,
		4, 16, 24, 16, 4,
		1, 4, 6, 4, 1 } },
	{ "box", "3 x 3 mean", 3, 9, 0, {
		1, 1, 1,
		1, 1, 1,
		1, 1, 1 } },
	{ "edge", "3 x 3 Laplacian: edges on black", 3, 1, 0, {
		-1, -1, -1,
		-1, 8, -1,
		-1, -1, -1 } },
	{ "emboss", "3 x 3 relief on grey", 3, 1, 128, {
		-2, -1, 0,
		-1, 0, 1,
		0, 1, 2 } },
	{ "sharpen", "3 x 3 sharpening", 3, 1, 0, {
		0, -1, 0,
		-1, 5, -1,
		0, -1, 0 } },
};

const size_t filter_count = sizeof(filters) / sizeof(filters[0]);

const struct filter *filter_find(const char *name)
{
	size_t i;

	for (i = 0; i < filter_count; i++)
		if (!strcmp(filters[i].name, name))
			return &filters[i];
	return NULL;
}

static bool is_alpha(const struct image *image, uint32_t channel)
{
	return image->channels % 2 == 0 && channel == image->channels - 1;
}

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
	return value < low ? low : value > high ? high : value;
}

void filter_cpu(const struct filter *filter, const struct image *in, uint8_t *out)
{
	int64_t radius = filter->size / 2, width = in->width, height = in->height;
	int64_t x, y, i, j;
	uint32_t channel;

	for (y = 0; y < height; y++)
		for (x = 0; x < width; x++)
			for (channel = 0; channel < in->channels; channel++) {
				const int32_t *weight = filter->weights;
				int32_t sum = 0;

				if (is_alpha(in, channel)) {
					*out++ = in->data[(y * width + x) * in->channels + channel];
					continue;
				}
				for (j = -radius; j <= radius; j++)
					for (i = -radius; i <= radius; i++) {
						int64_t at = clamp(y + j, 0, height - 1) * width +
							     clamp(x + i, 0, width - 1);

						sum += *weight++ *
						       in->data[at * in->channels + channel];
					}
				sum = (sum + filter->divisor / 2) / filter->divisor + filter->bias;
				*out++ = (uint8_t)clamp(sum, 0, in->maximum);
			}
}

/*
 * Copy the picture from where the CPU has put it to where the kernel reads it, and put a border of
 * @radius pixels around it: first the columns at the sides, then whole rows above and
 * below.
 */
static void add_border(struct gpu *gpu, const struct image *in, uint64_t from, uint64_t to,
		       uint32_t radius)
{
	uint32_t pixel = in->channels, row = in->width * pixel;
	uint32_t pitch = row + 2 * radius * pixel, i;
	uint64_t first = to + (uint64_t)radius * pitch;
	uint64_t last = first + (uint64_t)(in->height - 1) * pitch;

	gpup_cmd_copy_2d(gpu->commands, &(struct gpup_copy_2d) {
		.dst = first + radius * pixel, .dst_pitch = pitch,
		.src = from, .src_pitch = row, .width = row, .height = in->height });
	for (i = 0; i < radius; i++) {
		gpup_cmd_copy_2d(gpu->commands, &(struct gpup_copy_2d) {
			.dst = first + i * pixel, .dst_pitch = pitch,
			.src = from, .src_pitch = row, .width = pixel, .height = in->height });
		gpup_cmd_copy_2d(gpu->commands, &(struct gpup_copy_2d) {
			.dst = first + radius * pixel + row + i * pixel, .dst_pitch = pitch,
			.src = from + row - pixel, .src_pitch = row, .width = pixel,
			.height = in->height });
	}
	/* A source pitch of zero repeats the row. */
	gpup_cmd_copy_2d(gpu->commands, &(struct gpup_copy_2d) {
		.dst = to, .dst_pitch = pitch, .src = first, .width = pitch, .height = radius });
	gpup_cmd_copy_2d(gpu->commands, &(struct gpup_copy_2d) {
		.dst = last + pitch, .dst_pitch = pitch, .src = last, .width = pitch,
		.height = radius });
	gpu_submit(gpu);
}

void filter_gpu(struct gpu *gpu, const struct filter *filter, const struct image *in,
		uint8_t *out)
{
	uint32_t radius = filter->size / 2, row = in->width * in->channels;
	uint32_t pitch = row + 2 * radius * in->channels;
	uint64_t rows = JOB_SIZE / ((uint64_t)row * filter->size * filter->size) /
			GROUP_Y * GROUP_Y, y;
	struct gpu_buffer transfer, source, target;
	struct gpu_kernel kernel;
	struct {
		uint64_t source, target;
		uint32_t source_pitch, target_pitch, samples, rows;
		uint32_t channels, size;
		int32_t divisor, bias;
		uint32_t maximum, alpha, centre;
		int32_t weights[FILTER_MAX_SIZE * FILTER_MAX_SIZE];
	} args = {
		.source_pitch = pitch,
		.target_pitch = row,
		.samples = row,
		.channels = in->channels,
		.size = filter->size,
		.divisor = filter->divisor,
		.bias = filter->bias,
		.maximum = in->maximum,
		.alpha = in->channels % 2 ? UINT32_MAX : in->channels - 1,
		.centre = radius * (pitch + in->channels),
	};

	gpu_kernel_load(gpu, "convolve.s", kernel_convolve,
			(size_t)(kernel_convolve_end - kernel_convolve), &kernel);
	gpu_buffer_create(gpu, image_size(in), GPUP_BO_SYSTEM, &transfer);
	gpu_buffer_create(gpu, image_size(in), GPUP_BO_VRAM, &target);
	gpu_buffer_create(gpu, (uint64_t)pitch * (in->height + 2 * radius), GPUP_BO_VRAM, &source);

	memcpy(transfer.data, in->data, image_size(in));
	add_border(gpu, in, transfer.va, source.va, radius);

	memcpy(args.weights, filter->weights, sizeof(args.weights));
	if (!rows)
		rows = GROUP_Y;
	for (y = 0; y < in->height; y += rows) {
		uint32_t grid[3] = { (row + GROUP_X - 1) / GROUP_X, 0, 1 };

		args.source = source.va + y * pitch;
		args.target = target.va + y * row;
		args.rows = (uint32_t)(in->height - y < rows ? in->height - y : rows);
		grid[1] = (args.rows + GROUP_Y - 1) / GROUP_Y;
		gpu_dispatch(gpu, &kernel, grid, &args, sizeof(args));
		gpu_submit(gpu);
	}

	gpup_cmd_copy(gpu->commands, transfer.va, target.va, image_size(in));
	gpu_submit(gpu);
	gpu_finish(gpu, GPUP_FOREVER);
	memcpy(out, transfer.data, image_size(in));

	gpu_buffer_destroy(gpu, &source);
	gpu_buffer_destroy(gpu, &target);
	gpu_buffer_destroy(gpu, &transfer);
	gpu_kernel_destroy(gpu, &kernel);
}
