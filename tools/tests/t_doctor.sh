# SPDX-License-Identifier: GPL-2.0-or-later
# What doctor finds on machines that are not as this one is, and which step it names.
# shellcheck shell=bash disable=SC2154

# A machine on which nothing stands in the way but that the module is not loaded.
machine() {
	machine=$WORK/machine
	release=$(uname -r)
	mkdir -p "$machine/sys/kernel/security" "$machine/sys/module/module/parameters" \
		"$machine/sys/kernel/btf" "$machine/boot" "$machine/lib/modules/$release/build"
	echo "[none] integrity confidentiality" > "$machine/sys/kernel/security/lockdown"
	echo N > "$machine/sys/module/module/parameters/sig_enforce"
	touch "$machine/sys/kernel/btf/vmlinux"
	printf 'CONFIG_%s=y\n' MODULES PROC_PAGE_MONITOR MEM_SOFT_DIRTY TRANSPARENT_HUGEPAGE KSM \
		> "$machine/boot/config-$release"
}

# examine STATUS [WORD...]: doctor on that machine. No words of FAKE: without the device.
examine() {
	local status=$1

	shift
	FAKE_MACHINE=$machine FAKE=${*:-open=2} expect "$status" faked doctor -J
}

# row NAME: verdict, finding and next step, a line each.
row() {
	json "''.join('\n'.join((c['verdict'], c['finding'], c['next'] or ''))
		for c in r['checks'] if c['name'] == '$1')"
}

# says NAME VERDICT FINDING [NEXT]
says() {
	same "$(row "$1")" "$2"$'\n'"$3${4:+$'\n'$4}"
}

# secure_boot BYTE: the variable of the firmware, behind its attributes.
secure_boot() {
	local variables=$machine/sys/firmware/efi/efivars

	mkdir -p "$variables"
	printf '\6\0\0\0%b' "\\$1" > "$variables/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
}

test_doctor_on_a_machine_without_obstacles() {
	machine
	examine 0 physical=1
	# Whoever runs the tests need not be root.
	same "$(json "{c['name'] for c in r['checks'] if c['verdict'] == 'limited'} - {'user'}")" \
		"set()"
	says lockdown works none
	says signatures works "unsigned modules load"
	says KSM works on
}

test_doctor_says_what_lockdown_asks_for() {
	local sign="the module must be signed with an enrolled key (mokutil --import)"

	machine
	echo "none [integrity] confidentiality" > "$machine/sys/kernel/security/lockdown"
	examine 4
	says lockdown limited integrity \
		"$sign; all figures work then"
	echo "none integrity [confidentiality]" > "$machine/sys/kernel/security/lockdown"
	examine 4
	says lockdown limited confidentiality \
		"$sign; frame numbers and raw entries stay hidden"
	rm "$machine/sys/kernel/security/lockdown"
	examine 4
	says lockdown told "not known: /sys/kernel/security/lockdown is not there"
}

# Frames that lockdown hides are another thing than frames that one may not see.
test_doctor_says_why_frames_are_hidden() {
	machine
	examine 0 physical=2
	says "raw entries" limited "kernel lockdown forbids frame numbers and raw entries"
	examine 0 physical=0
	says "raw entries" limited "frame numbers and raw entries need CAP_SYS_ADMIN"
	examine 0 physical=1
	says "raw entries" works visible
}

test_doctor_says_what_secure_boot_asks_for() {
	machine
	examine 4
	says "secure boot" told "no UEFI, so none"
	mkdir -p "$machine/sys/firmware/efi"
	examine 4
	says "secure boot" told "not known: the firmware's variables are not readable"
	secure_boot 0
	examine 4
	says "secure boot" told off
	secure_boot 1
	examine 4
	says "secure boot" told on \
		"unsigned modules are refused: sign vmscope.ko with an enrolled key (mokutil --import)"
	# Whose module works has signed it.
	examine 0 physical=1
	says "secure boot" told on
}

test_doctor_says_what_enforced_signatures_ask_for() {
	machine
	echo Y > "$machine/sys/module/module/parameters/sig_enforce"
	examine 4
	says signatures limited "only signed modules load" \
		"sign vmscope.ko with an enrolled key (mokutil --import)"
	examine 0 physical=1
	says signatures works "only signed modules load"
}

# Each option by itself, and as Debian's files say it: not at all.
test_doctor_says_what_is_lost_without_an_option() {
	local config option lost

	machine
	config=$machine/boot/config-$release
	cp "$config" "$WORK/config"
	while IFS='|' read -r option lost; do
		sed "s/^CONFIG_$option=y/# CONFIG_$option is not set/" "$WORK/config" > "$config"
		examine 0 physical=1
		says "$option" limited "off: $lost"
		same "$(json "[c['name'] for c in r['checks'] if c['finding'][:5] == 'off: ']")" \
			"['$option']"
	done <<-END
	MODULES|no module can be loaded
	PROC_PAGE_MONITOR|procfs has no smaps and pagemap; the module works
	MEM_SOFT_DIRTY|soft-dirty is always clear
	TRANSPARENT_HUGEPAGE|no transparent huge pages to see
	KSM|no merged pages to see
	END
	# where others keep theirs
	rm "$config"
	cp "$WORK/config" "$machine/lib/modules/$release/config"
	examine 0 physical=1
	says KSM works on
	rm "$machine/lib/modules/$release/config"
	examine 0 physical=1
	says options told \
		"the kernel's configuration is not readable (/boot/config-$release, /proc/config.gz)"
	same "$(row KSM)" ""
}

test_doctor_says_how_to_get_the_module() {
	local modules

	machine
	modules=$machine/lib/modules/$release
	examine 4
	says module missing "not loaded, and not installed for this kernel" \
		"in the source of vmscope: make && make install && modprobe vmscope"
	rmdir "$modules/build"
	examine 4
	has "$(row module)" "apt-get install linux-headers-$release, then in the source of vmscope: make"
	echo "updates/vmscope.ko:" > "$modules/modules.dep"
	examine 4
	says module missing "installed (updates/vmscope.ko), not loaded" \
		"modprobe vmscope"
	sed -i /MODULES/d "$machine/boot/config-$release"
	examine 4
	says module missing "this kernel cannot load modules (CONFIG_MODULES)" \
		"boot a kernel that can, or see it at work in a guest: make demo"
	mkdir "$machine/sys/module/vmscope"
	examine 0 physical=1
	says module works loaded
}

test_doctor_says_that_bpf_needs_types() {
	machine
	rm "$machine/sys/kernel/btf/vmlinux"
	examine 4
	says BTF told "no types of the kernel (CONFIG_DEBUG_INFO_BTF): BPF programs cannot be used"
}
