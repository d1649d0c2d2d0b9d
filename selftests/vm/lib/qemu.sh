# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Which QEMU runs the guests: our own (qemu_build.sh) where it was made, else the packaged one,
# slower and all else alike: who wants one guest does not wait for a compiler. Knows nothing of
# machines or kernels.
#
# Bookworm's QEMU 7.2 translates code before it write-protects the page it comes from, so
# that with several emulated processors a kernel that patches itself now and then dies of
# a stale breakpoint ("Oops: int3" in a static branch). QEMU 8.1 mended it. The one in
# bookworm-backports is unpacked into the cache; the host's must do only when that fails.

qemu_closure() {
	apt_closure bookworm bookworm-backports qemu-system-x86
}

# qemu_make CLOSURE FOLDER
qemu_make() {
	local folder=$2
	say "downloading QEMU ($(sed -n 's/^qemu-system-x86 //p' "$1"))"
	apt_unpack bookworm "$folder/tree" <"$1"
	rm -rf "$folder"/tree/usr/share/{doc,man,locale,perl,icons} "$folder/tree/var" "$folder/tree/etc"
	cat >"$folder/qemu" <<-'END'
		#!/bin/sh
		tree=$(dirname "$0")/tree
		lib=$tree/usr/lib/x86_64-linux-gnu
		export QEMU_MODULE_DIR="$lib/qemu"
		exec "$tree/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2" \
			--library-path "$tree/lib/x86_64-linux-gnu:$lib" "$tree/usr/bin/qemu-system-x86_64" \
			-L "$tree/usr/share/qemu" -L "$tree/usr/share/seabios" "$@"
	END
	chmod +x "$folder/qemu"
	"$folder/qemu" --version >"$folder/version"
}

# qemu_packaged_item: sets QEMU to the packaged one.
qemu_packaged_item() {
	apt_resolved qemu bookworm -- qemu_closure
	if [ -n "$REPLY" ] && cache_item qemu \
		"$( (grep ^qemu- "$REPLY"; declare -f qemu_make) | hash_of)" qemu_make "$REPLY"; then
		QEMU=$REPLY/qemu
	else
		QEMU=$(command -v qemu-system-x86_64) ||
			die "no QEMU from bookworm-backports and none on the host"
	fi
}

# Whether our own is to be used: made if need be, or because it was made before.
qemu_own_is_wanted() {
	case ${VMSCOPE_QEMU:-} in
	built) return 0 ;;
	packaged) return 1 ;;
	esac
	compgen -G "$VMSCOPE_CACHE/items/qemu-built-*" >/dev/null
}

# Sets QEMU to the program.
qemu_item() {
	if qemu_own_is_wanted && qemu_build_item; then
		QEMU=$REPLY/qemu
	else
		qemu_packaged_item
	fi
}
