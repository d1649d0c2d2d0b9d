# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Debian's kernels, found through their metapackages and unpacked into the cache
# with headers that build modules in place. Knows nothing of guests.

# Names what a kernel of ours is called on the command line, one a line:
# name, Debian release, suite to prefer, image and headers metapackage.
# Tried in this order: security keeps a metapackage of its own for 6.12.
kernel_sources() {
	case $1 in
	6.1)
		echo bookworm bookworm linux-image-amd64 linux-headers-amd64
		;;
	6.12)
		echo bookworm bookworm linux-image-6.12-amd64 linux-headers-6.12-amd64
		echo bookworm bookworm-backports linux-image-amd64 linux-headers-amd64
		;;
	7)
		echo trixie trixie-backports linux-image-amd64 linux-headers-amd64
		;;
	*)
		die "kernel '$1' is not known; choose 6.1, 6.12, 7 or debug"
		;;
	esac
}

kernel_release_name() {
	case $1 in
	7) echo trixie ;;
	*) echo bookworm ;;
	esac
}

# Does the version list of a closure start with what was asked for?
kernel_is_series() {
	grep -q "^linux-image-${1//./[.]}[.][^ ]*-amd64 "
}

# Prints "name version" of everything that image and headers of kernel $1 need.
kernel_closure() {
	local name=$1 release target image headers closure
	kernel_sources "$name" | while read -r release target image headers; do
		closure=$(apt_closure "$release" "$target" "$image" "$headers") || continue
		if kernel_is_series "$name" <<<"$closure"; then
			echo "$closure"
			break
		fi
	done
}

kernel_resolve() {
	apt_resolved "kernel-$1" "$(kernel_release_name "$1")" ${2:+"$2"} -- kernel_closure "$1"
	[ -n "$REPLY" ] || die "no Debian kernel $1 to be had from the host's mirror"
}

# The kernel's own packages among a closure; the rest is toolchain.
kernel_packages() {
	grep '^linux-' "$1" | grep -v '^linux-\(libc-dev\|base\) '
}

# Debian's headers include each other by absolute path; the private copy does it
# relative to itself, so that it works from wherever the cache is.
kernel_headers_relocate() {
	local makefile=$1/Makefile
	# shellcheck disable=SC2016 # make expands these
	sed -i -e 's,^KBUILD_OUTPUT *=.*,KBUILD_OUTPUT := $(realpath $(dir $(lastword $(MAKEFILE_LIST)))),' \
		-e 's,^include /usr/src/,include $(realpath $(dir $(lastword $(MAKEFILE_LIST)))/..)/,' "$makefile"
	# shellcheck disable=SC2016
	grep -q '^include \$(realpath' "$makefile" ||
		die "the kernel headers' Makefile is not what it was: $makefile"
}

# kernel_make NAME CLOSURE FOLDER
kernel_make() {
	local name=$1 closure=$2 folder=$3 tree=$3/tree version vmlinuz modules config needed
	say "downloading kernel $name ($(sed -n 's/^linux-image-[0-9][^ ]*[0-9][^ ]*-amd64 //p' "$closure" | tail -n 1))"
	kernel_packages "$closure" | apt_unpack "$(kernel_release_name "$name")" "$tree"
	version=$(basename "$(ls -d "$tree"/usr/src/linux-headers-*-amd64)")
	version=${version#linux-headers-}
	mkdir -p "$folder/modules/lib/modules" "$folder/usr/lib"
	for vmlinuz in "$tree/boot/vmlinuz-$version" "$tree/usr/lib/modules/$version/vmlinuz"; do
		[ ! -e "$vmlinuz" ] || mv "$vmlinuz" "$folder/vmlinuz"
	done
	for modules in "$tree/lib/modules/$version" "$tree/usr/lib/modules/$version"; do
		[ ! -d "$modules" ] || cp -a "$modules" "$folder/modules/lib/modules/"
	done
	rm -f "$folder/modules/lib/modules/$version"/{build,source}
	mv "$tree/usr/src" "$folder/usr/src"
	mv "$tree"/usr/lib/linux-kbuild-* "$folder/usr/lib/"
	for config in "$tree/boot/config-$version" "$tree/usr/lib/modules/$version/config"; do
		[ ! -e "$config" ] || mv "$config" "$folder/config"
	done
	remove_tree "$tree"
	kernel_headers_relocate "$folder/usr/src/linux-headers-$version"
	ln -s "usr/src/linux-headers-$version" "$folder/kdir"
	echo "$version" >"$folder/release"
	kernel_release_name "$name" >"$folder/debian"
	depmod -b "$folder/modules" "$version"
	for needed in vmlinuz config kdir/Module.symvers; do
		[ -s "$folder/$needed" ] || die "the packages of kernel $name $version lack $needed"
	done
}

kernel_item_cached() {
	local name=$1 closure=$2
	cache_item "kernel-$name" \
		"$( (kernel_packages "$closure"; cat "$VM/lib/kernel.sh") | hash_of)" \
		kernel_make "$name" "$closure"
}

# Sets REPLY to the folder of kernel $1: vmlinuz, release, config, kdir/ (headers),
# modules/lib/modules/RELEASE.
kernel_item() {
	local name=$1
	need_programs apt-get dpkg-deb depmod
	kernel_resolve "$name"
	if ! kernel_item_cached "$name" "$REPLY"; then
		# Superseded packages vanish from mirrors: ask again, once.
		say "the packages of kernel $name changed meanwhile; looking again"
		kernel_resolve "$name" now
		kernel_item_cached "$name" "$REPLY" || die "kernel $name could not be made"
	fi
}
