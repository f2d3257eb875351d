// SPDX-License-Identifier: GPL-2.0-only
/*
 * Trims: the host wants the VM to use less video memory.
 */
#include <linux/device.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/kobject.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_print.h>

#include "guest_device.h"
#include "guest_trim.h"

/**
 * DOC: Trims in a VM
 *
 * The driver cannot know which objects are worth least, so it passes the request on: as
 * a uevent of the DRM device, which any program can listen for, with
 *
 * - ``ACTION=change``, as for all news of a DRM device,
 * - ``GPUP_EVENT=TRIM``,
 * - ``GPUP_BUDGET=`` and the bytes of video memory that the VM can count on.
 *
 * A program that can do without some of its objects destroys them, or says
 * DRM_GPUP_BO_DONT_NEED of them. Nobody has to: what is beyond the budget is evicted by
 * the host after the time of grace, and comes back when it is used. There is one uevent in a
 * hundred milliseconds at most, with the latest budget; DEV_QUERY has the figures and
 * the number of trims at any time.
 */

/* Time between two uevents. */
#define INTERVAL	msecs_to_jiffies(100)

static void send_uevent(struct work_struct *work)
{
	struct guest_device *gdev = container_of(to_delayed_work(work), struct guest_device,
						 trims.work);
	struct device *kdev;
	char event[] = "GPUP_EVENT=TRIM";
	char budget[40];
	char *envp[3] = { event, budget };
	int idx;

	WRITE_ONCE(gdev->trims.next, jiffies + INTERVAL);
	if (!drm_dev_enter(&gdev->drm, &idx))
		return;
	/* The device that DRM's own uevents are of. Before it is there, nobody can listen. */
	kdev = gdev->drm.primary ? gdev->drm.primary->kdev : gdev->drm.render->kdev;
	snprintf(budget, sizeof(budget), "GPUP_BUDGET=%lld",
		 (s64)atomic64_read(&gdev->trims.budget));
	if (device_is_registered(kdev))
		kobject_uevent_env(&kdev->kobj, KOBJ_CHANGE, envp);
	drm_dev_exit(idx);
}

/**
 * guest_trim() - A trim has come
 * @gdev: The device.
 * @trim: The trim, in our memory.
 *
 * Context: Process; waits for nothing. The uevent is sent from elsewhere, as it needs memory.
 */
void guest_trim(struct guest_device *gdev, const struct gpup_vrd_trim *trim)
{
	u64 budget = le64_to_cpu(trim->budget);
	unsigned long now = jiffies, next = READ_ONCE(gdev->trims.next);

	drm_dbg_driver(&gdev->drm, "trim %d: budget %llu, %llu over it, within %u ms\n",
		       atomic_inc_return(&gdev->trims.count), budget, le64_to_cpu(trim->over),
		       le32_to_cpu(trim->grace_ms));
	atomic64_set(&gdev->trims.budget, budget);
	/* Does nothing if one is on its way: it takes the budget along. */
	schedule_delayed_work(&gdev->trims.work,
			      time_in_range(next, now, now + INTERVAL) ? next - now : 0);
}

static void cancel_uevent(void *data)
{
	struct guest_device *gdev = data;

	cancel_delayed_work_sync(&gdev->trims.work);
}

/**
 * guest_trims_init() - Get ready for trims
 * @gdev: The device, before its interrupts are requested: they are given back first.
 *
 * Return: 0 or -ENOMEM.
 */
int guest_trims_init(struct guest_device *gdev)
{
	gdev->trims.next = jiffies;
	INIT_DELAYED_WORK(&gdev->trims.work, send_uevent);
	return devm_add_action_or_reset(&gdev->pdev->dev, cancel_uevent, gdev);
}
