#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# All selftests of gpup, or those named, on this host: needs root, and gpup_mdev and gpup_soft
# loaded. Ends with one line for each.
#
#	GPUP_KILLS	how often vrd_kill kills its guest (200)
#	GPUP_FUZZ_MS	how long vrd_hostile and vrd_storms go on at random, each time (4000)
#	GPUP_SEED	where that begins (42)
set -uo pipefail
cd "$(dirname "$(readlink -f "$0")")" || exit 1

TESTS=(host_sysfs.sh host_attributes host_ioctl host_share host_limits host_race
	vrd_config vrd_bringup vrd_messages vrd_submissions
	vrd_notify vrd_state vrd_jobs vrd_limits vrd_memory vrd_evict vrd_canary vrd_hostile vrd_storms vrd_kill)

if [ "$(id -u)" -ne 0 ]; then
	echo "run.sh: needs root" >&2
	exit 1
fi
[ $# -eq 0 ] || TESTS=("$@")

modprobe -q vfio_iommu_type1
out=$(mktemp)
trap 'rm -f "$out"' EXIT
summary=()
failed=0
for test in "${TESTS[@]}"; do
	echo "# $test"
	begin=$SECONDS
	"./$test" 2>&1 | tee "$out"
	status=${PIPESTATUS[0]}
	ok=$(grep -c '^ok ' "$out")
	bad=$(grep -c '^not ok ' "$out")
	summary+=("$(printf '# %-15s %3d passed, %d failed, status %d, %d s' "$test" "$ok" "$bad" \
		"$status" $((SECONDS - begin)))")
	[ "$status" -eq 0 ] || failed=1
done
printf '%s\n' "${summary[@]}"
exit "$failed"
