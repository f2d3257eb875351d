// SPDX-License-Identifier: MIT
/* gpup check: kernels. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "check.h"
#include "filter.h"
#include "sgemm.h"

/* Every lane writes its ids; args: 0 output. 16 words a lane. */
static const char ids_kernel[] =
	".group 4, 3, 2\n"
	"sreg r0, global_id_x\n sreg r1, global_id_y\n sreg r2, global_id_z\n"
	"sreg r3, grid_size_x\n sreg r4, group_size_x\n mul.i32 r5, r3, r4\n"	/* width */
	"sreg r3, grid_size_y\n sreg r4, group_size_y\n mul.i32 r6, r3, r4\n"	/* height */
	"mad.i64 r7, r2, r6, r1\n mad.i64 r7, r7, r5, r0\n shl.i64 r7, r7, 6\n"
	"ldarg.u64 r8, 0\n add.i64 r7, r7, r8\n"
	"st.u32 [r7], r0\n st.u32 [r7 + 4], r1\n st.u32 [r7 + 8], r2\n"
	"sreg r9, local_id_x\n st.u32 [r7 + 12], r9\n"
	"sreg r9, local_id_y\n st.u32 [r7 + 16], r9\n"
	"sreg r9, local_id_z\n st.u32 [r7 + 20], r9\n"
	"sreg r9, group_id_x\n st.u32 [r7 + 24], r9\n"
	"sreg r9, group_id_y\n st.u32 [r7 + 28], r9\n"
	"sreg r9, group_id_z\n st.u32 [r7 + 32], r9\n"
	"sreg r9, lane\n st.u32 [r7 + 36], r9\n"
	"sreg r9, args_size\n st.u32 [r7 + 40], r9\n"
	"sreg r9, grid_size_z\n st.u32 [r7 + 44], r9\n"
	"sreg r9, args\n ld.u64 r9, [r9]\n sub.i64 r9, r9, r8\n st.u64 [r7 + 48], r9\n";

static bool ids(struct check *c)
{
	uint32_t grid[3] = { 2, 3, 2 }, x, y, z;
	struct gpu_kernel kernel;
	struct gpu_buffer out;
	const uint32_t *word;

	gpu_buffer_create(&c->gpu, 8 * 9 * 4 * 64, GPUP_BO_VRAM, &out);
	gpu_kernel_load(&c->gpu, "ids.s", ids_kernel, strlen(ids_kernel), &kernel);
	gpu_dispatch(&c->gpu, &kernel, grid, &out.va, sizeof(out.va));
	gpu_submit(&c->gpu);
	gpu_finish(&c->gpu, GPUP_FOREVER);

	word = out.data;
	for (z = 0; z < 4; z++)
		for (y = 0; y < 9; y++)
			for (x = 0; x < 8; x++, word += 16) {
				uint32_t expected[16] = {
					x, y, z, x % 4, y % 3, z % 2, x / 4, y / 3, z / 2,
					x % 4 + (y % 3 + z % 2 * 3) * 4, 8, 2,
				};

				CHECK(c, !memcmp(word, expected, sizeof(expected)),
				      "lane %u, %u, %u", x, y, z);
			}
	check_sum("ids", out.data, out.size);
	gpu_kernel_destroy(&c->gpu, &kernel);
	gpu_buffer_destroy(&c->gpu, &out);
	return true;
}

/* Control flow that takes lanes apart: steps of the Collatz sequence; args: 0 output. */
static const char flow_kernel[] =
	".group 64\n"
	"sreg r0, global_id_x\n add.i64 r1, r0, 1\n mov r2, 0\n"
	"loop\n"
	"  ceq.i64 r3, r1, 1\n  breakif r3\n"
	"  add.i32 r2, r2, 1\n"
	"  and.i64 r3, r1, 1\n"
	"  if !r3\n    shr.i64 r1, r1, 1\n    continue\n  endif\n"
	"  mul.i64 r1, r1, 3\n  add.i64 r1, r1, 1\n"
	"endloop\n"
	"cugt.i32 r3, r2, 100\n"
	"if r3\n  or.i32 r2, r2, 0x1000\n"
	"else\n  rem.i32 r4, r2, 2\n  if r4\n    or.i32 r2, r2, 0x2000\n  endif\n"
	"endif\n"
	"ldarg.u64 r4, 0\n shl.i64 r5, r0, 2\n add.i64 r4, r4, r5\n st.u32 [r4], r2\n"
	"cult.i32 r5, r0, 500\n"
	"if r5\n  exit\nendif\n"
	"or.i32 r2, r2, 0x4000\n st.u32 [r4], r2\n";

