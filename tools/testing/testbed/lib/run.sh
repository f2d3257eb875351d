# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Runs one script on a freshly booted host, and judges what the kernels said.

# host_script SCRIPT DIR: the script's path as the host sees it. A script of
# the tree is run in place (it may use its neighbours); another is copied.
host_script()
{
	local path

	path=$(readlink -f "$1")
	case $path in
	"$TOP"/*)
		printf '/top/%s\n' "${path#"$TOP"/}"
		;;
	*)
		install -m 644 "$path" "$2/script"
		printf '/testbed/script\n'
		;;
	esac
}

# show_output FILE PID: copy FILE to stdout as it grows, until PID ends.
show_output()
{
	: >>"$1"
	tail -n +1 -f --pid="$2" -s 0.2 "$1" 2>/dev/null
}

# watchdog SECONDS PID FILE: kill PID after SECONDS, and say so in FILE.
watchdog()
{
	# shellcheck disable=SC2016 # the inner shell expands
	exec setpriv --pdeathsig KILL bash -c '
		left=$(($1 * 2))
		while [ "$((left--))" -gt 0 ]; do
			sleep 0.5
			kill -0 "$2" 2>/dev/null || exit 0
			# It has its result, and only has to power off.
			[ ! -s "$3" ] || [ "$left" -lt 120 ] || left=120
		done
		[ -s "$3" ] || echo timeout >"$3"
		kill -9 "$2"' watchdog "$@"
}

# judge_logs DIR [ALLOW]: fail if a kernel log below DIR shows trouble.
judge_logs()
{
	local dir=$1 allow=${2:-}
	local -a files=()

	mapfile -t files < <(find "$dir" -name '*dmesg.log' -o -name '*console.log' | sort)
	[ ${#files[@]} -gt 0 ] || return 0
	check_logs "$allow" "${files[@]}"
}

cmd_run()
{
	local kernel=6.12 mem=3072 limit=600 dir='' allow='' check=1 script status=0 verdict=0 qemu watchdog

	while [ $# -gt 0 ]; do
		case $1 in
		--kernel) kernel=$2 && shift 2 ;;
		--mem) mem=$2 && shift 2 ;;
		--timeout) limit=$2 && shift 2 ;;
		--log) dir=$2 && shift 2 ;;
		--allow) allow=$(readlink -f "$2") && shift 2 ;;
		--no-check) check=0 && shift ;;
		-*) die "run: no option $1" ;;
		*) break ;;
		esac
	done
	[ $# -gt 0 ] || die "run: which script?"
	script=$1
	shift
	[ -r "$script" ] || die "run: cannot read $script"
	need_root run
	[ -e "$IMAGE.key" ] || die "no disk image yet: run '$TESTBED/testbed prepare'"
	kernel_full "$kernel" >/dev/null
	[ -n "$dir" ] || dir=$CACHE/log/$(basename "$script" .sh)-$kernel
	rm -rf --one-file-system "${dir:?}/vm"
	rm -f "$dir"/{status,output,command,host-*.log}
	mkdir -p "$dir/vm"
	dir=$(readlink -f "$dir")

	{
		printf 'exec bash %q' "$(host_script "$script" "$dir")"
		[ $# -eq 0 ] || printf ' %q' "$@"
		echo
	} >"$dir/command"

	say "host: kernel $kernel, $(accelerator | cut -d' ' -f2 | cut -d, -f1), results in $dir"
	qemu_host "$kernel" "$mem" "$dir" file:/mnt/log/host-console.log \
		quiet loglevel=4 >"$dir/host-qemu.txt" 2>&1 &
	qemu=$!
	# shellcheck disable=SC2064 # the number of now
	trap "kill -9 $qemu 2>/dev/null || :" EXIT
	show_output "$dir/output" "$qemu" &
	watchdog "$limit" "$qemu" "$dir/status" &
	watchdog=$!
	wait "$qemu" 2>/dev/null || :
	trap - EXIT
	kill "$watchdog" 2>/dev/null || :
	wait 2>/dev/null || :

	status=$(cat "$dir/status" 2>/dev/null || echo none)
	case $status in
	timeout | none)
		tail -n 5 "$dir/host-qemu.txt" >&2
		tail -n 40 "$dir/host-console.log" >&2 || :
		if [ "$status" = timeout ]; then
			say "host: killed after $limit s"
			status=124
		else
			say "host: ended without a result (a crash?)"
			status=125
		fi
		;;
	esac
	if [ "$check" -eq 1 ]; then
		judge_logs "$dir" "$allow" || verdict=1
	fi
	say "host: script's status $status, kernel logs $([ "$verdict" -eq 0 ] && echo clean || echo NOT CLEAN)"
	[ "$status" -eq 0 ] || exit "$status"
	exit "$verdict"
}

cmd_shell()
{
	local kernel=6.12 mem=3072 dir=$CACHE/log/shell

	while [ $# -gt 0 ]; do
		case $1 in
		--kernel) kernel=$2 && shift 2 ;;
		--mem) mem=$2 && shift 2 ;;
		*) die "shell: no option $1" ;;
		esac
	done
	need_root shell
	[ -e "$IMAGE.key" ] || die "no disk image yet: run '$TESTBED/testbed prepare'"
	mkdir -p "$dir/vm"
	rm -f "$dir/command"
	say "host: kernel $kernel; leave with 'exit', kill with Ctrl-A X"
	(qemu_host "$kernel" "$mem" "$dir" mon:stdio quiet loglevel=4)
}
