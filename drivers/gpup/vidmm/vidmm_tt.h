/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Host memory behind buffer objects.
 */
#ifndef _GPUP_VIDMM_TT_H_
#define _GPUP_VIDMM_TT_H_

#include <drm/ttm/ttm_tt.h>

struct gpup_bo;
struct mem_cgroup;
struct page;
struct shrinker;
struct ttm_device;
struct ttm_operation_ctx;

/**
 * struct gpup_tt - Host memory of an object
 */
struct gpup_tt {
	/** @base: TTM's part. A page that is NULL in it is in @backup, or was dropped. */
	struct ttm_tt base;
	/** @memcg: Who is charged, or NULL. */
	struct mem_cgroup *memcg;
	/** @backup: Pages that were given to the host's swap, or NULL. */
	struct file *backup;
	/** @split: There are no blocks of several pages any more. */
	bool split;
	/**
	 * @evicting: Pages are for contents that give way, over the limit of @memcg if need be.
	 * Protected by the reservation.
	 */
	bool evicting;
	/** @dropped: Pages that are nowhere are zero. */
	bool dropped;
};

static inline struct gpup_tt *to_gpup_tt(struct ttm_tt *tt)
{
	return container_of(tt, struct gpup_tt, base);
}

struct page *gpup_tt_alloc_pages(gfp_t gfp, unsigned int order);
struct gpup_tt *gpup_tt_create(struct ttm_buffer_object *tbo, struct mem_cgroup *memcg,
			       u32 page_flags);
void gpup_tt_destroy(struct ttm_device *ttm, struct ttm_tt *tt);
int gpup_tt_populate(struct ttm_device *ttm, struct ttm_tt *tt, struct ttm_operation_ctx *ctx);
void gpup_tt_unpopulate(struct ttm_device *ttm, struct ttm_tt *tt);
unsigned long gpup_tt_back_up(struct ttm_tt *tt);
bool gpup_tt_in_memory(const struct ttm_tt *tt);
void gpup_tt_split(struct ttm_tt *tt);
void gpup_tt_drop(struct ttm_tt *tt);
int gpup_tt_restore(struct ttm_tt *tt);

#endif /* _GPUP_VIDMM_TT_H_ */
