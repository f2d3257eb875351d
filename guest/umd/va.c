// SPDX-License-Identifier: MIT
/*
 * libgpup: allocation of GPU addresses.
 *
 * First fit over a list ordered by address. A program has tens or hundreds of
 * mappings, made once; a tree would not be noticed.
 */
#include <errno.h>
#include <stdlib.h>

#include "va.h"

int va_init(struct va_space *space, uint64_t start, uint64_t end, uint64_t page_size)
{
	struct va_range *range;

	if (!page_size || (page_size & (page_size - 1)) || start >= end ||
	    ((start | end) & (page_size - 1)))
		return -EINVAL;

	range = calloc(1, sizeof(*range));
	if (!range)
		return -ENOMEM;

	range->start = start;
	range->size = end - start;
	space->first = range;
	space->page_size = page_size;
	return 0;
}

void va_fini(struct va_space *space)
{
	struct va_range *range, *next;

	for (range = space->first; range; range = next) {
		next = range->next;
		free(range);
	}
	space->first = NULL;
}

/* Cut @range in two; the first part has @size bytes. */
static int split(struct va_range *range, uint64_t size)
{
	struct va_range *rest;

	if (size == range->size)
		return 0;

	rest = calloc(1, sizeof(*rest));
	if (!rest)
		return -ENOMEM;

	rest->start = range->start + size;
	rest->size = range->size - size;
	rest->taken = range->taken;
	rest->next = range->next;
	range->size = size;
	range->next = rest;
	return 0;
}

/* Make one of @range and the next one, if both are free. */
static void merge(struct va_range *range)
{
	struct va_range *next = range->next;

	if (!next || range->taken || next->taken)
		return;
	range->size += next->size;
	range->next = next->next;
	free(next);
}

int va_alloc(struct va_space *space, uint64_t size, uint64_t align, uint64_t *start)
{
	struct va_range *range;
	uint64_t gap;

	if (align < space->page_size)
		align = align & (align - 1) ? 0 : space->page_size;
	if (!size || size > UINT64_MAX - space->page_size || !align || (align & (align - 1)))
		return -EINVAL;
	size = (size + space->page_size - 1) & ~(space->page_size - 1);

	for (range = space->first; range; range = range->next) {
		gap = -range->start & (align - 1);
		if (range->taken || range->size < gap || range->size - gap < size)
			continue;
		if (gap) {
			if (split(range, gap))
				return -ENOMEM;
			range = range->next;
		}
		if (split(range, size)) {
			/* The gap stays cut off; the next va_free() beside it heals that. */
			return -ENOMEM;
		}
		range->taken = 1;
		*start = range->start;
		return 0;
	}
	return -ENOSPC;
}

int va_free(struct va_space *space, uint64_t start)
{
	struct va_range *range, *before = NULL;

	for (range = space->first; range; before = range, range = range->next) {
		if (range->start != start)
			continue;
		if (!range->taken)
			return -ENOENT;
		range->taken = 0;
		merge(range);
		if (before)
			merge(before);
		return 0;
	}
	return -ENOENT;
}

uint64_t va_size(const struct va_space *space, uint64_t start)
{
	const struct va_range *range;

	for (range = space->first; range; range = range->next)
		if (range->start == start)
			return range->taken ? range->size : 0;
	return 0;
}
