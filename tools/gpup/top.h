/* SPDX-License-Identifier: MIT */
/* gpup: who uses the GPU. Partitions are read from sysfs, processes from their fdinfo. */
#ifndef GPUP_TOP_H
#define GPUP_TOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOP_MAX_PARTITIONS	4096
#define TOP_MAX_CLIENTS		4096

/* One partition of one GPU, at one time. */
struct top_partition {
	char gpu[32];			/* "gpup0" */
	char name[64];			/* "host" or a UUID */
	uint64_t vram_min, vram_max, vram_used;
	uint64_t system_used;
	uint64_t sched_weight, sched_cap;
	uint64_t gpu_time, wait_time;	/* ns */
	uint64_t jobs, hangs, clients;
};

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

/*
 * Read all partitions below @root ("/sys/class/gpup"), in the order of their GPUs and names.
 * Returns their number; 0 if there are none, -ENOENT if there is no such directory.
 */
int top_read_partitions(const char *root, struct top_partition *partitions, size_t room);
/* Read the clients of gpup below @root ("/proc"). Those that may not be read are left out. */
int top_read_clients(const char *root, struct top_client *clients, size_t room);
/* One line of fdinfo into @client; returns true for "drm-driver: gpup". */
bool top_parse_fdinfo(const char *line, struct top_client *client);

#endif
