// SPDX-License-Identifier: MIT
/* The fake GPU's instructions, one lane at a time within each instruction. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "fake.h"

/* Instructions of a group after which it is taken to be endless. */
#define ENDLESS	2000000

struct frame {
	bool loop;
	uint32_t start;				/* index behind LOOP */
	bool outer[GPUP_SOFT_MAX_LANES];	/* active when it was opened */
	bool aside[GPUP_SOFT_MAX_LANES];	/* for ELSE, or until ENDLOOP */
};

static struct {
	struct fake_vm *vm;
	const struct gpup_soft_cmd_dispatch *command;
	uint64_t code[GPUP_SOFT_MAX_INSNS];
	uint32_t count, lanes, group[3], pc;
	uint64_t regs[GPUP_SOFT_MAX_LANES][GPUP_SOFT_NUM_REGS];
	bool active[GPUP_SOFT_MAX_LANES], ended[GPUP_SOFT_MAX_LANES];
	uint8_t local[GPUP_SOFT_MAX_LOCAL_SIZE];
	struct frame frames[GPUP_SOFT_MAX_DEPTH];
	unsigned int depth;
} gpu;

struct insn {
	uint8_t op, type, flags, d, a, b, c;
	int32_t imm;
	int16_t imm16;
};

static struct insn take_apart(uint64_t word)
{
	return (struct insn) {
		.op = (uint8_t)word,
		.type = word >> 8 & 7, .flags = word >> 11 & 31,
		.d = word >> 16 & 63, .a = word >> 24 & 63, .b = word >> 32 & 63,
		.c = word >> 40 & 63,
		.imm = (int32_t)(word >> 32), .imm16 = (int16_t)(word >> 48),
	};
}

/* Read or write memory byte by byte. */
static int access_bytes(uint64_t va, void *data, size_t size, bool write, bool local)
{
	uint8_t *at = data;
	uint64_t room;

	if (va % size) {
		fake_fault = va;
		return -EFAULT;
	}
	for (size_t i = 0; i < size; i++) {
		uint8_t *place;

		if (local && va + i >= gpu.command->local_size) {
			fake_fault = va;
			return -EFAULT;
		}
		place = local ? &gpu.local[va + i] :
				fake_translate(gpu.vm, va + i, write, &room);
		if (!place)
			return -EFAULT;
		if (write)
			*place = at[i];
		else
			at[i] = *place;
	}
	return 0;
}

static uint64_t extend(uint64_t value, unsigned int width)
{
	unsigned int bits = 8u << (width & 3);

	if (bits == 64)
		return value;
	value &= (UINT64_C(1) << bits) - 1;
	if (width >= GPUP_SOFT_S8 && value >> (bits - 1))
		value |= ~UINT64_C(0) << bits;
	return value;
}

static float as_float(uint64_t bits)
{
	uint32_t low = (uint32_t)bits;
	float value;

	memcpy(&value, &low, sizeof(value));
	return value;
}

static uint64_t as_bits(float value)
{
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return isnan(value) ? 0x7fc00000 : bits;
}

static uint64_t float_op(const struct insn *in, uint64_t a_bits, uint64_t b_bits, uint64_t c_bits)
{
	float a = as_float(a_bits), b = as_float(b_bits), c = as_float(c_bits);

	switch (in->op) {
	case GPUP_SOFT_OP_ADD: return as_bits(a + b);
	case GPUP_SOFT_OP_SUB: return as_bits(a - b);
	case GPUP_SOFT_OP_MUL: return as_bits(a * b);
	case GPUP_SOFT_OP_DIV: return as_bits(a / b);
	case GPUP_SOFT_OP_MIN: return as_bits(fminf(a, b));
	case GPUP_SOFT_OP_MAX: return as_bits(fmaxf(a, b));
	case GPUP_SOFT_OP_MAD: return as_bits(fmaf(a, b, c));
	case GPUP_SOFT_OP_NEG: return (uint32_t)a_bits ^ 0x80000000;
	case GPUP_SOFT_OP_ABS: return (uint32_t)a_bits & 0x7fffffff;
	case GPUP_SOFT_OP_CEQ: return a == b;
	case GPUP_SOFT_OP_CNE: return a != b;
	case GPUP_SOFT_OP_CLT: return a < b;
	case GPUP_SOFT_OP_CLE: return a <= b;
	case GPUP_SOFT_OP_CGT: return a > b;
	case GPUP_SOFT_OP_CGE: return a >= b;
	case GPUP_SOFT_OP_SQRT: return as_bits(sqrtf(a));
	case GPUP_SOFT_OP_RSQRT: return as_bits((float)(1 / sqrt((double)a)));
	case GPUP_SOFT_OP_RCP: return as_bits(1 / a);
	case GPUP_SOFT_OP_FLOOR: return as_bits(floorf(a));
	case GPUP_SOFT_OP_CEIL: return as_bits(ceilf(a));
	case GPUP_SOFT_OP_TRUNC: return as_bits(truncf(a));
	case GPUP_SOFT_OP_ROUND: return as_bits(nearbyintf(a));
	case GPUP_SOFT_OP_EXP2: return as_bits((float)exp2((double)a));
	case GPUP_SOFT_OP_LOG2: return as_bits((float)log2((double)a));
	case GPUP_SOFT_OP_SIN: return as_bits((float)sin((double)a));
	default: return as_bits((float)cos((double)a));
	}
}

