// SPDX-License-Identifier: MIT
/* gpup partition: slices of a GPU, created, changed and removed. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "cmd.h"
#include "operator.h"

/* "36b8c5a2-0c1d-4e0e-9d5a-3f1a2b3c4d5e" */
#define UUID_LENGTH	36

static bool is_uuid(const char *text)
{
	int i;

	for (i = 0; i < UUID_LENGTH; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (text[i] != '-')
				return false;
		} else if (!strchr("0123456789abcdefABCDEF", text[i]) || !text[i]) {
			return false;
		}
	}
	return !text[UUID_LENGTH];
}

struct setting parse_setting(const char *word)
{
	const char *equals = strchr(word, '=');
	struct setting setting = { 0 };
	uint64_t value;
	char name[32];
	char *end;

	if (!equals || equals == word)
		usage_error("'%s' is no ATTRIBUTE=VALUE", word);
	snprintf(name, sizeof(name), "%.*s", (int)(equals - word), word);
	setting.attribute = find_attribute(name);
	if (!setting.attribute)
		usage_error("there is no attribute '%s'; 'gpup partition show host' has them",
			    name);
	if (!setting.attribute->range)
		usage_error("%s cannot be set", name);
	if (setting.attribute->unit == UNIT_BYTES) {
		if (!parse_size(equals + 1, &value))
			usage_error("%s: '%s' is no size, such as 512M or 1.5G", name, equals + 1);
	} else {
		errno = 0;
		value = strtoull(equals + 1, &end, 10);
		if (errno || end == equals + 1 || *end || strchr(equals, '-'))
			usage_error("%s: '%s' is no whole number; it takes %s", name, equals + 1,
				    setting.attribute->range);
	}
	snprintf(setting.text, sizeof(setting.text), "%" PRIu64, value);
	return setting;
}

/* What the kernel's refusal means, for free(). */
__attribute__((format(printf, 1, 2)))
static char *message(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		die(EXIT_FAILED, "out of memory");
	va_end(args);
	return text;
}

static char *explain(const struct partition *partition, const struct setting *setting, int error)
{
	const char *name = setting->attribute->name;

	switch (error) {
	case ENOSPC:
		return message("%s=%s: that much of %s is guaranteed to others already; %s is free.\n"
			       "Lower the vram_min of another partition first", name,
			       setting->text, partition->adapter,
			       iec(find_adapter(partition->adapter).vram_available));
	case EINVAL:
	case ERANGE:
		return message("%s=%s: the kernel does not take that; it takes %s", name,
			       setting->text, setting->attribute->range);
	case EACCES:
	case EPERM:
		return message("%s: only root may change it", name);
	case ENOENT:
	case ENODEV:
		return message("%s: the partition is gone", name);
	}
	return message("%s=%s: %s", name, setting->text, strerror(error));
}

static int write_setting(const struct partition *partition, const struct attribute *attribute,
			 const char *text)
{
	return write_attribute(sysfs_path("class/gpup/%s/partitions/%s/%s", partition->adapter,
					  partition->name, attribute->name), text);
}

static void restore(const struct partition *partition, const struct setting *settings, int count)
{
	char text[32];

	while (count--) {
		const struct attribute *attribute = settings[count].attribute;

		snprintf(text, sizeof(text), "%" PRIu64, partition->values[attribute - attributes]);
		write_setting(partition, attribute, text);
	}
}

char *apply_settings(const struct partition *partition, const struct setting *settings, int count)
{
	int i, ret;

	for (i = 0; i < count; i++) {
		ret = write_setting(partition, settings[i].attribute, settings[i].text);
		if (ret) {
			restore(partition, settings, i);
			return explain(partition, &settings[i], -ret);
		}
	}
	return NULL;
}

static int is_limit(const struct setting *setting, enum attribute_id id)
{
	return setting->attribute == &attributes[id];
}

/*
 * Of guarantee and limit the one that makes room for the other comes first: each has to
 * make sense with the other as it is at that time.
 */
static void order(const struct partition *partition, struct setting *settings, int count)
{
	int i, min = -1, max = -1;
	struct setting swap;
	bool max_first;

	for (i = 0; i < count; i++) {
		if (is_limit(&settings[i], VRAM_MIN))
			min = i;
		if (is_limit(&settings[i], VRAM_MAX))
			max = i;
	}
	if (min < 0 || max < 0)
		return;
	max_first = strtoull(settings[max].text, NULL, 10) >= partition->values[VRAM_MAX];
	if (max_first == (max < min))
		return;
	swap = settings[min];
	settings[min] = settings[max];
	settings[max] = swap;
}

static struct setting *parse_settings(char **words, int count)
{
	struct setting *settings = xmalloc((size_t)count * sizeof(*settings));
	int i, j;

	for (i = 0; i < count; i++) {
		settings[i] = parse_setting(words[i]);
		for (j = 0; j < i; j++)
			if (settings[j].attribute == settings[i].attribute)
				usage_error("%s is there twice", settings[i].attribute->name);
	}
	return settings;
}

