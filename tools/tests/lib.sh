# SPDX-License-Identifier: GPL-2.0-or-later
# What the tests share: helpers that are built, processes that are looked at,
# and expectations. Sourced by run; it knows no test.
# shellcheck shell=bash disable=SC2034

# A compiler of another machine makes a command that cannot run here anyway.
build_helpers() {
	local cc=${CC:-gcc} flags="-O2 -Wall -Wextra ${WERROR:-} -I$top/module"

	# shellcheck disable=SC2086
	$cc $flags -o "$WORK/holder" "$here/holder.c" &&
		$cc $flags -static -o "$WORK/holder-alone" "$here/holder.c" &&
		$cc $flags -o "$WORK/peak" "$here/peak.c" &&
		$cc $flags -shared -fPIC -o "$WORK/fake.so" "$here/fake_module.c" -ldl &&
		sync "$WORK"/holder*	# pages of a new file are dirty until they are written
}

# To where it is read even when the output is asked for.
die() {
	echo "$*" >&2
	exit 1
}

skip() {
	echo "$*"
	exit 4
}

vmscope() {
	"$VMSCOPE" "$@"
}

# Through the stand-in for the module.
faked() {
	LD_PRELOAD=$WORK/fake.so "$VMSCOPE" "$@"
}

# Without rights over other users' processes.
as_nobody() {
	if [ "$(id -u)" -ne 0 ]; then
		"$@"
	else
		chmod 755 "$WORK"
		setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps -all "$@"
	fi
}

# text_of FILE: its text in $text, without zeros and the last ends of lines. As quick as it
# can be in a guest: no process is started.
text_of() {
	local parts

	mapfile -d '' -t parts <"$1"
	printf -v text %s "${parts[@]}"
	text=${text%"${text##*[!$'\n']}"}
}

# expect STATUS COMMAND...: output in $out, errors in $err.
expect() {
	local status=$1 got=0 text

	shift
	"$@" > "$WORK/out" 2> "$WORK/err" || got=$?
	text_of "$WORK/out"
	out=$text
	text_of "$WORK/err"
	err=$text
	[ "$got" -eq "$status" ] ||
		die "$* ended with $got instead of $status: $out $err"
}

# refused STATUS TEXT COMMAND...: fails with a message that has TEXT.
refused() {
	local status=$1 text=$2

	shift 2
	expect "$status" "$@"
	case $err in
	"vmscope: "*"$text"*) ;;
	*) die "$*: the message does not say '$text': $err" ;;
	esac
	local first=${err%%$'\n'*}
	[ ${#first} -lt 400 ] || die "the message is too long: $err"
}

has() {
	case $1 in
	*"$2"*) ;;
	*) die "'$2' is not in: $1" ;;
	esac
}

has_not() {
	case $1 in
	*"$2"*) die "'$2' is in: $1" ;;
	esac
}

same() {
	[ "$1" = "$2" ] || die "${3:-}: '$1' is not '$2'"
}

# hold [ANON_MIB [MAPPINGS]]: a process to look at; its pid in $held.
hold() {
	hold_as holder "$@"
}

# One that shares no library: its PSS does not depend on who looks at it.
hold_alone() {
	hold_as holder-alone "$@"
}

hold_as() {
	rm -f "$WORK/holder.out"
	"$WORK/$1" "${@:2}" > "$WORK/holder.out" &
	held=$!
	for _ in $(seq 100); do
		[ ! -s "$WORK/holder.out" ] || break
		sleep 0.05
	done
	[ -s "$WORK/holder.out" ] || die "the process to look at does not start"
	address=$(cat "$WORK/holder.out")
	trap 'kill -9 $held 2>/dev/null' EXIT
}

need_terminal() {
	command -v script > /dev/null || skip "no script(1): apt-get install bsdutils"
}

# on_terminal COLUMNS COMMAND: the pseudo terminal tells its width.
on_terminal() {
	local columns=$1

	shift
	script -qec "stty cols $columns rows 24; $*" /dev/null | tr -d '\r'
}

need_validator() {
	judge value "__import__('jsonschema')" ||
		skip "no Python module jsonschema: apt-get install python3-jsonschema"
}
