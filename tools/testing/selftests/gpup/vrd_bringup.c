// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers of a Virtual Render Device: bring-up in every order, set-up with every field wrong,
 * and the ways back to a new device.
 */
#include <errno.h>
#include <string.h>

#include <linux/pci_regs.h>

#include "bare.h"

#define ACK		GPUP_VRD_STATUS_ACKNOWLEDGE
#define DRIVER		GPUP_VRD_STATUS_DRIVER
#define FEATURES	GPUP_VRD_STATUS_FEATURES_OK
#define RUNNING		GPUP_VRD_STATUS_DRIVER_OK
#define FAILED		GPUP_VRD_STATUS_FAILED
#define NEEDS_RESET	GPUP_VRD_STATUS_NEEDS_RESET
#define ALL		(ACK | DRIVER | FEATURES | RUNNING)

#define BAR0		VFIO_PCI_BAR0_REGION_INDEX

TEST_F(device, registers)
{
	struct vrd *vrd = &self->vrd;
	uint32_t reg, features, words[2];
	uint16_t half;

	EXPECT_EQ(GPUP_VRD_MAGIC, vrd_read(vrd, GPUP_VRD_REG_MAGIC));
	EXPECT_EQ(GPUP_VRD_VERSION, vrd_read(vrd, GPUP_VRD_REG_VERSION));
	features = vrd_read(vrd, GPUP_VRD_REG_DEVICE_FEATURES);
	EXPECT_EQ(GPUP_VRD_F_DOORBELL_PAGE | GPUP_VRD_F_MEMORY_STATUS | GPUP_VRD_F_RING_STATUS |
		  GPUP_VRD_F_NOTIFY_IDLE | GPUP_VRD_F_QUIET, features);
	EXPECT_NE(0, vrd_read(vrd, GPUP_VRD_REG_MAX_OBJECTS));
	EXPECT_GE(0x10000, vrd_read(vrd, GPUP_VRD_REG_MAX_OBJECTS));
	EXPECT_EQ(GPUP_VRD_SLOTS_MAX, vrd_read(vrd, GPUP_VRD_REG_MAX_TIMELINES));
	EXPECT_TRUE(vrd_status_is(vrd, 0, GPUP_VRD_ERROR_NONE));
	for (reg = GPUP_VRD_REG_CMD_LO; reg < GPUP_VRD_REGS_SIZE; reg += 4)
		EXPECT_EQ(0, vrd_read(vrd, reg)) {
			TH_LOG("register %#x", reg);
		}

	/* Accesses that are not of 32 bits, aligned, do nothing and fail nothing. */
	EXPECT_EQ(2, vrd_region_read(vrd, BAR0, 0, &half, 2));
	EXPECT_EQ(0xffff, half);
	EXPECT_EQ(4, vrd_region_read(vrd, BAR0, 2, words, 4));
	EXPECT_EQ(UINT32_MAX, words[0]);
	EXPECT_EQ(8, vrd_region_read(vrd, BAR0, 0, words, 8));
	EXPECT_EQ(GPUP_VRD_VERSION, words[1]);
	half = ACK;
	EXPECT_EQ(2, vrd_region_write(vrd, BAR0, GPUP_VRD_REG_STATUS, &half, 2));
	words[0] = UINT32_MAX;
	EXPECT_EQ(4, vrd_region_write(vrd, BAR0, GPUP_VRD_REG_STATUS + 2, words, 4));
	EXPECT_TRUE(vrd_status_is(vrd, 0, GPUP_VRD_ERROR_NONE));

	/* What is read-only, or is not there. */
	vrd_write(vrd, GPUP_VRD_REG_MAGIC, 0);
	vrd_write(vrd, GPUP_VRD_REG_VERSION, 0);
	vrd_write(vrd, GPUP_VRD_REG_DEVICE_FEATURES, UINT32_MAX);
	vrd_write(vrd, GPUP_VRD_REG_ERROR, UINT32_MAX);
	vrd_write(vrd, GPUP_VRD_REG_MAX_OBJECTS, UINT32_MAX);
	vrd_write(vrd, GPUP_VRD_REG_MAX_TIMELINES, UINT32_MAX);
	vrd_write(vrd, GPUP_VRD_REG_DOORBELL, UINT32_MAX);
	for (reg = GPUP_VRD_REGS_END; reg < GPUP_VRD_REGS_SIZE; reg += 4)
		vrd_write(vrd, reg, UINT32_MAX);
	EXPECT_EQ(GPUP_VRD_MAGIC, vrd_read(vrd, GPUP_VRD_REG_MAGIC));
	EXPECT_EQ(GPUP_VRD_VERSION, vrd_read(vrd, GPUP_VRD_REG_VERSION));
	EXPECT_EQ(features, vrd_read(vrd, GPUP_VRD_REG_DEVICE_FEATURES));
	EXPECT_TRUE(vrd_status_is(vrd, 0, GPUP_VRD_ERROR_NONE));
	vrd_start(vrd);
	EXPECT_EQ(0, vrd_sync(vrd));
}

