// SPDX-License-Identifier: MIT
/* gpup: the command. One file per subcommand; this one finds it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"

static const struct command *const commands[] = {
	&command_adapter, &command_type, &command_partition, &command_metrics, &command_watch,
	&command_info, &command_run, &command_sgemm, &command_filter, &command_top,
	&command_mem, &command_stress, &command_load, &command_fault,
	&command_trace, &command_bench, &command_check,
};

#define COMMANDS	(sizeof(commands) / sizeof(commands[0]))

void print_help(const struct command *command)
{
	printf("Usage: gpup %s %s", command->name, command->help);
}

static void print_overview(FILE *file)
{
	size_t i;

	fputs("Usage: gpup COMMAND [OPTION]...\n"
	      "\n"
	      "Use a GPU that gpup has divided, on a host or in a virtual machine.\n"
	      "\n"
	      "Commands:\n", file);
	for (i = 0; i < COMMANDS; i++)
		fprintf(file, "  %-9s %s\n", commands[i]->name, commands[i]->summary);
	fputs("\n"
	      "'gpup COMMAND --help' has the options of a command, gpup(1) the whole.\n"
	      "  --help     print this\n"
	      "  --version  print the version\n", file);
}

int main(int argc, char **argv)
{
	char name[32];
	size_t i;

	/* What is lost on the way to a full disk must not end with status 0. */
	atexit(close_output);
	if (argc < 2) {
		print_overview(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		print_overview(stdout);
		return 0;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("gpup " GPUP_VERSION);
		return 0;
	}

	for (i = 0; i < COMMANDS; i++) {
		if (strcmp(argv[1], commands[i]->name))
			continue;
		current_command = commands[i];
		/* getopt_long() puts this before its messages. */
		snprintf(name, sizeof(name), "gpup %s", commands[i]->name);
		argv[1] = name;
		return commands[i]->run(argc - 1, argv + 1);
	}
	usage_error("there is no command '%s'", argv[1]);
}
