; SPDX-License-Identifier: MIT
; Convolution of a picture of 8-bit samples with a square of SIZE x SIZE integers.
;
; The source has a border of SIZE / 2 pixels on each side, so that no lane needs to
; look where it is. A lane makes one sample:
;
;	clamp((sum of sample * weight + divisor / 2) / divisor + bias, 0, maximum)
;
; in 32-bit integers, the division towards zero. Samples of the alpha channel are copied.
;
; Arguments: 0 source with its border, 8 destination (addresses);
;	16 source pitch, 20 destination pitch, 24 samples in a row, 28 rows,
;	32 channels, 36 SIZE, 40 divisor, 44 bias, 48 maximum, 52 alpha's channel (or one
;	that there is not), 56 offset from a sample's first neighbour to itself (32 bits);
;	60 the weights, row by row (32 bits)
; Grid: ceil(samples / 64), ceil(rows / 4)

.group 64, 4
.const WEIGHTS, 60

.reg x, r0
.reg y, r1
.reg source, r2
.reg target, r3
.reg pitch, r4
.reg channels, r5
.reg size, r6
.reg sum, r7
.reg weight, r8				; address of the next weight
.reg i, r9
.reg j, r10
.reg p, r11
.reg sample, r12
.reg w, r13
.reg t, r14

	sreg x, global_id_x
	sreg y, global_id_y
	ldarg.u32 t, 24
	cuge.i32 t, x, t
	if t
		exit
	endif
	ldarg.u32 t, 28
	cuge.i32 t, y, t
	if t
		exit
	endif

	ldarg.u64 source, 0
	ldarg.u32 pitch, 16
	mad.i64 source, y, pitch, source
	add.i64 source, source, x
	ldarg.u64 target, 8
	ldarg.u32 t, 20
	mad.i64 target, y, t, target
	add.i64 target, target, x

	ldarg.u32 channels, 32
	ldarg.u32 t, 52
	urem.i32 w, x, channels
	ceq.i32 t, w, t
	if t
		ldarg.u32 t, 56
		add.i64 source, source, t
		ld.u8 sample, [source]
		st.u8 [target], sample
		exit
	endif

	ldarg.u32 size, 36
	sreg weight, args
	mov sum, 0
	mov j, 0
	loop
		mov p, source
		mov i, 0
		loop
			ld.u8 sample, [p]
			ld.u32 w, [weight + WEIGHTS]
			mad.i32 sum, sample, w, sum
			add.i64 p, p, channels
			add.i64 weight, weight, 4
			add.i32 i, i, 1
			cuge.i32 t, i, size
			breakif t
		endloop
		add.i64 source, source, pitch
		add.i32 j, j, 1
		cuge.i32 t, j, size
		breakif t
	endloop

	ldarg.u32 w, 40
	shr.i32 t, w, 1
	add.i32 sum, sum, t
	div.i32 sum, sum, w
	ldarg.u32 t, 44
	add.i32 sum, sum, t
	max.i32 sum, sum, 0
	ldarg.u32 t, 48
	min.i32 sum, sum, t
	st.u8 [target], sum
