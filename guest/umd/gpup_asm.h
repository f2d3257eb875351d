/* SPDX-License-Identifier: MIT */
/*
 * libgpup: assembler and disassembler for "gpup-soft-1".
 *
 * The language is described in gpup-asm(5), the instructions in
 * Documentation/gpu/gpup/isa.rst.
 */
#ifndef GPUP_ASM_H
#define GPUP_ASM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A program, ready to be copied into a bo and dispatched. */
struct gpup_program;

/*
 * Assemble @size characters of @text. @name stands for the text in messages. If the text is at
 * fault, -EINVAL is returned and @message (of @message_size bytes) says where and why, and
 * what to do: "NAME:LINE:COLUMN: error: ...". Other errors: -ENOMEM.
 */
int gpup_program_assemble(const char *name, const char *text, size_t size,
			  struct gpup_program **program, char *message, size_t message_size);
void gpup_program_destroy(struct gpup_program *program);

/* The code, and its size in bytes. It is the program's. */
const void *gpup_program_code(const struct gpup_program *program);
uint32_t gpup_program_size(const struct gpup_program *program);
/* What the directives .local and .group said; zero and 1, 1, 1 without them. */
uint32_t gpup_program_local_size(const struct gpup_program *program);
void gpup_program_group(const struct gpup_program *program, uint32_t group[3]);

/*
 * Write an instruction in the language of the assembler to @text.
 * -EINVAL: it is none; @text then says so as a comment.
 */
int gpup_disassemble(uint64_t instruction, char *text, size_t size);

#ifdef __cplusplus
}
#endif

#endif /* GPUP_ASM_H */
