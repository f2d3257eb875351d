// SPDX-License-Identifier: GPL-2.0-only
/*
 * The attributes in sysfs are those that Documentation/ABI/testing/ has, and no others; who may
 * not change one does not, and what makes no sense changes nothing.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "partition.h"
#include "util.h"

#define NOBODY	65534

struct attribute {
	const char *name;
	bool writable;
};

/* Documentation/ABI/testing/sysfs-class-gpup and sysfs-bus-mdev-gpup. */
static const struct attribute partition_attributes[] = {
	{ "vram_min", true },
	{ "vram_max", true },
	{ "vram_used", false },
	{ "vram_evicted", false },
	{ "vram_peak", false },
	{ "vram_budget", false },
	{ "evictions", false },
	{ "bytes_moved", false },
	{ "trims", false },
	{ "system_max", false },
	{ "system_used", false },
	{ "sched_weight", true },
	{ "sched_cap", true },
	{ "exec_quantum_us", true },
	{ "preempt_timeout_us", true },
	{ "job_timeout_ms", true },
	{ "gpu_time_ns", false },
	{ "jobs", false },
	{ "preemptions", false },
	{ "wait_time_ns", false },
	{ "hangs", false },
	{ "resets", false },
	{ "throttled", false },
	{ "needs_reset", false },
	{ "clients", false },
	{ "messages", false },
	{ "doorbells", false },
	{ "interrupts", false },
	{}
};

static const struct attribute adapter_attributes[] = {
	{ "name", false },
	{ "vram_total", false },
	{ "vram_available", false },
	{}
};

/* What the driver core and the mdev core add. */
static const char * const core_attributes[] = { "uevent", "remove" };

FIXTURE(attributes) {
	char uuid[UUID_SIZE];
	/* Folders of the host's partition, of the device's, of the device, and of the GPU. */
	char folders[4][PATH_MAX / 2];
};

FIXTURE_SETUP(attributes)
{
	mdev_create(mdev_smallest(), self->uuid);
	snprintf(self->folders[0], PATH_MAX / 2, "%s/partitions/host", adapter_path());
	snprintf(self->folders[1], PATH_MAX / 2, "%s/partitions/%s", adapter_path(), self->uuid);
	snprintf(self->folders[2], PATH_MAX / 2, "/sys/bus/mdev/devices/%s", self->uuid);
	snprintf(self->folders[3], PATH_MAX / 2, "%s", adapter_path());
}

FIXTURE_TEARDOWN(attributes)
{
	EXPECT_EQ(0, mdev_remove(self->uuid));
}

static const struct attribute *table(unsigned int folder)
{
	return folder == 3 ? adapter_attributes : partition_attributes;
}

static bool is_documented(unsigned int folder, const char *name)
{
	const struct attribute *attribute;
	unsigned int i;

	for (attribute = table(folder); attribute->name; attribute++)
		if (!strcmp(attribute->name, name))
			return true;
	for (i = 0; folder > 1 && i < 2; i++)
		if (!strcmp(core_attributes[i], name))
			return true;
	return false;
}

static int read_all(const char *folder, const char *name, char *text, size_t size)
{
	char path[PATH_MAX];
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	length = read(fd, text, size - 1);
	close(fd);
	if (length < 0)
		return -EIO;
	text[length] = '\0';
	return 0;
}

TEST_F(attributes, documented)
{
	const struct attribute *attribute;
	struct dirent *entry;
	char text[256];
	unsigned int i;
	DIR *dir;

	for (i = 0; i < 4; i++) {
		for (attribute = table(i); attribute->name; attribute++) {
			EXPECT_EQ(0, read_all(self->folders[i], attribute->name, text,
					      sizeof(text)));
			EXPECT_EQ('\n', text[strlen(text) - 1]);
		}
		dir = opendir(self->folders[i]);
		ASSERT_NE(NULL, dir);
		while ((entry = readdir(dir))) {
			if (entry->d_type != DT_REG)
				continue;
			EXPECT_TRUE(is_documented(i, entry->d_name)) {
				TH_LOG("%s/%s is not documented", self->folders[i],
				       entry->d_name);
			}
		}
		closedir(dir);
	}
}

/* 0, or -errno of opening it to write; nothing is written. */
static int try_open(const char *folder, const char *name)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

TEST_F(attributes, read_only)
{
	const struct attribute *attribute;
	struct stat status;
	char path[PATH_MAX];
	unsigned int i;

	for (i = 0; i < 4; i++) {
		for (attribute = table(i); attribute->name; attribute++) {
			snprintf(path, sizeof(path), "%s/%s", self->folders[i], attribute->name);
			ASSERT_EQ(0, stat(path, &status));
			EXPECT_EQ(attribute->writable ? 0644 : 0444, status.st_mode & 07777);
			EXPECT_EQ(attribute->writable ? 0 : -EACCES,
				  try_open(self->folders[i], attribute->name));
		}
	}
}

