// SPDX-License-Identifier: GPL-2.0-only
/*
 * The choice between partitions, and between the queues of one.
 */
#include <linux/array_size.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/rbtree_augmented.h>
#include <linux/time64.h>

#include "vidsch_pick.h"

/**
 * DOC: Whose turn it is
 *
 * **Between partitions: EEVDF** (Stoica, Abdel-Wahab: "Earliest Eligible Virtual Deadline
 * First", Old Dominion University TR-95-22, 1995), in the form that the kernel's CPU scheduler
 * has given it. Each partition has a *virtual runtime*, which grows by
 *
 *	gpu_ns * 100 / weight
 *
 * for the time that it has had; the *virtual time* is the average over those who compete, by
 * weight. Who is not ahead of it is *eligible*. Each asks for a quantum at a time, and its
 * *deadline* is the virtual time at which it should have had it; the eligible one with the
 * earliest deadline comes next. Whoever runs is taken off at the end of its quantum if
 * somebody else waits (where the adapter can do that inside a job), or goes on and is charged
 * for another.
 *
 * With fluid sharing (GPS) as the measure, and one engine, the service that a partition lacks
 * is at most the greatest quantum of all plus the *overrun*, what it has in excess at most its own
 * quantum plus the overrun, at any moment, whatever the others do and however many they are
 * (theorem 1 of the paper, for those who do not wake up). Overrun is what it takes to get somebody
 * off: the latency of preemption. Those who wake up and go first can delay others by a few quanta
 * more. So the bound that the tests hold the scheduler to is ten quanta and an overrun; the most
 * that was seen in 300 random mixes of up to 41 partitions is 7.2. Each further engine of the class
 * adds as much.
 *
 * Where a job cannot be interrupted, and is longer than a quantum, nobody knows beforehand what it
 * will cost. Each of the others may have run one before the turn comes to who lacks most, so that
 * it lacks at most its share of those: one job in all if the weights are the same, more
 * for one that outweighs many others. (The bound of start-time fair queueing: Goyal, Vin, Cheng,
 * SIGCOMM 1996. To do better one has to know the lengths.)
 *
 * Start-time fair queueing, used before, has no such bound for those that can be interrupted: a
 * thousand light partitions in a row, each for one quantum, delay a heavy one by a second.
 *
 * **Waking up.** Who was idle begins at the virtual time, and so cannot bank the time in which
 * it did not want to run; nor is it forgiven what it has used already. Its deadline is the
 * latest of all, so that it would wait a quantum for each of the others. It goes first
 * therefore, unless it is in debt, or whoever else is due lacks more than WAKE_SLACK quanta
 * already: that keeps many who wake up in turn from taking the place of the others. So a
 * partition that wakes up waits for a quantum and the overrun, if it is the only one that
 * does, and as a rule. When nobody is left, what happened in one busy period has no bearing on
 * the next.
 *
 * **Caps** are a rate: after a slice of c ns the next may begin c * 100 / cap ns after that
 * one began (the generic cell rate algorithm of ITU-T I.371 without tolerance, spread over the
 * engines of the class). So in any window of time T a partition has at most cap * T plus one
 * slice, which is one quantum and its overrun. A cap that is new counts from the next slice on,
 * also of a job that runs; what that had before, however much, is not made up for. Who waits for
 * its cap does not save up that time either, however the wait ends.
 *
 * **Inside a partition** the priorities share as 64:8:1, in time, by start-time fair queueing; so
 * high comes first nearly always, and low is not starved. The queues of one priority take turns,
 * a slice each.
 *
 * **Arithmetic.** What the division leaves over is carried on, so that no series of short jobs
 * is cheaper than one long job. Comparisons are by signed difference and survive the wrap of
 * the counter; to be put in the wrong place a partition would have to be idle while another
 * one, at weight 1, uses 2.9 years of GPU time. A term of the sum is at most 2^57 in magnitude
 * for the longest job that there is, and only who has such jobs is that far from the average.
 *
 * **Costs.** To choose, to put back and to take out are O(log n) in the partitions that want
 * to run, everything about queues O(1).
 *
 * Roads not taken. Deficit round robin needs to know the length of a job before it
 * runs, or a quantum as long as the longest of them. Lotteries keep shares only on
 * average.
 *
 * Nothing here knows an engine, a lock or a clock: the caller serialises, and says what time
 * it is. The simulator (tools/testing/simulator) is built from this file.
 */

