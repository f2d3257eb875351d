// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests of which one field is changed at a time.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "template.h"
#include "util.h"

void template_set(struct template *template, const void *body, uint32_t size)
{
	if (size > sizeof(template->body))
		fatal("a template of %u bytes", size);
	template->size = size;
	memcpy(template->body, body, size);
}

int send_with(const struct template *template, struct field field, uint64_t value)
{
	struct template changed = *template;

	memcpy(changed.body + field.offset, &value, field.size);
	return changed.send(&changed);
}

int wrong_values(const struct template *template, struct field field, int error,
		 const uint64_t *values, unsigned int count)
{
	unsigned int i;
	int ret, errors = 0;

	for (i = 0; i < count; i++) {
		ret = send_with(template, field, values[i]);
		if (ret == error)
			continue;
		printf("# request %#lx, field at %u: value %#llx gives %d, not %d\n",
		       template->request, field.offset, (unsigned long long)values[i], ret,
		       error);
		errors++;
	}
	return errors;
}

int unknown_bits(const struct template *template, struct field field, uint64_t known)
{
	unsigned int bit;
	int errors = 0;

	for (bit = 0; bit < field.size * 8; bit++)
		if (!(known & 1ull << bit))
			errors += VALUES(template, field, -EINVAL, 1ull << bit);
	return errors;
}
