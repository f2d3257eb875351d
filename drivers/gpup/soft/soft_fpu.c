// SPDX-License-Identifier: GPL-2.0-only
/*
 * Floating point, over a row of lanes.
 *
 * The one unit that is compiled with floating point; it is called between
 * kernel_fpu_begin() and kernel_fpu_end(), with the default rounding (to nearest,
 * halves to even), and calls nothing outside. It uses only operations that
 * IEEE 754 defines to the bit (+, -, *, /, square root, conversions), in the order
 * that is written in Documentation/gpu/gpup/isa.rst, and no library: the results are the
 * same on every machine. Not-a-number as a result is always 0x7fc00000.
 */
#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/limits.h>
#include <linux/types.h>

#include "soft_shader.h"

#define NAN_BITS	0x7fc00000u
#define INF_BITS	0x7f800000u
#define SIGN_BIT	0x80000000u
/* pi / 2 / 2^62 and the square root of 2. */
#define HALF_PI_SCALED	0x3c1921fb54442d18ull
#define SQRT_2		0x3ff6a09e667f3bcdull
/* Added and subtracted, it rounds a double to an integer: 1.5 * 2^52. */
#define ROUND_SHIFT	6755399441055744.0
#define TWO_23		8388608.0f
#define TWO_31		2147483648.0f
#define TWO_32		4294967296.0f
#define TWO_63		9223372036854775808.0f
#define TWO_64		18446744073709551616.0f

union f32_bits {
	float f;
	u32 u;
};

union f64_bits {
	double f;
	u64 u;
};

static __always_inline float from_bits(u32 bits)
{
	union f32_bits value = { .u = bits };

	return value.f;
}

static __always_inline u32 raw_bits(float f)
{
	union f32_bits value = { .f = f };

	return value.u;
}

static __always_inline double double_of(u64 bits)
{
	union f64_bits value = { .u = bits };

	return value.f;
}

/* A result: there is only one not-a-number. */
static __always_inline u64 to_bits(float f)
{
	u32 bits = raw_bits(f);

	return (bits & ~SIGN_BIT) > INF_BITS ? NAN_BITS : bits;
}

static __always_inline float with_sign_of(float f, float sign)
{
	return from_bits((raw_bits(f) & ~SIGN_BIT) | (raw_bits(sign) & SIGN_BIT));
}

/* Operations of one operand. */

/* An instruction of every x86-64; the compiler might call a library that is not there. */
static inline float fp_sqrt(float a)
{
	float root;

	asm("sqrtss %1, %0" : "=x" (root) : "x" (a));
	return root;
}

static inline float fp_rsqrt(float a)
{
	double root;

	asm("sqrtsd %1, %0" : "=x" (root) : "x" ((double)a));
	return (float)(1.0 / root);
}

static inline float fp_rcp(float a)
{
	return 1.0f / a;
}

/* From 2^23 on there are only integers. */
static inline bool has_fraction(float a)
{
	return (raw_bits(a) & ~SIGN_BIT) < 0x4b000000u;
}

static inline float fp_trunc(float a)
{
	return has_fraction(a) ? with_sign_of((float)(s32)a, a) : a;
}

static inline float fp_floor(float a)
{
	float r = fp_trunc(a);

	return r > a ? r - 1.0f : r;
}

static inline float fp_ceil(float a)
{
	float r = fp_trunc(a);

	return r < a ? with_sign_of(r + 1.0f, a) : r;
}

static inline float fp_round(float a)
{
	/* Adding 2^23 leaves no room for a fraction. */
	float magnitude = with_sign_of(a, 1.0f) + TWO_23;

	return has_fraction(a) ? with_sign_of(magnitude - TWO_23, a) : a;
}

/* Constants in double precision are given as bits, as they have to be exact. */

/* 2^f for |f| <= 1/2 by its Taylor series: ln(2)^n / n!. */
static const u64 exp2_poly[] = {
	0x3ff0000000000000, 0x3fe62e42fefa39ef, 0x3fcebfbdff82c58f,
	0x3fac6b08d704a0c0, 0x3f83b2ab6fba4e77, 0x3f55d87fe78a6731,
	0x3f2430912f86c787, 0x3eeffcbfc588b0c7, 0x3eb62c0223a5c824,
	0x3e7b5253d395e7c4,
};

/* (2 / ln(2)) / n for n = 1, 3, ... 15. */
static const u64 log2_poly[] = {
	0x40071547652b82fe, 0x3feec709dc3a03fd, 0x3fe2776c50ef9bfe,
	0x3fda61762a7aded9, 0x3fd484b13d7c02a9, 0x3fd0c9a84994022d,
	0x3fcc68f568d31760, 0x3fc89f3b1694cffe,
};

