#!/usr/bin/env python3
"""Runs the benchmarks named on the command line, one after the other, and prints one table.

Each benchmark prints lines "name<TAB>ratio<TAB>ours<TAB>floor or peer<TAB>target"; a target
"<= X" or ">= X" is compared with the ratio, anything else is shown as it is. Nothing here fails:
figures are for people to read. Usage: report.py NAME=COMMAND...
"""
import shlex
import subprocess
import sys


def verdict(ratio: str, target: str) -> str:
    try:
        relation, limit = target.split()
        value = float(ratio)
        met = value <= float(limit) if relation == "<=" else value >= float(limit)
    except ValueError:
        return ""
    return "met" if met else "MISSED"


def main() -> int:
    rows = []
    for argument in sys.argv[1:]:
        name, _, command = argument.partition("=")
        print(f"running {name} …", file=sys.stderr, flush=True)
        result = subprocess.run(shlex.split(command), stdout=subprocess.PIPE, text=True, check=False)
        if result.returncode != 0:
            print(f"{name}: exit status {result.returncode}", file=sys.stderr)
        for line in result.stdout.splitlines():
            fields = line.split("\t")
            if len(fields) == 5:
                rows.append([*fields, verdict(fields[1], fields[4])])
    head = ["what", "ratio", "ours", "floor or peer", "target", ""]
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    for row in [head, *rows]:
        cells = [row[0].ljust(widths[0])] + [row[i].rjust(widths[i]) for i in range(1, len(head))]
        print("  ".join(cells).rstrip())
    return 0


if __name__ == "__main__":
    sys.exit(main())
