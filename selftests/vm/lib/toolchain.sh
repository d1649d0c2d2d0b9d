# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The compiler that belongs to a kernel's headers: the host's own for bookworm's.

toolchain_make() {
	shift
	make "$@"
}
