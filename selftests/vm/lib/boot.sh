# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# One guest from the start of QEMU to its end: the machine, its channels, the clock that
# limits it, and the verdict. Knows no packages and nothing of the command but its status.

STATUS_COMPLAINT=120
STATUS_DIED=121
STATUS_TIMEOUT=122

# Seconds in which a kernel comes to its first program, on a busy host, too. Emulated processors
# sometimes wait for each other for ever while it boots.
BOOT_LIMIT=${VMSCOPE_BOOT_LIMIT:-180}

# Stalls are told only when they cannot be the emulator's slowness on a busy host; for the
# same reason the timer is not put to the test, which it has ten ticks of real time to pass.
BOOT_ARGUMENTS="console=ttyS0 panic=-1 oops=panic loglevel=7 no_timer_check \
rcupdate.rcu_cpu_stall_timeout=100 watchdog_thresh=50 random.trust_cpu=on"

# Does hardware virtualisation really boot a kernel here? A device node alone says
# nothing. The answer is kept per host kernel and QEMU.
kvm_works() {
	local kernel=$1 initramfs=$2 answer trial=$RUN/kvm-trial
	[ -z "${VMSCOPE_TCG:-}" ] && [ -r /dev/kvm ] && [ -w /dev/kvm ] || return 1
	answer=$VMSCOPE_CACHE/kvm-$( (uname -rv; "$QEMU" --version) | hash_of)
	if ! [ -s "$answer" ]; then
		say "trying whether KVM boots a guest here"
		# Without a job the guest does not get far; far enough is its first process.
		(timeout 30 "$QEMU" -accel kvm -cpu max -m 512M -smp 2 -nodefaults -no-user-config \
			-display none -no-reboot -serial "file:$trial" -kernel "$kernel" -initrd "$initramfs" \
			-append "console=ttyS0 panic=-1" </dev/null >/dev/null 2>&1; exit) 2>/dev/null || true
		if grep -q -a 'Run /init as init' "$trial" 2>/dev/null; then
			echo yes >"$answer"
		else
			echo no >"$answer"
		fi
	fi
	[ "$(cat "$answer")" = yes ]
}

# Each byte of the fast string instructions is emulated, and counted, as an instruction:
# without them memory is cleared and copied by eight bytes at a time.
SLOW_STRINGS="erms=off,fsrm=off"
# Those that QEMU 8 has beside, of which the kernel's memset() uses one.
SLOW_STRINGS_COUNTED="$SLOW_STRINGS,fsrs=off,fsrc=off,fzrm=off"

# boot_machine: sets the array MACHINE from the options of the run.
boot_machine() {
	local kernel=$1 initramfs=$2 cpu=max strings=$SLOW_STRINGS
	# While it finds out about the processor, a kernel with five levels takes itself for one
	# with four (arch/x86/kernel/cpu/common.c:generic_identify() clears what
	# pgtable_l5_enabled() reads), and an interrupt then is a wild access to KASAN.
	[ "$OPT_KERNEL" != debug ] || cpu=max,la57=off
	MACHINE=(-nodefaults -no-user-config -display none -no-reboot -m "$OPT_MEM"
		-kernel "$kernel/vmlinuz")
	if [ -n "$OPT_ICOUNT" ]; then
		# Same inputs, same instruction counts: virtual time only, seeded
		# randomness, one processor.
		! "$QEMU" -cpu help | grep -q -w fsrs || strings=$SLOW_STRINGS_COUNTED
		MACHINE+=(-accel tcg -icount "shift=0,sleep=off" -smp 1 -seed 1
			-cpu "${OPT_CPU:-$cpu,rdrand=off,rdseed=off,$strings}"
			-rtc "base=2026-01-01,clock=vm")
	elif kvm_works "$kernel/vmlinuz" "$initramfs"; then
		MACHINE+=(-accel kvm -smp "$OPT_CPUS" -cpu "${OPT_CPU:-$cpu}")
	else
		MACHINE+=(-accel "tcg,thread=multi" -smp "$OPT_CPUS" -cpu "${OPT_CPU:-$cpu,$SLOW_STRINGS}")
	fi
}

# A comma ends a value on QEMU's command line unless it is doubled.
qemu_path() {
	printf '%s' "${1//,/,,}"
}

# boot_devices ROOTFS KERNEL: appends disks, shared folders and channels to MACHINE.
# The channels are plain files, to which writing never blocks: nothing is lost when
# the guest goes away, however slow the reader is.
boot_devices() {
	local rootfs=$1 kernel=$2 name number=0
	MACHINE+=(-drive "if=none,id=root,file=$(qemu_path "$rootfs/root.ext4"),format=raw,snapshot=on,cache=unsafe,discard=unmap"
		-device "virtio-blk-pci,drive=root"
		-virtfs "local,path=$(qemu_path "$SRC"),security_model=none,mount_tag=src,readonly=on,multidevs=remap"
		-virtfs "local,path=$(qemu_path "$kernel/modules/lib/modules/$(cat "$kernel/release")"),security_model=none,mount_tag=modules,readonly=on")
	[ -z "$OPT_SHARE" ] ||
		MACHINE+=(-virtfs "local,path=$(qemu_path "$OPT_SHARE"),security_model=none,mount_tag=share,multidevs=remap")
	MACHINE+=(-chardev "file,id=console,path=$(qemu_path "$RUN/console")" -serial chardev:console
		-device "virtio-serial-pci,ioeventfd=off")
	for name in out err status; do
		: >"$RUN/$name"
		number=$((number + 1))
		MACHINE+=(-chardev "file,id=$name,path=$(qemu_path "$RUN/$name")"
			-device "virtserialport,chardev=$name,name=vmscope.$name,nr=$number")
	done
}

