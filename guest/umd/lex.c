// SPDX-License-Identifier: MIT
/* libgpup: cuts the assembler's text into words. */
#define _GNU_SOURCE		/* strtof_l() */
#include <stdlib.h>
#include <string.h>

#include "lex.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) ||
	       c == '_' || c == '.';
}

bool token_is(const struct token *token, const char *text)
{
	return strlen(text) == token->length && !memcmp(token->text, text, token->length);
}

static int digit_value(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

static enum token_kind integer(struct lexer *lexer, struct token *token)
{
	const char *at = token->text, *end = at + token->length;
	unsigned int base = 10;
	uint64_t value = 0;

	if (token->length > 2 && at[0] == '0' && (at[1] | 0x20) == 'x')
		base = 16;
	else if (token->length > 2 && at[0] == '0' && (at[1] | 0x20) == 'b')
		base = 2;
	if (base != 10)
		at += 2;

	for (; at < end; at++) {
		unsigned int digit = (unsigned int)digit_value(*at);

		if (digit >= base) {
			lexer->problem = "this is not a number; write 12, 0xc, 0b1100 or 12.0";
			return TOKEN_BAD;
		}
		if (value > (UINT64_MAX - digit) / base) {
			lexer->problem = "the number does not fit into 64 bits";
			return TOKEN_BAD;
		}
		value = value * base + digit;
	}
	token->integer = value;
	return TOKEN_INTEGER;
}

static enum token_kind real(struct lexer *lexer, struct token *token)
{
	char text[64], *end;

	if (token->length < sizeof(text)) {
		memcpy(text, token->text, token->length);
		text[token->length] = '\0';
		token->real = strtof_l(text, &end, lexer->locale);
		if (!*end)
			return TOKEN_FLOAT;
	}
	lexer->problem = "this is not a number; write 12, 0xc, 0b1100 or 12.0";
	return TOKEN_BAD;
}

static enum token_kind number(struct lexer *lexer, struct token *token)
{
	const char *at = lexer->at;
	bool hex = lexer->end - at > 1 && at[0] == '0' && (at[1] | 0x20) == 'x';
	bool is_real = false;

	for (; at < lexer->end; at++) {
		bool exponent = !hex && (*at | 0x20) == 'e';

		if (!is_word(*at))
			break;
		if (exponent || *at == '.')
			is_real = true;
		if (exponent && lexer->end - at > 1 && (at[1] == '-' || at[1] == '+'))
			at++;
	}
	token->length = (size_t)(at - token->text);
	lexer->at = at;
	return is_real ? real(lexer, token) : integer(lexer, token);
}

static void skip_blanks(struct lexer *lexer)
{
	while (lexer->at < lexer->end &&
	       (*lexer->at == ' ' || *lexer->at == '\t' || *lexer->at == '\r'))
		lexer->at++;

	if (lexer->at < lexer->end &&
	    (*lexer->at == ';' || *lexer->at == '#' ||
	     (*lexer->at == '/' && lexer->end - lexer->at > 1 && lexer->at[1] == '/')))
		while (lexer->at < lexer->end && *lexer->at != '\n')
			lexer->at++;
}

void lex_next(struct lexer *lexer, struct token *token)
{
	char c;

	skip_blanks(lexer);
	memset(token, 0, sizeof(*token));
	token->text = lexer->at;
	token->line = lexer->line;
	token->column = (unsigned int)(lexer->at - lexer->line_start) + 1;
	if (lexer->at == lexer->end) {
		token->kind = TOKEN_END;
		return;
	}

	c = *lexer->at;
	if (c == '\n') {
		token->kind = TOKEN_NEWLINE;
		lexer->at++;
		lexer->line++;
		lexer->line_start = lexer->at;
	} else if (is_digit(c)) {
		token->kind = number(lexer, token);
	} else if (is_word(c)) {
		while (lexer->at < lexer->end && is_word(*lexer->at))
			lexer->at++;
		token->kind = TOKEN_WORD;
		token->length = (size_t)(lexer->at - token->text);
	} else if (c && strchr(",[]()+-*/!", c)) {
		token->kind = TOKEN_MARK;
		token->length = 1;
		lexer->at++;
	} else {
		token->kind = TOKEN_BAD;
		token->length = 1;
		lexer->problem = "this character means nothing here; comments start with ';'";
		lexer->at++;
	}
}