static uint64_t from_float(double a, double low, double high)
{
	if (isnan(a))
		return 0;
	if (a <= low)
		return low < 0 ? (uint64_t)(int64_t)low : 0;
	if (a >= high)
		return high >= 0x1p64 ? UINT64_MAX : high >= 0x1p63 ? INT64_MAX :
		       (uint64_t)high - 1;
	return a < 0 ? (uint64_t)(int64_t)a : (uint64_t)a;
}

static uint64_t int_op(const struct insn *in, uint64_t a, uint64_t b, uint64_t c)
{
	bool wide = in->type == GPUP_SOFT_I64;
	uint64_t mask = wide ? UINT64_MAX : UINT32_MAX;
	int64_t sa = wide ? (int64_t)a : (int32_t)a, sb = wide ? (int64_t)b : (int32_t)b;
	unsigned int bits = wide ? 64 : 32, shift = b % bits;

	a &= mask;
	b &= mask;
	switch (in->op) {
	case GPUP_SOFT_OP_ADD: return (a + b) & mask;
	case GPUP_SOFT_OP_SUB: return (a - b) & mask;
	case GPUP_SOFT_OP_MUL: return (a * b) & mask;
	case GPUP_SOFT_OP_MULHI: return (uint64_t)((__int128)sa * sb >> bits) & mask;
	case GPUP_SOFT_OP_UMULHI: return (uint64_t)((unsigned __int128)a * b >> bits) & mask;
	case GPUP_SOFT_OP_DIV:
		return (!b ? UINT64_MAX : sb == -1 ? -a : (uint64_t)(sa / sb)) & mask;
	case GPUP_SOFT_OP_UDIV: return b ? a / b : mask;
	case GPUP_SOFT_OP_REM: return (!b ? a : sb == -1 ? 0 : (uint64_t)(sa % sb)) & mask;
	case GPUP_SOFT_OP_UREM: return b ? a % b : a;
	case GPUP_SOFT_OP_MIN: return sa < sb ? a : b;
	case GPUP_SOFT_OP_MAX: return sa > sb ? a : b;
	case GPUP_SOFT_OP_UMIN: return a < b ? a : b;
	case GPUP_SOFT_OP_UMAX: return a > b ? a : b;
	case GPUP_SOFT_OP_MAD: return (a * b + c) & mask;
	case GPUP_SOFT_OP_NEG: return -a & mask;
	case GPUP_SOFT_OP_ABS: return (sa < 0 ? -a : a) & mask;
	case GPUP_SOFT_OP_AND: return a & b;
	case GPUP_SOFT_OP_OR: return a | b;
	case GPUP_SOFT_OP_XOR: return a ^ b;
	case GPUP_SOFT_OP_NOT: return ~a & mask;
	case GPUP_SOFT_OP_SHL: return (a << shift) & mask;
	case GPUP_SOFT_OP_SHR: return a >> shift;
	case GPUP_SOFT_OP_SAR: return (uint64_t)(sa >> shift) & mask;
	case GPUP_SOFT_OP_CEQ: return a == b;
	case GPUP_SOFT_OP_CNE: return a != b;
	case GPUP_SOFT_OP_CLT: return sa < sb;
	case GPUP_SOFT_OP_CLE: return sa <= sb;
	case GPUP_SOFT_OP_CGT: return sa > sb;
	case GPUP_SOFT_OP_CGE: return sa >= sb;
	case GPUP_SOFT_OP_CULT: return a < b;
	case GPUP_SOFT_OP_CULE: return a <= b;
	case GPUP_SOFT_OP_CUGT: return a > b;
	case GPUP_SOFT_OP_CUGE: return a >= b;
	case GPUP_SOFT_OP_F2I:
		return from_float((double)as_float(a), wide ? -0x1p63 : -0x1p31,
				  wide ? 0x1p63 : 0x1p31) & mask;
	case GPUP_SOFT_OP_F2U:
		return from_float((double)as_float(a), 0, wide ? 0x1p64 : 0x1p32) & mask;
	case GPUP_SOFT_OP_I2F: return as_bits((float)sa);
	default: return as_bits((float)a);
	}
}

