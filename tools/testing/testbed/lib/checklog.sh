# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Judges kernel logs; the rules are in host/checklog, which hosts have as well.

# check_logs ALLOW FILE...: ALLOW may be empty.
check_logs()
{
	local allow=$1

	shift
	if [ -n "$allow" ]; then
		"$TESTBED/host/checklog" --allow "$allow" "$@"
	else
		"$TESTBED/host/checklog" "$@"
	fi
}

cmd_checklog()
{
	"$TESTBED/host/checklog" "$@"
}
