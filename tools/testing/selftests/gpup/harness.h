/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's selftest harness, for hosts that may be emulated.
 */
#ifndef _SELFTESTS_GPUP_HARNESS_H_
#define _SELFTESTS_GPUP_HARNESS_H_

#include "kselftest_harness.h"

/* Seconds; the harness takes the value where a test is defined. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 120

#endif
