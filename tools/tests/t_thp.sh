# SPDX-License-Identifier: GPL-2.0-or-later
# Huge pages: sizes, ways of being mapped, fill, and every reason why not. The
# stand-in shows mappings and pages that are written down here.
# shellcheck shell=bash disable=SC2034,SC2154

# A policy as sysfs has it; arguments are FILE=WORD.
thp_policy() {
	local dir=$WORK/thp word

	rm -rf "$dir"
	mkdir -p "$dir/khugepaged" "$dir/hugepages-2048kB" "$dir/hugepages-64kB"
	for word in enabled=always shmem_enabled=never defrag=madvise \
		hugepages-2048kB/enabled=inherit hugepages-2048kB/shmem_enabled=inherit \
		hugepages-64kB/enabled=never hugepages-64kB/shmem_enabled=never "$@"; do
		echo "other [${word#*=}] another" > "$dir/${word%%=*}"
	done
	for word in pages_to_scan=4096 scan_sleep_millisecs=10000 max_ptes_none=511 \
		max_ptes_swap=64 max_ptes_shared=256 full_scans=3 pages_collapsed=1; do
		echo "${word#*=}" > "$dir/khugepaged/${word%%=*}"
	done
	export FAKE_THP=$dir
}

# khugepaged FILE=NUMBER
khugepaged() {
	echo "${1#*=}" > "$WORK/thp/khugepaged/${1%%=*}"
}

thp_begin() {
	: > "$WORK/smaps"
	: > "$WORK/pages"
	: > "$WORK/fill"
	export FAKE_SMAPS=$WORK/smaps FAKE_PAGES=$WORK/pages FAKE_FILL=$WORK/fill
	export FAKE=physical=1
	thp_policy "$@"
	hold 1
}

# mapping START END FLAGS [OFFSET INODE NAME]
mapping() {
	printf '%s-%s rw-p %s 00:10 %s %s\nRss: 4 kB\nVmFlags: rd wr mr mw me %s\n' \
		"$1" "$2" "${4:-0}" "${5:-0}" "${6:-}" "$3" >> "$WORK/smaps"
}

# pages START COUNT WHAT [FRAME]: the numbers in hexadecimal
ANON=1 ZERO=2 SWAPPED=4 FILE_PAGE=31 SHMEM=51
SHARED_ANON=1000000011		# kind anon, SHARED
ANON_64K=1001 ANON_2M=2401 FILE_64K=1031 SHMEM_2M=2451	# orders 4 and 9
PMD_2M=2601			# order 9, leaf PMD
pages() {
	echo "$1 $2 $3 ${4:-0}" >> "$WORK/pages"
}

ask_thp() {
	expect 0 faked thp "$held" -J "$@"
	same "$(json "r['thp']['total']['resident']")" \
		"$(json "r['thp']['total']['pmd'] + sum(r['thp']['total']['reasons'].values())")" sums
	same "$(json "all(m['resident'] == m['pmd'] + sum(m['reasons'].values()) and
		m['resident'] == m['pmd'] + m['pte'] + m['contiguous'] + m['single']
		for m in r['thp']['mappings'])")" True
}

# because REASON BYTES: of all that is resident
because() {
	ask_thp
	same "$(json "r['thp']['total']['reasons']")" "{'$1': $2}"
	same "$(json "r['thp']['mappings'][0]['why']")" "$1"
}

test_thp_why_too_small() {
	thp_begin
	mapping 200000 3ff000 'ac'
	pages 200000 10 $ANON
	because too_small 65536
}

test_thp_why_misaligned() {
	thp_begin
	mapping 100000 3ff000 'ac'
	pages 100000 10 $ANON
	because misaligned 65536
}

test_thp_why_misaligned_in_its_file() {
	thp_begin
	mapping 200000 800000 '' 1000 77 /usr/bin/big
	pages 200000 10 $FILE_PAGE
	because misaligned 65536
}

