# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the init of the host and that of a VM have in common: there is no
# systemd, so that a machine is up in seconds and only runs what a test asks for.

export PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM=${TERM:-dumb}

# mount_kernel_filesystems: /dev was brought along by the initial RAM disk.
mount_kernel_filesystems()
{
	mount -t proc proc /proc
	mount -t sysfs sysfs /sys
	mount -t debugfs debugfs /sys/kernel/debug
	mount -t tracefs tracefs /sys/kernel/tracing
	mount -t cgroup2 cgroup2 /sys/fs/cgroup
	mount -t tmpfs -o mode=755 tmpfs /run
	mount -t tmpfs tmpfs /tmp
	mkdir -p /dev/pts /dev/shm
	mount -t devpts devpts /dev/pts
	mount -t tmpfs tmpfs /dev/shm
	ln -sfn /proc/self/fd /dev/fd
	ln -sfn /proc/self/fd/0 /dev/stdin
	ln -sfn /proc/self/fd/1 /dev/stdout
	ln -sfn /proc/self/fd/2 /dev/stderr
	mkfifo /run/never
}

mount_share()
{
	mkdir -p "$2"
	mount -t 9p -o "$3,trans=virtio,version=9p2000.L,msize=512000" "$1" "$2"
}

# install_built DIR: what "testbed build" made: modules, tools and tests.
install_built()
{
	local part

	# The root's top folders are links (/lib -> usr/lib): follow them.
	for part in "$1"/*/; do
		[ -d "$part" ] || continue
		mkdir -p "/$(basename "$part")"
		cp -a --no-preserve=ownership "$part." "/$(basename "$part")/"
	done
}

# start_udev [SUBSYSTEM...]: load the drivers of what is there, by their aliases;
# with SUBSYSTEMs, of what is there in those.
start_udev()
{
	/usr/lib/systemd/systemd-udevd --daemon
	[ $# -gt 0 ] || udevadm trigger --type=subsystems --action=add
	udevadm trigger --type=devices --action=add "${@/#/--subsystem-match=}"
	udevadm settle --timeout=60
}

# keep_dmesg FILE: the kernel's log as it grows, so that a crash leaves it whole.
keep_dmesg()
{
	dmesg -x --follow >"$1" 2>/dev/null &
	DMESG_PID=$!
}

# end_dmesg FILE: wait for the last lines to have been written.
end_dmesg()
{
	local stamp

	stamp="testbed: end of log"
	echo "<6>$stamp" >/dev/kmsg
	for _ in $(seq 1500); do
		! grep -q "$stamp" "$1" || break
		sleep 0.02
	done
	kill "$DMESG_PID" 2>/dev/null || :
}

# power_off: the root is a snapshot, and has nothing to save. The disk may be
# gone before this process is, so nothing is executed any more.
power_off()
{
	sync
	exec 3<>/run/never
	echo o >/proc/sysrq-trigger
	read -r -u 3
}
