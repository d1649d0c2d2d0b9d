#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks JSON reports against the published schema, and that nothing is null
without a reason. Knows nothing of how they were made.

Usage: validate.py SCHEMA [VERB] <REPORT
       validate.py SCHEMA VERB=REPORT...
       validate.py SCHEMA --serve <QUESTIONS
A question is a line VERB=REPORT, its answer a line, empty when the report is right:
starting takes seconds in an emulated machine."""
import json
import sys

import jsonschema


def unexplained(report):
    figures = report.get("figures", {})
    rows = [("totals", report["totals"])] if "totals" in report else []
    rows += [("top", row) for row in report.get("top", [])]
    rows += [("maps", row) for row in report.get("maps", [])]
    for where, row in rows:
        for name, value in row.items():
            figure = figures.get(name)
            if figure and value is None and not figure["reason"]:
                yield f"{where}: {name} is null, but no reason is told"
            if figure and value is not None and figure["reason"]:
                yield f"{where}: {name} is {value}, but a reason is told why it is not"


def check(validator, verb, report):
    for error in validator.iter_errors(report):
        yield f"{list(error.path)}: {error.message[:300]}"
    yield from unexplained(report)
    if verb and report.get("verb") != verb:
        yield f"verb is {report.get('verb')}"


with open(sys.argv[1]) as file:
    schema = json.load(file)
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)


def judge(argument):
    verb, _, path = argument.partition("=")
    with open(path or 0) as file:
        return verb, path, list(check(validator, verb, json.load(file)))[:10]


if sys.argv[2:] == ["--serve"]:
    for question in sys.stdin:
        print("; ".join(judge(question.rstrip("\n"))[2]).replace("\n", " "), flush=True)
    sys.exit()
failed = False
for argument in sys.argv[2:] or [""]:
    verb, path, bad = judge(argument)
    for line in bad:
        print(f"{verb}: {line}" if path else line)
    failed = failed or bool(bad)
sys.exit(failed)
