# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Messages, content hashes and the cache of finished things; knows nothing of kernels or guests.

# What the runner itself answers when it could not build or boot.
STATUS_CANNOT=123

# depmod and mke2fs are not on the PATH of Debian's ordinary users.
PATH=$PATH:/usr/sbin:/sbin

# Guests are x86-64 whatever else the caller builds in this shell, and messages are parsed.
unset ARCH CROSS_COMPILE LLVM CC KBUILD_OUTPUT KBUILD_EXTMOD INSTALL_MOD_PATH
export LC_ALL=C

export VMSCOPE_CACHE=${VMSCOPE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vmscope}

# Progress of long steps: never on standard output, which belongs to COMMAND.
say() {
	[ -n "${VMSCOPE_QUIET:-}" ] || printf 'vm: %s\n' "$*" >&2
}

complain() {
	printf 'selftests/vm: %s\n' "$*" >&2
}

die() {
	complain "$*"
	exit "$STATUS_CANNOT"
}

need_programs() {
	local program
	for program in "$@"; do
		command -v "$program" >/dev/null ||
			die "$program is missing; run $VM/install-packages"
	done
}

# A short hash of its standard input, or of the content of the files named.
hash_of() {
	if [ $# -gt 0 ]; then
		cat -- "$@" | sha256sum | cut -c1-12
	else
		sha256sum | cut -c1-12
	fi
}

# The sizes of the large files of a finished item, so that a truncated one is
# noticed. Hashing a gigabyte at every start would be slower than the boot.
item_sizes() {
	(cd "$1" && find . -type f -size +128k ! -name .complete -printf '%s %P\n' | LC_ALL=C sort)
}

item_is_whole() {
	[ -e "$1/.complete" ] && item_sizes "$1" | cmp -s - "$1/.complete"
}

remove_tree() {
	[ ! -e "$1" ] || {
		chmod -R u+w "$1" 2>/dev/null || true
		rm -rf -- "$1"
	}
}

# Says twice a minute how far the making of a thing is, until stopped: what its maker says
# in a log, or how large it has become.
making_progress() {
	local name=$1 making=$2 start=$SECONDS nap far
	trap 'kill "$nap" 2>/dev/null; exit' TERM
	while :; do
		sleep 30 &
		nap=$!
		wait "$nap"
		far=$(sed -n 's/^I: \([^.]*\).*/\1/p' "$making/log" 2>/dev/null | tail -n 1)
		say "$name: ${far:-$(du -sm "$making" 2>/dev/null | cut -f1) MB}, $((SECONDS - start)) s"
	done
}

# make_item NAME MAKING BUILDER [ARG...]: BUILDER ARG... MAKING, with word of how far it is.
make_item() {
	local name=$1 making=$2 progress='' status=0
	shift 2
	# That one tells itself how much of it is compiled.
	if [ "$name" != kernel-debug ]; then
		making_progress "$name" "$making" </dev/null >/dev/null &
		progress=$!
	fi
	"$VM/lib/strictly" "$@" "$making" || status=1
	[ -z "$progress" ] || { kill "$progress" && wait "$progress"; } 2>/dev/null || true
	return $status
}

# cache_item NAME KEY BUILDER [ARG...]: sets REPLY to the folder of the item.
# BUILDER ARG... FOLDER fills a folder beside it, which is renamed into place when
# it succeeded. The item stays locked against removal until this shell ends.
cache_item() {
	local name=$1 key=$2 folder lock making
	shift 2
	folder=$VMSCOPE_CACHE/items/$name-$key
	mkdir -p "$VMSCOPE_CACHE/items" "$VMSCOPE_CACHE/locks" "$VMSCOPE_CACHE/tmp"
	if ! item_is_whole "$folder"; then
		exec {lock}>"$VMSCOPE_CACHE/locks/$name-$key"
		flock -n "$lock" || {
			say "waiting for another run that is making $name"
			flock "$lock"
		}
		if ! item_is_whole "$folder"; then
			[ ! -e "$folder" ] || say "the cached $name is damaged; making it again"
			remove_tree "$folder"
			for making in "$VMSCOPE_CACHE/tmp/$name-$key".*; do
				remove_tree "$making"
			done
			making=$VMSCOPE_CACHE/tmp/$name-$key.$$
			mkdir "$making"
			if ! make_item "$name" "$making" "$@"; then
				remove_tree "$making"
				exec {lock}>&-
				return 1
			fi
			item_sizes "$making" >"$making/.complete"
			mv -T "$making" "$folder"
		fi
		exec {lock}>&-
	fi
	# Held shared for as long as this shell lives; see forget_old_items.
	exec {lock}<"$folder/.complete"
	flock -s "$lock"
	touch "$folder/.complete"
	forget_old_items "$name" "$folder"
	REPLY=$folder
}

# Items of the same name that nobody used for a week: superseded versions. Modules, of
# which each change of a source makes eight, are superseded within a day.
forget_old_items() {
	local name=$1 keep=$2 old lock days=7
	case $name in module*) days=0 ;; esac
	for old in "$VMSCOPE_CACHE/items/$name"-????????????; do
		[ "$old" != "$keep" ] || continue
		[ -n "$(find "$old/.complete" -mtime +$days 2>/dev/null)" ] || continue
		exec {lock}<"$old/.complete"
		! flock -n "$lock" || remove_tree "$old"
		exec {lock}<&-
	done
}

# Younger than a day: a run must not ask the mirror each time.
is_fresh() {
	[ -n "$(find "$1" -mmin -1440 2>/dev/null)" ]
}