#define SEQUENCE_MAX	5

/* A way through bring-up, and where it ends. */
struct sequence {
	const char *name;
	struct {
		uint32_t reg;
		uint32_t value;
	} writes[SEQUENCE_MAX];
	uint32_t status;
	uint32_t error;
};

#define S(_value)	{ GPUP_VRD_REG_STATUS, _value }
#define W(_reg, _value)	{ GPUP_VRD_REG_##_reg, _value }

static const struct sequence sequences[] = {
	{ "step by step", { S(ACK), S(ACK | DRIVER), W(DRIVER_FEATURES, 1),
			    S(ACK | DRIVER | FEATURES) },
	  ACK | DRIVER | FEATURES, GPUP_VRD_ERROR_NONE },
	{ "no feature", { S(ACK), S(ACK | DRIVER), S(ACK | DRIVER | FEATURES) },
	  ACK | DRIVER | FEATURES, GPUP_VRD_ERROR_NONE },
	{ "two steps at once", { S(ACK | DRIVER), S(ACK | DRIVER | FEATURES) },
	  ACK | DRIVER | FEATURES, GPUP_VRD_ERROR_NONE },
	{ "the same twice", { S(ACK), S(ACK) }, ACK, GPUP_VRD_ERROR_NONE },
	{ "DRIVER first", { S(DRIVER) }, FAILED, GPUP_VRD_ERROR_SEQUENCE },
	{ "no DRIVER", { S(ACK), S(ACK | FEATURES) }, ACK | FAILED, GPUP_VRD_ERROR_SEQUENCE },
	{ "no FEATURES_OK", { S(ACK | DRIVER), S(ACK | DRIVER | RUNNING) },
	  ACK | DRIVER | FAILED, GPUP_VRD_ERROR_SEQUENCE },
	{ "a bit taken away", { S(ACK | DRIVER), S(ACK) },
	  ACK | DRIVER | FAILED, GPUP_VRD_ERROR_SEQUENCE },
	{ "bit 4", { S(1 << 4) }, FAILED, GPUP_VRD_ERROR_SEQUENCE },
	{ "bit 5", { S(ACK | 1 << 5) }, FAILED, GPUP_VRD_ERROR_SEQUENCE },
	{ "bit 8", { S(ACK), S(ACK | 1 << 8) }, ACK | FAILED, GPUP_VRD_ERROR_SEQUENCE },
	{ "all ones", { S(UINT32_MAX) }, FAILED, GPUP_VRD_ERROR_SEQUENCE },
	{ "the driver gives up", { S(ACK), S(ACK | FAILED), S(ACK | DRIVER | FAILED) },
	  ACK | FAILED, GPUP_VRD_ERROR_NONE },
	{ "no rings", { S(ACK | DRIVER | FEATURES), S(ALL) },
	  ACK | DRIVER | FEATURES | FAILED, GPUP_VRD_ERROR_SETUP },
	{ "features too early", { S(ACK), W(DRIVER_FEATURES, 1) },
	  ACK | FAILED, GPUP_VRD_ERROR_SEQUENCE },
	{ "features too late", { S(ACK | DRIVER | FEATURES), W(DRIVER_FEATURES, 0) },
	  ACK | DRIVER | FEATURES | FAILED, GPUP_VRD_ERROR_SEQUENCE },
	{ "unknown features", { S(ACK | DRIVER), W(DRIVER_FEATURES, UINT32_MAX),
				S(ACK | DRIVER | FEATURES) },
	  ACK | DRIVER, GPUP_VRD_ERROR_NONE },
	{ "one unknown feature", { S(ACK | DRIVER), W(DRIVER_FEATURES, 1u << 31),
				   S(ACK | DRIVER | FEATURES) },
	  ACK | DRIVER, GPUP_VRD_ERROR_NONE },
	{ "a second attempt at features",
	  { S(ACK | DRIVER), W(DRIVER_FEATURES, 1u << 31), S(ACK | DRIVER | FEATURES),
	    W(DRIVER_FEATURES, 0), S(ACK | DRIVER | FEATURES) },
	  ACK | DRIVER | FEATURES, GPUP_VRD_ERROR_NONE },
	{ "CMD_LO too early", { S(ACK | DRIVER), W(CMD_LO, 0) },
	  ACK | DRIVER | FAILED, GPUP_VRD_ERROR_SEQUENCE },
	{ "CMD_HI too early", { S(ACK | DRIVER), W(CMD_HI, 0) },
	  ACK | DRIVER | FAILED, GPUP_VRD_ERROR_SEQUENCE },
	{ "CMD_SIZE too early", { S(ACK | DRIVER), W(CMD_SIZE, 0) },
	  ACK | DRIVER | FAILED, GPUP_VRD_ERROR_SEQUENCE },
	{ "EVT_LO too early", { S(ACK | DRIVER), W(EVT_LO, 0) },
	  ACK | DRIVER | FAILED, GPUP_VRD_ERROR_SEQUENCE },
	{ "EVT_SIZE too early", { S(ACK), W(EVT_SIZE, 0) },
	  ACK | FAILED, GPUP_VRD_ERROR_SEQUENCE },
	{ "SLOTS_LO too early", { W(SLOTS_LO, 0) }, FAILED, GPUP_VRD_ERROR_SEQUENCE },
	{ "SLOTS_COUNT too early", { W(SLOTS_COUNT, 1) }, FAILED, GPUP_VRD_ERROR_SEQUENCE },
	{ "MEMORY_LO too early", { S(ACK | DRIVER), W(MEMORY_LO, 0) },
	  ACK | DRIVER | FAILED, GPUP_VRD_ERROR_SEQUENCE },
	{ "MEMORY_HI too early", { W(MEMORY_HI, 0) }, FAILED, GPUP_VRD_ERROR_SEQUENCE },
	{ "doorbell too early", { S(ACK), W(DOORBELL, 1) }, ACK, GPUP_VRD_ERROR_NONE },
};

