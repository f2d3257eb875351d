// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reports: who has had the engines, and who has waited, for debugfs. The format is in the book,
 * "Scheduling".
 */
#include <linux/slab.h>

#include <drm/drm_print.h>

#include "vidsch_internal.h"

static void print_waits(const struct gpup_wait_stats *waits, struct drm_printer *p)
{
	unsigned int i;

	drm_printf(p, " %llu %llu", waits->count, waits->ns);
	for (i = 0; i < GPUP_WAIT_BUCKETS; i++)
		drm_printf(p, "%c%llu", i ? ',' : ' ', waits->buckets[i]);
}

static void report_classes(struct gpup_sched_partition *sp, u32 partition,
			   const struct gpup_sched_stats *stats, struct drm_printer *p)
{
	u32 c;

	for (c = 0; c < DRM_GPUP_ENGINE_CLASSES; c++) {
		if (!sp->sched->classes[c].count)
			continue;
		drm_printf(p, "class %u %u %llu %llu %llu", partition, c, stats->gpu_ns[c],
			   stats->jobs[c], stats->preemptions[c]);
		print_waits(&stats->waits[c], p);
		drm_puts(p, "\n");
	}
}

/* One after the other: the @index'th, with a reference, or NULL. */
static struct gpup_queue *get_queue(struct gpup_sched_partition *sp, unsigned int index)
{
	struct gpup_queue *queue, *found = NULL;

	spin_lock_irq(&sp->sched->lock);
	list_for_each_entry(queue, &sp->queue_list, sp_link) {
		if (index--)
			continue;
		found = gpup_queue_get(queue);
		break;
	}
	spin_unlock_irq(&sp->sched->lock);
	return found;
}

static void report_queue(struct gpup_queue *queue, u32 partition, struct gpup_queue_stats *stats,
			 struct drm_printer *p)
{
	gpup_queue_stats(queue, stats);
	drm_printf(p, "queue %u %#x %s %u %u %s %llu %llu %llu", partition, queue->handle,
		   queue->label, queue->engine_class, queue->entity.priority,
		   READ_ONCE(queue->cancelled) ? "banned" : "good", stats->gpu_ns, stats->jobs,
		   stats->preemptions);
	print_waits(&stats->waits, p);
	drm_printf(p, " %llu %llu\n", stats->hangs, stats->resets);
}

/**
 * gpup_sched_partition_report() - Say what a partition has had
 * @sp: Its share.
 * @partition: Its number.
 * @p: Where to. May sleep.
 */
void gpup_sched_partition_report(struct gpup_sched_partition *sp, u32 partition,
				 struct drm_printer *p)
{
	struct gpup_sched_stats *stats = kmalloc(sizeof(*stats), GFP_KERNEL);
	struct gpup_queue_stats *queue_stats = kmalloc(sizeof(*queue_stats), GFP_KERNEL);
	struct gpup_queue *queue;
	unsigned int i;

	if (!stats || !queue_stats)
		goto out;
	gpup_sched_partition_stats(sp, stats);
	drm_printf(p, "partition %u %s", partition, sp->name);
	for (i = 0; i < GPUP_SCHED_KNOBS; i++)
		drm_printf(p, " %u", gpup_sched_partition_get(sp, i));
	drm_printf(p, " %s %llu %llu\n", stats->throttled ? "throttled" : "good",
		   stats->hangs, stats->resets);
	report_classes(sp, partition, stats, p);
	for (i = 0; (queue = get_queue(sp, i)); i++) {
		report_queue(queue, partition, queue_stats, p);
		gpup_queue_put(queue);
		cond_resched();
	}
out:
	kfree(queue_stats);
	kfree(stats);
}
