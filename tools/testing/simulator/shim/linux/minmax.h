/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel's header has, for a program. Constants need not have the type of the rest. */
#ifndef _SHIM_MINMAX_H
#define _SHIM_MINMAX_H

#include <linux/kernel.h>

#undef min
#undef max
#undef clamp
#define min(a, b)	({ typeof((a) + (b)) _a = (a), _b = (b); _a < _b ? _a : _b; })
#define max(a, b)	({ typeof((a) + (b)) _a = (a), _b = (b); _a < _b ? _b : _a; })
#define min3(a, b, c)	({ typeof((a) + (b)) _m = min(a, b); typeof(c) _c = (c); _m < _c ? _m : _c; })
#define clamp(v, lo, hi)	({ typeof(v) _v = (v), _l = (lo), _h = (hi); \
				   _v < _l ? _l : _v > _h ? _h : _v; })
#define clamp_t(type, v, lo, hi)	clamp((type)(v), (type)(lo), (type)(hi))

#endif
