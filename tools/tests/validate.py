#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks a JSON report on standard input against the published schema, and
that nothing is null without a reason. Knows nothing of how it was made."""
import json
import sys

import jsonschema

schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
report = json.load(sys.stdin)
bad = [f"{list(e.path)}: {e.message[:300]}"
       for e in jsonschema.Draft202012Validator(schema).iter_errors(report)]

figures = report.get("figures", {})
rows = [("totals", report["totals"])] if "totals" in report else []
rows += [("top", row) for row in report.get("top", [])]
rows += [("maps", row) for row in report.get("maps", [])]
for where, row in rows:
    for name, value in row.items():
        figure = figures.get(name)
        if figure and value is None and not figure["reason"]:
            bad.append(f"{where}: {name} is null, but no reason is told")
        if figure and value is not None and figure["reason"]:
            bad.append(f"{where}: {name} is {value}, but a reason is told why it is not")
if len(sys.argv) > 2 and report.get("verb") != sys.argv[2]:
    bad.append(f"verb is {report.get('verb')}")
if bad:
    print("\n".join(bad[:10]))
    sys.exit(1)
