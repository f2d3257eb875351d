// SPDX-License-Identifier: MIT
/* gpup: where the account of a GPU's memory is found, and how a map of it is written. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"

/* ---- Finding ---- */

/* What a file says of its adapter; its first lines do. */
static int read_adapter(const char *path, char adapter[64], char name[64])
{
	char *line = NULL;
	size_t room = 0;
	int ret = -ENOENT, i;
	FILE *file;

	file = fopen(path, "r");
	if (!file)
		return -errno;
	for (i = 0; i < 16 && getline(&line, &room, file) > 0; i++) {
		if (sscanf(line, "adapter %63s %63s", adapter, name) == 2) {
			ret = 0;
			break;
		}
	}
	free(line);
	fclose(file);
	return ret;
}

/* @name as DEV_QUERY has it, @word as in the file: without blanks. */
static bool same_name(const char *name, const char *word)
{
	for (; *name && *word; name++, word++)
		if (*name != *word && !(*word == '_' && (*name == ' ' || *name == '\t')))
			return false;
	return !*name && !*word;
}

static int no_access(int error)
{
	return error == -EPERM ? -EACCES : error;
}

char *mem_find(const char *root, const char *adapter, const char *name, int *error)
{
	char found_adapter[64] = "", this_adapter[64], this_name[64];
	struct dirent *entry;
	char *found = NULL, *path;
	DIR *directory;
	int ret;

	directory = opendir(root);
	if (!directory) {
		*error = no_access(-errno);
		return NULL;
	}

	/* One GPU may be there several times: for each of its nodes, and by its device's name. */
	*error = -ENODEV;
	while ((entry = readdir(directory))) {
		if (entry->d_name[0] == '.')
			continue;
		if (asprintf(&path, "%s/%s/gpup_memory", root, entry->d_name) < 0) {
			*error = 0;
			break;
		}
		ret = read_adapter(path, this_adapter, this_name);
		if (no_access(ret) == -EACCES)
			*error = -EACCES;
		if (ret || !(adapter ? !strcmp(adapter, this_adapter) :
			     same_name(name, this_name)) ||
		    (found && !strcmp(found_adapter, this_adapter))) {
			free(path);
			continue;
		}
		if (found) {
			free(path);
			free(found);
			found = NULL;
			*error = -ENOTUNIQ;
			break;
		}
		found = path;
		memcpy(found_adapter, this_adapter, sizeof(found_adapter));
	}
	closedir(directory);
	return found;
}

static int is_adapter(const struct dirent *entry)
{
	return !strncmp(entry->d_name, "gpup", 4);
}

/* The DRM device and gpupN are siblings: both have the GPU as their parent. */
char *mem_adapter_of(const char *root, unsigned int major, unsigned int minor)
{
	struct dirent **entries;
	char *path, *adapter = NULL;
	int count, i;

	if (asprintf(&path, "%s/%u:%u/device/gpup", root, major, minor) < 0)
		return NULL;
	count = scandir(path, &entries, is_adapter, NULL);
	free(path);
	if (count < 0)
		return NULL;
	/* With several, it cannot be told which is meant. */
	if (count == 1)
		adapter = strdup(entries[0]->d_name);
	for (i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
	return adapter;
}

/* ---- Writing ---- */

static int write_all(int fd, const char *data, size_t size)
{
	ssize_t done;

	while (size) {
		done = write(fd, data, size);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		data += done;
		size -= (size_t)done;
	}
	return 0;
}

static int write_in_place(const char *path, const void *data, size_t size)
{
	int fd, ret;

	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = write_all(fd, data, size);
	if (close(fd) && !ret)
		ret = -errno;
	return ret;
}

static int write_and_rename(const char *path, mode_t mode, const void *data, size_t size)
{
	char *temporary;
	int fd, ret;

	if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
		return -ENOMEM;
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0) {
		ret = -errno;
		free(temporary);
		return ret;
	}
	ret = write_all(fd, data, size);
	if (!ret && fchmod(fd, mode))
		ret = -errno;
	/* Some file systems say only now that they are full. */
	if (close(fd) && !ret)
		ret = -errno;
	if (!ret && rename(temporary, path))
		ret = -errno;
	if (ret)
		unlink(temporary);
	free(temporary);
	return ret;
}

int mem_write(const char *path, const void *data, size_t size)
{
	struct stat status;
	mode_t mask;
	char *target;
	int ret;

	if (stat(path, &status)) {
		mask = umask(0);
		umask(mask);
		return write_and_rename(path, 0666 & ~mask, data, size);
	}
	if (S_ISDIR(status.st_mode))
		return -EISDIR;
	if (!S_ISREG(status.st_mode))
		return write_in_place(path, data, size);
	/* What is replaced is the file, not a link to it. */
	target = realpath(path, NULL);
	if (!target)
		return -errno;
	ret = write_and_rename(target, status.st_mode & 0777, data, size);
	free(target);
	return ret;
}
