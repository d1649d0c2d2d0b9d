#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Answers a script's questions about JSON reports, in one process for all of its tests:
starting Python takes a while, in an emulated machine up to a second. Knows nothing of how the
reports were made.

Usage: judge.py SCHEMA FOLDER <QUESTIONS
       judge.py SCHEMA --for-all FIFO
The second is ready for many scripts: each writes into FIFO its FOLDER, which has the fifos
"asked" and "judged", and has a judge of its own from then on.

A question is a line of words with tabs between them; its answer is "ok" or "bad", and
what there is to say, each with a NUL behind it.
  value EXPRESSION      what it is, of the report r in FOLDER/out, the facts f in FOLDER/facts
                        (what a program said of itself), and names that were defined
  define NAME EXPRESSION  what a name stands for in the questions that follow
  valid VERB            whether FOLDER/out is as the schema says
  lines TYPE FILE       whether each line of FOLDER/FILE is a TYPE of the schema's; of those that
                        are alike the first is looked at
  run SCRIPT ARGUMENT...  a Python program, as if it were started; it reads FOLDER/out, if
                        there is one
  terminal COLUMNS [NAME=VALUE...] COMMAND...  what it writes to a terminal of that width, into
                        FOLDER/out; its status, how many lines that is, and how wide"""
import contextlib
import fcntl
import functools
import io
import itertools
import json
import os
import runpy
import shlex
import signal
import struct
import subprocess
import sys
import termios
import unicodedata

schema, folder = sys.argv[1:3]
defined = {}


@functools.lru_cache(maxsize=4)
def parsed(path, *as_it_was):
    with open(path) as file:
        return json.load(file)


def load(name):
    path = os.path.join(folder, name)
    was = os.stat(path)
    return parsed(path, was.st_ino, was.st_size, was.st_mtime_ns)


class Names(dict):
    """Looked up, and thus loaded, only when an expression has them."""

    def __missing__(self, name):
        if name == "r":
            self[name] = load("out")
        elif name == "f":
            self[name] = load("facts")
        elif name in defined:
            self[name] = eval(defined[name], self)
        else:
            raise KeyError(name)
        return self[name]


def value(expression):
    return True, str(eval(expression, Names(p=4096)))


def define(name, expression):
    defined[name] = expression
    return True, ""


@functools.cache
def validator():
    # takes longer to load than all else, and not every script asks
    import validate
    return validate.Validator(schema)


def valid(verb):
    bad = validator().errors(verb, load("out"))
    return not bad, "; ".join(bad)


def shape(value):
    if isinstance(value, dict):
        return tuple((name, shape(inside)) for name, inside in value.items())
    return type(value)


def lines(type_, name):
    whole = validator().schema
    one = type(whole)({"$ref": f"#/$defs/{type_}", "$defs": whole.schema["$defs"]})
    with open(os.path.join(folder, name)) as file:
        alike = {(line.get("kind"), line.get("cause"), shape(line)): line
                 for line in map(json.loads, file)}
    bad = [error.message[:300] for line in alike.values() for error in one.iter_errors(line)]
    return not bad, "; ".join(bad[:10])


def run(script, *arguments):
    said, status = io.StringIO(), 0
    sys.argv = [script, *arguments]
    try:
        path = os.path.join(folder, "out")
        with open(path if os.path.exists(path) else os.devnull) as sys.stdin, \
                contextlib.redirect_stdout(said):
            runpy.run_path(script, run_name="__main__")
    except SystemExit as end:
        status = end.code
        if isinstance(status, str):
            print(status, file=said)
    return not status, said.getvalue().rstrip("\n")


def width(line):
    """In columns; what stands above another character takes none."""
    return sum(0 if unicodedata.combining(character) else
               2 if unicodedata.east_asian_width(character) in "WF" else 1
               for character in line.expandtabs(8))


def written_to(terminal):
    with contextlib.suppress(OSError):  # which is how a terminal ends
        while True:
            yield os.read(terminal, 65536)


def terminal(columns, *words):
    words = shlex.split(" ".join(words))
    settings = list(itertools.takewhile(lambda word: "=" in word, words))
    ours, its = os.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("4H", 24, int(columns), 0, 0))
    with subprocess.Popen(words[len(settings):], stdin=subprocess.DEVNULL, stdout=its, stderr=its,
                          env={**os.environ, "LC_ALL": "C.UTF-8", "TERM": "xterm",
                               **dict(word.split("=", 1) for word in settings)}) as command:
        os.close(its)
        text = b"".join(written_to(ours)).decode().replace("\r\n", "\n")
    os.close(ours)
    with open(os.path.join(folder, "out"), "w") as out:
        out.write(text)
    every = text.splitlines()
    return True, f"{command.returncode} {len(every)} {max(map(width, every), default=0)}"


verbs = {"value": value, "define": define, "valid": valid, "lines": lines, "run": run,
         "terminal": terminal}


def judge(questions, answers):
    for question in questions:
        verb, *words = question.rstrip("\n").split("\t")
        try:
            right, text = verbs[verb](*words)
        except Exception as error:
            right, text = False, f"{type(error).__name__}: {error}"
        print("ok" if right else "bad", text, sep="\0", end="\0", file=answers, flush=True)


def judge_for_all(fifo):
    global folder
    validator()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    # for writing too: it has no end when a script has written
    with open(os.open(fifo, os.O_RDWR)) as folders:
        for line in folders:
            folder = line.rstrip("\n")
            if not os.fork():
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                folders.close()
                with open(folder + "/asked") as asked, open(folder + "/judged", "w") as judged:
                    judge(asked, judged)
                os._exit(0)


if folder == "--for-all":
    judge_for_all(sys.argv[3])
else:
    judge(sys.stdin, sys.stdout)
