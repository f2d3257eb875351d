#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Wrong use of sysfs: a clear error, and nothing has changed. TAP.
set -uo pipefail

number=0
failed=0

# result STATUS NAME
result()
{
	number=$((number + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $number $2"
	else
		echo "not ok $number $2"
		failed=1
	fi
}

# check NAME COMMAND...
check()
{
	local name=$1

	shift
	"$@"
	result $? "$name"
}

# state: what must not change.
state()
{
	ls /sys/bus/mdev/devices
	cat "$types"/*/available_instances "$gpu/vram_available"
	ls "$gpu/partitions"
}

# refused NAME ERROR COMMAND...: it fails with that message, and nothing changes.
refused()
{
	local name=$1 error=$2 before out status=0

	shift 2
	before=$(state)
	out=$(LC_ALL=C "$@" 2>&1) && status=1
	if [ -n "$error" ] && [[ $out != *"$error"* ]]; then
		echo "# $name: '$out' does not say '$error'"
		status=1
	fi
	if [ "$(state)" != "$before" ]; then
		echo "# $name: something has changed"
		status=1
	fi
	result "$status" "$name"
}

# Called by way of check and refused.
# shellcheck disable=SC2317
write()
{
	printf '%s' "$2" >"$1"
}

# await_state TEXT: the state is that again, soon.
# shellcheck disable=SC2317 # by way of check
await_state()
{
	local i

	for ((i = 0; i < 1200; i++)); do
		[ "$(state)" != "$1" ] || return 0
		sleep 0.05
	done
	return 1
}

echo "TAP version 13"
gpu=$(find /sys/class/gpup -mindepth 1 -maxdepth 1 2>/dev/null | sort | head -n 1)
if [ -z "$gpu" ]; then
	echo "1..0 # SKIP no GPU of gpup: is gpup_soft loaded?"
	exit 4
fi
types=$gpu/mdev_supported_types
type=$(for t in "$types"/*; do
	echo "$(cat "$t/available_instances") $t"
done | sort -rn | head -n 1 | cut -d' ' -f2)
uuid=$(cat /proc/sys/kernel/random/uuid)
start=$(state)

# shellcheck disable=SC2317 # by the trap
remove_all()
{
	local pid

	for pid in $(jobs -p); do
		kill "$pid" 2>/dev/null
	done
	[ ! -e "/sys/bus/mdev/devices/$uuid/remove" ] ||
		echo 1 >"/sys/bus/mdev/devices/$uuid/remove"
}
trap remove_all EXIT

for t in "$types"/*; do
	[ "$(cat "$t/device_api")" = vfio-pci ] && [ -s "$t/name" ] && [ -s "$t/description" ] &&
		[[ $(cat "$t/available_instances") =~ ^[0-9]+$ ]]
	result $? "type $(basename "$t") is what tools for mediated devices look for"
done

# Where libvirt, mdevctl, Nova and KubeVirt look.
device=$(readlink -f "$gpu/device")
[ "$(readlink -f "$types")" = "$device/mdev_supported_types" ] &&
	[ "$(readlink -f "/sys/class/mdev_bus/${device##*/}")" = "$device" ]
result $? "the device of the GPU is the parent of mediated devices"
[[ ${device##*/} =~ ^[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$ ]] &&
	[ -e "/sys/bus/pci/devices/${device##*/}/numa_node" ]
result $? "it is a PCI device"
if [ "$(basename "$(readlink -f "$device/driver/module")")" = gpup_soft ]; then
	[ ! -e "$device/remove" ] && [ ! -e "$device/driver/unbind" ]
	result $? "nobody takes it from its driver"
	check "the bus is scanned again" write /sys/bus/pci/rescan 1
	[ "$(readlink -f "$gpu/device")" = "$device" ] && [ -e "$device/driver" ]
	result $? "the GPU is still there"
fi

refused "no UUID" "Invalid argument" write "$type/create" "x"
refused "an empty line" "" write "$type/create" $'\n'
refused "a UUID that is too short" "Invalid argument" write "$type/create" "${uuid%?}"
refused "a UUID that is too long" "Invalid argument" write "$type/create" "${uuid}00"
refused "a UUID with a wrong digit" "Invalid argument" write "$type/create" "g${uuid:1}"
refused "a UUID without dashes" "Invalid argument" write "$type/create" "${uuid//-/}"
refused "two UUIDs" "Invalid argument" write "$type/create" "$uuid $uuid"
refused "a path for a UUID" "Invalid argument" write "$type/create" "../../../etc/passwd"
refused "very much text" "" write "$type/create" "$(printf '%05000d' 0)"

check "create" write "$type/create" "$uuid"
refused "the same UUID again" "File exists" write "$type/create" "$uuid"
for t in "$types"/*; do
	[ "$(cat "$t/available_instances")" -gt 0 ] || continue
	refused "the same UUID as $(basename "$t")" "File exists" write "$t/create" "$uuid"
done
[ "$(ls -d "$gpu/partitions/$uuid")" ]
result $? "the partition has its folder"

mdev=/sys/bus/mdev/devices/$uuid
for file in vram_min vram_max vram_used system_max system_used sched_weight job_timeout_ms \
	gpu_time_ns jobs hangs clients; do
	[[ $(cat "$mdev/$file") =~ ^[0-9]+$ ]] &&
		[ "$(cat "$mdev/$file")" = "$(cat "$gpu/partitions/$uuid/$file")" ] &&
		[[ $(cat "$gpu/partitions/host/$file") =~ ^[0-9]+$ ]]
	result $? "attribute $file"
done

refused "remove with nonsense" "" write "$mdev/remove" "x"
[ -e "$mdev" ]
result $? "it is still there"
refused "the GPU's driver while it has devices" "in use" rmmod gpup_soft
refused "the module of the devices" "in use" rmmod gpup

check "remove" write "$mdev/remove" 1
check "all is as before" await_state "$start"
refused "remove it again" "" write "$mdev/remove" "1"

# Many times, and several at a time: names, numbers and memory come back.
ok=0
for ((i = 0; i < 30; i++)); do
	echo "$uuid" >"$type/create" && echo 1 >"$mdev/remove" || ok=1
done
result "$ok" "create and remove in a loop"

# Not the same name: the mdev core may lose the file "remove" of a device that is removed
# while it is being created.
for ((i = 0; i < 4; i++)); do
	other=$(cat /proc/sys/kernel/random/uuid)
	for ((j = 0; j < 15; j++)); do
		echo "$other" >"$type/create"
		echo 1 >"/sys/bus/mdev/devices/$other/remove"
	done 2>/dev/null &
done
wait
check "create and remove by four at a time" await_state "$start"

echo "1..$number"
exit "$failed"
