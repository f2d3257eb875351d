// SPDX-License-Identifier: MIT
/* Tests of the assembler and the disassembler. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gpup_asm.h"
#include "gpup_soft.h"
#include "isa.h"
#include "tap.h"

static struct gpup_program *assemble(const char *text, char *message, size_t size)
{
	struct gpup_program *program = NULL;
	int ret;

	ret = gpup_program_assemble("t.s", text, strlen(text), &program, message, size);
	if (ret && ret != -EINVAL)
		printf("# unexpected error %d\n", ret);
	return ret ? NULL : program;
}

/* Texts and the code that the encoding in gpup_soft.h says they have. */
static const struct {
	const char *text;
	uint64_t code[2];
	unsigned int count;
} golden[] = {
	{ "nop", { 0x01 }, 1 },
	{ "exit", { 0x02 }, 1 },
	{ "mov r1, r2", { 0x0000000002010020 }, 1 },
	{ "mov r1, 5", { 0x0000000500018020 }, 1 },
	{ "mov r1, -1", { 0xffffffff00018020 }, 1 },
	{ "mov r1, 0xffffffff", { 0xffffffff00018020, 0x0000000001010021 }, 2 },
	{ "mov r63, 0x123456789abcdef0", { 0x9abcdef0003f8020, 0x123456783f3f0021 }, 2 },
	{ "mov r1, 1.0", { 0x3f80000000018020 }, 1 },
	{ "movhi r1, r2, 7", { 0x0000000702010021 }, 1 },
	{ "sreg r3, global_id_x", { 0x0000001000030022 }, 1 },
	{ "ldarg.u64 r1, 16", { 0x0000001000010323 }, 1 },
	{ "ldarg.s32 r1, 4 * (1 + 2)", { 0x0000000c00010623 }, 1 },
	{ "select r1, r2, r3, r4", { 0x0000040302010024 }, 1 },
	{ "ext.s8 r1, r2", { 0x0000000002010425 }, 1 },
	{ "add.i32 r1, r2, r3", { 0x0000000302010030 }, 1 },
	{ "add.i64 r1, r2, -4", { 0xfffffffc02018130 }, 1 },
	{ "mul.f32 r1, r2, 2", { 0x4000000002018232 }, 1 },
	{ "mul.f32 r1, r2, 0x2", { 0x0000000202018232 }, 1 },
	{ "mul.f32 r1, r2, -0.5", { 0xbf00000002018232 }, 1 },
	{ "mad.f32 r1, r2, r3, r4", { 0x000004030201023d }, 1 },
	{ "sqrt.f32 r1, r2", { 0x0000000002010260 }, 1 },
	{ "f2i.i64 r1, r2", { 0x0000000002010170 }, 1 },
	{ "ld.u32 r1, [r2]", { 0x0000000002010280 }, 1 },
	{ "ld.local.u8 r1, [r2 + 9]", { 0x0000000902012080 }, 1 },
	{ "st.u64 [r2 - 8], r1", { 0xfffffff802010381 }, 1 },
	{ "atom.add.i64 r1, [r2 - 8], r3", { 0xfff8000302010190 }, 1 },
	{ "atom.cmpxchg.local.i32 r1, [r2], r3, r4", { 0x000004030201209a }, 1 },
	{ ".reg acc, r9\n.const N, 3\nadd.i32 acc, acc, N", { 0x0000000309098030 }, 1 },
	{ ".repeat i, 2\nmov r1, i\n.endrepeat", { 0x0000000000018020, 0x0000000100018020 }, 2 },
	{ "nop ; one\n# two\n// three\n\texit\r\n", { 0x01, 0x02 }, 2 },
};

static void test_golden(void)
{
	char message[256];
	size_t i;

	for (i = 0; i < sizeof(golden) / sizeof(golden[0]); i++) {
		struct gpup_program *program = assemble(golden[i].text, message, sizeof(message));
		bool good = program && gpup_program_size(program) == golden[i].count * 8 &&
			    !memcmp(gpup_program_code(program), golden[i].code,
				    golden[i].count * 8);

		if (!good)
			printf("# %s: %s, %016llx\n", golden[i].text, message, program ?
			       *(const unsigned long long *)gpup_program_code(program) : 0);
		tap_ok(good, "golden %zu", i);
		gpup_program_destroy(program);
	}
}