/* Somebody who is not root may look, but change nothing. */
TEST_F(attributes, not_root)
{
	const struct attribute *attribute;
	char text[256];
	unsigned int i;
	int status;
	pid_t pid;

	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		unsigned int errors = 0;

		if (setgid(NOBODY) || setuid(NOBODY))
			_exit(99);
		for (i = 0; i < 4; i++) {
			for (attribute = table(i); attribute->name; attribute++) {
				errors += try_open(self->folders[i], attribute->name) != -EACCES;
				errors += read_all(self->folders[i], attribute->name, text,
						   sizeof(text)) != 0;
			}
		}
		errors += try_open(self->folders[2], "remove") != -EACCES;
		errors += mdev_write_create(mdev_smallest(), self->uuid) != -EACCES;
		_exit(errors < 98 ? errors : 98);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_TRUE(mdev_exists(self->uuid));
}

struct change {
	const char *text;
	int error;
	/* Its value afterwards, if it is taken. */
	uint64_t value;
};

static const struct change weights[] = {
	{ "1", 0, 1 }, { "10000", 0, 10000 }, { "0x10", 0, 16 }, { "+7\n", 0, 7 },
	{ "0", -EINVAL, 0 }, { "10001", -EINVAL, 0 },
	{ "-1", -EINVAL, 0 }, { "4294967295", -EINVAL, 0 },
	{ "4294967296", -ERANGE, 0 }, { "4294967396", -ERANGE, 0 },
	{ "18446744073709551616", -ERANGE, 0 },
	{ "\n", -EINVAL, 0 }, { " ", -EINVAL, 0 }, { "1 2", -EINVAL, 0 }, { "1\n2", -EINVAL, 0 },
	{ "1k", -EINVAL, 0 }, { "1.5", -EINVAL, 0 }, { "1e3", -EINVAL, 0 }, { "x", -EINVAL, 0 },
	{ "0x", -EINVAL, 0 }, { " 5", -EINVAL, 0 }, { "5 ", -EINVAL, 0 }, { "- 5", -EINVAL, 0 },
	{}
};

static const struct change timeouts[] = {
	{ "10", 0, 10 }, { "600000", 0, 600000 }, { "5000\n", 0, 5000 },
	{ "9", -EINVAL, 0 }, { "600001", -EINVAL, 0 }, { "0", -EINVAL, 0 }, { "-10", -EINVAL, 0 },
	{ "4294967295", -EINVAL, 0 }, { "4294967306", -ERANGE, 0 }, { "5s", -EINVAL, 0 },
	{ "5000\n\n", -EINVAL, 0 }, { "\n", -EINVAL, 0 }, { "forever", -EINVAL, 0 },
	{}
};

static const struct change caps[] = {
	{ "0", 0, 0 }, { "1", 0, 1 }, { "100", 0, 100 }, { "50\n", 0, 50 },
	{ "101", -EINVAL, 0 }, { "-1", -EINVAL, 0 }, { "50%", -EINVAL, 0 }, { "\n", -EINVAL, 0 },
	{ "4294967296", -ERANGE, 0 },
	{}
};

static const struct change quanta[] = {
	{ "100", 0, 100 }, { "1000000", 0, 1000000 }, { "1000\n", 0, 1000 },
	{ "99", -EINVAL, 0 }, { "1000001", -EINVAL, 0 }, { "0", -EINVAL, 0 },
	{ "-100", -EINVAL, 0 }, { "1ms", -EINVAL, 0 }, { "4294967396", -ERANGE, 0 },
	{}
};

static const struct change preempt_timeouts[] = {
	{ "1000", 0, 1000 }, { "10000000", 0, 10000000 }, { "640000\n", 0, 640000 },
	{ "999", -EINVAL, 0 }, { "10000001", -EINVAL, 0 }, { "0", -EINVAL, 0 },
	{ "4294968296", -ERANGE, 0 },
	{}
};

/* Of a partition whose guarantee was lowered to 0 and whose limit is 16 MiB or more. */
static const struct change sizes[] = {
	{ "4096", 0, 4096 }, { "4K", 0, 4096 }, { "8k\n", 0, 8192 }, { "1M", 0, 1 << 20 },
	{ "2m", 0, 2 << 20 }, { "0x1000", 0, 4096 }, { "0x1k", -EINVAL, 0 }, { "0", 0, 0 },
	{ "1", -EINVAL, 0 }, { "4095", -EINVAL, 0 },
	{ "4097", -EINVAL, 0 }, { "6145K", -EINVAL, 0 },
	{ "-1", -EINVAL, 0 }, { "-4096", -EINVAL, 0 }, { "-1M", -EINVAL, 0 }, { "M", -EINVAL, 0 },
	{ "\n", -EINVAL, 0 }, { "1MM", -EINVAL, 0 }, { "1MB", -EINVAL, 0 }, { "1MiB", -EINVAL, 0 },
	{ "1 M", -EINVAL, 0 }, { "1.5M", -EINVAL, 0 },
	{ "1T", -EINVAL, 0 }, { "4096 4096", -EINVAL, 0 },
	{ "4096\n4096", -EINVAL, 0 }, { "4K\nx", -EINVAL, 0 }, { "4096\n\n", -EINVAL, 0 },
	{ "all", -EINVAL, 0 }, { "9223372036854775808", -EINVAL, 0 },
	{ "18446744073709547520", -EINVAL, 0 },
	{ "18446744073709551615", -EINVAL, 0 }, { "18446744073709551616", -ERANGE, 0 },
	{ "17179869183G", -EINVAL, 0 }, { "17179869184G", -ERANGE, 0 },
	{ "18014398509481984K", -ERANGE, 0 }, { "99999999999999999999999999999999", -EINVAL, 0 },
	{}
};