TEST_F(device, bring_up_order)
{
	struct vrd *vrd = &self->vrd;
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(sequences); i++) {
		const struct sequence *s = &sequences[i];

		vrd_write(vrd, GPUP_VRD_REG_STATUS, 0);
		for (j = 0; j < SEQUENCE_MAX && (s->writes[j].reg || s->writes[j].value); j++)
			vrd_write(vrd, s->writes[j].reg, s->writes[j].value);
		EXPECT_TRUE(vrd_status_is(vrd, s->status, s->error)) {
			TH_LOG("%s", s->name);
		}
		if (!(s->status & FAILED))
			continue;
		/* Nothing helps but a reset. */
		vrd_write(vrd, GPUP_VRD_REG_STATUS, ACK);
		vrd_write(vrd, GPUP_VRD_REG_STATUS, ACK | DRIVER);
		vrd_write(vrd, GPUP_VRD_REG_CMD_SIZE, 1);
		EXPECT_TRUE(vrd_status_is(vrd, s->status, s->error)) {
			TH_LOG("%s: after the failure", s->name);
		}
		vrd_write(vrd, GPUP_VRD_REG_STATUS, 0);
		EXPECT_TRUE(vrd_status_is(vrd, 0, GPUP_VRD_ERROR_NONE));
		EXPECT_EQ(0, vrd_read(vrd, GPUP_VRD_REG_CMD_SIZE));
		EXPECT_EQ(0, vrd_read(vrd, GPUP_VRD_REG_DRIVER_FEATURES));
	}
	vrd_start(vrd);
	EXPECT_EQ(0, vrd_sync(vrd));
}

