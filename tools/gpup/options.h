/* SPDX-License-Identifier: MIT */
/* gpup: options that all subcommands have. */
#ifndef GPUP_OPTIONS_H
#define GPUP_OPTIONS_H

#include <getopt.h>
#include <stdlib.h>

/* Long options without a letter. */
enum {
	OPTION_HELP = 256,
	OPTION_DEVICE,
	OPTION_FIRST,		/* of a subcommand's own */
};

#define COMMON_OPTIONS \
	{ "help", no_argument, NULL, OPTION_HELP }, \
	{ "device", required_argument, NULL, OPTION_DEVICE }

#define COMMON_HELP \
	"  --device PATH       the GPU's render node; else GPUP_DEVICE, or the first\n" \
	"  --help              print this\n"

/* For the switch over getopt_long(): the last of its cases. */
#define HELP_CASES \
	case OPTION_HELP: \
		print_help(current_command); \
		exit(0); \
	default: \
		fprintf(stderr, "Try 'gpup %s --help'.\n", current_command->name); \
		exit(EXIT_USAGE)

/* The same for commands that use a GPU; @device is a variable for the path. */
#define COMMON_CASES(device) \
	case OPTION_DEVICE: \
		device = optarg; \
		break; \
	HELP_CASES

#endif
