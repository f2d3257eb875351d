# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Unit tests in a User Mode Linux kernel with KASAN and lockdep, or for those
# that compare times, without. The kernel source is a hard-linked copy of
# Debian's, with this tree laid over it; the build directories are kept, so that
# a change of ours costs seconds.

UML=$BUILD/uml
# Of the kernel with the checkers, and of the one without.
UML_OUT=$UML/out
UML_CONFIG=$TOP/tools/testing/kunit/gpup.kunitconfig
UML_RUN=kunit

# What is laid over the kernel source: everything a driver of the tree can use.
OVERLAY=(drivers/gpup include/drm include/uapi/drm include/uapi/linux guest/drm)

# prepare_uml_source: never writes into a file that it shares with $SOURCE.
prepare_uml_source()
{
	local src=$UML/src

	[ ! -e "$src/.complete" ] || return 0
	say "kunit: copying the kernel source"
	rm -rf "$src"
	mkdir -p "$UML"
	rm -rf "$src.new"
	cp -al "$SOURCE" "$src.new"
	sed 's|^endmenu|source "drivers/gpup/Kconfig"\n\nendmenu|' "$SOURCE/drivers/Kconfig" >"$UML/new"
	mv "$UML/new" "$src.new/drivers/Kconfig"
	{
		cat "$SOURCE/drivers/Makefile"
		# shellcheck disable=SC2016 # for make
		echo 'obj-$(CONFIG_DRM_GPUP) += gpup/'
		# What of the guest's driver needs no PCI.
		# shellcheck disable=SC2016 # for make
		echo 'obj-$(CONFIG_DRM_GPUP_KUNIT_TEST) += ../guest/drm/'
	} >"$UML/new"
	mv "$UML/new" "$src.new/drivers/Makefile"
	touch "$src.new/.complete"
	mv "$src.new" "$src"
}

# overlay_sources: changed files only; what has gone from the tree goes here too.
overlay_sources()
{
	local src=$UML/src dir file
	local list=$UML/overlay.list

	list_sources >"$list.all"
	for dir in "${OVERLAY[@]}"; do
		grep "^$dir/" "$list.all" || :
	done >"$list.new"
	if [ -e "$list" ]; then
		LC_ALL=C comm -23 "$list" <(LC_ALL=C sort "$list.new") | while IFS= read -r file; do
			rm -f "$src/$file"
		done
	fi
	rsync -rlp --checksum --files-from="$list.new" "$TOP/" "$src/"
	LC_ALL=C sort "$list.new" >"$list"
	rm -f "$list.new" "$list.all"
	if [ ! -e "$src/drivers/gpup/Kconfig" ]; then
		die "kunit: the tree has no drivers/gpup/Kconfig"
	fi
}

kunit_py()
{
	(cd "$UML/src" && python3 tools/testing/kunit/kunit.py "$@" --arch um --build_dir "$UML_OUT")
}

build_uml()
{
	prepare_uml_source
	overlay_sources
	mkdir -p "$UML_OUT"
	say "kunit: building"
	logged "$UML_RUN-build" kunit_py build --jobs "$(nproc)" \
		--kunitconfig "$UML_CONFIG"
	if grep -E '^(drivers/gpup|\.\./src/drivers/gpup|.*/gpup[a-z_/.]*\.[ch]:[0-9:]+ warning)' \
		"$LOGS/$UML_RUN-build.log"; then
		say "kunit: the compiler warned"
	fi
}

# summarise JSON: one line, and the names of what failed; 1 if anything did.
summarise()
{
	python3 - "$1" <<'EOF'
import json, sys

count = {}
failed = []

def walk(group, path):
    for case in group.get("test_cases", []):
        count[case["status"]] = count.get(case["status"], 0) + 1
        if case["status"] not in ("PASS", "SKIP"):
            failed.append("/".join(path + [case["name"]]))
    for sub in group.get("sub_groups", []):
        walk(sub, path + [sub["name"]])

walk(json.load(open(sys.argv[1])), [])
for name in failed:
    print("kunit: FAILED", name)
skipped = count.get("SKIP", 0)
print("kunit: %d passed, %d failed%s" % (count.get("PASS", 0), len(failed),
      ", %d skipped" % skipped if skipped else ""))
sys.exit(1 if failed or not count.get("PASS") else 0)
EOF
}