/* With time for the reset that ends it: twice the longest timeout. */
#define LONGEST_JOB_NS	(2ull * 600 * NSEC_PER_SEC)
/* Who is due may lack so many of its quanta, and those that wake up still go first. */
#define WAKE_SLACK	1
/* What is left of a request is not worth less than this part of a quantum. */
#define MIN_SLICE_PART	4
/* With several engines: what one may lack that could not use its share, in ns. */
#define MAX_LAG_NS	(100ull * NSEC_PER_MSEC)

static const u8 level_shift[GPUP_PICK_PRIORITIES] = { 6, 3, 0 };

static bool before(u64 a, u64 b)
{
	return (s64)(a - b) < 0;
}

static u64 later(u64 a, u64 b)
{
	return before(a, b) ? b : a;
}

static u64 earlier(u64 a, u64 b)
{
	return before(a, b) ? a : b;
}

static struct gpup_sched_class *to_class(const struct rb_node *node)
{
	return rb_entry(node, struct gpup_sched_class, node);
}

static u64 subtree_min(struct gpup_sched_class *sc)
{
	u64 min_vruntime = sc->vruntime;

	if (sc->node.rb_left)
		min_vruntime = earlier(min_vruntime, to_class(sc->node.rb_left)->min_vruntime);
	if (sc->node.rb_right)
		min_vruntime = earlier(min_vruntime, to_class(sc->node.rb_right)->min_vruntime);
	return min_vruntime;
}

static bool update_min(struct gpup_sched_class *sc, bool exit)
{
	u64 min_vruntime = subtree_min(sc);

	if (exit && sc->min_vruntime == min_vruntime)
		return true;
	sc->min_vruntime = min_vruntime;
	return false;
}

RB_DECLARE_CALLBACKS(static, min_callbacks, struct gpup_sched_class, node, min_vruntime, update_min)

static bool deadline_before(struct rb_node *a, const struct rb_node *b)
{
	return before(to_class(a)->deadline, to_class(b)->deadline);
}

static bool start_before(struct rb_node *a, const struct rb_node *b)
{
	return to_class(a)->next_start < to_class(b)->next_start;
}

/* In virtual time. What is left over is for whoever charges. */
static u64 scaled(const struct gpup_sched_class *sc, u64 ns)
{
	return div_u64(ns * GPUP_PICK_UNIT_WEIGHT, sc->params.weight);
}

static s64 distance(const struct gpup_pick *pick, const struct gpup_sched_class *sc)
{
	return (s64)(sc->vruntime - pick->vtime) * sc->params.weight;
}

/* The average of those who compete; @sum then has only what the division leaves over. */
static u64 virtual_time(struct gpup_pick *pick)
{
	s64 delta;

	if (!pick->weight)
		return pick->vtime;
	/* Downwards, so that there is always one who is not ahead of it. */
	delta = div64_s64(pick->sum, pick->weight);
	if (delta * (s64)pick->weight > pick->sum)
		delta--;
	pick->vtime += delta;
	pick->sum -= delta * pick->weight;
	return pick->vtime;
}

static bool level_before(const struct gpup_sched_class *sc, unsigned int a, unsigned int b)
{
	return before(sc->level[a], sc->level[b]);
}

static bool is_queued(const struct gpup_sched_class *sc)
{
	return !RB_EMPTY_NODE(&sc->node);
}

static bool competes(const struct gpup_sched_class *sc)
{
	return is_queued(sc) && !sc->throttled;
}

/*
 * With one engine the average includes who runs, as in the paper. With several it must not: who has
 * only one queue may have more than it can use, and the average would stay behind with it.
 */
static void average_add(struct gpup_pick *pick, struct gpup_sched_class *sc)
{
	if (sc->averaged)
		return;
	sc->averaged = true;
	pick->sum += distance(pick, sc);
	pick->weight += sc->params.weight;
}