static bool flow(struct check *c)
{
	struct gpu_buffer out;
	const uint32_t *got;
	uint32_t i;

	gpu_buffer_create(&c->gpu, 1024 * 4, GPUP_BO_VRAM, &out);
	check_kernel(c, flow_kernel, 16, &out.va, 8);
	got = out.data;
	for (i = 0; i < 1024; i++) {
		uint32_t steps = 0;
		uint64_t n = i + 1;

		for (; n != 1; steps++)
			n = n & 1 ? 3 * n + 1 : n / 2;
		if (steps > 100)
			steps |= 0x1000;
		else if (steps % 2)
			steps |= 0x2000;
		if (i >= 500)
			steps |= 0x4000;
		CHECK(c, got[i] == steps, "lane %u: %x, expected %x", i, got[i], steps);
	}
	check_sum("flow", out.data, out.size);
	gpu_buffer_destroy(&c->gpu, &out);
	return true;
}

/* Sum of a group by halves in local memory, and of all by atomics; args: 0 sums, 8 total. */
static const char local_kernel[] =
	".group 256\n.local 1024\n"
	"sreg r0, lane\n sreg r1, global_id_x\n shl.i32 r2, r0, 2\n"
	"st.local.u32 [r2], r1\n barrier\n"
	"mov r3, 128\n"
	"loop\n"
	"  cult.i32 r4, r0, r3\n"
	"  if r4\n"
	"    shl.i32 r5, r3, 2\n    add.i32 r5, r5, r2\n"
	"    ld.local.u32 r6, [r5]\n    ld.local.u32 r7, [r2]\n"
	"    add.i32 r7, r7, r6\n    st.local.u32 [r2], r7\n"
	"  endif\n"
	"  barrier\n"
	"  shr.i32 r3, r3, 1\n  breakif !r3\n"
	"endloop\n"
	"if r0\n exit\nendif\n"
	"ld.local.u32 r7, [r2]\n sreg r8, group_id_x\n shl.i64 r8, r8, 2\n"
	"ldarg.u64 r9, 0\n add.i64 r9, r9, r8\n st.u32 [r9], r7\n"
	"ldarg.u64 r9, 8\n atom.add.i64 r10, [r9], r7\n"
	"atom.umax.i32 r10, [r9 + 8], r7\n"
	"mov r11, 1\n atom.xor.i32 r10, [r9 + 12], r11\n"
	"atom.sub.i32 r10, [r9 + 16], r11\n"
	"mov r12, 0\n sreg r13, group_id_x\n add.i32 r13, r13, 1\n"
	"atom.cmpxchg.i32 r10, [r9 + 20], r13, r12\n";

static bool local_memory(struct check *c)
{
	struct gpu_buffer out;
	const uint32_t *got;
	uint64_t total;
	uint32_t i, sum, last = 0;
	uint64_t args[2];

	gpu_buffer_create(&c->gpu, 4096, GPUP_BO_VRAM, &out);
	args[0] = out.va + 64;
	args[1] = out.va;
	check_kernel(c, local_kernel, 15, args, sizeof(args));
	got = out.data;
	for (i = 0, total = 0; i < 15; i++) {
		sum = 256 * (i * 256) + 255 * 128;
		last = sum;
		total += sum;
		CHECK(c, got[16 + i] == sum, "group %u: %u, expected %u", i, got[16 + i], sum);
	}
	CHECK(c, got[0] == (uint32_t)total && got[1] == total >> 32, "the total");
	CHECK(c, got[2] == last && got[3] == 1 && got[4] == (uint32_t)-15 && got[5] >= 1 &&
	      got[5] <= 15, "the other atomics: %x %x %x %x", got[2], got[3], got[4], got[5]);
	/* Which group is first is nobody's promise. */
	((uint32_t *)out.data)[5] = 0;
	check_sum("local", out.data, out.size);
	gpu_buffer_destroy(&c->gpu, &out);
	return true;
}