run_uml()
{
	local json=$UML/$UML_RUN.json status=0

	rm -f "$json"
	say "kunit: running"
	mkdir -p "$LOGS"
	(cd "$UML/src" && python3 tools/testing/kunit/kunit.py exec --arch um \
		--build_dir "$UML_OUT" --timeout "${KUNIT_TIMEOUT:-300}" --json="$json" "$@") \
		>"$LOGS/$UML_RUN.log" 2>&1 || status=1
	if [ ! -s "$json" ]; then
		tail -n 60 "$LOGS/$UML_RUN.log" >&2
		die "kunit: no result, see $LOGS/$UML_RUN.log"
	fi
	if [ "$status" -ne 0 ]; then
		grep -vE '\[PASSED\]|^.*={20,}' "$LOGS/$UML_RUN.log" | tail -n 60 >&2
	fi
	"$TESTBED/host/checklog" "$UML_OUT/test.log" || status=1
	summarise "$json" || status=1
	say "kunit: results in $LOGS/$UML_RUN.log, kernel log in $UML_OUT/test.log"
	return "$status"
}

# Suites, and the functions whose instructions are counted while the suite runs: such as do not
# give the processor away, for nobody else has it while they are counted.
UML_COUNTED=(
	gpup_vrd_decode:gpup_vrd_decode
	gpup_vrd_ring:gpup_vrd_ring_pending,gpup_vrd_ring_copy_out,gpup_vrd_ring_consume
	gpup_vidsch_queue:gpup_queue_submit,gpup_pick_next,gpup_pick_charge
	gpup_timeline:gpup_timeline_complete
	gpup_policy:gpup_budget_charge,gpup_budget_admit,gpup_pool_victim
)

# count_instructions FILE: of the kernel without checkers, which was built.
count_instructions()
{
	local file=$1 counted count=$UML/count

	say "kunit: counting"
	${CC:-gcc} -O2 -Wall -Wextra -o "$count" "$TOP/tools/testing/kunit/count.c"
	for counted in "${UML_COUNTED[@]}"; do
		timeout 60 "$count" "${counted#*:}" "$UML_OUT/linux" \
			"kunit.filter_glob=${counted%%:*}" kunit.enable=1 mem=1G console=tty \
			kunit_shutdown=halt 2>"$LOGS/count.log" || {
			tail -n 20 "$LOGS/count.log" >&2
			die "kunit: ${counted%%:*} could not be counted"
		}
	done | python3 -c 'import json, sys
text, counts, decoder = sys.stdin.read().strip(), {}, json.JSONDecoder()
while text:
    part, end = decoder.raw_decode(text)
    counts.update(part)
    text = text[end:].strip()
json.dump(counts, sys.stdout, indent=1)
print()' >"$file.new"
	mv "$file.new" "$file"
}

# Instructions of the parts that each message and each job goes through.
cmd_count()
{
	local file=${1:?count: which file?}

	UML_OUT=$UML/bench
	UML_CONFIG=$TOP/tools/testing/kunit/bench.kunitconfig
	UML_RUN=kunit-bench
	install_host_packages
	with_lock source prepare_source
	with_lock uml build_uml
	mkdir -p "$LOGS"
	with_lock uml count_instructions "$file"
}

cmd_kunit()
{
	local build_only=0

	while :; do
		case ${1:-} in
		--build-only) build_only=1 ;;
		--bench)
			UML_OUT=$UML/bench
			UML_CONFIG=$TOP/tools/testing/kunit/bench.kunitconfig
			UML_RUN=kunit-bench
			;;
		*) break ;;
		esac
		shift
	done
	if [ "$UML_RUN" = kunit-bench ] && [ $# -eq 0 ]; then
		set -- 'gpup_*_bench'
	fi
	install_host_packages
	with_lock source prepare_source
	with_lock uml build_uml
	[ "$build_only" -eq 1 ] || with_lock uml run_uml "$@"
}
