// SPDX-License-Identifier: MIT
/* gpup adapter, gpup type: the GPUs of this host, and what can be had of them. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "cmd.h"
#include "operator.h"

struct adapter find_adapter(const char *id)
{
	struct adapter *list, found = { 0 };
	int count = must_read_adapters(&list), i;

	for (i = 0; i < count; i++)
		if (!strcmp(list[i].id, id))
			found = list[i];
	free(list);
	if (!found.id[0])
		die(EXIT_FAILED, "there is no GPU '%s'; see 'gpup adapter'", id);
	return found;
}

static cJSON *adapter_to_json(const struct adapter *adapter)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "adapter", adapter->id);
	cJSON_AddStringToObject(json, "name", adapter->name);
	cJSON_AddStringToObject(json, "device", adapter->device);
	cJSON_AddNumberToObject(json, "vram_total", (double)adapter->vram_total);
	cJSON_AddNumberToObject(json, "vram_available", (double)adapter->vram_available);
	cJSON_AddNumberToObject(json, "partitions", adapter->partitions);
	return json;
}

static void adapter_list(int argc, char **argv, bool json)
{
	struct adapter *list;
	int count = must_read_adapters(&list), i;
	cJSON *array = cJSON_CreateArray();

	(void)argc, (void)argv;
	if (!json)
		printf("%-8s %9s %9s %5s %-13s %s\n", "ADAPTER", "VRAM", "FREE", "PARTS", "DEVICE",
		       "NAME");
	for (i = 0; i < count; i++) {
		if (json)
			cJSON_AddItemToArray(array, adapter_to_json(&list[i]));
		else
			printf("%-8s %9s %9s %5u %-13s %.30s\n", list[i].id,
			       iec(list[i].vram_total), iec(list[i].vram_available),
			       list[i].partitions, list[i].device, list[i].name);
	}
	free(list);
	if (json)
		print_json(array, false);
	else
		cJSON_Delete(array);
}

static void adapter_show(int argc, char **argv, bool json)
{
	struct adapter adapter = find_adapter(argv[0]);

	(void)argc;
	if (json) {
		print_json(adapter_to_json(&adapter), false);
		return;
	}
	printf("%-16s %s\n%-16s %s\n%-16s %s\n%-16s %s\n%-16s %s\n%-16s %u\n", "adapter",
	       adapter.id, "name", adapter.name, "device", adapter.device, "vram_total",
	       iec(adapter.vram_total), "vram_available", iec(adapter.vram_available),
	       "partitions", adapter.partitions);
}

static const struct verb adapter_verbs[] = {
	{ "list", adapter_list, true, 0, 0, "" },
	{ "show", adapter_show, true, 1, 1, "ADAPTER" },
	{ 0 }
};

static int run_adapter(int argc, char **argv)
{
	return run_verb(adapter_verbs, argc, argv);
}

static cJSON *type_to_json(const struct type *type)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "adapter", type->adapter);
	cJSON_AddStringToObject(json, "type", type->name);
	cJSON_AddNumberToObject(json, "size", (double)type->size);
	cJSON_AddNumberToObject(json, "available", type->available);
	return json;
}

static void type_list(int argc, char **argv, bool json)
{
	struct type *list;
	int count, shown = 0, i;
	cJSON *array;

	if (argc)
		find_adapter(argv[0]);
	count = must_read_types(&list);
	array = cJSON_CreateArray();
	for (i = 0; i < count; i++) {
		if (argc && strcmp(list[i].adapter, argv[0]))
			continue;
		if (!shown++ && !json)
			printf("%-8s %-16s %9s %9s\n", "ADAPTER", "TYPE", "VRAM", "AVAILABLE");
		if (json)
			cJSON_AddItemToArray(array, type_to_json(&list[i]));
		else
			printf("%-8s %-16s %9s %9u\n", list[i].adapter, list[i].name,
			       iec(list[i].size), list[i].available);
	}
	free(list);
	if (!shown)
		die(EXIT_FAILED, "%s offers no partitions, others do: see the kernel's log", argv[0]);
	if (json)
		print_json(array, false);
	else
		cJSON_Delete(array);
}

static const struct verb type_verbs[] = {
	{ "list", type_list, true, 0, 1, "[ADAPTER]" },
	{ 0 }
};

static int run_type(int argc, char **argv)
{
	return run_verb(type_verbs, argc, argv);
}

const struct command command_adapter = {
	.name = "adapter",
	.summary = "show the GPUs of this host",
	.help = "[list | show ADAPTER] [--json]\n"
		"\n"
		"List the GPUs that gpup divides, or show one of them. FREE is video memory that\n"
		"no partition is guaranteed: what a new one can have.\n"
		"\n"
		"  --json              for programs; sizes in bytes\n"
		"  --help              print this\n",
	.run = run_adapter,
};

const struct command command_type = {
	.name = "type",
	.summary = "show what partitions a GPU offers",
	.help = "[list [ADAPTER]] [--json]\n"
		"\n"
		"List the sizes of partitions, and how many of each can still be created. All are\n"
		"cut from the same memory, so that each partition lowers what there is of all.\n"
		"\n"
		"  --json              for programs; sizes in bytes\n"
		"  --help              print this\n",
	.run = run_type,
};
