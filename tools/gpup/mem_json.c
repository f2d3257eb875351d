// SPDX-License-Identifier: MIT
/* gpup mem: what is where in the video memory, for programs. */
#include <inttypes.h>
#include <stdio.h>

#include <cjson/cJSON.h>

#include "mem.h"

static void add_number(cJSON *json, const char *name, uint64_t value)
{
	cJSON_AddNumberToObject(json, name, (double)value);
}

static cJSON *object_to_json(const struct mem_map *map, const struct mem_object *object)
{
	cJSON *json = cJSON_CreateObject(), *array, *extent;
	char id[24];
	size_t i;

	/* In 64 bits, which a number of JSON may not have. */
	snprintf(id, sizeof(id), "%" PRIx64, object->id);
	cJSON_AddStringToObject(json, "object", id);
	add_number(json, "size", object->size);
	cJSON_AddStringToObject(json, "place", mem_places[object->place]);
	array = cJSON_AddArrayToObject(json, "flags");
	for (i = 0; i < MEM_FLAGS; i++)
		if (object->flags & 1u << i)
			cJSON_AddItemToArray(array, cJSON_CreateString(mem_flags[i]));
	array = cJSON_AddArrayToObject(json, "extents");
	for (i = 0; i < object->extents; i++) {
		extent = cJSON_CreateObject();
		add_number(extent, "offset", map->extents[object->first_extent + i].offset);
		add_number(extent, "size", map->extents[object->first_extent + i].size);
		cJSON_AddItemToArray(array, extent);
	}
	return json;
}

static cJSON *partition_to_json(const struct mem_partition *partition)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "partition", partition->name);
	add_number(json, "id", partition->id);
	add_number(json, "vram_min", partition->min);
	add_number(json, "vram_budget", partition->budget);
	add_number(json, "vram_max", partition->max);
	add_number(json, "vram_used", partition->used);
	add_number(json, "vram_resident", partition->resident);
	add_number(json, "vram_evicted", mem_evicted(partition));
	add_number(json, "system_used", partition->system_used);
	add_number(json, "evictions", partition->evictions);
	add_number(json, "bytes_moved", partition->bytes_moved);
	return json;
}

static cJSON *vram_to_json(const struct mem_map *map, const struct mem_layout *layout)
{
	cJSON *json = cJSON_CreateObject();

	add_number(json, "size", map->size);
	add_number(json, "page_size", map->page_size);
	add_number(json, "retired", map->retired);
	add_number(json, "free", map->free);
	add_number(json, "cleared", map->clear);
	add_number(json, "mapped", layout->mapped);
	add_number(json, "extents", map->extent_count);
	add_number(json, "largest_gap", layout->largest_gap);
	return json;
}

cJSON *mem_to_json(const struct mem_map *map, const struct mem_layout *layout, bool objects)
{
	cJSON *json = cJSON_CreateObject(), *array, *partition, *list;
	size_t i, next = 0;

	cJSON_AddStringToObject(json, "adapter", map->adapter);
	cJSON_AddStringToObject(json, "name", map->name);
	cJSON_AddItemToObject(json, "vram", vram_to_json(map, layout));
	array = cJSON_AddArrayToObject(json, "partitions");
	for (i = 0; i < map->partition_count; i++) {
		partition = partition_to_json(&map->partitions[i]);
		cJSON_AddItemToArray(array, partition);
		if (!objects)
			continue;
		list = cJSON_AddArrayToObject(partition, "objects");
		/* They are in the order of their partitions. */
		for (; next < map->object_count && map->objects[next].partition == i; next++)
			cJSON_AddItemToArray(list, object_to_json(map, &map->objects[next]));
	}
	return json;
}