/* Addresses that are not constants. */
#define IN_MEMORY	1
#define AT_END		2

/* One register of the set-up that is wrong. */
struct setup {
	const char *name;
	uint32_t reg;
	uint32_t value;
	int base;
	uint32_t error;
};

#define BAD_RING(_ring) \
	{ #_ring " not aligned to 8", GPUP_VRD_REG_##_ring##_LO, 4, IN_MEMORY, \
	  GPUP_VRD_ERROR_SETUP }, \
	{ #_ring " not aligned to a page", GPUP_VRD_REG_##_ring##_LO, 2048, IN_MEMORY, \
	  GPUP_VRD_ERROR_SETUP }, \
	{ #_ring " at 0", GPUP_VRD_REG_##_ring##_LO, 0, 0, GPUP_VRD_ERROR_MEMORY }, \
	{ #_ring " across the end of memory", GPUP_VRD_REG_##_ring##_LO, 0, AT_END, \
	  GPUP_VRD_ERROR_MEMORY }, \
	{ #_ring " far beyond memory", GPUP_VRD_REG_##_ring##_HI, 1, 0, GPUP_VRD_ERROR_MEMORY }, \
	{ #_ring " at the top", GPUP_VRD_REG_##_ring##_HI, UINT32_MAX, 0, \
	  GPUP_VRD_ERROR_MEMORY }

#define BAD_SIZE(_ring, _size) \
	{ #_ring " of " #_size, GPUP_VRD_REG_##_ring##_SIZE, _size, 0, GPUP_VRD_ERROR_SETUP }

static const struct setup setups[] = {
	BAD_RING(CMD),
	BAD_RING(EVT),
	BAD_RING(SLOTS),
	BAD_SIZE(CMD, 0),
	BAD_SIZE(CMD, 1),
	BAD_SIZE(CMD, GPUP_VRD_RING_MIN / 2),
	BAD_SIZE(CMD, GPUP_VRD_RING_MIN - 8),
	BAD_SIZE(CMD, GPUP_VRD_RING_MIN + 8),
	BAD_SIZE(CMD, 3 * GPUP_VRD_RING_MIN),
	BAD_SIZE(CMD, GPUP_VRD_RING_MAX * 2),
	BAD_SIZE(CMD, 1u << 31),
	BAD_SIZE(CMD, UINT32_MAX),
	BAD_SIZE(EVT, 0),
	BAD_SIZE(EVT, 1),
	BAD_SIZE(EVT, GPUP_VRD_RING_MIN / 2),
	BAD_SIZE(EVT, GPUP_VRD_RING_MIN - 8),
	BAD_SIZE(EVT, 3 * GPUP_VRD_RING_MIN),
	BAD_SIZE(EVT, GPUP_VRD_RING_MAX * 2),
	BAD_SIZE(EVT, UINT32_MAX),
	{ "no slots", GPUP_VRD_REG_SLOTS_COUNT, 0, 0, GPUP_VRD_ERROR_SETUP },
	{ "a slot too many", GPUP_VRD_REG_SLOTS_COUNT, GPUP_VRD_SLOTS_MAX + 1, 0,
	  GPUP_VRD_ERROR_SETUP },
	{ "very many slots", GPUP_VRD_REG_SLOTS_COUNT, UINT32_MAX, 0, GPUP_VRD_ERROR_SETUP },
};

TEST_F(device, bad_set_up)
{
	struct vrd *vrd = &self->vrd;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(setups); i++) {
		const struct setup *s = &setups[i];
		uint32_t value = s->value;

		if (s->base == IN_MEMORY)
			value += VRD_MEMORY_BASE;
		else if (s->base == AT_END)
			value += VRD_MEMORY_BASE + vrd->config.memory - PAGE;
		vrd_negotiate(vrd);
		vrd_set_up(vrd);
		vrd_write(vrd, s->reg, value);
		EXPECT_EQ(value, vrd_read(vrd, s->reg));
		vrd_write(vrd, GPUP_VRD_REG_STATUS, ALL);
		EXPECT_TRUE(vrd_status_is(vrd, ACK | DRIVER | FEATURES | FAILED, s->error)) {
			TH_LOG("%s", s->name);
		}
		vrd_reset(vrd);
	}

	/* An area that ends beyond the last address. */
	vrd_negotiate(vrd);
	vrd_set_up(vrd);
	vrd_set_area(vrd, GPUP_VRD_REG_CMD_LO, -(uint64_t)PAGE, GPUP_VRD_RING_MIN);
	vrd_write(vrd, GPUP_VRD_REG_STATUS, ALL);
	EXPECT_TRUE(vrd_status_is(vrd, ACK | DRIVER | FEATURES | FAILED, GPUP_VRD_ERROR_SETUP));
	vrd_reset(vrd);

	vrd_start(vrd);
	EXPECT_EQ(0, vrd_sync(vrd));
}

/* Areas that overlap harm nobody but the guest: the device may take them or not. */
TEST_F(device, overlapping_areas)
{
	const uint32_t regs[] = { GPUP_VRD_REG_CMD_LO, GPUP_VRD_REG_EVT_LO,
				  GPUP_VRD_REG_SLOTS_LO };
	struct vrd *vrd = &self->vrd;
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(regs); i++) {
		for (j = 0; j < ARRAY_SIZE(regs); j++) {
			vrd_negotiate(vrd);
			vrd_set_up(vrd);
			vrd_write(vrd, regs[i], vrd_read(vrd, regs[j]));
			vrd_write(vrd, GPUP_VRD_REG_STATUS, ALL);
			vrd_write(vrd, GPUP_VRD_REG_DOORBELL, 1);
			vrd_reset(vrd);
			EXPECT_TRUE(vrd_status_is(vrd, 0, GPUP_VRD_ERROR_NONE));
		}
	}
	vrd_start(vrd);
	EXPECT_EQ(0, vrd_sync(vrd));
}

TEST_F(device, ring_sizes)
{
	const uint32_t sizes[] = { GPUP_VRD_RING_MIN, GPUP_VRD_RING_MAX };
	struct vrd *vrd = &self->vrd;
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		vrd->config.ring_size = sizes[i];
		vrd->config.slots = i ? GPUP_VRD_SLOTS_MAX : 1;
		vrd_start(vrd);
		/* Several times around the smaller one. */
		for (n = 0; n < 2000; n++)
			ASSERT_EQ(0, vrd_sync(vrd));
	}
}

