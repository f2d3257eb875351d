// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit test of the policy between partitions in random sequences, against a reference model.
 *
 * The model is slow and obvious: no sum is kept, all is an array, and nothing is clever about
 * overflow. So sizes are small enough that as many as there are partitions can be added; what
 * happens at the end of the numbers is in vidmm_policy_test.c.
 */
#include <kunit/test.h>
#include <linux/math64.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/sort.h>

#include "vidmm_policy.h"

#define PARTITIONS	64
/* Of each kind of sequence, so many with so many steps. */
#define SEEDS		10
#define STEPS		5000
/* Pools no larger than this are filled byte by byte to find a target. */
#define POURED		64
#define LARGE		BIT_ULL(56)

/* A partition in the model. */
struct share {
	struct gpup_budget *budget;
	u64 min, max, used, resident;
	/* Before the last step. */
	u64 had_used, had_resident;
	/* Was asked to give way in this round, and had nothing. */
	bool refused;
};

/* The rules once more, from scratch at every step; shares are in the order of joining. */
struct model {
	u64 size, lost;
	/* Before the last step. */
	u64 had_guaranteed;
	unsigned int count;
	struct share shares[PARTITIONS];
};

static u64 model_usable(const struct model *m)
{
	return m->lost < m->size ? m->size - m->lost : 0;
}

static u64 model_guaranteed(const struct model *m)
{
	const struct share *s;
	u64 sum = 0;

	for (s = m->shares; s < m->shares + m->count; s++)
		sum += s->min;
	return sum;
}

static u64 model_used(const struct model *m)
{
	const struct share *s;
	u64 sum = 0;

	for (s = m->shares; s < m->shares + m->count; s++)
		sum += s->used;
	return sum;
}

static u64 model_resident(const struct model *m)
{
	const struct share *s;
	u64 sum = 0;

	for (s = m->shares; s < m->shares + m->count; s++)
		sum += s->resident;
	return sum;
}

/* May @old be replaced by @min and @max? */
static int model_promise(const struct model *m, u64 old, u64 min, u64 max)
{
	if (min > max || max > m->size)
		return -EINVAL;
	if (min > old && model_guaranteed(m) - old + min > model_usable(m))
		return -ENOSPC;
	return 0;
}

static int model_admit(const struct model *m, const struct share *s, u64 size)
{
	if (s->resident + size > s->max)
		return -ENOMEM;
	return model_resident(m) + size > model_usable(m) ? -ENOSPC : 0;
}

static bool model_attainable(const struct model *m, const struct share *who, u64 need)
{
	const struct share *s;
	u64 kept = 0;

	for (s = m->shares; s < m->shares + m->count; s++)
		if (s != who)
			kept += s->resident < s->min ? s->resident : s->min;
	return need <= who->max && need + kept <= model_usable(m);
}

static u64 model_distance(const struct share *s, const struct share *requester, u64 size)
{
	u64 has = s->resident + (s == requester ? size : 0);

	return s->resident && has > s->min ? has - s->min : 0;
}

/* The best one of those that were not crossed off. */
static struct share *model_victim(struct model *m, const struct share *requester, u64 size)
{
	struct share *s, *best = NULL;
	u64 most = 0;

	for (s = m->shares; s < m->shares + m->count; s++) {
		u64 distance = model_distance(s, requester, size);

		if (!s->refused && distance > most) {
			best = s;
			most = distance;
		}
	}
	return best;
}

static u64 model_demand(const struct share *s, const struct share *who)
{
	return s == who || s->used > s->max ? s->max : s->used;
}

/* Is there enough if @who had so much, and nobody else was further above its guarantee? */
static bool model_target_fits(const struct model *m, const struct share *who, u64 target)
{
	const struct share *s;
	u64 sum = 0;

	for (s = m->shares; s < m->shares + m->count; s++) {
		u64 top = s->min + target - who->min;
		u64 demand = model_demand(s, who);

		sum += demand < top ? demand : top;
	}
	return sum <= model_usable(m);
}

/* The same in another way: guarantees first, then a byte for everybody who wants more. */
static u64 model_pour(const struct model *m, const struct share *who)
{
	u64 left = model_usable(m), got[PARTITIONS];
	unsigned int i, thirsty;

	for (i = 0; i < m->count; i++) {
		u64 demand = model_demand(&m->shares[i], who);

		got[i] = demand < m->shares[i].min ? demand : m->shares[i].min;
		if (got[i] > left)
			return who->min;
		left -= got[i];
	}
	for (;;) {
		for (i = 0, thirsty = 0; i < m->count; i++)
			thirsty += got[i] < model_demand(&m->shares[i], who);
		if (!thirsty || thirsty > left)
			return got[who - m->shares];
		for (i = 0; i < m->count; i++)
			got[i] += got[i] < model_demand(&m->shares[i], who);
		left -= thirsty;
	}
}

