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
	[ ! -e "$WORK/fs/swap" ] || swapoff "$WORK/fs/swap" 2>/dev/null || :
}

# When a script ends: everything as it was before.
areas_back() {
	file_off
	! mountpoint -q "$WORK/fs" || umount "$WORK/fs"
	others_on
}
