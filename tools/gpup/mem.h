/* SPDX-License-Identifier: MIT */
/*
 * gpup: what is where in the video memory. The host's kernel tells it as text, in debugfs; the
 * text is parsed into a struct mem_map, and that is printed or drawn.
 */
#ifndef GPUP_MEM_H
#define GPUP_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A stretch of VRAM that an object has. */
struct mem_extent {
	uint64_t offset, size;		/* inside the VRAM, never empty */
	size_t object;			/* index of its object */
};

enum mem_place {
	MEM_VRAM,
	MEM_SYSTEM,			/* evicted, or never in VRAM yet */
	MEM_SWAP,			/* evicted, and at least partly in the host's swap */
	MEM_PAGES,			/* pages of the host or the VM, pinned */
};

#define MEM_DONT_NEED	(1u << 0)	/* the contents may be dropped */
#define MEM_PURGED	(1u << 1)	/* they were */
#define MEM_NO_MMAP	(1u << 2)
#define MEM_PINNED	(1u << 3)

struct mem_object {
	uint64_t id, size;
	uint64_t partition_id;
	size_t partition;		/* index of its partition */
	size_t first_extent, extents;	/* its part of the extents, while they are in file order */
	size_t line;			/* of the file, from 1 */
	enum mem_place place;
	unsigned int flags;
};

struct mem_partition {
	uint64_t id;
	char *name;			/* short printable ASCII, as all names here */
	uint64_t min, max, budget;
	uint64_t used, resident;	/* evicted is what lies between */
	uint64_t system_used;		/* pinned pages */
	uint64_t evictions, bytes_moved;
	uint64_t swapped;		/* size of its objects in MEM_SWAP */
	size_t objects;
	size_t line;
};

struct mem_map {
	char *adapter;			/* "gpup0" */
	char *name;			/* as in the file: without blanks */
	uint64_t size, page_size;	/* of the VRAM */
	uint64_t retired, free, clear;	/* clear is part of free */
	struct mem_partition *partitions;
	struct mem_object *objects;
	struct mem_extent *extents;
	size_t partition_count, object_count, extent_count;
};

struct mem_error {
	size_t line;			/* from 1; 0 if no line is at fault */
	char message[160];
};

/*
 * Parse @size bytes of @text. On success, partitions are in the order of their ids and objects in
 * that of their partitions, inside one as in the file. 0, -EINVAL with @error filled in, or
 * -ENOMEM.
 */
int mem_parse(const char *text, size_t size, struct mem_map *map, struct mem_error *error);
void mem_free(struct mem_map *map);

/* A partition's bytes that are not in VRAM. Figures of one line may be from different moments. */
static inline uint64_t mem_evicted(const struct mem_partition *partition)
{
	return partition->used > partition->resident ? partition->used - partition->resident : 0;
}

/* The names of places, and of flags from the lowest bit on. */
#define MEM_FLAGS	4
extern const char *const mem_places[], *const mem_flags[MEM_FLAGS];

/* The extents in the order of their offsets, to free(); NULL: no memory for it. */
struct mem_extent *mem_sorted_extents(const struct mem_map *map);

struct mem_layout {
	uint64_t mapped;		/* bytes that objects have */
	uint64_t largest_gap;		/* between them, and at the end */
};

/* Returns false if there is no memory for it. */
bool mem_measure(const struct mem_map *map, struct mem_layout *layout);

struct cJSON;
/* The map for programs; with each object, if @objects. */
struct cJSON *mem_to_json(const struct mem_map *map, const struct mem_layout *layout, bool objects);

/*
 * The map as SVG, with at most MEM_SVG_MAX_RECTS rects, however scattered the memory is.
 * Returns NULL if there is no memory for it; else free() it.
 */
#define MEM_SVG_MAX_RECTS	4400
char *mem_svg(const struct mem_map *map, size_t *size);

/*
 * Replace @path by @data at once, or leave it as it was; what is no regular file (a terminal, a
 * pipe) is written to. 0 or a negative errno.
 */
int mem_write(const char *path, const void *data, size_t size);

/*
 * Find the text for the adapter @adapter ("gpup0", NULL if not known), else for the only one that
 * is called @name, below @root ("/sys/kernel/debug/dri"). Returns its path to free(), or NULL with
 * @error 0 for no memory, or -ENOENT: debugfs is not there; -EACCES: it may not be read;
 * -ENODEV: nothing in it is of that adapter; -ENOTUNIQ: several are called so.
 */
char *mem_find(const char *root, const char *adapter, const char *name, int *error);
/* "gpup0", for the file of a device; below @root ("/sys/dev/char"). NULL if not known; free(). */
char *mem_adapter_of(const char *root, unsigned int major, unsigned int minor);

#endif