void partition_set(int argc, char **argv, bool json)
{
	struct setting *settings = parse_settings(argv + 1, argc - 1);
	struct partition partition = find_partition(argv[0]);
	char *wrong;

	(void)json;
	order(&partition, settings, argc - 1);
	wrong = apply_settings(&partition, settings, argc - 1);
	if (wrong)
		die(EXIT_FAILED, "%s. Nothing was changed.", wrong);
	free(settings);
}

/* A type by its name, or by its size; of the first GPU that has one left. */
static struct type choose_type(const char *name)
{
	struct type *list, found = { 0 }, full = { 0 };
	int count = must_read_types(&list), i;
	uint64_t size = 0;

	if (!parse_size(name, &size))
		size = 0;
	for (i = 0; i < count; i++) {
		if (option_adapter && strcmp(list[i].adapter, option_adapter))
			continue;
		if (strcmp(list[i].name, name) && (!size || list[i].size != size))
			continue;
		full = list[i];
		if (list[i].available && !found.name[0])
			found = list[i];
	}
	free(list);
	if (!full.name[0])
		die(EXIT_FAILED, "there is no type '%s'%s%s; see 'gpup type'", name,
		    option_adapter ? " on " : "", option_adapter ? option_adapter : "");
	if (!found.name[0])
		die(EXIT_FAILED, "no room for another %s: a new partition is guaranteed all of its "
		    "memory,\nand %s has %s that nobody is guaranteed. Lower the vram_min of others,\n"
		    "or create a smaller one", full.name, full.adapter,
		    iec(find_adapter(full.adapter).vram_available));
	return found;
}

static const char *new_uuid(void)
{
	static char uuid[UUID_LENGTH + 1];
	FILE *file;
	int i;

	if (option_uuid) {
		if (!is_uuid(option_uuid))
			usage_error("--uuid: '%s' is no UUID", option_uuid);
		/* As the kernel spells it. */
		for (i = 0; i < UUID_LENGTH; i++)
			uuid[i] = (char)tolower(option_uuid[i]);
		return uuid;
	}
	file = fopen("/proc/sys/kernel/random/uuid", "r");
	if (!file || !fgets(uuid, sizeof(uuid), file))
		die(EXIT_FAILED, "/proc/sys/kernel/random/uuid: %s", strerror(errno));
	fclose(file);
	return uuid;
}

static void explain_create(const struct type *type, const char *uuid, int error)
{
	switch (error) {
	case EEXIST:
		die(EXIT_FAILED, "%s exists already, or is on its way out: then try again", uuid);
	case EACCES:
	case EPERM:
		die(EXIT_FAILED, "only root may create partitions");
	case ENOSPC:
	case EUSERS:
		die(EXIT_FAILED, "no room for another %s: somebody was faster", type->name);
	}
	die(EXIT_FAILED, "%s on %s: %s", type->name, type->adapter, strerror(error));
}

static void remove_device(const char *uuid)
{
	write_attribute(sysfs_path("bus/mdev/devices/%s/remove", uuid), "1");
}

void partition_create(int argc, char **argv, bool json)
{
	struct setting *settings = parse_settings(argv + 1, argc - 1);
	const char *uuid = new_uuid();
	struct partition partition;
	struct type type;
	cJSON *object;
	char *wrong;
	int ret;

	if (option_adapter)
		find_adapter(option_adapter);
	type = choose_type(argv[0]);
	ret = write_attribute(sysfs_path("class/gpup/%s/mdev_supported_types/%s/create",
					 type.adapter, type.name), uuid);
	if (ret)
		explain_create(&type, uuid, -ret);

	partition = find_partition(uuid);
	order(&partition, settings, argc - 1);
	wrong = apply_settings(&partition, settings, argc - 1);
	if (wrong) {
		remove_device(uuid);
		die(EXIT_FAILED, "%s. Nothing was created.", wrong);
	}
	free(settings);
	if (!json) {
		puts(partition.name);
		return;
	}
	object = cJSON_CreateObject();
	cJSON_AddStringToObject(object, "adapter", type.adapter);
	cJSON_AddStringToObject(object, "type", type.name);
	cJSON_AddStringToObject(object, "partition", partition.name);
	print_json(object, false);
}

void partition_remove(int argc, char **argv, bool json)
{
	struct partition partition = find_partition(argv[0]);
	char *users;
	int ret;

	(void)argc, (void)json;
	must_be_mdev(&partition, "goes with the GPU's driver");
	/* To remove it all the same would wait until they let go of it. */
	users = device_users(partition.name);
	if (users)
		die(EXIT_FAILED, "%s is in use by %s:\nstop that VM, or detach the device from it, first",
		    partition.name, users);
	ret = write_attribute(sysfs_path("bus/mdev/devices/%s/remove", partition.name), "1");
	if (ret == -EACCES || ret == -EPERM)
		die(EXIT_FAILED, "only root may remove partitions");
	if (ret)
		die(EXIT_FAILED, "%s: %s", partition.name, strerror(-ret));
}
