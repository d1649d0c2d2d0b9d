# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The debug kernel: Debian's 6.12 source under debug.config and debug-kernel.patch, laid out in
# the cache like any other kernel. Knows nothing of guests.

# How many files such a kernel compiles, for the progress report.
DEBUG_KERNEL_FILES=1900

# Sources that no symbol of debug.config compiles; their Kconfig files are still wanted.
DEBUG_KERNEL_LEAVE_OUT=(
	--exclude='linux-source-*/Documentation/*.rst'
	--exclude='linux-source-*/Documentation/*.yaml'
	--exclude='linux-source-*/drivers/gpu/*.[ch]'
	--exclude='linux-source-*/drivers/media/*.[ch]'
	--exclude='linux-source-*/drivers/net/ethernet/*.[ch]'
	--exclude='linux-source-*/drivers/net/wireless/*.[ch]'
	--exclude='linux-source-*/drivers/staging/*.[ch]'
	--exclude='linux-source-*/sound/*.c'
)

# Neither the module nor what it calls is there: KASAN need not look at each of their accesses.
# (What they free is poisoned for all others, for that is done by mm/.)
DEBUG_KERNEL_NO_KASAN=(arch/x86/entry arch/x86/entry/% arch/x86/kernel arch/x86/kernel/% block
	crypto crypto/% drivers/% fs fs/9p fs/ext4 fs/fuse fs/jbd2 fs/netfs fs/notify/% fs/overlayfs
	fs/proc fs/ramfs fs/sysfs fs/tracefs init io_uring ipc kernel/bpf kernel/entry kernel/events
	kernel/futex kernel/irq kernel/printk kernel/rcu kernel/sched kernel/time kernel/trace
	lib/lzo lib/zstd net net/% security security/%)
# But for these of fs, which it calls: names of files, references to them, views.
DEBUG_KERNEL_KASAN=(d_path dcache file file_table libfs seq_file)

# And no program is attached to a function of theirs: the kernel goes through all that can be
# traced several times for each one that is. (libbpf tries a kprobe on bpf() to find out what
# system calls are called, so kernel/bpf stays.)
DEBUG_KERNEL_NO_FTRACE=(crypto crypto/% drivers/% net net/% fs/9p fs/ext4 fs/fuse fs/jbd2 fs/netfs
	fs/overlayfs kernel/events kernel/irq kernel/printk kernel/time)

# debug_config_check CONFIG: every line of debug.config must have survived olddefconfig.
debug_config_check() {
	local line symbol lost=''
	while IFS= read -r line; do
		case $line in
		'# CONFIG_'*' is not set')
			symbol=${line#\# }
			symbol=${symbol%% *}
			! grep -q "^$symbol=" "$1" || lost+=" $symbol(should be off)"
			;;
		CONFIG_*)
			grep -q -x -F -e "$line" "$1" || lost+=" $line"
			;;
		esac
	done <"$VM/debug.config"
	[ -z "$lost" ] || die "the debug kernel's configuration lost:$lost"
}

debug_kernel_configure() {
	(
		cd "$1"
		make -s tinyconfig
		cat "$VM/debug.config" >>.config
		make -s olddefconfig 2>&1 | grep -v -E '^\.config:.*warning: override' || true
	)
	debug_config_check "$1/.config"
}

# Each folder's Makefile says what is done with its files; this is behind all of them.
debug_kernel_spare() {
	local makefile=$1/scripts/Makefile.build spare
	spare=$(printf '%s\n' \
		"ifneq (\$(filter ${DEBUG_KERNEL_NO_KASAN[*]},\$(obj)),)" \
		'KASAN_SANITIZE := n' \
		'endif' \
		'ifeq ($(obj),fs)' \
		"\$(foreach f,${DEBUG_KERNEL_KASAN[*]},\$(eval KASAN_SANITIZE_\$(f).o := y))" \
		'endif' \
		"ifneq (\$(filter ${DEBUG_KERNEL_NO_FTRACE[*]},\$(obj)),)" \
		"ccflags-remove-y += \$(CC_FLAGS_FTRACE)" \
		'endif')
	awk -v spare="$spare" '{ print } /^include \$\(kbuild-file\)$/ { print spare; found = 1 }
		END { exit !found }' "$makefile" >"$makefile.new" ||
		die "the debug kernel's Makefile.build is not as it was"
	mv "$makefile.new" "$makefile"
}

# Prints how far the compiler is until it is stopped.
debug_kernel_progress() {
	local log=$1 start=$SECONDS
	while sleep 30; do
		say "compiling the debug kernel: $(grep -c ' \(CC\|AS\|LD\) ' "$log") of about $DEBUG_KERNEL_FILES files, $((SECONDS - start)) s"
	done
}

debug_kernel_compile() {
	local tree=$1 log=$1/build.log progress status=0
	debug_kernel_progress "$log" &
	progress=$!
	make -C "$tree" -j"$(nproc)" bzImage modules >"$log" 2>&1 || status=1
	kill $progress 2>/dev/null || true
	[ "$status" = 0 ] || {
		grep -E 'error|Error' "$log" | head -n 10 >&2
		die "the debug kernel does not compile"
	}
}

# What external modules build with; of vmlinux only the type information.
debug_kernel_headers() {
	local tree=$1 headers=$2
	make -s -C "$tree" run-command \
		KBUILD_RUN_COMMAND="\$(srctree)/scripts/package/install-extmod-build $headers"
	cp "$tree/.config" "$headers/.config"
	objcopy --only-section=.BTF "$tree/vmlinux" "$headers/vmlinux" 2>/dev/null
}

# debug_kernel_make ARCHIVE FOLDER
debug_kernel_make() {
	local archive=$1 folder=$2 tree=$2/tree release
	need_programs gcc make bc flex bison pahole patch objcopy depmod zstd
	say "unpacking the source of the debug kernel"
	mkdir "$tree"
	tar -xJf "$archive" -C "$tree" --strip-components=1 "${DEBUG_KERNEL_LEAVE_OUT[@]}"
	debug_kernel_configure "$tree"
	debug_kernel_spare "$tree"
	patch -s -d "$tree" -p1 <"$VM/debug-kernel.patch" >&2 ||
		die "selftests/vm/debug-kernel.patch is not for this source of the kernel"
	say "compiling the debug kernel with $(nproc) jobs: 8 to 12 minutes on two quiet cores"
	debug_kernel_compile "$tree"
	release=$(make -s -C "$tree" kernelrelease)
	make -s -C "$tree" modules_install INSTALL_MOD_PATH="$folder/modules" INSTALL_MOD_STRIP=1 \
		>/dev/null
	rm -f "$folder/modules/lib/modules/$release"/{build,source}
	debug_kernel_headers "$tree" "$folder/kdir"
	mv "$tree/arch/x86/boot/bzImage" "$folder/vmlinuz"
	mv "$tree/.config" "$folder/config"
	mv "$tree/System.map" "$folder/"
	echo "$release" >"$folder/release"
	echo bookworm >"$folder/debian"
	remove_tree "$tree"
	say "the debug kernel is ready ($(du -sh "$folder" | cut -f1))"
}

# Sets REPLY to a folder like kernel_item's.
debug_kernel_item() {
	source_archive 6.12
	cache_item kernel-debug \
		"$( (echo "$SOURCE_KEY"; cat "$VM"/{debug.config,debug-kernel.patch,lib/debug_kernel.sh}) |
			hash_of)" \
		debug_kernel_make "$REPLY/linux.tar.xz" || exit "$STATUS_CANNOT"
}
