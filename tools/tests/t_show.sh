# SPDX-License-Identifier: GPL-2.0-or-later
# The first screen, and what is true of all output.
# shellcheck shell=bash disable=SC2154

smaps_sum() {
	awk -v key="$2:" '$1 == key { sum += $2 } END { print sum * 1024 }' "/proc/$1/smaps"
}

test_show_figures_are_those_of_smaps() {
	hold_alone 8
	expect 0 vmscope show "$held" --source=proc -J
	same "$(json "r['totals']['rss']")" "$(smaps_sum "$held" Rss)" rss
	same "$(json "r['totals']['pss']")" \
		"$(smaps_sum "$held" Pss)" pss
	same "$(json "r['totals']['uss']")" \
		$(($(smaps_sum "$held" Private_Clean) + $(smaps_sum "$held" Private_Dirty))) uss
	same "$(json "r['totals']['anonymous']")" "$(smaps_sum "$held" Anonymous)" anonymous
	same "$(json "r['totals']['size']")" "$(smaps_sum "$held" Size)" size
	same "$(json "r['totals']['pt']")" \
		$(($(awk '/^VmPTE/ { print $2 }' "/proc/$held/status") * 1024)) pt
	[ "$(json "r['totals']['rss']")" -gt $((8 << 20)) ] || die "8 MiB are not resident"
}

test_show_totals_add_up() {
	hold 3 50
	# one look: PSS depends on what others do meanwhile
	expect 0 vmscope record "$held" --source=proc -w "$WORK/s"
	expect 0 vmscope maps --from "$WORK/s" -J
	cp "$WORK/out" "$WORK/maps.json"
	expect 0 vmscope show --from "$WORK/s" -J
	python3 - "$WORK/maps.json" "$WORK/out" <<-'PY'
	import json, sys
	maps, show = (json.load(open(f)) for f in sys.argv[1:])
	for name, total in show["totals"].items():
	    if total is None or name == "pt":
	        continue
	    rows = sum(m[name] for m in maps["maps"])
	    assert rows == total, (name, rows, total)
	for m in maps["maps"]:
	    assert m["size"] == m["present"] + m["swap"] + m["remainder"], m
	PY
}

test_show_states_of_the_module_add_up() {
	hold 3 50
	expect 0 faked maps "$held" -J
	python3 - "$WORK/out" <<-'PY'
	import json, sys
	report = json.load(open(sys.argv[1]))
	states = """untouched present zero special swapped migrating hwpoison device_private
	    uffd_marker guard poison unknown skipped""".split()
	assert report["source"]["name"] == "module"
	assert len(report["maps"]) > 25
	for m in report["maps"]:
	    assert m["size"] == sum(m[s] for s in states), m
	    assert m["remainder"] == 0, m
	PY
}

test_show_says_what_is_not_covered() {
	hold 1
	# more pages than the mapping has: what does not add up must be seen
	expect 0 env FAKE=extra=3 LD_PRELOAD="$WORK/fake.so" "$VMSCOPE" maps "$held" -J
	same "$(json "r['maps'][0]['remainder']")" 0 "the stand-in takes them from the untouched"
	expect 6 env FAKE=skip=1 LD_PRELOAD="$WORK/fake.so" "$VMSCOPE" show "$held"
	has "$out" "SKIPPED"
	has "$out" "skipped 4K"
}

test_show_fits_the_screen() {
	need_terminal
	local columns lines widest

	hold 4 100
	for columns in 40 60 80 132 200; do
		on_terminal $columns "$VMSCOPE show $held --color=never --source=proc" > "$WORK/screen"
		widest=$(wc -L < "$WORK/screen") lines=$(wc -l < "$WORK/screen")
		[ "$widest" -le $columns ] || die "$columns columns: a line has $widest: $(cat "$WORK/screen")"
		[ "$lines" -ge 12 ] || die "$columns columns: only $lines lines"
		[ $columns -lt 80 ] || [ "$lines" -le 23 ] || die "$columns columns: $lines lines"
		grep -q PSS "$WORK/screen" || die "no PSS"
		on_terminal $columns "LD_PRELOAD=$WORK/fake.so $VMSCOPE show $held --color=never" > "$WORK/screen"
		widest=$(wc -L < "$WORK/screen") lines=$(wc -l < "$WORK/screen")
		[ "$widest" -le $columns ] || die "module, $columns columns: a line has $widest: $(cat "$WORK/screen")"
		[ $columns -lt 80 ] || [ "$lines" -le 23 ] || die "module, $columns columns: $lines lines"
	done
}