static void average_remove(struct gpup_pick *pick, struct gpup_sched_class *sc)
{
	if (!sc->averaged)
		return;
	/* What is remembered when nobody is left. */
	virtual_time(pick);
	sc->averaged = false;
	pick->sum -= distance(pick, sc);
	pick->weight -= sc->params.weight;
}

/* It is not in a tree. */
static void move(struct gpup_pick *pick, struct gpup_sched_class *sc, u64 vruntime)
{
	if (sc->averaged)
		pick->sum += (s64)(vruntime - sc->vruntime) * sc->params.weight;
	sc->vruntime = vruntime;
}

static void tree_insert(struct gpup_pick *pick, struct gpup_sched_class *sc)
{
	u64 vtime = virtual_time(pick);

	if (pick->engines > 1)
		move(pick, sc, later(sc->vruntime, vtime - scaled(sc, MAX_LAG_NS)));
	if (!before(sc->vruntime, sc->deadline))
		sc->deadline = sc->vruntime + scaled(sc, sc->params.quantum_ns);
	sc->throttled = false;
	sc->min_vruntime = sc->vruntime;
	average_add(pick, sc);
	rb_add_augmented_cached(&sc->node, &pick->tree, deadline_before, &min_callbacks);
}

static void tree_erase(struct gpup_pick *pick, struct gpup_sched_class *sc)
{
	if (sc->throttled) {
		rb_erase_cached(&sc->node, &pick->throttled);
	} else {
		rb_erase_augmented_cached(&sc->node, &pick->tree, &min_callbacks);
		if (pick->engines > 1 || !sc->running)
			average_remove(pick, sc);
	}
	RB_CLEAR_NODE(&sc->node);
	sc->throttled = false;
}

static void throttle(struct gpup_pick *pick, struct gpup_sched_class *sc)
{
	sc->throttled = true;
	rb_add_cached(&sc->node, &pick->throttled, start_before);
}

/* It wants to run: now, or when its cap lets it. */
static void enqueue(struct gpup_pick *pick, struct gpup_sched_class *sc, u64 now)
{
	if (sc->params.cap == GPUP_PICK_NO_CAP || sc->next_start <= now) {
		tree_insert(pick, sc);
		return;
	}
	throttle(pick, sc);
}

/* It may be in one of the trees; its cap may have changed. */
static void change(struct gpup_pick *pick, struct gpup_sched_class *sc, u64 vruntime, u64 now)
{
	bool queued = is_queued(sc);

	if (queued)
		tree_erase(pick, sc);
	move(pick, sc, vruntime);
	if (queued)
		enqueue(pick, sc, now);
}

/* Those whose wait is over compete again, as after having been idle. */
static void release_throttled(struct gpup_pick *pick, u64 now)
{
	struct rb_node *first;

	while ((first = rb_first_cached(&pick->throttled))) {
		struct gpup_sched_class *sc = to_class(first);

		if (sc->next_start > now)
			return;
		tree_erase(pick, sc);
		move(pick, sc, later(sc->vruntime, virtual_time(pick)));
		tree_insert(pick, sc);
	}
}

static bool is_active(const struct gpup_sched_class *sc)
{
	return sc->runnable_count || sc->running;
}

static void check_idle(struct gpup_pick *pick, struct gpup_sched_class *sc)
{
	if (is_active(sc))
		return;
	list_del_init(&sc->woken_link);
	pick->active--;
	if (!pick->active)
		pick->vtime = pick->vtime_max;
}

static bool is_eligible(struct gpup_pick *pick, const struct gpup_sched_class *sc)
{
	return !before(virtual_time(pick), sc->vruntime);
}

/* The earliest deadline of all that are not ahead of the virtual time. */
static struct gpup_sched_class *earliest_eligible(struct gpup_pick *pick)
{
	struct rb_node *node = pick->tree.rb_root.rb_node;
	u64 vtime = virtual_time(pick);

	while (node) {
		struct rb_node *left = node->rb_left;

		if (left && !before(vtime, to_class(left)->min_vruntime)) {
			node = left;
			continue;
		}
		if (!before(vtime, to_class(node)->vruntime))
			return to_class(node);
		node = node->rb_right;
	}
	/* With several engines those who are behind may be running already. */
	node = rb_first_cached(&pick->tree);
	return node ? to_class(node) : NULL;
}