static int atomic_op(const struct insn *in, uint64_t *r)
{
	size_t size = in->type == GPUP_SOFT_I64 ? 8 : 4;
	bool local = in->flags & GPUP_SOFT_FLAG_LOCAL;
	uint64_t va = r[in->a] + (uint64_t)in->imm16, old = 0, new, b = r[in->b];
	int64_t signed_old, signed_b = size == 8 ? (int64_t)b : (int32_t)b;
	int ret;

	ret = access_bytes(va, &old, size, false, local);
	if (ret)
		return ret;
	signed_old = size == 8 ? (int64_t)old : (int32_t)old;
	if (size == 4)
		b = (uint32_t)b;
	switch (in->op) {
	case GPUP_SOFT_OP_ATOM_ADD: new = old + b; break;
	case GPUP_SOFT_OP_ATOM_SUB: new = old - b; break;
	case GPUP_SOFT_OP_ATOM_AND: new = old & b; break;
	case GPUP_SOFT_OP_ATOM_OR: new = old | b; break;
	case GPUP_SOFT_OP_ATOM_XOR: new = old ^ b; break;
	case GPUP_SOFT_OP_ATOM_MIN: new = signed_old < signed_b ? old : b; break;
	case GPUP_SOFT_OP_ATOM_MAX: new = signed_old > signed_b ? old : b; break;
	case GPUP_SOFT_OP_ATOM_UMIN: new = old < b ? old : b; break;
	case GPUP_SOFT_OP_ATOM_UMAX: new = old > b ? old : b; break;
	case GPUP_SOFT_OP_ATOM_XCHG: new = b; break;
	default:
		new = old == (size == 4 ? (uint32_t)r[in->c] : r[in->c]) ? b : old;
		break;
	}
	ret = access_bytes(va, &new, size, true, local);
	if (!ret)
		r[in->d] = old;
	return ret;
}

static uint64_t special(uint32_t number, uint32_t lane)
{
	const uint32_t *size = gpu.command->group;
	uint32_t id[3] = { lane % size[0], lane / size[0] % size[1], lane / size[0] / size[1] };

	if (number < 3)
		return id[number];
	if (number == GPUP_SOFT_SREG_LANE)
		return lane;
	if (number < 7)
		return gpu.group[number - 4];
	if (number == GPUP_SOFT_SREG_ARGS)
		return gpu.command->args;
	if (number < 11)
		return size[number - 8];
	if (number == GPUP_SOFT_SREG_ARGS_SIZE)
		return gpu.command->args_size;
	if (number < 15)
		return gpu.command->grid[number - 12];
	if (number == GPUP_SOFT_SREG_LOCAL_SIZE)
		return gpu.command->local_size;
	number -= GPUP_SOFT_SREG_GLOBAL_ID_X;
	return (uint64_t)gpu.group[number] * size[number] + id[number];
}

