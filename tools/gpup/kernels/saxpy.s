; SPDX-License-Identifier: MIT
; y = a * x + y, for "gpup run": the input holds the floats of x and then as many of y, the
; output is the new y, and --args gives a. For 1024 floats each:
;
;	gpup run saxpy.s --input xy.bin --output y.bin --output-size 4096 --groups 16 --args 2.5

.group 64

.reg i, r0
.reg n, r1
.reg x, r2
.reg y, r3
.reg px, r4
.reg py, r5
.reg a, r6

	ldarg.u64 n, 8			; size of the input
	shr.i64 n, n, 3
	sreg i, global_id_x
	cuge.i64 r7, i, n
	if r7
		exit
	endif

	ldarg.u64 px, 0			; the input
	shl.i64 r7, i, 2
	add.i64 px, px, r7
	shl.i64 py, n, 2
	add.i64 py, py, px
	ld.u32 x, [px]
	ld.u32 y, [py]
	ldarg.u32 a, 32			; first of --args
	mad.f32 y, a, x, y
	ldarg.u64 py, 16		; the output
	add.i64 py, py, r7
	st.u32 [py], y
