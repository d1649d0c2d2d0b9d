# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Builds what the guest will use out of the checkout: both builds of the module for one
# kernel, and the tools and test programs. Knows the top Makefile's targets, no guests.

# Everything that decides what vmscope.ko becomes.
module_fingerprint() {
	local kernel=$1
	(
		echo "$kernel"
		cd "$SRC"
		find Makefile Kbuild module -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
	) | hash_of
}

# What the compiler, objtool and modpost warn of: not what make says of the machine's clock,
# or kbuild of a compiler that is not quite the kernel's.
module_warnings() {
	awk '/^make/ { next } /^[^ ]+: warning: |^WARNING: / { print }' "$1"
}

# module_make_item KERNEL SUFFIX VARIABLE... FOLDER: vmscope.ko of the sources as they are.
module_make_item() {
	local kernel=$1 suffix=$2 folder=${!#} release log warnings
	shift 2
	set -- "${@:1:$#-1}"
	release=$(cat "$kernel/release")
	log=$SRC/build/vm/module$suffix-$release.log
	say "building build/module$suffix/$release/vmscope.ko"
	if ! toolchain_make "$kernel" -j"$(nproc)" -C "$SRC" module "KDIR=$kernel/kdir" \
		"O=$SRC/build" "$@" >"$log" 2>&1; then
		tail -n 40 "$log" >&2
		die "the module does not build for kernel $release"
	fi
	warnings=$(module_warnings "$log")
	if [ -n "$warnings" ]; then
		printf '%s\n' "$warnings" >&2
		die "the module builds with warnings for kernel $release"
	fi
	cp "$SRC/build/module$suffix/$release/vmscope.ko" "$folder/"
}

# module_make KERNEL SUFFIX [VARIABLE...]: build/moduleSUFFIX/RELEASE/vmscope.ko, out of the
# cache unless a source changed: a warm start has no time for kbuild's own checks, and every
# fresh clone would build the same eight modules again.
module_make() {
	local kernel=$1 suffix=$2 release stamp built want
	shift 2
	release=$(cat "$kernel/release")
	stamp=$SRC/build/vm/module$suffix-$release.stamp
	built=$SRC/build/module$suffix/$release/vmscope.ko
	want=$(module_fingerprint "$kernel")
	# A module newer than its stamp was made by hand, of sources that may be gone again.
	if [ -e "$built" ] && [ ! "$built" -nt "$stamp" ] &&
		[ "$want" = "$(cat "$stamp" 2>/dev/null)" ]; then
		return
	fi
	rm -f "$stamp"
	cache_item "module$suffix" "$want" module_make_item "$kernel" "$suffix" "$@" ||
		exit "$STATUS_CANNOT"
	mkdir -p "${built%/*}"
	cmp -s "$REPLY/vmscope.ko" "$built" || cp "$REPLY/vmscope.ko" "$built"
	echo "$want" >"$stamp"
}

# The programs are bookworm's, like the guest's userland; a room without a Makefile has none.
programs_make() {
	local room log=$SRC/build/vm/programs.log
	local -a rooms=()
	for room in tools selftests; do
		[ ! -e "$SRC/$room/Makefile" ] || rooms+=("$room")
	done
	[ ${#rooms[@]} -gt 0 ] || return 0
	if ! make -s -C "$SRC" -j"$(nproc)" "O=$SRC/build" "${rooms[@]}" >"$log" 2>&1; then
		tail -n 40 "$log" >&2
		die "make ${rooms[*]} failed"
	fi
}

# Sets MODULE_PATH and MODULE_TEST_PATH, relative to the checkout; empty for none.
module_build_for_run() {
	local kernel=$1 release lock
	release=$(cat "$kernel/release")
	MODULE_PATH='' MODULE_TEST_PATH=''
	if [ -n "$OPT_BUILD" ]; then
		mkdir -p "$SRC/build/vm" || die "the checkout $SRC is not writable"
		exec {lock}>"$SRC/build/vm/lock"
		flock "$lock"
		if [ -n "$OPT_MODULE" ]; then
			module_make "$kernel" ""
			module_make "$kernel" -test VMSCOPE_TEST=1
		fi
		programs_make
		exec {lock}>&-
	fi
	[ -n "$OPT_MODULE" ] || return 0
	MODULE_PATH=build/module/$release/vmscope.ko
	MODULE_TEST_PATH=build/module-test/$release/vmscope.ko
	[ -e "$SRC/$MODULE_PATH" ] || die "no $MODULE_PATH: leave --no-build out once"
}
