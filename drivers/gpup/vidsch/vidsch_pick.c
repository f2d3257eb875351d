// SPDX-License-Identifier: GPL-2.0-only
/*
 * The choice between partitions, and between the queues of one.
 */
#include <linux/array_size.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/time64.h>

#include "vidsch_pick.h"

/**
 * DOC: Whose turn it is
 *
 * Between partitions: start-time fair queueing (Goyal, Vin, Cheng: "Start-time Fair
 * Queuing", SIGCOMM 1996), with the measured length of a job in the place of that of a
 * packet. Each partition has a virtual runtime, which grows by
 *
 *	gpu_ns * 100 / weight
 *
 * for every job of it that ends. The partition whose virtual runtime is least comes
 * next. Jobs are of unknown length, so that one is charged at its end; the paper shows
 * that two partitions which both always have work are then never further apart than
 *
 *	| ns1 * 100 / weight1 - ns2 * 100 / weight2 |  <=  longest job of each, likewise divided
 *
 * on one engine; each further engine of the class adds as much.
 *
 * The virtual time of the class is the virtual runtime of the partition that was chosen
 * last. A partition that was idle starts no earlier than there, so it cannot bank the
 * time in which it did not want to run; nor is it forgiven what it has used already.
 * When nobody is left, the virtual time moves to the end of all that has run: what
 * happened in one busy period has no bearing on the next.
 *
 * What the division leaves over is carried on, so that no series of short jobs is
 * cheaper than one long job. Comparisons are by signed difference and survive the wrap
 * of the counter; to be put in the wrong place a partition would have to be idle while
 * another one, at weight 1, uses 2.9 years of GPU time.
 *
 * Inside a partition: the highest priority that has a runnable queue; within it the
 * queues take turns, one job each. Fairness by time would be worth little there: the
 * programs of one partition share their fate.
 *
 * Costs: to choose is O(1), to put a partition back O(log n) in the partitions that want
 * to run, everything about queues O(1).
 *
 * Roads not taken. Deficit round robin needs to know the length of a job before it
 * runs, or a quantum as long as the longest of them. Lotteries keep shares only on
 * average. The CPU scheduler's EEVDF gives latency to those who ask for short slices,
 * which needs preemption at their end.
 *
 * Nothing here knows an engine, a lock or a clock. The caller serialises.
 */

/* With time for the reset that ends it. */
#define LONGEST_JOB_NS	(2ull * GPUP_JOB_TIMEOUT_MAX_MS * NSEC_PER_MSEC)

static bool vruntime_before(u64 a, u64 b)
{
	return (s64)(a - b) < 0;
}

static u64 vruntime_max(u64 a, u64 b)
{
	return vruntime_before(a, b) ? b : a;
}

static bool class_before(struct rb_node *a, const struct rb_node *b)
{
	return vruntime_before(rb_entry(a, struct gpup_sched_class, node)->vruntime,
			       rb_entry(b, struct gpup_sched_class, node)->vruntime);
}

static void tree_insert(struct gpup_pick *pick, struct gpup_sched_class *sc)
{
	rb_add_cached(&sc->node, &pick->tree, class_before);
}

static void tree_erase(struct gpup_pick *pick, struct gpup_sched_class *sc)
{
	rb_erase_cached(&sc->node, &pick->tree);
	RB_CLEAR_NODE(&sc->node);
}

static bool is_active(const struct gpup_sched_class *sc)
{
	return sc->runnable_count || sc->running;
}

static void check_idle(struct gpup_pick *pick, const struct gpup_sched_class *sc)
{
	if (is_active(sc))
		return;
	pick->active--;
	if (!pick->active)
		pick->vtime = pick->vtime_max;
}

/**
 * gpup_pick_init() - Begin a competition
 * @pick: The competition for one engine class.
 */
void gpup_pick_init(struct gpup_pick *pick)
{
	*pick = (struct gpup_pick) { .tree = RB_ROOT_CACHED };
}

/**
 * gpup_pick_class_init() - Initialise a partition's part
 * @sc: Its part in one engine class.
 */
