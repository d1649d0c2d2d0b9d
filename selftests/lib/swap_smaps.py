#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares the report of 'vmscope swap PID --json' on standard input with smaps: Swap and
SwapPss of every mapping, and of all of them together. Knows nothing of the module."""
import json
import sys


def figures(path):
    with open(path) as lines:
        for line in lines:
            word = line.split()
            if "-" in word[0] and not word[0].endswith(":"):
                start = int(word[0].split("-")[0], 16)
            elif word[0] == "Swap:":
                size = int(word[1])
            elif word[0] == "SwapPss:":
                yield start, size, int(word[1])


swap = json.load(sys.stdin)["swap"]
ours = {int(m["start"], 16): (m["swapped"] >> 10, m["pss"] >> 10) for m in swap["mappings"]}
seen = 0
for start, size, pss in figures(f"/proc/{sys.argv[1]}/smaps"):
    if ours.get(start, (0, 0)) != (size, pss):
        sys.exit(f"{start:x}: {ours.get(start)}, but smaps has {(size, pss)}")
    seen += size > 0
if not seen:
    sys.exit("nothing was in swap")
total = list(figures(f"/proc/{sys.argv[1]}/smaps_rollup"))[0][1:]
if (swap["total"]["swapped"] >> 10, swap["total"]["pss"] >> 10) != total:
    sys.exit(f"{swap['total']}, but smaps_rollup has {total}")
