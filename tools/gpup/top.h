/* SPDX-License-Identifier: MIT */
/* gpup top: which processes use the GPU, from their fdinfo; and what is whose due. */
#ifndef GPUP_TOP_H
#define GPUP_TOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOP_MAX_CLIENTS		4096

/* One DRM client: a process, mostly. */
struct top_client {
	char device[64];		/* where it is, to tell GPUs apart */
	uint64_t id;
	unsigned int pid;
	char command[32];
	uint64_t vram, system;		/* bytes */
	uint64_t gpu_time;		/* ns, all engines; 0 where it is not known (in a VM) */
	bool has_gpu_time;
};

/* Read the clients of gpup below @root ("/proc"). Those that may not be read are left out. */
int top_read_clients(const char *root, struct top_client *clients, size_t room);
/* One line of fdinfo into @client; returns true for "drm-driver: gpup". */
bool top_parse_fdinfo(const char *line, struct top_client *client);

struct partition;

/* The same partition in another list; NULL if it was not there then. */
const struct partition *top_find(const struct partition *list, int count,
				 const struct partition *partition);
/*
 * What a partition, one of @now, is entitled to, in percent of the engines of a class: its weight
 * among those of its GPU that have used or waited for one since @before, and no more than its cap,
 * or than what is left to it while it is throttled. Negative if it did not want any.
 */
double top_entitlement(const struct partition *partition, const struct partition *now, int count,
		       const struct partition *before, int before_count);

#endif