/* What can happen in a sequence. */
enum event {
	JOINED, JOIN_EINVAL, JOIN_ENOSPC, LEFT, RESIZED, RESIZE_EINVAL, RESIZE_ENOSPC,
	SHRUNK_BELOW_USE, KEPT_DESPITE_LOSS, ALLOCATED, ALLOCATE_ENOMEM, FREED, ADVISED,
	TOUCHED, TOUCH_ENOMEM, TOUCH_STUCK, CLAIMED, CLAIM_LOST, RETIRED, PROMISED_TOO_MUCH,
	GAVE_WAY, GAVE_WAY_TO_ITSELF, REFUSED, EVENTS
};

static const char * const event_names[] = {
	"joined", "join: -EINVAL", "join: -ENOSPC", "left", "resized", "resize: -EINVAL",
	"resize: -ENOSPC", "shrunk below use", "kept despite loss", "allocated",
	"allocate: -ENOMEM", "freed", "advised", "touched", "touch: -ENOMEM", "touch: stuck",
	"claimed", "claim: memory was lost", "retired", "more promised than there is",
	"gave way", "gave way to itself", "refused to give way"
};

/* Who could give way. */
struct candidate {
	u64 distance;
	struct share *share;
};

/* The policy and the model beside each other, and what happened so far. */
struct sequence {
	struct gpup_pool pool;
	struct gpup_budget budgets[PARTITIONS];
	struct model model;
	struct rnd_state rnd;
	struct candidate candidates[PARTITIONS];
	u64 seen[EVENTS];
};

static u64 below(struct sequence *q, u64 limit)
{
	u64 high = prandom_u32_state(&q->rnd), result;

	div64_u64_rem(high << 32 | prandom_u32_state(&q->rnd), limit, &result);
	return result;
}

static struct share *end_of(struct sequence *q)
{
	return q->model.shares + q->model.count;
}

static struct share *find(struct sequence *q, const struct gpup_budget *budget)
{
	struct share *s;

	for (s = q->model.shares; s < end_of(q); s++)
		if (s->budget == budget)
			return s;
	return NULL;
}

static void evict(struct sequence *q, struct share *s, u64 size)
{
	gpup_budget_evict(&q->pool, s->budget, size);
	s->resident -= size;
}

/* Instead of @old: anything, right or wrong; often just all that is available, or a byte more. */
static void random_promise(struct sequence *q, unsigned int partitions, u64 old, u64 *min, u64 *max)
{
	u64 guaranteed = model_guaranteed(&q->model), usable = model_usable(&q->model);
	u64 size = q->model.size, fair = 2 * div64_u64(size, partitions);

	*min = below(q, fair < size ? fair + 1 : size + 1);
	if (guaranteed <= usable && !below(q, 4))
		*min = old + usable - guaranteed + below(q, 2);
	*max = *min < size ? *min + below(q, size - *min + 1) : *min;
	if (!below(q, 16))
		*max += size;
	if (*min && !below(q, 16))
		*max = *min - 1;
}

static const char *join(struct sequence *q, struct gpup_budget *budget, unsigned int partitions)
{
	static const enum event events[] = { JOINED, JOIN_EINVAL, JOIN_ENOSPC };
	struct model *m = &q->model;
	u64 min, max;
	int ret;

	random_promise(q, partitions, 0, &min, &max);
	*budget = (struct gpup_budget) { .min = min, .max = max };
	ret = model_promise(m, 0, min, max);
	if (gpup_budget_join(&q->pool, budget) != ret)
		return "join";
	if (!ret)
		m->shares[m->count++] = (struct share) { .budget = budget, .min = min, .max = max };
	q->seen[events[!ret ? 0 : ret == -EINVAL ? 1 : 2]]++;
	return NULL;
}

static const char *leave(struct sequence *q, struct share *s)
{
	struct model *m = &q->model;

	evict(q, s, s->resident);
	gpup_budget_uncharge(&q->pool, s->budget, s->used);
	gpup_budget_leave(&q->pool, s->budget);
	m->count--;
	memmove(s, s + 1, (m->shares + m->count - s) * sizeof(*s));
	q->seen[LEFT]++;
	return NULL;
}

