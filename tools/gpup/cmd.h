/* SPDX-License-Identifier: MIT */
/* gpup: what its subcommands share. */
#ifndef GPUP_CMD_H
#define GPUP_CMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit statuses; gpup(1) documents them. */
#define EXIT_FAILED	1	/* something went wrong at run time */
#define EXIT_USAGE	2	/* wrong arguments */
#define EXIT_BANNED	3	/* the GPU stopped the job */

struct command {
	const char *name;
	const char *summary;	/* one line */
	const char *help;	/* what --help prints behind the usage line */
	int (*run)(int argc, char **argv);
};

extern const struct command command_info, command_run, command_sgemm, command_filter,
	command_top, command_mem, command_stress, command_load, command_fault,
	command_trace, command_bench, command_check, command_adapter, command_type,
	command_partition, command_metrics, command_watch;

/* Kernels that the command carries along, as text. */
extern const char kernel_sgemm[], kernel_sgemm_end[];
extern const char kernel_convolve[], kernel_convolve_end[];
extern const char kernel_endless[], kernel_endless_end[];

/* The command that runs, for messages. */
extern const struct command *current_command;

/* Print "gpup NAME: message" and end. */
__attribute__((noreturn, format(printf, 2, 3)))
void die(int status, const char *format, ...);
/* The same for wrong arguments; points to --help. */
__attribute__((noreturn, format(printf, 1, 2)))
void usage_error(const char *format, ...);
void print_help(const struct command *command);

/* Write what was printed so far; ends with a message if that fails. */
void flush_output(void);
/* The same at the end of the program, whatever that is: for atexit(). */
void close_output(void);

/* Numbers of the command line; out of range or malformed ends in usage_error(). */
uint64_t parse_number(const char *option, const char *text, uint64_t low, uint64_t high);
double parse_seconds(const char *option, const char *text);
/* "N[,N[,N]]"; what is missing is 1. */
void parse_triple(const char *option, const char *text, uint32_t high, uint32_t triple[3]);

/* A file's contents, with a zero behind them; "-" is standard input. Never returns NULL. */
void *read_file(const char *path, size_t *size);
void write_file(const char *path, const void *data, size_t size);

/*
 * A process's name, from "/proc/PID/comm"; what is in @name is left if that has gone. All but
 * printable ASCII becomes "_": a process chooses its own name, and nothing of it may steer a
 * terminal. The kernel cuts it at 15 bytes, in the middle of a character, too, and that is no text.
 */
void read_name(const char *path, char *name, size_t size);

void *xmalloc(size_t size);

/* 1536 -> "1.5 KiB"; the result is valid until the 16th call after this one. */
const char *iec(uint64_t bytes);
/* The same without the unit's "iB": "1.5K"; at most 5 characters. */
const char *iec_short(uint64_t bytes);
/* How many: "99999", "1.2M", in units of 1000; at most 5 characters. */
const char *count_short(uint64_t count);
/* Nanoseconds: "12.3 ms". */
const char *duration(uint64_t ns);
uint64_t now_ns(void);

/* FNV-1a, 64 bits: to tell results apart. */
uint64_t checksum(const void *data, size_t size);

/* "1 job", "2 jobs" */
#define PLURAL(count)	((count) == 1 ? "" : "s")

struct cJSON;
/* Print and free. */
void print_json(struct cJSON *json, bool one_line);

#endif
