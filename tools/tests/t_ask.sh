# SPDX-License-Identifier: GPL-2.0-or-later
# Questions that are answered from one walk.
# shellcheck shell=bash disable=SC2154

test_ask_age_adds_up() {
	hold 6
	expect 0 faked age "$held" -J
	same "$(json "r['age']['total']['resident'] > 0")" True
	same "$(json "all(m['young'] + m['idle'] == m['resident'] for m in r['age']['mappings'])")" True
	same "$(json "sum(m['resident'] for m in r['age']['mappings'])")" \
		"$(json "r['age']['total']['resident']")"
}

test_ask_without_a_source_that_can_tell() {
	refused 4 "the source cannot tell young" vmscope age self --source=proc
}

test_ask_several_in_one_walk() {
	hold 6
	expect 0 faked age,numa,age "$held" -J
	same "$(json "r['verb']")" ask
	same "$(json "r['missing']")" "{}"
	same "$(json "r['age']['total']['resident'] == r['numa']['resident']")" True
	local sections
	sections=$(json "r['cost']['sections']")
	expect 0 faked age "$held" -J
	same "$(json "r['cost']['sections']")" "$sections" "sections of one walk"
	refused 2 "no verb 'age,nothing'" vmscope age,nothing "$held"
}

test_ask_prints_the_largest_mappings() {
	hold 6 30
	expect 0 faked age "$held"
	has "$out" "cost"
	same "$(grep -c '^[0-9a-f]\{12\} ' "$WORK/out" | awk '{ print ($1 <= 10) }')" 1
}

test_ask_numa_adds_up() {
	hold 6
	expect 0 faked numa "$held" -J
	same "$(json "all(sum(n[l] for n in m['nodes'] for l in ('pte', 'cont', 'pmd', 'pud')) == m['resident'] for m in r['numa']['mappings'])")" True
	same "$(json "sum(m['resident'] for m in r['numa']['mappings']) == r['numa']['resident'] > 0")" True
}
