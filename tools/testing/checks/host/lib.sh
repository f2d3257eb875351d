# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the scripts that run on a booted host share.

NUMBER=0
FAILED=0

# result STATUS NAME: one line of TAP; returns the status.
result()
{
	NUMBER=$((NUMBER + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $NUMBER $2"
	else
		echo "not ok $NUMBER $2"
		FAILED=1
	fi
	return "$1"
}

# check NAME COMMAND...: the command's output is shown if it fails.
check()
{
	local name=$1 out status

	shift
	out=$("$@" 2>&1)
	status=$?
	[ "$status" -eq 0 ] || printf '%s\n' "$out" | sed 's/^/# /'
	result "$status" "$name"
	return "$status"
}

finish()
{
	echo "1..$NUMBER"
	exit "$FAILED"
}

# load_gpu MIB [OPTIONS]: the host's modules with one software GPU.
load_gpu()
{
	modprobe gpup_mdev && modprobe gpup_soft vram_mb="$1" "${@:2}" && udevadm settle
}

unload_gpu()
{
	modprobe -r gpup_soft && modprobe -r gpup_mdev && modprobe -r gpup
}

types_dir()
{
	echo /sys/class/gpup/gpup0/mdev_supported_types
}

# create_mdev TYPE: prints the UUID of a new device.
create_mdev()
{
	local uuid

	uuid=$(cat /proc/sys/kernel/random/uuid)
	echo "$uuid" >"$(types_dir)/$1/create" || return
	echo "$uuid"
}

remove_mdev()
{
	echo 1 >"/sys/bus/mdev/devices/$1/remove"
}

# attribute UUID NAME: what sysfs says of a partition ("host" for the host's).
attribute()
{
	cat /sys/class/gpup/gpup0/partitions/"$1"/"$2"
}

# await SECONDS COMMAND...: until it succeeds.
await()
{
	local end=$((SECONDS + $1))

	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.1
	done
}

# idle UUID: nothing of the partition's is left in the host.
idle()
{
	[ "$(attribute "$1" vram_used)" -eq 0 ] && [ "$(attribute "$1" system_used)" -eq 0 ] &&
		[ "$(attribute "$1" clients)" -eq 0 ]
}

# listens PID: it is told of the kernel's uevents (protocol 15, the first group).
listens()
{
	awk -v pid="$1" '$2 == 15 && $3 == pid && $4 ~ /1$/ { found = 1 } END { exit !found }' \
		/proc/net/netlink
}

# logged ABOUT PATTERN: the host's log has such a line about that. Lines about jobs come from a
# work item, a moment after what they tell of: to be awaited.
logged()
{
	grep -qE -- "$2" <<<"$(dmesg | grep -F -- "$1")"
}

# start_vm NAME OPTIONS...: start a VM and wait until it is up. Emulated SVM loses a VM
# now and then before its first process runs, with a triple fault of its kernel: that, and
# only that, is tried again, and said.
start_vm()
{
	local try

	for try in 1 2 3; do
		vm start "$@" || return
		vm ready "$1" && return
		[ ! -e "$(vm dir "$1")/dmesg.log" ] || return 1
		echo "# VM $1 died before its first process ran (try $try)"
	done
	return 1
}
