#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the command says of huge pages with the real module: why memory is in none, and whether
# khugepaged is of the same mind; folios of every size. Knows nothing of the interface between
# the command and the module.
set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=selftests/lib/command.sh
. "$here/lib/command.sh"
# shellcheck source=selftests/lib/swap.sh
. "$here/lib/swap.sh"

thp=/sys/kernel/mm/transparent_hugepage

# set_thp FILE WORD: until the end of the test.
set_thp() {
	local kept=$WORK/thp.${1//\//_}
	[ -e "$kept" ] || { echo "$1" && sed 's/.*\[\(.*\)\].*/\1/' "$thp/$1"; } >"$kept"
	echo "$2" >"$thp/$1"
}

clean_up() {
	local kept file word
	for kept in "$WORK"/thp.*; do
		[ -e "$kept" ] || continue
		{ read -r file && read -r word; } <"$kept"
		echo "$word" >"$thp/$file"
		rm "$kept"
	done
	areas_as_before
}

# Whoever sets how long it sleeps wakes it; then it looks at so much.
khugepaged_sleeps() {
	set_thp khugepaged/pages_to_scan 1
	set_thp khugepaged/scan_sleep_millisecs 600000
}

# The memory of huge_or_not.c, in $WORK/facts.
hold_huge_or_not() {
	only_zram
	khugepaged_sleeps
	set_thp khugepaged/max_ptes_none 511
	set_thp enabled madvise
	set_thp shmem_enabled advise
	hold_program "$bin/programs/huge_or_not" "$@"
	cp "$WORK/held" "$WORK/facts"
}

# because NAME=REASON:PAGES[+REASON:PAGES] ...: and no other; "huge" is what is mapped by a PMD.
because() {
	expect 0 vmscope thp "$held" -J --timeout 60000
	judged_by "$(json "f")" "$@" <<-'PY'
	import ast, json, sys
	mappings = json.load(sys.stdin)["thp"]["mappings"]
	facts, wrong = ast.literal_eval(sys.argv[1]), []
	for word in sys.argv[2:]:
	    name, expected = word.split("=")
	    start, size = facts[name]
	    found = {}
	    for m in mappings:
	        if start <= int(m["start"], 16) < start + size:
	            for reason, bytes in {"huge": m["pmd"], **m["reasons"]}.items():
	                if bytes:
	                    found[reason] = found.get(reason, 0) + bytes // 4096
	    pairs = (pair.split(":") for pair in expected.split("+"))
	    if found != {reason: int(pages) for reason, pages in pairs}:
	        wrong.append("%s: %s instead of %s" % (name, found, expected))
	if wrong:
	    sys.exit("; ".join(wrong))
	PY
}

# What the memory itself is in the way of, whatever the policy.
of_themselves=(small=too_small:256 misaligned=misaligned:768 split=split:511 copies=private_copy:512)

test_huge_not_for_what_the_memory_is() {
	hold_huge_or_not
	because "${of_themselves[@]}" forbidden=nohugepage:512 mount=mount:512
	set_thp enabled never
	because "${of_themselves[@]}" forbidden=nohugepage:512
	expect 0 vmscope thp "$held" -J
	tells "set(m['why'] for m in r['thp']['mappings'] if m['name'] in ('[vdso]', '[vvar]'))" "{'special'}"
}

test_huge_not_by_policy() {
	hold_huge_or_not
	because ends=ends:512+policy_madvise:512 full=khugepaged:512
	set_thp enabled never
	because ends=ends:512+policy_never:512 full=policy_never:512 object=khugepaged:512
	set_thp enabled always
	because ends=ends:512+khugepaged:512 full=khugepaged:512
	set_thp shmem_enabled never
	because object=policy_never:512 mount=mount:512
	set_thp shmem_enabled deny
	because object=policy_never:512 mount=policy_never:512
	set_thp shmem_enabled force
	because object=khugepaged:512 mount=khugepaged:512
}

test_huge_not_by_prctl() {
	hold_huge_or_not prctl
	because full=prctl:512
}

# The image of ext4 is of one page in one folio until 6.16, where larger ones came.
test_huge_not_for_what_the_file_system_reads() {
	hold_huge_or_not
	expect 0 vmscope thp "$held" -J
	check "[m['reasons'] for m in r['thp']['mappings'] if int(m['start'], 16) == f['cache'][0]][0] in
		({'file_system': 512 * 4096}, {'file_folios': 512 * 4096})" "r['thp']['mappings']"
	tells "[m['huge'] > 0 for m in r['thp']['mappings'] if int(m['start'], 16) == f['cache'][0]] ==
		[any('file_folios' in m['reasons'] for m in r['thp']['mappings']
		if int(m['start'], 16) == f['cache'][0])]" True
}

# limits NONE SWAP SHARED: of khugepaged.
limits() {
	set_thp khugepaged/max_ptes_none "$1"
	set_thp khugepaged/max_ptes_swap "$2"
	set_thp khugepaged/max_ptes_shared "$3"
}

full_scans() {
	cat $thp/khugepaged/full_scans
}

has_scanned() {
	[ "$(full_scans)" -ge "$1" ]
}

# khugepaged looks at everything twice: what it was in the midst of counts for nothing.
khugepaged_looks() {
	set_thp khugepaged/pages_to_scan 1000000
	set_thp khugepaged/scan_sleep_millisecs 10
	wait_until "khugepaged" has_scanned $(($(full_scans) + 3))
	khugepaged_sleeps
}

# Where the command says that a limit is in the way, khugepaged makes no huge page, and where it
# says that nothing is, one; at the limit, and one page above.
test_huge_not_where_khugepaged_has_limits() {
	hold_huge_or_not
	limits 199 9 255
	because holes=max_ptes_none:312 swapped=max_ptes_swap:502 shared=max_ptes_shared:512 \
		watched=userfaultfd:508 full=khugepaged:512
	khugepaged_looks
	because holes=max_ptes_none:312 swapped=max_ptes_swap:502 shared=max_ptes_shared:512 \
		watched=userfaultfd:508 full=huge:512 split=huge:512 small=too_small:256 \
		misaligned=misaligned:768 copies=private_copy:512 forbidden=nohugepage:512 \
		ends=ends:512+policy_madvise:512
	limits 200 10 256
	because holes=khugepaged:312 swapped=khugepaged:502 shared=khugepaged:512 \
		watched=userfaultfd:508
	khugepaged_looks
	because holes=huge:512 swapped=huge:512 shared=huge:512 watched=userfaultfd:508
}

# handed_out KIB: how many folios of that size the kernel counts.
handed_out() {
	cat "$thp/hugepages-${1}kB/stats/anon_fault_alloc"
}

# With one size after the other, as many as the kernel counts, of single entries and aligned.
test_huge_pages_of_every_size() {
	local kib before counted other
	[ -e $thp/hugepages-64kB/stats ] || skip "huge pages of other sizes: Function not implemented"
	khugepaged_sleeps
	for kib in 16 32 64 128 256 512 1024; do
		for other in "$thp"/hugepages-*/enabled; do
			set_thp "${other#"$thp/"}" never
		done
		set_thp "hugepages-${kib}kB/enabled" madvise
		before=$(handed_out $kib)
		hold_program python3 -c '
import mmap, sys
m = mmap.mmap(-1, 10 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
m.madvise(14)                   # MADV_HUGEPAGE
for i in range(0, len(m), 4096): m[i] = 1
print(flush=True)
sys.stdin.read()'
		counted=$((($(handed_out $kib) - before) * kib << 10))
		expect 0 vmscope thp "$held" -J
		tells "[(s['pmd'], s['contiguous'], s['pte']) for s in r['thp']['sizes'] if s['size'] == $kib << 10]" \
			"[(0, 0, $counted)]"
		tells "[(s['misaligned'], s['partial']) for s in r['thp']['sizes'] if s['size'] == $kib << 10]" \
			"[(0, 0)]"
		[ "$counted" -ge $((8 << 20)) ] || die "$counted bytes in folios of $kib KiB"
		kill -9 "$held"
	done
}

begin_tests
[ -e $thp/enabled ] || {
	echo "1..0 # SKIP this kernel has no transparent huge pages"
	exit 4
}
run_tests thp "$@"
