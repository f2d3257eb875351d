// SPDX-License-Identifier: MIT
/* gpup: what sysfs says of this host's GPUs and their partitions. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "sysfs.h"

const struct attribute attributes[ATTRIBUTES] = {
	[VRAM_MIN] = { "vram_min", UNIT_BYTES, "a multiple of 4 KiB, at most vram_max", false,
		       "vram_min_bytes", "Video memory that the partition is guaranteed." },
	[VRAM_MAX] = { "vram_max", UNIT_BYTES,
		       "a multiple of 4 KiB, from vram_min to the GPU's video memory", false,
		       "vram_max_bytes", "Limit of the partition's video memory." },
	[VRAM_USED] = { "vram_used", UNIT_BYTES, NULL, false,
			"vram_used_bytes", "Video memory that it has allocated." },
	[VRAM_EVICTED] = { "vram_evicted", UNIT_BYTES, NULL, false, "vram_evicted_bytes",
			   "Part of that which is not in video memory at present." },
	[VRAM_PEAK] = { "vram_peak", UNIT_BYTES, NULL, false,
			"vram_peak_bytes", "Most video memory that it ever had allocated." },
	[VRAM_BUDGET] = { "vram_budget", UNIT_BYTES, NULL, false, "vram_budget_bytes",
			  "Video memory that it can expect to keep at present." },
	[EVICTIONS] = { "evictions", UNIT_COUNT, NULL, true,
			"evictions_total", "Objects that were moved out of video memory." },
	[BYTES_MOVED] = { "bytes_moved", UNIT_BYTES, NULL, true, "moved_bytes_total",
			  "Bytes that were copied out of video memory and into it." },
	[TRIMS] = { "trims", UNIT_COUNT, NULL, true,
		    "trims_total", "Times that it was asked to use less video memory." },
	[SYSTEM_MAX] = { "system_max", UNIT_BYTES, NULL, false, "system_max_bytes",
			 "Limit of the VM's own memory that the GPU may reach." },
	[SYSTEM_USED] = { "system_used", UNIT_BYTES, NULL, false,
			  "system_used_bytes", "The VM's own memory that the GPU may reach." },
	[SCHED_WEIGHT] = { "sched_weight", UNIT_COUNT, "1 to 10000", false,
			   "sched_weight", "Share of GPU time, beside those of the others." },
	[SCHED_CAP] = { "sched_cap", UNIT_PERCENT, "0 (none) to 100", false,
			"sched_cap_ratio", "Limit of GPU time; 0 is none." },
	[EXEC_QUANTUM] = { "exec_quantum_us", UNIT_US, "100 to 1000000", false,
			   "exec_quantum_seconds",
			   "How long it may run at a time while others wait." },
	[PREEMPT_TIMEOUT] = { "preempt_timeout_us", UNIT_US, "1000 to 10000000", false,
			      "preempt_timeout_seconds",
			      "How long it may take to get one of its jobs off an engine." },
	[JOB_TIMEOUT] = { "job_timeout_ms", UNIT_MS, "10 to 600000", false,
			  "job_timeout_seconds",
			  "How long a job may run until it is taken to be hung." },
	[GPU_TIME] = { "gpu_time_ns", UNIT_NS, NULL, true,
		       "gpu_seconds_total", "Time that its jobs have run, on all engines." },
	[JOBS] = { "jobs", UNIT_COUNT, NULL, true, "jobs_total", "Jobs that have ended." },
	[PREEMPTIONS] = { "preemptions", UNIT_COUNT, NULL, true, "preemptions_total",
			  "Times that a job was taken off its engine, to go on later." },
	[WAIT_TIME] = { "wait_time_ns", UNIT_NS, NULL, true, "wait_seconds_total",
			"Time that jobs which could run have waited for an engine." },
	[HANGS] = { "hangs", UNIT_COUNT, NULL, true,
		    "hangs_total", "Jobs that were taken to be hung." },
	[RESETS] = { "resets", UNIT_COUNT, NULL, true, "resets_total",
		     "Resets, of an engine or of the GPU, that its jobs made necessary." },
	[THROTTLED] = { "throttled", UNIT_COUNT, NULL, false,
			"throttled", "1 while it gets less GPU time because of its hangs." },
	[NEEDS_RESET] = { "needs_reset", UNIT_COUNT, NULL, false, "needs_reset",
			  "1 while its device has stopped until the VM resets it." },
	[CLIENTS] = { "clients", UNIT_COUNT, NULL, false,
		      "clients", "Processes that have the GPU open." },
	[MESSAGES] = { "messages", UNIT_COUNT, NULL, true,
		       "messages_total", "Messages of the VM that were carried out." },
	[DOORBELLS] = { "doorbells", UNIT_COUNT, NULL, true, "doorbells_total",
			"Times that the VM had to leave for the host to announce them." },
	[INTERRUPTS] = { "interrupts", UNIT_COUNT, NULL, true,
			 "interrupts_total", "Interrupts that the VM was sent." },
};

const char *sysfs_path(const char *format, ...)
{
	static char paths[4][PATH_MAX];
	static unsigned int next;
	const char *root = getenv("GPUP_SYSFS");
	char *path = paths[next++ % 4];
	va_list args;
	int used;

	used = snprintf(path, PATH_MAX, "%s/", root ? root : "/sys");
	if (used < PATH_MAX) {
		va_start(args, format);
		vsnprintf(path + used, PATH_MAX - (size_t)used, format, args);
		va_end(args);
	}
	return path;
}

/* One line of a file, without its end; empty if it has gone. */
static void read_line(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "r");

	text[0] = '\0';
	if (!file)
		return;
	if (fgets(text, (int)size, file))
		text[strcspn(text, "\n")] = '\0';
	else
		text[0] = '\0';
	fclose(file);
}

