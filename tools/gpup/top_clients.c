// SPDX-License-Identifier: MIT
/*
 * gpup: the processes that use GPUs of gpup, from what the kernel shows of their DRM
 * files; see Documentation/gpu/drm-usage-stats.rst in the kernel's tree.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "top.h"

/* "12 KiB" -> 12288 */
static uint64_t parse_size(const char *text)
{
	char *unit;
	uint64_t value = strtoull(text, &unit, 10);

	while (*unit == ' ')
		unit++;
	if (!strncmp(unit, "KiB", 3))
		return value << 10;
	if (!strncmp(unit, "MiB", 3))
		return value << 20;
	return value;
}

/* What stands behind "@key:", or NULL. */
static const char *value_of(const char *line, const char *key)
{
	size_t length = strlen(key);

	if (strncmp(line, key, length) || line[length] != ':')
		return NULL;
	line += length + 1;
	while (*line == ' ' || *line == '\t')
		line++;
	return line;
}

bool top_parse_fdinfo(const char *line, struct top_client *client)
{
	const char *value;

	value = value_of(line, "drm-driver");
	if (value)
		return !strncmp(value, "gpup", 4) &&
		       (!value[4] || isspace((unsigned char)value[4]));

	value = value_of(line, "drm-client-id");
	if (value)
		client->id = strtoull(value, NULL, 10);
	value = value_of(line, "drm-pdev");
	if (value)
		snprintf(client->device, sizeof(client->device), "%.*s",
			 (int)strcspn(value, "\n"), value);
	/* What it has allocated, wherever that is at the moment. */
	value = value_of(line, "drm-total-vram");
	if (value)
		client->vram = parse_size(value);
	value = value_of(line, "drm-total-system");
	if (value)
		client->system = parse_size(value);

	if (!strncmp(line, "drm-engine-", 11) && strncmp(line, "drm-engine-capacity-", 20)) {
		value = strchr(line, ':');
		if (value) {
			client->gpu_time += strtoull(value + 1, NULL, 10);
			client->has_gpu_time = true;
		}
	}
	return false;
}

static bool read_fdinfo(const char *path, struct top_client *client)
{
	bool is_gpup = false;
	char line[256];
	FILE *file;

	file = fopen(path, "r");
	if (!file)
		return false;
	while (fgets(line, sizeof(line), file))
		is_gpup |= top_parse_fdinfo(line, client);
	fclose(file);
	return is_gpup;
}

/* The same client may be open in several files, and in several processes. */
static bool is_known(const struct top_client *clients, size_t count,
		     const struct top_client *client)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (clients[i].id == client->id && !strcmp(clients[i].device, client->device))
			return true;
	return false;
}

static void read_command(const char *process, struct top_client *client)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/comm", process);
	read_name(path, client->command, sizeof(client->command));
}

static size_t read_process(const char *process, unsigned int pid,
			   struct top_client *clients, size_t count, size_t room)
{
	struct top_client client;
	struct dirent *entry;
	char path[400];
	DIR *directory;

	snprintf(path, sizeof(path), "%s/fdinfo", process);
	directory = opendir(path);
	if (!directory)
		return count;	/* not ours to see, or gone */
	while (count < room && (entry = readdir(directory))) {
		if (entry->d_name[0] == '.')
			continue;
		memset(&client, 0, sizeof(client));
		snprintf(path, sizeof(path), "%s/fdinfo/%.64s", process, entry->d_name);
		if (!read_fdinfo(path, &client) || is_known(clients, count, &client))
			continue;
		client.pid = pid;
		read_command(process, &client);
		clients[count++] = client;
	}
	closedir(directory);
	return count;
}

static int compare_pids(const void *left, const void *right)
{
	const struct top_client *a = left, *b = right;

	return a->pid != b->pid ? (a->pid > b->pid) - (a->pid < b->pid) :
				  (a->id > b->id) - (a->id < b->id);
}

int top_read_clients(const char *root, struct top_client *clients, size_t room)
{
	struct dirent *entry;
	char process[200];
	size_t count = 0;
	DIR *directory;

	directory = opendir(root);
	if (!directory)
		return -errno;
	while ((entry = readdir(directory))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(process, sizeof(process), "%s/%.16s", root, entry->d_name);
		count = read_process(process, (unsigned int)atoi(entry->d_name), clients, count,
				     room);
	}
	closedir(directory);
	qsort(clients, count, sizeof(*clients), compare_pids);
	return (int)count;
}