void gpup_pick_class_init(struct gpup_sched_class *sc)
{
	unsigned int i;

	*sc = (struct gpup_sched_class) {};
	RB_CLEAR_NODE(&sc->node);
	for (i = 0; i < ARRAY_SIZE(sc->runnable); i++)
		INIT_LIST_HEAD(&sc->runnable[i]);
}

/**
 * gpup_pick_add() - A queue has become runnable
 * @pick: The competition.
 * @entity: The queue, not runnable so far.
 */
void gpup_pick_add(struct gpup_pick *pick, struct gpup_pick_entity *entity)
{
	struct gpup_sched_class *sc = entity->sc;

	if (!is_active(sc)) {
		pick->active++;
		sc->vruntime = vruntime_max(sc->vruntime, pick->vtime);
	}
	list_add_tail(&entity->link, &sc->runnable[entity->priority]);
	if (!sc->runnable_count++)
		tree_insert(pick, sc);
}

static void take_out(struct gpup_pick *pick, struct gpup_pick_entity *entity)
{
	list_del_init(&entity->link);
	if (!--entity->sc->runnable_count)
		tree_erase(pick, entity->sc);
}

/**
 * gpup_pick_remove() - A queue is no longer runnable
 * @pick: The competition.
 * @entity: The queue, runnable.
 */
void gpup_pick_remove(struct gpup_pick *pick, struct gpup_pick_entity *entity)
{
	take_out(pick, entity);
	check_idle(pick, entity->sc);
}

/**
 * gpup_pick_next() - Choose
 * @pick: The competition.
 *
 * The queue that is chosen is not runnable any more, and its partition runs one job more
 * until gpup_pick_stop().
 *
 * Return: The queue, or NULL if none is runnable.
 */
struct gpup_pick_entity *gpup_pick_next(struct gpup_pick *pick)
{
	struct rb_node *first = rb_first_cached(&pick->tree);
	struct gpup_pick_entity *entity;
	struct gpup_sched_class *sc;
	unsigned int priority;

	if (!first)
		return NULL;

	sc = rb_entry(first, struct gpup_sched_class, node);
	pick->vtime = vruntime_max(pick->vtime, sc->vruntime);

	/* In the tree, so one list has an entry. */
	priority = DRM_GPUP_QUEUE_PRIORITY_HIGH;
	while (priority && list_empty(&sc->runnable[priority]))
		priority--;

	entity = list_first_entry(&sc->runnable[priority], struct gpup_pick_entity, link);
	sc->running++;
	take_out(pick, entity);
	return entity;
}

/**
 * gpup_pick_charge() - A partition has used an engine
 * @pick: The competition.
 * @sc: The partition's part, with a job running.
 * @gpu_ns: For how long, in ns.
 * @weight: The partition's weight.
 */
void gpup_pick_charge(struct gpup_pick *pick, struct gpup_sched_class *sc, u64 gpu_ns,
		      u32 weight)
{
	bool queued = !RB_EMPTY_NODE(&sc->node);
	u64 rest;

	/* No clock is so coarse, or so wrong, that a job is free, or ends all others' turns. */
	gpu_ns = clamp_t(u64, gpu_ns, 1, LONGEST_JOB_NS);

	if (queued)
		tree_erase(pick, sc);
	sc->vruntime += div64_u64_rem(gpu_ns * GPUP_PICK_UNIT_WEIGHT + sc->remainder, weight,
				      &rest);
	sc->remainder = rest;
	pick->vtime_max = vruntime_max(pick->vtime_max, sc->vruntime);
	if (queued)
		tree_insert(pick, sc);
}

/**
 * gpup_pick_stop() - A job has ended
 * @pick: The competition.
 * @sc: The partition's part.
 *
 * Called after gpup_pick_charge() and after the queue was made runnable again, if it is:
 * a partition that goes on is not one that was idle.
 */
void gpup_pick_stop(struct gpup_pick *pick, struct gpup_sched_class *sc)
{
	sc->running--;
	check_idle(pick, sc);
}