/* Every arithmetic instruction, on 256 pairs; args: 0 input (a, b: 8 bytes each), 8 output. */
static const char integer_kernel[] =
	".group 64\n"
	"sreg r0, global_id_x\n shl.i64 r1, r0, 4\n ldarg.u64 r2, 0\n add.i64 r2, r2, r1\n"
	"ld.u64 r3, [r2]\n ld.u64 r4, [r2 + 8]\n"
	"ldarg.u64 r2, 8\n shl.i64 r1, r0, 9\n add.i64 r2, r2, r1\n"
#define BOTH(op, at) \
	op ".i32 r5, r3, r4\n st.u64 [r2 + " #at " * 16], r5\n" \
	op ".i64 r5, r3, r4\n st.u64 [r2 + " #at " * 16 + 8], r5\n"
#define ONE(op, at) \
	op ".i32 r5, r3\n st.u64 [r2 + " #at " * 16], r5\n" \
	op ".i64 r5, r3\n st.u64 [r2 + " #at " * 16 + 8], r5\n"
	BOTH("add", 0) BOTH("sub", 1) BOTH("mul", 2) BOTH("mulhi", 3) BOTH("umulhi", 4)
	BOTH("div", 5) BOTH("udiv", 6) BOTH("rem", 7) BOTH("urem", 8) BOTH("min", 9)
	BOTH("max", 10) BOTH("umin", 11) BOTH("umax", 12) BOTH("and", 13) BOTH("or", 14)
	BOTH("xor", 15) BOTH("shl", 16) BOTH("shr", 17) BOTH("sar", 18) BOTH("ceq", 19)
	BOTH("clt", 20) BOTH("cle", 21) BOTH("cgt", 22) BOTH("cult", 23) BOTH("cuge", 24)
	ONE("neg", 25) ONE("abs", 26) ONE("not", 27)
	"mad.i32 r5, r3, r4, r4\n st.u64 [r2 + 448], r5\n"
	"mad.i64 r5, r3, r4, r4\n st.u64 [r2 + 456], r5\n"
	"ext.s8 r5, r3\n st.u64 [r2 + 464], r5\n ext.u16 r5, r3\n st.u64 [r2 + 472], r5\n"
	"ext.s32 r5, r3\n st.u64 [r2 + 480], r5\n select r5, r4, r3, r4\n st.u64 [r2 + 488], r5\n"
	"movhi r5, r3, 0x1234\n st.u64 [r2 + 496], r5\n"
	"st.u64 [r2 + 504], r4\n st.u8 [r2 + 505], r3\n ld.s8 r5, [r2 + 505]\n"
	"st.u16 [r2 + 506], r5\n";

