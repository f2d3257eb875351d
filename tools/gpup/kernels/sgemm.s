; SPDX-License-Identifier: MIT
; C = A * B, single precision, row-major; A is M x K, B is K x N.
;
; A group of 16 x 16 lanes makes a tile of 32 x 32 elements of C, four a lane. For each
; 16 columns of A it brings the tiles of A and B into local memory, so that
; every element of them is read from memory once a group instead of 32 times.
;
; Each element is the chain fma(a[15], b[15], fma(a[14], b[14], ... )) in ascending
; order of k, starting from +0.0, whatever the sizes: a CPU can follow it bit for bit. What is
; outside of A and B counts as zero.
;
; Arguments: 0 A, 8 B, 16 C (addresses), 24 M, 28 N, 32 K (32 bits)
; Grid: ceil(N / 32), ceil(M / 32)

.group 16, 16
.const TILE_B, 32 * 16 * 4		; tile of A at 0: 32 rows of 16
.local TILE_B + 16 * 32 * 4		; tile of B: 16 rows of 32

.reg tx, r0
.reg ty, r1
.reg m, r2
.reg n, r3
.reg kmax, r4
.reg pa0, r5				; this lane's elements of A: rows ty and ty + 16
.reg pa1, r6
.reg pb, r7				; of B: columns tx and tx + 16
.reg pb_step, r8
.reg k, r9				; first k of the tile
.reg row0, r10
.reg col0, r11
.reg row0_in, r12			; whether they are inside of C
.reg row1_in, r13
.reg col0_in, r14
.reg col1_in, r15
.reg store_a, r16			; where this lane's elements go in local memory
.reg store_b, r17
.reg load_a, r18			; where its row of A and column of B start there
.reg load_b, r19
.reg c00, r20
.reg c01, r21
.reg c10, r22
.reg c11, r23
.reg a0, r24
.reg a1, r25
.reg b0, r26
.reg b1, r27
.reg t, r28
.reg u, r29
.reg in, r30

	sreg tx, local_id_x
	sreg ty, local_id_y
	ldarg.u32 m, 24
	ldarg.u32 n, 28
	ldarg.u32 kmax, 32

	sreg t, group_id_y
	shl.i32 t, t, 5
	add.i32 row0, t, ty
	sreg t, group_id_x
	shl.i32 t, t, 5
	add.i32 col0, t, tx

	cult.i32 row0_in, row0, m
	add.i32 t, row0, 16
	cult.i32 row1_in, t, m
	cult.i32 col0_in, col0, n
	add.i32 t, col0, 16
	cult.i32 col1_in, t, n

	; pa0 = A + (row0 * K + tx) * 4, pa1 is 16 rows below
	ldarg.u64 pa0, 0
	mad.i64 t, row0, kmax, tx
	shl.i64 t, t, 2
	add.i64 pa0, pa0, t
	shl.i64 t, kmax, 6
	add.i64 pa1, pa0, t

	; pb = B + (ty * N + col0) * 4
	ldarg.u64 pb, 8
	mad.i64 t, ty, n, col0
	shl.i64 t, t, 2
	add.i64 pb, pb, t
	shl.i64 pb_step, n, 6

	; store_a = (ty * 16 + tx) * 4, store_b = (ty * 32 + tx) * 4
	shl.i32 load_a, ty, 6
	shl.i32 load_b, tx, 2
	add.i32 store_a, load_a, load_b
	shl.i32 t, ty, 7
	add.i32 store_b, t, load_b

	mov c00, 0
	mov c01, 0
	mov c10, 0
	mov c11, 0
	mov k, 0

	loop
		cuge.i32 t, k, kmax
		breakif t

		mov a0, 0
		mov a1, 0
		mov b0, 0
		mov b1, 0
		add.i32 t, k, tx
		cult.i32 in, t, kmax
		and.i32 t, in, row0_in
		if t
			ld.u32 a0, [pa0]
		endif
		and.i32 t, in, row1_in
		if t
			ld.u32 a1, [pa1]
		endif
		add.i32 t, k, ty
		cult.i32 in, t, kmax
		and.i32 t, in, col0_in
		if t
			ld.u32 b0, [pb]
		endif
		and.i32 t, in, col1_in
		if t
			ld.u32 b1, [pb + 64]
		endif
		st.local.u32 [store_a], a0
		st.local.u32 [store_a + 16 * 64], a1
		st.local.u32 [store_b + TILE_B], b0
		st.local.u32 [store_b + TILE_B + 64], b1
		add.i64 pa0, pa0, 64
		add.i64 pa1, pa1, 64
		add.i64 pb, pb, pb_step
		barrier

		.repeat i, 16
			ld.local.u32 a0, [load_a + i * 4]
			ld.local.u32 a1, [load_a + 16 * 64 + i * 4]
			ld.local.u32 b0, [load_b + TILE_B + i * 128]
			ld.local.u32 b1, [load_b + TILE_B + 64 + i * 128]
			mad.f32 c00, a0, b0, c00
			mad.f32 c01, a0, b1, c01
			mad.f32 c10, a1, b0, c10
			mad.f32 c11, a1, b1, c11
		.endrepeat
		barrier

		add.i32 k, k, 16
	endloop

	; t = C + (row0 * N + col0) * 4, u is 16 rows below
	ldarg.u64 u, 16
	mad.i64 t, row0, n, col0
	shl.i64 t, t, 2
	add.i64 t, t, u
	add.i64 u, t, pb_step
	if row0_in
		if col0_in
			st.u32 [t], c00
		endif
		if col1_in
			st.u32 [t + 64], c01
		endif
	endif
	if row1_in
		if col0_in
			st.u32 [u], c10
		endif
		if col1_in
			st.u32 [u + 64], c11
		endif
	endif
