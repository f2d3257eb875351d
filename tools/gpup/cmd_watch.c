// SPDX-License-Identifier: MIT
/* gpup watch: what happens to partitions, as the kernel tells it (uevents). */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libudev.h>

#include "cmd.h"
#include "operator.h"
#include "options.h"
#include "watch.h"

/* "/devices/.../f000:00:00.0/UUID": the GPU that this is a mediated device of, or NULL. */
static const char *adapter_of(const char *syspath)
{
	static char id[NAME_SIZE];
	struct adapter *list;
	const char *slash = strrchr(syspath, '/'), *before = slash;
	const char *found = NULL;
	int count, i;

	if (!slash)
		return NULL;
	while (before > syspath && before[-1] != '/')
		before--;
	count = read_adapters(&list);
	for (i = 0; i < count; i++) {
		if (strlen(list[i].device) != (size_t)(slash - before) ||
		    strncmp(list[i].device, before, (size_t)(slash - before)))
			continue;
		snprintf(id, sizeof(id), "%s", list[i].id);
		found = id;
	}
	if (count > 0)
		free(list);
	return found;
}

/* Is it one that is shown? What @event has is as good as @device. */
static bool understand(struct udev_device *device, struct watch_event *event)
{
	const char *action = udev_device_get_action(device);
	const char *subsystem = udev_device_get_subsystem(device);
	int i;

	*event = (struct watch_event){ .time = time(NULL) };
	if (!action || !subsystem)
		return false;
	for (i = 0; i < WATCH_DETAILS; i++)
		event->details[i] = udev_device_get_property_value(device, watch_properties[i]);
	if (!strcmp(subsystem, "gpup")) {
		event->adapter = udev_device_get_sysname(device);
		event->partition = udev_device_get_property_value(device, "GPUP_PARTITION");
		event->what = udev_device_get_property_value(device, "GPUP_EVENT");
		if (!event->what && !strcmp(action, "add"))
			event->what = "adapter added";
		else if (!event->what && !strcmp(action, "remove"))
			event->what = "adapter removed";
		return event->what;
	}
	if (strcmp(action, "add") && strcmp(action, "remove"))
		return false;
	event->what = strcmp(action, "add") ? "removed" : "created";
	event->partition = udev_device_get_sysname(device);
	event->adapter = adapter_of(udev_device_get_syspath(device));
	return event->adapter;
}

static void show(const struct watch_event *event, bool json)
{
	if (json)
		print_json(watch_to_json(event), true);
	else
		watch_print(event, stdout);
	flush_output();
}

static struct udev_monitor *listen_to_kernel(struct udev *udev)
{
	/* The kernel's own words: there need not be a udevd. */
	struct udev_monitor *monitor = udev ? udev_monitor_new_from_netlink(udev, "kernel") : NULL;

	if (!monitor ||
	    udev_monitor_filter_add_match_subsystem_devtype(monitor, "gpup", NULL) < 0 ||
	    udev_monitor_filter_add_match_subsystem_devtype(monitor, "mdev", NULL) < 0 ||
	    udev_monitor_enable_receiving(monitor) < 0)
		die(EXIT_FAILED, "the kernel's events cannot be received: %s", strerror(errno));
	return monitor;
}

/* Until there were @count, or until the time is over; zero is for ever. */
static void watch(uint64_t count, double seconds, bool json)
{
	struct udev *udev = udev_new();
	struct udev_monitor *monitor = listen_to_kernel(udev);
	struct pollfd fd = { .fd = udev_monitor_get_fd(monitor), .events = POLLIN };
	uint64_t end = now_ns() + (uint64_t)(seconds * 1e9), now, seen = 0;
	struct udev_device *device;
	struct watch_event event;
	int wait = -1;

	if (!json) {
		puts("# listening");
		flush_output();
	}
	while (!count || seen < count) {
		if (seconds > 0) {
			now = now_ns();
			if (now >= end)
				break;
			wait = (int)((end - now) / 1000000) + 1;
		}
		if (poll(&fd, 1, wait) <= 0)
			continue;
		device = udev_monitor_receive_device(monitor);
		if (!device)
			continue;
		if (understand(device, &event)) {
			show(&event, json);
			seen++;
		}
		udev_device_unref(device);
	}
	udev_monitor_unref(monitor);
	udev_unref(udev);
}

static int run(int argc, char **argv)
{
	enum { OPTION_JSON = OPTION_FIRST, OPTION_COUNT, OPTION_SECONDS };
	static const struct option options[] = {
		{ "help", no_argument, NULL, OPTION_HELP },
		{ "json", no_argument, NULL, OPTION_JSON },
		{ "count", required_argument, NULL, OPTION_COUNT },
		{ "seconds", required_argument, NULL, OPTION_SECONDS },
		{ 0 }
	};
	uint64_t count = 0;
	double seconds = 0;
	bool json = false;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case OPTION_JSON:
			json = true;
			break;
		case OPTION_COUNT:
			count = parse_number("--count", optarg, 1, 1000000000);
			break;
		case OPTION_SECONDS:
			seconds = parse_seconds("--seconds", optarg);
			break;
		HELP_CASES;
		}
	}
	if (optind < argc)
		usage_error("'%s' is too much; there are options only", argv[optind]);
	watch(count, seconds, json);
	return 0;
}

const struct command command_watch = {
	.name = "watch",
	.summary = "show what happens to partitions",
	.help = "[--count N] [--seconds S] [--json]\n"
		"\n"
		"Print each event: partitions that are created and removed or whose limits were\n"
		"changed (budget), jobs that hang or touch what is not theirs, VMs that are\n"
		"throttled for it, released, or whose device has stopped (needs-reset).\n"
		"\n"
		"  --count N           end after so many\n"
		"  --seconds S         end after so long\n"
		"  --json              one object a line\n"
		"  --help              print this\n",
	.run = run,
};
