// SPDX-License-Identifier: GPL-2.0-only
/*
 * What sysfs shows of adapters and partitions. See Documentation/ABI/testing/sysfs-class-gpup.
 */
#include <linux/device.h>
#include <linux/kernel.h>
#include <linux/sysfs.h>

#include "gpup_core.h"
#include "gpup_event.h"
#include "gpup_sysfs.h"

static u64 sum(const u64 *values)
{
	u64 total = 0;
	int i;

	for (i = 0; i < DRM_GPUP_ENGINE_CLASSES; i++)
		total += values[i];
	return total;
}

static enum gpup_sched_knob knob(enum gpup_partition_attr attr)
{
	switch (attr) {
	case GPUP_ATTR_SCHED_CAP:
		return GPUP_SCHED_CAP;
	case GPUP_ATTR_EXEC_QUANTUM_US:
		return GPUP_SCHED_QUANTUM_US;
	case GPUP_ATTR_PREEMPT_TIMEOUT_US:
		return GPUP_SCHED_PREEMPT_TIMEOUT_US;
	case GPUP_ATTR_JOB_TIMEOUT_MS:
		return GPUP_SCHED_JOB_TIMEOUT_MS;
	default:
		return GPUP_SCHED_WEIGHT;
	}
}

/**
 * gpup_partition_attr_show() - Print one attribute of a partition
 * @partition: The partition.
 * @attr: The attribute.
 * @buf: Receives the text, PAGE_SIZE bytes.
 *
 * May sleep.
 *
 * Return: Length of the text.
 */
ssize_t gpup_partition_attr_show(struct gpup_partition *partition,
				 enum gpup_partition_attr attr, char *buf)
{
	const struct gpup_partition_owner *owner = partition->owner;
	struct gpup_memory_counters counters;
	struct drm_gpup_memory_info mem;
	struct gpup_sched_stats stats;
	u64 value = 0;
	u32 i;

	gpup_vidmm_partition_usage(&partition->mm, &mem);
	gpup_vidmm_partition_counters(&partition->mm, &counters);
	gpup_sched_partition_stats(&partition->sched, &stats);

	switch (attr) {
	case GPUP_ATTR_VRAM_MIN:
		value = mem.vram_min;
		break;
	case GPUP_ATTR_VRAM_MAX:
		value = mem.vram_max;
		break;
	case GPUP_ATTR_VRAM_USED:
		value = mem.vram_used;
		break;
	case GPUP_ATTR_VRAM_EVICTED:
		value = mem.vram_evicted;
		break;
	case GPUP_ATTR_VRAM_PEAK:
		value = counters.peak;
		break;
	case GPUP_ATTR_VRAM_BUDGET:
		value = mem.vram_budget;
		break;
	case GPUP_ATTR_EVICTIONS:
		value = counters.evictions;
		break;
	case GPUP_ATTR_BYTES_MOVED:
		value = counters.bytes_moved;
		break;
	case GPUP_ATTR_TRIMS:
		value = mem.trims;
		break;
	case GPUP_ATTR_SYSTEM_MAX:
		value = mem.system_max;
		break;
	case GPUP_ATTR_SYSTEM_USED:
		value = mem.system_used;
		break;
	case GPUP_ATTR_SCHED_WEIGHT:
	case GPUP_ATTR_SCHED_CAP:
	case GPUP_ATTR_EXEC_QUANTUM_US:
	case GPUP_ATTR_PREEMPT_TIMEOUT_US:
	case GPUP_ATTR_JOB_TIMEOUT_MS:
		value = gpup_sched_partition_get(&partition->sched, knob(attr));
		break;
	case GPUP_ATTR_GPU_TIME_NS:
		value = sum(stats.gpu_ns);
		break;
	case GPUP_ATTR_JOBS:
		value = sum(stats.jobs);
		break;
	case GPUP_ATTR_PREEMPTIONS:
		value = sum(stats.preemptions);
		break;
	case GPUP_ATTR_WAIT_TIME_NS:
		for (i = 0; i < DRM_GPUP_ENGINE_CLASSES; i++)
			value += stats.waits[i].ns;
		break;
	case GPUP_ATTR_HANGS:
		value = stats.hangs;
		break;
	case GPUP_ATTR_RESETS:
		value = stats.resets;
		break;
	case GPUP_ATTR_THROTTLED:
		value = stats.throttled;
		break;
	case GPUP_ATTR_NEEDS_RESET:
		value = owner && owner->needs_reset(partition->owner_data);
		break;
	case GPUP_ATTR_CLIENTS:
		value = atomic_read(&partition->clients);
		break;
	case GPUP_ATTR_MESSAGES:
		value = atomic64_read(&partition->messages);
		break;
	case GPUP_ATTR_DOORBELLS:
		value = atomic64_read(&partition->doorbells);
		break;
	case GPUP_ATTR_INTERRUPTS:
		value = atomic64_read(&partition->interrupts);
		break;
	}
	return sysfs_emit(buf, "%llu\n", value);
}
EXPORT_SYMBOL_GPL(gpup_partition_attr_show);

