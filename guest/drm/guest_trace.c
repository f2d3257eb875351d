// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tracepoints of the guest's driver.
 */
#define CREATE_TRACE_POINTS
#include "guest_trace.h"
