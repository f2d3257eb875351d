// SPDX-License-Identifier: GPL-2.0-only
/*
 * Regions of a Virtual Render Device: what the VMM reads, writes and maps.
 */
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "vrd.h"

#define OFFSET_MASK	((1ULL << GPUP_VRD_REGION_SHIFT) - 1)

/* Bytes that go through the stack at once; a multiple of any natural access. */
#define BOUNCE		256

/**
 * gpup_vrd_zap() - Unmap part of a region from all VMMs and VMs
 * @vrd: The device.
 * @region: VFIO_PCI_*_REGION_INDEX.
 * @offset: First byte in the region.
 * @size: Number of bytes.
 *
 * May sleep. Takes i_mmap_rwsem and page table locks, and calls KVM's MMU notifier; none of
 * them is held while the lock of a fault handler of ours is waited for.
 */
void gpup_vrd_zap(struct gpup_vrd *vrd, unsigned int region, u64 offset, u64 size)
{
	unmap_mapping_range(vrd->vdev.inode->i_mapping,
			    ((loff_t)region << GPUP_VRD_REGION_SHIFT) + offset, size, 1);
}

static u64 region_size(const struct gpup_vrd *vrd, unsigned int region)
{
	switch (region) {
	case VFIO_PCI_CONFIG_REGION_INDEX:
		return sizeof(vrd->pci.config);
	case VFIO_PCI_BAR0_REGION_INDEX:
		return GPUP_VRD_REGS_SIZE;
	case VFIO_PCI_BAR2_REGION_INDEX:
		return GPUP_VRD_DOORBELL_SIZE;
	case VFIO_PCI_BAR4_REGION_INDEX:
		return vrd->aperture.size;
	}
	return 0;
}

static const struct vm_operations_struct *region_vm_ops(unsigned int region)
{
	switch (region) {
	case VFIO_PCI_BAR2_REGION_INDEX:
		return &gpup_vrd_doorbell_vm_ops;
	case VFIO_PCI_BAR4_REGION_INDEX:
		return &gpup_vrd_aperture_vm_ops;
	}
	return NULL;
}

/**
 * gpup_vrd_region_info() - Describe a region
 * @vrd: The device.
 * @info: Its index is below VFIO_PCI_NUM_REGIONS; receives the rest.
 */
void gpup_vrd_region_info(struct gpup_vrd *vrd, struct vfio_region_info *info)
{
	info->size = region_size(vrd, info->index);
	info->offset = (u64)info->index << GPUP_VRD_REGION_SHIFT;
	info->cap_offset = 0;
	info->flags = 0;
	if (info->size)
		info->flags |= VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	if (region_vm_ops(info->index))
		info->flags |= VFIO_REGION_INFO_FLAG_MMAP;
}

/* Registers take aligned accesses of 32 bits; larger ones are several of them. */
static bool is_register_access(u64 offset, u32 count)
{
	return !((offset | count) % sizeof(u32));
}

static void read_regs(struct gpup_vrd *vrd, u64 offset, u8 *buf, u32 count)
{
	u32 i;

	if (!is_register_access(offset, count)) {
		memset(buf, 0xff, count);
		return;
	}
	mutex_lock(&vrd->lock);
	for (i = 0; i < count; i += sizeof(u32)) {
		__le32 value = cpu_to_le32(gpup_vrd_regs_read(&vrd->regs, offset + i));

		memcpy(buf + i, &value, sizeof(value));
	}
	mutex_unlock(&vrd->lock);
}

static void write_reg(struct gpup_vrd *vrd, u32 offset, u32 value)
{
	lockdep_assert_held(&vrd->lock);
	switch (gpup_vrd_regs_write(&vrd->regs, offset, value)) {
	case GPUP_VRD_DO_RESET:
		gpup_vrd_reset(vrd);
		break;
	case GPUP_VRD_DO_START:
		gpup_vrd_start(vrd);
		break;
	case GPUP_VRD_DO_KICK:
		gpup_vrd_doorbell(vrd);
		break;
	case GPUP_VRD_DO_NOTHING:
		break;
	}
}

static void write_regs(struct gpup_vrd *vrd, u64 offset, const u8 *buf, u32 count)
{
	u32 i;

	if (!is_register_access(offset, count))
		return;
	mutex_lock(&vrd->lock);
	for (i = 0; i < count; i += sizeof(u32)) {
		__le32 value;

		memcpy(&value, buf + i, sizeof(value));
		write_reg(vrd, offset + i, le32_to_cpu(value));
	}
	mutex_unlock(&vrd->lock);
}

static void read_region(struct gpup_vrd *vrd, unsigned int region, u64 offset, u8 *buf, u32 count)
{
	switch (region) {
	case VFIO_PCI_CONFIG_REGION_INDEX:
		mutex_lock(&vrd->lock);
		gpup_vrd_pci_read(&vrd->pci, offset, buf, count);
		mutex_unlock(&vrd->lock);
		break;
	case VFIO_PCI_BAR0_REGION_INDEX:
		read_regs(vrd, offset, buf, count);
		break;
	case VFIO_PCI_BAR2_REGION_INDEX:
		memset(buf, 0, count);
		break;
	case VFIO_PCI_BAR4_REGION_INDEX:
		gpup_vrd_aperture_read(vrd, offset, buf, count);
		break;
	}
}