static const char *resize(struct sequence *q, struct share *s, unsigned int partitions)
{
	static const enum event events[] = { RESIZED, RESIZE_EINVAL, RESIZE_ENOSPC };
	bool lost = model_guaranteed(&q->model) > model_usable(&q->model);
	u64 min, max;
	int ret;

	random_promise(q, partitions, s->min, &min, &max);
	if (!below(q, 4))
		min = below(q, 2) ? s->min : below(q, s->min + 1);
	if (!below(q, 4))
		max = s->max;
	ret = model_promise(&q->model, s->min, min, max);
	if (gpup_budget_resize(&q->pool, s->budget, min, max) != ret)
		return "resize";
	if (!ret) {
		q->seen[KEPT_DESPITE_LOSS] += lost && min == s->min;
		q->seen[SHRUNK_BELOW_USE] += max < s->used;
		s->min = min;
		s->max = max;
	}
	q->seen[events[!ret ? 0 : ret == -EINVAL ? 1 : 2]]++;
	return NULL;
}

static const char *allocate(struct sequence *q, struct share *s, u64 size)
{
	int ret = s->used + size > s->max ? -ENOMEM : 0;

	if (gpup_budget_charge(&q->pool, s->budget, size) != ret)
		return "allocate";
	if (!ret)
		s->used += size;
	q->seen[ret ? ALLOCATE_ENOMEM : ALLOCATED]++;
	return NULL;
}

/* Some of what is freed is resident; it cannot be more than that, nor all if there is more. */
static const char *release(struct sequence *q, struct share *s)
{
	u64 size = 1 + below(q, s->used), away = s->used - s->resident;
	u64 least = size > away ? size - away : 0, most = min(size, s->resident);

	evict(q, s, least + below(q, most - least + 1));
	gpup_budget_uncharge(&q->pool, s->budget, size);
	s->used -= size;
	q->seen[FREED]++;
	return NULL;
}

/* Ask who gives way until somebody does; some refuse, if @refusals. */
static const char *give_way(struct sequence *q, struct share *s, u64 size, bool refusals,
			    bool *stuck)
{
	struct gpup_budget *victim = NULL;
	struct share *v;
	bool refused = false;

	for (v = q->model.shares; v < end_of(q); v++)
		v->refused = false;
	for (;;) {
		victim = gpup_pool_victim(&q->pool, s->budget, size, victim);
		v = model_victim(&q->model, s, size);
		if (victim != (v ? v->budget : NULL))
			return "M5: order of giving way";
		if (!v || !refusals || below(q, 8))
			break;
		v->refused = true;
		refused = true;
		q->seen[REFUSED]++;
	}
	*stuck = !v;
	if (!v)
		return !refused && model_attainable(&q->model, s, s->resident + size) ?
		       "nobody gives way for what is attainable" : NULL;
	if (v != s && v->resident <= v->min)
		return "M5: somebody gives way who is not above its guarantee";
	if (v == s && s->resident + size <= s->min)
		return "M3: gives way itself for what it is guaranteed";
	q->seen[v == s ? GAVE_WAY_TO_ITSELF : GAVE_WAY]++;
	evict(q, v, below(q, 2) ? v->resident : 1 + below(q, v->resident));
	return NULL;
}

/* As the memory manager does it. */
static const char *make_resident(struct sequence *q, struct share *s, u64 size, bool refusals,
				 int *ret)
{
	bool stuck = false;
	const char *wrong;

	for (;;) {
		*ret = model_admit(&q->model, s, size);
		if (gpup_budget_admit(&q->pool, s->budget, size) != *ret)
			return "admit";
		if (*ret != -ENOSPC)
			break;
		wrong = give_way(q, s, size, refusals, &stuck);
		if (wrong || stuck)
			return wrong;
	}
	if (!*ret)
		s->resident += size;
	return NULL;
}

static const char *touch(struct sequence *q, struct share *s, u64 size)
{
	const char *wrong;
	int ret;

	wrong = make_resident(q, s, size, true, &ret);
	q->seen[!ret ? TOUCHED : ret == -ENOMEM ? TOUCH_ENOMEM : TOUCH_STUCK]++;
	return wrong;
}

/* M3, not by asking whether, but by doing it: come up to the guarantee. */
static const char *claim(struct sequence *q, struct share *s)
{
	bool lost = model_guaranteed(&q->model) > model_usable(&q->model);
	const char *wrong;
	int ret = 0;

	if (s->used < s->min) {
		wrong = allocate(q, s, s->min - s->used);
		if (wrong || s->used < s->min)
			return wrong ?: "M3: what is guaranteed cannot be allocated";
	}
	if (s->resident < s->min) {
		wrong = make_resident(q, s, s->min - s->resident, false, &ret);
		if (wrong || (ret && !lost))
			return wrong ?: "M3: what is guaranteed cannot be had";
	}
	q->seen[ret ? CLAIM_LOST : CLAIMED]++;
	return NULL;
}