/* It has been waiting for so long that nobody goes before it. */
static bool lacks_much(const struct gpup_pick *pick, const struct gpup_sched_class *sc)
{
	return (s64)(pick->vtime - sc->vruntime) >
	       (s64)(WAKE_SLACK * scaled(sc, sc->params.quantum_ns));
}

static struct gpup_sched_class *choose(struct gpup_pick *pick)
{
	struct gpup_sched_class *due = earliest_eligible(pick);
	struct gpup_sched_class *sc, *next;

	if (!due || lacks_much(pick, due))
		return due;
	list_for_each_entry_safe(sc, next, &pick->woken, woken_link) {
		if (competes(sc) && is_eligible(pick, sc))
			return sc;
		/* Its time has passed: it competes as all others do. */
		list_del_init(&sc->woken_link);
	}
	return due;
}

static struct gpup_pick_entity *choose_queue(struct gpup_sched_class *sc)
{
	int i, best = -1;

	for (i = GPUP_PICK_PRIORITIES - 1; i >= 0; i--)
		if (!list_empty(&sc->runnable[i]) && (best < 0 || level_before(sc, i, best)))
			best = i;
	sc->level_now = later(sc->level_now, sc->level[best]);
	return list_first_entry(&sc->runnable[best], struct gpup_pick_entity, link);
}

static void take_out(struct gpup_pick *pick, struct gpup_pick_entity *entity)
{
	struct gpup_sched_class *sc = entity->sc;

	list_del_init(&entity->link);
	if (!--sc->runnable_count)
		tree_erase(pick, sc);
}

/* From the begin of a slice to that of the next. */
static u64 cap_wait(const struct gpup_pick *pick, const struct gpup_sched_class *sc, u64 slice)
{
	return div_u64(slice * 100, sc->params.cap * pick->engines);
}

static void charge_cap_ahead(const struct gpup_pick *pick, struct gpup_pick_entity *entity,
			     u64 slice, u64 now)
{
	struct gpup_sched_class *sc = entity->sc;
	u64 wait;

	if (sc->params.cap == GPUP_PICK_NO_CAP)
		return;
	if (entity->cap_seq != sc->cap_seq) {
		entity->cap_seq = sc->cap_seq;
		/* Not by its slices: each has ended a bit late, and that adds up. */
		entity->uncapped_ns = now - entity->started;
		entity->cap_advance = 0;
	}
	wait = cap_wait(pick, sc, slice);
	sc->next_start = max(sc->next_start, now) + wait;
	entity->cap_advance += wait;
}

/* Where no slice has begun since the cap is there, it is the next one's that counts. */
static void charge_cap(const struct gpup_pick *pick, const struct gpup_pick_entity *entity,
		       u64 gpu_ns)
{
	struct gpup_sched_class *sc = entity->sc;

	if (sc->params.cap == GPUP_PICK_NO_CAP || entity->cap_seq != sc->cap_seq)
		return;
	gpu_ns -= min(gpu_ns, entity->uncapped_ns);
	sc->next_start += cap_wait(pick, sc, gpu_ns) - entity->cap_advance;
}

/* Beforehand, for a slice that begins at @now; put right when it has ended. */
static void charge_ahead(struct gpup_pick *pick, struct gpup_pick_entity *entity, u64 slice,
			 u64 now)
{
	struct gpup_sched_class *sc = entity->sc;
	u64 advance = scaled(sc, slice);

	entity->charged_ns += slice;
	sc->advance += advance;
	charge_cap_ahead(pick, entity, slice, now);
	change(pick, sc, sc->vruntime + advance, now);
}

/**
 * gpup_pick_init() - Begin a competition
 * @pick: The competition for one engine class.
 * @engines: How many there are, at least one.
 */
void gpup_pick_init(struct gpup_pick *pick, unsigned int engines)
{
	*pick = (struct gpup_pick) {
		.tree = RB_ROOT_CACHED,
		.throttled = RB_ROOT_CACHED,
		.engines = max(engines, 1u),
	};
	INIT_LIST_HEAD(&pick->woken);
}

