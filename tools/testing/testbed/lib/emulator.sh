# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The QEMU that emulates the host's processor, where there is no KVM. Debian's
# own source, with the faults of its SVM emulation repaired that a host with
# several VMs runs into (emulator/*.patch say which). Hosts and VMs never see
# it: the QEMU that they run is Debian's own.

EMULATOR=$CACHE/emulator

# Where emulator() lies, as seen from the root.
EMULATOR_BINARY=/mnt/top/build/testbed/emulator/qemu-system-x86_64

# emulator: the QEMU to boot a host with, as seen from the root.
emulator()
{
	if [ -e "$EMULATOR/qemu-system-x86_64" ]; then
		echo "$EMULATOR_BINARY"
	else
		echo qemu-system-x86_64
	fi
}

emulator_key()
{
	cat "$TESTBED"/emulator/* "$TESTBED/lib/emulator.sh" | sha256sum | cut -c1-16
}

prepare_emulator()
{
	if [[ $(accelerator) != *tcg* ]]; then
		return
	fi
	if [ "$(cat "$EMULATOR/.complete" 2>/dev/null)" = "$(emulator_key)" ]; then
		return
	fi
	say "emulator: building QEMU with its SVM emulation repaired"
	rm -rf "$EMULATOR" "$EMULATOR.new"
	mkdir -p "$EMULATOR.new"
	cp --remove-destination /etc/resolv.conf "$ROOT/etc/resolv.conf"
	logged emulator in_root bash /mnt/top/tools/testing/testbed/emulator/build \
		/mnt/top/build/testbed/emulator.new
	rm -rf "$EMULATOR.new/source"
	emulator_key >"$EMULATOR.new/.complete"
	mv "$EMULATOR.new" "$EMULATOR"
}
