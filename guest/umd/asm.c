// SPDX-License-Identifier: MIT
/*
 * libgpup: the assembler. One pass: the instruction set has no addresses to
 * resolve, its control flow is structured. gpup-asm(5) has the language.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gpup_asm.h"
#include "asm_private.h"
#include "isa.h"

static bool emit(struct assembler *as, uint64_t word)
{
	struct gpup_program *program = as->program;

	if (program->count == GPUP_SOFT_MAX_INSNS)
		return fail(as, "the program is too long; %u instructions is the limit",
			    GPUP_SOFT_MAX_INSNS);
	program->code[program->count++] = word;
	return true;
}

static uint64_t imm32(uint32_t value)
{
	return (uint64_t)value << GPUP_SOFT_IMM32_SHIFT;
}

/* mov d, NUMBER: one instruction, or two for what 32 bits cannot say. */
static bool assemble_move_number(struct assembler *as, uint64_t word, uint64_t d)
{
	struct number number;
	int64_t value;

	if (!asm_parse_number(as, &number))
		return false;
	if (number.is_float)
		number.integer = (uint64_t)(int64_t)(int32_t)asm_float_bits(number.real);
	value = (int64_t)number.integer;

	word |= (uint64_t)GPUP_SOFT_FLAG_IMM << GPUP_SOFT_FLAGS_SHIFT;
	if (!emit(as, word | imm32((uint32_t)number.integer)))
		return false;
	if (value == (int32_t)number.integer)
		return true;
	return emit(as, (uint64_t)GPUP_SOFT_OP_MOVHI | d << GPUP_SOFT_D_SHIFT |
		    d << GPUP_SOFT_A_SHIFT | imm32((uint32_t)(number.integer >> 32)));
}

/* The low bits of a width are the logarithm of its bytes. */
static bool parse_argument(struct assembler *as, uint64_t word, int64_t *offset)
{
	unsigned int line = as->token.line, column = as->token.column;
	int64_t size = 1 << (word >> GPUP_SOFT_TYPE_SHIFT & 3);

	if (!asm_parse_integer(as, 0, GPUP_SOFT_MAX_ARGS_SIZE - 1, offset))
		return false;
	return *offset % size == 0 ||
	       fail_at(as, line, column,
		       "offset %lld is not a multiple of the %lld bytes of the type",
		       (long long)*offset, (long long)size);
}

