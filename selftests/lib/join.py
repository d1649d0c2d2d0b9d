#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares the matrix of 'vmscope share A B ... --json' on standard input with a
join of /proc/PID/pagemap of the same processes, which must be stopped. Knows
nothing of the module."""
import functools
import json
import os
import struct
import sys

PAGE = 4096

FLAGS = os.open("/proc/kpageflags", os.O_RDONLY)
COUNTS = os.open("/proc/kpagecount", os.O_RDONLY)


def word_of(fd, frame):
    """No more is read than is asked for: what a file buffers is dear to a kernel that
    checks each word."""
    return struct.unpack("Q", os.pread(fd, 8, frame * 8))[0]


@functools.cache
def is_counted(frame):
    """A PFN map counts nowhere, nor does the zero page."""
    return not word_of(FLAGS, frame) >> 24 & 1 and word_of(COUNTS, frame) > 0


def frames(pid):
    """Frames of all present pages, zero pages and PFN maps left out."""
    found = []
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/pagemap", "rb") as pagemap:
        for line in maps:
            start, end = (int(x, 16) for x in line.split()[0].split("-"))
            pagemap.seek(start // PAGE * 8)
            words = pagemap.read((end - start) // PAGE * 8)
            for (word,) in struct.iter_unpack("Q", words):
                frame = word & (1 << 55) - 1
                if word >> 63 and frame and is_counted(frame):
                    found.append(frame)
    return found


report = json.load(sys.stdin)
known = {row["pid"]: frames(row["pid"]) for row in report["matrix"]}
bad = []


def same(what, ours, theirs):
    if ours != theirs:
        bad.append(f"{what}: {ours} is not {theirs}")


for row in report["matrix"]:
    own = known[row["pid"]]
    same(f"{row['pid']} resident", row["resident"], len(own) * PAGE)
    same(f"{row['pid']} distinct", row["distinct"], len(set(own)) * PAGE)
    pairs = {pair["pid"]: pair["bytes"] for pair in row["with"]}
    for pid, other in known.items():
        if pid != row["pid"]:
            same(f"{row['pid']} with {pid}", pairs.get(pid, 0),
                 len(set(own) & set(other)) * PAGE)
same("counted once", report["group"]["counted_once"],
     len(set().union(*known.values())) * PAGE)
same("sum of resident", report["group"]["resident"],
     sum(row["resident"] for row in report["matrix"]))
if bad:
    print("\n".join(bad[:10]))
    sys.exit(1)
