# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# A part of "selftests": the operators' commands on a GPU of 256 MiB. What only words can be wrong
# with is tested without a kernel (tools/gpup/tests/test_operator).

# says STATUS TEXT COMMAND...: it ends with that status, and says that
# shellcheck disable=SC2317 # called by check
says()
{
	local want=$1 text=$2 out status

	shift 2
	out=$("$@" 2>&1)
	status=$?
	printf '%s\n' "$out"
	[ "$status" -eq "$want" ] && grep -q -e "$text" <<<"$out"
}

# valid SCHEMA COMMAND...
# shellcheck disable=SC2317 # called by check
valid()
{
	local schema=$1

	shift
	"$@" | /top/tools/gpup/tests/validate.py "/usr/share/gpup/schema/$schema.json"
}

# Partition "show" has all that sysfs has, and nothing else.
# shellcheck disable=SC2317 # called by check
same_attributes()
{
	diff <(gpup partition show host --json | jq -r 'keys[]' | grep -vx -e adapter -e partition) \
		<(cd /sys/class/gpup/gpup0/partitions/host && LC_ALL=C printf '%s\n' * | LC_ALL=C sort)
}

# shellcheck disable=SC2317 # called by check
all_metrics_are_there()
{
	promtool check metrics </tmp/gpup.prom && [ "$(grep -c '^gpup_partition_vram_min_bytes{' \
		/tmp/gpup.prom)" -eq 2 ]
}

# What the book tells of the metrics is what there is.
# shellcheck disable=SC2317 # called by check
book_has_metrics()
{
	diff <(sed -n 's/^# TYPE \([a-z_]*\) .*/\1/p' /tmp/gpup.prom | LC_ALL=C sort) \
		<(grep -o '^``gpup_[a-z_]*' /top/Documentation/gpu/gpup/metrics.rst | tr -d '`' |
			LC_ALL=C sort -u)
}

check "gpup adapter" says 0 "^gpup0 .* 256 MiB" gpup adapter
check "gpup type" says 0 "gpup-128M .* 2$" gpup type
check "partition show has what sysfs has" same_attributes

# Five events end them; the time only does if there are fewer.
gpup watch --json --seconds 300 --count 5 >/tmp/watch.json &
watcher=$!
gpup watch --seconds 300 --count 5 >/tmp/watch.txt &
reader=$!
check "both watchers listen" eval "await 60 listens $watcher && await 60 listens $reader"
first=$(gpup partition create 64M sched_weight=300 vram_min=16M sched_cap=50)
result $? "partition create"
[ "$(attribute "$first" vram_min) $(attribute "$first" vram_max) $(attribute "$first" \
	sched_weight) $(attribute "$first" sched_cap)" = "16777216 67108864 300 50" ]
result $? "it has the attributes"
check "a new one that is refused is not there" says 1 "Nothing was created" \
	gpup partition create 64M vram_max=16M vram_min=32M
[ "$(find /sys/bus/mdev/devices/ -name '*-*' | wc -l)" -eq 1 ]
result $? "there is one device"
check "its UUID is taken" says 1 "exists already" gpup partition create 64M --uuid "$first"
check "limits go up together" gpup partition set "$first" vram_min=96M vram_max=128M
check "and down together" gpup partition set "${first%%-*}" vram_min=1M vram_max=2M
check "no guarantee above the limit" says 1 "Nothing was changed" \
	gpup partition set "$first" sched_weight=7 vram_min=3M
[ "$(attribute "$first" sched_weight)" -eq 300 ]
result $? "nothing was changed"
check "what is out of range" says 1 "it takes 1 to 10000" gpup partition set "$first" sched_weight=0
check "more than there is" says 1 "is free" gpup partition set host vram_min=256M
check "a full GPU" says 1 "no room for another gpup-256M" gpup partition create 256M

for schema in adapter-list type-list partition-list; do
	check "$schema is valid" valid "$schema" gpup "${schema%-*}" list --json
done
check "top is valid" valid top gpup top --once --json
check "processes are valid" valid top gpup top --once --processes --json
check "info is valid" valid info gpup info --json
check "mem is valid" valid mem gpup mem --json --objects
check "sgemm is valid" valid sgemm gpup sgemm -n 32 --json
check "trace is valid" valid trace gpup trace --seconds 0.2 --json
check "bench is valid" valid bench gpup bench --seconds 1 --json syscall
second=$(cat /proc/sys/kernel/random/uuid)
check "partition-create is valid" valid partition-create \
	gpup partition create 64M --uuid "$second" --json
check "and it is removed again" gpup partition remove "$second"
gpup metrics --output /tmp/gpup.prom
check "metrics" all_metrics_are_there
check "the book's metrics are those" book_has_metrics

# Somebody has the device open.
group=$(basename "$(readlink "/sys/bus/mdev/devices/$first/iommu_group")")
python3 -c 'import sys, time
file = open(sys.argv[1], "r+b", buffering=0)
print("open", flush=True)
time.sleep(600)' "/dev/vfio/$group" >/tmp/holder &
holder=$!
await 60 grep -q open /tmp/holder
check "a device in use is not removed" says 1 "in use by python3.*\[$holder\]" \
	gpup partition remove "$first"
kill "$holder"
wait "$holder" 2>/dev/null
check "partition remove" gpup partition remove "$first"
check "it has gone" says 1 "there is no partition" gpup partition show "$first"

wait "$watcher"
result $? "watch ends after five events" || cat /tmp/watch.json
[ "$(jq -r .event /tmp/watch.json | head -n 2 | xargs)" = "created budget" ] &&
	[ "$(jq -r .partition /tmp/watch.json | head -n 2 | sort -u)" = "$first" ]
result $? "watch tells what happened" || cat /tmp/watch.json
check "what it says is valid" /top/tools/gpup/tests/validate.py --lines \
	/usr/share/gpup/schema/watch.json </tmp/watch.json

wait "$reader"
result $? "so does watch for people" || cat /tmp/watch.txt
grep -q 'vram_min=16M vram_max=64M$' /tmp/watch.txt && ! grep '.\{81\}' /tmp/watch.txt
result $? "what it says has short sizes, and fits 80 columns" || cat /tmp/watch.txt