/**
 * gpup_pick_class_init() - Initialise a partition's part
 * @sc: Its part in one engine class.
 * @params: What it is entitled to.
 */
void gpup_pick_class_init(struct gpup_sched_class *sc, const struct gpup_pick_params *params)
{
	unsigned int i;

	*sc = (struct gpup_sched_class) { .params = *params };
	RB_CLEAR_NODE(&sc->node);
	INIT_LIST_HEAD(&sc->woken_link);
	for (i = 0; i < ARRAY_SIZE(sc->runnable); i++)
		INIT_LIST_HEAD(&sc->runnable[i]);
}

/**
 * gpup_pick_class_set() - Change what a partition is entitled to
 * @pick: The competition.
 * @sc: The partition's part.
 * @params: What it is entitled to from now on.
 *
 * What it lacks or has in excess stays the same, in time: a change of weight neither gives nor
 * takes. A new cap holds for slices that begin from now on; a wait for an earlier one ends, and is
 * not made up for.
 */
void gpup_pick_class_set(struct gpup_pick *pick, struct gpup_sched_class *sc,
			 const struct gpup_pick_params *params)
{
	u64 vtime = virtual_time(pick);
	s64 ahead = (s64)(sc->vruntime - vtime);
	bool averaged = sc->averaged, queued = is_queued(sc);
	bool same_cap = sc->params.cap == params->cap;
	bool throttled = sc->throttled;

	if (queued)
		tree_erase(pick, sc);
	average_remove(pick, sc);
	/*
	 * What it did not want, or its cap did not let it have, is not due to it: that can be more
	 * than can be multiplied.
	 */
	if (!is_active(sc) || throttled)
		ahead = max(ahead, 0ll);
	ahead = div64_s64(ahead * (s64)sc->params.weight, params->weight);
	sc->advance = div64_u64(sc->advance * sc->params.weight, params->weight);
	if (!same_cap) {
		sc->next_start = 0;
		sc->cap_seq++;
	}
	sc->params = *params;
	sc->vruntime = vtime + ahead;
	sc->remainder = 0;
	sc->deadline = sc->vruntime + scaled(sc, params->quantum_ns);
	pick->vtime_max = later(pick->vtime_max, sc->vruntime);
	if (throttled && same_cap)
		throttle(pick, sc);
	else if (queued)
		tree_insert(pick, sc);
	if (averaged)
		average_add(pick, sc);
}

/**
 * gpup_pick_add() - A queue has become runnable
 * @pick: The competition.
 * @entity: The queue, not runnable so far.
 * @now: The time, in ns.
 */
