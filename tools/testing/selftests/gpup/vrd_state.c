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

/* A VM that keeps hanging the GPU is throttled, and then its device stops; the host's is not. */
TEST_F(state, hangs)
{
	struct vrd *vrd = &self->vrd;
	struct work work;
	char error[16];
	unsigned int i;

	ASSERT_EQ(0, mdev_set(self->uuid, "job_timeout_ms", "20"));
	work_create(&work, vrd, 0);
	for (i = 1; i <= 10; i++) {
		ASSERT_EQ(0, work_hang(&work));
		ASSERT_TRUE(partition_wait(self->uuid, "hangs", i, VRD_PATIENCE_MS));
		if (i == 10)
			break;
		EXPECT_EQ(i >= 3, partition_get(self->uuid, "throttled"));
		EXPECT_EQ(0, partition_get(self->uuid, "needs_reset"));
		ASSERT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_QUEUE_DESTROY, work.client,
					 work.compute.handle));
		ASSERT_EQ(0, vrd_queue_create(vrd, work.client, work.vm.handle,
					      DRM_GPUP_ENGINE_COMPUTE, &work.compute));
	}
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
