/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * gpup: command streams and instruction set of the software GPU, "gpup-soft-1".
 *
 * The meaning of every command and instruction is in
 * Documentation/gpu/gpup/isa.rst. All fields are little-endian.
 */
#ifndef _UAPI_GPUP_SOFT_H_
#define _UAPI_GPUP_SOFT_H_

#include "drm.h"

#if defined(__cplusplus)
extern "C" {
#endif

#define GPUP_SOFT_ISA_NAME		"gpup-soft-1"

/**
 * DOC: Limits of gpup-soft-1
 *
 * A command or program beyond one of these is refused (EINVAL).
 */
/* Instructions in a program, 8 bytes each. */
#define GPUP_SOFT_MAX_INSNS		8192u
/* Lanes of a work group: the product of its three sizes. */
#define GPUP_SOFT_MAX_LANES		1024u
/* Registers of a lane, 64 bits each. */
#define GPUP_SOFT_NUM_REGS		64u
/* Local memory of a work group, bytes. */
#define GPUP_SOFT_MAX_LOCAL_SIZE	65536u
/* Argument buffer of a dispatch, bytes. */
#define GPUP_SOFT_MAX_ARGS_SIZE		4096u
/* IFs and LOOPs open at the same time. */
#define GPUP_SOFT_MAX_DEPTH		32u

/**
 * enum gpup_soft_cmd_opcode - Commands of a command stream
 */
enum gpup_soft_cmd_opcode {
	/** @GPUP_SOFT_CMD_END: End of the stream; the rest of it is ignored. */
	GPUP_SOFT_CMD_END = 1,
	/** @GPUP_SOFT_CMD_NOP: Nothing; the payload, of any size, is skipped. */
	GPUP_SOFT_CMD_NOP = 2,
	/** @GPUP_SOFT_CMD_COPY: &struct gpup_soft_cmd_copy. */
	GPUP_SOFT_CMD_COPY = 3,
	/** @GPUP_SOFT_CMD_COPY_2D: &struct gpup_soft_cmd_copy_2d. */
	GPUP_SOFT_CMD_COPY_2D = 4,
	/** @GPUP_SOFT_CMD_FILL: &struct gpup_soft_cmd_fill. */
	GPUP_SOFT_CMD_FILL = 5,
	/** @GPUP_SOFT_CMD_TIMESTAMP: &struct gpup_soft_cmd_timestamp. */
	GPUP_SOFT_CMD_TIMESTAMP = 6,
	/** @GPUP_SOFT_CMD_TIMELINE_WRITE: &struct gpup_soft_cmd_timeline_write. */
	GPUP_SOFT_CMD_TIMELINE_WRITE = 7,
	/** @GPUP_SOFT_CMD_DISPATCH: &struct gpup_soft_cmd_dispatch; compute engines only. */
	GPUP_SOFT_CMD_DISPATCH = 8,
};

/**
 * struct gpup_soft_cmd_header - Start of every command
 *
 * A stream is a sequence of commands, each aligned to 8 bytes. It ends with
 * GPUP_SOFT_CMD_END or where its size says. Commands are executed one
 * after the other; what one has written, all later ones see.
 */
struct gpup_soft_cmd_header {
	/** @opcode: One of &enum gpup_soft_cmd_opcode. */
	__u16 opcode;
	/**
	 * @size: Size of the command with its header, in units of 8 bytes; exactly that of
	 * its structure.
	 */
	__u16 size;
	/** @flags: Flags of the command; zero where none are named. */
	__u32 flags;
};

/**
 * struct gpup_soft_cmd_copy - Copy bytes
 *
 * The result is unspecified if source and destination overlap.
 */
struct gpup_soft_cmd_copy {
	/** @header: Opcode GPUP_SOFT_CMD_COPY. */
	struct gpup_soft_cmd_header header;
	/** @dst: Address of the destination. */
	__u64 dst;
	/** @src: Address of the source. */
	__u64 src;
	/** @size: Bytes; may be zero. */
	__u64 size;
};

/**
 * struct gpup_soft_cmd_copy_2d - Copy a rectangle
 *
 * @height rows of @width bytes. The result is unspecified if they overlap.
 */
struct gpup_soft_cmd_copy_2d {
	/** @header: Opcode GPUP_SOFT_CMD_COPY_2D. */
	struct gpup_soft_cmd_header header;
	/** @dst: Address of the destination's first row. */
	__u64 dst;
	/** @src: Address of the source's first row. */
	__u64 src;
	/** @dst_pitch: Bytes from one row of the destination to the next. */
	__u32 dst_pitch;
	/** @src_pitch: Bytes from one row of the source to the next; zero repeats one row. */
	__u32 src_pitch;
	/** @width: Bytes in a row; may be zero. */
	__u32 width;
	/** @height: Rows; may be zero. */
	__u32 height;
};

/* Flag of GPUP_SOFT_CMD_FILL: fill with the low byte of value instead of all 32 bits. */
#define GPUP_SOFT_FILL_BYTE		(1u << 0)

/**
 * struct gpup_soft_cmd_fill - Fill memory with a pattern
 */
struct gpup_soft_cmd_fill {
	/** @header: Opcode GPUP_SOFT_CMD_FILL; flags zero or GPUP_SOFT_FILL_BYTE. */
	struct gpup_soft_cmd_header header;
	/** @dst: Address; a multiple of 4 without GPUP_SOFT_FILL_BYTE. */
	__u64 dst;
	/** @size: Bytes, may be zero; a multiple of 4 without GPUP_SOFT_FILL_BYTE. */
	__u64 size;
	/** @value: The pattern. */
	__u32 value;
	/** @pad: Must be zero. */
	__u32 pad;
};

/**
 * struct gpup_soft_cmd_timestamp - Write the time
 */
struct gpup_soft_cmd_timestamp {
	/** @header: Opcode GPUP_SOFT_CMD_TIMESTAMP. */
	struct gpup_soft_cmd_header header;
	/** @dst: Address of the 64-bit result in nanoseconds, a multiple of 8. */
	__u64 dst;
};

/**
 * struct gpup_soft_cmd_timeline_write - Write a value after all that came before
 */
struct gpup_soft_cmd_timeline_write {
	/** @header: Opcode GPUP_SOFT_CMD_TIMELINE_WRITE. */
	struct gpup_soft_cmd_header header;
	/** @dst: Address of the 64-bit value, a multiple of 8. */
	__u64 dst;
	/** @value: What to write, in one store, once all earlier writes are visible. */
	__u64 value;
};

/**
 * struct gpup_soft_cmd_dispatch - Run a program over a grid of work groups
 */
struct gpup_soft_cmd_dispatch {
	/** @header: Opcode GPUP_SOFT_CMD_DISPATCH. */
	struct gpup_soft_cmd_header header;
	/** @program: Address of the program, a multiple of 8. */
	__u64 program;
	/** @program_size: Bytes, a multiple of 8, 8 to 8 * GPUP_SOFT_MAX_INSNS. */
	__u32 program_size;
	/**
	 * @local_size: Local memory of a group in bytes, a multiple of 8, up to
	 * GPUP_SOFT_MAX_LOCAL_SIZE.
	 */
	__u32 local_size;
	/** @args: Address of the argument buffer, a multiple of 8; any if @args_size is zero. */
	__u64 args;
	/** @args_size: Bytes, a multiple of 8, up to GPUP_SOFT_MAX_ARGS_SIZE; may be zero. */
	__u32 args_size;
	/** @grid: Groups in x, y and z, each at least 1. */
	__u32 grid[3];
	/**
	 * @group: Lanes of a group in x, y and z, each at least 1, product up to
	 * GPUP_SOFT_MAX_LANES.
	 */
	__u32 group[3];
	/** @pad: Must be zero. */
	__u32 pad;
};

/**
 * DOC: Instruction encoding
 *
 * An instruction is one little-endian 64-bit word::
 *
 *	63      56 55      48 47      40 39      32 31   24 23   16 15    11 10  8 7       0
 *	|<------------------ imm32 --------------->|   a   |   d   | flags  | type | opcode |
 *	|<------ imm16 ------>|    c     |    b     |   a   |   d   | flags  | type | opcode |
 *
 * The upper form is used by instructions with the flag IMM and by those that
 * always have an imm32 (see isa.rst), the lower one by all others. Fields
 * that an instruction does not use must be zero.
 */
#define GPUP_SOFT_OP_SHIFT		0
#define GPUP_SOFT_TYPE_SHIFT		8
#define GPUP_SOFT_TYPE_MASK		0x7u
#define GPUP_SOFT_FLAGS_SHIFT		11
#define GPUP_SOFT_FLAGS_MASK		0x1fu
#define GPUP_SOFT_D_SHIFT		16
#define GPUP_SOFT_A_SHIFT		24
#define GPUP_SOFT_B_SHIFT		32
#define GPUP_SOFT_C_SHIFT		40
#define GPUP_SOFT_IMM16_SHIFT		48
#define GPUP_SOFT_IMM32_SHIFT		32

/* Flags, as in the flags field (bit 0 of the field is bit 11 of the word). */
/* The memory access or atomic is to local memory. */
#define GPUP_SOFT_FLAG_LOCAL		(1u << 2)
/* Invert the condition of IF, BREAKIF or CONTIF: take lanes where a is zero. */
#define GPUP_SOFT_FLAG_NOT		(1u << 3)
/* The second operand is imm32 instead of register b. */
#define GPUP_SOFT_FLAG_IMM		(1u << 4)

/**
 * enum gpup_soft_type - Type of an arithmetic instruction
 */
enum gpup_soft_type {
	/** @GPUP_SOFT_I32: Low 32 bits; results are zero-extended to 64 bits. */
	GPUP_SOFT_I32 = 0,
	/** @GPUP_SOFT_I64: All 64 bits. */
	GPUP_SOFT_I64 = 1,
	/** @GPUP_SOFT_F32: IEEE binary32 in the low 32 bits; results are zero-extended. */
	GPUP_SOFT_F32 = 2,
};

/**
 * enum gpup_soft_width - Type of LD, ST and EXT
 */
enum gpup_soft_width {
	/** @GPUP_SOFT_U8: 8 bits, zero-extended. */
	GPUP_SOFT_U8 = 0,
	/** @GPUP_SOFT_U16: 16 bits, zero-extended. */
	GPUP_SOFT_U16 = 1,
	/** @GPUP_SOFT_U32: 32 bits, zero-extended. */
	GPUP_SOFT_U32 = 2,
	/** @GPUP_SOFT_U64: 64 bits. */
	GPUP_SOFT_U64 = 3,
	/** @GPUP_SOFT_S8: 8 bits, sign-extended to 64 (not for ST). */
	GPUP_SOFT_S8 = 4,
	/** @GPUP_SOFT_S16: 16 bits, sign-extended to 64 (not for ST). */
	GPUP_SOFT_S16 = 5,
	/** @GPUP_SOFT_S32: 32 bits, sign-extended to 64 (not for ST). */
	GPUP_SOFT_S32 = 6,
};

/**
 * enum gpup_soft_opcode - Instructions
 *
 * "b" is register b, or imm32 with the flag IMM. "[T: ...]" lists the
 * types allowed; with none listed the type field must be zero. Opcode 0 and all that are
 * not listed are refused.
 */
enum gpup_soft_opcode {
	/* Control flow. */
	/** @GPUP_SOFT_OP_NOP: Nothing. */
	GPUP_SOFT_OP_NOP = 0x01,
	/** @GPUP_SOFT_OP_EXIT: The active lanes end; so does running past the last instruction. */
	GPUP_SOFT_OP_EXIT = 0x02,
	/**
	 * @GPUP_SOFT_OP_BARRIER: All lanes that have not ended must be active here (else
	 * EINVAL).
	 */
	GPUP_SOFT_OP_BARRIER = 0x03,
	/** @GPUP_SOFT_OP_IF: Go on with lanes where a (64 bits) is not zero; flag NOT. */
	GPUP_SOFT_OP_IF = 0x04,
	/** @GPUP_SOFT_OP_ELSE: Go on with the lanes that the IF left out. */
	GPUP_SOFT_OP_ELSE = 0x05,
	/** @GPUP_SOFT_OP_ENDIF: Go on with both. */
	GPUP_SOFT_OP_ENDIF = 0x06,
	/** @GPUP_SOFT_OP_LOOP: Start of a loop. */
	GPUP_SOFT_OP_LOOP = 0x07,
	/** @GPUP_SOFT_OP_ENDLOOP: Back to LOOP with all lanes that have not left it. */
	GPUP_SOFT_OP_ENDLOOP = 0x08,
	/** @GPUP_SOFT_OP_BREAK: The active lanes leave the innermost loop. */
	GPUP_SOFT_OP_BREAK = 0x09,
	/** @GPUP_SOFT_OP_BREAKIF: As BREAK, for lanes where a is not zero; flag NOT. */
	GPUP_SOFT_OP_BREAKIF = 0x0a,
	/** @GPUP_SOFT_OP_CONTINUE: The active lanes wait for ENDLOOP. */
	GPUP_SOFT_OP_CONTINUE = 0x0b,
	/** @GPUP_SOFT_OP_CONTIF: As CONTINUE, for lanes where a is not zero; flag NOT. */
	GPUP_SOFT_OP_CONTIF = 0x0c,

	/* Moves. */
	/** @GPUP_SOFT_OP_MOV: d = register a (64 bits), or with IMM d = sign-extended imm32. */
	GPUP_SOFT_OP_MOV = 0x20,
	/** @GPUP_SOFT_OP_MOVHI: d = (imm32 << 32) | low 32 bits of a; always has imm32, no flag. */
	GPUP_SOFT_OP_MOVHI = 0x21,
	/**
	 * @GPUP_SOFT_OP_SREG: d = special register imm32 (&enum gpup_soft_sreg); always
	 * has imm32.
	 */
	GPUP_SOFT_OP_SREG = 0x22,
	/**
	 * @GPUP_SOFT_OP_LDARG: d = load from byte imm32 of the argument buffer [T: width];
	 * always has imm32.
	 */
	GPUP_SOFT_OP_LDARG = 0x23,
	/** @GPUP_SOFT_OP_SELECT: d = a (64 bits) is not zero ? register b : register c. */
	GPUP_SOFT_OP_SELECT = 0x24,
	/** @GPUP_SOFT_OP_EXT: d = low bits of a, extended [T: width]. */
	GPUP_SOFT_OP_EXT = 0x25,

	/* Arithmetic. */
	/** @GPUP_SOFT_OP_ADD: d = a + b [T: I32, I64, F32]. */
	GPUP_SOFT_OP_ADD = 0x30,
	/** @GPUP_SOFT_OP_SUB: d = a - b [T: I32, I64, F32]. */
	GPUP_SOFT_OP_SUB = 0x31,
	/** @GPUP_SOFT_OP_MUL: d = low half of a * b [T: I32, I64], or the product [F32]. */
	GPUP_SOFT_OP_MUL = 0x32,
	/** @GPUP_SOFT_OP_MULHI: d = high half of the signed product [T: I32, I64]. */
	GPUP_SOFT_OP_MULHI = 0x33,
	/** @GPUP_SOFT_OP_UMULHI: d = high half of the unsigned product [T: I32, I64]. */
	GPUP_SOFT_OP_UMULHI = 0x34,
	/** @GPUP_SOFT_OP_DIV: d = a / b, signed, towards zero; x/0 = -1 [T: I32, I64, F32]. */
	GPUP_SOFT_OP_DIV = 0x35,
	/** @GPUP_SOFT_OP_UDIV: d = a / b, unsigned; x/0 = all ones [T: I32, I64]. */
	GPUP_SOFT_OP_UDIV = 0x36,
	/** @GPUP_SOFT_OP_REM: d = a - a / b * b, signed; x rem 0 = x [T: I32, I64]. */
	GPUP_SOFT_OP_REM = 0x37,
	/** @GPUP_SOFT_OP_UREM: d = a modulo b, unsigned; x rem 0 = x [T: I32, I64]. */
	GPUP_SOFT_OP_UREM = 0x38,
	/** @GPUP_SOFT_OP_MIN: d = min(a, b), signed [T: I32, I64, F32]. */
	GPUP_SOFT_OP_MIN = 0x39,
	/** @GPUP_SOFT_OP_MAX: d = max(a, b), signed [T: I32, I64, F32]. */
	GPUP_SOFT_OP_MAX = 0x3a,
	/** @GPUP_SOFT_OP_UMIN: d = min(a, b), unsigned [T: I32, I64]. */
	GPUP_SOFT_OP_UMIN = 0x3b,
	/** @GPUP_SOFT_OP_UMAX: d = max(a, b), unsigned [T: I32, I64]. */
	GPUP_SOFT_OP_UMAX = 0x3c,
	/**
	 * @GPUP_SOFT_OP_MAD: d = register a * register b + register c [T: I32, I64; F32:
	 * fused].
	 */
	GPUP_SOFT_OP_MAD = 0x3d,
	/** @GPUP_SOFT_OP_NEG: d = -a [T: I32, I64, F32]. */
	GPUP_SOFT_OP_NEG = 0x3e,
	/** @GPUP_SOFT_OP_ABS: d = |a| [T: I32, I64, F32]. */
	GPUP_SOFT_OP_ABS = 0x3f,
	/** @GPUP_SOFT_OP_AND: d = a & b [T: I32, I64]. */
	GPUP_SOFT_OP_AND = 0x40,
	/** @GPUP_SOFT_OP_OR: d = a | b [T: I32, I64]. */
	GPUP_SOFT_OP_OR = 0x41,
	/** @GPUP_SOFT_OP_XOR: d = a ^ b [T: I32, I64]. */
	GPUP_SOFT_OP_XOR = 0x42,
	/** @GPUP_SOFT_OP_NOT: d = ~a [T: I32, I64]. */
	GPUP_SOFT_OP_NOT = 0x43,
	/** @GPUP_SOFT_OP_SHL: d = a << (b modulo width) [T: I32, I64]. */
	GPUP_SOFT_OP_SHL = 0x44,
	/** @GPUP_SOFT_OP_SHR: d = a >> (b modulo width), zeroes come in [T: I32, I64]. */
	GPUP_SOFT_OP_SHR = 0x45,
	/** @GPUP_SOFT_OP_SAR: d = a >> (b modulo width), the sign comes in [T: I32, I64]. */
	GPUP_SOFT_OP_SAR = 0x46,

	/* Comparison: d = 1 or 0. */
	/** @GPUP_SOFT_OP_CEQ: a == b [T: I32, I64, F32]. */
	GPUP_SOFT_OP_CEQ = 0x50,
	/** @GPUP_SOFT_OP_CNE: a != b [T: I32, I64, F32]; true for NaN. */
	GPUP_SOFT_OP_CNE = 0x51,
	/** @GPUP_SOFT_OP_CLT: a < b, signed [T: I32, I64, F32]. */
	GPUP_SOFT_OP_CLT = 0x52,
	/** @GPUP_SOFT_OP_CLE: a <= b, signed [T: I32, I64, F32]. */
	GPUP_SOFT_OP_CLE = 0x53,
	/** @GPUP_SOFT_OP_CGT: a > b, signed [T: I32, I64, F32]. */
	GPUP_SOFT_OP_CGT = 0x54,
	/** @GPUP_SOFT_OP_CGE: a >= b, signed [T: I32, I64, F32]. */
	GPUP_SOFT_OP_CGE = 0x55,
	/** @GPUP_SOFT_OP_CULT: a < b, unsigned [T: I32, I64]. */
	GPUP_SOFT_OP_CULT = 0x56,
	/** @GPUP_SOFT_OP_CULE: a <= b, unsigned [T: I32, I64]. */
	GPUP_SOFT_OP_CULE = 0x57,
	/** @GPUP_SOFT_OP_CUGT: a > b, unsigned [T: I32, I64]. */
	GPUP_SOFT_OP_CUGT = 0x58,
	/** @GPUP_SOFT_OP_CUGE: a >= b, unsigned [T: I32, I64]. */
	GPUP_SOFT_OP_CUGE = 0x59,

	/* Floating point of one operand; the type is F32. */
	/** @GPUP_SOFT_OP_SQRT: d = square root of a, correctly rounded. */
	GPUP_SOFT_OP_SQRT = 0x60,
	/** @GPUP_SOFT_OP_RSQRT: d = 1 / square root of a. */
	GPUP_SOFT_OP_RSQRT = 0x61,
	/** @GPUP_SOFT_OP_RCP: d = 1 / a, correctly rounded. */
	GPUP_SOFT_OP_RCP = 0x62,
	/** @GPUP_SOFT_OP_FLOOR: d = greatest integer not above a. */
	GPUP_SOFT_OP_FLOOR = 0x63,
	/** @GPUP_SOFT_OP_CEIL: d = least integer not below a. */
	GPUP_SOFT_OP_CEIL = 0x64,
	/** @GPUP_SOFT_OP_TRUNC: d = a without its fraction. */
	GPUP_SOFT_OP_TRUNC = 0x65,
	/** @GPUP_SOFT_OP_ROUND: d = integer nearest to a, halves to even. */
	GPUP_SOFT_OP_ROUND = 0x66,
	/** @GPUP_SOFT_OP_EXP2: d = 2 to the power of a. */
	GPUP_SOFT_OP_EXP2 = 0x67,
	/** @GPUP_SOFT_OP_LOG2: d = logarithm of a to base 2. */
	GPUP_SOFT_OP_LOG2 = 0x68,
	/** @GPUP_SOFT_OP_SIN: d = sine of a, in radians. */
	GPUP_SOFT_OP_SIN = 0x69,
	/** @GPUP_SOFT_OP_COS: d = cosine of a, in radians. */
	GPUP_SOFT_OP_COS = 0x6a,

	/* Conversion; the type is that of the integer. */
	/**
	 * @GPUP_SOFT_OP_F2I: d = signed integer of float a, towards zero, saturating [T:
	 * I32, I64].
	 */
	GPUP_SOFT_OP_F2I = 0x70,
	/**
	 * @GPUP_SOFT_OP_F2U: d = unsigned integer of float a, towards zero, saturating [T:
	 * I32, I64].
	 */
	GPUP_SOFT_OP_F2U = 0x71,
	/** @GPUP_SOFT_OP_I2F: d = float of signed integer a [T: I32, I64]. */
	GPUP_SOFT_OP_I2F = 0x72,
	/** @GPUP_SOFT_OP_U2F: d = float of unsigned integer a [T: I32, I64]. */
	GPUP_SOFT_OP_U2F = 0x73,

	/* Memory; addresses must be multiples of the access size (else EFAULT). */
	/** @GPUP_SOFT_OP_LD: d = memory at a + imm32 [T: width]; always has imm32; flag LOCAL. */
	GPUP_SOFT_OP_LD = 0x80,
	/**
	 * @GPUP_SOFT_OP_ST: memory at a + imm32 = register d [T: U8 to U64]; always has
	 * imm32; flag LOCAL.
	 */
	GPUP_SOFT_OP_ST = 0x81,

	/*
	 * Atomics: d = old memory at a + imm16 (signed); memory = f(old, register b)
	 * [T: I32, I64]; flag LOCAL.
	 */
	/** @GPUP_SOFT_OP_ATOM_ADD: old + b. */
	GPUP_SOFT_OP_ATOM_ADD = 0x90,
	/** @GPUP_SOFT_OP_ATOM_SUB: old - b. */
	GPUP_SOFT_OP_ATOM_SUB = 0x91,
	/** @GPUP_SOFT_OP_ATOM_AND: old & b. */
	GPUP_SOFT_OP_ATOM_AND = 0x92,
	/** @GPUP_SOFT_OP_ATOM_OR: old | b. */
	GPUP_SOFT_OP_ATOM_OR = 0x93,
	/** @GPUP_SOFT_OP_ATOM_XOR: old ^ b. */
	GPUP_SOFT_OP_ATOM_XOR = 0x94,
	/** @GPUP_SOFT_OP_ATOM_MIN: min(old, b), signed. */
	GPUP_SOFT_OP_ATOM_MIN = 0x95,
	/** @GPUP_SOFT_OP_ATOM_MAX: max(old, b), signed. */
	GPUP_SOFT_OP_ATOM_MAX = 0x96,
	/** @GPUP_SOFT_OP_ATOM_UMIN: min(old, b), unsigned. */
	GPUP_SOFT_OP_ATOM_UMIN = 0x97,
	/** @GPUP_SOFT_OP_ATOM_UMAX: max(old, b), unsigned. */
	GPUP_SOFT_OP_ATOM_UMAX = 0x98,
	/** @GPUP_SOFT_OP_ATOM_XCHG: b. */
	GPUP_SOFT_OP_ATOM_XCHG = 0x99,
	/** @GPUP_SOFT_OP_ATOM_CMPXCHG: old == register c ? b : old. */
	GPUP_SOFT_OP_ATOM_CMPXCHG = 0x9a,
};

/**
 * enum gpup_soft_sreg - Special registers, read with SREG
 *
 * All but the local, lane and global ids are the same for all lanes of a group.
 */
enum gpup_soft_sreg {
	/** @GPUP_SOFT_SREG_LOCAL_ID_X: Position of the lane in its group. */
	GPUP_SOFT_SREG_LOCAL_ID_X = 0,
	/** @GPUP_SOFT_SREG_LOCAL_ID_Y: The same in y. */
	GPUP_SOFT_SREG_LOCAL_ID_Y = 1,
	/** @GPUP_SOFT_SREG_LOCAL_ID_Z: The same in z. */
	GPUP_SOFT_SREG_LOCAL_ID_Z = 2,
	/** @GPUP_SOFT_SREG_LANE: x + (y + z * group size y) * group size x. */
	GPUP_SOFT_SREG_LANE = 3,
	/** @GPUP_SOFT_SREG_GROUP_ID_X: Position of the group in the grid. */
	GPUP_SOFT_SREG_GROUP_ID_X = 4,
	/** @GPUP_SOFT_SREG_GROUP_ID_Y: The same in y. */
	GPUP_SOFT_SREG_GROUP_ID_Y = 5,
	/** @GPUP_SOFT_SREG_GROUP_ID_Z: The same in z. */
	GPUP_SOFT_SREG_GROUP_ID_Z = 6,
	/** @GPUP_SOFT_SREG_ARGS: Address of the argument buffer. */
	GPUP_SOFT_SREG_ARGS = 7,
	/** @GPUP_SOFT_SREG_GROUP_SIZE_X: Lanes of a group in x. */
	GPUP_SOFT_SREG_GROUP_SIZE_X = 8,
	/** @GPUP_SOFT_SREG_GROUP_SIZE_Y: The same in y. */
	GPUP_SOFT_SREG_GROUP_SIZE_Y = 9,
	/** @GPUP_SOFT_SREG_GROUP_SIZE_Z: The same in z. */
	GPUP_SOFT_SREG_GROUP_SIZE_Z = 10,
	/** @GPUP_SOFT_SREG_ARGS_SIZE: Size of the argument buffer in bytes. */
	GPUP_SOFT_SREG_ARGS_SIZE = 11,
	/** @GPUP_SOFT_SREG_GRID_SIZE_X: Groups of the grid in x. */
	GPUP_SOFT_SREG_GRID_SIZE_X = 12,
	/** @GPUP_SOFT_SREG_GRID_SIZE_Y: The same in y. */
	GPUP_SOFT_SREG_GRID_SIZE_Y = 13,
	/** @GPUP_SOFT_SREG_GRID_SIZE_Z: The same in z. */
	GPUP_SOFT_SREG_GRID_SIZE_Z = 14,
	/** @GPUP_SOFT_SREG_LOCAL_SIZE: Local memory of a group in bytes. */
	GPUP_SOFT_SREG_LOCAL_SIZE = 15,
	/** @GPUP_SOFT_SREG_GLOBAL_ID_X: Group id x * group size x + local id x. */
	GPUP_SOFT_SREG_GLOBAL_ID_X = 16,
	/** @GPUP_SOFT_SREG_GLOBAL_ID_Y: The same in y. */
	GPUP_SOFT_SREG_GLOBAL_ID_Y = 17,
	/** @GPUP_SOFT_SREG_GLOBAL_ID_Z: The same in z. */
	GPUP_SOFT_SREG_GLOBAL_ID_Z = 18,
};

#if defined(__cplusplus)
}
#endif

#endif /* _UAPI_GPUP_SOFT_H_ */
