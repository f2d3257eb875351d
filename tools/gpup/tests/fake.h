/* SPDX-License-Identifier: MIT */
/*
 * A GPU in the test's own process: it takes the place of libdrm and of the kernel behind it, and
 * executes each job when it is submitted. It is meant to be obvious, not fast: a second
 * opinion on the instruction set, and a way to test the command without a GPU.
 */
#ifndef TESTS_FAKE_H
#define TESTS_FAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gpup_soft.h"

struct fake_vm;

/*
 * Where @va is in the CPU's memory; *@room is how many bytes follow there. NULL: not mapped, or not
 * for writing.
 */
void *fake_translate(struct fake_vm *vm, uint64_t va, bool write, uint64_t *room);
/* The address of the last failure of fake_translate(), or of a misaligned access. */
extern uint64_t fake_fault;

/* 0, -EINVAL, -EFAULT, or -ETIME when it seems to be endless. */
int fake_dispatch(struct fake_vm *vm, const struct gpup_soft_cmd_dispatch *command);

#endif
