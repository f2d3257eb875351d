// SPDX-License-Identifier: GPL-2.0-only
/*
 * Count the instructions of kernel functions: count FUNCTION[,FUNCTION]... LINUX [ARGUMENT]...
 *
 * LINUX is a User Mode Linux kernel, which is a program; its arguments are to make it run something
 * that calls the functions. From entry to return each call is executed step by step. Interrupts
 * come when it is over. What is printed, as JSON, are the medians of the first calls: they do
 * not depend on the machine's speed, or on what else it does.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_FUNCTIONS	16
#define MAX_CALLS	101
/* A call that takes longer sleeps, or does not return. */
#define MAX_STEPS	10000000ul

#define BREAKPOINT	0xccul

struct function {
	const char *name;
	unsigned long address;
	unsigned long saved;	/* the word at its address, without the breakpoint */
	unsigned long counts[MAX_CALLS];
	unsigned int calls;
};

static struct function functions[MAX_FUNCTIONS];
static unsigned int function_count;
static pid_t kernel;
static int held_signal;

__attribute__((noreturn))
static void die(const char *what)
{
	fprintf(stderr, "count: %s: %s\n", what, errno ? strerror(errno) : "failed");
	if (kernel > 0)
		kill(kernel, SIGKILL);
	exit(1);
}

static void parse_names(char *list)
{
	char *name;

	for (name = strtok(list, ","); name; name = strtok(NULL, ",")) {
		if (function_count == MAX_FUNCTIONS)
			die("too many functions");
		functions[function_count++].name = name;
	}
}

static void find_addresses(const char *path)
{
	char command[4096], line[1024], name[512];
	unsigned long address;
	unsigned int i;
	FILE *file;

	snprintf(command, sizeof(command), "nm '%s'", path);
	file = popen(command, "r");
	if (!file)
		die("nm");
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%lx %*c %511s", &address, name) != 2)
			continue;
		for (i = 0; i < function_count; i++)
			if (!strcmp(name, functions[i].name))
				functions[i].address = address;
	}
	pclose(file);
	errno = 0;
	for (i = 0; i < function_count; i++)
		if (!functions[i].address)
			die(functions[i].name);
}

static unsigned long peek(unsigned long address)
{
	unsigned long word;

	errno = 0;
	word = ptrace(PTRACE_PEEKDATA, kernel, address, NULL);
	if (errno)
		die("reading the kernel's memory");
	return word;
}

static void poke(unsigned long address, unsigned long word)
{
	if (ptrace(PTRACE_POKEDATA, kernel, address, word))
		die("writing the kernel's memory");
}

static void set_breakpoints(void)
{
	unsigned int i;

	for (i = 0; i < function_count; i++) {
		struct function *f = &functions[i];

		if (f->calls == MAX_CALLS)
			continue;
		f->saved = peek(f->address);
		poke(f->address, (f->saved & ~0xfful) | BREAKPOINT);
	}
}

static void clear_breakpoints(void)
{
	unsigned int i;

	for (i = 0; i < function_count; i++)
		if ((peek(functions[i].address) & 0xff) == BREAKPOINT)
			poke(functions[i].address, functions[i].saved);
}

static int wait_for_stop(void)
{
	int status;

	if (waitpid(kernel, &status, 0) != kernel)
		die("waiting for the kernel");
	return status;
}

static void get_registers(struct user_regs_struct *regs)
{
	if (ptrace(PTRACE_GETREGS, kernel, NULL, regs))
		die("reading registers");
}

/* One instruction; a signal that is no consequence of it is kept for later. */
static void step(void)
{
	int signal = 0, status;

	for (;;) {
		if (ptrace(PTRACE_SINGLESTEP, kernel, NULL, signal))
			die("stepping");
		status = wait_for_stop();
		if (!WIFSTOPPED(status))
			die("the kernel ended inside a function");
		signal = WSTOPSIG(status);
		if (signal == SIGTRAP)
			return;
		if (signal == SIGALRM || signal == SIGVTALRM || signal == SIGIO) {
			held_signal = signal;
			signal = 0;
		}
	}
}

/* The kernel stands at its breakpoint. */
static void count_call(struct function *f)
{
	struct user_regs_struct regs;
	unsigned long steps = 0, back, stack;

	clear_breakpoints();
	get_registers(&regs);
	regs.rip = f->address;
	if (ptrace(PTRACE_SETREGS, kernel, NULL, &regs))
		die("writing registers");
	stack = regs.rsp;
	back = peek(stack);
	do {
		step();
		get_registers(&regs);
		if (++steps == MAX_STEPS) {
			errno = 0;
			die(f->name);
		}
	} while (regs.rip != back || regs.rsp <= stack);
	f->counts[f->calls++] = steps;
	set_breakpoints();
}

static struct function *at_breakpoint(void)
{
	struct user_regs_struct regs;
	unsigned int i;

	get_registers(&regs);
	for (i = 0; i < function_count; i++)
		if (regs.rip == functions[i].address + 1)
			return &functions[i];
	return NULL;
}

/* Until the kernel ends. */
static void run(void)
{
	struct function *f;
	int status, signal = 0;

	for (;;) {
		if (ptrace(PTRACE_CONT, kernel, NULL, signal))
			die("running the kernel");
		signal = 0;
		status = wait_for_stop();
		if (!WIFSTOPPED(status))
			return;
		if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8)) {
			/* It starts itself once more, at fixed addresses. */
			set_breakpoints();
			continue;
		}
		f = WSTOPSIG(status) == SIGTRAP ? at_breakpoint() : NULL;
		if (!f) {
			signal = WSTOPSIG(status);
			continue;
		}
		count_call(f);
		signal = held_signal;
		held_signal = 0;
	}
}

static int compare(const void *a, const void *b)
{
	const unsigned long *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static bool print_counts(void)
{
	bool good = true;
	unsigned int i;

	printf("{\n");
	for (i = 0; i < function_count; i++) {
		struct function *f = &functions[i];

		if (!f->calls) {
			fprintf(stderr, "count: %s was not called\n", f->name);
			good = false;
			continue;
		}
		qsort(f->counts, f->calls, sizeof(*f->counts), compare);
		printf(" \"%s\": %lu%s\n", f->name, f->counts[f->calls / 2],
		       i + 1 < function_count ? "," : "");
	}
	printf("}\n");
	return good;
}

int main(int argc, char **argv)
{
	int status;

	if (argc < 3) {
		fprintf(stderr, "Usage: count FUNCTION[,FUNCTION]... LINUX [ARGUMENT]...\n");
		return 2;
	}
	parse_names(argv[1]);
	find_addresses(argv[2]);
	kernel = fork();
	if (kernel < 0)
		die("fork");
	if (!kernel) {
		/* The kernel's log is not what is asked for. */
		dup2(STDERR_FILENO, STDOUT_FILENO);
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execv(argv[2], argv + 2);
		_exit(127);
	}
	status = wait_for_stop();
	if (!WIFSTOPPED(status))
		die("starting the kernel");
	if (ptrace(PTRACE_SETOPTIONS, kernel, NULL, PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL))
		die("PTRACE_SETOPTIONS");
	set_breakpoints();
	run();
	return print_counts() ? 0 : 1;
}
