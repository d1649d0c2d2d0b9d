#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The tour of Documentation/tour.rst: runs its commands as they stand there, and compares.

Each section of it is a test: its programs must be those of Documentation/tour/, and what its
commands print must be what the document says, less the figures that differ from run to run (see
MASKS). Knows nothing of what the commands do.

Usage: selftests/tour.py [--print] [SECTION...]

  --print   print the document with what the commands print now, instead of KTAP

Exit status: 0 when nothing failed, 1 otherwise, 2 for wrong usage, 4 when the module is not loaded.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DOCUMENT = TOP + "/Documentation/tour.rst"
PROGRAMS = os.path.realpath(os.environ.get("VMSCOPE_TESTS", TOP + "/build/selftests"))

# What shows each level of the tables, of which there are four.
FOUR_LEVELS = ("addresses", "levels_of_tables", "huge_pages")

# Where it runs; names of files, and how wide they are, are in what is compared.
PLACE = "/tmp/tour"
PROMPT = "# "
SECONDS = 60

# Settings that commands of the document change; each section begins and ends with these.
SETTINGS = {
    "/proc/sys/vm/overcommit_memory": "0",
    "/sys/kernel/mm/ksm/run": "2",
    "/sys/module/zswap/parameters/enabled": "N",
    "/sys/kernel/debug/fault_around_bytes": "65536",
}

# Figures that differ from run to run: what they are, where they stand, what they become.
MASKS = [
    ("entry", r"raw 0x(?!0{16})[0-9a-f]{16}", "raw ENTRY"),
    ("dirty bit of what must not be written; elsewhere since 6.7", r"\bsaved-dirty\b", "dirty"),
    ("byte in memory", r"(?<=physical address )(0x[0-9a-f]+)([0-9a-f]{3})\b", r"\2 of frame \1"),
    ("place in swap", r"area [0-9]+, slot 0x[0-9a-f]+", "SLOT"),
    ("place in a page of the program", r"(?<=\b0x40[0-9])[0-9a-f]{3}\b", "OFFSET"),
    ("pid", r"\b[0-9]+(?= [a-z-]+ +[0-9a-f]{12} )", "PID"),
    ("both processes, and what they share beside", r"^ +[0-9]+ +[0-9]+ +[0-9]+K(?= +[0-9]+K +0$)",
     "BOTH SHARE"),
    ("how long it took, and whose it was", r"\b[0-9.]+ [nmu]?s +[0-9]+(?= \[anon\])", "TIME PID"),
    ("random address", r"\b(0x|)[5-7][0-9a-f]{11}\b", "ADDRESS"),
    ("size of the C library", r"\b[1-9][0-9.]*[KM](?=.*libc\.so)", "SIZE"),
    ("the host's memory", r"[0-9.]+[KMGT](?= promised| of| for|,| in)", "SIZE"),
]


class Block:
    """A literal block: where it stands, and its lines without their indentation."""

    def __init__(self, first, lines):
        self.first = first
        self.lines = lines

    @property
    def program(self):
        match = re.match(r"/\* ([a-z]+)\.c: ", self.lines[0])
        return match and match.group(1)

    @property
    def commands(self):
        return [line[len(PROMPT):] for line in self.lines if line.startswith(PROMPT)]


class Section:
    def __init__(self, title):
        self.name = re.sub(r"\W+", "_", title.lower())
        self.blocks = []


def read_document(lines):
    """Its sections that have programs or commands."""
    sections = [Section("")]
    n = 0
    while n < len(lines):
        if lines[n] and not lines[n].strip("=") and lines[n - 1].strip("= \n"):
            sections.append(Section(lines[n - 1]))
        if not lines[n].startswith(" ") and lines[n].endswith("::"):
            first = n + 2
            n = first
            while n < len(lines) and (not lines[n] or lines[n].startswith("  ")):
                n += 1
            while not lines[n - 1]:
                n -= 1
            block = Block(first, [line[2:] for line in lines[first:n]])
            if block.program or block.commands:
                sections[-1].blocks.append(block)
        else:
            n += 1
    return [section for section in sections if section.blocks]


def program_text(name):
    """As the document shows it: without the line of its licence."""
    with open(f"{TOP}/Documentation/tour/{name}.c", encoding="utf-8") as file:
        return file.read().expandtabs(8).splitlines()[1:]


def run(section, scratch):
    """What each block of commands prints, with the commands, as on a terminal."""
    script = ["set -m"]
    for number, block in enumerate(section.blocks):
        for command in block.commands:
            script.append(f"echo '@{number} {command.encode().hex()}'")
            script.append(command)
    with open(scratch + "/script", "w", encoding="utf-8") as file:
        print("\n".join(script), file=file)
    with open(scratch + "/log", "wb") as log:
        # One processor: what waits in the lists of another one cannot be swapped out.
        shell = subprocess.Popen(["taskset", "-c", "0", "bash", scratch + "/script"], cwd=PLACE,
                                 stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                 start_new_session=True,
                                 env={**os.environ, "LC_ALL": "C.UTF-8", "COLUMNS": "80"})
        try:
            shell.wait(SECONDS)
        except subprocess.TimeoutExpired:
            pass
        subprocess.run(["pkill", "-KILL", "-s", str(shell.pid)], check=False)
        shell.wait()
    printed = {}
    number = 0
    with open(scratch + "/log", encoding="utf-8", errors="replace") as file:
        text = file.read().replace(PROGRAMS + "/tour", PLACE)
        for line in text.splitlines():
            match = re.fullmatch(r"@([0-9]+) ([0-9a-f]*)", line)
            if match:
                number = int(match.group(1))
                line = PROMPT + bytes.fromhex(match.group(2)).decode()
            printed.setdefault(number, []).append(line.rstrip())
    return printed


