#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A process that several threads of the command scan at the same time, each its own range.
# Knows nothing of the interface between the command and the module.
set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=selftests/lib/command.sh
. "$here/lib/command.sh"

# Gigabytes that are nearly empty, and more mappings than one thread takes at a time.
hold_large() {
	hold_program python3 -c '
import ctypes, mmap, sys
noreserve, no_huge_pages, no_thp = 0x4000, 15, 41
libc = ctypes.CDLL(None)
libc.prctl(no_thp, 1, 0, 0, 0)        # khugepaged would change what Python itself has
m = mmap.mmap(-1, 3 << 30, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | noreserve)
m.madvise(no_huge_pages)
for at in range(0, 3 << 30, 1 << 20):
    m[at] = 1
n = mmap.mmap(-1, 4200 * 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
base = ctypes.addressof(ctypes.c_char.from_buffer(n))
n.write(b"x" * (4200 * 4096))
for i in range(0, 4200, 2):
    assert not libc.mprotect(ctypes.c_void_p(base + i * 4096), 4096, 1)
print("ready", flush=True)
sys.stdin.read()'
}

# same_reports NAME JOBS...: the reports NAME.JOBS agree with the first of them.
same_reports() {
	judged_by "$@" <<-'PY'
	import json, sys
	# Others map the same files meanwhile; what is referenced changes by itself.
	moving = ["referenced", "marks"]
	shares = ["pss", "pss_file", "uss", "shared_clean", "private_clean"]
	def load(jobs):
	    report = json.load(open("%s.%s" % (sys.argv[1], jobs)))
	    if report["cost"]["jobs"] != int(jobs):
	        sys.exit("%d threads instead of %s" % (report["cost"]["jobs"], jobs))
	    for mapping in report["maps"]:
	        for key in moving + (shares if mapping["inode"] else []):
	            del mapping[key]
	    return report["maps"]
	one = load(sys.argv[2])
	for jobs in sys.argv[3:]:
	    many = load(jobs)
	    if len(one) < 4200 or len(one) != len(many):
	        sys.exit("%d and %d mappings" % (len(one), len(many)))
	    if one != many:
	        a, b = next((a, b) for a, b in zip(one, many) if a != b)
	        sys.exit("%s: %s" % (a["start"], [(k, a[k], b[k]) for k in a if a[k] != b[k]]))
	PY
}

test_add_up_exactly() {
	local jobs

	hold_large
	for jobs in 1 2 5; do
		vmscope maps "$held" -J --jobs $jobs >"$WORK/jobs.$jobs" ||
			die "maps --jobs $jobs ended with $?"
	done
	same_reports "$WORK/jobs" 1 2 5
	expect 0 vmscope show "$held" -J --jobs 4
	mentions "r['totals']['size'] - r['totals']['untouched'] > (3072 + 4200) * 4096" True
}

# Four and a half gigabytes resident, of which half a gigabyte is memory: nine mappings of the
# same huge pages.
hold_huge() {
	echo advise >/sys/kernel/mm/transparent_hugepage/shmem_enabled
	hold_program python3 -c '
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
size = 512 << 20
fd = os.memfd_create("huge")
os.ftruncate(fd, size)
for i in range(9):
    at = 0x500000000000 + i * size
    assert libc.mmap(at, size, 3, 0x11, fd, 0) == at
    assert not libc.madvise(at, size, 14)
    for page in range(0, size, 2 << 20):
        ctypes.c_char.from_address(at + page).value = b"x"
print("ready", flush=True)
sys.stdin.read()'
}

test_are_more_for_large_processes() {
	hold_huge
	expect 0 vmscope show "$held" -J
	tells "r['totals']['rss'] > 4 << 30, r['cost']['jobs']" "(True, $(nproc))"
	expect 0 vmscope show self -J
	mentions "r['cost']['jobs']" 1
}

begin_tests
run_tests threads "$@"