/* What cannot be cleared was freed, so that nobody has it; often it was just guaranteed. */
static const char *retire(struct sequence *q)
{
	u64 guaranteed = model_guaranteed(&q->model), usable = model_usable(&q->model);
	u64 size = below(q, q->model.size / 32 + 2);

	if (guaranteed <= usable && below(q, 2))
		size += usable - guaranteed;
	size = min(size, usable - model_resident(&q->model));
	gpup_pool_retire(&q->pool, size);
	q->model.lost += size;
	q->seen[RETIRED]++;
	return NULL;
}

static const char *random_step(struct sequence *q, unsigned int partitions)
{
	struct gpup_budget *budget = &q->budgets[below(q, partitions)];
	struct share *s = find(q, budget);
	unsigned int op = below(q, 32);

	if (!below(q, 128) && q->model.lost < q->model.size / 4)
		return retire(q);
	if (!s)
		return join(q, budget, partitions);
	if (op == 0)
		return leave(q, s);
	if (op <= 3)
		return resize(q, s, partitions);
	if (op <= 8 && s->used)
		return release(q, s);
	if (op <= 11 && s->resident) {
		evict(q, s, 1 + below(q, s->resident));
		q->seen[ADVISED]++;
		return NULL;
	}
	if (op <= 21 && s->resident < s->used)
		return touch(q, s, 1 + below(q, s->used - s->resident));
	if (op <= 27)
		return claim(q, s);
	return allocate(q, s, 1 + below(q, s->max / 2 + 1));
}

static const char *check_target(struct sequence *q, const struct share *s)
{
	u64 target = gpup_budget_target(&q->pool, s->budget);

	if (target < s->min || target > s->max)
		return "target: not from guarantee to limit";
	if (target > s->min && !model_target_fits(&q->model, s, target))
		return "target: more than there is";
	if (target < s->max && model_target_fits(&q->model, s, target + 1))
		return "target: less than there is";
	if (q->model.size <= POURED && target != model_pour(&q->model, s))
		return "target: not as poured";
	return NULL;
}

/* Everything that holds after every step; NULL or what does not. */
static const char *check(struct sequence *q)
{
	u64 guaranteed = model_guaranteed(&q->model), usable = model_usable(&q->model);
	struct share *s = q->model.shares;
	struct gpup_budget *b;
	u64 need;

	list_for_each_entry(b, &q->pool.budgets, link) {
		if (s == end_of(q) || s->budget != b)
			return "order of partitions";
		if (b->min != s->min || b->max != s->max || b->used != s->used ||
		    b->resident != s->resident)
			return "state of a partition";
		s++;
	}
	if (s != end_of(q))
		return "number of partitions";
	if (q->pool.size != q->model.size || q->pool.retired != q->model.lost ||
	    q->pool.guaranteed != guaranteed || q->pool.used != model_used(&q->model) ||
	    q->pool.resident != model_resident(&q->model))
		return "state of the pool";
	if (gpup_pool_available(&q->pool) != (guaranteed < usable ? usable - guaranteed : 0))
		return "what is available";
	if (q->pool.resident > usable)
		return "more is resident than there is";
	if (guaranteed > usable && guaranteed > q->model.had_guaranteed)
		return "M1: more is guaranteed than there is";
	q->seen[PROMISED_TOO_MUCH] += guaranteed > usable;
	q->model.had_guaranteed = guaranteed;
	for (s = q->model.shares; s < end_of(q); s++) {
		if (s->resident > s->used)
			return "more is resident than allocated";
		if (s->used > s->max && s->used > s->had_used)
			return "M2: allocated beyond the limit";
		if (s->resident > s->max && s->resident > s->had_resident)
			return "M2: resident beyond the limit";
		if (guaranteed <= usable &&
		    !gpup_budget_attainable(&q->pool, s->budget, s->min))
			return "M3: what is guaranteed is not attainable";
		s->had_used = s->used;
		s->had_resident = s->resident;
	}
	if (!q->model.count)
		return NULL;
	s = &q->model.shares[below(q, q->model.count)];
	need = below(q, s->max + 2);
	if (gpup_budget_attainable(&q->pool, s->budget, need) !=
	    model_attainable(&q->model, s, need))
		return "attainable";
	return check_target(q, s);
}