/* The Taylor series of sin(r) / r and of cos(r), in r^2. */
static const u64 sin_poly[] = {
	0x3ff0000000000000, 0xbfc5555555555555, 0x3f81111111111111,
	0xbf2a01a01a01a01a, 0x3ec71de3a556c734, 0xbe5ae64567f544e4,
	0x3de6124613a86d09,
};

static const u64 cos_poly[] = {
	0x3ff0000000000000, 0xbfe0000000000000, 0x3fa5555555555555,
	0xbf56c16c16c16c17, 0x3efa01a01a01a01a, 0xbe927e4fb7789f5c,
	0x3e21eed8eff8d898, 0xbda93974a8c07c9d,
};

/* 32 zeroes, then the first 256 bits of 2 / pi. */
static const u32 two_over_pi[] = {
	0x00000000, 0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0,
	0xdb629599, 0x3c439041, 0xfe5163ab, 0xdebbc561,
};

static inline double horner(const u64 *poly, int terms, double x)
{
	double sum = double_of(poly[terms - 1]);
	int i;

	for (i = terms - 2; i >= 0; i--)
		sum = sum * x + double_of(poly[i]);
	return sum;
}

static float fp_exp2(float a)
{
	union f64_bits scale;
	double x = a, k;

	if (a != a)
		return a;
	if (a >= 128.0f)
		return from_bits(INF_BITS);
	if (a <= -150.0f)
		return 0.0f;
	k = (x + ROUND_SHIFT) - ROUND_SHIFT;
	scale.u = (u64)((s64)k + 1023) << 52;
	return (float)(horner(exp2_poly, 10, x - k) * scale.f);
}

static float fp_log2(float a)
{
	union f64_bits m = { .f = a };
	double e, s;

	if (a != a || a < 0.0f)
		return from_bits(NAN_BITS);
	if (a == 0.0f)
		return from_bits(SIGN_BIT | INF_BITS);
	if (raw_bits(a) == INF_BITS)
		return a;
	e = (double)((s64)(m.u >> 52) - 1023);
	m.u = (m.u & GENMASK_ULL(51, 0)) | 1023ULL << 52;
	if (m.f > double_of(SQRT_2)) {
		m.f = m.f * 0.5;
		e = e + 1.0;
	}
	s = (m.f - 1.0) / (m.f + 1.0);
	return (float)(e + s * horner(log2_poly, 8, s * s));
}

/*
 * |a| = (4n + q) * pi/2 + r with |r| <= pi/4: returns r and sets q.
 *
 * a is an integer of 24 bits times a power of two. It is multiplied with 96 of the bits of
 * 2/pi: those before would only add multiples of four, those after no more
 * than 2^-70.
 */
static double reduce(u32 bits, u32 *q)
{
	u32 mantissa = (bits & 0x7fffff) | 0x800000;
	u32 skip = (bits >> 23) - 150 + 30;
	const u32 *words = &two_over_pi[skip / 32];
	u32 shift = skip % 32;
	u64 low, mid;
	u32 w[3], high, i;
	s64 fraction;

	for (i = 0; i < 3; i++)
		w[i] = ((u64)words[i] << 32 | words[i + 1]) << shift >> 32;
	low = (u64)mantissa * w[2];
	mid = (u64)mantissa * w[1] + (low >> 32);
	high = mantissa * w[0] + (u32)(mid >> 32);

	*q = (high + 0x20000000) >> 30;
	fraction = ((u64)high << 32 | (u32)mid) - ((u64)*q << 62);
	return (double)fraction * double_of(HALF_PI_SCALED);
}

/* The sine of |a| + quarter * pi/2. */
static float sine(u32 bits, u32 quarter)
{
	double r, y;
	u32 q = 0;

	/* Up to pi/4 as it is. */
	if (bits <= 0x3f490fdb)
		r = (double)from_bits(bits);
	else
		r = reduce(bits, &q);

	q += quarter;
	if (q & 1)
		y = horner(cos_poly, 8, r * r);
	else
		y = r * horner(sin_poly, 7, r * r);
	return (float)(q & 2 ? -y : y);
}

static float fp_sin(float a)
{
	u32 bits = raw_bits(a) & ~SIGN_BIT;

	if (bits >= INF_BITS)
		return from_bits(NAN_BITS);
	return from_bits(raw_bits(sine(bits, 0)) ^ (raw_bits(a) & SIGN_BIT));
}

static float fp_cos(float a)
{
	u32 bits = raw_bits(a) & ~SIGN_BIT;

	if (bits >= INF_BITS)
		return from_bits(NAN_BITS);
	return sine(bits, 1);
}

/* Operations of two and three operands. */

