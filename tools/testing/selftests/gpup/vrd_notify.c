// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notifications that are spared, both ways: replies that nobody waits for, the state of the
 * device in the event ring, and work that follows other work.
 */
#include <errno.h>

#include "harness.h"
#include "work.h"

/* How long nothing is to happen. */
#define SILENCE_MS	200
/* What a job takes here: long enough for an emulated host to do a few things meanwhile. */
#define JOB_US		2000000

FIXTURE(notify) {
	char uuid[UUID_SIZE];
	struct vrd vrd;
	struct work work;
};

FIXTURE_VARIANT(notify) {
	struct vrd_config config;
};

#define FEATURES (GPUP_VRD_F_RING_STATUS | GPUP_VRD_F_NOTIFY_IDLE | GPUP_VRD_F_QUIET)

FIXTURE_VARIANT_ADD(notify, mmap) {
	.config = { .features = FEATURES },
};

FIXTURE_VARIANT_ADD(notify, no_mmap) {
	.config = { .features = FEATURES, .no_mmap = true },
};

FIXTURE_VARIANT_ADD(notify, doorbell_register) {
	.config = { .features = FEATURES, .doorbell_register = true },
};

FIXTURE_SETUP(notify)
{
	mdev_create(mdev_smallest(), self->uuid);
	vrd_open(&self->vrd, self->uuid, &variant->config);
	vrd_start(&self->vrd);
	work_create(&self->work, &self->vrd, 0);
}

FIXTURE_TEARDOWN(notify)
{
	inject_fault("compute0", "delay_us", 0);
	EXPECT_EQ(0, work_round(&self->work, 4711));
	vrd_close(&self->vrd);
	EXPECT_EQ(0, mdev_remove(self->uuid));
}

static bool wait_for(volatile uint32_t *word, uint32_t value)
{
	uint64_t end = deadline(VRD_PATIENCE_MS);

	while (*word != value) {
		if (is_over(end))
			return false;
		sleep_ms(1);
	}
	return true;
}

/* Create an object, and have nobody wait for the answer. */
static void create_quietly(struct vrd *vrd, uint32_t handle)
{
	const struct gpup_vrd_bo_create body = {
		.handle = handle,
		.flags = DRM_GPUP_BO_VRAM,
		.size = PAGE,
	};
	const struct vrd_message message = {
		.opcode = GPUP_VRD_OP_BO_CREATE,
		.flags = GPUP_VRD_MSG_REPLY | GPUP_VRD_MSG_QUIET,
		.body = &body,
		.body_size = sizeof(body),
	};

	if (vrd_send(vrd, &message))
		fatal("BO_CREATE cannot be sent");
	if (!wait_for(&vrd->cmd->head, vrd->cmd_tail))
		fatal("BO_CREATE is not carried out");
}

/* The driver sleeps, and is to be woken. */
static void listen(struct vrd *vrd)
{
	vrd->evt->notify = 1;
	vrd_interrupts(vrd, GPUP_VRD_VECTOR_EVENT, 0);
}

TEST_F(notify, quiet_replies)
{
	struct vrd *vrd = &self->vrd;
	uint64_t interrupts, used = vrd_vram_used(vrd);
	uint32_t bo = 0;
	int i;

	listen(vrd);
	interrupts = partition_get(self->uuid, "interrupts");
	for (i = 1; i < GPUP_VRD_QUIET_MAX; i++) {
		bo = vrd_new_handle(vrd);
		create_quietly(vrd, bo);
	}
	/* They are there, and nobody was told. */
	EXPECT_EQ(0, vrd_interrupts(vrd, GPUP_VRD_VECTOR_EVENT, SILENCE_MS));
	EXPECT_NE(vrd->evt_head, vrd->evt->tail);
	create_quietly(vrd, vrd_new_handle(vrd));
	EXPECT_EQ(1, vrd_interrupts(vrd, GPUP_VRD_VECTOR_EVENT, VRD_PATIENCE_MS));
	EXPECT_EQ(interrupts + 1, partition_get(self->uuid, "interrupts"));
	EXPECT_EQ(GPUP_VRD_QUIET_MAX, vrd_drain(vrd));

	/* It begins anew; what went wrong is told at once. */
	create_quietly(vrd, vrd_new_handle(vrd));
	EXPECT_EQ(0, vrd_interrupts(vrd, GPUP_VRD_VECTOR_EVENT, SILENCE_MS));
	create_quietly(vrd, bo);
	EXPECT_EQ(1, vrd_interrupts(vrd, GPUP_VRD_VECTOR_EVENT, VRD_PATIENCE_MS));
	EXPECT_EQ(2, vrd_drain(vrd));

	/* All but that one have done what was asked for. */
	EXPECT_EQ(used + (GPUP_VRD_QUIET_MAX + 1) * PAGE, vrd_vram_used(vrd));
}