test_thp_why_ends() {
	thp_begin
	mapping 1ff000 401000 'ac'
	pages 1ff000 1 $ANON
	pages 200000 200 $PMD_2M 200
	pages 400000 1 $ANON
	because ends 8192
	same "$(json "r['thp']['total']['pmd']")" 2097152
	same "$(json "r['thp']['total']['could']")" 2097152
}

test_thp_why_special() {
	thp_begin
	mapping 200000 800000 'io de' 0 77 /dev/mine
	pages 200000 10 $FILE_PAGE
	because special 65536
}

test_thp_why_no_support() {
	thp_begin
	mapping 200000 800000 'ac'
	pages 200000 10 $ANON
	rm -r "$WORK/thp"
	[ -r /sys/kernel/uevent_seqnum ] || skip "no sysfs here"
	because no_support 65536
	same "$(json "r['thp']['policy']")" None
	has "$(json "r['thp']['missing']['policy']")" "no transparent huge pages"
}

test_thp_why_prctl() {
	[ "$(awk '/^THP_enabled/ { print $2 }' /proc/self/status)" = 1 ] ||
		skip "this kernel's /proc/PID/status does not say THP_enabled"
	thp_begin
	mapping 200000 800000 'ac hg'
	pages 200000 10 $ANON
	kill -9 "$held"
	python3 -c "
import ctypes, os
ctypes.CDLL(None).prctl(41, 1, 0, 0, 0)
os.execv('$WORK/holder', ['holder'])" > "$WORK/holder.out" &
	held=$!
	trap 'kill -9 $held 2>/dev/null' EXIT
	for _ in $(seq 100); do
		[ "$(awk '/^THP_enabled/ { print $2 }' "/proc/$held/status")" != 0 ] || break
		sleep 0.05
	done
	because prctl 65536
	same "$(json "r['thp']['policy']['process']")" False
	expect 0 faked thp "$held"
	has "$out" "forbidden to this process"
}

test_thp_why_nohugepage() {
	thp_begin
	mapping 200000 800000 'ac nh'
	pages 200000 10 $ANON
	because nohugepage 65536
}

test_thp_why_policy() {
	thp_begin enabled=never
	mapping 200000 800000 'ac hg'
	pages 200000 10 $ANON
	because policy_never 65536
	thp_policy enabled=madvise
	because khugepaged 65536
	sed -i 's/ hg$//' "$WORK/smaps"
	because policy_madvise 65536
}

# The size of a PMD leaf may have a policy of its own.
test_thp_why_policy_of_the_size() {
	thp_begin enabled=always hugepages-2048kB/enabled=never
	mapping 200000 800000 'ac hg'
	pages 200000 10 $ANON
	because policy_never 65536
	thp_policy enabled=never hugepages-2048kB/enabled=madvise
	because khugepaged 65536
	expect 0 faked thp "$held"
	has "$out" "2M madvise"
}

test_thp_why_policy_is_unknown() {
	thp_begin enabled=sometimes
	mapping 200000 800000 'ac'
	pages 200000 10 $ANON
	because unknown 65536
	same "$(json "r['thp']['policy']['enabled']")" None
}

test_thp_why_shmem() {
	thp_begin
	mapping 200000 800000 'sh ms' 0 77 '/memfd:mine (deleted)'
	pages 200000 10 $SHMEM
	because policy_never 65536
	thp_policy shmem_enabled=advise
	because policy_madvise 65536
	thp_policy shmem_enabled=always
	because khugepaged 65536
	thp_policy shmem_enabled=always hugepages-2048kB/shmem_enabled=never
	because policy_never 65536
	thp_policy shmem_enabled=deny hugepages-2048kB/shmem_enabled=always
	because policy_never 65536
}

test_thp_why_tmpfs() {
	thp_begin shmem_enabled=always
	mapping 200000 800000 'sh ms' 0 77 /dev/shm/mine
	pages 200000 10 $SHMEM
	because mount 65536
	thp_policy shmem_enabled=force
	because khugepaged 65536
}

test_thp_why_file() {
	thp_begin
	mapping 200000 800000 '' 0 77 /usr/bin/big
	pages 200000 10 $FILE_PAGE
	because file_system 65536
	pages 400000 10 $FILE_64K 400
	because file_folios 131072
}

