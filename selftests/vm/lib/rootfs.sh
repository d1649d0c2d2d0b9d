# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The guest's userland: a bookworm root made once into a disk image that every
# kernel boots from. Knows nothing of kernels or of the project's own programs.

ROOTFS_SIZE=4G

# One package a line, a comment behind it.
guest_packages() {
	sed 's/[[:space:]]*#.*//; /^$/d' "$VM/guest-packages"
}

# Runs "$@" as root over files of several owners: really, or in a user namespace.
as_file_owner() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		unshare --map-root-user --map-auto -- "$@"
	fi
}

rootfs_debootstrap() {
	local log=$1
	local -a mode=(--mode=root)
	[ "$(id -u)" = 0 ] || mode=(--mode=unshare)
	# shellcheck disable=SC2016 # the hooks expand $1
	mmdebstrap "${mode[@]}" --variant=essential --format=tar \
		--aptopt="$VMSCOPE_CACHE/apt/bookworm/host.conf" \
		--aptopt='Acquire::Languages "none"' --aptopt='Acquire::Retries "3"' \
		--dpkgopt=force-unsafe-io \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--include="$(guest_packages | paste -sd,)" \
		--customize-hook='mkdir -p "$1/src" "$1/share" "$1/lib/modules"' \
		--customize-hook='echo vmscope >"$1/etc/hostname"' \
		--customize-hook='echo "127.0.0.1 localhost vmscope" >"$1/etc/hosts"' \
		--customize-hook='ln -sf /proc/mounts "$1/etc/mtab"' \
		bookworm - "$VMSCOPE_CACHE/apt/bookworm/etc/sources.list" 2>"$log"
}

# The unpacked tree and the image belong to one step, because without root the
# owners of the files exist only inside the user namespace; device nodes cannot be
# made there, and the guest mounts a /dev of its own.
rootfs_image() {
	# shellcheck disable=SC2016 # expanded by the inner shell
	as_file_owner sh -euc '
		mkdir "$1/tree"
		tar -C "$1/tree" --numeric-owner --exclude="./dev/*" -xf -
		cp "$1/tree/bin/busybox" "$1/busybox"
		mke2fs -q -t ext4 -O ^has_journal -E lazy_itable_init=1,nodiscard -m 0 \
			-L vmscope -d "$1/tree" "$1/root.ext4" "$2"
		rm -rf "$1/tree"' sh "$1" "$ROOTFS_SIZE"
}

rootfs_make() {
	local folder=$1 log=$1/log
	need_programs mmdebstrap mke2fs
	[ "$(id -u)" = 0 ] || need_programs newuidmap
	apt_refresh bookworm
	say "making the guest's userland ($(guest_packages | wc -l) packages and what they need; about 1 to 2 minutes)"
	if ! rootfs_debootstrap "$log" | rootfs_image "$folder"; then
		tail -n 20 "$log" >&2
		as_file_owner rm -rf "$folder/tree"
		die "mmdebstrap could not make the guest's userland"
	fi
	rm "$log"
	say "the guest's userland is ready ($(du -sh "$folder" | cut -f1))"
}

# Sets REPLY to the folder with root.ext4 and busybox (static).
rootfs_item() {
	cache_item rootfs "$(hash_of "$VM/guest-packages" "$VM/lib/rootfs.sh")" rootfs_make
}
