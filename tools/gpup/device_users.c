// SPDX-License-Identifier: MIT
/* gpup: who has a mediated device open. */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "operator.h"

static const char *proc_root(void)
{
	const char *root = getenv("GPUP_PROC");

	return root ? root : "/proc";
}

/* The last part of where a link points; empty if there is none. */
static void link_name(const char *path, char *name, size_t size)
{
	char target[PATH_MAX];
	ssize_t length = readlink(path, target, sizeof(target) - 1);
	const char *slash;

	name[0] = '\0';
	if (length <= 0)
		return;
	target[length] = '\0';
	slash = strrchr(target, '/');
	snprintf(name, size, "%.63s", slash ? slash + 1 : target);
}

/* The device's file of its own, by which iommufd opens it; empty if there is none. */
static void cdev_path(const char *uuid, char *path, size_t size)
{
	DIR *dir = opendir(sysfs_path("bus/mdev/devices/%s/vfio-dev", uuid));
	struct dirent *entry;

	path[0] = '\0';
	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			snprintf(path, size, "/dev/vfio/devices/%.63s", entry->d_name);
	closedir(dir);
}

static bool has_open(const char *pid, const char *group, const char *cdev)
{
	char path[PATH_MAX], target[PATH_MAX];
	struct dirent *entry;
	bool found = false;
	ssize_t length;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%.16s/fd", proc_root(), pid);
	dir = opendir(path);
	if (!dir)
		return false;
	while (!found && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/%.16s/fd/%.32s", proc_root(), pid, entry->d_name);
		length = readlink(path, target, sizeof(target) - 1);
		if (length <= 0)
			continue;
		target[length] = '\0';
		found = !strcmp(target, group) || (cdev[0] && !strcmp(target, cdev));
	}
	closedir(dir);
	return found;
}

static char *add_user(char *users, const char *pid)
{
	char path[PATH_MAX], comm[64] = "?", *more;

	snprintf(path, sizeof(path), "%s/%.16s/comm", proc_root(), pid);
	read_name(path, comm, sizeof(comm));
	if (asprintf(&more, "%s%s%s[%s]", users ? users : "", users ? ", " : "", comm, pid) < 0)
		die(EXIT_FAILED, "out of memory");
	free(users);
	return more;
}

char *device_users(const char *uuid)
{
	char number[64], group[96], cdev[96];
	DIR *dir = opendir(proc_root());
	struct dirent *entry;
	char *users = NULL;

	if (!dir)
		return NULL;
	link_name(sysfs_path("bus/mdev/devices/%s/iommu_group", uuid), number, sizeof(number));
	snprintf(group, sizeof(group), "/dev/vfio/%s", number);
	cdev_path(uuid, cdev, sizeof(cdev));
	while ((entry = readdir(dir)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
		    has_open(entry->d_name, group, cdev))
			users = add_user(users, entry->d_name);
	closedir(dir);
	return users;
}
