/* SPDX-License-Identifier: MIT */
/* libgpup: the words of the assembler's language. */
#ifndef UMD_LEX_H
#define UMD_LEX_H

#include <locale.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum token_kind {
	TOKEN_END,		/* of the text */
	TOKEN_NEWLINE,
	TOKEN_WORD,		/* a name, an instruction, a directive */
	TOKEN_INTEGER,
	TOKEN_FLOAT,
	TOKEN_MARK,		/* one of , [ ] ( ) + - * / ! */
	TOKEN_BAD,		/* the lexer's @problem says why */
};

struct token {
	enum token_kind kind;
	const char *text;
	size_t length;
	unsigned int line, column;	/* from 1, the column in bytes */
	uint64_t integer;
	float real;
};

struct lexer {
	const char *at, *end;
	const char *line_start;
	unsigned int line;
	locale_t locale;		/* "C", that a point is a point */
	const char *problem;
};

void lex_next(struct lexer *lexer, struct token *token);
bool token_is(const struct token *token, const char *text);

#endif
