// SPDX-License-Identifier: GPL-2.0-only
/*
 * A deterministic simulator of the competition. Built into the unit tests, and into a program
 * of its own for long runs (tools/testing/simulator).
 */
#include <linux/errno.h>
#include <linux/list.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <linux/time64.h>

#include "vidsch_pick.h"
#include "vidsch_sim.h"

#define SECOND		((u64)NSEC_PER_SEC)
#define CAP_WINDOW	(100ull * NSEC_PER_MSEC)
#define MAX_WAITS	65536u
/* Slices of a partition that are remembered for its cap's window. */
#define HISTORY		512u
#define MAX_ENGINES	8

struct sim_queue {
	struct gpup_pick_entity entity;
	struct sim_partition *p;
	/* Of the job at the head; zero if there is none. */
	u64 left;
	u64 length;
};

struct sim_slice {
	u64 start;
	u64 end;
};

struct sim_partition {
	struct gpup_sched_class sc;
	struct sim_queue queues[GPUP_SIM_MAX_QUEUES];
	bool sleeper;
	/* When it wakes up, if it sleeps; and since when it has been waiting after that. */
	u64 wakes;
	u64 waiting_since;
	bool waiting;
	/* What it had, and what it had at the begin of this second. */
	u64 service;
	u64 service_before;
	/* Work that has arrived, and jobs and work that are done. */
	u64 arrived;
	u64 submitted;
	u64 ended;
	/* Under fluid sharing: service, in units of 2^-20 ns; and whether there is work left. */
	u64 fluid;
	/* The last slices, for the cap. */
	struct sim_slice *history;
	unsigned int history_next;
};

struct sim_engine {
	struct sim_queue *queue;
	u64 start;
	u64 slice_end;
	/* When it will be off, if it is to be; else never. */
	u64 off;
};

struct sim {
	const struct gpup_sim_config *config;
	struct gpup_sim_result *result;
	struct gpup_pick pick;
	struct sim_partition *partitions;
	struct sim_engine engines[MAX_ENGINES];
	u64 now;
	u64 random;
	u64 second;
	/* Sum of the weights of those that always have work. */
	u64 weight;
	u64 *waits;
	unsigned int wait_count;
	u64 wait_seen;
};

/* Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014. */
static u64 next_random(struct sim *sim)
{
	u64 x = sim->random += 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

static u64 below(struct sim *sim, u64 limit)
{
	u64 rest;

	div64_u64_rem(next_random(sim) >> 1, max(limit, 1ull), &rest);
	return rest;
}

/* Evenly over the powers of two from @min to @max, and within each. */
static u64 spread(struct sim *sim, u64 min, u64 max)
{
	unsigned int octaves = 0;
	u64 base;

	while (min << octaves < max)
		octaves++;
	if (!octaves)
		return min;
	base = min << below(sim, octaves);
	return clamp_t(u64, base + below(sim, base), min, max);
}

static void new_job(struct sim *sim, struct sim_queue *queue)
{
	const struct gpup_sim_config *config = sim->config;
	struct sim_partition *p = queue->p;
	u64 longest = p->sleeper && config->sleeper_job_max ? config->sleeper_job_max :
							       config->job_max;

	queue->length = spread(sim, config->job_min, longest);
	queue->left = queue->length;
	p->submitted++;
	p->arrived += queue->length;
}

static void remember_wait(struct sim *sim, u64 wait)
{
	struct gpup_sim_result *result = sim->result;

	result->wakeups++;
	result->wake_max = max(result->wake_max, wait);
	/* All of them, or a sample that is as good (Vitter's algorithm R). */
	if (sim->wait_count < MAX_WAITS) {
		sim->waits[sim->wait_count++] = wait;
	} else {
		u64 i = below(sim, result->wakeups);

		if (i < MAX_WAITS)
			sim->waits[i] = wait;
	}
}

static void remember_slice(struct sim *sim, struct sim_partition *p, u64 start, u64 end)
{
	u64 had = 0, window = end - min(end, CAP_WINDOW), allowed;
	unsigned int i;

	if (!p->history)
		return;
	p->history[p->history_next++ % HISTORY] = (struct sim_slice) { start, end };
	/* A window is worst where a slice ends. */
	for (i = 0; i < HISTORY; i++)
		if (p->history[i].end > window)
			had += p->history[i].end - max(p->history[i].start, window);
	allowed = div_u64(CAP_WINDOW * sim->config->cap * sim->config->engines, 100);
	if (had > allowed)
		sim->result->cap_excess = max(sim->result->cap_excess, had - allowed);
}

/* Work that it has in the fluid system. Who always has work does not run out of it there either. */
static u64 fluid_left(const struct sim_partition *p)
{
	return p->sleeper ? (p->arrived << 20) - p->fluid : GPUP_PICK_NEVER;
}

/* Everybody's fluid service up to now, who in the fluid system still has work at each moment. */
static void advance_fluid(struct sim *sim, u64 until)
{
	const unsigned int n = sim->config->partitions;
	u64 at = sim->now << 20, end = until << 20;
	unsigned int i;

	while (at < end) {
		u64 weight = 0, step = end - at;

		for (i = 0; i < n; i++)
			if (fluid_left(&sim->partitions[i]))
				weight += sim->partitions[i].sc.params.weight;
		if (!weight)
			return;
		/* Until the first one has no work any more. */
		for (i = 0; i < n; i++) {
			struct sim_partition *p = &sim->partitions[i];
			u64 left = fluid_left(p);

			/* If that were to overflow, it is not the first. */
			if (left && left < div64_u64(GPUP_PICK_NEVER, weight))
				step = min(step, div64_u64(left * weight,
							   p->sc.params.weight) + 1);
		}
		for (i = 0; i < n; i++) {
			struct sim_partition *p = &sim->partitions[i];
			u64 left = fluid_left(p);

			p->fluid += min(left, div64_u64(step * p->sc.params.weight, weight));
		}
		at += step;
	}
}

static void compare_with_fluid(struct sim *sim)
{
	struct sim_engine *engine = &sim->engines[0];
	unsigned int i;

	for (i = 0; i < sim->config->partitions; i++) {
		struct sim_partition *p = &sim->partitions[i];
		u64 had = p->service, fluid = p->fluid >> 20;

		if (engine->queue && engine->queue->p == p)
			had += sim->now - engine->start;
		if (fluid > had)
			sim->result->lacks = max(sim->result->lacks, fluid - had);
		else
			sim->result->excess = max(sim->result->excess, had - fluid);
	}
}

static u64 service_now(struct sim *sim, struct sim_partition *p)
{
	u64 had = p->service;
	unsigned int i;

	for (i = 0; i < sim->config->engines; i++)
		if (sim->engines[i].queue && sim->engines[i].queue->p == p)
			had += sim->now - sim->engines[i].start;
	return had;
}

/* A second has ended. Only if all always have work is it known what each shall have. */
static void check_second(struct sim *sim)
{
	unsigned int i;

	if (sim->config->sleepers || sim->config->capped)
		return;
	for (i = 0; i < sim->config->partitions; i++) {
		struct sim_partition *p = &sim->partitions[i];
		u64 had = service_now(sim, p) - p->service_before;
		u64 due = div64_u64(SECOND * sim->config->engines * p->sc.params.weight,
				    sim->weight);

		sim->result->share_error = max(sim->result->share_error,
					       had > due ? had - due : due - had);
		p->service_before += had;
	}
}

static void wake(struct sim *sim, struct sim_partition *p)
{
	unsigned int i;

	p->wakes = GPUP_PICK_NEVER;
	p->waiting = true;
	p->waiting_since = sim->now;
	for (i = 0; i < sim->config->queues; i++) {
		new_job(sim, &p->queues[i]);
		gpup_pick_add(&sim->pick, &p->queues[i].entity, sim->now);
	}
}

static bool has_work(const struct sim *sim, const struct sim_partition *p)
{
	unsigned int i;

	for (i = 0; i < sim->config->queues; i++)
		if (p->queues[i].left)
			return true;
	return false;
}

static void engine_stop(struct sim *sim, struct sim_engine *engine)
{
	struct sim_queue *queue = engine->queue;
	struct sim_partition *p = queue->p;
	u64 ran = sim->now - engine->start;

	if (ran > queue->left)
		sim->result->lost++;
	queue->left -= min(ran, queue->left);
	p->service += ran;
	sim->result->busy += ran;
	remember_slice(sim, p, engine->start, sim->now);
	engine->queue = NULL;
	gpup_pick_charge(&sim->pick, &queue->entity, ran, sim->now);
	if (!queue->left) {
		p->ended++;
		sim->result->jobs++;
		if (!p->sleeper)
			new_job(sim, queue);
	}
	if (queue->left)
		gpup_pick_add(&sim->pick, &queue->entity, sim->now);
	gpup_pick_stop(&sim->pick, &p->sc);
	if (p->sleeper && !p->sc.running && !has_work(sim, p))
		p->wakes = sim->now + 1 + below(sim, sim->config->sleep_max);
}

static void engine_start(struct sim *sim, struct sim_engine *engine)
{
	struct gpup_pick_entity *entity;
	u64 slice;

	entity = gpup_pick_next(&sim->pick, sim->now, &slice);
	if (!entity)
		return;
	engine->queue = container_of(entity, struct sim_queue, entity);
	engine->start = sim->now;
	engine->slice_end = sim->now + slice;
	engine->off = GPUP_PICK_NEVER;
	sim->result->slices++;
	if (engine->queue->p->waiting) {
		engine->queue->p->waiting = false;
		remember_wait(sim, sim->now - engine->queue->p->waiting_since);
	}
}

static u64 job_end(const struct sim_engine *engine)
{
	return engine->start + engine->queue->left;
}

static u64 engine_event(const struct sim_engine *engine)
{
	if (!engine->queue)
		return GPUP_PICK_NEVER;
	return min3(job_end(engine), engine->slice_end, engine->off);
}

static void engine_act(struct sim *sim, struct sim_engine *engine)
{
	if (sim->now >= min(job_end(engine), engine->off)) {
		engine_stop(sim, engine);
	} else if (!sim->config->no_preemption &&
		   gpup_pick_yields(&sim->pick, &engine->queue->entity, sim->now)) {
		engine->slice_end = GPUP_PICK_NEVER;
		engine->off = sim->now + below(sim, sim->config->overrun);
		if (engine->off == sim->now)
			engine_stop(sim, engine);
	} else {
		engine->slice_end = sim->now + gpup_pick_renew(&sim->pick, &engine->queue->entity,
							       sim->now);
	}
}

static u64 next_event(struct sim *sim)
{
	u64 at = sim->second + SECOND;
	unsigned int i;

	/* Who comes back from its cap is noticed by an engine that has nothing to do, or stops. */
	for (i = 0; i < sim->config->engines; i++)
		at = min(at, sim->engines[i].queue ? engine_event(&sim->engines[i]) :
						     gpup_pick_wakeup(&sim->pick));
	for (i = 0; i < sim->config->sleepers; i++)
		at = min(at, sim->partitions[sim->config->partitions - 1 - i].wakes);
	return max(at, sim->now);
}

static bool somebody_wants(struct sim *sim)
{
	return !RB_EMPTY_ROOT(&sim->pick.tree.rb_root);
}

static void step(struct sim *sim)
{
	u64 at = next_event(sim);
	unsigned int i;

	if (sim->config->fluid) {
		advance_fluid(sim, at);
		sim->now = at;
		compare_with_fluid(sim);
	}
	for (i = 0; i < sim->config->engines; i++)
		if (!sim->engines[i].queue && somebody_wants(sim))
			sim->result->idle_with_work += at - sim->now;
	sim->now = at;
	for (i = 0; i < sim->config->sleepers; i++) {
		struct sim_partition *p = &sim->partitions[sim->config->partitions - 1 - i];

		if (p->wakes <= sim->now)
			wake(sim, p);
	}
	for (i = 0; i < sim->config->engines; i++)
		if (engine_event(&sim->engines[i]) <= sim->now)
			engine_act(sim, &sim->engines[i]);
	for (i = 0; i < sim->config->engines; i++)
		if (!sim->engines[i].queue)
			engine_start(sim, &sim->engines[i]);
	if (sim->now >= sim->second + SECOND) {
		sim->second += SECOND;
		check_second(sim);
	}
}

static void init_partition(struct sim *sim, unsigned int index)
{
	const struct gpup_sim_config *config = sim->config;
	struct sim_partition *p = &sim->partitions[index];
	const struct gpup_pick_params params = {
		.weight = spread(sim, config->weight_min, config->weight_max),
		.cap = index < config->capped ? config->cap : GPUP_PICK_NO_CAP,
		.quantum_ns = config->quantum,
	};
	unsigned int i;

	gpup_pick_class_init(&p->sc, &params);
	p->sleeper = index >= config->partitions - config->sleepers;
	p->wakes = p->sleeper ? below(sim, config->sleep_max) : GPUP_PICK_NEVER;
	if (!p->sleeper)
		sim->weight += params.weight;
	for (i = 0; i < config->queues; i++) {
		struct sim_queue *queue = &p->queues[i];

		queue->p = p;
		INIT_LIST_HEAD(&queue->entity.link);
		queue->entity.sc = &p->sc;
		queue->entity.priority = i % GPUP_PICK_PRIORITIES;
		if (p->sleeper)
			continue;
		new_job(sim, queue);
		gpup_pick_add(&sim->pick, &queue->entity, 0);
	}
}

static int compare_u64(const void *a, const void *b)
{
	const u64 *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void conclude(struct sim *sim)
{
	struct gpup_sim_result *result = sim->result;
	u64 least = GPUP_PICK_NEVER, greatest = 0;
	unsigned int i;

	for (i = 0; i < sim->config->partitions; i++) {
		struct sim_partition *p = &sim->partitions[i];
		u64 left = 0, share;
		unsigned int k;

		for (k = 0; k < sim->config->queues; k++)
			left += p->queues[k].left;
		/* All that has arrived was done, or is still there. */
		if (p->service + left != p->arrived)
			result->lost++;
		if (p->sleeper || i < sim->config->capped)
			continue;
		share = div_u64(service_now(sim, p) << 14, p->sc.params.weight);
		least = min(least, share);
		greatest = max(greatest, share);
	}
	result->share_ratio = greatest ? div64_u64(least, div64_u64(greatest, 1000000) + 1) : 0;
	if (sim->wait_count) {
		sort(sim->waits, sim->wait_count, sizeof(*sim->waits), compare_u64, NULL);
		result->wake_p99 = sim->waits[(sim->wait_count - 1) * 99 / 100];
	}
}

static void sim_free(struct sim *sim)
{
	unsigned int i;

	for (i = 0; sim->partitions && i < sim->config->partitions; i++)
		kvfree(sim->partitions[i].history);
	kvfree(sim->partitions);
	kvfree(sim->waits);
	kvfree(sim);
}

/**
 * gpup_sim_run() - Simulate a competition
 * @config: What is to be simulated.
 * @result: What was seen.
 *
 * May sleep. Takes about a microsecond for each slice.
 *
 * Return: 0, -EINVAL for a configuration that makes no sense, -ENOMEM.
 */
int gpup_sim_run(const struct gpup_sim_config *config, struct gpup_sim_result *result)
{
	struct sim *sim;
	unsigned int i;

	memset(result, 0, sizeof(*result));
	if (!config->partitions || !config->queues || config->queues > GPUP_SIM_MAX_QUEUES ||
	    !config->engines || config->engines > MAX_ENGINES || !config->weight_min ||
	    !config->job_min || !config->quantum || config->sleepers > config->partitions ||
	    (config->fluid && (config->engines > 1 || config->capped)))
		return -EINVAL;
	sim = kvzalloc(sizeof(*sim), GFP_KERNEL);
	if (!sim)
		return -ENOMEM;
	sim->config = config;
	sim->result = result;
	sim->random = config->seed;
	sim->partitions = kvcalloc(config->partitions, sizeof(*sim->partitions), GFP_KERNEL);
	sim->waits = kvcalloc(MAX_WAITS, sizeof(*sim->waits), GFP_KERNEL);
	if (!sim->partitions || !sim->waits)
		goto err_free;
	for (i = 0; i < config->capped; i++) {
		sim->partitions[i].history = kvcalloc(HISTORY, sizeof(struct sim_slice),
						      GFP_KERNEL);
		if (!sim->partitions[i].history)
			goto err_free;
	}
	gpup_pick_init(&sim->pick, config->engines);
	for (i = 0; i < config->partitions; i++)
		init_partition(sim, i);
	for (i = 0; i < config->engines; i++)
		engine_start(sim, &sim->engines[i]);
	while (sim->now < config->duration)
		step(sim);
	for (i = 0; i < config->engines; i++)
		if (sim->engines[i].queue)
			engine_stop(sim, &sim->engines[i]);
	conclude(sim);
	sim_free(sim);
	return 0;

err_free:
	sim_free(sim);
	return -ENOMEM;
}
