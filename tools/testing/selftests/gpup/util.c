// SPDX-License-Identifier: GPL-2.0-only
/*
 * What all selftests of gpup use.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "util.h"

void fatal(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("# cannot go on: ");
	vprintf(format, args);
	printf("\n");
	va_end(args);
	/* Not _exit(): the functions that clean up are registered with atexit(). */
	exit(1);
}

uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void sleep_ms(unsigned int ms)
{
	struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	nanosleep(&time, NULL);
}

uint64_t deadline(unsigned int ms)
{
	return now_ms() + ms;
}

bool is_over(uint64_t end)
{
	return now_ms() >= end;
}

/* splitmix64: any start is a good one. */
uint64_t random_next(struct random *random)
{
	uint64_t z = (random->state += 0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

uint64_t random_below(struct random *random, uint64_t limit)
{
	return random_next(random) % limit;
}

unsigned long env_number(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);
	unsigned long value;
	char *end;

	if (!text || !*text)
		return otherwise;
	value = strtoul(text, &end, 0);
	if (*end)
		fatal("%s=%s is not a number", name, text);
	return value;
}

long find_other(const volatile void *data, size_t count, uint32_t value)
{
	const volatile uint32_t *words = data;
	size_t i;

	for (i = 0; i < count; i++)
		if (words[i] != value)
			return i;
	return -1;
}
