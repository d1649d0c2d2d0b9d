# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Debian's perf, with the libraries that it wants, for a bench to compare with: of no use to
# anything else, and so no part of the guests' root. Knows nothing of what is measured.

perf_closure() {
	apt_closure bookworm bookworm linux-perf
}

# perf_make CLOSURE FOLDER
perf_make() {
	local folder=$2 tree=$2/tree library
	say "downloading perf ($(sed -n 's/^linux-perf //p' "$1"))"
	apt_unpack bookworm "$tree" <"$1"
	mkdir "$folder/lib" "$folder/bin"
	cp -L "$tree/usr/bin/perf" "$folder/bin/"
	# What it is linked with, and what that is; guests have the C library.
	"$tree/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2" --list --library-path \
		"$tree/lib/x86_64-linux-gnu:$tree/usr/lib/x86_64-linux-gnu" "$folder/bin/perf" |
		sed -n 's/.* => \(\/.*\) (.*/\1/p' | grep -v -e '/libc\.so' -e '/ld-linux' >"$folder/libraries"
	while read -r library; do
		cp -L "$library" "$folder/lib/"
	done <"$folder/libraries"
	rm "$folder/libraries"
	cat >"$folder/perf" <<-'END'
		#!/bin/sh
		here=$(dirname "$0")
		LD_LIBRARY_PATH=$here/lib exec "$here/bin/perf" "$@"
	END
	chmod +x "$folder/perf"
	remove_tree "$tree"
}

# Sets REPLY to a folder with perf, which finds the rest beside it.
perf_item() {
	apt_resolved perf bookworm -- perf_closure
	[ -n "$REPLY" ] || die "no linux-perf from the mirror"
	cache_item perf "$( (cat "$REPLY" "$VM/lib/perf.sh") | hash_of)" perf_make "$REPLY" ||
		exit "$STATUS_CANNOT"
}
