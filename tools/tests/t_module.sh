# SPDX-License-Identifier: GPL-2.0-or-later
# What the module may answer, through the stand-in for it.
# shellcheck shell=bash disable=SC2154

fake() {
	FAKE=$1 LD_PRELOAD=$WORK/fake.so "$VMSCOPE" "${@:2}"
}

test_module_of_another_abi() {
	refused 4 "speaks ABI 7, this command ABI 1" fake abi=7 show self
	refused 4 "speaks ABI 7" fake abi=7 show self --source=module
	expect 0 fake abi=7 show self --source=proc
	refused 4 "does not answer as the vmscope module" fake foreign show self
}

test_module_device_not_permitted() {
	# EACCES
	refused 5 "run as root" fake open=13 show self --source=module
	expect 0 fake open=13 show self
	has "$out" "not the module: /dev/vmscope: Permission denied"
}

test_module_refuses_the_target() {
	refused 3 "has exited" fake target=3 show self
	refused 2 "kernel thread" fake target=6 show self
	refused 5 "CAP_SYS_PTRACE" fake target=1 show self --source=module
	expect 0 fake target=1 show self
	has "$out" "CAP_SYS_PTRACE"
	refused 4 "refuses it: Too many open files" fake target=24 show self --source=module
}

test_module_target_exits_meanwhile() {
	refused 3 "has exited" fake scan=3@1 show self
	refused 3 "has exited" fake "part scan=3@4" maps self
	refused 3 "has exited" fake scan=3@2 show self --jobs 2
}

test_module_lock_stays_taken() {
	hold 1
	expect 6 fake "part scan=16@3" show "$held"
	has "$out" "STOPPED at 0x"
	has "$err" "keeps its memory map locked: nothing was read from 0x"
	expect 6 fake "part scan=16@3" show "$held" -J
	has "$(json "r['cost']['stopped_at']")" 0x
}

# From the first address on: nothing is known, and nothing may look as if it were.
test_module_lock_is_never_free() {
	hold 1
	expect 6 fake scan=16@1 show "$held"
	has "$out" "STOPPED at 0x0"
	has "$err" "nothing was read from 0x0 on"
	has "$out" "keeps its memory map locked"
	expect 6 fake scan=16@1 show "$held" -J
	same "$(json "r['cost']['stopped_at'], r['totals']['pss'], r['totals']['untouched']")" \
		"('0x0', None, None)"
	expect 6 fake scan=16@1 maps "$held"
	has "$err" "give it longer with --timeout"
	expect 6 fake scan=16@1 maps "$held" --jobs 4
	expect 6 fake scan=16@1 pages "$held" --key state
	has_not "$out" "no pages there"
	expect 6 fake scan=16@1 record "$held" -w "$WORK/s"
	expect 6 vmscope show --from "$WORK/s"
	has "$err" "when it was recorded"
}

test_module_scan_fails() {
	refused 4 "Input/output error" fake scan=5@1 show self
	refused 4 "out of memory" fake scan=12@1 show self
	refused 4 "cannot tell all" fake scan=95@1 show self
}

test_module_works_says_doctor() {
	expect 0 faked doctor
	has "$out" "The module works"
	has "$out" "ABI 1"
	expect 0 faked doctor -J
	same "$(json "r['module_works']")" True
	expect 5 fake open=13 doctor
	expect 4 fake abi=7 doctor
	has "$out" "speaks ABI 7"
}

test_module_missing_says_doctor() {
	[ ! -e /dev/vmscope ] || skip "the module is loaded here"
	expect 4 vmscope doctor
	has "$out" "does not exist"
	has "$out" "The module does not work here"
	expect 4 vmscope doctor -J
	same "$(json "r['module_works']")" False
}

test_module_verify_agrees() {
	hold_alone 3 20
	expect 0 faked record "$held" -w "$WORK/v" --verify
	expect 0 vmscope verify --from "$WORK/v"
	has "$out" "same: module and procfs agree in every value"
	expect 0 faked verify "$held"
	has "$out" "same:"
}

test_module_verify_finds_a_difference() {
	hold_alone 3 20
	expect 0 fake extra=2 record "$held" -w "$WORK/v" --verify
	expect 1 vmscope verify --from "$WORK/v"
	has "$out" "Rss"
	has "$out" "DIFFERENT"
	expect 1 fake extra=2 verify "$held"
	has "$out" "DIFFERENT"
	expect 1 fake extra=2 verify "$held" -J
	same "$(json "r['same'], r['counts']['unexplained'] > 0, r['differences'][0]['field']")" \
		"(False, True, 'Rss')"
}

test_module_verify_needs_the_module() {
	[ ! -e /dev/vmscope ] || skip "the module is loaded here"
	refused 4 "modprobe" vmscope verify self
	expect 0 vmscope record self --source=proc -w "$WORK/v" --verify
	refused 2 "without the module" vmscope verify --from "$WORK/v"
	expect 0 vmscope record self --source=proc -w "$WORK/v"
	refused 2 "without --verify" vmscope verify --from "$WORK/v"
}
