/* SPDX-License-Identifier: MIT */
/* The little of TAP that tests need. */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <stdbool.h>
#include <stdio.h>

static int tap_tests, tap_failures;

__attribute__((format(printf, 2, 3)))
static inline bool tap_ok(bool good, const char *format, ...)
{
	__builtin_va_list args;

	tap_tests++;
	tap_failures += !good;
	printf("%sok %d - ", good ? "" : "not ", tap_tests);
	__builtin_va_start(args, format);
	vprintf(format, args);
	__builtin_va_end(args);
	putchar('\n');
	return good;
}

static inline int tap_end(void)
{
	printf("1..%d\n", tap_tests);
	return tap_failures ? 1 : 0;
}

#endif
