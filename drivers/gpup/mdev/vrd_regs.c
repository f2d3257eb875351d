// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers and bring-up of a Virtual Render Device.
 *
 * Nothing in here depends on VFIO.
 */
#include <linux/log2.h>
#include <linux/string.h>
#include <linux/wordpart.h>

#include "vrd_regs.h"

/**
 * DOC: Bring-up of a VRD
 *
 * ::
 *
 *   (0) -> ACKNOWLEDGE -> DRIVER -> FEATURES_OK -> DRIVER_OK
 *
 * Bits are only ever added; a write may add several if none before them is missing.
 * DRIVER_FEATURES can be written between DRIVER and FEATURES_OK, the registers of
 * the areas between FEATURES_OK and DRIVER_OK. Whatever else is tried is
 * GPUP_VRD_ERROR_SEQUENCE.
 *
 * There is one error, the first. It shows as FAILED if it happened before DRIVER_OK and
 * as NEEDS_RESET after it. From then on every write is ignored but for
 * that of 0 to STATUS, which makes a new device.
 */

#define OFFERED		(GPUP_VRD_F_DOORBELL_PAGE | GPUP_VRD_F_MEMORY_STATUS | \
			 GPUP_VRD_F_RING_STATUS | GPUP_VRD_F_NOTIFY_IDLE | GPUP_VRD_F_QUIET)

#define STEPS		(GPUP_VRD_STATUS_ACKNOWLEDGE | GPUP_VRD_STATUS_DRIVER | \
			 GPUP_VRD_STATUS_FEATURES_OK | GPUP_VRD_STATUS_DRIVER_OK)

/**
 * gpup_vrd_regs_init() - Set the registers to their state after a reset
 * @regs: The registers.
 * @max_objects: Handle indices are below this.
 */
void gpup_vrd_regs_init(struct gpup_vrd_regs *regs, u32 max_objects)
{
	memset(regs, 0, sizeof(*regs));
	atomic_set(&regs->error, GPUP_VRD_ERROR_NONE);
	regs->max_objects = max_objects;
}

/**
 * gpup_vrd_regs_failed() - Ask whether the device has stopped
 * @regs: The registers.
 *
 * Any context.
 *
 * Return: True from the first failure to the next reset.
 */
bool gpup_vrd_regs_failed(const struct gpup_vrd_regs *regs)
{
	return atomic_read(&regs->error) != GPUP_VRD_ERROR_NONE;
}

static u32 read_status(const struct gpup_vrd_regs *regs)
{
	u32 status = regs->status;

	if (gpup_vrd_regs_failed(regs))
		status |= status & GPUP_VRD_STATUS_DRIVER_OK ?
			  GPUP_VRD_STATUS_NEEDS_RESET : GPUP_VRD_STATUS_FAILED;
	return status;
}

static u32 failure(const struct gpup_vrd_regs *regs)
{
	return read_status(regs) & (GPUP_VRD_STATUS_NEEDS_RESET | GPUP_VRD_STATUS_FAILED);
}

/**
 * gpup_vrd_regs_needs_reset() - Ask whether only a reset makes the device go on
 * @regs: The registers.
 *
 * Any context.
 *
 * Return: True if the device has failed, or its driver has given up.
 */
bool gpup_vrd_regs_needs_reset(const struct gpup_vrd_regs *regs)
{
	return failure(regs);
}

/**
 * gpup_vrd_regs_read() - Read a register
 * @regs: The registers.
 * @offset: Offset in BAR 0, a multiple of 4.
 *
 * Return: Its value; zero where there is none.
 */
u32 gpup_vrd_regs_read(const struct gpup_vrd_regs *regs, u32 offset)
{
	switch (offset) {
	case GPUP_VRD_REG_MAGIC:
		return GPUP_VRD_MAGIC;
	case GPUP_VRD_REG_VERSION:
		return GPUP_VRD_VERSION;
	case GPUP_VRD_REG_DEVICE_FEATURES:
		return OFFERED;
	case GPUP_VRD_REG_DRIVER_FEATURES:
		return regs->features;
	case GPUP_VRD_REG_STATUS:
		return read_status(regs);
	case GPUP_VRD_REG_ERROR:
		return atomic_read(&regs->error);
	case GPUP_VRD_REG_MAX_OBJECTS:
		return regs->max_objects;
	case GPUP_VRD_REG_MAX_TIMELINES:
		return GPUP_VRD_SLOTS_MAX;
	case GPUP_VRD_REG_CMD_LO:
		return lower_32_bits(regs->cmd_addr);
	case GPUP_VRD_REG_CMD_HI:
		return upper_32_bits(regs->cmd_addr);
	case GPUP_VRD_REG_CMD_SIZE:
		return regs->cmd_size;
	case GPUP_VRD_REG_EVT_LO:
		return lower_32_bits(regs->evt_addr);
	case GPUP_VRD_REG_EVT_HI:
		return upper_32_bits(regs->evt_addr);
	case GPUP_VRD_REG_EVT_SIZE:
		return regs->evt_size;
	case GPUP_VRD_REG_SLOTS_LO:
		return lower_32_bits(regs->slots_addr);
	case GPUP_VRD_REG_SLOTS_HI:
		return upper_32_bits(regs->slots_addr);
	case GPUP_VRD_REG_SLOTS_COUNT:
		return regs->slots_count;
	case GPUP_VRD_REG_MEMORY_LO:
		return lower_32_bits(regs->memory_addr);
	case GPUP_VRD_REG_MEMORY_HI:
		return upper_32_bits(regs->memory_addr);
	}
	return 0;
}