/* What is wrong, and where and how that is said. */
static const struct {
	const char *text;
	const char *message;
} wrong[] = {
	{ "", "t.s:1:1: error: there are no instructions" },
	{ "foo r1", "t.s:1:1: error: there is no instruction 'foo'" },
	{ "nop\n  add r1, r2, r3", "t.s:2:3: error: 'add' needs a type: .i32, .i64, .f32" },
	{ "and.f32 r1, r2, r3", "t.s:1:1: error: 'and' has no type '.f32'; it can have .i32, .i64" },
	{ "nop.i32", "t.s:1:1: error: 'nop' has no type" },
	{ "add.local.i32 r1, r2, r3", "t.s:1:1: error: 'add' has no form for local memory" },
	{ "st.s8 [r1], r2", "t.s:1:1: error: 'st' has no type '.s8'" },
	{ "mov r64, 1", "t.s:1:5: error: there is no register 'r64'; they are r0 to r63" },
	{ "mov x, 1", "t.s:1:5: error: 'x' is not a register" },
	{ "mov r1", "t.s:1:7: error: the line ends too early; ',' should follow" },
	{ "mov r1, x", "t.s:1:9: error: 'x' is not known" },
	{ "mov r1 r2", "t.s:1:8: error: 'r2' is out of place; ','" },
	{ "mov r1, r2 r3", "t.s:1:12: error: 'r3' is too much" },
	{ "mov r1, 12x", "t.s:1:9: error: '12x': this is not a number" },
	{ "mov r1, 1.2.3", "t.s:1:9: error: '1.2.3': this is not a number" },
	{ "mov r1, 99999999999999999999", "t.s:1:9: error: '99999999999999999999': the number does" },
	{ "mov r1, 1 / 0", "t.s:1:14: error: division by zero" },
	{ "mov r1, 1.5 + 1", "t.s:1:16: error: only whole numbers" },
	{ "add.i32 r1, r2, 1.5", "t.s:1:17: error: a whole number should stand here; the type" },
	{ "add.i64 r1, r2, 0x80000000", "t.s:1:17: error: 2147483648 is out of range" },
	{ "sreg r1, foo", "t.s:1:10: error: 'foo' is not a special register" },
	{ "ldarg.u64 r1, 4", "t.s:1:15: error: offset 4 is not a multiple of the 8 bytes" },
	{ "ld.u32 r1, r2", "t.s:1:12: error: 'r2' is out of place; '['" },
	{ "atom.add.i32 r1, [r2 + 40000], r3", "t.s:1:24: error: 40000 is out of range" },
	{ "else", "t.s:1:1: error: 'else' without 'if'" },
	{ "if r1\nloop\nendif", "t.s:3:1: error: 'endif' inside the 'loop' of line 2" },
	{ "if r1\nelse\nelse\nendif", "t.s:3:1: error: the 'if' of line 1 has an 'else'" },
	{ "nop\n loop\nnop", "t.s:2:2: error: this 'loop' is never closed; add 'endloop'" },
	{ "endloop", "t.s:1:1: error: 'endloop' without" },
	{ "loop\nif r1\nendloop", "t.s:3:1: error: 'endloop' inside the 'if' of line 2" },
	{ "if r1\nbreak\nendif", "t.s:2:1: error: 'break' outside" },
	{ "@", "t.s:1:1: error: '@': this character means nothing" },
	{ ".foo", "t.s:1:1: error: there is no directive '.foo'" },
	{ ".group 64, 64", "t.s:1:8: error: the group has too many lanes" },
	{ ".group 0", "t.s:1:8: error: 0 is out of range" },
	{ ".local 65537", "t.s:1:8: error: 65537 is out of range" },
	{ ".const a, 1\n.const a, 2", "t.s:2:8: error: 'a' is defined already" },
	{ ".reg r1, r2", "t.s:1:6: error: 'r1' cannot be a name" },
	{ ".endrepeat", "t.s:1:1: error: '.endrepeat' without" },
	{ ".repeat i, 2\nnop", "t.s:1:1: error: this '.repeat' is never closed" },
	{ ".repeat i, 2\nif r1\n.endrepeat\nendif", "t.s:3:1: error: 'if' and 'loop' must be closed" },
	{ ".repeat i, 8192\nnop\nnop\n.endrepeat", "t.s:2:4: error: the program is too long" },
	{ ".repeat i, 2\nnop\n.endrepeat\nmov r1, i", "t.s:4:9: error: 'i' is not known" },
};

static void test_wrong(void)
{
	char message[256];
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct gpup_program *program = assemble(wrong[i].text, message, sizeof(message));
		bool good = !program &&
			    !strncmp(message, wrong[i].message, strlen(wrong[i].message));

		if (!good)
			printf("# expected: %s\n# got: %s\n", wrong[i].message, message);
		tap_ok(good, "wrong %zu", i);
		gpup_program_destroy(program);
	}
}

static void test_directives(void)
{
	struct gpup_program *program;
	char message[256];
	uint32_t group[3];

	program = assemble(".local 9\n.group 4, 2\nnop", message, sizeof(message));
	tap_ok(program && gpup_program_local_size(program) == 16, ".local is rounded up");
	gpup_program_group(program, group);
	tap_ok(group[0] == 4 && group[1] == 2 && group[2] == 1, ".group");
	gpup_program_destroy(program);

	program = assemble("nop", message, sizeof(message));
	gpup_program_group(program, group);
	tap_ok(!gpup_program_local_size(program) && group[0] == 1, "without directives");
	gpup_program_destroy(program);

	tap_ok(!assemble("foo", message, 12) && !strcmp(message, "t.s:1:1: er"),
	       "a message is cut to its room");
}

