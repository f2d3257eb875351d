# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Debian's linux-source-6.12, unpacked: for User Mode Linux, checkpatch and
# kernel-doc. Taken from this machine's archive, and not installed.

prepare_source()
{
	local deb=$CACHE/deb.new archive package=linux-source-6.12

	[ ! -e "$SOURCE/Makefile" ] || return 0
	archive=/usr/src/$package.tar.xz
	if [ ! -e "$archive" ]; then
		say "source: fetching $package"
		rm -rf "$deb"
		mkdir -p "$deb"
		apt-cache show "$package" >/dev/null 2>&1 || logged apt-update apt-get update
		# As root, apt fetches as _apt, which may not enter this directory.
		(cd "$deb" && logged apt-source apt-get -o APT::Sandbox::User=root download "$package")
		dpkg-deb -x "$deb"/*.deb "$deb/x"
		archive=$deb/x/usr/src/$package.tar.xz
	fi
	say "source: unpacking $package"
	rm -rf "$SOURCE.new"
	mkdir -p "$SOURCE.new"
	tar -C "$SOURCE.new" --strip-components=1 -xf "$archive"
	mv "$SOURCE.new" "$SOURCE"
	rm -rf "$deb"
}
