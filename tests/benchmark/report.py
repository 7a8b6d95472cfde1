#!/usr/bin/env python3
"""Runs the benchmarks named on the command line, one after the other, and prints one table.

Each benchmark prints lines "name<TAB>ratio<TAB>ours<TAB>floor or peer<TAB>target"; a target
"<= X" or ">= X" is compared with the ratio; one of words only ("peer", "not measured: …") is shown
as it is. A missed target fails nothing: figures are for people to read. But a target with another
relation, or a line that can't be read, is an error of the benchmark: a figure judged by guess is
worse than none. Usage: report.py NAME=COMMAND...
"""
import operator
import re
import shlex
import subprocess
import sys


RELATIONS = {"<=": operator.le, ">=": operator.ge}


def verdict(ratio: str, target: str) -> str:
    if not re.search(r"[<>=]", target):
        return ""
    relation, _, limit = target.partition(" ")
    if relation not in RELATIONS:
        raise ValueError(f"unknown relation in the target {target!r}")
    return "met" if RELATIONS[relation](float(ratio), float(limit)) else "MISSED"


def main() -> int:
    rows = []
    unreadable = False
    for argument in sys.argv[1:]:
        name, _, command = argument.partition("=")
        print(f"running {name} …", file=sys.stderr, flush=True)
        result = subprocess.run(shlex.split(command), stdout=subprocess.PIPE, text=True, check=False)
        if result.returncode != 0:
            print(f"{name}: exit status {result.returncode}", file=sys.stderr)
        for line in result.stdout.splitlines():
            fields = line.split("\t")
            if len(fields) != 5:
                continue
            try:
                rows.append([*fields, verdict(fields[1], fields[4])])
            except ValueError as error:
                print(f"{name}: {fields[0]}: {error}", file=sys.stderr)
                unreadable = True
    head = ["what", "ratio", "ours", "floor or peer", "target", ""]
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    for row in [head, *rows]:
        cells = [row[0].ljust(widths[0])] + [row[i].rjust(widths[i]) for i in range(1, len(head))]
        print("  ".join(cells).rstrip())
    return 1 if unreadable else 0


if __name__ == "__main__":
    sys.exit(main())
