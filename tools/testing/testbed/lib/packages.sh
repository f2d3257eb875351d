# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What this machine needs, what the root holds, and where both come from.

# Debian packages of this machine: for the root, the disk image and the UML build.
HOST_PACKAGES=(mmdebstrap debian-archive-keyring e2fsprogs rsync util-linux
	gcc libc6-dev make bc flex bison python3 perl xz-utils libelf-dev)

# Packages of the root: it is the compiler, the host and the VMs at once.
# shellcheck disable=SC2034 # used by other parts
ROOT_PACKAGES=(
	linux-image-amd64 linux-headers-amd64
	gcc libc6-dev linux-libc-dev make bc perl python3 pkg-config sparse
	libdrm-dev libpng-dev libcjson-dev
	qemu-system-x86 seabios
	kmod udev procps iproute2 util-linux e2fsprogs busybox-static jq less strace
	mdevctl uuid-runtime libdrm-tests python3-sphinx rsync
	file ca-certificates xz-utils
	libvirt-daemon-system libvirt-clients python3-libvirt
	# To build the Debian packages, to judge and to install them: see checks/deb.
	dpkg-dev debhelper dh-dkms dkms lintian
	# What judges the command's output: schemas, promtool, the shells that complete.
	libudev-dev python3-jsonschema prometheus zsh bash-completion
	# To build the emulator: see lib/emulator.sh.
	patch g++ ninja-build meson flex bison python3-venv python3-pycotap
	libglib2.0-dev zlib1g-dev libfdt-dev
)

# Packages that trixie-backports has newer: the second kernel.
# shellcheck disable=SC2034 # used by other parts
BACKPORTS_PACKAGES=(linux-image-amd64 linux-headers-amd64)

# install_host_packages: by apt-get where we are root, else say what is missing.
install_host_packages()
{
	local -a missing=()
	local package

	for package in "${HOST_PACKAGES[@]}"; do
		[[ $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) == "install ok"* ]] ||
			missing+=("$package")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	[ "$(id -u)" -eq 0 ] || die "please install: ${missing[*]}"
	say "installing on this machine: ${missing[*]}"
	logged apt-update apt-get update
	logged apt-install env DEBIAN_FRONTEND=noninteractive apt-get install -y \
		--no-install-recommends "${missing[@]}"
}

# mirror_uri SUFFIX: the mirror this machine uses for Debian's main archive
# (SUFFIX empty) or for its security archive (SUFFIX -security).
mirror_uri()
{
	local suite

	# shellcheck disable=SC1091
	suite=$(. /etc/os-release && echo "$VERSION_CODENAME")$1
	# shellcheck disable=SC2016
	apt-get indextargets --format '$(ORIGIN) $(CODENAME) $(SITE) $(RELEASE) $(REPO_URI)' \
		"Identifier: Packages" |
		awk -v suite="$suite" '$1 == "Debian" && ($2 == suite || $4 == suite) && !uri { uri = $NF }
			END { print uri }'
}

# root_sources: apt's sources.list of the root.
root_sources()
{
	local main security

	main=$(mirror_uri "")
	[ -n "$main" ] || die "no mirror of Debian in this machine's apt configuration"
	security=$(mirror_uri -security)
	printf 'deb %s trixie main\n' "$main"
	printf 'deb %s trixie-updates main\n' "$main"
	printf 'deb %s trixie-backports main\n' "$main"
	[ -z "$security" ] || printf 'deb %s trixie-security main\n' "$security"
}

# root_apt_options: how this machine's apt reaches its mirror, for mmdebstrap.
root_apt_options()
{
	apt-config dump |
		grep -E '^Acquire::(http|https|Check-Valid-Until|Check-Date|Retries)[: ]' |
		grep -v '""' || :
}
