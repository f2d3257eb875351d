// SPDX-License-Identifier: MIT
/* gpup: commands with a noun and a verb. */
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "operator.h"
#include "options.h"

const char *option_adapter, *option_uuid;

static const struct verb *find_verb(const struct verb *verbs, const char *name)
{
	const struct verb *verb;

	for (verb = verbs; verb->name; verb++)
		if (!strcmp(verb->name, name))
			return verb;
	usage_error("there is no '%s %s'", current_command->name, name);
}

int run_verb(const struct verb *verbs, int argc, char **argv)
{
	enum { OPTION_JSON = OPTION_FIRST, OPTION_ADAPTER, OPTION_UUID };
	static const struct option options[] = {
		{ "help", no_argument, NULL, OPTION_HELP },
		{ "json", no_argument, NULL, OPTION_JSON },
		{ "adapter", required_argument, NULL, OPTION_ADAPTER },
		{ "uuid", required_argument, NULL, OPTION_UUID },
		{ 0 }
	};
	const struct verb *verb = verbs;
	bool json = false, create;
	int option, words;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case OPTION_JSON:
			json = true;
			break;
		case OPTION_ADAPTER:
			option_adapter = optarg;
			break;
		case OPTION_UUID:
			option_uuid = optarg;
			break;
		HELP_CASES;
		}
	}
	if (optind < argc)
		verb = find_verb(verbs, argv[optind++]);
	words = argc - optind;
	if (words < verb->least)
		usage_error("'%s' needs more: %s", verb->name, verb->words);
	if (verb->most >= 0 && words > verb->most)
		usage_error("'%s' is too much", argv[optind + verb->most]);
	if (json && !verb->takes_json)
		usage_error("'%s' has no --json", verb->name);
	create = verb->run == partition_create;
	if ((option_adapter || option_uuid) && !create)
		usage_error("'%s' has neither --adapter nor --uuid", verb->name);
	verb->run(words, argv + optind, json);
	return 0;
}