static bool assemble_operands(struct assembler *as, const struct isa_insn *insn,
			      const char *type, uint64_t word)
{
	uint64_t d = 0, a = 0, b = 0, c = 0;
	int64_t offset = 0;
	uint32_t imm = 0;

	switch (insn->form) {
	case ISA_PLAIN:
		return emit(as, word);
	case ISA_CONDITION:
		if (asm_at_mark(as, '!')) {
			word |= (uint64_t)GPUP_SOFT_FLAG_NOT << GPUP_SOFT_FLAGS_SHIFT;
			if (!asm_next(as))
				return false;
		}
		return asm_parse_register(as, &a) && emit(as, word | a << GPUP_SOFT_A_SHIFT);
	case ISA_STORE:
		return asm_parse_address(as, INT32_MIN, INT32_MAX, &a, &offset) &&
		       asm_expect(as, ',') && asm_parse_register(as, &d) &&
		       emit(as, word | d << GPUP_SOFT_D_SHIFT | a << GPUP_SOFT_A_SHIFT |
			    imm32((uint32_t)offset));
	default:
		break;
	}

	/* All others start with the destination. */
	if (!asm_parse_register(as, &d) || !asm_expect(as, ','))
		return false;
	word |= d << GPUP_SOFT_D_SHIFT;

	switch (insn->form) {
	case ISA_SPECIAL:
		return asm_parse_special(as, &imm) && emit(as, word | imm32(imm));
	case ISA_ARGUMENT:
		return parse_argument(as, word, &offset) &&
		       emit(as, word | imm32((uint32_t)offset));
	case ISA_LOAD:
		return asm_parse_address(as, INT32_MIN, INT32_MAX, &a, &offset) &&
		       emit(as, word | a << GPUP_SOFT_A_SHIFT | imm32((uint32_t)offset));
	case ISA_ATOMIC:
	case ISA_ATOMIC2:
		if (!asm_parse_address(as, INT16_MIN, INT16_MAX, &a, &offset) ||
		    !asm_expect(as, ',') || !asm_parse_register(as, &b))
			return false;
		if (insn->form == ISA_ATOMIC2 &&
		    (!asm_expect(as, ',') || !asm_parse_register(as, &c)))
			return false;
		return emit(as, word | a << GPUP_SOFT_A_SHIFT | b << GPUP_SOFT_B_SHIFT |
			    c << GPUP_SOFT_C_SHIFT |
			    (uint64_t)(uint16_t)offset << GPUP_SOFT_IMM16_SHIFT);
	case ISA_MOVE:
		if (!asm_at_register(as))
			return assemble_move_number(as, word, d);
		break;
	default:
		break;
	}

	if (!asm_parse_register(as, &a))
		return false;
	word |= a << GPUP_SOFT_A_SHIFT;

	switch (insn->form) {
	case ISA_MOVE_HIGH:
		return asm_expect(as, ',') && asm_parse_immediate(as, NULL, &imm) &&
		       emit(as, word | imm32(imm));
	case ISA_BINARY:
		if (!asm_expect(as, ','))
			return false;
		if (asm_at_register(as))
			return asm_parse_register(as, &b) &&
			       emit(as, word | b << GPUP_SOFT_B_SHIFT);
		word |= (uint64_t)GPUP_SOFT_FLAG_IMM << GPUP_SOFT_FLAGS_SHIFT;
		return asm_parse_immediate(as, type, &imm) && emit(as, word | imm32(imm));
	case ISA_TERNARY:
		return asm_expect(as, ',') && asm_parse_register(as, &b) &&
		       asm_expect(as, ',') && asm_parse_register(as, &c) &&
		       emit(as, word | b << GPUP_SOFT_B_SHIFT | c << GPUP_SOFT_C_SHIFT);
	default:
		return emit(as, word);
	}
}

/* Keep track of IF and LOOP; @at is the instruction. */
static bool check_block(struct assembler *as, uint8_t opcode, const struct token *at)
{
	struct block *top = as->depth ? &as->blocks[as->depth - 1] : NULL;
	unsigned int i;

	switch (opcode) {
	case GPUP_SOFT_OP_IF:
	case GPUP_SOFT_OP_LOOP:
		if (as->depth == GPUP_SOFT_MAX_DEPTH)
			return fail_at(as, at->line, at->column,
				       "too deep; %u 'if' and 'loop' may be open at a time",
				       GPUP_SOFT_MAX_DEPTH);
		as->blocks[as->depth++] = (struct block) {
			.line = at->line,
			.column = at->column,
			.is_loop = opcode == GPUP_SOFT_OP_LOOP,
		};
		return true;
	case GPUP_SOFT_OP_ELSE:
	case GPUP_SOFT_OP_ENDIF:
		if (!top)
			return fail_at(as, at->line, at->column, "'%.*s' without 'if'", SHOWN(at));
		if (top->is_loop)
			return fail_at(as, at->line, at->column,
				       "'%.*s' inside the 'loop' of line %u; 'endloop' is missing",
				       SHOWN(at), top->line);
		if (opcode == GPUP_SOFT_OP_ENDIF)
			as->depth--;
		else if (top->has_else)
			return fail_at(as, at->line, at->column,
				       "the 'if' of line %u has an 'else' already", top->line);
		else
			top->has_else = true;
		return true;
	case GPUP_SOFT_OP_ENDLOOP:
		if (!top)
			return fail_at(as, at->line, at->column, "'endloop' without 'loop'");
		if (!top->is_loop)
			return fail_at(as, at->line, at->column,
				       "'endloop' inside the 'if' of line %u; 'endif' is missing",
				       top->line);
		as->depth--;
		return true;
	case GPUP_SOFT_OP_BREAK:
	case GPUP_SOFT_OP_BREAKIF:
	case GPUP_SOFT_OP_CONTINUE:
	case GPUP_SOFT_OP_CONTIF:
		for (i = 0; i < as->depth; i++)
			if (as->blocks[i].is_loop)
				return true;
		return fail_at(as, at->line, at->column, "'%.*s' outside of a 'loop'", SHOWN(at));
	default:
		return true;
	}
}

