// SPDX-License-Identifier: GPL-2.0-only
/*
 * Partitions that keep hanging the GPU.
 */
#include <linux/dev_printk.h>
#include <linux/export.h>
#include <linux/jiffies.h>

#include "vidsch_internal.h"

/**
 * DOC: Repeat offenders
 *
 * Each hang costs everybody the preemption timeout and a reset. So hangs are counted, and one is
 * forgiven every ten seconds. A partition with three of them is *throttled*: it gets a tenth of the
 * time of the engines at most, until it has only two. With ten, which it can only reach in spite
 * of that, it is *lost*: its owner is told, who bans all its queues and has the VM reset its
 * device. The host's own partition is throttled only.
 */

#define FORGIVEN_AFTER	(10 * HZ)
#define THROTTLE_AT	3
#define LOST_AT		10

/* What is forgiven by now is not counted any more. */
static void forgive(struct gpup_sched_partition *sp)
{
	unsigned long periods = (jiffies - sp->offended_at) / FORGIVEN_AFTER;

	lockdep_assert_held(&sp->sched->lock);
	if (!periods || !sp->offences)
		return;
	sp->offences -= min_t(unsigned long, sp->offences, periods);
	sp->offended_at += periods * FORGIVEN_AFTER;
}

/**
 * gpup_offence() - A partition has hung the GPU
 * @sp: Its share, with the scheduler's lock held.
 * @fault: What it has done; what comes of it is filled in.
 */
void gpup_offence(struct gpup_sched_partition *sp, struct gpup_fault *fault)
{
	lockdep_assert_held(&sp->sched->lock);

	forgive(sp);
	if (!sp->offences++)
		sp->offended_at = jiffies;
	if (sp->offences >= THROTTLE_AT && !sp->throttled) {
		sp->throttled = true;
		fault->throttled = true;
		gpup_sched_partition_apply(sp);
		queue_delayed_work(system_unbound_wq, &sp->release, FORGIVEN_AFTER);
	}
	if (sp->offences >= LOST_AT && !sp->lost) {
		sp->lost = true;
		fault->lost = true;
	}
}

/* Queues that are banned with interrupts off. */
#define BAN_BATCH	32

/**
 * gpup_sched_partition_ban() - Run no more jobs of the queues that a partition has
 * @sp: Its share. Process context.
 * @error: Why, a negative errno.
 *
 * Those that run go on, at most one on each engine, as with gpup_queue_fail(). Does not wait.
 */
void gpup_sched_partition_ban(struct gpup_sched_partition *sp, int error)
{
	unsigned int left, n;

	spin_lock_irq(&sp->sched->lock);
	for (left = sp->queues; left; left -= n) {
		for (n = 0; n < min(left, BAN_BATCH) && !list_empty(&sp->queue_list); n++) {
			struct gpup_queue *queue = list_first_entry(&sp->queue_list,
								    struct gpup_queue, sp_link);

			list_move_tail(&queue->sp_link, &sp->queue_list);
			gpup_queue_cancel_for(queue, error);
		}
		if (!n)
			break;
		spin_unlock_irq(&sp->sched->lock);
		cond_resched();
		spin_lock_irq(&sp->sched->lock);
	}
	spin_unlock_irq(&sp->sched->lock);
}

static void release(struct work_struct *work)
{
	struct gpup_sched_partition *sp = container_of(to_delayed_work(work),
						       struct gpup_sched_partition, release);
	const struct gpup_sched_event event = { .type = GPUP_SCHED_RELEASED };
	bool throttled;

	spin_lock_irq(&sp->sched->lock);
	forgive(sp);
	throttled = sp->offences >= THROTTLE_AT;
	if (!throttled) {
		sp->throttled = false;
		gpup_sched_partition_update(sp);
	}
	spin_unlock_irq(&sp->sched->lock);
	if (throttled) {
		queue_delayed_work(system_unbound_wq, &sp->release, FORGIVEN_AFTER);
		return;
	}
	dev_info(sp->sched->dev, "partition %s: has its share of the GPU again\n", sp->name);
	if (sp->listener)
		sp->listener->event(sp->listener_data, &event);
}

/**
 * gpup_sched_partition_pardon() - The VM has reset its device
 * @sp: The partition's share. Any context in which interrupts are on.
 *
 * It may go on, and if it was lost it is one hang away from that.
 */
void gpup_sched_partition_pardon(struct gpup_sched_partition *sp)
{
	spin_lock_irq(&sp->sched->lock);
	sp->lost = false;
	sp->offences = min(sp->offences, LOST_AT - 1u);
	spin_unlock_irq(&sp->sched->lock);
}
EXPORT_SYMBOL_GPL(gpup_sched_partition_pardon);

/**
 * gpup_offence_init() - Begin without offences
 * @sp: The partition's share.
 */
void gpup_offence_init(struct gpup_sched_partition *sp)
{
	INIT_DELAYED_WORK(&sp->release, release);
}

/**
 * gpup_offence_fini() - No more is to come
 * @sp: The partition's share, without queues. May sleep.
 */
void gpup_offence_fini(struct gpup_sched_partition *sp)
{
	cancel_delayed_work_sync(&sp->release);
}

/**
 * gpup_sched_partition_listen() - Have somebody told what happens to a partition's jobs
 * @sp: The partition's share, without queues.
 * @listener: Who is to be told, or NULL.
 * @data: Passed to it.
 */
void gpup_sched_partition_listen(struct gpup_sched_partition *sp,
				 const struct gpup_sched_listener *listener, void *data)
{
	sp->listener = listener;
	sp->listener_data = data;
}
