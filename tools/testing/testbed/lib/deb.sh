# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Builds the Debian packages in the root, from a copy of the tree: build/deb/src.

# set_version DIR VERSION: a later entry in the changelog, and version.mk to go with it.
set_version()
{
	local dir=$1 version=$2 log

	log=$(<"$dir/debian/changelog")
	{
		printf 'gpup (%s) unstable; urgency=medium\n\n  * For a test.\n\n' "$version"
		sed -n '/^ -- /{s/[A-Z][a-z]*, .*//p;q}' <<<"$log" | tr -d '\n'
		LC_ALL=C date -u -R -d "@$(($(date +%s)))"
		printf '\n%s\n' "$log"
	} >"$dir/debian/changelog"
	sed -i "s/^VERSION.*/VERSION	:= ${version%-*}/" "$dir/version.mk"
}

# deb_steps DIR OPTIONS. -d: the kernel source that the book needs is not the package, but the testbed's.
deb_steps()
{
	in_root env -C "$1" LINUX="/mnt/top/${SOURCE#"$TOP"/}" DEB_BUILD_OPTIONS="parallel=$(nproc) ${2:-}" \
		dpkg-buildpackage -b -us -uc -d
}

# deb_key VERSION: changes with what the packages are made of.
deb_key()
{
	{
		root_key
		echo "$1"
		list_sources | LC_ALL=C sort | (cd "$TOP" && xargs -d '\n' sha256sum)
	} | sha256sum | cut -c1-16
}

build_deb()
{
	local version=${1:-} dir=$BUILD/deb key

	key=$(deb_key "$version")
	if [ "$(cat "$dir/.key" 2>/dev/null)" = "$key" ] && compgen -G "$dir/*.deb" >/dev/null; then
		return
	fi
	# Nothing of an earlier build may get into the packages.
	rm -rf "$dir"
	sync_sources "$dir/src"
	[ -z "$version" ] || set_version "$dir/src" "$version"
	say "deb: building the packages"
	# Another version is the same tree: its tests need not be run again.
	logged deb deb_steps "/mnt/top/${dir#"$TOP"/}/src" "${version:+nocheck}"
	echo "$key" >"$dir/.key"
}

cmd_deb()
{
	need_root deb
	[ -e "$SOURCE/Makefile" ] || die "no kernel source yet: run '$TESTBED/testbed prepare'"
	with_lock deb build_deb "$@"
	say "deb: $(cd "$BUILD/deb" && echo *.deb)"
}
