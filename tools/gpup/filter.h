/* SPDX-License-Identifier: MIT */
/* gpup: filters of pictures, on the GPU and, to the same bits, on the CPU. */
#ifndef GPUP_FILTER_H
#define GPUP_FILTER_H

#include "gpu.h"
#include "image.h"

#define FILTER_MAX_SIZE	5

/* clamp((sum of sample * weight + divisor / 2) / divisor + bias, 0, maximum) */
struct filter {
	const char *name;
	const char *summary;
	uint32_t size;		/* of the square; odd */
	int32_t divisor, bias;
	int32_t weights[FILTER_MAX_SIZE * FILTER_MAX_SIZE];
};

extern const struct filter filters[];
extern const size_t filter_count;

const struct filter *filter_find(const char *name);
/* @out has room for image_size(). Pixels beyond an edge are taken to be like those at it. */
void filter_cpu(const struct filter *filter, const struct image *in, uint8_t *out);
void filter_gpu(struct gpu *gpu, const struct filter *filter, const struct image *in,
		uint8_t *out);

#endif
