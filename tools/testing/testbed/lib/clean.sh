# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Removes what the testbed made below build/.

cmd_clean()
{
	case ${1:-} in
	"")
		rm -rf --one-file-system "$CACHE/out" "$CACHE/log"
		;;
	--all)
		remove_tree "$CACHE"
		rm -rf --one-file-system "$BUILD/uml" "$SOURCE" "$LOGS"
		;;
	*)
		die "clean: no option $1"
		;;
	esac
	say "cleaned"
}