TEST_F(device, set_up_while_running)
{
	const uint32_t regs[] = {
		GPUP_VRD_REG_DRIVER_FEATURES, GPUP_VRD_REG_CMD_LO, GPUP_VRD_REG_CMD_HI,
		GPUP_VRD_REG_CMD_SIZE, GPUP_VRD_REG_EVT_LO, GPUP_VRD_REG_EVT_HI,
		GPUP_VRD_REG_EVT_SIZE, GPUP_VRD_REG_SLOTS_LO, GPUP_VRD_REG_SLOTS_HI,
		GPUP_VRD_REG_SLOTS_COUNT, GPUP_VRD_REG_MEMORY_LO, GPUP_VRD_REG_MEMORY_HI,
	};
	struct vrd *vrd = &self->vrd;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(regs); i++) {
		vrd_start(vrd);
		ASSERT_EQ(0, vrd_sync(vrd));
		vrd_interrupts(vrd, GPUP_VRD_VECTOR_EVENT, 0);
		vrd_write(vrd, regs[i], vrd_read(vrd, regs[i]));
		EXPECT_TRUE(vrd_status_is(vrd, ALL | NEEDS_RESET, GPUP_VRD_ERROR_SEQUENCE));
		EXPECT_EQ(-ENODEV, vrd_sync(vrd));
		vrd_reset(vrd);
	}
}