/* A driver that does not sleep is not woken, however many there are. */
TEST_F(notify, nobody_sleeps)
{
	struct vrd *vrd = &self->vrd;
	int i;

	vrd->evt->notify = 0;
	vrd_interrupts(vrd, GPUP_VRD_VECTOR_EVENT, 0);
	for (i = 0; i < 3 * GPUP_VRD_QUIET_MAX; i++)
		create_quietly(vrd, vrd_new_handle(vrd));
	EXPECT_EQ(0, vrd_interrupts(vrd, GPUP_VRD_VECTOR_EVENT, SILENCE_MS));
	EXPECT_EQ(3 * GPUP_VRD_QUIET_MAX, vrd_drain(vrd));
}

TEST_F(notify, ring_status)
{
	const struct gpup_vrd_msg nonsense = { .size = 1 };
	struct vrd *vrd = &self->vrd;
	int with;

	for (with = 1; with >= 0; with--) {
		EXPECT_EQ(0, vrd->evt->status);
		listen(vrd);
		ASSERT_EQ(0, vrd_put(vrd, &nonsense, sizeof(nonsense)));
		vrd_publish(vrd);
		EXPECT_EQ(GPUP_VRD_ERROR_MESSAGE, vrd_wait_failure(vrd));
		EXPECT_NE(0, vrd_interrupts(vrd, GPUP_VRD_VECTOR_EVENT, VRD_PATIENCE_MS));
		if (with) {
			EXPECT_TRUE(wait_for(&vrd->evt->status, GPUP_VRD_STATUS_NEEDS_RESET));
		} else {
			sleep_ms(SILENCE_MS);
			EXPECT_EQ(0, vrd->evt->status);
		}
		/* The next driver does not know of it, and finds what it has itself put there. */
		vrd_reset(vrd);
		vrd->config.features = with ? 0 : FEATURES;
		vrd_start(vrd);
	}
	EXPECT_EQ(0, vrd->evt->status);
	work_create(&self->work, vrd, 0);
}

/* Queue a job without a word. */
static int submit_silently(struct work *work)
{
	struct vrd_timeline *queue = &work->compute;
	const struct gpup_vrd_queue_submit body = {
		.queue = queue->handle,
		.value = queue->value + 1,
		.stream_addr = WORK_SHARED_VA + (work->stream.base - work->shared),
		.stream_size = work->stream.used,
	};
	const struct vrd_message message = {
		.opcode = GPUP_VRD_OP_QUEUE_SUBMIT,
		.client = work->client,
		.body = &body,
		.body_size = sizeof(body),
	};
	int ret = vrd_send_silently(work->vrd, &message);

	if (!ret)
		queue->value++;
	return ret;
}

/* What follows a job that runs is found when that has ended, and what follows that one, too. */
TEST_F(notify, work_that_follows_work)
{
	struct vrd *vrd = &self->vrd;
	struct vrd_timeline *queue = &self->work.compute;
	uint64_t first, doorbells, messages;
	int i;

	if (!inject_fault("compute0", "delay_us", JOB_US))
		SKIP(return, "no debugfs");
	ASSERT_TRUE(wait_for(&vrd->cmd->notify, GPUP_VRD_NOTIFY_IDLE));
	stream_fill(work_stream(&self->work), WORK_SHARED_VA + WORK_RESULT, 8, 1);
	ASSERT_EQ(0, work_submit(&self->work, queue));
	first = queue->value;
	doorbells = partition_get(self->uuid, "doorbells");
	messages = partition_get(self->uuid, "messages");
	EXPECT_NE(0, doorbells);
	for (i = 0; i < 3; i++) {
		/* The device sleeps while the job before it runs. */
		ASSERT_TRUE(wait_for(&vrd->cmd->notify, GPUP_VRD_NOTIFY_IDLE));
		ASSERT_EQ(0, submit_silently(&self->work));
		EXPECT_GT(queue->value, vrd->slots[queue->slot].completed + 1) {
			TH_LOG("the job before it has ended too early for this test");
		}
		EXPECT_EQ(0, vrd_wait_slot(vrd, queue->slot, first + i, VRD_PATIENCE_MS));
		EXPECT_TRUE(wait_for(&vrd->cmd->head, vrd->cmd_tail));
	}
	EXPECT_EQ(0, vrd_wait_slot(vrd, queue->slot, queue->value, VRD_PATIENCE_MS));
	EXPECT_EQ(doorbells, partition_get(self->uuid, "doorbells"));
	EXPECT_EQ(messages + 3, partition_get(self->uuid, "messages"));
}

/* Who does not know of that is told to ring always. */
TEST_F(notify, without_the_feature)
{
	struct vrd *vrd = &self->vrd;

	vrd_reset(vrd);
	vrd->config.features = 0;
	vrd_start(vrd);
	EXPECT_TRUE(wait_for(&vrd->cmd->notify, GPUP_VRD_NOTIFY_ALWAYS));
	work_create(&self->work, vrd, 0);
}

TEST_HARNESS_MAIN
