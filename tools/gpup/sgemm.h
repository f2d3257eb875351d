/* SPDX-License-Identifier: MIT */
/* gpup: products of matrices, on the GPU and, to the same bits, on the CPU. */
#ifndef GPUP_SGEMM_H
#define GPUP_SGEMM_H

#include "gpu.h"

/* C = A * B; A is m x k, B is k x n, row-major. */
struct sgemm {
	uint32_t m, n, k;
};

#define SGEMM_MAX	16384

/* Numbers in [-1, 1), the same for the same seed. */
void sgemm_fill(float *matrix, size_t count, uint64_t seed);
void sgemm_cpu(const struct sgemm *size, const float *a, const float *b, float *c);
void sgemm_load(struct gpu *gpu, struct gpu_kernel *kernel);
/* Submit the jobs of one product. */
void sgemm_gpu(struct gpu *gpu, const struct gpu_kernel *kernel, const struct sgemm *size,
	       uint64_t a, uint64_t b, uint64_t c);

#endif
