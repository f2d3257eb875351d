# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Unit tests in a User Mode Linux kernel with KASAN and lockdep. The kernel
# source is a hard-linked copy of Debian's, with this tree laid over it; the
# build directory is kept, so that a change of ours costs seconds.

UML=$BUILD/uml

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
	(cd "$UML/src" && python3 tools/testing/kunit/kunit.py "$@" --arch um --build_dir "$UML/out")
}

build_uml()
{
	prepare_uml_source
	overlay_sources
	mkdir -p "$UML/out"
	say "kunit: building"
	logged kunit-build kunit_py build --jobs "$(nproc)" \
		--kunitconfig "$TOP/tools/testing/kunit/gpup.kunitconfig"
	if grep -E '^(drivers/gpup|\.\./src/drivers/gpup|.*/gpup[a-z_/.]*\.[ch]:[0-9:]+ warning)' \
		"$LOGS/kunit-build.log"; then
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
	local json=$UML/result.json status=0

	rm -f "$json"
	say "kunit: running"
	mkdir -p "$LOGS"
	(cd "$UML/src" && python3 tools/testing/kunit/kunit.py exec --arch um \
		--build_dir "$UML/out" --timeout "${KUNIT_TIMEOUT:-300}" --json="$json" "$@") \
		>"$LOGS/kunit.log" 2>&1 || status=1
	if [ ! -s "$json" ]; then
		tail -n 60 "$LOGS/kunit.log" >&2
		die "kunit: no result, see $LOGS/kunit.log"
	fi
	if [ "$status" -ne 0 ]; then
		grep -vE '\[PASSED\]|^.*={20,}' "$LOGS/kunit.log" | tail -n 60 >&2
	fi
	"$TESTBED/host/checklog" "$UML/out/test.log" || status=1
	summarise "$json" || status=1
	say "kunit: results in $LOGS/kunit.log, kernel log in $UML/out/test.log"
	return "$status"
}

cmd_kunit()
{
	local build_only=0

	if [ "${1:-}" = --build-only ]; then
		build_only=1
		shift
	fi
	install_host_packages
	with_lock source prepare_source
	with_lock uml build_uml
	[ "$build_only" -eq 1 ] || with_lock uml run_uml "$@"
}
