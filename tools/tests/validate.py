# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks JSON reports against the published schema, and that nothing is null
without a reason. Knows nothing of how they were made."""
import json

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


class Validator:
    def __init__(self, path):
        with open(path) as file:
            self.schema = jsonschema.Draft202012Validator(json.load(file))

    def errors(self, verb, report):
        """The first things that are wrong, a line each."""
        bad = [f"{list(error.path)}: {error.message[:300]}"
               for error in self.schema.iter_errors(report)]
        bad += unexplained(report)
        if verb and report.get("verb") != verb:
            bad.append(f"verb is {report.get('verb')}")
        return bad[:10]
