// SPDX-License-Identifier: GPL-2.0-only
/*
 * Groups: queues whose jobs need the same memory.
 */
#include <linux/dma-fence.h>
#include <linux/jiffies.h>

#include "vidsch_internal.h"

/**
 * DOC: Groups
 *
 * The queues of one address space run only while its memory is in place. To its owner
 * a group is a switch: *suspended*, no job of it is started; *resumed*, they compete as
 * all others do. A group begins suspended. When a job of a suspended group could run, its
 * owner is told, once, and resumes it when the memory is there.
 *
 * Jobs that run when a group is suspended go on, until somebody waits for them to stop: then they
 * are taken off their engines, if these can do that, and go on when the group is resumed. Otherwise
 * they end by themselves, or by their timeout.
 * Empty jobs need no memory and are no matter of groups.
 */

/**
 * gpup_sched_group_init() - Begin with a group without queues, suspended
 * @group: The group.
 * @sched: The scheduler.
 * @want: See &gpup_sched_group.want.
 */
void gpup_sched_group_init(struct gpup_sched_group *group, struct gpup_vidsch *sched,
			   void (*want)(struct gpup_sched_group *group))
{
	*group = (struct gpup_sched_group) {
		.sched = sched,
		.want = want,
		.suspended = true,
	};
	INIT_LIST_HEAD(&group->queues);
	init_waitqueue_head(&group->wait);
}

/**
 * gpup_sched_group_holds() - Keep a job from running, if its group is suspended
 * @group: The group of its queue, or NULL.
 *
 * With the scheduler's lock held, for a job that is ready.
 *
 * Return: True if the job has to wait; somebody resumes the group.
 */
bool gpup_sched_group_holds(struct gpup_sched_group *group)
{
	if (!group || !group->suspended)
		return false;
	lockdep_assert_held(&group->sched->lock);
	if (!group->wanted) {
		group->wanted = true;
		group->want(group);
	}
	return true;
}

/**
 * gpup_sched_group_started() - A job of a group was started
 * @group: The group, or NULL. With the scheduler's lock held.
 */
void gpup_sched_group_started(struct gpup_sched_group *group)
{
	if (!group)
		return;
	group->running++;
	WRITE_ONCE(group->last_run, jiffies);
}

/**
 * gpup_sched_group_ended() - A job of a group has ended
 * @group: The group, or NULL. With the scheduler's lock held.
 */
void gpup_sched_group_ended(struct gpup_sched_group *group)
{
	if (!group)
		return;
	WRITE_ONCE(group->last_run, jiffies);
	if (!--group->running)
		wake_up_all(&group->wait);
}

static void advance_all(struct gpup_sched_group *group)
{
	struct gpup_queue *queue;

	lockdep_assert_held(&group->sched->lock);
	list_for_each_entry(queue, &group->queues, group_link)
		gpup_queue_advance(queue);
}

static bool is_idle(struct gpup_sched_group *group)
{
	struct gpup_queue *queue;

	lockdep_assert_held(&group->sched->lock);
	if (group->running)
		return false;
	list_for_each_entry(queue, &group->queues, group_link)
		if (!list_empty(&queue->entity.link))
			return false;
	return true;
}

/**
 * gpup_sched_group_wait_idle() - Wait until a resumed group has nothing to do
 * @group: The group.
 * @timeout: No longer than this, in jiffies.
 *
 * May sleep; allocates nothing and may be called where fences are signalled.
 */
void gpup_sched_group_wait_idle(struct gpup_sched_group *group, unsigned long timeout)
{
	struct gpup_vidsch *sched = group->sched;
	unsigned long end = jiffies + timeout;
	bool idle;

	for (;;) {
		spin_lock_irq(&sched->lock);
		idle = is_idle(group);
		spin_unlock_irq(&sched->lock);
		if (idle || time_after_eq(jiffies, end))
			return;
		/* Whoever goes idle ends a job last. */
		wait_event_timeout(group->wait, !READ_ONCE(group->running),
				   clamp(end - jiffies, 1ul, timeout));
		/* It may only have been between two jobs. */
		if (!READ_ONCE(group->running))
			schedule_timeout_uninterruptible(1);
	}
}

