/* SPDX-License-Identifier: MIT */
/* gpup: what the commands of operators share. */
#ifndef GPUP_OPERATOR_H
#define GPUP_OPERATOR_H

#include <stdbool.h>

#include "sysfs.h"

struct cJSON;

/* What a command does, named by the first word behind it: "gpup partition show". */
struct verb {
	const char *name;
	/* Takes the words behind the verb, without options. */
	void (*run)(int argc, char **argv, bool json);
	bool takes_json;
	int least, most;	/* words behind it; @most is -1 for any number */
	const char *words;	/* the same for messages: "PARTITION ATTRIBUTE=VALUE..." */
};

/* Options that verbs have besides --json. */
extern const char *option_adapter, *option_uuid;

/*
 * Take options and words of a command apart, and run a verb: the first without a word. Ends with a
 * message if something is wrong.
 */
int run_verb(const struct verb *verbs, int argc, char **argv);

/*
 * The partition of a name, of which the beginning is enough: "host", a UUID, or either behind
 * "ADAPTER/". Ends with a message unless there is just one.
 */
struct partition find_partition(const char *name);
struct adapter find_adapter(const char *id);
/* Ends with a message if it is the host's own. */
void must_be_mdev(const struct partition *partition, const char *what);

/* Take "NAME=VALUE" apart, and the value for the kernel. Ends with a message if it is neither. */
struct setting {
	const struct attribute *attribute;
	char text[32];
};
struct setting parse_setting(const char *word);
/* Set all or none. Returns NULL, or what was wrong, for free(). */
char *apply_settings(const struct partition *partition, const struct setting *settings, int count);

/* Create a device, change and remove one. */
void partition_create(int argc, char **argv, bool json);
void partition_set(int argc, char **argv, bool json);
void partition_remove(int argc, char **argv, bool json);

/* "qemu-system-x86[1234], ...": who has the device open; NULL if nobody has. For free(). */
char *device_users(const char *uuid);

struct cJSON *partition_to_json(const struct partition *partition);
/* A value for people. The result is valid as long as that of iec(). */
const char *value_text(const struct attribute *attribute, uint64_t value);

#endif
