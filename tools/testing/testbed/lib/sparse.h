/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the sparse of Debian 13 does not know, and the headers of newer kernels use.
 * Read by sparse alone, before every file.
 */
#define __typeof_unqual__ __typeof__
/* Of literals, in constant expressions. */
#define __builtin_strlen(s) (sizeof(s) - 1)