/**
 * gpup_sched_group_suspend() - Start no more jobs of a group
 * @group: The group.
 *
 * Does not wait for those that run: see gpup_sched_group_wait_stopped().
 * Any context in which interrupts are on.
 */
void gpup_sched_group_suspend(struct gpup_sched_group *group)
{
	struct gpup_vidsch *sched = group->sched;
	struct gpup_queue *queue;

	spin_lock_irq(&sched->lock);
	group->suspended = true;
	/* The owner knows; gpup_sched_group_poke() tells it again. */
	group->wanted = true;
	list_for_each_entry(queue, &group->queues, group_link)
		if (!list_empty(&queue->entity.link))
			gpup_pick_remove(&sched->classes[queue->engine_class].pick,
					 &queue->entity);
	spin_unlock_irq(&sched->lock);
}

static void preempt_all(struct gpup_sched_group *group)
{
	struct gpup_queue *queue;

	lockdep_assert_held(&group->sched->lock);
	list_for_each_entry(queue, &group->queues, group_link) {
		struct gpup_engine_class *class = &group->sched->classes[queue->engine_class];

		if (queue->running && class->preemption == GPUP_PREEMPT_INSIDE)
			gpup_engine_preempt(queue->running->engine);
	}
}

/**
 * gpup_sched_group_wait_stopped() - Wait until no job of a group runs
 * @group: The group, suspended.
 *
 * They are taken off, or end, at the latest by their timeouts. May sleep; allocates nothing
 * and may be called where fences are signalled.
 */
void gpup_sched_group_wait_stopped(struct gpup_sched_group *group)
{
	struct gpup_vidsch *sched = group->sched;

	spin_lock_irq(&sched->lock);
	preempt_all(group);
	wait_event_lock_irq(group->wait, !group->running, sched->lock);
	spin_unlock_irq(&sched->lock);
}

/**
 * gpup_sched_group_poke() - Have the owner told if jobs wait for a suspended group
 * @group: The group. Any context in which interrupts are on.
 */
void gpup_sched_group_poke(struct gpup_sched_group *group)
{
	spin_lock_irq(&group->sched->lock);
	group->wanted = false;
	advance_all(group);
	spin_unlock_irq(&group->sched->lock);
}

/**
 * gpup_sched_group_resume() - Let the jobs of a group compete
 * @group: The group. Any context in which interrupts are on.
 */
void gpup_sched_group_resume(struct gpup_sched_group *group)
{
	struct gpup_vidsch *sched = group->sched;
	u32 c;

	spin_lock_irq(&sched->lock);
	group->suspended = false;
	group->wanted = false;
	advance_all(group);
	for (c = 0; c < DRM_GPUP_ENGINE_CLASSES; c++)
		gpup_class_kick(sched, c);
	spin_unlock_irq(&sched->lock);
}

/* A queue of the group whose next job waits for nothing else, with a reference. */
static struct gpup_queue *find_held(struct gpup_sched_group *group)
{
	struct gpup_queue *queue;
	struct gpup_job *job;

	lockdep_assert_held(&group->sched->lock);
	list_for_each_entry(queue, &group->queues, group_link) {
		job = list_first_entry_or_null(&queue->jobs, struct gpup_job, link);
		if (!queue->cancelled && job && job->ready && job->hw.stream_size)
			return gpup_queue_get(queue);
	}
	return NULL;
}

/**
 * gpup_sched_group_fail() - Ban the queues whose jobs wait for a suspended group
 * @group: The group.
 * @error: Why their memory is not to be had, a negative errno.
 *
 * Process context.
 */
void gpup_sched_group_fail(struct gpup_sched_group *group, int error)
{
	struct gpup_vidsch *sched = group->sched;
	struct gpup_queue *queue;

	for (;;) {
		spin_lock_irq(&sched->lock);
		queue = find_held(group);
		spin_unlock_irq(&sched->lock);
		if (!queue)
			return;
		gpup_queue_fail(queue, error);
		gpup_queue_put(queue);
	}
}