static uint64_t integer_expected(unsigned int slot, uint64_t a, uint64_t b)
{
	bool wide = slot & 1;
	int64_t sa = wide ? (int64_t)a : (int32_t)a, sb = wide ? (int64_t)b : (int32_t)b;
	uint64_t mask = wide ? UINT64_MAX : UINT32_MAX;
	uint64_t ua = a & mask, ub = b & mask;
	unsigned int bits = wide ? 64 : 32;

	switch (slot / 2) {
	case 0: return (a + b) & mask;
	case 1: return (a - b) & mask;
	case 2: return (a * b) & mask;
	case 3: return (uint64_t)((__int128)sa * sb >> bits) & mask;
	case 4: return (uint64_t)((unsigned __int128)ua * ub >> bits) & mask;
	case 5: return (!sb ? UINT64_MAX : sb == -1 ? -(uint64_t)sa : (uint64_t)(sa / sb)) & mask;
	case 6: return (ub ? ua / ub : UINT64_MAX) & mask;
	case 7: return (!sb ? ua : sb == -1 ? 0 : (uint64_t)(sa % sb)) & mask;
	case 8: return ub ? ua % ub : ua;
	case 9: return (uint64_t)(sa < sb ? sa : sb) & mask;
	case 10: return (uint64_t)(sa > sb ? sa : sb) & mask;
	case 11: return ua < ub ? ua : ub;
	case 12: return ua > ub ? ua : ub;
	case 13: return ua & ub;
	case 14: return ua | ub;
	case 15: return ua ^ ub;
	case 16: return (ua << (b % bits)) & mask;
	case 17: return ua >> (b % bits);
	case 18: return (uint64_t)(sa >> (b % bits)) & mask;
	case 19: return ua == ub;
	case 20: return sa < sb;
	case 21: return sa <= sb;
	case 22: return sa > sb;
	case 23: return ua < ub;
	case 24: return ua >= ub;
	case 25: return -a & mask;
	case 26: return (sa < 0 ? -(uint64_t)sa : (uint64_t)sa) & mask;
	case 27: return ~a & mask;
	case 28: return (a * b + b) & mask;
	}
	switch (slot) {
	case 58: return (uint64_t)(int64_t)(int8_t)a;
	case 59: return (uint16_t)a;
	case 60: return (uint64_t)(int64_t)(int32_t)a;
	case 61: return b ? a : b;
	case 62: return UINT64_C(0x123400000000) | (uint32_t)a;
	default:
		b = (b & ~UINT64_C(0xff00)) | (a & 0xff) << 8;
		return (b & ~UINT64_C(0xffff0000)) | (uint64_t)(uint16_t)(int8_t)a << 16;
	}
}

static bool integers(struct check *c)
{
	static const uint64_t corners[] = {
		0, 1, 2, 7, 31, 32, 63, 64, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
		0x7fffffffffffffff, 0x8000000000000000, 0xfffffffffffffffe, 0xffffffffffffffff,
	};
	struct gpu_buffer in, out;
	uint64_t args[2], *pair;
	const uint64_t *got;
	unsigned int i, slot;

	gpu_buffer_create(&c->gpu, 256 * 16, GPUP_BO_VRAM, &in);
	gpu_buffer_create(&c->gpu, 256 * 512, GPUP_BO_VRAM, &out);
	pair = in.data;
	for (i = 0; i < 256; i++) {
		pair[2 * i] = corners[i % 16];
		pair[2 * i + 1] = corners[i / 16];
	}
	args[0] = in.va;
	args[1] = out.va;
	check_kernel(c, integer_kernel, 4, args, sizeof(args));

	got = out.data;
	for (i = 0; i < 256; i++)
		for (slot = 0; slot < 64; slot++)
			CHECK(c, got[i * 64 + slot] ==
			      integer_expected(slot, pair[2 * i], pair[2 * i + 1]),
			      "result %u of 0x%llx and 0x%llx is 0x%llx", slot,
			      (unsigned long long)pair[2 * i], (unsigned long long)pair[2 * i + 1],
			      (unsigned long long)got[i * 64 + slot]);
	check_sum("integers", out.data, out.size);
	gpu_buffer_destroy(&c->gpu, &in);
	gpu_buffer_destroy(&c->gpu, &out);
	return true;
}

/* Floating point on 256 pairs; args: 0 input (a, b: 4 bytes each), 8 output, 32 words a lane. */
static const char float_kernel[] =
	".group 64\n"
	"sreg r0, global_id_x\n shl.i64 r1, r0, 3\n ldarg.u64 r2, 0\n add.i64 r2, r2, r1\n"
	"ld.u32 r3, [r2]\n ld.u32 r4, [r2 + 4]\n"
	"ldarg.u64 r2, 8\n shl.i64 r1, r0, 7\n add.i64 r2, r2, r1\n"