void gpup_pick_add(struct gpup_pick *pick, struct gpup_pick_entity *entity, u64 now)
{
	struct gpup_sched_class *sc = entity->sc;
	struct list_head *list = &sc->runnable[entity->priority];

	if (!is_active(sc)) {
		u64 vtime = virtual_time(pick);

		pick->active++;
		move(pick, sc, later(sc->vruntime, vtime));
		if (sc->vruntime == vtime)
			list_add_tail(&sc->woken_link, &pick->woken);
	}
	if (list_empty(list))
		sc->level[entity->priority] = later(sc->level[entity->priority], sc->level_now);
	list_add_tail(&entity->link, list);
	if (!sc->runnable_count++)
		enqueue(pick, sc, now);
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
 * @now: The time, in ns.
 * @slice_ns: Receives how long it may run until gpup_pick_yields() is to be asked.
 *
 * The queue that is chosen is not runnable any more, and its partition runs one job more
 * until gpup_pick_stop().
 *
 * Return: The queue, or NULL if none may run; some may at gpup_pick_wakeup().
 */
struct gpup_pick_entity *gpup_pick_next(struct gpup_pick *pick, u64 now, u64 *slice_ns)
{
	struct gpup_pick_entity *entity;
	struct gpup_sched_class *sc;
	u64 left;

	release_throttled(pick, now);
	sc = choose(pick);
	if (!sc)
		return NULL;
	list_del_init(&sc->woken_link);
	entity = choose_queue(sc);
	sc->running++;
	left = div_u64((sc->deadline - sc->vruntime) * sc->params.weight, GPUP_PICK_UNIT_WEIGHT);
	*slice_ns = clamp(left, sc->params.quantum_ns / MIN_SLICE_PART, sc->params.quantum_ns);
	take_out(pick, entity);
	entity->charged_ns = 0;
	entity->started = now;
	entity->cap_seq = sc->cap_seq;
	entity->uncapped_ns = 0;
	entity->cap_advance = 0;
	charge_ahead(pick, entity, *slice_ns, now);
	return entity;
}

/**
 * gpup_pick_yields() - Is somebody else to run, at the end of a slice?
 * @pick: The competition.
 * @entity: The queue whose job runs.
 * @now: The time, in ns.
 *
 * Return: Whether there is somebody, or its cap says that it has had enough.
 */
bool gpup_pick_yields(struct gpup_pick *pick, const struct gpup_pick_entity *entity, u64 now)
{
	release_throttled(pick, now);
	return !RB_EMPTY_ROOT(&pick->tree.rb_root) || (entity->sc->params.cap != GPUP_PICK_NO_CAP &&
				entity->sc->next_start > now);
}

/**
 * gpup_pick_renew() - A slice has ended, and another one begins at once
 * @pick: The competition.
 * @entity: The queue whose job runs on.
 * @now: The time, in ns.
 *
 * Return: Length of the slice, in ns.
 */
u64 gpup_pick_renew(struct gpup_pick *pick, struct gpup_pick_entity *entity, u64 now)
{
	struct gpup_sched_class *sc = entity->sc;
	u64 slice = sc->params.quantum_ns;

	/* Who wakes up now does not get what has passed. */
	if (!pick->weight)
		pick->vtime = later(pick->vtime, sc->vruntime);
	charge_ahead(pick, entity, slice, now);
	return slice;
}

/**
 * gpup_pick_charge() - A partition has used an engine
 * @pick: The competition.
 * @entity: The queue whose job has run, not runnable.
 * @gpu_ns: For how long, in ns, since it was chosen.
 * @now: The time, in ns.
 */
void gpup_pick_charge(struct gpup_pick *pick, struct gpup_pick_entity *entity, u64 gpu_ns,
		      u64 now)
{
	struct gpup_sched_class *sc = entity->sc;
	bool last = sc->running == 1;
	u64 advance = last ? sc->advance : min(scaled(sc, entity->charged_ns), sc->advance);
	u64 rest, vruntime;

	/* No clock is so coarse, or so wrong, that a job is free, or ends all others' turns. */
	gpu_ns = clamp_t(u64, gpu_ns, 1, LONGEST_JOB_NS);

	sc->advance -= advance;
	vruntime = sc->vruntime - advance;
	vruntime += div64_u64_rem(gpu_ns * GPUP_PICK_UNIT_WEIGHT + sc->remainder, sc->params.weight,
				  &rest);
	sc->remainder = rest;
	pick->vtime_max = later(pick->vtime_max, vruntime);
	charge_cap(pick, entity, gpu_ns);
	change(pick, sc, vruntime, now);
	sc->level[entity->priority] += gpu_ns << level_shift[entity->priority];
	entity->charged_ns = 0;
}

/**
 * gpup_pick_stop() - A job does not run any more
 * @pick: The competition.
 * @sc: The partition's part.
 *
 * Called after gpup_pick_charge() and after the queue was made runnable again, if it is:
 * a partition that goes on is not one that was idle.
 */
void gpup_pick_stop(struct gpup_pick *pick, struct gpup_sched_class *sc)
{
	sc->running--;
	if (!sc->running && !competes(sc))
		average_remove(pick, sc);
	check_idle(pick, sc);
}

/**
 * gpup_pick_wakeup() - When somebody's cap lets it run again
 * @pick: The competition.
 *
 * Return: The time, in ns, or GPUP_PICK_NEVER.
 */
u64 gpup_pick_wakeup(const struct gpup_pick *pick)
{
	struct rb_node *first = rb_first_cached(&pick->throttled);

	return first ? to_class(first)->next_start : GPUP_PICK_NEVER;
}
