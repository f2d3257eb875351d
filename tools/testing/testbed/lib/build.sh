# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Builds the tree in the root, against the headers of each kernel. Sources are
# copied to build/testbed/out/K/src, so that builds of two kernels do not meet;
# only what changed is copied, so that make rebuilds only that.

# list_sources: the files of the tree, relative to $TOP, that a build may use.
list_sources()
{
	local file

	(
		cd "$TOP" || exit
		if [ -e .git ] && git -c safe.directory='*' rev-parse >/dev/null 2>&1; then
			git -c safe.directory='*' ls-files -co --exclude-standard -- ':!build'
		else
			find . \( -path ./build -o -path ./.git \) -prune -o -type f -printf '%P\n'
		fi | while IFS= read -r file; do
			case $file in
			*.o | *.ko | *.mod | *.mod.c | *.cmd | *.a | */__pycache__/*) ;;
			*) [ ! -e "$file" ] || printf '%s\n' "$file" ;;
			esac
		done | LC_ALL=C sort -u
	)
}

# sync_sources DIR: make DIR hold the tree's sources, leaving built files alone.
# Compared by content; a changed file gets the present time, so that going back
# to an older version is rebuilt as well.
sync_sources()
{
	local dir=$1 file

	mkdir -p "$dir"
	list_sources >"$dir.list.new"
	if [ -e "$dir.list" ]; then
		LC_ALL=C comm -23 "$dir.list" "$dir.list.new" | while IFS= read -r file; do
			rm -f "$dir/$file"
		done
	fi
	rsync -rlp --checksum --files-from="$dir.list.new" "$TOP/" "$dir/"
	mv "$dir.list.new" "$dir.list"
}

# make_indices K: module indices for the host's modules and ours together, made
# here, where depmod takes a second, and not in the emulated host.
make_indices()
{
	local full=$1 inst=$2 base=$3

	rm -rf "$base"
	mkdir -p "$base/lib/modules"
	cp -al "$ROOT/usr/lib/modules/$full" "$base/lib/modules/"
	# Hard links: remove before writing, or the root's own would change.
	rm -f "$base/lib/modules/$full"/modules.{dep,alias,symbols,softdep,devname,weakdep,builtin.alias}* \
		"$base/lib/modules/$full"/modules.builtin*.bin
	rm -rf "$base/lib/modules/$full/updates"
	cp -a "$inst/lib/modules/$full/updates" "$base/lib/modules/$full/"
	in_root depmod -b "/mnt/top/${base#"$TOP"/}" "$full"
	find "$base/lib/modules/$full" -maxdepth 1 -name 'modules.*' -links 1 \
		-exec cp -t "$inst/lib/modules/$full" {} +
	rm -rf "$base"
}

# build_steps FULL SRC INST: all that the tree makes, from the root's view.
build_steps()
{
	local -a make=(in_root make --no-print-directory -C "$2" KDIR="/lib/modules/$1/build")
	# A warning is an error, so that it is still there when the build is repeated.
	# KBUILD_CHECKSRC is what C=1 sets; Debian's headers lack what C=1 asks first.
	local -a strict=(W=1 KCFLAGS=-Werror KBUILD_CHECKSRC=1
		"CF=-Wsparse-error -include $2/tools/testing/testbed/lib/sparse.h")

	"${make[@]}" -j"$(nproc)" "${strict[@]}" modules &&
		"${make[@]}" INSTALL_MOD_PATH="$3" modules_install &&
		"${make[@]}" -j"$(nproc)" tools selftests &&
		"${make[@]}" DESTDIR="$3" prefix=/usr install-tools install-selftests
}

build_one()
{
	local k=$1 full out mnt

	full=$(kernel_full "$k")
	out=$CACHE/out/$k
	mnt=/mnt/top/${out#"$TOP"/}
	say "build: $k ($full)"
	sync_sources "$out/src"
	rm -rf "$out/inst.new"
	mkdir -p "$out/inst.new/lib/modules/$full/updates"
	logged "build-$k" build_steps "$full" "$mnt/src" "$mnt/inst.new"
	grep -E ': warning: ' "$LOGS/build-$k.log" >&2 || :
	make_indices "$full" "$out/inst.new" "$out/depmod"
	rm -rf "$out/inst"
	mv "$out/inst.new" "$out/inst"
}

cmd_build()
{
	local k

	need_root build
	[ $# -gt 0 ] || set -- "${KERNELS[@]}"
	for k in "$@"; do
		with_lock "build-$k" build_one "$k"
	done
	say "built: $*"
}

# compile KERNEL DIR [ARGS]: one directory of modules, in place, for a quick look.
cmd_compile()
{
	local full dir

	need_root compile
	[ $# -ge 2 ] || die "compile: KERNEL DIR [ARGS]"
	full=$(kernel_full "$1")
	dir=$(readlink -f "$2")
	shift 2
	case $dir in
	"$TOP"/*) ;;
	*) die "compile: $dir is not below $TOP" ;;
	esac
	in_root make -C "/lib/modules/$full/build" M="/mnt/top/${dir#"$TOP"/}" -j"$(nproc)" "$@"
}
