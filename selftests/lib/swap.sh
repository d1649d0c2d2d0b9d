# SPDX-License-Identifier: GPL-2.0-or-later
# Swap areas of a test's own, beside which there are no others. Sourced after command.sh;
# knows no test.
# shellcheck shell=bash disable=SC2154

# others_off: with another area there, some pages would go to it, whatever its priority.
others_off() {
	mapfile -t other_areas < <(awk 'NR > 1 { print $1, $NF }' /proc/swaps)
	swapoff -a
}

others_on() {
	local area
	for area in "${other_areas[@]}"; do
		if [ "${area#* }" -lt 0 ]; then
			swapon "${area% *}"
		else
			swapon -p "${area#* }" "${area% *}"
		fi
	done
}

# is_area NAME: pages are swapped there.
is_area() {
	local areas
	mapfile -t areas </proc/swaps
	[[ " ${areas[*]}" == *" $1"[[:space:]]* ]]
}

# zram_on [PRIORITY]: an area in memory.
zram_on() {
	[ -e /sys/block/zram1 ] || modprobe -q zram num_devices=2 || :
	echo 128M >/sys/block/zram1/disksize
	mkswap /dev/zram1 >/dev/null
	swapon -p "${1:-100}" /dev/zram1
}

zram_off() {
	! is_area /dev/zram1 || swapoff /dev/zram1 || :
	[ ! -e /sys/block/zram1 ] || echo 1 >/sys/block/zram1/reset
}

# only_zram: until areas_as_before; pages come back from it one by one.
only_zram() {
	others_off
	cat /proc/sys/vm/page-cluster >"$WORK/page-cluster"
	echo 0 >/proc/sys/vm/page-cluster
	echo N >/sys/module/zswap/parameters/enabled
	zram_on
}

areas_as_before() {
	[ -e "$WORK/page-cluster" ] || return 0
	cat "$WORK/page-cluster" >/proc/sys/vm/page-cluster
	rm "$WORK/page-cluster"
	swapoff -a
	zram_off
	others_on
}

# file_on MIB: an area in a file, $WORK/fs/swap: made once, for that takes longest.
file_on() {
	mountpoint -q "$WORK/fs" || make_file "$1"
	swapon -p 110 "$WORK/fs/swap"
}

make_file() {
	mkdir -p "$WORK/fs"
	modprobe -qa loop ext4 || :
	tar -xf "$bin/ext4.tar" -C "$WORK"
	mount -o loop "$WORK/ext4.img" "$WORK/fs"
	dd if=/dev/zero of="$WORK/fs/swap" bs=1M count="$1" 2>/dev/null
	chmod 600 "$WORK/fs/swap"
	mkswap "$WORK/fs/swap" >/dev/null
}

file_off() {
	! is_area "$WORK/fs/swap" || swapoff "$WORK/fs/swap" || :
}

# When a script ends: everything as it was before.
areas_back() {
	file_off
	! mountpoint -q "$WORK/fs" || umount "$WORK/fs"
	others_on
}
