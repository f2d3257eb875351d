// SPDX-License-Identifier: MIT
/* libgpup: the disassembler. What it writes, the assembler turns back into the same code. */
#include <errno.h>
#include <stdio.h>

#include "gpup_asm.h"
#include "gpup_soft.h"
#include "isa.h"

#define FIELD_D		(UINT64_C(0xff) << GPUP_SOFT_D_SHIFT)
#define FIELD_A		(UINT64_C(0xff) << GPUP_SOFT_A_SHIFT)
#define FIELD_B		(UINT64_C(0xff) << GPUP_SOFT_B_SHIFT)
#define FIELD_C		(UINT64_C(0xff) << GPUP_SOFT_C_SHIFT)
#define FIELD_IMM16	(UINT64_C(0xffff) << GPUP_SOFT_IMM16_SHIFT)
#define FIELD_IMM32	(UINT64_C(0xffffffff) << GPUP_SOFT_IMM32_SHIFT)
#define FLAG(name)	((uint64_t)GPUP_SOFT_FLAG_##name << GPUP_SOFT_FLAGS_SHIFT)

static bool has_imm32(uint8_t form, bool immediate)
{
	return immediate || form == ISA_MOVE_HIGH || form == ISA_SPECIAL ||
	       form == ISA_ARGUMENT || form == ISA_LOAD || form == ISA_STORE;
}

/* The fields and flags that an instruction of @form may use. */
static uint64_t used_fields(uint8_t form, bool immediate)
{
	switch (form) {
	case ISA_CONDITION:
		return FIELD_A | FLAG(NOT);
	case ISA_MOVE:
		return FIELD_D | (immediate ? FLAG(IMM) | FIELD_IMM32 : FIELD_A);
	case ISA_MOVE_HIGH:
		return FIELD_D | FIELD_A | FIELD_IMM32;
	case ISA_SPECIAL:
	case ISA_ARGUMENT:
		return FIELD_D | FIELD_IMM32;
	case ISA_UNARY:
		return FIELD_D | FIELD_A;
	case ISA_BINARY:
		return FIELD_D | FIELD_A | (immediate ? FLAG(IMM) | FIELD_IMM32 : FIELD_B);
	case ISA_TERNARY:
		return FIELD_D | FIELD_A | FIELD_B | FIELD_C;
	case ISA_LOAD:
	case ISA_STORE:
		return FIELD_D | FIELD_A | FIELD_IMM32 | FLAG(LOCAL);
	case ISA_ATOMIC:
		return FIELD_D | FIELD_A | FIELD_B | FIELD_IMM16 | FLAG(LOCAL);
	case ISA_ATOMIC2:
		return FIELD_D | FIELD_A | FIELD_B | FIELD_C | FIELD_IMM16 | FLAG(LOCAL);
	default:
		return 0;
	}
}

static unsigned int field(uint64_t word, unsigned int shift)
{
	return (word >> shift) & 0xff;
}

/* "[rA]", "[rA + N]" or "[rA - N]" */
static void format_address(char *text, size_t size, unsigned int a, int64_t offset)
{
	if (!offset)
		snprintf(text, size, "[r%u]", a);
	else
		snprintf(text, size, "[r%u %c %lld]", a, offset < 0 ? '-' : '+',
			 (long long)(offset < 0 ? -offset : offset));
}

