# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Paths, progress lines, locks and mounts: what every other part uses.

BUILD=$TOP/build
CACHE=$BUILD/testbed
ROOT=$CACHE/root
IMAGE=$CACHE/disk.img
SOURCE=$BUILD/linux-6.12
LOGS=$BUILD/logs
# shellcheck disable=SC2034 # used by other parts
KERNELS=(6.12 7.3)

# say TEXT: one line of progress, with the seconds since the command began.
say()
{
	printf '[testbed] %s (%ds)\n' "$*" "$SECONDS" >&2
}

die()
{
	printf '[testbed] error: %s\n' "$*" >&2
	exit 1
}

# logged NAME COMMAND...: output goes to build/logs/NAME.log and is shown on failure.
logged()
{
	local log=$LOGS/$1.log

	shift
	mkdir -p "$LOGS"
	if ! "$@" >"$log" 2>&1; then
		tail -n 40 "$log" >&2
		die "'$*' failed, see $log"
	fi
}

need_root()
{
	[ "$(id -u)" -eq 0 ] || die "'testbed $1' needs root (it uses chroot and mount)"
}

# with_lock NAME COMMAND...: one at a time; waits for another testbed of this tree.
# The lock goes with the process, so a killed run leaves none behind.
with_lock()
{
	local lock=$CACHE/$1.lock

	shift
	mkdir -p "$CACHE"
	(
		if ! flock -n 9; then
			say "waiting for another testbed (${lock##*/})"
			flock 9
		fi
		"$@"
	) 9>"$lock"
}

# remove_tree DIR: rm -r, after unmounting what a killed run may have left in it.
remove_tree()
{
	local dir

	findmnt -rno TARGET | grep -F "$1/" | sort -r | while IFS= read -r dir; do
		umount -l "$dir"
	done || :
	rm -rf --one-file-system "$1"
}

# kernel_full K: 6.12 -> 6.12.107+deb13-amd64, as installed in the root.
kernel_full()
{
	local dir

	for dir in "$ROOT/lib/modules/$1"[.+-]*; do
		if [ -d "$dir" ]; then
			printf '%s\n' "${dir##*/}"
			return
		fi
	done
	die "no kernel $1 in the root: run '$TESTBED/testbed prepare'"
}

# in_root COMMAND...: run in the root with /dev, /proc and the source tree (at
# /mnt/top), in a mount namespace of its own, so that nothing is left mounted
# whatever kills it. With ROOT_LOG set, that directory is at /mnt/log.
in_root()
{
	(exec_in_root "$@")
}

# exec_in_root COMMAND...: the same, in place of this shell; ends with its parent.
exec_in_root()
{
	[ -e "$ROOT/.complete" ] || die "no root yet: run '$TESTBED/testbed prepare'"
	# The inner shell expands the variables.
	# shellcheck disable=SC2016
	ROOT=$ROOT TOP=$TOP ROOT_LOG=${ROOT_LOG:-} exec setpriv --pdeathsig KILL unshare --mount --propagation private -- \
		bash -euc '
		mkdir -p "$ROOT/mnt/top" "$ROOT/mnt/log"
		mount --rbind /dev "$ROOT/dev"
		mount -t proc proc "$ROOT/proc"
		mount -t sysfs sysfs "$ROOT/sys" 2>/dev/null || :
		mount -t tmpfs tmpfs "$ROOT/tmp"
		mount --bind "$TOP" "$ROOT/mnt/top"
		[ -z "$ROOT_LOG" ] || mount --bind "$ROOT_LOG" "$ROOT/mnt/log"
		cd /
		exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
			TERM="${TERM:-dumb}" chroot "$ROOT" "$@"
		' in_root "$@"
}

cmd_chroot()
{
	need_root chroot
	[ $# -gt 0 ] || set -- bash
	in_root "$@"
}

cmd_path()
{
	case ${1:-} in
	root) echo "$ROOT" ;;
	image) echo "$IMAGE" ;;
	source) echo "$SOURCE" ;;
	log) echo "$CACHE/log" ;;
	out) echo "$CACHE/out" ;;
	*) die "path of what? root image source log out" ;;
	esac
}
