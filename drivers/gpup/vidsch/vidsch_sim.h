/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A deterministic simulator of the competition: engines that only let time pass.
 */
#ifndef _GPUP_VIDSCH_SIM_H_
#define _GPUP_VIDSCH_SIM_H_

#include <linux/types.h>

#define GPUP_SIM_MAX_QUEUES	4

/**
 * struct gpup_sim_config - What is to be simulated
 *
 * All times are in ns. The same configuration gives the same result, everywhere.
 */
struct gpup_sim_config {
	/** @seed: Where randomness begins. */
	u64 seed;
	/** @duration: Virtual time that passes. */
	u64 duration;
	/** @partitions: Number of partitions. */
	unsigned int partitions;
	/** @queues: Queues of each, at most GPUP_SIM_MAX_QUEUES. */
	unsigned int queues;
	/** @engines: Number of engines. */
	unsigned int engines;
	/** @quantum: Of all partitions. */
	u64 quantum;
	/** @overrun: Greatest latency of preemption. */
	u64 overrun;
	/** @no_preemption: Jobs run to their end. */
	bool no_preemption;
	/** @weight_min: Least weight; weights are spread evenly over the orders of magnitude. */
	u32 weight_min;
	/** @weight_max: Greatest weight. */
	u32 weight_max;
	/** @job_min: Shortest job. */
	u64 job_min;
	/** @job_max: Longest job; lengths are spread like the weights. */
	u64 job_max;
	/** @sleepers: The last so many partitions sleep after each job; others always have work. */
	unsigned int sleepers;
	/** @sleep_max: For how long at most. */
	u64 sleep_max;
	/** @sleeper_job_max: Longest job of a sleeper; as @job_max if zero. */
	u64 sleeper_job_max;
	/** @capped: The first so many partitions have a cap. */
	unsigned int capped;
	/** @cap: Which, in percent. */
	u32 cap;
	/** @fluid: Compare with fluid sharing at every event: O(n). One engine, no caps. */
	bool fluid;
};

/**
 * struct gpup_sim_result - What was seen
 */
struct gpup_sim_result {
	/** @slices: How often an engine was given somebody. */
	u64 slices;
	/** @jobs: Jobs that ended. */
	u64 jobs;
	/** @busy: Time that the engines were busy, in ns. */
	u64 busy;
	/** @idle_with_work: Engine idle while somebody without a cap wanted to run, in ns. */
	u64 idle_with_work;
	/**
	 * @share_error: Greatest difference between what a partition that always had work got in
	 * a second, and what it is entitled to, in ns.
	 */
	u64 share_error;
	/** @share_ratio: Least to greatest share by weight of those, in the end, in millionths. */
	u64 share_ratio;
	/** @lacks: Most that a partition had less than in fluid sharing, in ns. */
	u64 lacks;
	/** @excess: Most that one had more, in ns. */
	u64 excess;
	/** @cap_excess: Most that one had above its cap in a window of 100 ms, in ns. */
	u64 cap_excess;
	/** @wakeups: How often somebody woke up. */
	u64 wakeups;
	/** @wake_p99: What 99 % of them waited at most, in ns. */
	u64 wake_p99;
	/** @wake_max: What all waited at most, in ns. */
	u64 wake_max;
	/** @lost: Jobs that were lost or run twice: the books do not match. */
	u64 lost;
};

int gpup_sim_run(const struct gpup_sim_config *config, struct gpup_sim_result *result);

/**
 * struct gpup_sim_case - What is promised, and for whom; zero: nothing
 */
struct gpup_sim_case {
	/** @name: A word or two. */
	const char *name;
	/** @config: Who competes. */
	struct gpup_sim_config config;
	/** @share_error: At most, in ns. */
	u64 share_error;
	/** @share_ratio: At least, in millionths. */
	u64 share_ratio;
	/** @ratio_after: Is only asked for after so long, as the lightest get so little; in ns. */
	u64 ratio_after;
	/** @lacks: At most, in ns. */
	u64 lacks;
	/** @excess: At most, in ns. */
	u64 excess;
	/** @cap_excess: At most, in ns. */
	u64 cap_excess;
	/** @wake_p99: At most, in ns. */
	u64 wake_p99;
};

extern const struct gpup_sim_case gpup_sim_cases[];
extern const unsigned int gpup_sim_case_count;

const char *gpup_sim_check(const struct gpup_sim_case *c, const struct gpup_sim_result *result);

#endif /* _GPUP_VIDSCH_SIM_H_ */