TEST_F(device, reset_takes_everything)
{
	struct vrd *vrd = &self->vrd;
	uint32_t client, bo, guest_bo;
	struct vrd_timeline vm, queue;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		vrd_start(vrd);
		ASSERT_EQ(0, vrd_client_create(vrd, &client));
		ASSERT_EQ(0, vrd_bo_create(vrd, DRM_GPUP_BO_VRAM, 64 * KIB, &bo));
		ASSERT_EQ(0, vrd_bo_create_guest(vrd, vrd_alloc(vrd, PAGE), PAGE, &guest_bo));
		ASSERT_EQ(0, vrd_vm_create(vrd, client, &vm));
		ASSERT_EQ(0, vrd_queue_create(vrd, client, vm.handle, DRM_GPUP_ENGINE_COPY,
					      &queue));
		ASSERT_EQ(0, vrd_map(vrd, client, &vm, bo, 1 * MIB, 64 * KIB));
		ASSERT_EQ(0, vrd_map(vrd, client, &vm, guest_bo, 2 * MIB, PAGE));
		EXPECT_EQ(64 * KIB, partition_get(self->uuid, "vram_used"));
		EXPECT_EQ(PAGE, partition_get(self->uuid, "system_used"));
		EXPECT_EQ(1, partition_get(self->uuid, "clients"));

		if (!i)
			vrd_reset(vrd);
		EXPECT_EQ(0, i ? vrd_vfio_reset(vrd) : 0);
		EXPECT_TRUE(partition_wait_idle(self->uuid, VRD_PATIENCE_MS));
		EXPECT_TRUE(vrd_status_is(vrd, 0, GPUP_VRD_ERROR_NONE));
		EXPECT_EQ(0, vrd_read(vrd, GPUP_VRD_REG_CMD_LO));
	}
	/* A handle of before the reset is of nothing. */
	vrd_start(vrd);
	EXPECT_EQ(-ENOENT, vrd_destroy(vrd, GPUP_VRD_OP_BO_DESTROY, 0, bo));
	EXPECT_EQ(-ENOENT, vrd_destroy(vrd, GPUP_VRD_OP_CLIENT_DESTROY, 0, client));
}

/* The next user finds the device as new, whatever the last one did. */
TEST_F(device, close_takes_everything)
{
	struct vrd *vrd = &self->vrd;
	uint32_t bo, bar = 0xfe000000;

	vrd_start(vrd);
	ASSERT_EQ(0, vrd_bo_create(vrd, DRM_GPUP_BO_VRAM, 64 * KIB, &bo));
	ASSERT_EQ(4, vrd_region_write(vrd, VFIO_PCI_CONFIG_REGION_INDEX, PCI_BASE_ADDRESS_0, &bar,
				      4));
	vrd_close(vrd);
	EXPECT_TRUE(partition_wait_idle(self->uuid, VRD_PATIENCE_MS));

	vrd_open(vrd, self->uuid, &variant->config);
	EXPECT_TRUE(vrd_status_is(vrd, 0, GPUP_VRD_ERROR_NONE));
	ASSERT_EQ(4, vrd_region_read(vrd, VFIO_PCI_CONFIG_REGION_INDEX, PCI_BASE_ADDRESS_0, &bar,
				     4));
	EXPECT_EQ(0, bar);
	EXPECT_EQ(0, vrd_read(vrd, GPUP_VRD_REG_CMD_SIZE));
	vrd_start(vrd);
	EXPECT_EQ(0, vrd_vram_used(vrd));
}

TEST_HARNESS_MAIN