/* By the partition's folder or by the device's: the same. Returns how many went wrong. */
static int apply(const char *uuid, const char *attribute, const struct change *changes)
{
	int errors = 0, ret;
	unsigned int by_device;
	uint64_t value;

	for (; changes->text; changes++) {
		for (by_device = 0; by_device < 2; by_device++) {
			uint64_t expected = partition_get(uuid, attribute);

			ret = by_device ? mdev_set(uuid, attribute, changes->text) :
			      partition_set(uuid, attribute, changes->text);
			if (!changes->error)
				expected = changes->value;
			value = partition_get(uuid, attribute);
			if (ret == changes->error && value == expected &&
			    mdev_get(uuid, attribute) == expected)
				continue;
			printf("# %s: '%s' gives %d, not %d, and %llu, not %llu\n", attribute,
			       changes->text, ret, changes->error, (unsigned long long)value,
			       (unsigned long long)expected);
			errors++;
		}
	}
	return errors;
}

TEST_F(attributes, sched_weight)
{
	EXPECT_EQ(100, partition_get(self->uuid, "sched_weight"));
	EXPECT_EQ(0, apply(self->uuid, "sched_weight", weights));
}

TEST_F(attributes, job_timeout_ms)
{
	EXPECT_EQ(5000, partition_get(self->uuid, "job_timeout_ms"));
	EXPECT_EQ(0, apply(self->uuid, "job_timeout_ms", timeouts));
}

TEST_F(attributes, sched_cap)
{
	EXPECT_EQ(0, partition_get(self->uuid, "sched_cap"));
	EXPECT_EQ(0, apply(self->uuid, "sched_cap", caps));
}

TEST_F(attributes, exec_quantum_us)
{
	EXPECT_EQ(1000, partition_get(self->uuid, "exec_quantum_us"));
	EXPECT_EQ(0, apply(self->uuid, "exec_quantum_us", quanta));
}

TEST_F(attributes, preempt_timeout_us)
{
	EXPECT_EQ(640000, partition_get(self->uuid, "preempt_timeout_us"));
	EXPECT_EQ(0, apply(self->uuid, "preempt_timeout_us", preempt_timeouts));
}

TEST_F(attributes, vram_min)
{
	const uint64_t size = mdev_smallest(), available = adapter_number("vram_available");

	EXPECT_EQ(0, apply(self->uuid, "vram_min", sizes));
	EXPECT_EQ(-EINVAL, partition_set_number(self->uuid, "vram_min", size + PAGE));
	ASSERT_EQ(0, partition_set_number(self->uuid, "vram_min", 0));
	EXPECT_EQ(available + size, adapter_number("vram_available"));
	ASSERT_EQ(0, partition_set_number(self->uuid, "vram_min", size));
	EXPECT_EQ(available, adapter_number("vram_available"));
}

TEST_F(attributes, vram_max)
{
	const uint64_t size = mdev_smallest(), total = adapter_number("vram_total");

	EXPECT_EQ(-EINVAL, partition_set_number(self->uuid, "vram_max", size - PAGE));
	EXPECT_EQ(-EINVAL, partition_set_number(self->uuid, "vram_max", total + PAGE));
	EXPECT_EQ(-EINVAL, partition_set_number(self->uuid, "vram_max", 0));
	EXPECT_EQ(size, partition_get(self->uuid, "vram_max"));
	EXPECT_EQ(0, partition_set_number(self->uuid, "vram_max", total));
	ASSERT_EQ(0, partition_set_number(self->uuid, "vram_min", 0));
	EXPECT_EQ(0, apply(self->uuid, "vram_max", sizes));
	ASSERT_EQ(0, partition_set_number(self->uuid, "vram_max", size));
	ASSERT_EQ(0, partition_set_number(self->uuid, "vram_min", size));
}

/* Who still has the file open when the partition goes gets an error. */
TEST_F(attributes, open_when_removed)
{
	char uuid[UUID_SIZE], path[PATH_MAX], text[64];
	int fd;

	mdev_create(mdev_smallest(), uuid);
	snprintf(path, sizeof(path), "%s/partitions/%s/vram_min", adapter_path(), uuid);
	fd = open(path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, mdev_remove(uuid));
	EXPECT_EQ(-1, write(fd, "0", 1));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(-1, read(fd, text, sizeof(text)));
	EXPECT_EQ(ENODEV, errno);
	close(fd);
	EXPECT_EQ(-1, access(path, F_OK));
}

TEST_HARNESS_MAIN
