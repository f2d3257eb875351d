/* SPDX-License-Identifier: MIT */
/* libgpup: the instructions of gpup-soft-1 as the assembler and the disassembler see them. */
#ifndef UMD_ISA_H
#define UMD_ISA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What operands an instruction has, as written. */
enum isa_form {
	ISA_PLAIN,		/* none */
	ISA_CONDITION,		/* [!]a */
	ISA_MOVE,		/* d, a or imm32 */
	ISA_MOVE_HIGH,		/* d, a, imm32 */
	ISA_SPECIAL,		/* d, special register */
	ISA_ARGUMENT,		/* d, imm32 */
	ISA_UNARY,		/* d, a */
	ISA_BINARY,		/* d, a, b or imm32 */
	ISA_TERNARY,		/* d, a, b, c */
	ISA_LOAD,		/* d, [a + imm32] */
	ISA_STORE,		/* [a + imm32], d */
	ISA_ATOMIC,		/* d, [a + imm16], b */
	ISA_ATOMIC2,		/* d, [a + imm16], b, c */
};

/* Types that an instruction may have; a bit for each, by its number in the encoding. */
#define ISA_UNTYPED	0x00
#define ISA_INT		0x03
#define ISA_ARITH	0x07
#define ISA_FLOAT	0x04
/* The same bits mean widths, where a form or EXT says so. */
#define ISA_WIDTHS	0x7f
#define ISA_STORES	0x0f

struct isa_insn {
	const char *name;
	uint8_t opcode;
	uint8_t form;
	uint8_t types;
	bool widths;		/* the types are widths */
};

extern const struct isa_insn isa_insns[];
extern const size_t isa_insn_count;

const struct isa_insn *isa_find_opcode(uint8_t opcode);
const struct isa_insn *isa_find_name(const char *name, size_t length);
/* The name of type @type of @insn, or NULL if it has no such type. */
const char *isa_type_name(const struct isa_insn *insn, unsigned int type);
/* Name of a special register, or NULL. */
const char *isa_special_name(uint32_t number);
/* Whether accesses of the instruction may have the flag LOCAL. */
bool isa_is_memory(const struct isa_insn *insn);

#endif
