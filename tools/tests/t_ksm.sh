# SPDX-License-Identifier: GPL-2.0-or-later
# KSM over many processes, through the stand-in: who cannot be read.
# shellcheck shell=bash disable=SC2154

test_ksm_of_everyone_names_who_ends_meanwhile() {
	hold 1
	expect 0 env FAKE="physical=1 scan=3@2" LD_PRELOAD="$WORK/fake.so" "$VMSCOPE" ksm --all -J
	# as others of the machine may do
	same "$(json "r['processes']['gone'] == sum(n['state'] == 'gone' for n in r['processes']['notes']) > 0")" True
}

test_ksm_of_everyone_names_who_may_not_be_looked_at() {
	hold 1
	expect 6 env FAKE="physical=1 alien=$held" LD_PRELOAD="$WORK/fake.so" "$VMSCOPE" ksm --all -J
	has "$err" "could not be looked at"
	same "$(json "[n['pid'] for n in r['processes']['notes'] if n['state'] == 'not_permitted']")" "[$held]"
	refused 5 "" env FAKE="physical=1 target=1" LD_PRELOAD="$WORK/fake.so" "$VMSCOPE" ksm --all --source=module
}