/* Take the last ".part" off @length characters of @text; NULL if there is none. */
static const char *cut_part(const char *text, size_t *length, size_t *part_length)
{
	size_t i;

	for (i = *length; i; i--) {
		if (text[i - 1] != '.')
			continue;
		*part_length = *length - i;
		*length = i - 1;
		return text + i;
	}
	return NULL;
}

/* For messages: the types of an instruction. */
static void list_types(const struct isa_insn *insn, char *text, size_t size)
{
	size_t length = 0;
	unsigned int i;

	text[0] = '\0';
	for (i = 0; i < 8 && length < size; i++)
		if (isa_type_name(insn, i))
			length += (size_t)snprintf(text + length, size - length, "%s.%s",
						   length ? ", " : "", isa_type_name(insn, i));
}

/* @word is name[.local][.type]; find out which instruction that is. */
static bool parse_mnemonic(struct assembler *as, const struct isa_insn **result,
			   const char **type, uint64_t *word)
{
	const struct token *token = &as->token;
	const struct isa_insn *insn;
	size_t length = token->length, part_length = 0;
	const char *part = NULL;
	char types[64];
	unsigned int i;

	*type = NULL;
	insn = isa_find_name(token->text, length);
	if (!insn) {
		part = cut_part(token->text, &length, &part_length);
		insn = part ? isa_find_name(token->text, length) : NULL;
	}
	*word = 0;
	if (part && !insn) {
		size_t local_length;
		const char *local = cut_part(token->text, &length, &local_length);

		if (local && local_length == 5 && !memcmp(local, "local", 5)) {
			insn = isa_find_name(token->text, length);
			*word = (uint64_t)GPUP_SOFT_FLAG_LOCAL << GPUP_SOFT_FLAGS_SHIFT;
		}
	}
	if (!insn)
		return fail(as, "there is no instruction '%.*s'; gpup-asm(5) has the list",
			    SHOWN(token));
	if (*word && !isa_is_memory(insn))
		return fail(as, "'%s' has no form for local memory; leave out '.local'",
			    insn->name);

	*word |= insn->opcode;
	*result = insn;
	if (!insn->types)
		return !part || fail(as, "'%s' has no type; leave out '.%.*s'", insn->name,
				     (int)part_length, part);

	for (i = 0; part && i < 8; i++) {
		const char *name = isa_type_name(insn, i);

		if (name && strlen(name) == part_length && !memcmp(name, part, part_length)) {
			*type = insn->widths ? NULL : name;
			*word |= (uint64_t)i << GPUP_SOFT_TYPE_SHIFT;
			return true;
		}
	}
	list_types(insn, types, sizeof(types));
	if (!part)
		return fail(as, "'%s' needs a type: %s", insn->name, types);
	return fail(as, "'%s' has no type '.%.*s'; it can have %s", insn->name,
		    (int)part_length, part, types);
}

static bool assemble_instruction(struct assembler *as)
{
	const struct isa_insn *insn;
	struct token at = as->token;
	const char *type;
	uint64_t word;

	return parse_mnemonic(as, &insn, &type, &word) &&
	       check_block(as, insn->opcode, &at) &&
	       asm_next(as) && assemble_operands(as, insn, type, word);
}

/* Take the name here, which must be new, and the comma behind it. */
static struct symbol *define_name(struct assembler *as)
{
	struct token name = as->token;
	struct symbol *symbol;

	if (name.kind != TOKEN_WORD) {
		asm_report(as, name.line, name.column, "a name should stand here");
		return NULL;
	}
	if (asm_register_number(&name) != -1 || memchr(name.text, '.', name.length)) {
		asm_report(as, name.line, name.column,
			   "'%.*s' cannot be a name; use letters, digits and '_'", SHOWN(&name));
		return NULL;
	}
	if (asm_find_symbol(as, &name)) {
		asm_report(as, name.line, name.column,
			   "'%.*s' is defined already; choose another name", SHOWN(&name));
		return NULL;
	}
	if (!asm_next(as) || !asm_expect(as, ','))
		return NULL;

