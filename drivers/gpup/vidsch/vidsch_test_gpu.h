/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A GPU for VidSch's unit tests: it runs nothing, the test says when a job ends.
 */
#ifndef _GPUP_VIDSCH_TEST_GPU_H_
#define _GPUP_VIDSCH_TEST_GPU_H_

#include <kunit/test.h>

#include "vidsch_internal.h"

#define TEST_ENGINES	2
#define TEST_QUEUES	8
#define TEST_STREAM	8u
#define TEST_CONTEXT_SIZE	1000

/**
 * struct test_queue - A queue, and what was heard of it
 */
struct test_queue {
	/** @gpu: The GPU. */
	struct test_gpu *gpu;
	/** @partition: Index of its partition. */
	unsigned int partition;
	/** @priority: Its priority. */
	u32 priority;
	/** @queue: The queue. */
	struct gpup_queue *queue;
	/** @tl: Its timeline, with a reference. */
	struct gpup_timeline *tl;
	/** @released: How often it was released. */
	unsigned int released;
};

/**
 * struct test_gpu - The GPU, its scheduler and their users
 */
struct test_gpu {
	/** @test: The test. */
	struct kunit *test;
	/** @sched: The scheduler. */
	struct gpup_vidsch *sched;
	/** @lock: Protects all that follows. */
	spinlock_t lock;
	/** @running: Job of each compute engine. */
	struct gpup_hw_job *running[TEST_ENGINES];
	/** @runs: Number of jobs that were started. */
	unsigned int runs;
	/** @engine_resets: Number of resets of an engine. */
	unsigned int engine_resets;
	/** @adapter_resets: Number of resets of the adapter. */
	unsigned int adapter_resets;
	/** @reset_fails: An engine does not reset. */
	bool reset_fails;
	/** @reset_loses: A reset of the adapter loses the jobs of all engines. */
	bool reset_loses;
	/** @ends_in_time: A job that is to be reset ends well before. */
	bool ends_in_time;
	/** @ran_while_halted: A job was started on an engine during its reset. */
	bool ran_while_halted;
	/** @asked: How often each engine was asked to give up its job. */
	unsigned int asked[TEST_ENGINES];
	/** @bystanders: Jobs that ran on other engines during a reset of the adapter. */
	unsigned int bystanders;
	/** @contexts: Number of contexts. */
	int contexts;
	/** @no_contexts: There are no more. */
	bool no_contexts;
	/** @charged: Bytes that queues were charged. */
	s64 charged;
	/** @no_memory: They are not to be had. */
	bool no_memory;
	/** @group: Group of the queues that are created, or NULL. */
	struct gpup_sched_group *group;
	/** @sp: Two partitions. */
	struct gpup_sched_partition sp[2];
	/** @queues: All queues. */
	struct test_queue queues[TEST_QUEUES];
	/** @queue_count: Number of @queues. */
	unsigned int queue_count;
};

struct test_gpu *test_gpu_create(struct kunit *test, unsigned int engines);
struct test_gpu *test_gpu_create_preemptible(struct kunit *test, unsigned int engines);
struct test_queue *test_gpu_queue(struct test_gpu *gpu, unsigned int partition, u32 priority);
void test_gpu_replace(struct test_queue *tq);
int test_gpu_try_submit(struct test_queue *tq, u32 stream_size, const struct gpup_wait *waits,
			unsigned int wait_count);
u64 test_gpu_submit(struct test_queue *tq);
u64 test_gpu_submit_empty(struct test_queue *tq);
struct test_queue *test_gpu_runs(struct test_gpu *gpu, unsigned int engine);
void test_gpu_finish_with(struct test_gpu *gpu, unsigned int engine, int error, u64 fault_addr,
			  u64 gpu_ns);
void test_gpu_finish(struct test_gpu *gpu, unsigned int engine);
void test_gpu_preempt(struct test_gpu *gpu, unsigned int engine, u64 gpu_ns);
void test_gpu_settle(struct test_gpu *gpu);
bool test_gpu_reached(struct test_queue *tq, u64 value);
bool test_gpu_reaches(struct test_queue *tq, u64 value);
void test_gpu_close(struct test_queue *tq);

#endif /* _GPUP_VIDSCH_TEST_GPU_H_ */