#define TWO(op, at)	op ".f32 r5, r3, r4\n st.u32 [r2 + " #at " * 4], r5\n"
#define FUNCTION(op, at) op ".f32 r5, r3\n st.u32 [r2 + " #at " * 4], r5\n"
#define CONVERT(op, at)	op " r5, r3\n st.u32 [r2 + " #at " * 4], r5\n"
	TWO("add", 0) TWO("sub", 1) TWO("mul", 2) TWO("div", 3)
	FUNCTION("sqrt", 4) FUNCTION("rcp", 5) FUNCTION("floor", 6) FUNCTION("ceil", 7)
	FUNCTION("trunc", 8) FUNCTION("round", 9) FUNCTION("neg", 10) FUNCTION("abs", 11)
	"mad.f32 r5, r3, r4, r3\n st.u32 [r2 + 48], r5\n"
	TWO("clt", 13) TWO("cge", 14) TWO("cne", 15) CONVERT("f2i.i32", 16)
	CONVERT("i2f.i32", 17) CONVERT("u2f.i32", 18)
	TWO("min", 19) TWO("max", 20) CONVERT("f2u.i32", 21)
	/* Not defined by a standard: only compared between machines. */
	FUNCTION("rsqrt", 22) FUNCTION("exp2", 23) FUNCTION("log2", 24) FUNCTION("sin", 25)
	FUNCTION("cos", 26);

static float float_expected(unsigned int slot, float a, float b)
{
	switch (slot) {
	case 0: return a + b;
	case 1: return a - b;
	case 2: return a * b;
	case 3: return a / b;
	case 4: return sqrtf(a);
	case 5: return 1 / a;
	case 6: return floorf(a);
	case 7: return ceilf(a);
	case 8: return truncf(a);
	case 9: return nearbyintf(a);
	case 10: return -a;
	case 11: return fabsf(a);
	default: return fmaf(a, b, a);
	}
}

/* How far the GPU's functions may be from the CPU's, relative to the result. */
static bool near(float got, double expected)
{
	return fabs(got - expected) <= 1e-5 * fabs(expected) + 1e-6;
}

static bool floats(struct check *c)
{
	static const float corners[] = {
		0.0f, -0.0f, 1.0f, -1.0f, 0.5f, 1.5f, -2.5f, 3.1415927f, 1e-3f, -123.456f, 1e6f,
		-7e8f, 0x1p-126f, 0x1.fffffep127f, 65536.5f, 0.1f,
	};
	struct gpu_buffer in, out;
	const uint32_t *got;
	unsigned int i, slot;
	uint64_t args[2];
	float *pair;

	gpu_buffer_create(&c->gpu, 256 * 8, GPUP_BO_VRAM, &in);
	gpu_buffer_create(&c->gpu, 256 * 128, GPUP_BO_VRAM, &out);
	pair = in.data;
	for (i = 0; i < 256; i++) {
		pair[2 * i] = corners[i % 16];
		pair[2 * i + 1] = corners[i / 16];
	}
	args[0] = in.va;
	args[1] = out.va;
	check_kernel(c, float_kernel, 4, args, sizeof(args));

	got = out.data;
	for (i = 0; i < 256; i++) {
		float a = pair[2 * i], b = pair[2 * i + 1], value;
		const uint32_t *row = got + 32 * i;

		for (slot = 0; slot < 13; slot++) {
			float expected = float_expected(slot, a, b);

			memcpy(&value, &row[slot], sizeof(value));
			CHECK(c, isnan(expected) ? isnan(value) :
			      !memcmp(&value, &expected, sizeof(value)),
			      "result %u of %.9g and %.9g is %.9g, not %.9g", slot, (double)a,
			      (double)b, (double)value, (double)expected);
		}
		CHECK(c, row[13] == (a < b) && row[14] == (a >= b) && row[15] == (a != b),
		      "comparing %.9g and %.9g", (double)a, (double)b);
		if (fabsf(a) > 1e-30f && fabsf(a) < 1e5f) {
			float results[5];

			CHECK(c, (int32_t)row[16] == (int32_t)a, "f2i of %.9g", (double)a);
			memcpy(results, &row[22], sizeof(results));
			CHECK(c, a < 0 || near(results[0], 1 / sqrt((double)a)), "rsqrt of %.9g",
			      (double)a);
			CHECK(c, fabsf(a) > 100 || near(results[1], exp2((double)a)),
			      "exp2 of %.9g", (double)a);
			CHECK(c, a < 0 || near(results[2], log2((double)a)), "log2 of %.9g",
			      (double)a);
			CHECK(c, near(results[3], sin((double)a)) &&
			      near(results[4], cos((double)a)), "sin and cos of %.9g", (double)a);
		}
	}
	check_sum("floats", out.data, out.size);
	gpu_buffer_destroy(&c->gpu, &in);
	gpu_buffer_destroy(&c->gpu, &out);
	return true;
}