/*
 * Sizes may carry a suffix as in mem= (K, M, G). memparse() alone would take
 * a minus sign, an empty word or an overflow for a number.
 */
static int parse_size(const char *buf, u64 *size)
{
	unsigned int shift = 0;
	char word[24];
	size_t len;
	u64 value;
	int ret;

	if (strscpy(word, buf, sizeof(word)) < 0)
		return -EINVAL;
	len = strcspn(word, "\n");
	/* As kstrtou64() has it: one newline, at the end. */
	if (word[len] && word[len + 1])
		return -EINVAL;
	word[len] = '\0';
	if (len) {
		switch (word[len - 1]) {
		case 'k': case 'K':
			shift = 10;
			break;
		case 'm': case 'M':
			shift = 20;
			break;
		case 'g': case 'G':
			shift = 30;
			break;
		}
		if (shift)
			word[len - 1] = '\0';
	}
	ret = kstrtou64(word, 0, &value);
	if (ret)
		return ret;
	if (value > U64_MAX >> shift)
		return -ERANGE;
	*size = value << shift;
	return 0;
}

/**
 * gpup_partition_attr_store() - Change one attribute of a partition
 * @partition: The partition.
 * @attr: The attribute.
 * @buf: The text.
 * @count: Length of the text.
 *
 * May sleep.
 *
 * Return: @count, or -EINVAL for a text that is no number or a limit that makes no
 * sense, -ERANGE out of range, -ENOSPC when the GPU is sold out, -EACCES if the
 * attribute cannot be changed.
 */
ssize_t gpup_partition_attr_store(struct gpup_partition *partition,
				  enum gpup_partition_attr attr, const char *buf, size_t count)
{
	u64 size;
	u32 value;
	int ret;

	switch (attr) {
	case GPUP_ATTR_VRAM_MIN:
		ret = parse_size(buf, &size);
		if (!ret)
			ret = gpup_vidmm_partition_set_min(&partition->mm, size);
		break;
	case GPUP_ATTR_VRAM_MAX:
		ret = parse_size(buf, &size);
		if (!ret)
			ret = gpup_vidmm_partition_set_max(&partition->mm, size);
		break;
	case GPUP_ATTR_SCHED_WEIGHT:
	case GPUP_ATTR_SCHED_CAP:
	case GPUP_ATTR_EXEC_QUANTUM_US:
	case GPUP_ATTR_PREEMPT_TIMEOUT_US:
	case GPUP_ATTR_JOB_TIMEOUT_MS:
		ret = kstrtou32(buf, 0, &value);
		if (!ret)
			ret = gpup_sched_partition_set(&partition->sched, knob(attr), value);
		break;
	default:
		ret = -EACCES;
		break;
	}
	if (!ret && (attr == GPUP_ATTR_VRAM_MIN || attr == GPUP_ATTR_VRAM_MAX))
		gpup_event_limits(partition);
	return ret ?: count;
}
EXPORT_SYMBOL_GPL(gpup_partition_attr_store);

struct partition_attribute {
	struct attribute attr;
	enum gpup_partition_attr id;
};

static ssize_t partition_show(struct kobject *kobj, struct attribute *attr, char *buf)
{
	return gpup_partition_attr_show(container_of(kobj, struct gpup_partition, kobj),
			container_of_const(attr, struct partition_attribute, attr)->id, buf);
}

static ssize_t partition_store(struct kobject *kobj, struct attribute *attr,
			       const char *buf, size_t count)
{
	return gpup_partition_attr_store(container_of(kobj, struct gpup_partition, kobj),
			container_of_const(attr, struct partition_attribute, attr)->id,
			buf, count);
}

const struct sysfs_ops gpup_partition_sysfs_ops = {
	.show = partition_show,
	.store = partition_store,
};

#define PARTITION_ATTR(_name, _mode, _id)				\
	static struct partition_attribute partition_attr_##_name = {	\
		.attr = { .name = #_name, .mode = _mode },		\
		.id = _id,						\
	}

