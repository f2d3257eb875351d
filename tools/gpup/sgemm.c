// SPDX-License-Identifier: MIT
/* gpup: products of matrices. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "cmd.h"
#include "sgemm.h"

/* Elements of C that a group makes, in each direction; kernels/sgemm.s. */
#define TILE	32

/*
 * Multiplications in a job, about. A short job lets other partitions have their turn
 * sooner, and stays far from the job timeout on a slow machine.
 */
#define JOB_SIZE	(UINT64_C(4) << 20)

void sgemm_fill(float *matrix, size_t count, uint64_t seed)
{
	uint64_t state = seed * 2 + 1;
	size_t i;

	for (i = 0; i < count; i++) {
		/* splitmix64 */
		uint64_t z = state += 0x9e3779b97f4a7c15;

		z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
		z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
		z ^= z >> 31;
		/* 24 bits: each of them is a float, without rounding. */
		matrix[i] = (float)(int32_t)(z >> 40) / 0x1p23f - 1.0f;
	}
}

/*
 * fmaf(), fast on CPUs without the instruction as well. The product of two floats is exact in
 * double; the sum then is rounded twice, which matters only if the first rounding
 * ends in the middle between two floats, or if the result is subnormal.
 */
static float fused(float a, float b, float c)
{
	double sum = (double)a * b + c;
	uint64_t bits;

	memcpy(&bits, &sum, sizeof(bits));
	if ((bits & 0x1fffffff) == 0x10000000 || !(fabs(sum) >= FLT_MIN))
		return fmaf(a, b, c);
	return (float)sum;
}

void sgemm_cpu(const struct sgemm *size, const float *a, const float *b, float *c)
{
	size_t n = size->n;
	uint32_t i, j, k;

	/* Each element in ascending order of k, as the kernel does it. */
	for (i = 0; i < size->m; i++) {
		memset(c + i * n, 0, n * sizeof(*c));
		for (k = 0; k < size->k; k++)
			for (j = 0; j < n; j++)
				c[i * n + j] = fused(a[(size_t)i * size->k + k], b[k * n + j],
						     c[i * n + j]);
	}
}

void sgemm_load(struct gpu *gpu, struct gpu_kernel *kernel)
{
	gpu_kernel_load(gpu, "sgemm.s", kernel_sgemm, (size_t)(kernel_sgemm_end - kernel_sgemm),
			kernel);
}

void sgemm_gpu(struct gpu *gpu, const struct gpu_kernel *kernel, const struct sgemm *size,
	       uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t rows = JOB_SIZE / ((uint64_t)size->n * size->k) / TILE * TILE;
	uint64_t row;

	if (!rows)
		rows = TILE;
	for (row = 0; row < size->m; row += rows) {
		struct {
			uint64_t a, b, c;
			uint32_t m, n, k, pad;
		} args = {
			.a = a + row * size->k * sizeof(float),
			.b = b,
			.c = c + row * size->n * sizeof(float),
			.m = (uint32_t)(size->m - row < rows ? size->m - row : rows),
			.n = size->n,
			.k = size->k,
		};
		uint32_t grid[3] = {
			(size->n + TILE - 1) / TILE, (args.m + TILE - 1) / TILE, 1
		};

		gpu_dispatch(gpu, kernel, grid, &args, sizeof(args));
		gpu_submit(gpu);
	}
}