test_thp_why_private_copy() {
	thp_begin
	mapping 200000 800000 '' 0 77 /usr/bin/big
	pages 200000 10 $ANON
	because private_copy 65536
}

test_thp_why_split() {
	thp_begin
	mapping 200000 800000 'ac'
	pages 200000 200 $ANON_2M 200
	because split 2097152
	same "$(json "r['thp']['total']['pte']")" 2097152
}

test_thp_why_userfaultfd() {
	thp_begin
	mapping 200000 800000 'ac um'
	pages 200000 10 $ANON
	because userfaultfd 65536
}

# Each limit of khugepaged: as many are all right, one more is not.
test_thp_why_max_ptes_none() {
	thp_begin
	mapping 200000 800000 'ac'
	pages 200000 100 $ANON
	pages 300000 80 $ZERO
	khugepaged max_ptes_none=256
	because khugepaged 1048576
	khugepaged max_ptes_none=255
	because max_ptes_none 1048576
}

test_thp_why_max_ptes_swap() {
	thp_begin
	mapping 200000 800000 'ac'
	pages 200000 10 $ANON
	pages 210000 40 $SWAPPED
	because khugepaged 65536
	khugepaged max_ptes_swap=63
	because max_ptes_swap 65536
}

test_thp_why_max_ptes_shared() {
	thp_begin
	mapping 200000 800000 'ac'
	pages 200000 100 $SHARED_ANON
	because khugepaged 1048576
	khugepaged max_ptes_shared=255
	because max_ptes_shared 1048576
}

# Several reasons in one mapping: the table names that of most.
test_thp_why_adds_up() {
	thp_begin
	mapping 1ff000 a00000 'ac'
	pages 1ff000 1 $ANON
	pages 200000 200 $PMD_2M 200
	pages 400000 200 $ANON_2M 400
	pages 600000 10 $ANON
	mapping a00000 b00000 'ac'
	pages a00000 4 $ANON
	ask_thp
	same "$(json "r['thp']['total']['reasons']")" \
		"{'split': 2097152, 'too_small': 16384, 'ends': 4096, 'khugepaged': 65536}"
	same "$(json "[m['why'] for m in r['thp']['mappings']]")" "['split', 'too_small']"
	same "$(json "r['thp']['total']['huge']")" 4194304
	expect 0 faked thp "$held"
	has "$out" "why       2M split: in huge pages, but mapped in pieces"
	[ "$(wc -l < "$WORK/out")" -le 24 ] || die "more than a screen: $out"
}

test_thp_sizes() {
	thp_begin
	mapping 200000 800000 'ac'
	pages 200000 200 $PMD_2M 200
	pages 400000 20 $ANON_64K 400
	pages 420000 3 $ANON
	ask_thp
	same "$(json "[(s['size'], s['pmd'], s['pte'], s['misaligned'], s['partial'])
		for s in r['thp']['sizes']]")" \
		"[(4096, 0, 12288, 0, 0), (65536, 0, 131072, 0, 0), (2097152, 2097152, 0, 0, 0)]"
	expect 0 faked thp "$held"
	has "$out" "sizes  64K: 128K, 2M: 2M"
}

test_thp_hugetlb_stands_apart() {
	thp_begin
	mapping 200000 800000 'ht'
	pages 200000 400 2661 200
	ask_thp
	same "$(json "r['thp']['total']['resident']")" 0
	same "$(json "[(s['size'], s['hugetlb']) for s in r['thp']['sizes']]")" \
		"[(2097152, 4194304)]"
	expect 0 faked thp "$held"
	has "$out" "hugetlb 2M: 4M"
}

test_thp_misaligned_folios() {
	thp_begin
	mapping 200000 800000 'ac'
	pages 200000 10 $ANON_64K 400
	pages 211000 10 $ANON_64K 410
	ask_thp
	same "$(json "r['thp']['total']['misaligned']")" 65536
	same "$(json "r['thp']['total']['partial']")" 0
	expect 0 faked thp "$held"
	has "$out" "64K misaligned"
}

