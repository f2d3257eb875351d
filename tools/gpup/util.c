// SPDX-License-Identifier: MIT
/* gpup: messages, numbers and files. */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "cmd.h"

const struct command *current_command;

/* The output could not be written, and that has been said. */
static bool output_lost;

static void print_name(void)
{
	fprintf(stderr, "gpup%s%s: ", current_command ? " " : "",
		current_command ? current_command->name : "");
}

static void print_prefix(void)
{
	fflush(stdout);
	print_name();
}

void die(int status, const char *format, ...)
{
	va_list args;

	print_prefix();
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(status);
}

void usage_error(const char *format, ...)
{
	va_list args;

	print_prefix();
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\nTry 'gpup%s%s --help'.\n", current_command ? " " : "",
		current_command ? current_command->name : "");
	exit(EXIT_USAGE);
}

/* Why: an earlier write may have failed, whose errno nobody has kept. */
static const char *reason(int error)
{
	return error ? strerror(error) : "could not be written";
}

void flush_output(void)
{
	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return;
	output_lost = true;
	die(EXIT_FAILED, "standard output: %s", reason(errno));
}

void close_output(void)
{
	bool failed = ferror(stdout), pending = __fpending(stdout);

	errno = 0;
	/* Who was started without an output, and has written nothing, has lost nothing. */
	if (fclose(stdout) && (failed || pending || errno != EBADF))
		failed = true;
	if (!failed || output_lost)
		return;
	print_name();
	fprintf(stderr, "standard output: %s\n", reason(errno));
	_exit(EXIT_FAILED);
}

uint64_t parse_number(const char *option, const char *text, uint64_t low, uint64_t high)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || end == text || *end || strchr(text, '-') || value < low || value > high)
		usage_error("%s: '%s' is not a whole number from %llu to %llu", option, text,
			    (unsigned long long)low, (unsigned long long)high);
	return value;
}

double parse_seconds(const char *option, const char *text)
{
	double value;
	char *end;

	value = strtod(text, &end);
	if (end == text || *end || !isfinite(value) || value <= 0 || value > 1e6)
		usage_error("%s: '%s' is not a number of seconds above 0", option, text);
	return value;
}

void parse_triple(const char *option, const char *text, uint32_t high, uint32_t triple[3])
{
	char copy[64], *rest = copy, *part;
	int count = 0;

	triple[0] = triple[1] = triple[2] = 1;
	if (strlen(text) >= sizeof(copy))
		usage_error("%s: '%s' is too long; give one to three numbers", option, text);
	strcpy(copy, text);
	while ((part = strsep(&rest, ","))) {
		if (count == 3)
			usage_error("%s: '%s' is too much; give one to three numbers, as in 4,4,1",
				    option, text);
		triple[count++] = (uint32_t)parse_number(option, part, 1, high);
	}
}

void read_name(const char *path, char *name, size_t size)
{
	FILE *file = fopen(path, "r");
	char *c;

	if (!file)
		return;
	if (fgets(name, (int)size, file))
		name[strcspn(name, "\n")] = '\0';
	fclose(file);
	for (c = name; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '_';
}

void *xmalloc(size_t size)
{
	void *memory = malloc(size ? size : 1);

	if (!memory)
		die(EXIT_FAILED, "out of memory");
	return memory;
}

void *read_file(const char *path, size_t *size)
{
	size_t room = 65536, used = 0, got;
	char *data = xmalloc(room + 1);
	FILE *file;

	file = strcmp(path, "-") ? fopen(path, "rb") : stdin;
	if (!file)
		die(EXIT_FAILED, "%s: %s", path, strerror(errno));
	while ((got = fread(data + used, 1, room - used, file))) {
		used += got;
		if (used < room)
			continue;
		room *= 2;
		data = realloc(data, room + 1);
		if (!data)
			die(EXIT_FAILED, "%s: out of memory", path);
	}
	if (ferror(file))
		die(EXIT_FAILED, "%s: %s", path, strerror(errno));
	if (file != stdin)
		fclose(file);
	data[used] = '\0';
	*size = used;
	return data;
}

void write_file(const char *path, const void *data, size_t size)
{
	FILE *file;
	bool good;

	if (!strcmp(path, "-")) {
		fwrite(data, 1, size, stdout);
		flush_output();
		return;
	}
	file = fopen(path, "wb");
	if (!file)
		die(EXIT_FAILED, "%s: %s", path, strerror(errno));
	good = fwrite(data, 1, size, file) == size;
	if (fclose(file) || !good)
		die(EXIT_FAILED, "%s: %s", path, strerror(errno));
}

/* Some results may be wanted in one printf(). */
static char *text_buffer(void)
{
	static char buffers[16][32];
	static unsigned int next;

	return buffers[next++ % 16];
}

static const char *iec_format(uint64_t bytes, const char *space, const char *unit)
{
	static const char prefixes[] = " KMGTPE";
	double value = (double)bytes;
	char *text = text_buffer();
	int i = 0;

	/* 1023.9 would be printed as 1024. */
	for (; value >= 1023.5 && prefixes[i + 1]; i++)
		value /= 1024;
	if (!i)
		snprintf(text, 32, "%llu%s%s", (unsigned long long)bytes, space, "B");
	else if (value < 99.95 && value != floor(value))
		snprintf(text, 32, "%.1f%s%c%s", value, space, prefixes[i], unit);
	else
		snprintf(text, 32, "%.0f%s%c%s", value, space, prefixes[i], unit);
	return text;
}

const char *iec(uint64_t bytes)
{
	return iec_format(bytes, " ", "iB");
}

const char *iec_short(uint64_t bytes)
{
	return bytes ? iec_format(bytes, "", "") : "0";
}

const char *count_short(uint64_t count)
{
	static const char prefixes[] = " kMGTPE";
	double value = (double)count;
	char *text = text_buffer();
	int i = 0;

	if (count < 100000) {
		snprintf(text, 32, "%u", (unsigned int)count);
		return text;
	}
	/* 999.9 would be printed as 1000. */
	for (; value >= 999.5 && prefixes[i + 1]; i++)
		value /= 1000;
	snprintf(text, 32, value < 99.95 ? "%.1f%c" : "%.0f%c", value, prefixes[i]);
	return text;
}

const char *duration(uint64_t ns)
{
	char *text = text_buffer();

	if (ns < 1000000)
		snprintf(text, 32, "%.1f us", (double)ns / 1e3);
	else if (ns < 1000000000)
		snprintf(text, 32, "%.1f ms", (double)ns / 1e6);
	else
		snprintf(text, 32, "%.2f s", (double)ns / 1e9);
	return text;
}

uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t checksum(const void *data, size_t size)
{
	const unsigned char *at = data;
	uint64_t hash = 0xcbf29ce484222325;

	while (size--)
		hash = (hash ^ *at++) * 0x100000001b3;
	return hash;
}

void print_json(struct cJSON *json, bool one_line)
{
	char *text = one_line ? cJSON_PrintUnformatted(json) : cJSON_Print(json);

	if (!text)
		die(EXIT_FAILED, "out of memory");
	puts(text);
	flush_output();
	cJSON_free(text);
	cJSON_Delete(json);
}
