// SPDX-License-Identifier: MIT
/* Tests of which render node is opened, and of what is said if none is. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include <xf86drm.h>

#include "tap.h"

/* What open() makes of the first render nodes: an error, or a file of one of these drivers. */
#define OURS	1
#define FOREIGN	2

static int nodes[3];

static int fake_open(const char *path)
{
	unsigned int index = (unsigned int)atoi(path + sizeof("/dev/dri/renderD") - 1) - 128;
	int node = index < 3 ? nodes[index] : -ENOENT;

	if (node < 0) {
		errno = -node;
		return -1;
	}
	return 1000 + node;
}

static drmVersionPtr fake_version(int fd)
{
	static struct _drmVersion version;

	version.name = fd == 1000 + OURS ? "gpup" : "other";
	return &version;
}

#define open(path, flags)	fake_open(path)
#define drmGetVersion(fd)	fake_version(fd)
#define drmFreeVersion(version)	((void)(version))
#include "../device.c"

int main(void)
{
	static const struct {
		const char *what;
		int nodes[3], expected;
	} cases[] = {
		{ "no node", { -ENOENT, -ENOENT, -ENOENT }, -ENODEV },
		{ "ours behind a gap and another", { -ENOENT, FOREIGN, OURS }, 1000 + OURS },
		{ "another only", { FOREIGN, -ENOENT, -ENOENT }, -ENODEV },
		{ "a node that may not be opened", { -EACCES, FOREIGN, -ENOENT }, -EACCES },
		{ "one that may, behind it", { -EACCES, OURS, -ENOENT }, 1000 + OURS },
		{ "too many clients", { FOREIGN, -ENOSPC, -ENOENT }, -ENOSPC },
		{ "not permitted, behind one that is gone", { -ENODEV, -ENXIO, -EPERM }, -EPERM },
		{ "the first error", { -ENOSPC, -EACCES, -ENODEV }, -ENOSPC },
	};
	size_t i;
	int n;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char path[32];
		int ret;

		for (n = 0; n < 3; n++)
			nodes[n] = cases[i].nodes[n];
		ret = find_node(path, sizeof(path));
		tap_ok(ret == cases[i].expected, "%s: %d", cases[i].what, ret);
	}
	return tap_end();
}
