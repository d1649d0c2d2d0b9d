# SPDX-License-Identifier: GPL-2.0-or-later
# vmscope age: strips, and working sets from several looks.
# shellcheck shell=bash disable=SC2154

# Of the last interval.
figure() {
	json "r['working']['intervals'][-1]['$1']"
}

watched() {
	FAKE=$1 expect 0 faked age "$held" --interval 1ms --count "$2" -J
	resident=$(figure resident)
	[ "$resident" -gt 0 ] || die "nothing is resident"
}

test_age_strips_fit_the_line() {
	local width line

	hold 6 30
	for width in 80 40; do
		FAKE=young=2 COLUMNS=$width expect 0 faked age "$held"
		while read -r line; do
			[ ${#line} -le $width ] || die "longer than $width: $line"
		done < <(grep -E '^(heap|anon|files|stack) .*[#.]$' "$WORK/out")
		has "$out" "# all young"
		[ "$(grep -c '####$' "$WORK/out")" -ge 1 ] || die "no young memory in: $out"
		has_not "$(grep '^anon' "$WORK/out" | cut -c 15-)" "."
	done
	expect 0 faked age "$held"
	has_not "$(grep -E '^anon' "$WORK/out" | cut -c 15-)" "#"
}

test_age_runs_add_up() {
	hold 6 30
	FAKE=young=2 expect 0 faked age "$held" -J
	same "$(json "sum(x['resident'] for x in r['age']['runs'])")" \
		"$(json "r['age']['total']['resident']")"
	same "$(json "sum(x['young'] for x in r['age']['runs'])")" \
		"$(json "r['age']['total']['young']")"
	same "$(json "all(int(x['start'], 16) < int(x['end'], 16) for x in r['age']['runs'])")" True
}

# GEN is 3 everywhere: 3 << 41.
test_age_generations() {
	hold 6
	FAKE=attributes=$((3 << 41 | 1 << 26)) expect 0 faked age "$held" -J
	same "$(json "r['age']['total']['generation_3']")" \
		"$(json "r['age']['total']['resident']")"
	same "$(json "r['age']['total']['inactive']")" "$(json "r['age']['total']['resident']")"
	FAKE=attributes=$((3 << 41 | 1 << 26)) expect 0 faked age "$held"
	has "$out" "GEN3"
	expect 0 faked age "$held"
	has "$out" "ACTIV"
}

# young=N: bit n of N says that all is young in look n.
test_age_what_becomes_young_was_used() {
	hold 6
	watched young=4 1
	same "$(figure touched)" "$resident"
	same "$(figure used)" "$resident"
	same "$(figure maybe)" 0
}

test_age_what_stays_young_may_have_been_used() {
	hold 6
	watched young=6 1
	same "$(figure used)" 0
	same "$(figure maybe)" "$resident"
	same "$(json "r['working']['least']")" 0
	same "$(json "r['working']['most']")" "$resident"
	same "$(figure never)" 0
}

# Nothing is known to have been used: what is left out is told by the next figure.
test_age_what_is_left_out_is_said() {
	hold 6 30
	FAKE=young=6 expect 0 faked age "$held" --interval 1ms --count 1
	has "$out" "of MAYBE in other mappings: --json has all of them"
}

test_age_what_stays_idle_was_not_used() {
	hold 6
	watched young=0 2
	same "$(figure used)" 0
	same "$(figure maybe)" 0
	same "$(figure never)" "$resident"
}

test_age_what_was_used_once_is_never_idle() {
	hold 6
	watched young=4 3
	same "$(figure used)" 0
	same "$(figure never)" 0
}

# In swap in the first look, in memory in the second; nothing, when it is there in both.
test_age_what_was_in_swap_came_back() {
	hold 6
	watched swapped=2,young=4 1
	same "$(figure back)" "$resident"
	same "$(figure used)" "$resident"
	same "$(figure touched), $(figure new), $(figure maybe)" "0, 0, 0"
	same "$(json "sum(m['back'] for m in r['working']['mappings'])")" "$resident"
	FAKE=swapped=2,young=4 expect 0 faked age "$held" --interval 1ms --count 1
	has "$out" "BACK"
	watched young=4 1
	same "$(figure back)" 0
	# what goes is gone, and was not used
	FAKE=swapped=4 expect 0 faked age "$held" --interval 1ms --count 1 -J
	same "$(figure resident), $(figure used)" "0, 0"
	same "$(json "r['working']['intervals'][-1]['gone'] > 0")" True
}

test_age_cleared_bits_tell_all() {
	hold 6
	FAKE=young=6 expect 0 faked age "$held" --interval 1ms --count 1 --clear -J
	has "$err" "--clear changes process $held"
	same "$(figure touched)" "$(figure resident)"
	same "$(figure maybe)" 0
	same "$(json "len(r['working']['clearing']['effects']) > 2")" True
	FAKE=young=6 expect 0 faked age "$held" --interval 1ms --count 1 --clear
	same "$(head -n 1 "$WORK/out" | cut -c 1-5)" clear
}

test_age_never_clears_unasked() {
	local before

	hold 6
	before=$(grep -c . "/proc/$held/smaps"; grep Referenced "/proc/$held/smaps")
	expect 0 faked age "$held" --interval 10ms --count 3
	same "$(grep -c . "/proc/$held/smaps"; grep Referenced "/proc/$held/smaps")" "$before"
	expect 0 faked age "$held" --interval 1ms --count 1 -J
	same "$(json "r['working']['clearing']")" None
}

test_age_usage() {
	hold 6
	refused 2 "no time from 1ms" vmscope age "$held" --interval 5m
	refused 2 "no time from 1ms" vmscope age "$held" --interval 0
	refused 2 "no time from 1ms" vmscope age "$held" --interval nan
	refused 2 "no number from 1" vmscope age "$held" --count 0
	refused 2 "a recorded file is one look" vmscope age --from file --clear
	refused 4 "the source cannot tell young" vmscope age "$held" --count 1 --source=proc
}

test_age_clear_needs_permission() {
	[ "$(id -u)" -eq 0 ] || skip "needs a process of another user"
	cp "$VMSCOPE" "$WORK/vmscope" && chmod 755 "$WORK/vmscope" "$WORK/fake.so"
	refused 5 "" as_nobody env LD_PRELOAD="$WORK/fake.so" "$WORK/vmscope" age 1 --clear --count 1
}