static int compare_candidates(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->distance != y->distance)
		return x->distance > y->distance ? -1 : 1;
	return x->share < y->share ? -1 : 1;
}

/* All who could give way, asked one after the other: as sorted, each once. */
static const char *check_order(struct sequence *q)
{
	struct gpup_budget *victim = NULL;
	struct share *s, *requester;
	unsigned int i, count = 0;
	u64 size;

	if (!q->model.count)
		return NULL;
	requester = &q->model.shares[below(q, q->model.count)];
	size = below(q, q->model.size + 1);
	for (s = q->model.shares; s < end_of(q); s++) {
		u64 distance = model_distance(s, requester, size);

		if (distance)
			q->candidates[count++] = (struct candidate) { distance, s };
	}
	sort(q->candidates, count, sizeof(*q->candidates), compare_candidates, NULL);
	for (i = 0; i <= count; i++) {
		victim = gpup_pool_victim(&q->pool, requester->budget, size, victim);
		if (victim != (i < count ? q->candidates[i].share->budget : NULL))
			return "M5: not as sorted";
	}
	return NULL;
}

static void report(struct kunit *test, struct sequence *q)
{
	const struct share *s;

	kunit_err(test, "size %llu lost %llu; policy: guaranteed %llu resident %llu\n",
		  q->model.size, q->model.lost, q->pool.guaranteed, q->pool.resident);
	for (s = q->model.shares; s < end_of(q); s++)
		kunit_err(test, "%td: min %llu/%llu max %llu/%llu used %llu/%llu resident %llu/%llu\n",
			  s->budget - q->budgets, s->min, s->budget->min, s->max, s->budget->max,
			  s->used, s->budget->used, s->resident, s->budget->resident);
}

static void run_sequence(struct kunit *test, struct sequence *q, unsigned int partitions, u64 size,
			 u64 seed)
{
	const char *wrong;
	unsigned int step;

	gpup_pool_init(&q->pool, size);
	q->model = (struct model) { .size = size };
	prandom_seed_state(&q->rnd, seed);
	for (step = 0; step < STEPS; step++) {
		wrong = random_step(q, partitions) ?: check(q);
		if (!wrong && step % 64 == 0)
			wrong = check_order(q);
		if (wrong) {
			report(test, q);
			KUNIT_FAIL_AND_ABORT(test,
					     "%s: seed %llu, step %u, %u partitions, size %llu",
					     wrong, seed, step, partitions, size);
		}
		if (step % 256 == 0)
			cond_resched();
	}
}

static const struct {
	unsigned int partitions;
	u64 size;
} sequences[] = {
	{ 1, 16 }, { 1, LARGE }, { 2, 7 }, { 2, POURED }, { 2, LARGE }, { 3, 31 }, { 3, SZ_1G },
	{ 4, POURED }, { 4, 1000 }, { 4, LARGE }, { 5, 12 }, { 6, POURED }, { 7, SZ_1G },
	{ 8, POURED }, { 8, 1000 }, { 10, LARGE }, { 12, POURED }, { 16, SZ_1G }, { 24, 4096 },
	{ 32, 1000 }, { 40, LARGE }, { 64, POURED }, { 64, SZ_1G }, { 64, LARGE },
};

static_assert(ARRAY_SIZE(sequences) * SEEDS * STEPS >= 1000000);

static void random_sequences_follow_the_model(struct kunit *test)
{
	struct sequence *q = kunit_kzalloc(test, sizeof(*q), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, q);
	static_assert(ARRAY_SIZE(event_names) == EVENTS);
	for (i = 0; i < ARRAY_SIZE(sequences) * SEEDS; i++)
		run_sequence(test, q, sequences[i / SEEDS].partitions, sequences[i / SEEDS].size,
			     20261123 + i);
	/* A sequence in which something never happens says nothing about it. */
	for (i = 0; i < EVENTS; i++) {
		kunit_info(test, "%s: %llu\n", event_names[i], q->seen[i]);
		KUNIT_EXPECT_GE_MSG(test, q->seen[i], 50, "%s", event_names[i]);
	}
}

static struct kunit_case gpup_policy_model_tests[] = {
	KUNIT_CASE_SLOW(random_sequences_follow_the_model),
	{}
};

static struct kunit_suite gpup_policy_model_suite = {
	.name = "gpup_policy_model",
	.test_cases = gpup_policy_model_tests,
};

kunit_test_suite(gpup_policy_model_suite);