/* Everything but control flow. */
static int lane_op(const struct insn *in, uint32_t lane)
{
	uint64_t *r = gpu.regs[lane], value = 0;
	uint64_t b = in->flags & GPUP_SOFT_FLAG_IMM ? (uint64_t)in->imm : r[in->b];
	size_t size = (size_t)1 << (in->type & 3);
	bool local = in->flags & GPUP_SOFT_FLAG_LOCAL;
	int ret;

	switch (in->op) {
	case GPUP_SOFT_OP_MOV:
		r[in->d] = in->flags & GPUP_SOFT_FLAG_IMM ? (uint64_t)in->imm : r[in->a];
		return 0;
	case GPUP_SOFT_OP_MOVHI:
		r[in->d] = (uint64_t)in->imm << 32 | (uint32_t)r[in->a];
		return 0;
	case GPUP_SOFT_OP_SREG:
		r[in->d] = special((uint32_t)in->imm, lane);
		return 0;
	case GPUP_SOFT_OP_LDARG:
		ret = access_bytes(gpu.command->args + (uint64_t)in->imm, &value, size, false,
				   false);
		r[in->d] = extend(value, in->type);
		return ret;
	case GPUP_SOFT_OP_SELECT:
		r[in->d] = r[in->a] ? r[in->b] : r[in->c];
		return 0;
	case GPUP_SOFT_OP_EXT:
		r[in->d] = extend(r[in->a], in->type);
		return 0;
	case GPUP_SOFT_OP_LD:
		ret = access_bytes(r[in->a] + (uint64_t)in->imm, &value, size, false, local);
		if (!ret)
			r[in->d] = extend(value, in->type);
		return ret;
	case GPUP_SOFT_OP_ST:
		return access_bytes(r[in->a] + (uint64_t)in->imm, &r[in->d], size, true, local);
	}
	if (in->op >= GPUP_SOFT_OP_ATOM_ADD)
		return atomic_op(in, r);
	r[in->d] = in->type == GPUP_SOFT_F32 ? float_op(in, r[in->a], b, r[in->c]) :
					       int_op(in, r[in->a], b, r[in->c]);
	return 0;
}

static bool anyone(void)
{
	for (uint32_t i = 0; i < gpu.lanes; i++)
		if (gpu.active[i])
			return true;
	return false;
}

/* @lane goes out of all blocks inside the innermost loop, or of all there are. */
static void leave(uint32_t lane, bool all, bool comes_back)
{
	for (unsigned int i = gpu.depth; i--;) {
		if (gpu.frames[i].loop && !all) {
			gpu.frames[i].aside[lane] = comes_back;
			break;
		}
		gpu.frames[i].outer[lane] = false;
		gpu.frames[i].aside[lane] = false;
	}
	gpu.active[lane] = false;
}

static int flow_op(const struct insn *in)
{
	struct frame *top = gpu.depth ? &gpu.frames[gpu.depth - 1] : NULL;
	bool not = in->flags & GPUP_SOFT_FLAG_NOT;

	if (in->op == GPUP_SOFT_OP_IF || in->op == GPUP_SOFT_OP_LOOP) {
		top = &gpu.frames[gpu.depth++];
		top->loop = in->op == GPUP_SOFT_OP_LOOP;
		top->start = gpu.pc;
	}
	for (uint32_t i = 0; i < gpu.lanes; i++) {
		bool condition = !gpu.regs[i][in->a] == not;

		switch (in->op) {
		case GPUP_SOFT_OP_IF:
			top->outer[i] = gpu.active[i];
			top->aside[i] = gpu.active[i] && !condition;
			gpu.active[i] = gpu.active[i] && condition;
			break;
		case GPUP_SOFT_OP_LOOP:
			top->outer[i] = gpu.active[i];
			top->aside[i] = false;
			break;
		case GPUP_SOFT_OP_ELSE:
			gpu.active[i] = top->aside[i];
			break;
		case GPUP_SOFT_OP_ENDIF:
			gpu.active[i] = top->outer[i];
			break;
		case GPUP_SOFT_OP_ENDLOOP:
			gpu.active[i] |= top->aside[i];
			top->aside[i] = false;
			break;
		case GPUP_SOFT_OP_BARRIER:
			if (gpu.active[i] == gpu.ended[i])
				return -EINVAL;
			break;
		case GPUP_SOFT_OP_EXIT:
			if (!gpu.active[i])
				break;
			leave(i, true, false);
			gpu.ended[i] = true;
			break;
		default:
			if (!gpu.active[i] || ((in->op == GPUP_SOFT_OP_BREAKIF ||
						in->op == GPUP_SOFT_OP_CONTIF) && !condition))
				break;
			leave(i, false, in->op == GPUP_SOFT_OP_CONTINUE ||
			      in->op == GPUP_SOFT_OP_CONTIF);
			break;
		}
	}
	if (in->op == GPUP_SOFT_OP_ENDIF)
		gpu.depth--;
	if (in->op == GPUP_SOFT_OP_ENDLOOP) {
		if (anyone()) {
			gpu.pc = top->start;
		} else {
			memcpy(gpu.active, top->outer, sizeof(gpu.active));
			gpu.depth--;
		}
	}
	return 0;
}

