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
                        there is one"""
import contextlib
import functools
import io
import json
import os
import runpy
import signal
import sys

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


verbs = {"value": value, "define": define, "valid": valid, "lines": lines, "run": run}


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
