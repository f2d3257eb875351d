// SPDX-License-Identifier: GPL-2.0-only
/*
 * Worker of a Virtual Render Device: takes messages off the command ring and puts replies
 * on the event ring.
 */
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/processor.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>

#include "../gpup_thunk.h"
#include "../gpup_trace.h"
#include "vrd.h"

/**
 * DOC: The worker of a VRD
 *
 * One work item per device, in process context, with no mm of a VMM. It carries
 * messages out one after the other, and everything that it calls is bounded in time; after
 * a number of messages it queues itself again, so that devices share the workers
 * of the kernel.
 *
 * A reply must find room: a message that wants one stays on the command ring until there is.
 * A trim waits for room as well, but keeps no message from being carried out.
 *
 * To be woken costs the guest an exit, and both the time that it takes. So before it sleeps the
 * worker *watches* the ring, with the processor to be had for anybody else who wants it. How
 * long that pays off is learnt as the kernel's haltpoll governor learns it: if it was woken soon
 * after it had gone to sleep it watches for longer the next time, and if not, not at all.
 *
 * While a queue has work, more of it need not be announced (GPUP_VRD_NOTIFY_IDLE): the worker is
 * woken when the last job but one of a queue ends, if there is anything in the ring by then, so
 * that the engine need not wait for it.
 *
 * The worker never takes the VRD's lock. Whoever wants it out of the way disables it, and says so
 * before: then it ends its turn with the message that it is at. That one may take some seconds, if
 * the VMM's cgroup is above its memory.high and has the worker wait for that.
 */

/* Messages in one turn. */
#define TURN		64
/* Messages after which a guest that waits for room is told, if it is not the end of a turn. */
#define ROOM_CHECK	16

/*
 * The shortest time that is worth watching: what a doorbell costs, roughly; and the longest: that
 * for which KVM watches a processor of a guest that has halted.
 */
#define WATCH_MIN_NS	5000u
#define WATCH_MAX_NS	200000u

enum step {
	/* There may be more to do. */
	STEP_MORE,
	/* The command ring is empty. */
	STEP_IDLE,
	/* There is no room for an event. */
	STEP_NO_ROOM,
	/* The device has failed. */
	STEP_STOP,
};

static enum step fail(struct gpup_vrd *vrd, u32 error)
{
	gpup_vrd_fail(vrd, error);
	return STEP_STOP;
}

/**
 * gpup_vrd_update_memory() - Bring the memory status up to date
 * @vrd: The device.
 *
 * Called by the worker, or while it is disabled. May sleep.
 */
void gpup_vrd_update_memory(struct gpup_vrd *vrd)
{
	union gpup_query_result result;

	if (!gpup_vrd_memory_take_changed(&vrd->memory))
		return;
	if (!WARN_ON_ONCE(gpup_thunk_query(vrd->partition, DRM_GPUP_QUERY_MEMORY, &result) < 0))
		gpup_vrd_memory_write(&vrd->memory, &result.memory);
}

/**
 * gpup_vrd_send_event() - Put an event on the event ring
 * @vrd: The device.
 * @event: Header; its size is filled in here.
 * @body: Body, or NULL.
 * @size: Size of @body in bytes, a multiple of 8.
 * @quiet: It can wait until there are more, or one that cannot.
 *
 * Called by the worker, which has made sure that there is room. What has led to the event
 * shows in the memory status before the guest sees it.
 */
void gpup_vrd_send_event(struct gpup_vrd *vrd, const struct gpup_vrd_event *event,
			 const void *body, u32 size, bool quiet)
{
	struct gpup_vrd_event header = *event;
	u32 total = sizeof(header) + size;

	gpup_vrd_update_memory(vrd);
	header.size = cpu_to_le32(total);
	gpup_vrd_ring_copy_in(&vrd->evt, 0, &header, sizeof(header));
	if (size)
		gpup_vrd_ring_copy_in(&vrd->evt, sizeof(header), body, size);
	gpup_vrd_ring_publish(&vrd->evt, total);
	if (!gpup_vrd_ring_notify_wanted(&vrd->evt))
		return;
	if (quiet && ++vrd->unannounced < GPUP_VRD_QUIET_MAX)
		return;
	vrd->unannounced = 0;
	gpup_vrd_interrupt(vrd, GPUP_VRD_VECTOR_EVENT);
}

