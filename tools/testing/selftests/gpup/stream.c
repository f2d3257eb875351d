// SPDX-License-Identifier: GPL-2.0-only
/*
 * Command streams and programs of the software GPU.
 */
#include <string.h>

#include "stream.h"
#include "util.h"

void stream_add(struct stream *stream, const void *command, size_t size)
{
	if (size > stream->size - stream->used)
		fatal("a command stream of more than %zu bytes", stream->size);
	memcpy(stream->base + stream->used, command, size);
	stream->used += size;
}

#define HEADER(_opcode, _command) \
	{ .opcode = (_opcode), .size = sizeof(_command) / sizeof(uint64_t) }

void stream_fill(struct stream *stream, uint64_t dst, uint64_t size, uint32_t value)
{
	struct gpup_soft_cmd_fill command = {
		.header = HEADER(GPUP_SOFT_CMD_FILL, command),
		.dst = dst,
		.size = size,
		.value = value,
	};

	stream_add(stream, &command, sizeof(command));
}

void stream_copy(struct stream *stream, uint64_t dst, uint64_t src, uint64_t size)
{
	struct gpup_soft_cmd_copy command = {
		.header = HEADER(GPUP_SOFT_CMD_COPY, command),
		.dst = dst,
		.src = src,
		.size = size,
	};

	stream_add(stream, &command, sizeof(command));
}

void stream_write(struct stream *stream, uint64_t dst, uint64_t value)
{
	struct gpup_soft_cmd_timeline_write command = {
		.header = HEADER(GPUP_SOFT_CMD_TIMELINE_WRITE, command),
		.dst = dst,
		.value = value,
	};

	stream_add(stream, &command, sizeof(command));
}

void stream_dispatch(struct stream *stream, const struct dispatch *dispatch)
{
	struct gpup_soft_cmd_dispatch command = {
		.header = HEADER(GPUP_SOFT_CMD_DISPATCH, command),
		.program = dispatch->program,
		.program_size = dispatch->program_size,
		.local_size = dispatch->local_size,
		.args = dispatch->args,
		.args_size = dispatch->args_size,
		.grid = { dispatch->groups ? dispatch->groups : 1, 1, 1 },
		.group = { dispatch->lanes ? dispatch->lanes : 1, 1, 1 },
	};

	stream_add(stream, &command, sizeof(command));
}

#define IMM	GPUP_SOFT_FLAG_IMM
#define LOCAL	GPUP_SOFT_FLAG_LOCAL
#define I32	GPUP_SOFT_I32
#define I64	GPUP_SOFT_I64

#define PLAIN(op)		INSN(GPUP_SOFT_OP_##op, 0, 0, 0, 0, 0, 0)
#define BINARY(op, t, d, a, b)	INSN(GPUP_SOFT_OP_##op, t, 0, d, a, b, 0)
#define WITH(op, t, d, a, imm)	INSN_IMM(GPUP_SOFT_OP_##op, t, IMM, d, a, imm)
#define ARG(d, offset)		INSN_IMM(GPUP_SOFT_OP_LDARG, GPUP_SOFT_U64, 0, d, 0, offset)
#define SPECIAL(d, name)	INSN_IMM(GPUP_SOFT_OP_SREG, 0, 0, d, 0, GPUP_SOFT_SREG_##name)
#define STORE(t, a, offset, d)	INSN_IMM(GPUP_SOFT_OP_ST, GPUP_SOFT_##t, 0, d, a, offset)
#define COND(op, a)		INSN(GPUP_SOFT_OP_##op, 0, 0, 0, a, 0, 0)

size_t program_endless(uint64_t *to)
{
	const uint64_t code[] = { PLAIN(LOOP), PLAIN(ENDLOOP) };

	memcpy(to, code, sizeof(code));
	return sizeof(code);
}

size_t program_numbers(uint64_t *to)
{
	const uint64_t code[] = {
		ARG(1, 0),
		ARG(2, 8),
		SPECIAL(3, GLOBAL_ID_X),
		WITH(MUL, I32, 4, 3, 3),
		BINARY(ADD, I32, 4, 4, 2),
		WITH(SHL, I64, 5, 3, 2),
		BINARY(ADD, I64, 5, 5, 1),
		STORE(U32, 5, 0, 4),
	};

	memcpy(to, code, sizeof(code));
	return sizeof(code);
}

size_t program_dump_registers(uint64_t *to, unsigned int base)
{
	uint64_t *next = to;
	unsigned int i;

	*next++ = ARG(base, 0);
	*next++ = SPECIAL(base + 1, LANE);
	*next++ = WITH(SHL, I64, base + 1, base + 1, 9);
	*next++ = BINARY(ADD, I64, base, base, base + 1);
	for (i = 0; i < GPUP_SOFT_NUM_REGS; i++)
		if (i < base || i > base + 2)
			*next++ = STORE(U64, base, i * 8, i);
	return (next - to) * sizeof(*to);
}

size_t program_dump_local(uint64_t *to)
{
	const uint64_t code[] = {
		ARG(1, 0),
		ARG(2, 8),
		WITH(MOV, 0, 3, 0, 0),
		PLAIN(LOOP),
		BINARY(CUGE, I64, 4, 3, 2),
		COND(BREAKIF, 4),
		INSN_IMM(GPUP_SOFT_OP_LD, GPUP_SOFT_U64, LOCAL, 5, 3, 0),
		BINARY(ADD, I64, 6, 1, 3),
		STORE(U64, 6, 0, 5),
		WITH(ADD, I64, 3, 3, 8),
		PLAIN(ENDLOOP),
	};

	memcpy(to, code, sizeof(code));
	return sizeof(code);
}

size_t program_poison(uint64_t *to)
{
	const uint64_t code[] = {
		ARG(2, 8),
		ARG(5, 16),
		WITH(MOV, 0, 3, 0, 0),
		PLAIN(LOOP),
		BINARY(CUGE, I64, 4, 3, 2),
		COND(BREAKIF, 4),
		INSN_IMM(GPUP_SOFT_OP_ST, GPUP_SOFT_U64, LOCAL, 5, 3, 0),
		WITH(ADD, I64, 3, 3, 8),
		PLAIN(ENDLOOP),
	};
	uint64_t *next = to + sizeof(code) / sizeof(code[0]);
	unsigned int i;

	memcpy(to, code, sizeof(code));
	for (i = 0; i < GPUP_SOFT_NUM_REGS; i++)
		*next++ = ARG(i, 16);
	return (next - to) * sizeof(*to);
}
