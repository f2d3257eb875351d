// SPDX-License-Identifier: MIT
/* libgpup: the operands of the assembler's instructions and directives. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "asm_private.h"
#include "isa.h"

void asm_report(struct assembler *as, unsigned int line, unsigned int column,
		const char *format, ...)
{
	va_list args;
	int length;

	as->error = -EINVAL;
	length = snprintf(as->message, as->message_size, "%s:%u:%u: error: ", as->name,
			  line, column);
	if (length < 0 || (size_t)length >= as->message_size)
		return;
	va_start(args, format);
	vsnprintf(as->message + length, as->message_size - (size_t)length, format, args);
	va_end(args);
}

bool asm_next(struct assembler *as)
{
	lex_next(&as->lexer, &as->token);
	if (as->token.kind == TOKEN_BAD)
		return fail(as, "'%.*s': %s", SHOWN(&as->token), as->lexer.problem);
	return true;
}

bool asm_at_mark(const struct assembler *as, char mark)
{
	return as->token.kind == TOKEN_MARK && *as->token.text == mark;
}

bool asm_at_line_end(const struct assembler *as)
{
	return as->token.kind == TOKEN_NEWLINE || as->token.kind == TOKEN_END;
}

bool asm_expect(struct assembler *as, char mark)
{
	if (asm_at_mark(as, mark))
		return asm_next(as);
	if (asm_at_line_end(as))
		return fail(as, "the line ends too early; '%c' should follow here", mark);
	return fail(as, "'%.*s' is out of place; '%c' should stand here",
		    SHOWN(&as->token), mark);
}

struct symbol *asm_find_symbol(struct assembler *as, const struct token *token)
{
	struct symbol *symbol;

	for (symbol = as->symbols; symbol; symbol = symbol->next)
		if (symbol->length == token->length &&
		    !memcmp(symbol->name, token->text, token->length))
			return symbol;
	return NULL;
}

int asm_register_number(const struct token *token)
{
	unsigned int number = 0;
	size_t i;

	if (token->kind != TOKEN_WORD || token->length < 2 || token->text[0] != 'r')
		return -1;
	for (i = 1; i < token->length; i++) {
		if (token->text[i] < '0' || token->text[i] > '9')
			return -1;
		number = number * 10 + (unsigned int)(token->text[i] - '0');
		if (number >= GPUP_SOFT_NUM_REGS)
			return -2;
	}
	return token->length > 2 && token->text[1] == '0' ? -1 : (int)number;
}

bool asm_at_register(struct assembler *as)
{
	struct symbol *symbol;

	if (as->token.kind != TOKEN_WORD)
		return false;
	if (asm_register_number(&as->token) != -1)
		return true;
	symbol = asm_find_symbol(as, &as->token);
	return symbol && symbol->is_register;
}

bool asm_parse_register(struct assembler *as, uint64_t *number)
{
	int direct = asm_register_number(&as->token);
	struct symbol *symbol;

	if (direct == -2)
		return fail(as, "there is no register '%.*s'; they are r0 to r%u",
			    SHOWN(&as->token), GPUP_SOFT_NUM_REGS - 1);
	if (direct >= 0) {
		*number = (uint64_t)direct;
		return asm_next(as);
	}
	if (asm_at_line_end(as))
		return fail(as, "the line ends too early; a register should follow here");

	symbol = as->token.kind == TOKEN_WORD ? asm_find_symbol(as, &as->token) : NULL;
	if (symbol && symbol->is_register) {
		*number = symbol->value;
		return asm_next(as);
	}
	if (symbol)
		return fail(as, "'%.*s' is a number; a register should stand here (use 'mov' "
			    "to load it into one)", SHOWN(&as->token));
	if (as->token.kind == TOKEN_WORD)
		return fail(as, "'%.*s' is not a register; use r0 to r%u, or define it with "
			    "'.reg %.*s, rN'", SHOWN(&as->token), GPUP_SOFT_NUM_REGS - 1,
			    SHOWN(&as->token));
	return fail(as, "a register should stand here, not '%.*s'", SHOWN(&as->token));
}

static bool parse_primary(struct assembler *as, struct number *number)
{
	struct symbol *symbol;

	memset(number, 0, sizeof(*number));
	if (asm_at_mark(as, '-')) {
		if (!asm_next(as) || !parse_primary(as, number))
			return false;
		number->integer = -number->integer;
		number->real = -number->real;
		return true;
	}
	if (asm_at_mark(as, '('))
		return asm_next(as) && asm_parse_number(as, number) && asm_expect(as, ')');

	switch (as->token.kind) {
	case TOKEN_INTEGER:
		number->integer = as->token.integer;
		return asm_next(as);
	case TOKEN_FLOAT:
		number->is_float = true;
		number->real = as->token.real;
		return asm_next(as);
	case TOKEN_WORD:
		symbol = asm_find_symbol(as, &as->token);
		if (symbol && !symbol->is_register) {
			number->integer = symbol->value;
			return asm_next(as);
		}
		if (symbol || asm_register_number(&as->token) != -1)
			return fail(as, "'%.*s' is a register; a number should stand here",
				    SHOWN(&as->token));
		return fail(as, "'%.*s' is not known; define it with '.const %.*s, VALUE' or "
			    "'.reg %.*s, rN'", SHOWN(&as->token), SHOWN(&as->token),
			    SHOWN(&as->token));
	default:
		if (asm_at_line_end(as))
			return fail(as, "the line ends too early; a number should follow here");
		return fail(as, "a number should stand here, not '%.*s'", SHOWN(&as->token));
	}
}

static bool combine(struct assembler *as, char operator, struct number *left,
		    const struct number *right)
{
	if (left->is_float || right->is_float)
		return fail(as, "only whole numbers can be calculated with");

	switch (operator) {
	case '+':
		left->integer += right->integer;
		return true;
	case '-':
		left->integer -= right->integer;
		return true;
	case '*':
		left->integer *= right->integer;
		return true;
	default:
		if (!right->integer)
			return fail(as, "division by zero");
		if ((int64_t)right->integer == -1)
			left->integer = -left->integer;
		else
			left->integer = (uint64_t)((int64_t)left->integer /
						   (int64_t)right->integer);
		return true;
	}
}

static bool parse_product(struct assembler *as, struct number *number)
{
	struct number right;
	char operator;

	if (!parse_primary(as, number))
		return false;
	while (asm_at_mark(as, '*') || asm_at_mark(as, '/')) {
		operator = *as->token.text;
		if (!asm_next(as) || !parse_primary(as, &right) ||
		    !combine(as, operator, number, &right))
			return false;
	}
	return true;
}

bool asm_parse_number(struct assembler *as, struct number *number)
{
	struct number right;
	char operator;

	if (!parse_product(as, number))
		return false;
	while (asm_at_mark(as, '+') || asm_at_mark(as, '-')) {
		operator = *as->token.text;
		if (!asm_next(as) || !parse_product(as, &right) ||
		    !combine(as, operator, number, &right))
			return false;
	}
	return true;
}

bool asm_parse_integer(struct assembler *as, int64_t low, int64_t high, int64_t *value)
{
	unsigned int line = as->token.line, column = as->token.column;
	struct number number;

	if (!asm_parse_number(as, &number))
		return false;
	if (number.is_float)
		return fail_at(as, line, column, "a whole number should stand here");
	*value = (int64_t)number.integer;
	if (*value < low || *value > high)
		return fail_at(as, line, column, "%lld is out of range; from %lld to %lld will do",
			       (long long)*value, (long long)low, (long long)high);
	return true;
}

uint32_t asm_float_bits(float real)
{
	uint32_t bits;

	memcpy(&bits, &real, sizeof(bits));
	return bits;
}

bool asm_parse_immediate(struct assembler *as, const char *type, uint32_t *imm)
{
	unsigned int line = as->token.line, column = as->token.column;
	bool bits = as->token.kind == TOKEN_INTEGER && as->token.length > 1 &&
		    as->token.text[0] == '0';
	struct number number;
	int64_t low = INT32_MIN, high = UINT32_MAX, value;

	if (!asm_parse_number(as, &number))
		return false;
	value = (int64_t)number.integer;

	if (number.is_float && type && type[0] == 'i')
		return fail_at(as, line, column, "a whole number should stand here; "
			       "the type is %s", type);
	if (number.is_float) {
		*imm = asm_float_bits(number.real);
		return true;
	}
	if (type && type[0] == 'f' && !bits) {
		*imm = asm_float_bits((float)value);
		return true;
	}
	/* imm32 is sign-extended: what is above is another number in 64 bits. */
	if (type && !strcmp(type, "i64"))
		high = INT32_MAX;
	if (value < low || value > high)
		return fail_at(as, line, column, "%lld is out of range; from %lld to %lld will do "
			       "(use 'mov' to load it into a register)",
			       (long long)value, (long long)low, (long long)high);
	*imm = (uint32_t)value;
	return true;
}

bool asm_parse_special(struct assembler *as, uint32_t *number)
{
	const char *name;

	for (*number = 0; (name = isa_special_name(*number)); ++*number)
		if (as->token.kind == TOKEN_WORD && token_is(&as->token, name))
			return asm_next(as);
	if (asm_at_line_end(as))
		return fail(as, "the line ends too early; a special register should follow here");
	return fail(as, "'%.*s' is not a special register; they are local_id_x, group_id_x, "
		    "global_id_x, group_size_x, grid_size_x (also with _y and _z), lane, args, "
		    "args_size and local_size", SHOWN(&as->token));
}

bool asm_parse_address(struct assembler *as, int64_t low, int64_t high, uint64_t *a,
			  int64_t *offset)
{
	*offset = 0;
	if (!asm_expect(as, '[') || !asm_parse_register(as, a))
		return false;
	if (asm_at_mark(as, '+')) {
		if (!asm_next(as))
			return false;
	}
	/* The minus of "[r1 - 8]" belongs to the number. */
	if (!asm_at_mark(as, ']') && !asm_parse_integer(as, low, high, offset))
		return false;
	return asm_expect(as, ']');
}
