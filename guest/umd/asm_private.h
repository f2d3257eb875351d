/* SPDX-License-Identifier: MIT */
/* libgpup: the parts of the assembler: asm.c does lines, asm_operand.c what stands on them. */
#ifndef UMD_ASM_PRIVATE_H
#define UMD_ASM_PRIVATE_H

#include "gpup_soft.h"
#include "lex.h"

struct gpup_program {
	uint64_t code[GPUP_SOFT_MAX_INSNS];
	uint32_t count;
	uint32_t local_size;
	uint32_t group[3];
};

/* A name that the text gave to a register or to a number. */
struct symbol {
	struct symbol *next;
	const char *name;
	size_t length;
	bool is_register;
	uint64_t value;
};

/* An IF or LOOP that is open. */
struct block {
	unsigned int line, column;
	bool is_loop;
	bool has_else;
};

/* A .repeat that is open. */
struct repeat {
	struct lexer start;		/* behind its line */
	struct symbol *counter;
	int64_t count;
	unsigned int line, column;
	unsigned int depth;		/* of blocks, at its start */
};

#define MAX_REPEATS	4

struct assembler {
	struct lexer lexer;
	struct token token;		/* the one to look at */
	struct gpup_program *program;
	struct symbol *symbols;
	struct block blocks[GPUP_SOFT_MAX_DEPTH];
	unsigned int depth;
	struct repeat repeats[MAX_REPEATS];
	unsigned int repeat_depth;
	const char *name;
	char *message;
	size_t message_size;
	int error;
};

/* A number in the text: an integer, or a float that stands alone. */
struct number {
	bool is_float;
	uint64_t integer;
	float real;
};

/*
 * The functions below return false when something was wrong and has been reported. Those
 * that parse take the words that they want and leave the next one to look at.
 */

__attribute__((format(printf, 4, 5)))
void asm_report(struct assembler *as, unsigned int line, unsigned int column,
		const char *format, ...);

#define fail_at(as, line, column, ...) (asm_report(as, line, column, __VA_ARGS__), false)
#define fail(as, ...) fail_at(as, (as)->token.line, (as)->token.column, __VA_ARGS__)

/* For messages: what stands there. */
#define SHOWN(token)	(int)((token)->length > 40 ? 40 : (token)->length), (token)->text

bool asm_next(struct assembler *as);
bool asm_at_mark(const struct assembler *as, char mark);
bool asm_at_line_end(const struct assembler *as);
bool asm_expect(struct assembler *as, char mark);
struct symbol *asm_find_symbol(struct assembler *as, const struct token *token);

/* r0 to r63; -1: something else, -2: a register that does not exist. */
int asm_register_number(const struct token *token);
/* Is a register here? For operands that may be a number instead. */
bool asm_at_register(struct assembler *as);
bool asm_parse_register(struct assembler *as, uint64_t *number);
/* An integer, or one float; the sum of several things must be an integer. */
bool asm_parse_number(struct assembler *as, struct number *number);
/* A whole number from @low to @high. */
bool asm_parse_integer(struct assembler *as, int64_t low, int64_t high, int64_t *value);
/*
 * The second operand of an instruction of type @type, as imm32. Floats stand for their
 * bits; in a float instruction whole numbers are values, but bits when written with 0x.
 */
bool asm_parse_immediate(struct assembler *as, const char *type, uint32_t *imm);
bool asm_parse_special(struct assembler *as, uint32_t *number);
/* [a], [a + N] or [a - N] */
bool asm_parse_address(struct assembler *as, int64_t low, int64_t high, uint64_t *a,
		       int64_t *offset);
uint32_t asm_float_bits(float real);

#endif
