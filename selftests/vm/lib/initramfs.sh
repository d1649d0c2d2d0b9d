# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The small first userland of a guest: a static shell, the modules that reach the
# root image, and the job of this run. Knows nothing of what the job does.

# In this order; what a kernel has built in is passed over.
INITRAMFS_MODULES="virtio_pci virtio_blk virtio_console crc32c_generic ext4 9pnet_virtio 9p"

# initramfs_copy_modules KERNEL FOLDER: plain .ko files and the order to load them.
initramfs_copy_modules() {
	local modules=$1/modules folder=$2 release path name
	release=$(cat "$1/release")
	mkdir -p "$folder/modules"
	: >"$folder/modules/order"
	for name in $INITRAMFS_MODULES; do
		modprobe -d "$modules" -S "$release" --show-depends "$name" 2>/dev/null || true
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r path; do
		name=$(basename "$path")
		name=${name%.xz} name=${name%.zst}
		case $path in
		*.xz) xz -dc "$path" >"$folder/modules/$name" ;;
		*.zst) zstd -qdc "$path" >"$folder/modules/$name" ;;
		*) cp "$path" "$folder/modules/$name" ;;
		esac
		echo "$name" >>"$folder/modules/order"
	done
}

# Owned by root in the guest whoever packs it. Not compressed: unpacking is emulated.
initramfs_pack() {
	(cd "$1" && find . -mindepth 1 | LC_ALL=C sort |
		cpio --quiet -o -H newc -R 0:0 --reproducible)
}

# initramfs_make KERNEL ROOTFS FOLDER
initramfs_make() {
	local kernel=$1 rootfs=$2 folder=$3 tree=$3/tree
	need_programs cpio modprobe
	mkdir -p "$tree"/{bin,dev,proc,sys,root,job}
	cp "$rootfs/busybox" "$tree/bin/busybox"
	ln -s busybox "$tree/bin/sh"
	install -m 755 "$VM/guest/init" "$tree/init"
	install -m 755 "$VM/guest/main" "$tree/main"
	initramfs_copy_modules "$kernel" "$tree"
	initramfs_pack "$tree" >"$folder/initramfs"
	remove_tree "$tree"
}

# initramfs_item NAME KERNEL ROOTFS: sets REPLY to the folder with initramfs.
initramfs_item() {
	cache_item "initramfs-$1" \
		"$( (echo "$2 $3"; cat "$VM/guest/init" "$VM/guest/main" "$VM/lib/initramfs.sh") | hash_of)" \
		initramfs_make "$2" "$3"
}
