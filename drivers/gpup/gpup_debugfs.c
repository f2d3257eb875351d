// SPDX-License-Identifier: GPL-2.0-only
/*
 * What debugfs shows of the memory of an adapter, and of its engines.
 */
#include <linux/seq_file.h>
#include <linux/string.h>

#include <drm/drm_debugfs.h>
#include <drm/drm_print.h>

#include "gpup_core.h"
#include "gpup_drm_driver.h"

static struct gpup_adapter *adapter_of(struct seq_file *m)
{
	struct drm_debugfs_entry *entry = m->private;

	return gpup_adapter_from_drm(entry->dev);
}

/* Fields are separated by blanks, and so there is none in a name. */
static void report_adapter(struct gpup_adapter *adapter, struct drm_printer *p)
{
	char name[32];

	strscpy(name, adapter->caps.name, sizeof(name));
	strreplace(name, ' ', '_');
	drm_printf(p, "adapter gpup%d %s\n", adapter->id, name);
}

static void report_partition(struct gpup_partition *partition, struct drm_printer *p)
{
	struct gpup_memory_counters counters;
	struct drm_gpup_memory_info mem;

	gpup_vidmm_partition_usage(&partition->mm, &mem);
	gpup_vidmm_partition_counters(&partition->mm, &counters);
	drm_printf(p, "partition %u %s %llu %llu %llu %llu %llu %llu %llu %llu\n", partition->id,
		   partition->name, mem.vram_min, mem.vram_max, mem.vram_used,
		   mem.vram_used - mem.vram_evicted, mem.vram_budget, mem.system_used,
		   counters.evictions, counters.bytes_moved);
	gpup_vidmm_report_objects(&partition->mm, partition->id, p);
}

static int memory_show(struct seq_file *m, void *unused)
{
	struct gpup_adapter *adapter = adapter_of(m);
	struct drm_printer p = drm_seq_file_printer(m);
	struct gpup_partition *partition;

	drm_puts(&p, "gpup-memory 1\n");
	report_adapter(adapter, &p);
	gpup_vidmm_report(adapter->mm, &p);
	mutex_lock(&adapter->partitions_lock);
	list_for_each_entry(partition, &adapter->partitions, link)
		report_partition(partition, &p);
	mutex_unlock(&adapter->partitions_lock);
	return 0;
}

static int schedule_show(struct seq_file *m, void *unused)
{
	struct gpup_adapter *adapter = adapter_of(m);
	struct drm_printer p = drm_seq_file_printer(m);
	struct gpup_partition *partition;

	drm_puts(&p, "gpup-schedule 1\n");
	report_adapter(adapter, &p);
	mutex_lock(&adapter->partitions_lock);
	list_for_each_entry(partition, &adapter->partitions, link)
		gpup_sched_partition_report(&partition->sched, partition->id, &p);
	mutex_unlock(&adapter->partitions_lock);
	return 0;
}

static int fragmentation_show(struct seq_file *m, void *unused)
{
	struct drm_printer p = drm_seq_file_printer(m);

	gpup_vidmm_report_vram(adapter_of(m)->mm, &p);
	return 0;
}

/**
 * gpup_debugfs_init() - Have the reports shown
 * @adapter: The adapter, whose DRM device is not registered yet.
 */
void gpup_debugfs_init(struct gpup_adapter *adapter)
{
	drm_debugfs_add_file(&adapter->drm, "gpup_memory", memory_show, NULL);
	drm_debugfs_add_file(&adapter->drm, "gpup_fragmentation", fragmentation_show, NULL);
	drm_debugfs_add_file(&adapter->drm, "gpup_schedule", schedule_show, NULL);
}
