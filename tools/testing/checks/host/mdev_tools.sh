# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# A part of "libvirt": definitions of mdevctl, and what KubeVirt and Nova do. There are no
# mediated devices when it begins, and none when it ends. Libvirt runs for Nova only: it may keep
# a device in its list that has come and gone before it has looked.

parent=$(address)

# define UUID TYPE [ATTRIBUTE VALUE]...: by mdevctl.
# shellcheck disable=SC2317
define()
{
	local uuid=$1

	mdevctl define --uuid "$uuid" --parent "$parent" --type "$2" || return
	shift 2
	while [ $# -gt 0 ]; do
		mdevctl modify --uuid "$uuid" --addattr "$1" --value "$2" || return
		shift 2
	done
}

# Smaller than its type: vram_min has to go down before vram_max.
uuid=$(cat /proc/sys/kernel/random/uuid)
small=(vram_min 16M vram_max 32M sched_weight 300 sched_cap 50)
small_is=(vram_min $((16 << 20)) vram_max $((32 << 20)) sched_weight 300 sched_cap 50)
check "mdevctl define with attributes" define "$uuid" gpup-64M "${small[@]}"
mdevctl list -d --dumpjson >/tmp/defined.json
[ "$(jq -r --arg uuid "$uuid" \
	'.[][][][$uuid] | select(.) | .attrs[] | to_entries[] | .key, .value' /tmp/defined.json |
	xargs)" = "${small[*]}" ]
result $? "mdevctl list -d --dumpjson: they are there, in order" || sed 's/^/# /' /tmp/defined.json
check "mdevctl start" mdevctl start --uuid "$uuid"
check "the device has the attributes" holds "$uuid" "${small_is[@]}"
grep -q "^$uuid $parent gpup-64M manual (defined)" <<<"$(mdevctl list)"
result $? "mdevctl list"
check "mdevctl stop" mdevctl stop --uuid "$uuid"

# Larger than its type: vram_max has to go up before vram_min.
large=$(cat /proc/sys/kernel/random/uuid)
check "mdevctl define of one that grows" define "$large" gpup-64M vram_max 256M vram_min 128M
check "mdevctl start of it" mdevctl start --uuid "$large"
check "it has grown" holds "$large" vram_max $((256 << 20)) vram_min $((128 << 20))
check "mdevctl stop of it" mdevctl stop --uuid "$large"
mdevctl undefine --uuid "$large"
wrong=$(cat /proc/sys/kernel/random/uuid)
check "mdevctl define with the two the wrong way round" \
	define "$wrong" gpup-64M vram_max 32M vram_min 16M
check "mdevctl start of it names the attribute" refused vram_max mdevctl start --uuid "$wrong"
check "it is not there" eval "! exists $wrong"
mdevctl undefine --uuid "$wrong"

# At boot the GPU's driver is loaded, the mdev core sends a uevent, and the udev rule of mdevctl
# starts what is to start by itself. Here the driver is loaded anew.
repair_mdevctl
check "mdevctl modify --auto" mdevctl modify --uuid "$uuid" --auto
check "modules unload" unload_gpu
check "modules load again" load_gpu 512
check "the device comes up by itself" await 60 exists "$uuid"
check "it has the attributes" await 60 holds "$uuid" "${small_is[@]}" 2>/dev/null
[ "$(address)" = "$parent" ]
result $? "the GPU has the address that it had"
# If the driver is there before udev is, as in an initial RAM disk, udev is told of it again.
check "mdevctl stop" mdevctl stop --uuid "$uuid"
check "udev looks at what is there already" udevadm trigger --type=devices --action=add \
	--settle "/sys/bus/pci/devices/$parent"
check "the device comes up by that, too" await 60 exists "$uuid"
check "it has the attributes" await 60 holds "$uuid" "${small_is[@]}" 2>/dev/null
check "mdevctl stop" mdevctl stop --uuid "$uuid"
check "mdevctl undefine" mdevctl undefine --uuid "$uuid"
[ -z "$(mdevctl list -d)$(mdevctl list)" ]
result $? "mdevctl knows no device any more"

# KubeVirt: all instances of a type, by the type's name.
kubevirt=(python3 "$CHECKS_ON_HOST/kubevirt.py")
check "KubeVirt creates all gpup_64_MiB" "${kubevirt[@]}" create gpup_64_MiB
"${kubevirt[@]}" discover gpup_64_MiB >/tmp/kubevirt.json
result $? "KubeVirt finds them by the type's name"
"${kubevirt[@]}" discover gpup-64M | cmp - /tmp/kubevirt.json
result $? "and by that of its folder, too"
jq -es --arg parent "$parent" --argjson node "$(cat "/sys/bus/pci/devices/$parent/numa_node")" \
	'length == 8 and all(.parent == $parent and .numa_node == $node) and
	 (map(.iommu_group) | unique | length == 8)' /tmp/kubevirt.json >/dev/null
result $? "8, with the GPU's address and NUMA node, and a group for each" ||
	sed 's/^/# /' /tmp/kubevirt.json
check "KubeVirt removes them" "${kubevirt[@]}" remove gpup_64_MiB
[ -z "$(ls /sys/bus/mdev/devices)" ]
result $? "they are gone"
mdev=$(create_mdev gpup-64M)
# Its default for a VM's "gpus". The partition has no display.
check "QEMU says that there is no display" refused "display" \
	timeout 60 qemu-system-x86_64 -machine q35 -accel kvm -nodefaults -display none \
	-device "vfio-pci,sysfsdev=/sys/bus/mdev/devices/$mdev,display=on"
remove_mdev "$mdev"

# Nova.
check "libvirt starts again" start_libvirt || finish
nova=(python3 "$CHECKS_ON_HOST/nova.py")
# inventory TOTAL USED
# shellcheck disable=SC2317
inventory()
{
	"${nova[@]}" inventory gpup-128M >/tmp/nova.json && cat /tmp/nova.json &&
		jq -es --arg parent "$parent" --argjson total "$1" --argjson used "$2" \
			'. == [{parent: $parent, total: $total, used: $used}]' /tmp/nova.json
}
check "Nova's inventory: 4 of gpup-128M" inventory 4 0
first=$("${nova[@]}" create gpup-128M)
result $? "Nova creates one: $first"
second=$("${nova[@]}" create-sysfs gpup-128M)
result $? "Nova creates one in the old way: $second"
check "Nova's inventory: 4, and 2 of them used" await 60 inventory 4 2
"${nova[@]}" information "$first" >/tmp/nova.json
jq -e --arg uuid "$first" --arg node "$node" --argjson group \
	"$(basename "$(readlink "/sys/bus/mdev/devices/$first/iommu_group")")" \
	'.uuid == $uuid and .parent == $node and .type == "gpup-128M" and .iommu_group == $group and
	 (.dev_id | startswith("mdev_"))' /tmp/nova.json >/dev/null
result $? "what Nova asks libvirt about it" || sed 's/^/# /' /tmp/nova.json
remove_mdev "$second"
check "modules unload after that" eval "remove_mdev $first && unload_gpu"
check "modules load again after that" load_gpu 512
check "Nova's device is there again" await 60 exists "$first"
check "it is removed" mdevctl stop --uuid "$first"
check "and undefined" mdevctl undefine --uuid "$first"
check "libvirt ends again" stop_libvirt