static inline float fp_add(float a, float b)
{
	return a + b;
}

static inline float fp_sub(float a, float b)
{
	return a - b;
}

static inline float fp_mul(float a, float b)
{
	return a * b;
}

static inline float fp_div(float a, float b)
{
	return a / b;
}

/* One operand that is not a number does not count; -0 is less than +0. */
static inline float fp_min(float a, float b)
{
	if (a != a)
		return b;
	if (b != b)
		return a;
	if (a == b)
		return from_bits(raw_bits(a) | raw_bits(b));
	return a < b ? a : b;
}

static inline float fp_max(float a, float b)
{
	if (a != a)
		return b;
	if (b != b)
		return a;
	if (a == b)
		return from_bits(raw_bits(a) & raw_bits(b));
	return a > b ? a : b;
}

/* Where the CPU can do it. */
static __always_inline float fp_fma_cpu(float a, float b, float c)
{
	asm("vfmadd213ss %2, %1, %0" : "+x" (a) : "x" (b), "x" (c));
	return a;
}

/*
 * Where it cannot. The product is exact in double precision, the sum is not. It is rounded to odd
 * first: what was lost (exact by Knuth's two-sum) moves an even last bit, so
 * that the rounding to float sees on which side of a half the sum is.
 */
static inline float fp_fma(float a, float b, float c)
{
	double product = (double)a * (double)b;
	union f64_bits sum = { .f = product + (double)c };
	double rest, lost;

	if ((sum.u >> 52 & 0x7ff) == 0x7ff)
		return (float)sum.f;
	rest = sum.f - product;
	lost = (product - (sum.f - rest)) + ((double)c - rest);
	if (lost != 0.0 && !(sum.u & 1)) {
		if (lost * sum.f > 0.0)
			sum.u++;
		else
			sum.u--;
	}
	return (float)sum.f;
}

static inline u64 fp_ceq(float a, float b)
{
	return a == b;
}

static inline u64 fp_cne(float a, float b)
{
	return a != b;
}

static inline u64 fp_clt(float a, float b)
{
	return a < b;
}

static inline u64 fp_cle(float a, float b)
{
	return a <= b;
}

static inline u64 fp_cgt(float a, float b)
{
	return a > b;
}

static inline u64 fp_cge(float a, float b)
{
	return a >= b;
}

/* Conversions. */

static inline u64 fp_f2i32(u64 a)
{
	float f = from_bits(a);

	if (f != f)
		return 0;
	if (f >= TWO_31)
		return S32_MAX;
	if (f < -TWO_31)
		return (u32)S32_MIN;
	return (u32)(s32)f;
}

static inline u64 fp_f2i64(u64 a)
{
	float f = from_bits(a);

	if (f != f)
		return 0;
	if (f >= TWO_63)
		return S64_MAX;
	if (f < -TWO_63)
		return S64_MIN;
	return (s64)f;
}

static inline u64 fp_f2u32(u64 a)
{
	float f = from_bits(a);

	/* Also what is not a number. */
	if (!(f > 0.0f))
		return 0;
	if (f >= TWO_32)
		return U32_MAX;
	return (u32)(s64)f;
}

static inline u64 fp_f2u64(u64 a)
{
	float f = from_bits(a);

	if (!(f > 0.0f))
		return 0;
	if (f >= TWO_64)
		return U64_MAX;
	if (f >= TWO_63)
		return (u64)(s64)(f - TWO_63) + (1ULL << 63);
	return (s64)f;
}

static inline u64 fp_i2f32(u64 a)
{
	return raw_bits((float)(s32)a);
}

static inline u64 fp_i2f64(u64 a)
{
	return raw_bits((float)(s64)a);
}

static inline u64 fp_u2f32(u64 a)
{
	return raw_bits((float)(s64)(u32)a);
}

static inline u64 fp_u2f64(u64 a)
{
	float half;

	if ((s64)a >= 0)
		return raw_bits((float)(s64)a);
	/* The bit that is shifted out still counts for rounding. */
	half = (float)(s64)(a >> 1 | (a & 1));
	return raw_bits(half + half);
}

/* The loops. */

static __always_inline u32 lane_of(const struct soft_vec *v, u32 i)
{
	return v->lanes ? v->lanes[i] : i;
}

static __always_inline void map_convert(const struct soft_vec *v, u64 (*fn)(u64 a))
{
	u32 i;

	for (i = 0; i < v->count; i++) {
		u32 lane = lane_of(v, i);

		v->d[lane] = fn(v->a[lane]);
	}
}

static __always_inline void map_unary(const struct soft_vec *v, float (*fn)(float a))
{
	u32 i;

	for (i = 0; i < v->count; i++) {
		u32 lane = lane_of(v, i);

		v->d[lane] = to_bits(fn(from_bits(v->a[lane])));
	}
}

