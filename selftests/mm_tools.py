#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What vmscope says of a process against the kernel's own tools: thpmaps and page-types.

The process has huge pages of two sizes (on 6.1 of one), whole and in part, mapped at once and one by one.
Knows nothing of how the tools know.

Usage: selftests/mm_tools.py      (after selftests/vm/mm-tools build/selftests/mm)

Exit status: 0 when nothing failed, 1 otherwise, 4 when the module or the tools are not there.
"""
import collections
import contextlib
import ctypes
import json
import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROGRAMS = os.environ.get("VMSCOPE_TESTS", TOP + "/build/selftests")
TOOLS = PROGRAMS + "/mm/"
MTHP = "/sys/kernel/mm/transparent_hugepage/hugepages-64kB/enabled"
PAGE, KIB64, MIB2 = 4096, 65536, 2 << 20
SIZES = [KIB64, MIB2] if os.path.exists(MTHP) else [MIB2]       # those of other sizes came with 6.8
# Before 6.10 kpageflags told the flags of a tail page, which it has none of.
FLAGS_OF_TAILS = tuple(map(int, re.findall(r"\d+", os.uname().release)[:2])) < (6, 10)
# The kernel may change a flag of a page behind everybody's back.
TRIES = 5

# Letters of page-types, by place, for what vmscope calls the flags of a folio.
LETTERS = {"referenced": 2, "folio_dirty": 4, "lru": 5, "active": 6, "writeback": 8,
           "reclaim": 9, "swapcache": 13, "swapbacked": 14, "head": 15, "unevictable": 18}
ANONYMOUS, TAIL = 12, 16


class Memory:
    """Mappings at addresses of our own choice."""

    def __init__(self):
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.libc.mmap.restype = ctypes.c_void_p
        self.libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + \
            [ctypes.c_long]
        self.at = 0x500000000000

    def call(self, name, address, *arguments):
        if getattr(self.libc, name)(ctypes.c_void_p(address), *arguments):
            raise OSError(ctypes.get_errno(), name)

    def map(self, size, fd=-1, advice=14):
        """Written memory with MADV_HUGEPAGE, or what @advice is."""
        address, self.at = self.at, self.at + 4 * MIB2
        flags = 0x10 | (0x22 if fd < 0 else 0x1)
        if self.libc.mmap(address, size, 3, flags, fd, 0) != address:
            raise OSError(ctypes.get_errno(), "mmap")
        self.call("madvise", address, size, advice)
        ctypes.memset(address, 1, size)
        if fd < 0 and advice == 14 and size % MIB2 == 0:
            # MADV_COLLAPSE: the kernel may not have had a huge page at once
            self.call("madvise", address, size, 25)
        return address


def build():
    memory = Memory()
    memory.map(2 * MIB2)
    # whole, but page by page, in one mapping again; in part; the rest of one
    taken_apart = memory.map(MIB2)
    memory.call("mprotect", taken_apart, 5 * PAGE, 1)
    memory.call("mprotect", taken_apart, 5 * PAGE, 3)
    memory.call("madvise", memory.map(2 * MIB2) + 100 * PAGE, 10 * PAGE, 4)
    memory.call("munmap", memory.map(MIB2), MIB2 // 2)
    # of 64 KiB: whole, and two in part
    memory.map(MIB2 // 2)
    small = memory.map(MIB2 // 2)
    memory.call("madvise", small + 3 * PAGE, 2 * PAGE, 4)
    memory.call("madvise", small + 5 * KIB64, 9 * PAGE, 4)
    # small pages, some locked, some read alone, some that wait to be freed
    memory.call("mlock", memory.map(MIB2, advice=15), 7 * PAGE)
    memory.call("madvise", memory.map(MIB2, advice=15), 30 * PAGE, 8)
    # a file
    fd = os.memfd_create("mm_tools")
    os.ftruncate(fd, MIB2)
    memory.map(MIB2, fd)


@contextlib.contextmanager
def small_sizes_on_request():
    if KIB64 not in SIZES:
        yield
        return
    with open(MTHP, "r+", encoding="ascii") as file:
        before = re.search(r"\[(\w+)\]", file.read()).group(1)
        file.seek(0)
        file.write("madvise")
        file.flush()
        yield
        file.seek(0)
        file.write(before)


def hold():
    """Be the process that is looked at, until standard input ends."""
    with small_sizes_on_request():
        build()
        # PR_SET_THP_DISABLE: khugepaged joins nothing again
        ctypes.CDLL(None).prctl(41, 1, 0, 0, 0)
    print("ready", flush=True)
    sys.stdin.read()


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def ask(verb, pid, *options):
    return json.loads(run("vmscope", verb, str(pid), "-J", *options))


def thpmaps(pid):
    """Bytes by what thpmaps calls them, of files and anonymous memory together."""
    figures = collections.Counter()
    for line in run(TOOLS + "thpmaps", "--pid", str(pid), "--rollup").splitlines():
        match = re.match(r"(?:anon|file)-thp-([a-z0-9-]+?)(?:-(\d+)kB)?: +(\d+) kB", line)
        figures[match.group(1), int(match.group(2) or 0) << 10] += int(match.group(3)) << 10
    return figures


def sizes_agree(pid):
    """Huge pages of each size: by one entry, by many and whole, in part."""
    theirs = thpmaps(pid)
    ours = {size["size"]: size for size in ask("thp", pid)["thp"]["sizes"] if size["size"] > PAGE}
    partial = sum(size["partial"] for size in ours.values())
    if partial != theirs["pte-partial", 0] or not partial:
        return f"in part: {partial}, thpmaps {dict(theirs)}"
    for bytes_ in sorted({size for _, size in theirs if size} | set(ours) | set(SIZES)):
        size = ours.get(bytes_, collections.Counter())
        whole = size["pte"] + size["contiguous"] - size["partial"]
        in_pieces = theirs["pte-aligned", bytes_] + theirs["pte-unaligned", bytes_]
        if (size["pmd"], whole) != (theirs["pmd-aligned", bytes_], in_pieces):
            return f"{bytes_ >> 10} KiB: {dict(size)}, thpmaps {dict(theirs)}"
        if bytes_ in SIZES and not whole:
            return f"there are none of {bytes_ >> 10} KiB by many entries"
    return None if ours[MIB2]["pmd"] else "there are none by one entry"


def page_types(pid):
    """The letters of each page, by its number."""
    pages = {}
    for line in run(TOOLS + "page-types", "-r", "-N", "-L", "-p", str(pid)).splitlines():
        words = line.split("\t")
        if len(words) == 3 and words[0] != "voffset":
            pages[int(words[0], 16)] = words[2]
    return pages


def flags_agree(pid):
    """Flags and kind of each page that is there."""
    theirs = page_types(pid)
    compared = 0
    for piece in ask("pages", pid, "--key", "all")["pages"]:
        if piece["state"] != "present":
            continue
        first = int(piece["start"], 16) // PAGE
        for page in range(first, first + piece["bytes"] // PAGE):
            letters = theirs.get(page)
            if letters is None:
                return f"{page:x}: page-types does not know it"
            told = {name for name, at in LETTERS.items() if letters[at] != "_"}
            if "m" in letters:
                told.add("mlocked")
            if FLAGS_OF_TAILS and letters[TAIL] != "_":
                told = set(piece["flags"]) & (set(LETTERS) | {"mlocked"})
            # the page of the vdso: until 6.6 each process that ends marks it, or clears the mark
            if "r" in letters:
                told = told - {"referenced"} | {"referenced"} & set(piece["flags"])
            if told != set(piece["flags"]) & (set(LETTERS) | {"mlocked"}):
                return f"{page:x}: {piece['flags']}, page-types {letters}"
            if (letters[ANONYMOUS] != "_") != piece["kind"].startswith(("anon", "ksm")):
                return f"{page:x}: {piece['kind']}, page-types {letters}"
            compared += 1
    return None if compared > 1000 else f"{compared} pages were compared"


def report(pid):
    failures = 0
    tests = {"huge_pages_of_each_size_as_thpmaps_has_them": sizes_agree,
             "flags_of_each_page_as_page_types_has_them": flags_agree}
    print(f"TAP version 13\n1..{len(tests)}")
    for number, (name, test) in enumerate(tests.items(), 1):
        for _ in range(TRIES):
            wrong = test(pid)
            if not wrong:
                break
        if wrong:
            print(f"# {wrong}")
            failures += 1
        print(f"{'not ok' if wrong else 'ok'} {number} {name}")
    return 1 if failures else 0


def main(arguments):
    if arguments == ["--hold"]:
        return hold()
    if arguments:
        print(__doc__)
        return 0 if set(arguments) <= {"-h", "--help"} else 2
    for path, what in (("/dev/vmscope", "the vmscope module is not loaded"),
                       (TOOLS + "thpmaps", "no tools of the kernel: selftests/vm/mm-tools")):
        if not os.path.exists(path):
            print(f"TAP version 13\n1..0 # SKIP {what}")
            return 4
    with subprocess.Popen([sys.executable, __file__, "--hold"], text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as held:
        if held.stdout.readline() != "ready\n":
            print("Bail out! the process to look at does not start")
            return 1
        return report(held.pid)


sys.exit(main(sys.argv[1:]))