PARTITION_ATTR(vram_min, 0644, GPUP_ATTR_VRAM_MIN);
PARTITION_ATTR(vram_max, 0644, GPUP_ATTR_VRAM_MAX);
PARTITION_ATTR(vram_used, 0444, GPUP_ATTR_VRAM_USED);
PARTITION_ATTR(vram_evicted, 0444, GPUP_ATTR_VRAM_EVICTED);
PARTITION_ATTR(vram_peak, 0444, GPUP_ATTR_VRAM_PEAK);
PARTITION_ATTR(vram_budget, 0444, GPUP_ATTR_VRAM_BUDGET);
PARTITION_ATTR(evictions, 0444, GPUP_ATTR_EVICTIONS);
PARTITION_ATTR(bytes_moved, 0444, GPUP_ATTR_BYTES_MOVED);
PARTITION_ATTR(trims, 0444, GPUP_ATTR_TRIMS);
PARTITION_ATTR(system_max, 0444, GPUP_ATTR_SYSTEM_MAX);
PARTITION_ATTR(system_used, 0444, GPUP_ATTR_SYSTEM_USED);
PARTITION_ATTR(sched_weight, 0644, GPUP_ATTR_SCHED_WEIGHT);
PARTITION_ATTR(sched_cap, 0644, GPUP_ATTR_SCHED_CAP);
PARTITION_ATTR(exec_quantum_us, 0644, GPUP_ATTR_EXEC_QUANTUM_US);
PARTITION_ATTR(preempt_timeout_us, 0644, GPUP_ATTR_PREEMPT_TIMEOUT_US);
PARTITION_ATTR(job_timeout_ms, 0644, GPUP_ATTR_JOB_TIMEOUT_MS);
PARTITION_ATTR(gpu_time_ns, 0444, GPUP_ATTR_GPU_TIME_NS);
PARTITION_ATTR(jobs, 0444, GPUP_ATTR_JOBS);
PARTITION_ATTR(preemptions, 0444, GPUP_ATTR_PREEMPTIONS);
PARTITION_ATTR(wait_time_ns, 0444, GPUP_ATTR_WAIT_TIME_NS);
PARTITION_ATTR(hangs, 0444, GPUP_ATTR_HANGS);
PARTITION_ATTR(resets, 0444, GPUP_ATTR_RESETS);
PARTITION_ATTR(throttled, 0444, GPUP_ATTR_THROTTLED);
PARTITION_ATTR(needs_reset, 0444, GPUP_ATTR_NEEDS_RESET);
PARTITION_ATTR(clients, 0444, GPUP_ATTR_CLIENTS);
PARTITION_ATTR(messages, 0444, GPUP_ATTR_MESSAGES);
PARTITION_ATTR(doorbells, 0444, GPUP_ATTR_DOORBELLS);
PARTITION_ATTR(interrupts, 0444, GPUP_ATTR_INTERRUPTS);

static struct attribute *partition_attrs[] = {
	&partition_attr_vram_min.attr,
	&partition_attr_vram_max.attr,
	&partition_attr_vram_used.attr,
	&partition_attr_vram_evicted.attr,
	&partition_attr_vram_peak.attr,
	&partition_attr_vram_budget.attr,
	&partition_attr_evictions.attr,
	&partition_attr_bytes_moved.attr,
	&partition_attr_trims.attr,
	&partition_attr_system_max.attr,
	&partition_attr_system_used.attr,
	&partition_attr_sched_weight.attr,
	&partition_attr_sched_cap.attr,
	&partition_attr_exec_quantum_us.attr,
	&partition_attr_preempt_timeout_us.attr,
	&partition_attr_job_timeout_ms.attr,
	&partition_attr_gpu_time_ns.attr,
	&partition_attr_jobs.attr,
	&partition_attr_preemptions.attr,
	&partition_attr_wait_time_ns.attr,
	&partition_attr_hangs.attr,
	&partition_attr_resets.attr,
	&partition_attr_throttled.attr,
	&partition_attr_needs_reset.attr,
	&partition_attr_clients.attr,
	&partition_attr_messages.attr,
	&partition_attr_doorbells.attr,
	&partition_attr_interrupts.attr,
	NULL
};

static const struct attribute_group partition_group = {
	.attrs = partition_attrs,
};

const struct attribute_group *gpup_partition_groups[] = {
	&partition_group,
	NULL
};

static ssize_t name_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct gpup_adapter *adapter = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%s\n", adapter->caps.name);
}
static DEVICE_ATTR_RO(name);

static ssize_t vram_total_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct gpup_adapter *adapter = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%llu\n", adapter->caps.vram_size);
}
static DEVICE_ATTR_RO(vram_total);

static ssize_t vram_available_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct gpup_adapter *adapter = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%llu\n", gpup_vidmm_available(adapter->mm));
}
static DEVICE_ATTR_RO(vram_available);

static struct attribute *adapter_attrs[] = {
	&dev_attr_name.attr,
	&dev_attr_vram_total.attr,
	&dev_attr_vram_available.attr,
	NULL
};

static const struct attribute_group adapter_group = {
	.attrs = adapter_attrs,
};

const struct attribute_group *gpup_adapter_groups[] = {
	&adapter_group,
	NULL
};
