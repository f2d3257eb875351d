// SPDX-License-Identifier: GPL-2.0-only
/*
 * The operator: partitions in sysfs, and the mediated devices that make them.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "partition.h"
#include "util.h"

#define CLASS	"/sys/class/gpup"
#define MDEVS	"/sys/bus/mdev/devices"

/*
 * All devices of these tests have UUIDs that begin so ("gpup-st"), and end in the process that
 * made them, so that those of processes that were killed are found and removed.
 */
#define UUID_PREFIX	"67707570-2d73-4400-8000-"

/* Devices of this process. */
static char owned[64][UUID_SIZE];
static pid_t owner;
static void (*before_removal)(void);

static int write_file(const char *path, const char *text)
{
	ssize_t length = strlen(text);
	int fd, ret = 0;

	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, length) != length)
		ret = errno ? -errno : -EIO;
	close(fd);
	return ret;
}

static int read_file(const char *path, char *text, size_t size)
{
	ssize_t length;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	length = read(fd, text, size - 1);
	close(fd);
	if (length < 0)
		return -errno;
	text[length] = '\0';
	return 0;
}

static uint64_t read_number(const char *path)
{
	char text[64], *end;
	uint64_t value;
	int ret;

	ret = read_file(path, text, sizeof(text));
	if (ret)
		fatal("%s: %s", path, strerror(-ret));
	value = strtoull(text, &end, 0);
	if (end == text || *end != '\n')
		fatal("%s: no number: %s", path, text);
	return value;
}

const char *adapter_path(void)
{
	static char path[PATH_MAX];
	const char *name = getenv("GPUP_ADAPTER");
	struct dirent *entry;
	DIR *dir;

	if (path[0])
		return path;
	if (name) {
		snprintf(path, sizeof(path), CLASS "/%s", name);
		return path;
	}
	dir = opendir(CLASS);
	if (!dir)
		fatal("there is no " CLASS ": is gpup loaded?");
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.' &&
		    (!path[0] || strcmp(entry->d_name, strrchr(path, '/') + 1) < 0))
			snprintf(path, sizeof(path), CLASS "/%s", entry->d_name);
	closedir(dir);
	if (!path[0])
		fatal("no GPU in " CLASS ": is gpup_soft loaded?");
	return path;
}

uint64_t adapter_number(const char *file)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", adapter_path(), file);
	return read_number(path);
}

void mdev_type(uint64_t bytes, char *name, unsigned int size)
{
	const char *unit = "KMGT";

	for (bytes >>= 10; unit[1] && !(bytes % 1024); unit++)
		bytes /= 1024;
	snprintf(name, size, "gpup-%" PRIu64 "%c", bytes, *unit);
}

static void type_path(uint64_t bytes, const char *file, char path[PATH_MAX])
{
	char type[32];

	mdev_type(bytes, type, sizeof(type));
	snprintf(path, PATH_MAX, "%s/mdev_supported_types/%s/%s", adapter_path(), type, file);
}

uint64_t mdev_smallest(void)
{
	uint64_t bytes = adapter_number("vram_total");
	char path[PATH_MAX];

	for (;;) {
		type_path(bytes / 2, "create", path);
		if (bytes / 2 < PAGE || access(path, F_OK))
			return bytes;
		bytes /= 2;
	}
}

uint64_t mdev_available(uint64_t bytes)
{
	char path[PATH_MAX];

	type_path(bytes, "available_instances", path);
	return read_number(path);
}

static void mdev_path(const char *uuid, const char *file, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, MDEVS "/%s/%s", uuid, file);
}

bool mdev_exists(const char *uuid)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), MDEVS "/%s", uuid);
	return !access(path, F_OK);
}

int mdev_write_create(uint64_t bytes, const char *text)
{
	char path[PATH_MAX];

	type_path(bytes, "create", path);
	return write_file(path, text);
}

int mdev_remove(const char *uuid)
{
	char path[PATH_MAX];
	unsigned int i;
	int ret;

	mdev_path(uuid, "remove", path);
	ret = write_file(path, "1");
	for (i = 0; i < sizeof(owned) / sizeof(owned[0]); i++)
		if (owner == getpid() && !strcmp(owned[i], uuid))
			owned[i][0] = '\0';
	return ret;
}

