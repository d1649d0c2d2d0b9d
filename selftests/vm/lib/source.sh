# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Debian's kernel source package: its archive, and parts of it unpacked on demand.
# Knows nothing of what is built from them.

source_closure() {
	apt_closure bookworm bookworm "linux-source-$1" | grep "^linux-source-$1 "
}

# source_archive_make SERIES CLOSURE FOLDER
source_archive_make() {
	local folder=$3 archive
	say "downloading linux-source-$1 ($(cut -d' ' -f2 "$2"), 150 MB)"
	apt_unpack bookworm "$folder/tree" <"$2"
	archive=$(ls "$folder"/tree/usr/src/linux-source-*.tar.xz)
	mv "$archive" "$folder/linux.tar.xz"
	remove_tree "$folder/tree"
}

# source_archive SERIES: sets REPLY to the folder with linux.tar.xz and SOURCE_KEY to
# what names its version.
source_archive() {
	local closure
	apt_resolved "source-$1" bookworm -- source_closure "$1"
	closure=$REPLY
	[ -n "$closure" ] || die "no linux-source-$1 to be had from the host's mirror"
	SOURCE_KEY=$( (cat "$closure"; cat "$VM/lib/source.sh") | hash_of)
	cache_item "source-$1" "$SOURCE_KEY" source_archive_make "$1" "$closure" ||
		die "linux-source-$1 could not be fetched"
}

# source_unpack ARCHIVE FOLDER [PATH...]: all of it, or the paths named.
source_unpack() {
	local archive=$1 folder=$2
	shift 2
	mkdir -p "$folder"
	tar -xJf "$archive" -C "$folder" --strip-components=1 --wildcards "${@/#/linux-source-*/}"
}

source_part_make() {
	local archive=$1 path
	local -a paths=("${@:2:$#-2}")
	local folder=${*: -1}
	say "unpacking ${paths[*]}"
	source_unpack "$archive" "$folder" "${paths[@]}"
	for path in "${paths[@]}"; do
		[ -e "$folder/$path" ] || die "linux-source has no $path"
	done
}

# source_part SERIES PATH...: sets REPLY to a folder that has PATH... of the source.
source_part() {
	local series=$1
	shift
	source_archive "$series"
	cache_item "source-$series-part" "$(echo "$SOURCE_KEY" "$@" | hash_of)" \
		source_part_make "$REPLY/linux.tar.xz" "$@" || exit "$STATUS_CANNOT"
}