static __always_inline void map_binary(const struct soft_vec *v, float (*fn)(float a, float b))
{
	u32 i;

	for (i = 0; i < v->count; i++) {
		u32 lane = lane_of(v, i);

		v->d[lane] = to_bits(fn(from_bits(v->a[lane]),
					from_bits(v->b[lane & v->b_mask])));
	}
}

static __always_inline void map_compare(const struct soft_vec *v, u64 (*fn)(float a, float b))
{
	u32 i;

	for (i = 0; i < v->count; i++) {
		u32 lane = lane_of(v, i);

		v->d[lane] = fn(from_bits(v->a[lane]), from_bits(v->b[lane & v->b_mask]));
	}
}

static __always_inline void map_ternary(const struct soft_vec *v,
					float (*fn)(float a, float b, float c))
{
	u32 i;

	for (i = 0; i < v->count; i++) {
		u32 lane = lane_of(v, i);

		v->d[lane] = to_bits(fn(from_bits(v->a[lane]), from_bits(v->b[lane]),
					from_bits(v->c[lane])));
	}
}

static void convert(const struct soft_insn *insn, const struct soft_vec *v)
{
	bool wide = insn->type == GPUP_SOFT_I64;

	switch (insn->op) {
	case GPUP_SOFT_OP_F2I:
		return wide ? map_convert(v, fp_f2i64) : map_convert(v, fp_f2i32);
	case GPUP_SOFT_OP_F2U:
		return wide ? map_convert(v, fp_f2u64) : map_convert(v, fp_f2u32);
	case GPUP_SOFT_OP_I2F:
		return wide ? map_convert(v, fp_i2f64) : map_convert(v, fp_i2f32);
	case GPUP_SOFT_OP_U2F:
		return wide ? map_convert(v, fp_u2f64) : map_convert(v, fp_u2f32);
	}
}

/**
 * soft_fpu() - Execute a floating-point instruction
 * @insn: The instruction.
 * @v: Its operands and lanes; a few, as preemption is off.
 *
 * Called between kernel_fpu_begin() and kernel_fpu_end().
 */
void soft_fpu(const struct soft_insn *insn, const struct soft_vec *v)
{
	switch (insn->op) {
	case GPUP_SOFT_OP_ADD:
		return map_binary(v, fp_add);
	case GPUP_SOFT_OP_SUB:
		return map_binary(v, fp_sub);
	case GPUP_SOFT_OP_MUL:
		return map_binary(v, fp_mul);
	case GPUP_SOFT_OP_DIV:
		return map_binary(v, fp_div);
	case GPUP_SOFT_OP_MIN:
		return map_binary(v, fp_min);
	case GPUP_SOFT_OP_MAX:
		return map_binary(v, fp_max);
	case GPUP_SOFT_OP_MAD:
		return v->cpu_fma ? map_ternary(v, fp_fma_cpu) : map_ternary(v, fp_fma);
	case GPUP_SOFT_OP_CEQ:
		return map_compare(v, fp_ceq);
	case GPUP_SOFT_OP_CNE:
		return map_compare(v, fp_cne);
	case GPUP_SOFT_OP_CLT:
		return map_compare(v, fp_clt);
	case GPUP_SOFT_OP_CLE:
		return map_compare(v, fp_cle);
	case GPUP_SOFT_OP_CGT:
		return map_compare(v, fp_cgt);
	case GPUP_SOFT_OP_CGE:
		return map_compare(v, fp_cge);
	case GPUP_SOFT_OP_SQRT:
		return map_unary(v, fp_sqrt);
	case GPUP_SOFT_OP_RSQRT:
		return map_unary(v, fp_rsqrt);
	case GPUP_SOFT_OP_RCP:
		return map_unary(v, fp_rcp);
	case GPUP_SOFT_OP_FLOOR:
		return map_unary(v, fp_floor);
	case GPUP_SOFT_OP_CEIL:
		return map_unary(v, fp_ceil);
	case GPUP_SOFT_OP_TRUNC:
		return map_unary(v, fp_trunc);
	case GPUP_SOFT_OP_ROUND:
		return map_unary(v, fp_round);
	case GPUP_SOFT_OP_EXP2:
		return map_unary(v, fp_exp2);
	case GPUP_SOFT_OP_LOG2:
		return map_unary(v, fp_log2);
	case GPUP_SOFT_OP_SIN:
		return map_unary(v, fp_sin);
	case GPUP_SOFT_OP_COS:
		return map_unary(v, fp_cos);
	default:
		return convert(insn, v);
	}
}
