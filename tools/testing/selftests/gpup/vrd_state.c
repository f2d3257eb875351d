// SPDX-License-Identifier: GPL-2.0-only
/*
 * What operators see of a device that has stopped, and of a partition that is throttled.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netlink.h>

#include "harness.h"
#include "work.h"

#define EVENT_SIZE	8192
/* How long no event is to come. */
#define SILENCE_MS	300

/* As the scheduler has it ("Repeat offenders"): hangs that count, and when one is forgiven. */
#define THROTTLED_AT		3
#define LOST_AT			10
#define FORGIVEN_AFTER_MS	10000
/* The throttled partition is that much slower than it may be, or the device never stops. */
#define MAX_HANGS		60

FIXTURE(state) {
	char uuid[UUID_SIZE];
	struct vrd vrd;
	int uevents;
};

FIXTURE_SETUP(state)
{
	const struct vrd_config config = {};
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };

	mdev_create(mdev_smallest(), self->uuid);
	vrd_open(&self->vrd, self->uuid, &config);
	vrd_start(&self->vrd);
	self->uevents = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
	ASSERT_NE(-1, self->uevents);
	ASSERT_EQ(0, bind(self->uevents, (struct sockaddr *)&address, sizeof(address)));
}

FIXTURE_TEARDOWN(state)
{
	close(self->uevents);
	vrd_close(&self->vrd);
	EXPECT_EQ(0, mdev_remove(self->uuid));
}

/* Does a property of an event, "NAME=value", say this? */
static bool says(const char *event, size_t size, const char *name, const char *value)
{
	size_t length = strlen(name);
	const char *text;

	for (text = event; text < event + size; text += strlen(text) + 1)
		if (!strncmp(text, name, length) && text[length] == '=')
			return !strcmp(text + length + 1, value);
	return false;
}

/* Wait for an event of the partition; "error" may be NULL. */
static bool told(int uevents, const char *uuid, const char *what, const char *error, unsigned int ms)
{
	struct pollfd fd = { .fd = uevents, .events = POLLIN };
	char event[EVENT_SIZE + 1];
	uint64_t end = deadline(ms);
	ssize_t size;

	while (!is_over(end)) {
		if (poll(&fd, 1, 10) <= 0)
			continue;
		size = recv(uevents, event, EVENT_SIZE, 0);
		if (size <= 0)
			continue;
		event[size] = '\0';
		if (says(event, size, "GPUP_PARTITION", uuid) &&
		    says(event, size, "GPUP_EVENT", what) &&
		    (!error || says(event, size, "GPUP_ERROR", error)))
			return true;
	}
	return false;
}

/* The device stops for what its guest does; a reset makes it go on. */
TEST_F(state, a_mistake_of_the_driver)
{
	struct vrd *vrd = &self->vrd;
	char error[16];

	ASSERT_EQ(0, vrd_sync(vrd));
	EXPECT_EQ(0, partition_get(self->uuid, "needs_reset"));
	ASSERT_EQ(0, vrd_dma_unmap(vrd, VRD_MEMORY_BASE, vrd->config.memory));
	snprintf(error, sizeof(error), "%u", GPUP_VRD_ERROR_UNMAPPED);
	EXPECT_TRUE(told(self->uevents, self->uuid, "needs-reset", error, VRD_PATIENCE_MS));
	EXPECT_EQ(1, partition_get(self->uuid, "needs_reset"));
	EXPECT_EQ(1, mdev_get(self->uuid, "needs_reset"));
	EXPECT_EQ(0, partition_get(self->uuid, "throttled"));

	vrd_reset(vrd);
	EXPECT_EQ(0, partition_get(self->uuid, "needs_reset"));
	EXPECT_EQ(0, mdev_get(self->uuid, "needs_reset"));
}

/* A driver that gives up is no news, but a state. */
TEST_F(state, a_driver_that_gives_up)
{
	struct vrd *vrd = &self->vrd;

	vrd_write(vrd, GPUP_VRD_REG_STATUS,
		  vrd_read(vrd, GPUP_VRD_REG_STATUS) | GPUP_VRD_STATUS_FAILED);
	EXPECT_EQ(1, partition_get(self->uuid, "needs_reset"));
	EXPECT_FALSE(told(self->uevents, self->uuid, "needs-reset", NULL, SILENCE_MS));
	vrd_reset(vrd);
	EXPECT_EQ(0, partition_get(self->uuid, "needs_reset"));
}

/* How many of @hangs count for certain, the first of which was after @begin. */
static unsigned int still_count(unsigned int hangs, uint64_t begin)
{
	/* The kernel's clock is not this one, and has ticks. */
	uint64_t forgiven = (now_ms() - begin + 100) / FORGIVEN_AFTER_MS;

	return hangs > forgiven ? hangs - forgiven : 0;
}

/* Wait until that many hangs are counted, or until the device has stopped. */
static bool hung_or_stopped(const char *uuid, unsigned int hangs)
{
	uint64_t end = deadline(VRD_PATIENCE_MS);

	while (partition_get(uuid, "hangs") != hangs && !partition_get(uuid, "needs_reset")) {
		if (is_over(end))
			return false;
		sleep_ms(1);
	}
	return true;
}

/*
 * A VM that keeps hanging the GPU is throttled, and then its device stops; the host's is not. On a
 * machine that takes its time some hangs are forgiven meanwhile, and it takes more of them.
 */
TEST_F(state, hangs)
{
	struct vrd *vrd = &self->vrd;
	struct work work;
	uint64_t begin, throttled;
	char error[16];
	unsigned int i;
	int ret;

	ASSERT_EQ(0, mdev_set(self->uuid, "job_timeout_ms", "20"));
	work_create(&work, vrd, 0);
	begin = now_ms();
	for (i = 1; i <= MAX_HANGS; i++) {
		ASSERT_EQ(0, work_hang(&work));
		ASSERT_TRUE(hung_or_stopped(self->uuid, i));
		throttled = partition_get(self->uuid, "throttled");
		/* In between it depends on what is forgiven by now. */
		if (i < THROTTLED_AT)
			EXPECT_EQ(0, throttled);
		if (still_count(i, begin) >= THROTTLED_AT)
			EXPECT_EQ(1, throttled);
		if (i < LOST_AT)
			ASSERT_EQ(0, partition_get(self->uuid, "needs_reset"));
		if (still_count(i, begin) >= LOST_AT)
			break;
		ret = work_new_queue(&work);
		if (i >= LOST_AT && partition_get(self->uuid, "needs_reset"))
			break;
		ASSERT_EQ(0, ret);
	}
	printf("# %u hangs in %llu ms\n", i, (unsigned long long)(now_ms() - begin));
	snprintf(error, sizeof(error), "%u", GPUP_VRD_ERROR_HANGS);
	EXPECT_TRUE(told(self->uevents, self->uuid, "needs-reset", error, VRD_PATIENCE_MS));
	EXPECT_EQ(1, partition_get(self->uuid, "needs_reset"));
	EXPECT_EQ(1, partition_get(self->uuid, "throttled"));
	EXPECT_EQ(0, partition_get("host", "throttled"));
	EXPECT_EQ(0, partition_get("host", "needs_reset"));

	/* A reset does not give back its share: only time does. */
	vrd_reset(vrd);
	EXPECT_EQ(0, partition_get(self->uuid, "needs_reset"));
	EXPECT_EQ(1, partition_get(self->uuid, "throttled"));
}

TEST_HARNESS_MAIN
