// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attributes of a mediated device: the same as in the folder of its partition, where tools
 * for mediated devices look for them.
 */
#include <linux/device.h>
#include <linux/sysfs.h>

#include "mdev.h"
#include "vrd.h"

static enum gpup_partition_attr attr_id(struct device_attribute *attr)
{
	struct dev_ext_attribute *ext = container_of(attr, struct dev_ext_attribute, attr);

	return (enum gpup_partition_attr)(uintptr_t)ext->var;
}

static ssize_t show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct gpup_vrd *vrd = dev_get_drvdata(dev);

	return gpup_partition_attr_show(vrd->partition, attr_id(attr), buf);
}

static ssize_t store(struct device *dev, struct device_attribute *attr, const char *buf,
		     size_t count)
{
	struct gpup_vrd *vrd = dev_get_drvdata(dev);

	return gpup_partition_attr_store(vrd->partition, attr_id(attr), buf, count);
}

#define PARTITION_ATTR_RO(_name, _id)					\
	static struct dev_ext_attribute attr_##_name = {		\
		.attr = __ATTR(_name, 0444, show, NULL),		\
		.var = (void *)(uintptr_t)(_id),			\
	}

#define PARTITION_ATTR_RW(_name, _id)					\
	static struct dev_ext_attribute attr_##_name = {		\
		.attr = __ATTR(_name, 0644, show, store),		\
		.var = (void *)(uintptr_t)(_id),			\
	}

PARTITION_ATTR_RW(vram_min, GPUP_ATTR_VRAM_MIN);
PARTITION_ATTR_RW(vram_max, GPUP_ATTR_VRAM_MAX);
PARTITION_ATTR_RO(vram_used, GPUP_ATTR_VRAM_USED);
PARTITION_ATTR_RO(vram_evicted, GPUP_ATTR_VRAM_EVICTED);
PARTITION_ATTR_RO(vram_peak, GPUP_ATTR_VRAM_PEAK);
PARTITION_ATTR_RO(vram_budget, GPUP_ATTR_VRAM_BUDGET);
PARTITION_ATTR_RO(evictions, GPUP_ATTR_EVICTIONS);
PARTITION_ATTR_RO(bytes_moved, GPUP_ATTR_BYTES_MOVED);
PARTITION_ATTR_RO(trims, GPUP_ATTR_TRIMS);
PARTITION_ATTR_RO(system_max, GPUP_ATTR_SYSTEM_MAX);
PARTITION_ATTR_RO(system_used, GPUP_ATTR_SYSTEM_USED);
PARTITION_ATTR_RW(sched_weight, GPUP_ATTR_SCHED_WEIGHT);
PARTITION_ATTR_RW(sched_cap, GPUP_ATTR_SCHED_CAP);
PARTITION_ATTR_RW(exec_quantum_us, GPUP_ATTR_EXEC_QUANTUM_US);
PARTITION_ATTR_RW(preempt_timeout_us, GPUP_ATTR_PREEMPT_TIMEOUT_US);
PARTITION_ATTR_RW(job_timeout_ms, GPUP_ATTR_JOB_TIMEOUT_MS);
PARTITION_ATTR_RO(gpu_time_ns, GPUP_ATTR_GPU_TIME_NS);
PARTITION_ATTR_RO(jobs, GPUP_ATTR_JOBS);
PARTITION_ATTR_RO(preemptions, GPUP_ATTR_PREEMPTIONS);
PARTITION_ATTR_RO(wait_time_ns, GPUP_ATTR_WAIT_TIME_NS);
PARTITION_ATTR_RO(hangs, GPUP_ATTR_HANGS);
PARTITION_ATTR_RO(resets, GPUP_ATTR_RESETS);
PARTITION_ATTR_RO(throttled, GPUP_ATTR_THROTTLED);
PARTITION_ATTR_RO(needs_reset, GPUP_ATTR_NEEDS_RESET);
PARTITION_ATTR_RO(clients, GPUP_ATTR_CLIENTS);
PARTITION_ATTR_RO(messages, GPUP_ATTR_MESSAGES);
PARTITION_ATTR_RO(doorbells, GPUP_ATTR_DOORBELLS);
PARTITION_ATTR_RO(interrupts, GPUP_ATTR_INTERRUPTS);

static struct attribute *mdev_attrs[] = {
	&attr_vram_min.attr.attr,
	&attr_vram_max.attr.attr,
	&attr_vram_used.attr.attr,
	&attr_vram_evicted.attr.attr,
	&attr_vram_peak.attr.attr,
	&attr_vram_budget.attr.attr,
	&attr_evictions.attr.attr,
	&attr_bytes_moved.attr.attr,
	&attr_trims.attr.attr,
	&attr_system_max.attr.attr,
	&attr_system_used.attr.attr,
	&attr_sched_weight.attr.attr,
	&attr_sched_cap.attr.attr,
	&attr_exec_quantum_us.attr.attr,
	&attr_preempt_timeout_us.attr.attr,
	&attr_job_timeout_ms.attr.attr,
	&attr_gpu_time_ns.attr.attr,
	&attr_jobs.attr.attr,
	&attr_preemptions.attr.attr,
	&attr_wait_time_ns.attr.attr,
	&attr_hangs.attr.attr,
	&attr_resets.attr.attr,
	&attr_throttled.attr.attr,
	&attr_needs_reset.attr.attr,
	&attr_clients.attr.attr,
	&attr_messages.attr.attr,
	&attr_doorbells.attr.attr,
	&attr_interrupts.attr.attr,
	NULL
};

static const struct attribute_group mdev_group = {
	.attrs = mdev_attrs,
};

const struct attribute_group *gpup_mdev_groups[] = {
	&mdev_group,
	NULL
};
