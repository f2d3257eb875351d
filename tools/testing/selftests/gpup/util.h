/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What all selftests of gpup use.
 */
#ifndef _SELFTESTS_GPUP_UTIL_H_
#define _SELFTESTS_GPUP_UTIL_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE		4096u
#define KIB		(1ull << 10)
#define MIB		(1ull << 20)

/* A step that has nothing to do with what is tested went wrong: say so, and exit with 1. */
void fatal(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* Milliseconds of a clock that never goes back. */
uint64_t now_ms(void);
void sleep_ms(unsigned int ms);

/* The time at which a loop that waits is to give up. */
uint64_t deadline(unsigned int ms);
bool is_over(uint64_t deadline);

/* A sequence of numbers that only depends on where it starts. */
struct random {
	uint64_t state;
};

uint64_t random_next(struct random *random);
/* Below @limit, which is not zero. */
uint64_t random_below(struct random *random, uint64_t limit);

/* The environment's number for @name, or @otherwise. */
unsigned long env_number(const char *name, unsigned long otherwise);

/* First 32-bit word of @count at @data that is not @value, or -1. */
long find_other(const volatile void *data, size_t count, uint32_t value);

#endif
