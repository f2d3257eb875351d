# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The Debian 13 root, its kernels' initial RAM disks, and its disk image. Each
# is made under a temporary name, and renamed when it is whole.

# Drivers that a kernel needs before its root is mounted, and the host's share.
INITRD_MODULES=(virtio_pci virtio_blk ext4 9pnet_virtio 9p)

# root_key: changes when what the root holds changes.
root_key()
{
	printf '%s\n' "${ROOT_PACKAGES[@]}" -- "${BACKPORTS_PACKAGES[@]}" trixie 1 | sha256sum | cut -c1-16
}

# image_key: changes when the root or the way it becomes bootable changes.
image_key()
{
	{
		root_key
		printf '%s\n' "${INITRD_MODULES[@]}"
		cat "$TESTBED/host/initrd-init" "$TESTBED/lib/root.sh"
	} | sha256sum | cut -c1-16
}

make_root()
{
	local new=$CACHE/root.new packages option
	local -a options=()

	say "root: Debian 13 by mmdebstrap"
	remove_tree "$new"
	while read -r option; do
		[ -z "$option" ] || options+=("--aptopt=$option")
	done < <(root_apt_options)
	packages=$(IFS=,; echo "${ROOT_PACKAGES[*]}")
	# INITRD=No: Debian's own initial RAM disk is large and is not used.
	root_sources >"$CACHE/sources.list"
	# Namespaces of its own: what is killed leaves neither mounts nor processes.
	logged mmdebstrap setpriv --pdeathsig KILL \
		unshare --mount --pid --fork --kill-child=KILL --mount-proc \
		env INITRD=No mmdebstrap --variant=minbase --mode=root \
		--skip=cleanup/tmp --aptopt='APT::Install-Recommends "false"' \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='force-unsafe-io' \
		"${options[@]}" --include="$packages" \
		--customize-hook="chroot \"\$1\" env INITRD=No DEBIAN_FRONTEND=noninteractive \
			apt-get install -y --no-install-recommends -t trixie-backports ${BACKPORTS_PACKAGES[*]}" \
		trixie "$new" - <"$CACHE/sources.list"
	chroot "$new" passwd -d root >/dev/null 2>&1
	mkdir -p "$new/top" "$new/testbed" "$new/bed" "$new/mnt/top" "$new/mnt/log"
	# No names are asked of a network that is not there.
	printf '127.0.0.1 localhost host vm\n' >"$new/etc/hosts"
	root_key >"$new/.complete"
	remove_tree "$ROOT"
	mv "$new" "$ROOT"
}

# make_initrd K OUT: busybox, a few modules, and host/initrd-init, uncompressed.
make_initrd()
{
	local full work=$CACHE/initrd.new module

	full=$(kernel_full "$1")
	rm -rf "$work"
	mkdir -p "$work"/{bin,dev,proc,sys,root,modules}
	cp "$ROOT/usr/bin/busybox" "$work/bin/busybox"
	install -m 755 "$TESTBED/host/initrd-init" "$work/init"
	chroot "$ROOT" modprobe -S "$full" --show-depends -a "${INITRD_MODULES[@]}" |
		awk '$1 == "insmod" && !seen[$2]++ { print $2 }' |
		while read -r module; do
			case $module in
			*.xz) xz -dc "$ROOT$module" >"$work/modules/$(basename "$module" .xz)" ;;
			*) cp "$ROOT$module" "$work/modules/" ;;
			esac
			basename "$module" .xz >>"$work/modules/order"
		done
	(cd "$work" && find . | LC_ALL=C sort | "$ROOT/usr/bin/busybox" cpio -o -H newc) >"$2.new" 2>/dev/null
	mv "$2.new" "$2"
	rm -rf "$work"
}

make_image()
{
	local k full megabytes

	mkdir -p "$ROOT/boot"
	for k in "${KERNELS[@]}"; do
		full=$(kernel_full "$k")
		make_initrd "$k" "$ROOT/boot/initrd-$k"
		ln -sf "vmlinuz-$full" "$ROOT/boot/vmlinuz-$k"
	done
	megabytes=$(($(du -sxm "$ROOT" | cut -f1) + 1024))
	say "image: ext4, $megabytes MB"
	rm -f "$IMAGE.new"
	logged mke2fs mke2fs -q -t ext4 -O ^has_journal -E lazy_itable_init=1 -m 0 \
		-L testbed -d "$ROOT" "$IMAGE.new" "${megabytes}M"
	mv "$IMAGE.new" "$IMAGE"
	image_key >"$IMAGE.key"
}

prepare_root()
{
	[ -n "$(mirror_uri "")" ] || logged apt-update apt-get update
	if [ "$(cat "$ROOT/.complete" 2>/dev/null)" != "$(root_key)" ]; then
		make_root
	fi
	if [ "$(cat "$IMAGE.key" 2>/dev/null)" != "$(image_key)" ] || [ ! -e "$IMAGE" ]; then
		rm -f "$IMAGE.key"
		make_image
	fi
}

cmd_prepare()
{
	need_root prepare
	install_host_packages
	with_lock source prepare_source
	with_lock root prepare_root
	with_lock emulator prepare_emulator
	say "prepared: kernels $(for k in "${KERNELS[@]}"; do kernel_full "$k"; done | xargs)"
}