static enum gpup_vrd_action sequence_error(struct gpup_vrd_regs *regs)
{
	gpup_vrd_regs_fail(regs, GPUP_VRD_ERROR_SEQUENCE);
	return GPUP_VRD_DO_NOTHING;
}

/* Bits 0 to 3 are set in this order, so that a valid set of them is one below a power of two. */
static bool no_gaps(u32 steps)
{
	return !(steps & (steps + 1));
}

static enum gpup_vrd_action write_status(struct gpup_vrd_regs *regs, u32 value)
{
	u32 added;

	if (value & ~(STEPS | GPUP_VRD_STATUS_NEEDS_RESET | GPUP_VRD_STATUS_FAILED))
		return sequence_error(regs);
	/* A driver that adds a bit to what it has read brings this along. */
	value &= ~GPUP_VRD_STATUS_NEEDS_RESET;
	if (regs->status & ~value)
		return sequence_error(regs);
	if (value & GPUP_VRD_STATUS_FAILED) {
		/* The driver gives up. */
		regs->status |= GPUP_VRD_STATUS_FAILED;
		return GPUP_VRD_DO_NOTHING;
	}
	if (!no_gaps(value & STEPS))
		return sequence_error(regs);

	added = value & ~regs->status;
	if ((added & GPUP_VRD_STATUS_FEATURES_OK) && (regs->features & ~OFFERED))
		added &= ~(GPUP_VRD_STATUS_FEATURES_OK | GPUP_VRD_STATUS_DRIVER_OK);
	regs->status |= added & ~GPUP_VRD_STATUS_DRIVER_OK;
	return added & GPUP_VRD_STATUS_DRIVER_OK ? GPUP_VRD_DO_START : GPUP_VRD_DO_NOTHING;
}

static void set_low(u64 *reg, u32 value)
{
	*reg = (*reg & ~(u64)U32_MAX) | value;
}

static void set_high(u64 *reg, u32 value)
{
	*reg = (*reg & U32_MAX) | (u64)value << 32;
}

static void write_setup(struct gpup_vrd_regs *regs, u32 offset, u32 value)
{
	switch (offset) {
	case GPUP_VRD_REG_CMD_LO:
		set_low(&regs->cmd_addr, value);
		break;
	case GPUP_VRD_REG_CMD_HI:
		set_high(&regs->cmd_addr, value);
		break;
	case GPUP_VRD_REG_CMD_SIZE:
		regs->cmd_size = value;
		break;
	case GPUP_VRD_REG_EVT_LO:
		set_low(&regs->evt_addr, value);
		break;
	case GPUP_VRD_REG_EVT_HI:
		set_high(&regs->evt_addr, value);
		break;
	case GPUP_VRD_REG_EVT_SIZE:
		regs->evt_size = value;
		break;
	case GPUP_VRD_REG_SLOTS_LO:
		set_low(&regs->slots_addr, value);
		break;
	case GPUP_VRD_REG_SLOTS_HI:
		set_high(&regs->slots_addr, value);
		break;
	case GPUP_VRD_REG_SLOTS_COUNT:
		regs->slots_count = value;
		break;
	case GPUP_VRD_REG_MEMORY_LO:
		set_low(&regs->memory_addr, value);
		break;
	case GPUP_VRD_REG_MEMORY_HI:
		set_high(&regs->memory_addr, value);
		break;
	}
}

/**
 * gpup_vrd_regs_write() - Write a register
 * @regs: The registers.
 * @offset: Offset in BAR 0, a multiple of 4.
 * @value: The value; ignored where there is no register or it is read-only.
 *
 * Return: What the device shall do.
 */
enum gpup_vrd_action gpup_vrd_regs_write(struct gpup_vrd_regs *regs, u32 offset, u32 value)
{
	u32 steps = regs->status & STEPS;

	if (offset == GPUP_VRD_REG_STATUS && !value)
		return GPUP_VRD_DO_RESET;
	if (failure(regs))
		return GPUP_VRD_DO_NOTHING;