# Of one only the middle is mapped, of another both ends, in two mappings; one is
# mapped in two places that make it whole, and one twice.
test_thp_partly_mapped_folios() {
	thp_begin
	mapping 200000 800000 'ac'
	pages 204000 8 $ANON_64K 404
	pages 210000 4 $ANON_64K 410
	mapping 800000 a00000 'ac'
	pages 81c000 4 $ANON_64K 41c
	pages 820000 8 $ANON_64K 420
	pages 900000 8 $ANON_64K 428
	pages 910000 10 $ANON_64K 430
	pages 920000 10 $ANON_64K 430
	ask_thp
	same "$(json "r['thp']['partial_folios']")" 2
	same "$(json "r['thp']['total']['partial']")" $(((8 + 4 + 4) * 4096))
	same "$(json "r['thp']['total']['unmapped']")" $(((8 + 8) * 4096))
	same "$(json "[(m['partial'], m['unmapped']) for m in r['thp']['mappings']]")" \
		"[(49152, 65536), (16384, 0)]"
	expect 0 faked thp "$held"
	has "$out" "2 huge pages partly mapped: 64K here, 64K not"
}

test_thp_without_frames() {
	thp_begin
	mapping 200000 800000 'ac'
	pages 200000 10 $ANON_64K 400
	FAKE=physical=0 ask_thp
	same "$(json "r['thp']['total']['misaligned'], r['thp']['total']['partial'],
		r['thp']['partial_folios'], r['thp']['sizes'][0]['unmapped']")" \
		"(None, None, None, None)"
	has "$(json "r['thp']['missing']['misaligned']")" "CAP_SYS_ADMIN"
	same "$(json "r['thp']['total']['pte']")" 65536
	FAKE=physical=0 expect 0 faked thp "$held"
	has "$out" "not known which"
}

test_thp_fill_is_not_read_unasked() {
	thp_begin
	mapping 200000 800000 'ac'
	pages 200000 200 $PMD_2M 200
	echo "200000 200 1c0 0 7" > "$WORK/fill"
	ask_thp
	same "$(json "r['thp']['fill']")" None
	has "$(json "r['thp']['missing']['fill']")" "--fill"
	expect 0 faked thp "$held"
	has_not "$out" "zero"
}

test_thp_fill_256_kib_of_2_mib() {
	thp_begin
	mapping 200000 800000 'ac'
	pages 200000 200 $PMD_2M 200
	pages 400000 200 $PMD_2M 400
	echo "200000 200 1c0 0 7" > "$WORK/fill"
	echo "400000 1ff 0 1 a" >> "$WORK/fill"
	ask_thp --fill
	same "$(json "r['thp']['total']['waste']")" $((0x1c0 * 4096))
	same "$(json "r['thp']['mappings'][0]['waste']")" $((0x1c0 * 4096))
	same "$(json "r['thp']['fill']['read']")" $((0x3ff * 4096))
	same "$(json "r['thp']['fill']['unread']")" 4096
	same "$(json "[(h['from'], h['to'], h['folios']) for h in r['thp']['fill']['histogram']
		if h['folios']]")" "[(64, 127, 1), (512, 512, 1)]"
	expect 0 faked thp "$held" --fill
	has "$out" "1.75M of 4M read is zero: wasted; 4K could not be read"
	has "$out" "64-127: 1, 512: 1"
	has "$out" "WASTE"
}