	symbol = calloc(1, sizeof(*symbol));
	if (!symbol) {
		as->error = -ENOMEM;
		return NULL;
	}
	symbol->name = name.text;
	symbol->length = name.length;
	return symbol;
}

static void add_symbol(struct assembler *as, struct symbol *symbol)
{
	symbol->next = as->symbols;
	as->symbols = symbol;
}

/* .reg NAME, rN and .const NAME, VALUE */
static bool define(struct assembler *as, bool is_register)
{
	struct symbol *symbol = define_name(as);
	int64_t value = 0;
	bool good;

	if (!symbol)
		return false;
	symbol->is_register = is_register;
	if (is_register) {
		good = asm_parse_register(as, &symbol->value);
	} else {
		good = asm_parse_integer(as, INT64_MIN, INT64_MAX, &value);
		symbol->value = (uint64_t)value;
	}
	if (good)
		add_symbol(as, symbol);
	else
		free(symbol);
	return good;
}

/* .repeat NAME, COUNT: what follows, up to .endrepeat, with NAME = 0, 1, ... COUNT - 1 */
static bool start_repeat(struct assembler *as, const struct token *at)
{
	struct repeat *repeat;
	struct symbol *symbol;
	int64_t count;

	if (as->repeat_depth == MAX_REPEATS)
		return fail_at(as, at->line, at->column,
			       "too deep; %d '.repeat' may be open at a time", MAX_REPEATS);
	symbol = define_name(as);
	if (!symbol)
		return false;
	if (!asm_parse_integer(as, 1, GPUP_SOFT_MAX_INSNS, &count)) {
		free(symbol);
		return false;
	}
	add_symbol(as, symbol);

	repeat = &as->repeats[as->repeat_depth++];
	repeat->counter = symbol;
	repeat->count = count;
	repeat->line = at->line;
	repeat->column = at->column;
	repeat->depth = as->depth;
	repeat->start = as->lexer;
	return true;
}

/*
 * What was defined in it goes with each round, and with the last one the counter: symbols are
 * in the order of their definition, the last one first.
 */
static void forget_until(struct assembler *as, const struct symbol *last)
{
	struct symbol *symbol;

	while ((symbol = as->symbols) != last) {
		as->symbols = symbol->next;
		free(symbol);
	}
}

static bool end_repeat(struct assembler *as, const struct token *at)
{
	struct repeat *repeat;

	if (!as->repeat_depth)
		return fail_at(as, at->line, at->column, "'.endrepeat' without '.repeat'");
	repeat = &as->repeats[as->repeat_depth - 1];
	if (as->depth != repeat->depth)
		return fail_at(as, at->line, at->column,
			       "'if' and 'loop' must be closed where they were opened: "
			       "both inside or both outside of the '.repeat' of line %u",
			       repeat->line);
	if (!asm_at_line_end(as))
		return true;		/* the caller will complain */

	forget_until(as, repeat->counter);
	if (++repeat->counter->value < (uint64_t)repeat->count) {
		as->lexer = repeat->start;
		as->token.kind = TOKEN_NEWLINE;		/* even at the end of the text */
		return true;
	}
	forget_until(as, repeat->counter->next);
	as->repeat_depth--;
	return true;
}

static bool assemble_group(struct assembler *as)
{
	unsigned int line = as->token.line, column = as->token.column;
	uint32_t *group = as->program->group;
	int64_t size;
	int i;

	group[0] = group[1] = group[2] = 1;
	for (i = 0; i < 3; i++) {
		if (!asm_parse_integer(as, 1, GPUP_SOFT_MAX_LANES, &size))
			return false;
		group[i] = (uint32_t)size;
		if (i == 2 || !asm_at_mark(as, ','))
			break;
		if (!asm_next(as))
			return false;
	}
	if ((uint64_t)group[0] * group[1] * group[2] > GPUP_SOFT_MAX_LANES)
		return fail_at(as, line, column, "the group has too many lanes; %u is the limit",
			       GPUP_SOFT_MAX_LANES);
	return true;
}