quote() {
	printf '%s' "$1" | sed "s/'/'\\\\''/g; 1s/^/'/; \$s/\$/'/"
}

# boot_job COMMAND: the second part of the initramfs, which tells the guest what to do.
boot_job() {
	local job=$RUN/job/job name
	mkdir -p "$job"
	printf '%s\n' "$1" >"$job/command"
	{
		echo "ROOT_DEVICE=/dev/vda"
		echo "SHARE=${OPT_SHARE:+yes}"
	} >"$job/boot"
	{
		echo "PATH=/src/build/tools:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
		echo "HOME=/root USER=root LOGNAME=root SHELL=/bin/sh LANG=C.UTF-8 SRC=/src"
		echo "KERNEL_NAME=$OPT_KERNEL"
		echo "VMSCOPE_KO=${MODULE_PATH:+/src/$MODULE_PATH}"
		echo "VMSCOPE_TEST_KO=${MODULE_TEST_PATH:+/src/$MODULE_TEST_PATH}"
		for name in TERM COLUMNS LINES NO_COLOR; do
			[ -z "${!name+set}" ] || echo "$name=$(quote "${!name}")"
		done
	} >"$job/environment"
	find "$RUN/job" -exec touch -h -d @0 {} +
	initramfs_pack "$RUN/job"
}

# Follows a channel while QEMU runs and to its end; a reader that went away (a closed
# pipe) does not end the guest.
boot_stream() {
	tail -q -n +1 -s 0.1 -f --pid="$1" "$2" 2>/dev/null || true
}

boot_stop() {
	# The clock first: it would end whatever has the guest's number by then.
	[ -z "${CLOCK_PID:-}" ] || kill "$CLOCK_PID" 2>/dev/null || true
	[ -z "${QEMU_PID:-}" ] || kill "$QEMU_PID" 2>/dev/null || true
	wait 2>/dev/null || true
	[ -z "${RUN:-}" ] || rm -rf -- "$RUN"
}

# Why a guest is stopped, as soon as there is a reason.
boot_clock() {
	local first=$((OPT_TIMEOUT < BOOT_LIMIT ? OPT_TIMEOUT : BOOT_LIMIT)) nap

	trap 'kill "$nap"; exit' TERM
	sleep "$first" &
	nap=$!
	wait "$nap"
	if [ "$first" -lt "$OPT_TIMEOUT" ]; then
		grep -q 'Run /init as init process' "$RUN/console" ||
			{ echo "the kernel came to no first program in $first s" && return; }
		sleep $((OPT_TIMEOUT - first)) &
		nap=$!
		wait "$nap"
	fi
	echo "no end after $OPT_TIMEOUT s"
}

# Runs QEMU until it ends or the time is over; sets TIMED_OUT to what was too long.
boot_wait() {
	local out err
	TIMED_OUT=
	"$QEMU" "${MACHINE[@]}" </dev/null >"$RUN/qemu" 2>&1 &
	QEMU_PID=$!
	boot_stream $QEMU_PID "$RUN/out" &
	out=$!
	boot_stream $QEMU_PID "$RUN/err" >&2 &
	err=$!
	(
		boot_clock >"$RUN/too-long"
		mv "$RUN/too-long" "$RUN/timed-out"
		kill "$QEMU_PID"
	) >/dev/null 2>&1 &
	CLOCK_PID=$!
	wait $QEMU_PID || true
	QEMU_PID=
	kill $CLOCK_PID 2>/dev/null || true
	wait $out $err $CLOCK_PID 2>/dev/null || true
	CLOCK_PID=
	[ ! -e "$RUN/timed-out" ] || TIMED_OUT=$(cat "$RUN/timed-out")
}

# Prints what the kernel said last, for someone who must find out why.
boot_log_tail() {
	complain "the last lines of the kernel log:"
	tail -n 30 "$RUN/console" | tr -d '\r' | sed 's/^/    /' >&2
}

# Sets VERDICT to the exit status of the run and says why when it is not COMMAND's.
boot_verdict() {
	local verdict='' status='' first complaints
	# The guest writes this line last and whole.
	read -r verdict status <"$RUN/status" || true
	complaints=$(kernel_complaints "$RUN/console")
	if [ -n "$complaints" ]; then
		VERDICT=$STATUS_COMPLAINT
		complain "the kernel complained$([ "$verdict" != exit ] || echo " (the command ended with $status)"):"
		first=$(sed -n '1s/:.*//p' <<<"$complaints")
		kernel_complaint_slice "$RUN/console" "$first" | sed 's/^/    /' >&2
		[ "$(wc -l <<<"$complaints")" -le 1 ] || {
			complain "all complaints, with their line in the log:"
			head -n 20 <<<"$complaints" | sed 's/^/    /' >&2
		}
	elif [ "$verdict" = exit ]; then
		VERDICT=$status
		return
	elif [ "$verdict" = noload ]; then
		VERDICT=$STATUS_CANNOT
		complain "the module does not load on kernel $OPT_KERNEL"
	elif [ -n "$TIMED_OUT" ]; then
		VERDICT=$STATUS_TIMEOUT
		complain "$TIMED_OUT; the guest was stopped"
	else
		VERDICT=$STATUS_DIED
		complain "the guest ended without a report"
		head -n 5 "$RUN/qemu" >&2
	fi
	boot_log_tail
}