# With everything that there is to be said, on a terminal of 80 by 24; what has no waste is
# left out no less than what has.
test_thp_all_of_it_fits_a_screen() {
	local i

	need_terminal
	thp_begin
	mapping 200000 800000 'ac'
	pages 200000 200 $PMD_2M 200
	pages 400000 100 $ANON_2M 400
	pages 600000 10 $ANON
	for i in 1 2 3 4 5 6 7 8 9; do
		mapping "${i}1000000" "${i}1004000" 'ac'
		pages "${i}1000000" 4 $ANON
	done
	mapping a1000000 a1200000 'ac nh'
	pages a1000000 10 $ANON
	mapping a2100000 a2400000 'ac'
	pages a2100000 1 $ANON
	echo "200000 200 1c0 0 7" > "$WORK/fill"
	on_terminal 80 "LD_PRELOAD=$WORK/fake.so $VMSCOPE thp $held --fill --color=never" >"$WORK/screen"
	has "$(cat "$WORK/screen")" "is zero: wasted"
	has "$(cat "$WORK/screen")" "of RES in other mappings: --json has all of them"
	[ "$(wc -l <"$WORK/screen")" -le 24 ] || die "too long: $(cat "$WORK/screen")"
	[ "$(wc -L <"$WORK/screen")" -le 80 ] || die "too wide: $(cat "$WORK/screen")"
	on_terminal 40 "LD_PRELOAD=$WORK/fake.so $VMSCOPE thp $held --fill --color=never" >"$WORK/screen"
	[ "$(wc -L <"$WORK/screen")" -le 40 ] || die "too wide: $(cat "$WORK/screen")"
}

test_thp_fill_without_a_module_that_can() {
	thp_begin
	FAKE=nofill refused 4 "what of huge pages is zero" faked thp "$held" --fill
	FAKE=nofill refused 4 "what of huge pages is zero" \
		faked record "$held" --fill -w "$WORK/snapshot"
}

# What is recorded tells the policy of that machine, and what was read there.
test_thp_from_a_snapshot() {
	thp_begin enabled=madvise
	mapping 200000 800000 'ac'
	pages 200000 200 $PMD_2M 200
	pages 400000 10 $ANON
	echo "200000 200 1c0 0 7" > "$WORK/fill"
	expect 0 faked record "$held" --pages --fill -w "$WORK/snapshot"
	expect 0 faked record "$held" --pages -w "$WORK/snapshot2"
	thp_policy enabled=never
	expect 0 vmscope thp --from "$WORK/snapshot" -J
	same "$(json "r['thp']['policy']['enabled']")" madvise
	same "$(json "r['thp']['total']['reasons']")" "{'policy_madvise': 65536}"
	same "$(json "r['thp']['total']['waste']")" $((0x1c0 * 4096))
	expect 0 vmscope thp --from "$WORK/snapshot2" -J
	same "$(json "r['thp']['fill']")" None
	refused 4 "what of huge pages is zero" vmscope thp --from "$WORK/snapshot2" --fill
}

test_thp_json_is_as_the_schema_says() {
	need_validator
	thp_begin
	mapping 200000 800000 'ac'
	pages 200000 200 $PMD_2M 200
	pages 400000 20 $ANON_64K 401
	echo "200000 200 1c0 0 7" > "$WORK/fill"
	expect 0 faked thp "$held" -J --fill
	valid thp
	FAKE=physical=0 expect 0 faked thp "$held" -J
	valid thp
	rm -r "$WORK/thp"
	expect 0 faked age,thp "$held" -J
	valid ask
}

# Neither narrow nor wide screens lose a word of the answer.
test_thp_narrow_screen() {
	thp_begin
	mapping 200000 800000 'ac nh'
	pages 200000 10 $ANON
	COLUMNS=40 expect 0 faked thp "$held"
	has "$out" "nohugepage"
	[ "$(awk '/^START/ { exit } length > 40' "$WORK/out" | wc -l)" = 0 ] || die "too wide: $out"
}

# Before how much of it is there or huge, a narrow screen tells why no more is.
test_thp_narrow_terminal() {
	local fill

	need_terminal
	thp_begin
	mapping 200000 800000 'ac nh'
	pages 200000 10 $ANON
	for fill in "" --fill; do
		on_terminal 40 "LD_PRELOAD=$WORK/fake.so $VMSCOPE thp $held $fill --color=never" > "$WORK/screen"
		[ "$(wc -L < "$WORK/screen")" -le 40 ] || die "too wide: $(cat "$WORK/screen")"
		grep -q '^START.* WHY NOT ' "$WORK/screen" || die "no WHY NOT: $(cat "$WORK/screen")"
		grep -q '^000000200000 .* nohugepage ' "$WORK/screen" || die "$(cat "$WORK/screen")"
	done
}