/* Is there room for any event? If not, why? */
static enum step check_room(struct gpup_vrd *vrd)
{
	int room = gpup_vrd_ring_room(&vrd->evt);

	if (room < 0)
		return fail(vrd, GPUP_VRD_ERROR_RING);
	return room < GPUP_VRD_EVENT_MAX ? STEP_NO_ROOM : STEP_MORE;
}

static enum step reap(struct gpup_vrd *vrd)
{
	struct gpup_vrd_event event = { .type = cpu_to_le16(GPUP_VRD_EVENT_BO_RELEASED) };
	struct gpup_vrd_destroy body = {};
	enum step step = check_room(vrd);

	if (step != STEP_MORE)
		return step;
	body.handle = cpu_to_le32(gpup_vrd_guest_memory_reap(vrd));
	if (body.handle)
		gpup_vrd_send_event(vrd, &event, &body, sizeof(body), false);
	return STEP_MORE;
}

static void send_trim(struct gpup_vrd *vrd)
{
	struct gpup_vrd_event event = { .type = cpu_to_le16(GPUP_VRD_EVENT_TRIM) };
	struct gpup_vrd_trim trim;

	if (gpup_vrd_memory_take_trim(&vrd->memory, &trim))
		gpup_vrd_send_event(vrd, &event, &trim, sizeof(trim), false);
}

/* Copy one message, once; nothing of it is read from the ring again. */
static enum step take_message(struct gpup_vrd *vrd, struct gpup_vrd_header *header)
{
	int pending = gpup_vrd_ring_pending(&vrd->cmd);
	struct gpup_vrd_msg msg;
	enum step step;

	if (pending < 0)
		return fail(vrd, GPUP_VRD_ERROR_RING);
	if (!pending)
		return STEP_IDLE;
	if (pending < sizeof(msg))
		return fail(vrd, GPUP_VRD_ERROR_MESSAGE);

	gpup_vrd_ring_copy_out(&vrd->cmd, 0, &msg, sizeof(msg));
	if (gpup_vrd_decode_header(&msg, header) || header->size > pending)
		return fail(vrd, GPUP_VRD_ERROR_MESSAGE);
	if (header->flags & GPUP_VRD_MSG_REPLY) {
		step = check_room(vrd);
		if (step != STEP_MORE)
			return step;
	}

	gpup_vrd_ring_copy_out(&vrd->cmd, sizeof(msg), gpup_vrd_scratch_message(vrd->scratch),
			       header->size - sizeof(msg));
	gpup_vrd_ring_consume(&vrd->cmd, header->size);
	return STEP_MORE;
}

static enum step one_step(struct gpup_vrd *vrd)
{
	struct gpup_vrd_header header;
	enum step step;

	if (gpup_vrd_regs_failed(&vrd->regs))
		return STEP_STOP;
	if (gpup_vrd_guest_memory_released(vrd))
		return reap(vrd);
	if (gpup_vrd_memory_trim_pending(&vrd->memory)) {
		step = check_room(vrd);
		if (step == STEP_MORE)
			send_trim(vrd);
		/* Without room it stays where it is, and messages need not wait for it. */
		if (step != STEP_NO_ROOM)
			return step;
	}

	step = take_message(vrd, &header);
	if (step == STEP_MORE) {
		atomic64_inc(&vrd->partition->messages);
		gpup_vrd_message(vrd, &header);
	}
	return step;
}

static void grant_room(struct gpup_vrd *vrd)
{
	if (gpup_vrd_ring_room_wanted(&vrd->cmd))
		gpup_vrd_interrupt(vrd, GPUP_VRD_VECTOR_EVENT);
}

