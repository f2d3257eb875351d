// SPDX-License-Identifier: MIT
/* gpup partition: slices of a GPU, shown. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "cmd.h"
#include "operator.h"

/* Does a partition answer to that name? 2 if it is the whole name. */
static int matches(const struct partition *partition, const char *name)
{
	const char *slash = strchr(name, '/');
	size_t length;

	if (slash) {
		length = (size_t)(slash - name);
		if (strlen(partition->adapter) != length ||
		    strncmp(partition->adapter, name, length))
			return 0;
		name = slash + 1;
	}
	length = strlen(name);
	if (!length || strncmp(partition->name, name, length))
		return 0;
	return partition->name[length] ? 1 : 2;
}

struct partition find_partition(const char *name)
{
	struct partition *list, found = { 0 };
	int count = must_read_partitions(&list), i, match, best = 0, several = 0;

	for (i = 0; i < count; i++) {
		match = matches(&list[i], name);
		if (!match || match < best)
			continue;
		several = match == best ? several + 1 : 1;
		best = match;
		found = list[i];
	}
	free(list);
	if (!best)
		die(EXIT_FAILED, "there is no partition '%s'; see 'gpup partition list'", name);
	if (several > 1)
		die(EXIT_FAILED, "'%s' can be any of %d partitions: give more of the name%s", name,
		    several, best == 2 ? ", as in gpup0/host" : "");
	return found;
}

void must_be_mdev(const struct partition *partition, const char *what)
{
	if (!strcmp(partition->name, "host"))
		die(EXIT_FAILED, "%s/host is the host's own share of its GPU: it %s",
		    partition->adapter, what);
}

const char *value_text(const struct attribute *attribute, uint64_t value)
{
	static char texts[4][32];
	static unsigned int next;
	char *text = texts[next++ % 4];

	switch (attribute->unit) {
	case UNIT_BYTES:
		return iec(value);
	case UNIT_NS:
		return duration(value);
	case UNIT_US:
		return duration(value * 1000);
	case UNIT_MS:
		return duration(value * 1000000);
	case UNIT_PERCENT:
		snprintf(text, sizeof(texts[0]), "%" PRIu64 " %%", value);
		return text;
	case UNIT_COUNT:
		break;
	}
	snprintf(text, sizeof(texts[0]), "%" PRIu64, value);
	return text;
}

cJSON *partition_to_json(const struct partition *partition)
{
	cJSON *json = cJSON_CreateObject();
	int i;

	cJSON_AddStringToObject(json, "adapter", partition->adapter);
	cJSON_AddStringToObject(json, "partition", partition->name);
	for (i = 0; i < ATTRIBUTES; i++)
		cJSON_AddNumberToObject(json, attributes[i].name, (double)partition->values[i]);
	return json;
}

static void partition_list(int argc, char **argv, bool json)
{
	struct partition *list;
	cJSON *array;
	int count, i;

	if (argc)
		find_adapter(argv[0]);
	count = must_read_partitions(&list);
	array = cJSON_CreateArray();
	if (!json)
		printf("%-8s %-36s %6s %6s %6s %5s %4s\n", "ADAPTER", "PARTITION", "MIN", "MAX",
		       "USED", "WGHT", "CAP");
	for (i = 0; i < count; i++) {
		const uint64_t *values = list[i].values;

		if (argc && strcmp(list[i].adapter, argv[0]))
			continue;
		if (json)
			cJSON_AddItemToArray(array, partition_to_json(&list[i]));
		else
			printf("%-8s %-36s %6s %6s %6s %5" PRIu64 " %4" PRIu64 "\n",
			       list[i].adapter, list[i].name, iec_short(values[VRAM_MIN]),
			       iec_short(values[VRAM_MAX]), iec_short(values[VRAM_USED]),
			       values[SCHED_WEIGHT], values[SCHED_CAP]);
	}
	free(list);
	if (json)
		print_json(array, false);
	else
		cJSON_Delete(array);
}

static void partition_show(int argc, char **argv, bool json)
{
	struct partition partition = find_partition(argv[0]);
	int i;

	(void)argc;
	if (json) {
		print_json(partition_to_json(&partition), false);
		return;
	}
	printf("%-20s %s\n%-20s %s\n", "partition", partition.name, "adapter", partition.adapter);
	for (i = 0; i < ATTRIBUTES; i++)
		printf("%-20s %s%s\n", attributes[i].name,
		       value_text(&attributes[i], partition.values[i]),
		       attributes[i].range ? " *" : "");
}

static void partition_xml(int argc, char **argv, bool json)
{
	struct partition partition = find_partition(argv[0]);

	(void)argc, (void)json;
	must_be_mdev(&partition, "cannot be given to a VM");
	printf("<hostdev mode='subsystem' type='mdev' managed='no' model='vfio-pci'>\n"
	       "  <source>\n"
	       "    <address uuid='%s'/>\n"
	       "  </source>\n"
	       "</hostdev>\n", partition.name);
}

static void partition_qemu(int argc, char **argv, bool json)
{
	struct partition partition = find_partition(argv[0]);

	(void)argc, (void)json;
	must_be_mdev(&partition, "cannot be given to a VM");
	printf("-device vfio-pci,sysfsdev=/sys/bus/mdev/devices/%s\n", partition.name);
}

static const struct verb verbs[] = {
	{ "list", partition_list, true, 0, 1, "[ADAPTER]" },
	{ "show", partition_show, true, 1, 1, "PARTITION" },
	{ "create", partition_create, true, 1, -1, "TYPE [ATTRIBUTE=VALUE]..." },
	{ "set", partition_set, false, 2, -1, "PARTITION ATTRIBUTE=VALUE..." },
	{ "remove", partition_remove, false, 1, 1, "PARTITION" },
	{ "xml", partition_xml, false, 1, 1, "PARTITION" },
	{ "qemu", partition_qemu, false, 1, 1, "PARTITION" },
	{ 0 }
};

static int run(int argc, char **argv)
{
	return run_verb(verbs, argc, argv);
}

const struct command command_partition = {
	.name = "partition",
	.summary = "create, show, change and remove partitions",
	.help = "[VERB] [--json]\n"
		"\n"
		"  list [ADAPTER]      list partitions: their guarantee, limit and share\n"
		"  show PARTITION      all about one; what is marked * can be set\n"
		"  create TYPE [ATTRIBUTE=VALUE]...\n"
		"                      create one, and print its UUID. TYPE is one of\n"
		"                      'gpup type', or the size of one, as in 256M\n"
		"  set PARTITION ATTRIBUTE=VALUE...\n"
		"                      change it, also while a VM uses it: all or nothing\n"
		"  remove PARTITION    remove it, unless a VM uses it\n"
		"  xml PARTITION       print libvirt's <hostdev>\n"
		"  qemu PARTITION      print QEMU's options\n"
		"\n"
		"PARTITION is a UUID, or enough of its beginning; the host's own is 'host'. Sizes\n"
		"are numbers of bytes, or as in 512M and 1.5G. To keep a partition over a reboot,\n"
		"see mdevctl(8).\n"
		"\n"
		"  --adapter ADAPTER   create: on that GPU; else on the first with room\n"
		"  --uuid UUID         create: with that UUID; else a new one\n"
		"  --json              list, show, create: for programs; as sysfs has it\n"
		"  --help              print this\n",
	.run = run,
};
