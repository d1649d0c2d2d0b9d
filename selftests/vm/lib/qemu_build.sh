# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# QEMU of Debian's source under qemu.patch, with no more than the guests' machine: emulating
# processors is nearly all that tests cost. Knows nothing of guests.

# What compiles it, what it is linked with, and the firmware that a PC starts with. (bzip2
# must not be among them: with it the build unpacks firmware that the source does not have.)
QEMU_BUILD_PACKAGES="gcc libc6-dev binutils make ninja-build meson pkgconf python3 python3-venv
python3-pycotap bash dash coreutils sed grep mawk findutils diffutils util-linux libglib2.0-dev
zlib1g-dev libattr1-dev seabios qemu-system-data"

# Those of them that decide what becomes of the source, for the key: the others change weekly.
QEMU_BUILD_MADE_BY='^(gcc-14|libc6|libglib2\.0-dev|seabios|qemu-system-data) '

QEMU_FIRMWARE="bios-256k.bin kvmvapic.bin linuxboot_dma.bin"

# Devices beyond those that each PC has.
QEMU_DEVICES="I440FX VIRTIO_PCI VIRTIO_BLK VIRTIO_SERIAL VIRTIO_9P"

QEMU_CONFIGURE=(--target-list=x86_64-softmmu --without-default-features --without-default-devices
	--with-devices-x86_64=vmscope --with-pkgversion=vmscope --enable-system --enable-tcg --enable-kvm
	--enable-virtfs --enable-attr --enable-trace-backends=nop --cc=gcc --host-cc=gcc
	--disable-docs --disable-install-blobs --disable-werror --disable-download)

qemu_build_closure() {
	# shellcheck disable=SC2086 # a list
	apt_closure trixie trixie $QEMU_BUILD_PACKAGES
}

# The file that says why this recipe failed; it is not tried again for a day.
qemu_build_failure() {
	echo "$VMSCOPE_CACHE/failed-qemu-$(hash_of "$VM/qemu.patch" "$VM/lib/qemu_build.sh")"
}

qemu_build_give_up() {
	echo "$*" >"$(qemu_build_failure)"
	exit 1
}

# qemu_build_source SOURCE FOLDER: as its authors released it, with our patch and devices.
qemu_build_source() {
	local source=$2/source
	say "downloading the source of QEMU ($(cut -d' ' -f2 "$1"), 40 MB)"
	apt_source_fetch trixie "$2/archives" <"$1" ||
		qemu_build_give_up "its source cannot be had from the mirror"
	mkdir "$source"
	tar -xJf "$2"/archives/*.orig.tar.xz -C "$source" --strip-components=1
	patch -s -d "$source" -p1 <"$VM/qemu.patch" >/dev/null 2>&1 ||
		qemu_build_give_up "selftests/vm/qemu.patch is not for this source ($(cut -d' ' -f2 "$1"))"
	printf 'CONFIG_PCI_DEVICES=n\n' >"$source/configs/devices/x86_64-softmmu/vmscope.mak"
	# shellcheck disable=SC2086 # a list
	printf 'CONFIG_%s=y\n' $QEMU_DEVICES >>"$source/configs/devices/x86_64-softmmu/vmscope.mak"
}

# qemu_build_compile FOLDER: its log is what progress is read from.
qemu_build_compile() {
	mkdir "$1/build"
	# shellcheck disable=SC2016 # expanded inside
	toolchain_run_in "$1/tools" env -i PATH=/usr/sbin:/usr/bin LC_ALL=C HOME="$1/build" \
		NINJA_STATUS='I: %f of %t files compiled. ' \
		sh -euc 'cd "$1/build" && shift && ../source/configure "$@" && ninja qemu-system-x86_64' \
		sh "$1" "${QEMU_CONFIGURE[@]}" >"$1/log" 2>&1 ||
		qemu_build_give_up "it does not compile: $(grep -m 3 -i 'error: ' "$1/log" | paste -sd' ')"
}

# qemu_build_collect FOLDER: the program, the libraries that it wants, and firmware.
qemu_build_collect() {
	local lib=$1/tools/tree/usr/lib/x86_64-linux-gnu name
	mkdir "$1/bin" "$1/lib" "$1/firmware"
	toolchain_run_in "$1/tools" strip -o "$1/bin/qemu-system-x86_64" "$1/build/qemu-system-x86_64"
	"$lib/ld-linux-x86-64.so.2" --list --library-path "$lib" "$1/bin/qemu-system-x86_64" |
		sed -n 's/.* => \(\/.*\) (.*/\1/p' | while read -r name; do
		cp -L "$name" "$1/lib/"
	done
	cp -L "$lib/ld-linux-x86-64.so.2" "$1/lib/"
	for name in $QEMU_FIRMWARE; do
		cp -L "$1/tools/tree/usr/share"/*/"$name" "$1/firmware/"
	done
	cat >"$1/qemu" <<-'END'
		#!/bin/sh
		here=$(dirname "$0")
		exec "$here/lib/ld-linux-x86-64.so.2" --library-path "$here/lib" \
			"$here/bin/qemu-system-x86_64" -L "$here/firmware" "$@"
	END
	chmod +x "$1/qemu"
}

# qemu_build SOURCE CLOSURE FOLDER
qemu_build() {
	local folder=$3
	# Another run may have tried while this one waited.
	! is_fresh "$(qemu_build_failure)" || exit 1
	need_programs patch unshare
	qemu_build_source "$1" "$folder"
	mkdir "$folder/tools"
	toolchain_make_item trixie "$2" "$folder/tools"
	say "compiling QEMU with $(nproc) jobs: 2 to 5 minutes on two quiet cores"
	qemu_build_compile "$folder"
	qemu_build_collect "$folder"
	remove_tree "$folder/tools"
	rm -rf "$folder/archives" "$folder/source" "$folder/build" "$folder/log"
	"$folder/qemu" --version >"$folder/version"
	say "QEMU is ready ($(du -sh "$folder" | cut -f1))"
}

# Sets REPLY to the folder with the program qemu, or says why there is none.
qemu_build_item() {
	local failure source tools
	failure=$(qemu_build_failure)
	if is_fresh "$failure"; then
		say "the guest is slower than it could be: no QEMU of our own, for $(cat "$failure")"
		return 1
	fi
	rm -f "$failure"
	apt_resolved qemu-source trixie-source -- apt_source_newest trixie qemu
	source=$REPLY
	apt_resolved qemu-tools trixie -- qemu_build_closure
	tools=$REPLY
	if [ -z "$source" ] || [ -z "$tools" ]; then
		echo "the mirror has no source of it, or no compiler" >"$failure"
	elif cache_item qemu-built "$( (cat "$source" "$VM/qemu.patch" "$VM/lib/qemu_build.sh"
		grep -E "$QEMU_BUILD_MADE_BY" "$tools") | hash_of)" qemu_build "$source" "$tools"; then
		return 0
	elif ! [ -s "$failure" ]; then
		echo "its making was given up" >"$failure"
	fi
	complain "guests are slower than they could be: no QEMU of our own, for $(cat "$failure") (tried again in a day, or without $failure)"
	return 1
}
