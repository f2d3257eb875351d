# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Libvirt on a host where it was not started, and what tests ask of it. Needs lib.sh.

# set_up_libvirt: no namespaces, users and groups of control for its VMs, for this host has none.
# Logs go to the results.
set_up_libvirt()
{
	mkdir -p "$TESTBED_DIR/libvirt" /run/dbus
	rm -rf /var/log/libvirt
	ln -sfn "$TESTBED_DIR/libvirt" /var/log/libvirt
	cat >>/etc/libvirt/qemu.conf <<-'END'
		namespaces = []
		cgroup_controllers = []
		user = "root"
		group = "root"
		remember_owner = 0
		security_driver = "none"
		stdio_handler = "file"
	END
	[ -S /run/dbus/system_bus_socket ] || dbus-daemon --system --fork
}

start_libvirt()
{
	libvirtd -d && await 90 virsh version
}

# stop_libvirt: it may be looking at node devices, and has half a minute of its own for that.
stop_libvirt()
{
	local pid

	pid=$(cat /run/libvirtd.pid) && kill "$pid" && await 90 eval "! kill -0 $pid 2>/dev/null"
}

# repair_mdevctl: Debian 13 has the command in /usr/bin, and the udev rule calls it in /usr/sbin.
repair_mdevctl()
{
	[ -e /usr/sbin/mdevctl ] || ln -s /usr/bin/mdevctl /usr/sbin/mdevctl
}

# address: the GPU's on the PCI bus.
address()
{
	basename "$(readlink -f /sys/class/gpup/gpup0/device)"
}

# node_device ADDRESS: libvirt's name for it.
node_device()
{
	echo "pci_${1//[:.]/_}"
}

# xpath EXPRESSION: of the XML that it reads.
xpath()
{
	xmllint --xpath "$1" -
}

# mdev_xml TYPE [ATTRIBUTE VALUE]...: a node device of the GPU for libvirt to make.
mdev_xml()
{
	python3 "$CHECKS_ON_HOST/mdev_xml.py" "$(node_device "$(address)")" "$@"
}

# new_mdev COMMAND FILE: the name of the node device that "virsh COMMAND FILE" has made.
new_mdev()
{
	local out

	out=$(virsh "$1" "$2") || return
	grep -o 'mdev_[^ '"'"']*' <<<"$out"
}

# mdev_uuid NODE: of the node device of a mediated device.
mdev_uuid()
{
	virsh nodedev-dumpxml "$1" | xpath 'string(/device/capability/uuid)'
}

# start_domain NAME OPTIONS: of "vm domain". As start_vm, it tries again if the emulated SVM has
# lost the VM before its first process ran.
start_domain()
{
	local try

	for try in 1 2 3; do
		vm domain "$@" >"/tmp/$1.xml" && virsh define "/tmp/$1.xml" && virsh start "$1" || return
		vm ready "$1" && return
		[ ! -e "$(vm dir "$1")/dmesg.log" ] || return 1
		echo "# VM $1 died before its first process ran (try $try)"
	done
	return 1
}

# refused TEXT COMMAND...: it fails, and says so. What it says is shown.
refused()
{
	local text=$1 out

	shift
	if out=$("$@" 2>&1); then
		echo "it succeeded"
		return 1
	fi
	printf '%s\n' "$out"
	grep -qF -- "$text" <<<"$out"
}