static void write_region(struct gpup_vrd *vrd, unsigned int region, u64 offset, const u8 *buf,
			 u32 count)
{
	switch (region) {
	case VFIO_PCI_CONFIG_REGION_INDEX:
		mutex_lock(&vrd->lock);
		gpup_vrd_pci_write(&vrd->pci, offset, buf, count);
		mutex_unlock(&vrd->lock);
		break;
	case VFIO_PCI_BAR0_REGION_INDEX:
		write_regs(vrd, offset, buf, count);
		break;
	case VFIO_PCI_BAR2_REGION_INDEX:
		gpup_vrd_doorbell(vrd);
		break;
	case VFIO_PCI_BAR4_REGION_INDEX:
		gpup_vrd_aperture_write(vrd, offset, buf, count);
		break;
	}
}

/* Bytes of an access that are inside the region, or -EINVAL if there is no such region. */
static ssize_t clamp_access(struct gpup_vrd *vrd, loff_t pos, size_t count)
{
	u64 size, offset = pos & OFFSET_MASK;

	if (pos < 0)
		return -EINVAL;
	size = region_size(vrd, pos >> GPUP_VRD_REGION_SHIFT);
	if (!size)
		return -EINVAL;
	if (offset >= size)
		return 0;
	return min_t(u64, min_t(u64, count, size - offset), MAX_RW_COUNT);
}

/* Between two pieces of a long access. */
static bool give_up(void)
{
	cond_resched();
	return fatal_signal_pending(current);
}

/**
 * gpup_vrd_read() - Read a region
 * @vdev: The device.
 * @buf: User buffer.
 * @count: Number of bytes.
 * @ppos: Region and offset in it; moved on.
 *
 * May sleep. No lock of ours is held while user memory is touched.
 *
 * Return: Number of bytes that were read, or a negative errno.
 */
ssize_t gpup_vrd_read(struct vfio_device *vdev, char __user *buf, size_t count, loff_t *ppos)
{
	struct gpup_vrd *vrd = gpup_vrd_from_vfio(vdev);
	ssize_t todo = clamp_access(vrd, *ppos, count);
	u8 bounce[BOUNCE] __aligned(8);
	ssize_t done, n;

	for (done = 0; done < todo; done += n) {
		n = min_t(ssize_t, todo - done, BOUNCE);
		read_region(vrd, *ppos >> GPUP_VRD_REGION_SHIFT, *ppos & OFFSET_MASK, bounce, n);
		if (copy_to_user(buf + done, bounce, n))
			return done ?: -EFAULT;
		*ppos += n;
		if (give_up())
			return done + n;
	}
	return todo;
}

/**
 * gpup_vrd_write() - Write a region
 * @vdev: The device.
 * @buf: User buffer.
 * @count: Number of bytes.
 * @ppos: Region and offset in it; moved on.
 *
 * May sleep. No lock of ours is held while user memory is touched.
 *
 * Return: Number of bytes that were written, or a negative errno.
 */
ssize_t gpup_vrd_write(struct vfio_device *vdev, const char __user *buf, size_t count,
		       loff_t *ppos)
{
	struct gpup_vrd *vrd = gpup_vrd_from_vfio(vdev);
	ssize_t todo = clamp_access(vrd, *ppos, count);
	u8 bounce[BOUNCE] __aligned(8);
	ssize_t done, n;

	for (done = 0; done < todo; done += n) {
		n = min_t(ssize_t, todo - done, BOUNCE);
		if (copy_from_user(bounce, buf + done, n))
			return done ?: -EFAULT;
		write_region(vrd, *ppos >> GPUP_VRD_REGION_SHIFT, *ppos & OFFSET_MASK, bounce, n);
		*ppos += n;
		if (give_up())
			return done + n;
	}
	return todo;
}

/**
 * gpup_vrd_fault_done() - End a fault on a region
 * @vmf: The fault.
 * @ret: From vmf_insert_pfn().
 *
 * KVM resolves such a fault in two steps: it has us called, and then looks the page up. If
 * the page is taken away in between, it gives the VM up with EFAULT, unless it
 * was told that the lock of the address space was let go: then it starts over. So the
 * first try always ends in a second one, whose result KVM does not rely on.
 *
 * No lock of ours is held.
 *
 * Return: What the fault handler returns.
 */
vm_fault_t gpup_vrd_fault_done(struct vm_fault *vmf, vm_fault_t ret)
{
	if (ret != VM_FAULT_NOPAGE || !fault_flag_allow_retry_first(vmf->flags) ||
	    vmf->flags & (FAULT_FLAG_VMA_LOCK | FAULT_FLAG_RETRY_NOWAIT))
		return ret;
	mmap_read_unlock(vmf->vma->vm_mm);
	return VM_FAULT_RETRY;
}

/**
 * gpup_vrd_mmap() - Map a region
 * @vdev: The device.
 * @vma: Where; holds a reference on the device's file, so that there are no
 *	mappings when it is closed.
 *
 * Called with the mmap_lock of the VMM held.
 *
 * Return: 0, -EINVAL for what is not a part of a region that can be mapped, shared.
 */
int gpup_vrd_mmap(struct vfio_device *vdev, struct vm_area_struct *vma)
{
	struct gpup_vrd *vrd = gpup_vrd_from_vfio(vdev);
	unsigned long first = vma->vm_pgoff & (OFFSET_MASK >> PAGE_SHIFT);
	unsigned int region = vma->vm_pgoff >> (GPUP_VRD_REGION_SHIFT - PAGE_SHIFT);
	unsigned long pages = region_size(vrd, region) >> PAGE_SHIFT;

	if (!region_vm_ops(region) || !(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	if (first > pages || vma_pages(vma) > pages - first)
		return -EINVAL;

	vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_private_data = vrd;
	vma->vm_ops = region_vm_ops(region);
	return 0;
}