static bool product(struct check *c)
{
	static const struct sgemm sizes[] = {
		{ 1, 1, 1 }, { 33, 47, 19 }, { 64, 64, 64 }, { 5, 100, 130 },
	};
	struct gpu_kernel kernel;
	char label[64];
	size_t i;

	sgemm_load(&c->gpu, &kernel);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		const struct sgemm *size = &sizes[i];
		struct gpu_buffer a, b, out;
		float *expected;

		gpu_buffer_create(&c->gpu, size->m * size->k * sizeof(float), GPUP_BO_VRAM, &a);
		gpu_buffer_create(&c->gpu, size->k * size->n * sizeof(float), GPUP_BO_SYSTEM, &b);
		gpu_buffer_create(&c->gpu, size->m * size->n * sizeof(float), GPUP_BO_VRAM, &out);
		sgemm_fill(a.data, size->m * size->k, 1);
		sgemm_fill(b.data, size->k * size->n, 2);
		sgemm_gpu(&c->gpu, &kernel, size, a.va, b.va, out.va);
		gpu_finish(&c->gpu, GPUP_FOREVER);
		expected = xmalloc(out.size);
		sgemm_cpu(size, a.data, b.data, expected);
		CHECK(c, !memcmp(out.data, expected, out.size), "%u x %u x %u", size->m, size->n,
		      size->k);
		free(expected);
		snprintf(label, sizeof(label), "sgemm %u %u %u", size->m, size->n, size->k);
		check_sum(label, out.data, out.size);
		gpu_buffer_destroy(&c->gpu, &a);
		gpu_buffer_destroy(&c->gpu, &b);
		gpu_buffer_destroy(&c->gpu, &out);
	}
	gpu_kernel_destroy(&c->gpu, &kernel);
	return true;
}

static bool picture(struct check *c)
{
	static const uint32_t sizes[][2] = { { 1, 1 }, { 37, 23 }, { 130, 9 } };
	uint8_t data[6000], got[6000], expected[6000];
	uint32_t channels;
	char label[64];
	size_t i, j;

	check_pattern(data, sizeof(data), 5);
	for (i = 0; i < filter_count; i++)
		for (j = 0; j < 3; j++)
			for (channels = 1; channels <= 4; channels++) {
				struct image image = {
					.width = sizes[j][0], .height = sizes[j][1],
					.channels = channels, .maximum = 255, .data = data,
				};

				filter_gpu(&c->gpu, &filters[i], &image, got);
				filter_cpu(&filters[i], &image, expected);
				CHECK(c, !memcmp(got, expected, image_size(&image)),
				      "%s, %u x %u, %u channels", filters[i].name, image.width,
				      image.height, channels);
				if (j != 1 || channels != 3)
					continue;
				snprintf(label, sizeof(label), "filter %s", filters[i].name);
				check_sum(label, got, image_size(&image));
			}
	return true;
}

const struct check_test check_compute_tests[] = {
	{ "ids of lanes and groups", ids },
	{ "control flow", flow },
	{ "local memory, barriers, atomics", local_memory },
	{ "integer arithmetic", integers },
	{ "floating point", floats },
	{ "product of matrices", product },
	{ "filters of pictures", picture },
	{ NULL, NULL },
};
