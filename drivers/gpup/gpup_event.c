// SPDX-License-Identifier: GPL-2.0-only
/*
 * What operators are told of partitions: uevents, and a dump of a job that hung.
 */
#include <linux/devcoredump.h>
#include <linux/device.h>
#include <linux/export.h>
#include <linux/kobject.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/sprintf.h>
#include <linux/vmalloc.h>

#include "gpup_core.h"
#include "gpup_event.h"

/**
 * DOC: Events
 *
 * A "change" uevent of the GPU's device (/sys/class/gpup/gpupN) tells what has happened to a
 * partition, whose name is GPUP_PARTITION. GPUP_EVENT is one of:
 *
 * - "hang", "fault" and "throttled". GPUP_CLIENT, GPUP_QUEUE, GPUP_JOB and GPUP_ERROR (an errno)
 *   say whose job it was.
 * - "released": it is not throttled any more.
 * - "needs-reset": its device has stopped until the VM resets it. GPUP_ERROR is the reason, one
 *   of GPUP_VRD_ERROR_*.
 * - "budget": its limits were changed, to GPUP_VRAM_MIN and GPUP_VRAM_MAX, in bytes.
 *
 * They are rate-limited as the lines in the log are.
 *
 * After a hang a device coredump (/sys/class/devcoredump) describes the job that hung. It has
 * nothing of any other partition, and nothing of the contents of memory. As with all drivers
 * there is one at a time, for five minutes or until it is read and cleared.
 */

#define DUMP_SIZE	SZ_16K

static const char * const event_names[] = {
	[GPUP_SCHED_HANG] = "hang",
	[GPUP_SCHED_FAULT] = "fault",
	[GPUP_SCHED_THROTTLED] = "throttled",
	[GPUP_SCHED_RELEASED] = "released",
};

static void send_uevent(struct gpup_partition *partition, const struct gpup_sched_event *event)
{
	char text[6][64];
	char *env[ARRAY_SIZE(text) + 1] = {};
	int n = 0;

	snprintf(text[n++], sizeof(text[0]), "GPUP_EVENT=%s", event_names[event->type]);
	snprintf(text[n++], sizeof(text[0]), "GPUP_PARTITION=%s", partition->name);
	if (event->client) {
		snprintf(text[n++], sizeof(text[0]), "GPUP_CLIENT=%s", event->client);
		snprintf(text[n++], sizeof(text[0]), "GPUP_QUEUE=%#x", event->queue);
		snprintf(text[n++], sizeof(text[0]), "GPUP_JOB=%llu", event->job);
		snprintf(text[n++], sizeof(text[0]), "GPUP_ERROR=%d", event->error);
	}
	while (n--)
		env[n] = text[n];
	kobject_uevent_env(&partition->adapter->dev->kobj, KOBJ_CHANGE, env);
}

static void dump_job(struct gpup_partition *partition, const struct gpup_sched_event *event)
{
	const struct gpup_adapter_ops *ops = partition->adapter->ops;
	char *buf = vmalloc(DUMP_SIZE);
	size_t n;

	if (!buf)
		return;
	n = scnprintf(buf, DUMP_SIZE,
		      "gpup: a job hung\npartition: %s\nclient: %s\nqueue: %#x\njob: %llu\nran: %u ms\n",
		      partition->name, event->client, event->queue, event->job, event->ran_ms);
	n += scnprintf(buf + n, DUMP_SIZE - n, "stream: %#llx, %u bytes\n", event->stream_addr,
		       event->stream_size);
	if (event->context && ops->context_dump)
		n += ops->context_dump(event->context, buf + n, DUMP_SIZE - n);
	/* Frees it, also if nobody wants it. */
	dev_coredumpv(partition->adapter->dev, buf, n, GFP_KERNEL);
}

/**
 * gpup_event_limits() - Tell that somebody has changed what a partition may have
 * @partition: The partition. May sleep.
 */
void gpup_event_limits(struct gpup_partition *partition)
{
	struct drm_gpup_memory_info mem;
	char text[4][64];
	char *env[ARRAY_SIZE(text) + 1] = {};
	int n = 0;

	gpup_vidmm_partition_usage(&partition->mm, &mem);
	snprintf(text[n++], sizeof(text[0]), "GPUP_EVENT=budget");
	snprintf(text[n++], sizeof(text[0]), "GPUP_PARTITION=%s", partition->name);
	snprintf(text[n++], sizeof(text[0]), "GPUP_VRAM_MIN=%llu", mem.vram_min);
	snprintf(text[n++], sizeof(text[0]), "GPUP_VRAM_MAX=%llu", mem.vram_max);
	while (n--)
		env[n] = text[n];
	kobject_uevent_env(&partition->adapter->dev->kobj, KOBJ_CHANGE, env);
}

/**
 * gpup_event_needs_reset() - Tell that the device of a partition has stopped
 * @partition: The partition. May sleep.
 * @error: GPUP_VRD_ERROR_*.
 */
void gpup_event_needs_reset(struct gpup_partition *partition, u32 error)
{
	char text[3][64];
	char *env[ARRAY_SIZE(text) + 1] = {};
	int n = 0;

	snprintf(text[n++], sizeof(text[0]), "GPUP_EVENT=needs-reset");
	snprintf(text[n++], sizeof(text[0]), "GPUP_PARTITION=%s", partition->name);
	snprintf(text[n++], sizeof(text[0]), "GPUP_ERROR=%u", error);
	while (n--)
		env[n] = text[n];
	kobject_uevent_env(&partition->adapter->dev->kobj, KOBJ_CHANGE, env);
}
EXPORT_SYMBOL_GPL(gpup_event_needs_reset);

static void event(void *data, const struct gpup_sched_event *event)
{
	struct gpup_partition *partition = data;

	if (event->type == GPUP_SCHED_LOST) {
		/* Not the host's: its processes are not one VM, which can be reset. */
		if (!partition->owner)
			return;
		partition->owner->lost(partition->owner_data);
		/* From here on the owner adds no queue. */
		gpup_sched_partition_ban(&partition->sched, -ENODEV);
		return;
	}
	send_uevent(partition, event);
	if (event->type == GPUP_SCHED_HANG)
		dump_job(partition, event);
}

/** @gpup_partition_events: What the scheduler tells a partition. */
const struct gpup_sched_listener gpup_partition_events = {
	.event = event,
};