static void remove_owned(void)
{
	unsigned int i;

	/* A child has inherited the list, but not the devices. */
	if (owner != getpid())
		return;
	if (before_removal)
		before_removal();
	for (i = 0; i < sizeof(owned) / sizeof(owned[0]); i++)
		if (owned[i][0])
			mdev_remove(owned[i]);
}

void mdev_before_removal(void (*func)(void))
{
	before_removal = func;
}

/* Remove the devices of processes that are gone. */
static void remove_orphans(void)
{
	struct dirent *entry;
	unsigned int pid;
	DIR *dir;

	dir = opendir(MDEVS);
	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (!strncmp(entry->d_name, UUID_PREFIX, strlen(UUID_PREFIX)) &&
		    sscanf(entry->d_name + strlen(UUID_PREFIX), "%8x", &pid) == 1 &&
		    kill(pid, 0) && errno == ESRCH)
			mdev_remove(entry->d_name);
	closedir(dir);
}

int mdev_try_create(uint64_t bytes, char uuid[UUID_SIZE])
{
	static unsigned int count;
	unsigned int i;
	int ret;

	if (owner != getpid()) {
		memset(owned, 0, sizeof(owned));
		owner = getpid();
		remove_orphans();
		atexit(remove_owned);
	}
	for (i = 0; owned[i][0]; i++)
		if (i + 1 == sizeof(owned) / sizeof(owned[0]))
			fatal("too many devices at a time");

	snprintf(uuid, UUID_SIZE, UUID_PREFIX "%08x%04x", (unsigned int)getpid(),
		 count++ & 0xffff);
	ret = mdev_write_create(bytes, uuid);
	if (!ret)
		memcpy(owned[i], uuid, UUID_SIZE);
	return ret;
}

void mdev_create(uint64_t bytes, char uuid[UUID_SIZE])
{
	int ret = mdev_try_create(bytes, uuid);
	char type[32];

	if (!ret)
		return;
	mdev_type(bytes, type, sizeof(type));
	fatal("cannot create a device of type %s: %s", type, strerror(-ret));
}

static void partition_path(const char *name, const char *attribute, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/partitions/%s/%s", adapter_path(), name, attribute);
}

uint64_t partition_get(const char *name, const char *attribute)
{
	char path[PATH_MAX];

	partition_path(name, attribute, path);
	return read_number(path);
}

int partition_set(const char *name, const char *attribute, const char *text)
{
	char path[PATH_MAX];

	partition_path(name, attribute, path);
	return write_file(path, text);
}

int partition_set_number(const char *name, const char *attribute, uint64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64 "\n", value);
	return partition_set(name, attribute, text);
}

uint64_t mdev_get(const char *uuid, const char *attribute)
{
	char path[PATH_MAX];

	mdev_path(uuid, attribute, path);
	return read_number(path);
}

int mdev_set(const char *uuid, const char *attribute, const char *text)
{
	char path[PATH_MAX];

	mdev_path(uuid, attribute, path);
	return write_file(path, text);
}

bool partition_wait(const char *name, const char *attribute, uint64_t value, unsigned int ms)
{
	uint64_t end = deadline(ms), is;

	while ((is = partition_get(name, attribute)) != value) {
		if (is_over(end)) {
			printf("# %s of %s is %" PRIu64 ", not %" PRIu64 "\n", attribute, name, is,
			       value);
			return false;
		}
		sleep_ms(1);
	}
	return true;
}

bool partition_wait_idle(const char *name, unsigned int ms)
{
	return partition_wait(name, "vram_used", 0, ms) &&
	       partition_wait(name, "system_used", 0, ms) &&
	       partition_wait(name, "clients", 0, ms);
}

bool inject_fault(const char *engine, const char *fault, unsigned int value)
{
	char path[PATH_MAX], text[16];
	int ret;

	snprintf(text, sizeof(text), "%u", value);
	/* The name of the directory is that of the GPU's device, which differs between kernels. */
	snprintf(path, sizeof(path), "/sys/kernel/debug/gpup_soft.0/%s/%s", engine, fault);
	ret = write_file(path, text);
	if (ret && ret != -ENOENT)
		fatal("%s: %s", path, strerror(-ret));
	return !ret;
}
