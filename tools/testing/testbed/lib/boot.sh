# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Boots a host: QEMU, taken from the root, with the disk image and two shares:
# the source tree ("top", read-only) and the directory of results ("log").

# accelerator: KVM only where the processor says so; a /dev/kvm that opens is no
# proof. TESTBED_ACCEL overrides. TESTBED_THREAD=single emulates all processors in
# one thread: slower, but their races with each other are gone.
accelerator()
{
	if [ -n "${TESTBED_ACCEL:-}" ]; then
		echo "$TESTBED_ACCEL"
	elif grep -qwE 'vmx|svm' /proc/cpuinfo && [ -w /dev/kvm ]; then
		echo "-accel kvm -cpu host"
	else
		# Without "fast" string moves: emulated, they go byte by byte, and the kernel would
		# copy memory with them.
		echo "-accel tcg,thread=${TESTBED_THREAD:-multi} -cpu max,-fsrm,-erms"
	fi
}

# qemu_host K MEM DIR CONSOLE ARGS...: becomes QEMU, so call it in a subshell.
# CONSOLE is QEMU's -serial; ARGS go to the kernel's command line. TESTBED_IMAGE is a disk of the
# tree to boot in place of the testbed's own: by its own init, and it keeps what is written.
# TESTBED_VM_IMAGE is one for the VMs that are started there.
qemu_host()
{
	local k=$1 mem=$2 dir=$3 console=$4 cpus image=${TESTBED_IMAGE:-} snapshot=off init=../sbin/init
	local vm_image=${TESTBED_VM_IMAGE:-$IMAGE}
	local -a accel

	shift 4
	read -ra accel < <(accelerator)
	cpus=${TESTBED_CPUS:-2}
	# shellcheck disable=SC2153 # another variable
	[ -n "$image" ] || { image=$IMAGE && snapshot=on && init=host/init; }
	ROOT_LOG=$dir exec_in_root "$(emulator)" -L /usr/share/qemu -L /usr/share/seabios \
		-name host -machine q35 "${accel[@]}" -smp "$cpus" -m "$mem" \
		-nodefaults -no-user-config -display none -no-reboot \
		-serial "$console" \
		-kernel "/boot/vmlinuz-$k" -initrd "/boot/initrd-$k" \
		-append "console=ttyS0 panic=-1 log_buf_len=16M mitigations=off audit=0 cryptomgr.notests testbed.init=$init testbed.kernel=$k $*" \
		-drive "if=none,id=root,file=/mnt/top/${image#"$TOP"/},format=raw,snapshot=$snapshot" \
		-device virtio-blk-pci,drive=root \
		-drive "if=none,id=vmroot,file=/mnt/top/${vm_image#"$TOP"/},format=raw,readonly=on" \
		-device virtio-blk-pci,drive=vmroot \
		-virtfs local,path=/mnt/top/tools/testing/testbed,mount_tag=bed,security_model=none,readonly=on,multidevs=remap \
		-virtfs local,path=/mnt/top,mount_tag=top,security_model=none,readonly=on,multidevs=remap \
		-virtfs local,path=/mnt/log,mount_tag=log,security_model=none,multidevs=remap \
		-device virtio-rng-pci
}