static uint64_t random_bits(void)
{
	return (uint64_t)rand() << 42 ^ (uint64_t)rand() << 21 ^ (uint64_t)rand();
}

/*
 * All words that the disassembler takes come back from the assembler as they were; so do all
 * instructions, with random operands.
 */
static void test_round_trip(void)
{
	unsigned int type, round, seen = 0;
	char text[128], whole[512], message[256];
	bool good = true;
	size_t i;

	srand(1);
	for (i = 0; i < isa_insn_count; i++) {
		unsigned int taken = 0;

		for (type = 0; type < 8; type++)
			for (round = 0; round < 4000; round++) {
				uint64_t word = random_bits() & 0xffffffff3f3ff800;
				struct gpup_program *program;
				const char *before = "", *after = "";

				/* Words of random fields are seldom valid; try narrower ones. */
				if (round & 1)
					word &= 0xffff3f3f3f3fffff;
				if (round & 2)
					word &= 0x00003f3f3f3fffff;
				if (round & 4)
					word &= 0x0000003f3f3fffff;
				if (round & 8)
					word &= 0xffffffffff00ffff;
				if (round & 16)
					word &= 0x00000000ffffffff;
				if (round & 32)
					word &= 0xffffffff00ffffff;
				if (round & 64)
					word &= ~0xf800ull;
				if (round & 128)
					word &= 0x0000000fffffffff;
				if (round & 256)
					word &= 0x00000fffffffffff;
				word |= isa_insns[i].opcode | type << GPUP_SOFT_TYPE_SHIFT;
				if (gpup_disassemble(word, text, sizeof(text)))
					continue;
				taken++;
				if (isa_insns[i].opcode == GPUP_SOFT_OP_IF)
					after = "\nendif";
				else if (isa_insns[i].opcode == GPUP_SOFT_OP_LOOP)
					after = "\nendloop";
				else if (!strncmp(text, "break", 5) || !strncmp(text, "cont", 4))
					before = "loop\n", after = "\nendloop";
				else if (!strcmp(text, "endloop"))
					before = "loop\n";
				else if (!strcmp(text, "else"))
					before = "if r0\n", after = "\nendif";
				else if (!strcmp(text, "endif"))
					before = "if r0\n";
				snprintf(whole, sizeof(whole), "%s%s%s", before, text, after);
				program = assemble(whole, message, sizeof(message));
				if (!program || memcmp((const char *)gpup_program_code(program) +
						       (*before ? 8 : 0), &word, 8)) {
					printf("# %016llx: %s: %s\n", (unsigned long long)word,
					       text, message);
					good = false;
				}
				gpup_program_destroy(program);
				if (taken > 60)
					break;
			}
		if (!taken)
			printf("# never seen: %s\n", isa_insns[i].name);
		seen += taken > 0;
	}
	tap_ok(good, "what is disassembled can be assembled to the same");
	tap_ok(seen == isa_insn_count, "that was tried with %u of %zu instructions", seen,
	       isa_insn_count);
	tap_ok(gpup_disassemble(0, text, sizeof(text)) == -EINVAL &&
	       text[0] == ';', "zero is no instruction");
}

/* Texts cut anywhere, or with a byte changed, must neither crash nor hang. */
static void test_broken(const char *path)
{
	static char text[16384], broken[16384];
	struct gpup_program *program;
	char message[256];
	unsigned int round;
	size_t size;
	FILE *file;

	file = fopen(path, "r");
	if (!file) {
		tap_ok(false, "%s cannot be read", path);
		return;
	}
	size = fread(text, 1, sizeof(text), file);
	fclose(file);

	program = NULL;
	gpup_program_assemble(path, text, size, &program, message, sizeof(message));
	if (!tap_ok(program, "%s is assembled", path))
		printf("# %s\n", message);
	gpup_program_destroy(program);

	srand(1);
	for (round = 0; round < 3000; round++) {
		size_t length = round & 1 ? (size_t)rand() % size : size;
		int ret;

		memcpy(broken, text, size);
		broken[(size_t)rand() % size] = (char)rand();
		broken[(size_t)rand() % size] = " ,[]()+-*/!.;\nr0x"[rand() % 17];
		ret = gpup_program_assemble(path, broken, length, &program, message,
					    sizeof(message));
		if (!ret)
			gpup_program_destroy(program);
	}
	tap_ok(true, "broken forms of %s", path);
}

int main(int argc, char **argv)
{
	int i;

	test_golden();
	test_wrong();
	test_directives();
	test_round_trip();
	for (i = 1; i < argc; i++)
		test_broken(argv[i]);
	return tap_end();
}
