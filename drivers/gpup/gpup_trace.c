// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tracepoints of gpup.
 */
#include <linux/export.h>

#define CREATE_TRACE_POINTS
#include "gpup_trace.h"

EXPORT_TRACEPOINT_SYMBOL_GPL(gpup_awake);
EXPORT_TRACEPOINT_SYMBOL_GPL(gpup_doorbell);
EXPORT_TRACEPOINT_SYMBOL_GPL(gpup_interrupt);
EXPORT_TRACEPOINT_SYMBOL_GPL(gpup_message);