int gpup_disassemble(uint64_t word, char *text, size_t size)
{
	const struct isa_insn *insn = isa_find_opcode(word & 0xff);
	unsigned int type = (word >> GPUP_SOFT_TYPE_SHIFT) & GPUP_SOFT_TYPE_MASK;
	unsigned int d = field(word, GPUP_SOFT_D_SHIFT), a = field(word, GPUP_SOFT_A_SHIFT);
	unsigned int b = field(word, GPUP_SOFT_B_SHIFT), c = field(word, GPUP_SOFT_C_SHIFT);
	int32_t imm = (int32_t)(word >> GPUP_SOFT_IMM32_SHIFT);
	bool immediate = word & FLAG(IMM);
	const char *type_name, *special;
	char name[32], address[32];
	uint64_t used;
	bool wide;

	if (!insn)
		goto bad;
	used = used_fields(insn->form, immediate);
	wide = has_imm32(insn->form, immediate);
	if (insn->types)
		used |= (uint64_t)GPUP_SOFT_TYPE_MASK << GPUP_SOFT_TYPE_SHIFT;
	type_name = isa_type_name(insn, type);
	if ((insn->types && !type_name) || (word & ~(used | 0xff)))
		goto bad;
	if (((used & FIELD_D) && d >= GPUP_SOFT_NUM_REGS) ||
	    ((used & FIELD_A) && a >= GPUP_SOFT_NUM_REGS))
		goto bad;
	if (!wide &&
	    (((used & FIELD_B) && b >= GPUP_SOFT_NUM_REGS) ||
	     ((used & FIELD_C) && c >= GPUP_SOFT_NUM_REGS)))
		goto bad;

	snprintf(name, sizeof(name), "%s%s%s%s", insn->name, word & FLAG(LOCAL) &&
		 isa_is_memory(insn) ? ".local" : "", type_name ? "." : "",
		 type_name ? type_name : "");
	format_address(address, sizeof(address), a, wide ? imm :
		       (int16_t)(word >> GPUP_SOFT_IMM16_SHIFT));

	switch (insn->form) {
	case ISA_PLAIN:
		snprintf(text, size, "%s", name);
		break;
	case ISA_CONDITION:
		snprintf(text, size, "%s %sr%u", name, word & FLAG(NOT) ? "!" : "", a);
		break;
	case ISA_MOVE:
		if (immediate)
			snprintf(text, size, "%s r%u, %d", name, d, imm);
		else
			snprintf(text, size, "%s r%u, r%u", name, d, a);
		break;
	case ISA_MOVE_HIGH:
		snprintf(text, size, "%s r%u, r%u, %d", name, d, a, imm);
		break;
	case ISA_SPECIAL:
		special = isa_special_name((uint32_t)imm);
		if (!special)
			goto bad;
		snprintf(text, size, "%s r%u, %s", name, d, special);
		break;
	case ISA_ARGUMENT:
		if ((uint32_t)imm >= GPUP_SOFT_MAX_ARGS_SIZE || imm % (1 << (type & 3)))
			goto bad;
		snprintf(text, size, "%s r%u, %d", name, d, imm);
		break;
	case ISA_UNARY:
		snprintf(text, size, "%s r%u, r%u", name, d, a);
		break;
	case ISA_BINARY:
		/* Bits: not every float can be written in decimal (NaNs). */
		if (immediate && type_name && type_name[0] == 'f')
			snprintf(text, size, "%s r%u, r%u, 0x%x", name, d, a, (uint32_t)imm);
		else if (immediate)
			snprintf(text, size, "%s r%u, r%u, %d", name, d, a, imm);
		else
			snprintf(text, size, "%s r%u, r%u, r%u", name, d, a, b);
		break;
	case ISA_TERNARY:
		snprintf(text, size, "%s r%u, r%u, r%u, r%u", name, d, a, b, c);
		break;
	case ISA_LOAD:
		snprintf(text, size, "%s r%u, %s", name, d, address);
		break;
	case ISA_STORE:
		snprintf(text, size, "%s %s, r%u", name, address, d);
		break;
	case ISA_ATOMIC:
		snprintf(text, size, "%s r%u, %s, r%u", name, d, address, b);
		break;
	case ISA_ATOMIC2:
		snprintf(text, size, "%s r%u, %s, r%u, r%u", name, d, address, b, c);
		break;
	}
	return 0;

bad:
	snprintf(text, size, "; 0x%016llx is no instruction", (unsigned long long)word);
	return -EINVAL;
}
