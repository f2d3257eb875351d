/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints of the guest's driver: its part of the way of a request.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM gpup_guest

#if !defined(_GUEST_TRACE_H_) || defined(TRACE_HEADER_MULTI_READ)
#define _GUEST_TRACE_H_

#include <linux/tracepoint.h>
#include <linux/types.h>

/* A process submits. */
TRACE_EVENT(gpup_guest_submit,
	TP_PROTO(u32 queue, u32 jobs),
	TP_ARGS(queue, jobs),
	TP_STRUCT__entry(
		__field(u32, queue)
		__field(u32, jobs)
	),
	TP_fast_assign(
		__entry->queue = queue;
		__entry->jobs = jobs;
	),
	TP_printk("queue=%#x jobs=%u", __entry->queue, __entry->jobs)
);

/* Messages were shown to the device. */
TRACE_EVENT(gpup_guest_send,
	TP_PROTO(u32 position, bool doorbell),
	TP_ARGS(position, doorbell),
	TP_STRUCT__entry(
		__field(u32, position)
		__field(bool, doorbell)
	),
	TP_fast_assign(
		__entry->position = position;
		__entry->doorbell = doorbell;
	),
	TP_printk("position=%u doorbell=%d", __entry->position, __entry->doorbell)
);

TRACE_EVENT(gpup_guest_interrupt,
	TP_PROTO(unsigned int vector),
	TP_ARGS(vector),
	TP_STRUCT__entry(
		__field(unsigned int, vector)
	),
	TP_fast_assign(
		__entry->vector = vector;
	),
	TP_printk("vector=%u", __entry->vector)
);

/* A fence signals, and wakes who waits for it. */
TRACE_EVENT(gpup_guest_signal,
	TP_PROTO(u64 context, u64 value, int error),
	TP_ARGS(context, value, error),
	TP_STRUCT__entry(
		__field(u64, context)
		__field(u64, value)
		__field(int, error)
	),
	TP_fast_assign(
		__entry->context = context;
		__entry->value = value;
		__entry->error = error;
	),
	TP_printk("context=%llu value=%llu error=%d", __entry->context, __entry->value,
		  __entry->error)
);

#endif /* _GUEST_TRACE_H_ */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE guest_trace
#include <trace/define_trace.h>
