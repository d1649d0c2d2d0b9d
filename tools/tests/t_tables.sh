# SPDX-License-Identifier: GPL-2.0-or-later
# The page-table bill.
# shellcheck shell=bash disable=SC2154

test_tables_add_up() {
	hold 6 30
	expect 0 faked tables "$held" -J
	same "$(json "r['verb']")" tables
	same "$(json "sum(m['bytes'] for m in r['tables']['mappings'])")" \
		"$(json "r['tables']['total']['bytes']")"
	same "$(json "sum(l['bytes'] for l in r['tables']['levels']) + 4096 * r['tables']['total']['deposited']")" \
		"$(json "r['tables']['total']['bytes']")"
	same "$(json "all(sum(c['tables'] for c in l['by_entries_used']) == l['tables'] for l in r['tables']['levels'])")" \
		True
	same "$(json "r['tables']['total']['bytes'] > 48 << 10")" True
}

# What a process would need by hand: one PTE table for each mapping that the
# stand-in has tables for, those above once.
test_tables_of_larger_leaves() {
	hold 6
	expect 0 faked tables "$held" -J
	same "$(json "[l['size'] for l in r['tables']['leaves']]")" "[4096, 2097152, 1073741824]"
	same "$(json "r['tables']['leaves'][1]['tables']")" 2
	same "$(json "r['tables']['leaves'][2]['tables']")" 1
	same "$(json "r['tables']['leaves'][2]['tlb_entries']")" 1
	same "$(json "r['tables']['leaves'][0]['tlb_entries'] * 4096 == r['tables']['mapped_bytes']")" True
	same "$(json "r['tables']['flat_bytes']")" $(((0x7ffffffff000 >> 12) * 8))
	same "$(json "r['tables']['context']")" "{'kind': 'x86_context', 'id': 4711}"
}

# In parts, each of which has a table that is kept.
test_tables_in_parts_are_the_same() {
	hold_alone 6 30
	expect 0 faked tables "$held" -J
	json "[(l['tables'], l['entries_used']) for l in r['tables']['levels']]" > "$WORK/whole"
	expect 0 env FAKE=part LD_PRELOAD="$WORK/fake.so" "$VMSCOPE" tables "$held" -J
	same "$(json "[(l['tables'], l['entries_used']) for l in r['tables']['levels']]")" \
		"$(cat "$WORK/whole")"
	same "$(json "any(m['deposited'] == 2 for m in r['tables']['mappings'])")" True
}

test_tables_read_back_the_same() {
	hold_alone 6 30
	expect 0 faked record "$held" -w "$WORK/s"
	faked tables "$held" -J | python3 -c "import json, sys; print(json.load(sys.stdin)['tables'])" \
		> "$WORK/live"
	expect 0 vmscope tables --from "$WORK/s" -J
	same "$(json "r['tables']")" "$(cat "$WORK/live")"
	expect 0 vmscope tables --from "$WORK/s"
	has "$out" "waste"
}

test_tables_without_a_source_that_can_tell() {
	refused 4 "the source cannot tell page tables" vmscope tables self --source=proc
	hold 1
	refused 4 "the source cannot tell page tables" env FAKE=old LD_PRELOAD="$WORK/fake.so" \
		"$VMSCOPE" tables "$held"
	expect 0 env FAKE=old LD_PRELOAD="$WORK/fake.so" "$VMSCOPE" age,tables "$held" -J
	same "$(json "r['tables'], sorted(r['missing'])")" "(None, ['tables'])"
	expect 0 env FAKE=old LD_PRELOAD="$WORK/fake.so" "$VMSCOPE" record "$held" -w "$WORK/s"
	refused 4 "the source cannot tell page tables" vmscope tables --from "$WORK/s"
}

# The holder is one of many; what each says is what is said of it alone.
test_tables_of_everyone() {
	hold_alone 6 30
	expect 0 faked tables "$held" -J
	json "r['tables']['total']['bytes']" > "$WORK/one"
	expect 0 faked tables --all -J
	same "$(json "[p['bytes'] for p in r['processes'] if p['pid'] == $held][0]")" \
		"$(cat "$WORK/one")"
	same "$(json "sum(p['bytes'] for p in r['processes'])")" "$(json "r['total']['bytes']")"
	same "$(json "[p['bytes'] for p in r['processes']] == sorted((p['bytes'] for p in r['processes']), reverse=True)")" \
		True
	expect 0 faked tables --all
	has "$out" "address spaces"
	[ "$(wc -l < "$WORK/out")" -le 24 ] || die "more than 24 lines: $out"
}

test_tables_of_everyone_tell_who_is_missing() {
	hold 1
	expect 6 env FAKE=alien="$held" LD_PRELOAD="$WORK/fake.so" "$VMSCOPE" tables --all -J
	same "$(json "[m['why'] for m in r['not_counted'] if m['pid'] == $held]")" "['refused']"
	same "$(json "any(p['pid'] == $held for p in r['processes'])")" False
	expect 6 env FAKE=alien="$held" LD_PRELOAD="$WORK/fake.so" "$VMSCOPE" tables --all
	has "$out" "1 may not be looked at: run as root"
}

test_tables_of_everyone_count_an_address_space_once() {
	hold 1
	expect 0 env FAKE=onemm LD_PRELOAD="$WORK/fake.so" "$VMSCOPE" tables --all -J
	same "$(json "len(r['processes'])")" 1
	same "$(json "[m['with'] for m in r['not_counted'] if m['pid'] == $held and m['why'] == 'shares'] == [r['processes'][0]['pid']]")" \
		True
}

test_tables_of_everyone_usage() {
	refused 2 "one argument too many with --all" vmscope tables --all self
	refused 2 "one argument too many with --cgroup" vmscope tables --cgroup / self
	refused 2 "name a control group" faked tables --cgroup no/such/group
	refused 2 "leave out --all" vmscope tables --all --from x
	refused 4 "the source cannot tell page tables" vmscope tables --all --source=proc
	refused 2 "no option '--all'" vmscope age --all
}

test_tables_fit_the_screen() {
	hold 6 30
	COLUMNS=80 expect 0 faked tables "$held"
	has "$out" "the kernel counts 48K where"
	has "$out" "hugetlb shares 1"
	has "$out" "context 4711"
	[ "$(wc -l < "$WORK/out")" -le 24 ] || die "more than 24 lines: $out"
	same "$(sed '/^START/,$d' "$WORK/out" | awk 'length > 80')" ""
}
