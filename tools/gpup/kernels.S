/* SPDX-License-Identifier: MIT */
/* The kernels that the command carries along, as text. */
	.section .rodata

	.macro kernel name, file
	.global kernel_\name
	.type kernel_\name, %object
kernel_\name:
	.incbin "\file"
	.global kernel_\name\()_end
kernel_\name\()_end:
	.byte 0
	.endm

	kernel sgemm, "kernels/sgemm.s"
	kernel convolve, "kernels/convolve.s"
	kernel endless, "kernels/endless.s"

	.section .note.GNU-stack, "", %progbits