class Mask:
    """Of one section: a frame that is named twice must be so in both texts."""

    def __init__(self):
        self.frames = {}

    def frame(self, match):
        return "frame %d" % self.frames.setdefault(match.group(), len(self.frames))

    def __call__(self, lines):
        masked = []
        for line in lines:
            if not line.startswith(PROMPT):
                for _, pattern, text in MASKS:
                    line = re.sub(pattern, text, line)
            # how wide figures are moves the others, and breaks lines elsewhere
            masked += line.split()
        return re.sub(r"frame 0x[0-9a-f]+", self.frame, " ".join(masked))


def compare(section, printed):
    """The blocks that are not as they should be, with what should be there."""
    old, new = Mask(), Mask()
    wrong = []
    for number, block in enumerate(section.blocks):
        if block.program:
            lines = program_text(block.program)
            same = lines == block.lines
        else:
            lines = printed.get(number, [])
            same = old(block.lines) == new(lines)
        if not same:
            wrong.append((block, lines))
    return wrong


class Place:
    """A folder on ext4 with the programs in it, no swap, and settings; all is put back."""

    def __enter__(self):
        self.scratch = tempfile.mkdtemp()
        subprocess.run(["tar", "-xf", PROGRAMS + "/ext4.tar", "-C", self.scratch], check=True)
        subprocess.run(["modprobe", "-qa", "loop", "ext4"], check=False)
        os.makedirs(PLACE, exist_ok=True)
        subprocess.run(["mount", "-o", "loop", self.scratch + "/ext4.img", PLACE], check=True)
        for name in os.listdir(PROGRAMS + "/tour"):
            os.symlink(f"{PROGRAMS}/tour/{name}", f"{PLACE}/{name}")
        # Of several areas, the kernel does not show which is which.
        with open("/proc/swaps", encoding="utf-8") as file:
            self.areas = [line.split() for line in file.readlines()[1:]]
        subprocess.run(["swapoff", "-a"], check=True)
        self.before = {}
        for path in SETTINGS:
            if os.path.exists(path):
                with open(path, encoding="ascii") as file:
                    self.before[path] = file.read().strip()
        return self

    def settle(self, settings):
        subprocess.run(["swapoff", PLACE + "/swapfile"], stderr=subprocess.DEVNULL, check=False)
        for path in self.before:
            with open(path, "w", encoding="ascii") as file:
                file.write(settings[path])

    def __exit__(self, *_):
        self.settle(self.before)
        for area in self.areas:
            priority = [] if area[-1].startswith("-") else ["-p", area[-1]]
            subprocess.run(["swapon", *priority, area[0]], check=True)
        subprocess.run(["umount", PLACE], check=True)
        shutil.rmtree(self.scratch)


def has_five_levels():
    with open("/proc/cpuinfo", encoding="ascii") as file:
        return "la57" in file.read().split()


def print_difference(block, lines):
    print(f"# line {block.first + 1} of {os.path.relpath(DOCUMENT, TOP)}: in place of")
    for line in block.lines:
        print("#  -", line)
    print("# there is")
    for line in lines:
        print("#  +", line)


def report(sections, place):
    failed = 0
    print(f"TAP version 13\n1..{len(sections)}")
    for number, section in enumerate(sections, 1):
        if section.name in FOUR_LEVELS and has_five_levels():
            print(f"ok {number} tour.{section.name} # SKIP it shows four levels, here are five")
            continue
        place.settle(SETTINGS)
        wrong = compare(section, run(section, place.scratch))
        for block, lines in wrong:
            print_difference(block, lines)
        failed += bool(wrong)
        print(f"{'not ok' if wrong else 'ok'} {number} tour.{section.name}", flush=True)
    return 1 if failed else 0


def rewrite(text, sections, place):
    for section in sections:
        place.settle(SETTINGS)
        for block, lines in compare(section, run(section, place.scratch)):
            at = slice(block.first, block.first + len(block.lines))
            # in one place, so that the other blocks stay where they are
            text[at] = ["\n".join("  " + line if line else "" for line in lines)] + \
                [None] * (len(block.lines) - 1)
    print("\n".join(line for line in text if line is not None))
    return 0


def main(arguments):
    if {"-h", "--help"} & set(arguments):
        print(__doc__)
        return 0
    printing = arguments[:1] == ["--print"]
    wanted = arguments[printing:]
    with open(DOCUMENT, encoding="utf-8") as file:
        text = file.read().splitlines()
    sections = read_document(text)
    for name in wanted:
        if name not in [section.name for section in sections]:
            print(f"tour.py: no section '{name}' (see --help)", file=sys.stderr)
            return 2
    if not os.path.exists("/dev/vmscope"):
        print("TAP version 13\n1..0 # SKIP the vmscope module is not loaded")
        return 4
    sections = [section for section in sections if not wanted or section.name in wanted]
    with Place() as place:
        return rewrite(text, sections, place) if printing else report(sections, place)


sys.exit(main(sys.argv[1:]))
