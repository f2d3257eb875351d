/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fixture of tests that need a Virtual Render Device and nothing that drives it.
 */
#ifndef _SELFTESTS_GPUP_BARE_H_
#define _SELFTESTS_GPUP_BARE_H_

#include "harness.h"
#include "partition.h"
#include "vrd.h"

FIXTURE(device) {
	char uuid[UUID_SIZE];
	struct vrd vrd;
};

FIXTURE_VARIANT(device) {
	struct vrd_config config;
};

FIXTURE_VARIANT_ADD(device, mmap) {};

FIXTURE_VARIANT_ADD(device, no_mmap) {
	.config = { .no_mmap = true },
};

FIXTURE_SETUP(device)
{
	mdev_create(mdev_smallest(), self->uuid);
	vrd_open(&self->vrd, self->uuid, &variant->config);
}

FIXTURE_TEARDOWN(device)
{
	vrd_close(&self->vrd);
	EXPECT_EQ(0, mdev_remove(self->uuid));
}

#endif /* _SELFTESTS_GPUP_BARE_H_ */
