/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Command streams and programs of the software GPU.
 */
#ifndef _SELFTESTS_GPUP_STREAM_H_
#define _SELFTESTS_GPUP_STREAM_H_

#include <stddef.h>
#include <stdint.h>

#include <drm/gpup_soft.h>

/* A command stream that is being written, to memory that may be the GPU's. */
struct stream {
	uint8_t *base;
	size_t size;
	size_t used;
};

static inline void stream_begin(struct stream *stream, void *base, size_t size)
{
	*stream = (struct stream){ .base = base, .size = size };
}

/* Any command, from its header on. */
void stream_add(struct stream *stream, const void *command, size_t size);
void stream_fill(struct stream *stream, uint64_t dst, uint64_t size, uint32_t value);
void stream_copy(struct stream *stream, uint64_t dst, uint64_t src, uint64_t size);
void stream_write(struct stream *stream, uint64_t dst, uint64_t value);

/* What a dispatch runs: one group unless said otherwise. */
struct dispatch {
	uint64_t program;
	uint32_t program_size;
	uint64_t args;
	uint32_t args_size;
	uint32_t local_size;
	uint32_t groups;
	uint32_t lanes;
};

void stream_dispatch(struct stream *stream, const struct dispatch *dispatch);

/* Instructions, by the encoding of gpup_soft.h. */
#define INSN(op, type, flags, d, a, b, c) \
	((uint64_t)(op) | (uint64_t)(type) << GPUP_SOFT_TYPE_SHIFT | \
	 (uint64_t)(flags) << (GPUP_SOFT_FLAGS_SHIFT) | (uint64_t)(d) << GPUP_SOFT_D_SHIFT | \
	 (uint64_t)(a) << GPUP_SOFT_A_SHIFT | (uint64_t)(b) << GPUP_SOFT_B_SHIFT | \
	 (uint64_t)(c) << GPUP_SOFT_C_SHIFT)
#define INSN_IMM(op, type, flags, d, a, imm) \
	((uint64_t)(op) | (uint64_t)(type) << GPUP_SOFT_TYPE_SHIFT | \
	 (uint64_t)(flags) << (GPUP_SOFT_FLAGS_SHIFT) | (uint64_t)(d) << GPUP_SOFT_D_SHIFT | \
	 (uint64_t)(a) << GPUP_SOFT_A_SHIFT | \
	 (uint64_t)(uint32_t)(imm) << GPUP_SOFT_IMM32_SHIFT)

/* Writes a program to @to, and returns its size in bytes. */
/* Never ends. */
size_t program_endless(uint64_t *to);
/* 32 bits at the address in argument 0, plus 4 * global id: global id * 3 + argument 1. */
size_t program_numbers(uint64_t *to);
/*
 * Lane @l stores all its registers but @base to @base + 2, as they are when it starts, at the
 * address in argument 0, plus 512 * l, plus 8 for each register.
 */
size_t program_dump_registers(uint64_t *to, unsigned int base);
/* Copies local memory, of the size in argument 1, to the address in argument 0. One lane. */
size_t program_dump_local(uint64_t *to);
/* Sets all registers, and local memory of the size in argument 1, to argument 2. */
size_t program_poison(uint64_t *to);
/* Room for any of them. */
#define PROGRAM_MAX	(128 * sizeof(uint64_t))

#endif
