# SPDX-License-Identifier: GPL-2.0-or-later
# The question what is in swap, as far as no module is needed.
# shellcheck shell=bash disable=SC2154

test_swap_of_known_slots_adds_up() {
	${CC:-gcc} -g -D_GNU_SOURCE -Wall -Wextra -fsanitize=address,undefined \
		-o "$WORK/swap_math" "$here/swap_math.c" \
		"$top"/tools/analyze/{swap,swap_read,rows}.c
	expect 0 "$WORK/swap_math"
}

test_swap_of_nothing() {
	hold 1
	[ "$(awk '/^VmSwap/ { print $2 }' "/proc/$held/status")" -eq 0 ] ||
		skip "this machine has swapped the process out"
	expect 0 faked swap "$held"
	has "$out" "nothing of it is in swap"
	expect 0 faked swap "$held" -J
	same "$(json "r['swap']['total']['swapped'], r['swap']['areas'], r['swap']['mappings']")" \
		"(0, [], [])"
	has_not "$out" '"runs": []'
	expect 0 faked swap "$held" -J --runs
	has "$out" '"runs": []'
}

test_swap_of_procfs_says_what_it_cannot() {
	hold 1
	expect 0 vmscope swap "$held" --source=proc -J
	has "$(json "r['swap']['missing']['shmem']")" "only the module can tell"
}
