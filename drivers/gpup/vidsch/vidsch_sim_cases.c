// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the competition promises, as cases for the simulator.
 */
#include <linux/array_size.h>
#include <linux/build_bug.h>
#include <linux/stddef.h>
#include <linux/time64.h>

#include "vidsch_sim.h"

#define US	(1ull * NSEC_PER_USEC)
#define MS	(1ull * NSEC_PER_MSEC)
#define S	(1ull * NSEC_PER_SEC)

#define QUANTUM	MS
#define OVERRUN	(100 * US)
/* "Whose turn it is" has the reasons. */
#define LAG	(10 * QUANTUM + OVERRUN)
/* One percent of a second. */
#define ERROR	(10 * MS)

#define COMMON								\
	.seed = 1, .quantum = QUANTUM, .overrun = OVERRUN, .job_min = 10 * US

#define ONE_ENGINE	.engines = 1, .queues = 2
#define LONG_JOBS	.job_max = 10 * S
/* Longer than the second in which shares are looked at. */
#define LONG_JOB	(3 * S)

#define ANY_WEIGHT	.weight_min = 1, .weight_max = 10000
#define ONE_WEIGHT	.weight_min = 100, .weight_max = 100

const struct gpup_sim_case gpup_sim_cases[] = {
	{
		.name = "2 partitions of any weight",
		.config = { COMMON, LONG_JOBS, ONE_ENGINE, ANY_WEIGHT, .partitions = 2,
			    .duration = 200 * S },
		.share_error = ERROR,
		.share_ratio = 990000,
	},
	{
		.name = "10 partitions of similar weights",
		.config = { COMMON, LONG_JOBS, ONE_ENGINE, .weight_min = 50, .weight_max = 400,
			    .partitions = 10, .duration = 100 * S },
		.share_error = ERROR,
		.share_ratio = 990000,
	},
	{
		.name = "100 partitions of any weight",
		.config = { COMMON, LONG_JOBS, ONE_ENGINE, ANY_WEIGHT, .partitions = 100,
			    .duration = 600 * S },
		.share_error = ERROR,
		.share_ratio = 990000,
		.ratio_after = 18000 * S,
	},
	{
		.name = "100 partitions of one weight",
		.config = { COMMON, LONG_JOBS, ONE_ENGINE, ONE_WEIGHT, .partitions = 100,
			    .duration = 60 * S },
		.share_error = ERROR,
		.share_ratio = 990000,
	},
	{
		.name = "1000 partitions of any weight",
		.config = { COMMON, LONG_JOBS, ONE_ENGINE, ANY_WEIGHT, .partitions = 1000,
			    .duration = 60 * S },
		.share_error = ERROR,
	},
	{
		.name = "1000 partitions of one weight",
		.config = { COMMON, LONG_JOBS, ONE_ENGINE, ONE_WEIGHT, .partitions = 1000,
			    .duration = 300 * S },
		.share_error = ERROR,
		.share_ratio = 990000,
	},
	{
		.name = "3000 partitions of one weight",
		.config = { COMMON, LONG_JOBS, ONE_ENGINE, ONE_WEIGHT, .partitions = 3000,
			    .duration = 60 * S },
		.share_error = ERROR,
	},
	{
		.name = "100 partitions on 4 engines",
		.config = { COMMON, LONG_JOBS, ONE_WEIGHT, .partitions = 100, .engines = 4,
			    .queues = 2, .duration = 30 * S },
		.share_error = ERROR,
		.share_ratio = 990000,
	},
	{
		.name = "short jobs that cannot be preempted",
		.config = { COMMON, ONE_ENGINE, .weight_min = 50, .weight_max = 400,
			    .partitions = 10, .job_max = 2 * MS, .no_preemption = true,
			    .duration = 100 * S },
		.share_error = ERROR,
		.share_ratio = 990000,
	},
	{
		/* Within one job, at any moment: each of nine others is before it once. */
		.name = "jobs of seconds that cannot be preempted",
		.config = { COMMON, ONE_ENGINE, ONE_WEIGHT, .partitions = 10,
			    .job_max = LONG_JOB, .no_preemption = true, .fluid = true,
			    .duration = 600 * S },
		.lacks = 10 * QUANTUM + LONG_JOB,
		.excess = 10 * QUANTUM + LONG_JOB,
	},
	{
		.name = "fluid sharing, all with work",
		.config = { COMMON, LONG_JOBS, ONE_ENGINE, ANY_WEIGHT, .partitions = 20,
			    .fluid = true, .duration = 10 * S },
		.lacks = LAG,
		.excess = LAG,
	},
	{
		.name = "fluid sharing, some wake up",
		.config = { COMMON, LONG_JOBS, ONE_ENGINE, ANY_WEIGHT, .partitions = 20,
			    .fluid = true, .sleepers = 10, .sleep_max = 20 * MS,
			    .sleeper_job_max = 5 * MS, .duration = 10 * S },
		.lacks = LAG,
		.excess = LAG,
	},
	{
		.name = "fluid sharing, all but one wake up",
		.config = { COMMON, LONG_JOBS, ONE_ENGINE, ANY_WEIGHT, .partitions = 20,
			    .fluid = true, .sleepers = 19, .sleep_max = 10 * MS,
			    .sleeper_job_max = 2 * MS, .duration = 10 * S },
		.lacks = LAG,
		.excess = LAG,
	},
	{
		.name = "a cap of 10 percent",
		.config = { COMMON, LONG_JOBS, ONE_ENGINE, ANY_WEIGHT, .partitions = 4, .capped = 2,
			    .cap = 10, .duration = 60 * S },
		.cap_excess = QUANTUM + OVERRUN,
	},
	{
		.name = "a cap of 1 percent, and nobody else",
		.config = { COMMON, LONG_JOBS, ONE_ENGINE, ONE_WEIGHT, .partitions = 1, .capped = 1,
			    .cap = 1, .duration = 60 * S },
		.cap_excess = QUANTUM + OVERRUN,
	},
	{
		.name = "a cap of 50 percent of 4 engines",
		.config = { COMMON, LONG_JOBS, ONE_WEIGHT, .partitions = 4, .queues = 4,
			    .engines = 4, .capped = 1, .cap = 50, .duration = 20 * S },
		.cap_excess = 4 * (QUANTUM + OVERRUN),
	},
	{
		.name = "one of 20 wakes up",
		.config = { COMMON, LONG_JOBS, ONE_ENGINE, ONE_WEIGHT, .partitions = 20,
			    .sleepers = 1, .sleep_max = 200 * MS, .sleeper_job_max = MS,
			    .duration = 100 * S },
		.wake_p99 = QUANTUM + OVERRUN,
	},
	{
		.name = "one of 1000 wakes up",
		.config = { COMMON, LONG_JOBS, ONE_ENGINE, ONE_WEIGHT, .partitions = 1000,
			    .sleepers = 1, .sleep_max = 4 * S, .sleeper_job_max = MS,
			    .duration = 300 * S },
		.wake_p99 = QUANTUM + OVERRUN,
	},
};

const unsigned int gpup_sim_case_count = ARRAY_SIZE(gpup_sim_cases);

/**
 * gpup_sim_check() - Was a promise kept?
 * @c: The case.
 * @result: What was seen.
 *
 * Return: NULL, or which was not.
 */
const char *gpup_sim_check(const struct gpup_sim_case *c, const struct gpup_sim_result *result)
{
	if (result->lost)
		return "jobs were lost, or run twice";
	if (result->idle_with_work)
		return "an engine was idle with work to do";
	if (c->share_error && result->share_error > c->share_error)
		return "the share in a second";
	if (c->share_ratio && c->config.duration >= c->ratio_after &&
	    result->share_ratio < c->share_ratio)
		return "the shares in the end";
	if (c->lacks && result->lacks > c->lacks)
		return "lacks more than in fluid sharing";
	if (c->excess && result->excess > c->excess)
		return "has more than in fluid sharing";
	if (c->cap_excess && result->cap_excess > c->cap_excess)
		return "the cap";
	if (c->wake_p99 && (!result->wakeups || result->wake_p99 > c->wake_p99))
		return "waiting after having been idle";
	return NULL;
}
