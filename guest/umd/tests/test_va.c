// SPDX-License-Identifier: MIT
/* Tests of the allocator of GPU addresses. */
#include <errno.h>
#include <stdlib.h>

#include "tap.h"
#include "va.h"

#define PAGE	4096ull
#define START	0x100000ull
#define END	0x200000ull

static void test_limits(void)
{
	struct va_space space;
	uint64_t va;

	tap_ok(va_init(&space, START, START, PAGE) == -EINVAL, "an empty space is refused");
	tap_ok(va_init(&space, START + 1, END, PAGE) == -EINVAL, "a crooked start is refused");
	tap_ok(va_init(&space, START, END, 3000) == -EINVAL, "a crooked page size is refused");

	tap_ok(!va_init(&space, START, END, PAGE), "a space is made");
	tap_ok(va_alloc(&space, 0, 0, &va) == -EINVAL, "nothing cannot be allocated");
	tap_ok(va_alloc(&space, PAGE, 3 * PAGE, &va) == -EINVAL, "a crooked alignment is refused");
	tap_ok(va_alloc(&space, END - START + 1, 0, &va) == -ENOSPC, "too much is refused");
	tap_ok(va_alloc(&space, UINT64_MAX, 0, &va) == -EINVAL, "far too much is refused");
	tap_ok(!va_alloc(&space, END - START, 0, &va) && va == START, "all can be allocated");
	tap_ok(va_alloc(&space, 1, 0, &va) == -ENOSPC, "and then nothing more");
	tap_ok(va_size(&space, START) == END - START, "its size is known");
	tap_ok(va_free(&space, START + PAGE) == -ENOENT, "the middle cannot be freed");
	tap_ok(!va_free(&space, START), "all can be freed");
	tap_ok(va_free(&space, START) == -ENOENT, "but once only");
	va_fini(&space);
}

static void test_alignment(void)
{
	struct va_space space;
	uint64_t a, b, c;

	va_init(&space, START + PAGE, END, PAGE);
	tap_ok(!va_alloc(&space, 1, 0, &a) && a == START + PAGE, "first fit");
	tap_ok(!va_alloc(&space, PAGE, 0x10000, &b) && b == START + 0x10000, "alignment is kept");
	tap_ok(!va_alloc(&space, PAGE, 0, &c) && c == a + PAGE, "the gap before it is used");
	va_free(&space, a);
	va_free(&space, b);
	va_free(&space, c);
	tap_ok(!va_alloc(&space, END - START - PAGE, 0, &a), "no crumbs are left");
	va_fini(&space);
}

/* Random calls against a map of pages. */
static void test_random(void)
{
	enum { PAGES = 256 };
	unsigned char map[PAGES] = { 0 };
	uint64_t held[PAGES], sizes[PAGES];
	struct va_space space;
	unsigned int count = 0, i, j, round;
	bool good = true;

	srand(1);
	va_init(&space, START, START + PAGES * PAGE, PAGE);
	for (round = 0; round < 20000 && good; round++) {
		if (rand() & 1) {
			uint64_t pages = 1 + (uint64_t)rand() % 16, va;
			uint64_t align = PAGE << (rand() % 5);
			unsigned int fit = 0;
			bool found = false;
			int ret = va_alloc(&space, pages * PAGE, align, &va);

			for (i = 0; i < PAGES && !found; i++) {
				if ((START + i * PAGE) & (align - 1))
					continue;
				for (fit = 0; fit < pages && i + fit < PAGES && !map[i + fit];)
					fit++;
				found = fit == pages;
			}
			good = found ? !ret && va == START + (i - 1) * PAGE : ret == -ENOSPC;
			if (ret)
				continue;
			for (j = 0; j < pages; j++)
				map[(va - START) / PAGE + j] = 1;
			sizes[count] = pages;
			held[count++] = va;
		} else if (count) {
			i = (unsigned int)rand() % count;
			good = !va_free(&space, held[i]);
			for (j = 0; j < sizes[i]; j++)
				map[(held[i] - START) / PAGE + j] = 0;
			held[i] = held[--count];
			sizes[i] = sizes[count];
		}
	}
	tap_ok(good, "20000 random calls agree with a map of pages");
	va_fini(&space);
}

int main(void)
{
	test_limits();
	test_alignment();
	test_random();
	return tap_end();
}