test_show_top_is_ordered_by_pss() {
	local shown

	hold 3 20
	# one look: PSS depends on what others do meanwhile
	expect 0 vmscope record "$held" --source=proc -w "$WORK/s"
	expect 0 vmscope show --from "$WORK/s" --bytes
	shown=$(sed -n '/^ *PSS .* MAPPING$/,/more mappings/{/^ *[0-9]* .*[rwxps-]\{4\} /p}' "$WORK/out" | awk '{ print $1 }')
	[ "$(wc -w <<< "$shown")" -ge 3 ] || die "too few mappings: $out"
	expect 0 vmscope maps --from "$WORK/s" --sort pss:desc --raw --noheadings -o pss
	same "$shown" "$(head -n "$(wc -l <<< "$shown")" <<< "$out")"
}

test_show_has_all_six_sums() {
	hold 1
	expect 0 vmscope show "$held" --source=proc
	same "$(awk '$1 == "RSS" { $1 = $1; print; getline; print NF }' "$WORK/out")" \
		"RSS PSS USS SWAP HUGE PT"$'\n'"6"
}

# Nothing moves but what the look itself cost: nobody else has a page of this one.
test_show_is_what_no_verb_means() {
	local shown

	hold_alone 2
	expect 0 vmscope show "$held" --source=proc
	shown=$(sed '/^cost /,/^$/d' <<< "$out")
	expect 0 vmscope "$held" --source=proc
	has "$shown" " PSS "
	same "$(sed '/^cost /,/^$/d' <<< "$out")" "$shown"
}

test_show_every_verb_fits_its_terminal() {
	local verb columns

	need_terminal
	hold 1
	on_terminal 40 "FAKE=physical=1 LD_PRELOAD=$WORK/fake.so $VMSCOPE walk $held $address --color=never" > "$WORK/screen"
	[ "$(wc -L < "$WORK/screen")" -le 40 ] || die "too wide: $(cat "$WORK/screen")"
	grep -q 'PGD' "$WORK/screen" || die "no PGD"
	for verb in "maps $held" "pages $held" "verify --from $WORK/s --color=never" "walk $held 1000 --color=never" \
		    "doctor --color=never"; do
		[ "${verb%% *}" != verify ] || faked record "$held" -w "$WORK/s" --verify
		on_terminal 40 "$VMSCOPE $verb 2>/dev/null" > "$WORK/screen"
		[ "$(wc -L < "$WORK/screen")" -le 40 ] || die "$verb: too wide: $(cat "$WORK/screen")"
	done
	for columns in 80 89 90; do
		on_terminal $columns "FAKE=physical=1 LD_PRELOAD=$WORK/fake.so $VMSCOPE pages $held" > "$WORK/screen"
		[ "$(wc -L < "$WORK/screen")" -le $columns ] || die "$columns: too wide: $(cat "$WORK/screen")"
	done
}

test_show_colour_is_asked_for() {
	need_terminal
	local escape=$'\033'

	expect 0 vmscope show self --source=proc
	has_not "$out" "$escape"
	expect 0 vmscope show self --source=proc --color=always
	has "$out" "${escape}[48;5;25"
	expect 0 env NO_COLOR=1 "$VMSCOPE" show self --source=proc
	has_not "$out" "$escape"
	on_terminal 80 "$VMSCOPE show self --source=proc" > "$WORK/screen"
	grep -q "$escape" "$WORK/screen" || die "a terminal gets no colour"
	on_terminal 80 "NO_COLOR=1 $VMSCOPE show self --source=proc" > "$WORK/screen"
	! grep -q "$escape" "$WORK/screen" || die "NO_COLOR is not honoured"
	on_terminal 80 "TERM=dumb $VMSCOPE show self --source=proc" > "$WORK/screen"
	! grep -q "$escape" "$WORK/screen" || die "a dumb terminal gets colour"
}