uint64_t read_number(const char *path)
{
	char text[64];

	read_line(path, text, sizeof(text));
	return strtoull(text, NULL, 10);
}

int write_attribute(const char *path, const char *text)
{
	/* A file that is not there is not to be made, which fopen() would do. */
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_TRUNC);
	size_t length = strlen(text);
	ssize_t done;
	int ret = 0;

	if (fd < 0)
		return -errno;
	done = write(fd, text, length);
	if (done != (ssize_t)length)
		ret = done < 0 ? -errno : -EIO;
	close(fd);
	return ret;
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* A list that grows. */
struct list {
	void *items;
	size_t size, count, room;
};

static void *list_add(struct list *list)
{
	if (list->count == list->room) {
		list->room = list->room ? 2 * list->room : 16;
		list->items = realloc(list->items, list->room * list->size);
		if (!list->items)
			die(EXIT_FAILED, "out of memory");
	}
	return memset((char *)list->items + list->count++ * list->size, 0, list->size);
}

/* Take back what was added last. */
static void list_drop(struct list *list)
{
	list->count--;
}

static void set_name(char name[NAME_SIZE], const char *text)
{
	snprintf(name, NAME_SIZE, "%.63s", text);
}

/* Call @each for all that a folder of each GPU has. Without @folder, for each GPU. */
static int for_each(const char *folder, void (*each)(struct list *list, const char *adapter,
						     const char *name), struct list *list)
{
	struct dirent **adapters, **names;
	int count, inner, i, j;

	count = scandir(sysfs_path("class/gpup"), &adapters, visible, versionsort);
	if (count < 0)
		return -errno;
	for (i = 0; i < count; i++) {
		if (!folder) {
			each(list, adapters[i]->d_name, NULL);
			free(adapters[i]);
			continue;
		}
		inner = scandir(sysfs_path("class/gpup/%s/%s", adapters[i]->d_name, folder), &names,
				visible, versionsort);
		for (j = 0; j < inner; j++) {
			each(list, adapters[i]->d_name, names[j]->d_name);
			free(names[j]);
		}
		if (inner >= 0)
			free(names);
		free(adapters[i]);
	}
	free(adapters);
	return 0;
}

static unsigned int count_partitions(const char *adapter)
{
	struct dirent **names;
	int count, i;

	count = scandir(sysfs_path("class/gpup/%s/partitions", adapter), &names, visible, NULL);
	if (count < 0)
		return 0;
	for (i = 0; i < count; i++)
		free(names[i]);
	free(names);
	return (unsigned int)count;
}

static void add_adapter(struct list *list, const char *id, const char *unused)
{
	struct adapter *adapter = list_add(list);
	char link[PATH_MAX];
	ssize_t length;

	(void)unused;
	set_name(adapter->id, id);
	read_line(sysfs_path("class/gpup/%s/name", id), adapter->name, NAME_SIZE);
	adapter->vram_total = read_number(sysfs_path("class/gpup/%s/vram_total", id));
	adapter->vram_available = read_number(sysfs_path("class/gpup/%s/vram_available", id));
	adapter->partitions = count_partitions(id);
	length = readlink(sysfs_path("class/gpup/%s/device", id), link, sizeof(link) - 1);
	if (length > 0) {
		link[length] = '\0';
		set_name(adapter->device, strrchr(link, '/') ? strrchr(link, '/') + 1 : link);
	}
	if (access(sysfs_path("class/gpup/%s/name", id), F_OK))
		list_drop(list);
}

static void add_partition(struct list *list, const char *adapter, const char *name)
{
	struct partition *partition = list_add(list);
	/*
	 * What is not there reads as zero. The kernel makes a partition's files one after the other,
	 * the last of them last, and takes them away in that order, too: once the last one is there
	 * and as long as the first one is, all are.
	 */
	bool complete = !access(sysfs_path("class/gpup/%s/partitions/%s/%s", adapter, name,
					   attributes[ATTRIBUTES - 1].name), F_OK);
	int i;

	set_name(partition->adapter, adapter);
	set_name(partition->name, name);
	for (i = 0; i < ATTRIBUTES; i++)
		partition->values[i] = read_number(sysfs_path("class/gpup/%s/partitions/%s/%s",
							      adapter, name, attributes[i].name));
	if (!complete || access(sysfs_path("class/gpup/%s/partitions/%s/%s", adapter, name,
					   attributes[0].name), F_OK))
		list_drop(list);
}