static int run_group(void)
{
	uint32_t steps = 0;
	int ret;

	memset(gpu.regs, 0, sizeof(gpu.regs));
	memset(gpu.local, 0, sizeof(gpu.local));
	memset(gpu.ended, 0, sizeof(gpu.ended));
	memset(gpu.active, true, gpu.lanes);
	gpu.depth = 0;
	/* Without a shortcut: a block that no lane is in is gone through, too. */
	for (gpu.pc = 0; gpu.pc < gpu.count;) {
		struct insn in = take_apart(gpu.code[gpu.pc++]);

		if (++steps > ENDLESS)
			return -ETIME;
		if (in.op == GPUP_SOFT_OP_NOP)
			continue;
		if (in.op == GPUP_SOFT_OP_BARRIER && !anyone())
			continue;
		if (in.op <= GPUP_SOFT_OP_CONTIF) {
			ret = flow_op(&in);
			if (ret)
				return ret;
			continue;
		}
		for (uint32_t lane = 0; lane < gpu.lanes; lane++) {
			ret = gpu.active[lane] ? lane_op(&in, lane) : 0;
			if (ret)
				return ret;
		}
	}
	return 0;
}

/* As much as the tests try: the real decoder refuses more. */
static int check_program(void)
{
	int blocks = 0, loops = 0;

	for (uint32_t i = 0; i < gpu.count; i++) {
		struct insn in = take_apart(gpu.code[i]);
		bool known = (in.op >= 0x01 && in.op <= 0x0c) || (in.op >= 0x20 && in.op <= 0x25) ||
			     (in.op >= 0x30 && in.op <= 0x46) || (in.op >= 0x50 && in.op <= 0x59) ||
			     (in.op >= 0x60 && in.op <= 0x6a) || (in.op >= 0x70 && in.op <= 0x73) ||
			     (in.op >= 0x80 && in.op <= 0x81) || (in.op >= 0x90 && in.op <= 0x9a);

		if (!known || (in.op <= 0x0c && in.type) || (gpu.code[i] & 0xc0c00000))
			return -EINVAL;
		if (in.op == GPUP_SOFT_OP_LDARG && (uint32_t)in.imm >= gpu.command->args_size)
			return -EINVAL;
		if (in.op == GPUP_SOFT_OP_SREG && in.imm > GPUP_SOFT_SREG_GLOBAL_ID_Z)
			return -EINVAL;
		blocks += in.op == GPUP_SOFT_OP_IF || in.op == GPUP_SOFT_OP_LOOP;
		loops += in.op == GPUP_SOFT_OP_LOOP;
		if (in.op >= GPUP_SOFT_OP_BREAK && in.op <= GPUP_SOFT_OP_CONTIF && !loops)
			return -EINVAL;
		blocks -= in.op == GPUP_SOFT_OP_ENDIF || in.op == GPUP_SOFT_OP_ENDLOOP;
		loops -= in.op == GPUP_SOFT_OP_ENDLOOP;
	}
	return blocks ? -EINVAL : 0;
}

int fake_dispatch(struct fake_vm *vm, const struct gpup_soft_cmd_dispatch *command)
{
	uint32_t i;
	int ret;

	gpu.vm = vm;
	gpu.command = command;
	gpu.lanes = command->group[0] * command->group[1] * command->group[2];
	gpu.count = command->program_size / 8;
	for (i = 0; i < gpu.count; i++)
		if (access_bytes(command->program + i * 8, &gpu.code[i], 8, false, false))
			return -EFAULT;
	ret = check_program();
	for (i = 0; !ret && i < command->grid[0] * command->grid[1] * command->grid[2]; i++) {
		gpu.group[0] = i % command->grid[0];
		gpu.group[1] = i / command->grid[0] % command->grid[1];
		gpu.group[2] = i / command->grid[0] / command->grid[1];
		ret = run_group();
	}
	return ret;
}