/* The time between two turns: was it worth sleeping? */
static void learn(struct gpup_vrd *vrd)
{
	u64 slept;

	if (!vrd->slept_at)
		return;
	slept = ktime_get_ns() - vrd->slept_at;
	WRITE_ONCE(vrd->slept_at, 0);
	if (slept > WATCH_MAX_NS)
		vrd->watch_ns = 0;
	else
		vrd->watch_ns = clamp(2 * vrd->watch_ns, WATCH_MIN_NS, WATCH_MAX_NS);
}

/* Returns whether there is something in the ring. */
static bool watch(struct gpup_vrd *vrd)
{
	u64 end = ktime_get_ns() + vrd->watch_ns;

	while (ktime_get_ns() < end) {
		if (gpup_vrd_ring_pending(&vrd->cmd))
			return true;
		cond_resched();
		cpu_relax();
	}
	return false;
}

/*
 * Say what we want to be woken for, then look whether it has happened meanwhile. The
 * page of the doorbell must be gone before the guest is told to use it.
 */
static void go_to_sleep(struct gpup_vrd *vrd, enum step why)
{
	if (why == STEP_IDLE && (watch(vrd) || gpup_vrd_doorbell_linger(vrd))) {
		gpup_vrd_kick(vrd);
		return;
	}
	gpup_vrd_doorbell_arm(vrd);
	WRITE_ONCE(vrd->slept_at, ktime_get_ns());
	if (why == STEP_IDLE) {
		gpup_vrd_ring_set_notify(&vrd->cmd, gpup_vrd_regs_notify(&vrd->regs));
		if (gpup_vrd_ring_pending(&vrd->cmd))
			gpup_vrd_kick(vrd);
	}
	if (why == STEP_NO_ROOM || gpup_vrd_memory_trim_pending(&vrd->memory)) {
		gpup_vrd_ring_set_room_wanted(&vrd->evt, true);
		if (check_room(vrd) == STEP_MORE)
			gpup_vrd_kick(vrd);
	}
}

static void show_failure(struct gpup_vrd *vrd)
{
	u32 status = gpup_vrd_regs_ring_status(&vrd->regs);

	if (!status)
		return;
	gpup_vrd_ring_set_status(&vrd->evt, status);
	gpup_vrd_interrupt(vrd, GPUP_VRD_VECTOR_EVENT);
}

static void take_turn(struct gpup_vrd *vrd)
{
	enum step step = STEP_MORE;
	unsigned int i;

	trace_gpup_awake(vrd->partition->name);
	learn(vrd);
	/* We are awake: no doorbells until we say so. */
	gpup_vrd_ring_set_notify(&vrd->cmd, 0);
	gpup_vrd_ring_set_room_wanted(&vrd->evt, false);

	for (i = 1; i <= TURN && !READ_ONCE(vrd->stop_wanted); i++) {
		step = one_step(vrd);
		if (step != STEP_MORE)
			break;
		if (i % ROOM_CHECK == 0)
			grant_room(vrd);
		cond_resched();
	}

	if (step == STEP_STOP)
		return;
	gpup_vrd_update_memory(vrd);
	grant_room(vrd);
	if (step == STEP_MORE)
		gpup_vrd_kick(vrd);
	else
		go_to_sleep(vrd, step);
}

/**
 * gpup_vrd_worker() - One turn of the worker
 * @work: Its work item.
 */
void gpup_vrd_worker(struct work_struct *work)
{
	struct gpup_vrd *vrd = container_of(work, struct gpup_vrd, work);
	struct mem_cgroup *old;

	gpup_vrd_tell_failure(vrd);
	if (!vrd->running)
		return;
	if (gpup_vrd_regs_failed(&vrd->regs)) {
		show_failure(vrd);
		return;
	}

	/* The VMM pays for what its guest has us allocate. Its cgroup stays while we run. */
	old = set_active_memcg(vrd->partition->mm.memcg);
	take_turn(vrd);
	set_active_memcg(old);
}
