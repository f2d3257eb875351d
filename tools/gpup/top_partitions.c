// SPDX-License-Identifier: MIT
/* gpup: the partitions of this host's GPUs, from sysfs. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "top.h"

static uint64_t read_number(const char *directory, const char *name)
{
	char path[512], text[64] = "";
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "r");
	if (!file)
		return 0;	/* the partition has just gone */
	if (!fgets(text, sizeof(text), file))
		text[0] = '\0';
	fclose(file);
	return strtoull(text, NULL, 10);
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void read_partition(const char *directory, const char *gpu, const char *name,
			   struct top_partition *partition)
{
	*partition = (struct top_partition) {
		.vram_min = read_number(directory, "vram_min"),
		.vram_max = read_number(directory, "vram_max"),
		.vram_used = read_number(directory, "vram_used"),
		.system_used = read_number(directory, "system_used"),
		.sched_weight = read_number(directory, "sched_weight"),
		.sched_cap = read_number(directory, "sched_cap"),
		.wait_time = read_number(directory, "wait_time_ns"),
		.gpu_time = read_number(directory, "gpu_time_ns"),
		.jobs = read_number(directory, "jobs"),
		.hangs = read_number(directory, "hangs"),
		.clients = read_number(directory, "clients"),
	};
	snprintf(partition->gpu, sizeof(partition->gpu), "%.31s", gpu);
	snprintf(partition->name, sizeof(partition->name), "%.63s", name);
}

int top_read_partitions(const char *root, struct top_partition *partitions, size_t room)
{
	int gpus, names, i, j;
	struct dirent **gpu, **name;
	char path[300], partition_path[400];
	size_t count = 0;

	gpus = scandir(root, &gpu, visible, versionsort);
	if (gpus < 0)
		return -errno;

	for (i = 0; i < gpus; i++) {
		snprintf(path, sizeof(path), "%s/%.64s/partitions", root, gpu[i]->d_name);
		names = scandir(path, &name, visible, alphasort);
		for (j = 0; j < names; j++) {
			snprintf(partition_path, sizeof(partition_path), "%s/%.64s", path,
				 name[j]->d_name);
			if (count < room)
				read_partition(partition_path, gpu[i]->d_name, name[j]->d_name,
					       &partitions[count++]);
			free(name[j]);
		}
		if (names >= 0)
			free(name);
		free(gpu[i]);
	}
	free(gpu);
	return (int)count;
}