static void add_type(struct list *list, const char *adapter, const char *name)
{
	const char *dash = strrchr(name, '-');
	struct type *type = list_add(list);
	const char *available = sysfs_path("class/gpup/%s/mdev_supported_types/%s/available_instances",
					   adapter, name);

	set_name(type->adapter, adapter);
	set_name(type->name, name);
	if (!dash || !parse_size(dash + 1, &type->size))
		type->size = 0;
	type->available = (unsigned int)read_number(available);
	if (access(available, F_OK))
		list_drop(list);
}

int read_adapters(struct adapter **adapters)
{
	struct list list = { .size = sizeof(**adapters) };
	int ret = for_each(NULL, add_adapter, &list);

	*adapters = list.items;
	return ret ? ret : (int)list.count;
}

int read_partitions(struct partition **partitions)
{
	struct list list = { .size = sizeof(**partitions) };
	int ret = for_each("partitions", add_partition, &list);

	*partitions = list.items;
	return ret ? ret : (int)list.count;
}

/* By size, the largest first. */
static int compare_types(const void *a, const void *b)
{
	const struct type *x = a, *y = b;
	int order = strverscmp(x->adapter, y->adapter);

	return order ? order : (x->size < y->size) - (x->size > y->size);
}

int read_types(struct type **types)
{
	struct list list = { .size = sizeof(**types) };
	int ret = for_each("mdev_supported_types", add_type, &list);

	if (list.count)
		qsort(list.items, list.count, list.size, compare_types);
	*types = list.items;
	return ret ? ret : (int)list.count;
}

bool has_guest_gpu(void)
{
	struct dirent **names;
	bool found = false;
	int count, i;

	count = scandir(sysfs_path("class/drm"), &names, visible, NULL);
	for (i = 0; i < count; i++) {
		char link[PATH_MAX];
		ssize_t length;

		length = readlink(sysfs_path("class/drm/%s/device/driver", names[i]->d_name), link,
				  sizeof(link) - 1);
		link[length < 0 ? 0 : length] = '\0';
		found |= !strncmp(names[i]->d_name, "renderD", 7) && strrchr(link, '/') &&
			 !strcmp(strrchr(link, '/'), "/gpup_guest");
		free(names[i]);
	}
	if (count >= 0)
		free(names);
	return found;
}

int must_have_gpup(int count)
{
	if (count == -ENOENT)
		die(EXIT_FAILED, "this host has no gpup: load gpup_mdev and the GPU's driver\n"
		    "(modprobe gpup_mdev; modprobe gpup_soft for the software GPU)");
	if (count < 0)
		die(EXIT_FAILED, "%s: %s", sysfs_path("class/gpup"), strerror(-count));
	return count;
}

/* The module alone makes no GPU. */
static int must_have_gpu(int count)
{
	if (!must_have_gpup(count))
		die(EXIT_FAILED, "no GPU: load its driver (modprobe gpup_soft, or that of the GPU)");
	return count;
}

int must_read_adapters(struct adapter **list)
{
	return must_have_gpu(read_adapters(list));
}

int must_read_partitions(struct partition **list)
{
	/* Each GPU has that of the host. */
	return must_have_gpu(read_partitions(list));
}

int must_read_types(struct type **list)
{
	struct adapter *adapters;
	int count = must_have_gpup(read_types(list));

	if (count)
		return count;
	must_read_adapters(&adapters);
	die(EXIT_FAILED, "no GPU offers partitions: load gpup_mdev (modprobe gpup_mdev)");
}

const struct attribute *find_attribute(const char *name)
{
	int i;

	for (i = 0; i < ATTRIBUTES; i++)
		if (!strcmp(attributes[i].name, name))
			return &attributes[i];
	return NULL;
}

bool parse_size(const char *text, uint64_t *size)
{
	static const char prefixes[] = "KMGT";
	const char *prefix;
	double value;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	value = strtod(text, &end);
	while (*end == ' ')
		end++;
	if (*end && *end != 'B') {
		prefix = strchr(prefixes, *end == 'k' ? 'K' : *end);
		if (!prefix)
			return false;
		value = ldexp(value, 10 * (int)(prefix - prefixes + 1));
		end++;
		if (*end == 'i')
			end++;
	}
	if (*end == 'B')
		end++;
	/* Up to 2^53 the number is exact. */
	if (*end || !isfinite(value) || value > 9007199254740992.0 || value != floor(value))
		return false;
	*size = (uint64_t)value;
	return true;
}
