/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel's header has, for a program. */
#include <asm/errno.h>
