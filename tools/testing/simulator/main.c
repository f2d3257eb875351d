// SPDX-License-Identifier: GPL-2.0-only
/*
 * gpup-sim: the scheduler's core in virtual time. Prints TAP.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/types.h>

#include "vidsch_sim.h"

static void usage(FILE *f)
{
	fputs("Usage: gpup-sim [--seed N] [--times N] [--list] [CASE]\n"
	      "\n"
	      "Run the cases whose names hold the word CASE, or all, and see whether the scheduler\n"
	      "keeps its promises in them. Exit status 1 if not.\n"
	      "\n"
	      "  --seed N    where randomness begins (1)\n"
	      "  --times N   so many times as long (1)\n"
	      "  --list      names only\n", f);
}

static bool number(const char *text, unsigned long long *value)
{
	char *end;

	*value = strtoull(text, &end, 0);
	return *text >= '0' && *text <= '9' && !*end && *value;
}

static double ms(unsigned long long ns)
{
	return ns / 1e6;
}

static void print(const struct gpup_sim_result *r)
{
	printf("# %llu slices, %llu jobs, busy %.1f s\n", (unsigned long long)r->slices,
	       (unsigned long long)r->jobs, r->busy / 1e9);
	printf("# share: off by %.3f ms in a second, least to greatest %.4f\n", ms(r->share_error),
	       r->share_ratio / 1e6);
	if (r->lacks || r->excess)
		printf("# fluid sharing: lacks %.3f ms, has %.3f ms too much\n", ms(r->lacks),
		       ms(r->excess));
	if (r->cap_excess)
		printf("# cap: %.3f ms above it in 100 ms\n", ms(r->cap_excess));
	if (r->wakeups)
		printf("# woke up %llu times, waited %.3f ms (p99), %.3f ms (max)\n",
		       (unsigned long long)r->wakeups, ms(r->wake_p99), ms(r->wake_max));
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "times", required_argument, NULL, 't' },
		{ "list", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	unsigned long long seed = 1, times = 1;
	unsigned int i, n = 0, failed = 0;
	bool list = false;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		bool good = true;

		switch (option) {
		case 's':
			good = number(optarg, &seed);
			break;
		case 't':
			good = number(optarg, &times);
			break;
		case 'l':
			list = true;
			break;
		case 'h':
			usage(stdout);
			return 0;
		default:
			good = false;
			break;
		}
		if (!good) {
			usage(stderr);
			return 2;
		}
	}
	for (i = 0; i < gpup_sim_case_count; i++) {
		struct gpup_sim_case c = gpup_sim_cases[i];
		struct gpup_sim_result result;
		const char *broken;

		if (optind < argc && !strstr(c.name, argv[optind]))
			continue;
		n++;
		if (list) {
			puts(c.name);
			continue;
		}
		c.config.seed = seed;
		c.config.duration *= times;
		if (gpup_sim_run(&c.config, &result)) {
			fprintf(stderr, "gpup-sim: %s: out of memory\n", c.name);
			return 1;
		}
		print(&result);
		broken = gpup_sim_check(&c, &result);
		printf("%sok %u %s%s%s\n", broken ? "not " : "", n, c.name, broken ? ": " : "",
		       broken ? broken : "");
		failed += !!broken;
	}
	if (!n) {
		fprintf(stderr, "gpup-sim: no case has '%s' in its name; see --list\n",
			argv[optind]);
		return 2;
	}
	if (!list)
		printf("1..%u\n", n);
	return failed ? 1 : 0;
}
