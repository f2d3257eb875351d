/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints of gpup: each hop of a request.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM gpup

#if !defined(_GPUP_TRACE_H_) || defined(TRACE_HEADER_MULTI_READ)
#define _GPUP_TRACE_H_

#include <linux/tracepoint.h>
#include <linux/types.h>

/* Validated, and about to be queued: the ways of the host's clients and of guests meet here. */
TRACE_EVENT(gpup_submit,
	TP_PROTO(const char *partition, u32 queue, unsigned int jobs),
	TP_ARGS(partition, queue, jobs),
	TP_STRUCT__entry(
		__string(partition, partition)
		__field(u32, queue)
		__field(unsigned int, jobs)
	),
	TP_fast_assign(
		__assign_str(partition);
		__entry->queue = queue;
		__entry->jobs = jobs;
	),
	TP_printk("partition=%s queue=%#x jobs=%u", __get_str(partition), __entry->queue,
		  __entry->jobs)
);

DECLARE_EVENT_CLASS(gpup_job,
	TP_PROTO(const char *partition, u32 queue, u64 value),
	TP_ARGS(partition, queue, value),
	TP_STRUCT__entry(
		__string(partition, partition)
		__field(u32, queue)
		__field(u64, value)
	),
	TP_fast_assign(
		__assign_str(partition);
		__entry->queue = queue;
		__entry->value = value;
	),
	TP_printk("partition=%s queue=%#x value=%llu", __get_str(partition),
		  __entry->queue, __entry->value)
);

DEFINE_EVENT(gpup_job, gpup_job_queued,
	TP_PROTO(const char *partition, u32 queue, u64 value),
	TP_ARGS(partition, queue, value));

TRACE_EVENT(gpup_job_run,
	TP_PROTO(const char *partition, u32 queue, u64 value, u32 engine_class, u32 engine),
	TP_ARGS(partition, queue, value, engine_class, engine),
	TP_STRUCT__entry(
		__string(partition, partition)
		__field(u32, queue)
		__field(u64, value)
		__field(u32, engine_class)
		__field(u32, engine)
	),
	TP_fast_assign(
		__assign_str(partition);
		__entry->queue = queue;
		__entry->value = value;
		__entry->engine_class = engine_class;
		__entry->engine = engine;
	),
	TP_printk("partition=%s queue=%#x value=%llu class=%u engine=%u",
		  __get_str(partition), __entry->queue, __entry->value,
		  __entry->engine_class, __entry->engine)
);

TRACE_EVENT(gpup_job_done,
	TP_PROTO(const char *partition, u32 queue, u64 value, int error, u64 gpu_ns),
	TP_ARGS(partition, queue, value, error, gpu_ns),
	TP_STRUCT__entry(
		__string(partition, partition)
		__field(u32, queue)
		__field(u64, value)
		__field(int, error)
		__field(u64, gpu_ns)
	),
	TP_fast_assign(
		__assign_str(partition);
		__entry->queue = queue;
		__entry->value = value;
		__entry->error = error;
		__entry->gpu_ns = gpu_ns;
	),
	TP_printk("partition=%s queue=%#x value=%llu error=%d gpu_ns=%llu",
		  __get_str(partition), __entry->queue, __entry->value,
		  __entry->error, __entry->gpu_ns)
);

TRACE_EVENT(gpup_job_preempted,
	TP_PROTO(const char *partition, u32 queue, u64 value, u64 gpu_ns),
	TP_ARGS(partition, queue, value, gpu_ns),
	TP_STRUCT__entry(
		__string(partition, partition)
		__field(u32, queue)
		__field(u64, value)
		__field(u64, gpu_ns)
	),
	TP_fast_assign(
		__assign_str(partition);
		__entry->queue = queue;
		__entry->value = value;
		__entry->gpu_ns = gpu_ns;
	),
	TP_printk("partition=%s queue=%#x value=%llu gpu_ns=%llu",
		  __get_str(partition), __entry->queue, __entry->value, __entry->gpu_ns)
);

TRACE_EVENT(gpup_alloc,
	TP_PROTO(u64 size, u32 flags, int error),
	TP_ARGS(size, flags, error),
	TP_STRUCT__entry(
		__field(u64, size)
		__field(u32, flags)
		__field(int, error)
	),
	TP_fast_assign(
		__entry->size = size;
		__entry->flags = flags;
		__entry->error = error;
	),
	TP_printk("size=%llu flags=%#x error=%d", __entry->size, __entry->flags, __entry->error)
);

TRACE_EVENT(gpup_map,
	TP_PROTO(u32 op, u64 va, u64 size, u64 bo_offset),
	TP_ARGS(op, va, size, bo_offset),
	TP_STRUCT__entry(
		__field(u32, op)
		__field(u64, va)
		__field(u64, size)
		__field(u64, bo_offset)
	),
	TP_fast_assign(
		__entry->op = op;
		__entry->va = va;
		__entry->size = size;
		__entry->bo_offset = bo_offset;
	),
	TP_printk("op=%u va=%#llx size=%#llx bo_offset=%#llx", __entry->op, __entry->va,
		  __entry->size, __entry->bo_offset)
);

TRACE_EVENT(gpup_message,
	TP_PROTO(const char *partition, u16 opcode, u32 client, u32 sequence, int error),
	TP_ARGS(partition, opcode, client, sequence, error),
	TP_STRUCT__entry(
		__string(partition, partition)
		__field(u16, opcode)
		__field(u32, client)
		__field(u32, sequence)
		__field(int, error)
	),
	TP_fast_assign(
		__assign_str(partition);
		__entry->opcode = opcode;
		__entry->client = client;
		__entry->sequence = sequence;
		__entry->error = error;
	),
	TP_printk("partition=%s opcode=%u client=%#x sequence=%u error=%d",
		  __get_str(partition), __entry->opcode, __entry->client,
		  __entry->sequence, __entry->error)
);

DECLARE_EVENT_CLASS(gpup_vrd,
	TP_PROTO(const char *partition),
	TP_ARGS(partition),
	TP_STRUCT__entry(
		__string(partition, partition)
	),
	TP_fast_assign(
		__assign_str(partition);
	),
	TP_printk("partition=%s", __get_str(partition))
);

/* A guest has notified its device, which costs it an exit. */
DEFINE_EVENT(gpup_vrd, gpup_doorbell,
	TP_PROTO(const char *partition),
	TP_ARGS(partition));

/* The worker of a device begins a turn. */
DEFINE_EVENT(gpup_vrd, gpup_awake,
	TP_PROTO(const char *partition),
	TP_ARGS(partition));

/* A device interrupts its guest. */
TRACE_EVENT(gpup_interrupt,
	TP_PROTO(const char *partition, unsigned int vector),
	TP_ARGS(partition, vector),
	TP_STRUCT__entry(
		__string(partition, partition)
		__field(unsigned int, vector)
	),
	TP_fast_assign(
		__assign_str(partition);
		__entry->vector = vector;
	),
	TP_printk("partition=%s vector=%u", __get_str(partition), __entry->vector)
);

#endif /* _GPUP_TRACE_H_ */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE gpup_trace
#include <trace/define_trace.h>