	switch (offset) {
	case GPUP_VRD_REG_STATUS:
		return write_status(regs, value);
	case GPUP_VRD_REG_DRIVER_FEATURES:
		if (steps != (GPUP_VRD_STATUS_ACKNOWLEDGE | GPUP_VRD_STATUS_DRIVER))
			return sequence_error(regs);
		regs->features = value;
		return GPUP_VRD_DO_NOTHING;
	case GPUP_VRD_REG_CMD_LO:
	case GPUP_VRD_REG_CMD_HI:
	case GPUP_VRD_REG_CMD_SIZE:
	case GPUP_VRD_REG_EVT_LO:
	case GPUP_VRD_REG_EVT_HI:
	case GPUP_VRD_REG_EVT_SIZE:
	case GPUP_VRD_REG_SLOTS_LO:
	case GPUP_VRD_REG_SLOTS_HI:
	case GPUP_VRD_REG_SLOTS_COUNT:
	case GPUP_VRD_REG_MEMORY_LO:
	case GPUP_VRD_REG_MEMORY_HI:
		if (steps != (STEPS & ~GPUP_VRD_STATUS_DRIVER_OK))
			return sequence_error(regs);
		write_setup(regs, offset, value);
		return GPUP_VRD_DO_NOTHING;
	case GPUP_VRD_REG_DOORBELL:
		return steps & GPUP_VRD_STATUS_DRIVER_OK ? GPUP_VRD_DO_KICK : GPUP_VRD_DO_NOTHING;
	}
	return GPUP_VRD_DO_NOTHING;
}

/* An area of whole pages that does not wrap around the end of the address space. */
static bool area_valid(u64 addr, u64 size)
{
	return !(addr % GPUP_VRD_PAGE_SIZE) && size <= U64_MAX - addr;
}

static bool ring_valid(u64 addr, u32 size)
{
	return size >= GPUP_VRD_RING_MIN && size <= GPUP_VRD_RING_MAX && is_power_of_2(size) &&
	       area_valid(addr, GPUP_VRD_PAGE_SIZE + size);
}

/**
 * gpup_vrd_regs_has_memory_status() - Ask whether the driver wants the memory status
 * @regs: The registers, from FEATURES_OK on.
 *
 * Return: True if it has accepted that feature.
 */
bool gpup_vrd_regs_has_memory_status(const struct gpup_vrd_regs *regs)
{
	return regs->features & GPUP_VRD_F_MEMORY_STATUS;
}

/**
 * gpup_vrd_regs_notify() - How the device says that it sleeps
 * @regs: The registers, from FEATURES_OK on.
 *
 * Return: GPUP_VRD_NOTIFY_*.
 */
u32 gpup_vrd_regs_notify(const struct gpup_vrd_regs *regs)
{
	return regs->features & GPUP_VRD_F_NOTIFY_IDLE ? GPUP_VRD_NOTIFY_IDLE :
							  GPUP_VRD_NOTIFY_ALWAYS;
}

/**
 * gpup_vrd_regs_ring_status() - What the event ring shows of the status
 * @regs: The registers, from FEATURES_OK on.
 *
 * Any context.
 *
 * Return: Bits of GPUP_VRD_STATUS_*; zero also if the driver does not look there.
 */
u32 gpup_vrd_regs_ring_status(const struct gpup_vrd_regs *regs)
{
	if (!(regs->features & GPUP_VRD_F_RING_STATUS))
		return 0;
	return failure(regs);
}

/* Zero is what the registers of an address that was forgotten hold. */
static bool memory_status_valid(const struct gpup_vrd_regs *regs)
{
	if (!gpup_vrd_regs_has_memory_status(regs))
		return true;
	return regs->memory_addr && area_valid(regs->memory_addr, GPUP_VRD_PAGE_SIZE);
}

/**
 * gpup_vrd_regs_setup_valid() - Check what the driver says of its areas
 * @regs: The registers.
 *
 * Return: True if addresses, sizes and alignments are within bounds.
 */
bool gpup_vrd_regs_setup_valid(const struct gpup_vrd_regs *regs)
{
	return ring_valid(regs->cmd_addr, regs->cmd_size) &&
	       ring_valid(regs->evt_addr, regs->evt_size) &&
	       regs->slots_count && regs->slots_count <= GPUP_VRD_SLOTS_MAX &&
	       area_valid(regs->slots_addr, regs->slots_count * sizeof(struct gpup_vrd_slot)) &&
	       memory_status_valid(regs);
}

/**
 * gpup_vrd_regs_started() - Report that the rings are in use
 * @regs: The registers.
 */
void gpup_vrd_regs_started(struct gpup_vrd_regs *regs)
{
	regs->status |= GPUP_VRD_STATUS_DRIVER_OK;
}

/**
 * gpup_vrd_regs_fail() - Report that the device has stopped
 * @regs: The registers.
 * @error: GPUP_VRD_ERROR_*.
 *
 * Any context.
 *
 * Return: True if this is the first failure since the reset.
 */
bool gpup_vrd_regs_fail(struct gpup_vrd_regs *regs, u32 error)
{
	return atomic_cmpxchg(&regs->error, GPUP_VRD_ERROR_NONE, error) == GPUP_VRD_ERROR_NONE;
}
