# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Reads every room of lib/; knows their names only. VM is the folder of the runner.

for room in common apt kernel source debug_kernel toolchain qemu_build qemu perf rootfs initramfs module complaints boot; do
	# shellcheck source=/dev/null
	. "$VM/lib/$room.sh"
done
unset room
