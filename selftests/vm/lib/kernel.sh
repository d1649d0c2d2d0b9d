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
	grep -q "^linux-image-${1//./\\.}[.][^ ]*-amd64 "
}

# Writes "name version" of everything that image and headers of kernel $1 need.
kernel_resolve_now() {
	local name=$1 out=$2 release target image headers
	kernel_sources "$name" | while read -r release target image headers; do
		apt_closure "$release" "$target" "$image" "$headers" >"$out.new" 2>/dev/null || continue
		if kernel_is_series "$name" <"$out.new"; then
			mv "$out.new" "$out"
			break
		fi
	done
	[ -e "$out" ]
}

# Sets REPLY to a file of "name version" lines, at most a day old. When the
# mirror cannot be reached an older answer must do.
kernel_resolve() {
	local name=$1 now=${2:-} release file=$VMSCOPE_CACHE/resolved/$1
	mkdir -p "$VMSCOPE_CACHE/resolved"
	if [ -n "$now" ] || ! is_fresh "$file"; then
		release=$(kernel_release_name "$name")
		if apt_refresh "$release" "$now" &&
			kernel_resolve_now "$name" "$file.$$"; then
			mv "$file.$$" "$file"
		elif [ -e "$file" ]; then
			say "the mirror did not answer; using the kernel $name resolved earlier"
		else
			die "no Debian kernel $name to be had from the host's mirror"
		fi
	fi
	REPLY=$file
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
	grep -q '^include \$(realpath' "$makefile" ||
		die "the kernel headers' Makefile is not what it was: $makefile"
}

# kernel_make NAME CLOSURE FOLDER
kernel_make() {
	local name=$1 closure=$2 folder=$3 release debs tree version deb vmlinuz modules config
	debs=$folder/debs tree=$folder/tree
	release=$(kernel_release_name "$name")
	say "downloading kernel $name ($(sed -n 's/^linux-image-[0-9][^ ]*[0-9][^ ]*-amd64 //p' "$closure" | tail -n 1))"
	kernel_packages "$closure" | apt_fetch "$release" "$debs"
	say "unpacking kernel $name"
	mkdir "$tree"
	# Never onto a real root: these archives replace the /lib symlink.
	for deb in "$debs"/*.deb; do
		dpkg-deb -x "$deb" "$tree"
	done
	rm -r "$debs"

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
	depmod -b "$folder/modules" "$version"
	[ -s "$folder/vmlinuz" ] && [ -s "$folder/kdir/Module.symvers" ] ||
		die "the packages of kernel $name $version lack an image or headers"
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