test_show_names_cannot_drive_the_terminal() {
	local name=$'ev\033[31m\nil' escape=$'\033'

	cp "$WORK/holder" "$WORK/$name"
	"$WORK/$name" 1 > /dev/null & held=$!
	trap 'kill -9 $held' EXIT
	sleep 0.3
	for verb in "show" "maps" "pages" "maps --raw"; do
		# shellcheck disable=SC2086
		expect 0 vmscope $verb "$held" --source=proc
		has_not "$out" "$escape"
	done
	refused 3 'no process named' vmscope show "$escape[31m"
	has_not "$err" "$escape"
}

test_show_units() {
	hold 5
	expect 0 vmscope maps "$held" --source=proc --filter "start=0x$address" --noheadings -o size,rss
	same "$(echo $out)" "5M 5M"
	expect 0 vmscope maps "$held" --source=proc --filter "start=0x$address" --noheadings -o rss -b
	same "$(echo $out)" 5242880
	expect 0 vmscope maps "$held" --source=proc --filter "start=0x$address" --raw -o rss
	same "$(echo $out)" "RSS 5242880"
}

test_show_without_rights() {
	[ "$(id -u)" -eq 0 ] || skip "needs a process of another user"
	hold 1
	cp "$VMSCOPE" "$WORK/vmscope" && chmod 755 "$WORK/vmscope"
	expect 6 as_nobody "$WORK/vmscope" show "$held"
	has "$out" "- [1]"
	has "$out" "run as root"
	has "$out" "0 [2]"
	has "$out" "without shared memory"
	refused 5 "run as root" as_nobody "$WORK/vmscope" maps "$held" --source=proc
	refused 5 "run as root" as_nobody "$WORK/vmscope" pages "$held" --source=proc
}

test_show_own_process_unprivileged() {
	cp "$VMSCOPE" "$WORK/vmscope" && chmod 755 "$WORK/vmscope"
	expect 0 as_nobody "$WORK/vmscope" show self --source=proc
	has_not "$out" "- ["
	expect 0 as_nobody "$WORK/vmscope" pages self --source=proc
	has "$out" "CAP_SYS_ADMIN"
}

test_show_says_when_it_falls_back() {
	[ ! -e /dev/vmscope ] || skip "the module is loaded here"
	expect 0 vmscope show self
	has "$out" "not the module: /dev/vmscope does not exist"
	expect 0 vmscope maps self
	has "$err" "from procfs"
	expect 0 vmscope show self -J
	same "$(json "r['source']['name'] + ' ' + r['source']['requested']")" "proc auto"
	has "$(json "r['source']['fallback_reason']")" "modprobe"
	refused 4 "modprobe vmscope" vmscope show self --source=module
}

test_show_lost_output() {
	[ -e /dev/full ] || skip "no /dev/full"
	hold 1
	expect 6 bash -c "exec '$VMSCOPE' show $held --source=proc > /dev/full"
	has "$err" "No space left"
	expect 6 bash -c "exec '$VMSCOPE' maps $held --source=proc -J > /dev/full"
	has "$err" "No space left"
	expect 6 bash -c "exec '$VMSCOPE' show $held --source=proc >&-"
	has "$err" "standard output is closed"
	# a reader that leaves is no error worth a word
	expect 0 bash -c "trap '' PIPE; '$VMSCOPE' maps $held --source=proc -o all | true"
	same "$err" ""
}

test_show_standard_descriptors_may_be_closed() {
	hold 1
	expect 0 bash -c "exec '$VMSCOPE' show $held --source=proc <&- 2>&-"
	has "$out" "PSS"
}

test_show_names_beyond_ascii() {
	local name="naïve-名"

	cp "$WORK/holder" "$WORK/$name"
	"$WORK/$name" 1 > /dev/null & held=$!
	trap 'kill -9 $held' EXIT
	sleep 0.3
	expect 0 vmscope maps "$held" --source=proc
	has "$out" "/$name"
	expect 0 vmscope show "$held" --source=proc
	has "$out" "$name  pid"
	expect 0 vmscope maps "$held" --source=proc -J
	same "$(json "any(m['name'] == '$WORK/$name' for m in r['maps'])")" True
}