static bool assemble_directive(struct assembler *as)
{
	struct token at = as->token;
	int64_t size;

	if (!asm_next(as))
		return false;
	if (token_is(&at, ".reg"))
		return define(as, true);
	if (token_is(&at, ".const"))
		return define(as, false);
	if (token_is(&at, ".group"))
		return assemble_group(as);
	if (token_is(&at, ".local")) {
		if (!asm_parse_integer(as, 0, GPUP_SOFT_MAX_LOCAL_SIZE, &size))
			return false;
		as->program->local_size = ((uint32_t)size + 7) & ~7u;
		return true;
	}
	if (token_is(&at, ".repeat"))
		return start_repeat(as, &at);
	if (token_is(&at, ".endrepeat"))
		return end_repeat(as, &at);
	return fail_at(as, at.line, at.column,
		       "there is no directive '%.*s'; there are .reg, .const, .group, .local, "
		       ".repeat and .endrepeat", SHOWN(&at));
}

static bool assemble(struct assembler *as)
{
	struct block *open;
	bool good;

	if (!asm_next(as))
		return false;
	while (as->token.kind != TOKEN_END) {
		if (as->token.kind == TOKEN_NEWLINE) {
			if (!asm_next(as))
				return false;
			continue;
		}
		if (as->token.kind != TOKEN_WORD)
			return fail(as, "a line starts with an instruction or a directive, not "
				    "with '%.*s'", SHOWN(&as->token));
		good = *as->token.text == '.' ? assemble_directive(as) : assemble_instruction(as);
		if (!good)
			return false;
		if (!asm_at_line_end(as))
			return fail(as, "'%.*s' is too much on this line; one instruction a line, "
				    "comments start with ';'", SHOWN(&as->token));
	}
	if (as->repeat_depth) {
		const struct repeat *repeat = &as->repeats[as->repeat_depth - 1];

		return fail_at(as, repeat->line, repeat->column,
			       "this '.repeat' is never closed; add '.endrepeat'");
	}
	if (as->depth) {
		open = &as->blocks[as->depth - 1];
		return fail_at(as, open->line, open->column, "this '%s' is never closed; "
			       "add '%s'", open->is_loop ? "loop" : "if",
			       open->is_loop ? "endloop" : "endif");
	}
	if (!as->program->count)
		return fail(as, "there are no instructions in this program");
	return true;
}

int gpup_program_assemble(const char *name, const char *text, size_t size,
			  struct gpup_program **program, char *message, size_t message_size)
{
	struct assembler as = {
		.lexer = { .at = text, .end = text + size, .line_start = text, .line = 1 },
		.name = name,
		.message = message,
		.message_size = message_size,
	};
	struct symbol *symbol;

	if (message_size)
		message[0] = '\0';
	as.program = calloc(1, sizeof(*as.program));
	if (!as.program)
		return -ENOMEM;
	as.program->group[0] = as.program->group[1] = as.program->group[2] = 1;

	as.lexer.locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (as.lexer.locale) {
		assemble(&as);
		freelocale(as.lexer.locale);
	} else {
		as.error = -ENOMEM;
	}

	while ((symbol = as.symbols)) {
		as.symbols = symbol->next;
		free(symbol);
	}
	if (as.error)
		free(as.program);
	else
		*program = as.program;
	return as.error;
}

void gpup_program_destroy(struct gpup_program *program)
{
	free(program);
}

const void *gpup_program_code(const struct gpup_program *program)
{
	return program->code;
}

uint32_t gpup_program_size(const struct gpup_program *program)
{
	return program->count * (uint32_t)sizeof(program->code[0]);
}

uint32_t gpup_program_local_size(const struct gpup_program *program)
{
	return program->local_size;
}

void gpup_program_group(const struct gpup_program *program, uint32_t group[3])
{
	memcpy(group, program->group, sizeof(program->group));
}
