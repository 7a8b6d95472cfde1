#!/usr/bin/env python3
"""freeze_each.py NAME PROGRAM [ARGS...]

Holds each thread whose name begins with NAME for a moment, one after the other in one process, and
asks each time whether the others go on, and at the end whether all do.
Exit status: 0 they do, 1 they do not, 2 the test could not be done.
"""
import sys

import threadfault
from threadfault import Ready, stays_alive


def verdict(target):
    return target.watch("500ms").verdict if target.alive else "dead"


def main():
    name, program = sys.argv[1], sys.argv[2:]
    selector = f"name={name}*"
    with threadfault.launch(program, ready=Ready(thread=selector, within="60s")) as target:
        seen = []
        for thread in target.threads(selector):
            target.freeze(thread, wait="30s")
            seen.append(verdict(target))
            print(f"{thread.name} frozen: {seen[-1]}")
            target.thaw(thread)
        stays_alive(target, 0)
        seen.append(verdict(target))
        print(f"all let go: {seen[-1]}")
    return 0 if set(seen) == {"progressing"} else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (threadfault.Error, threadfault.FaultFailed) as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except threadfault.CheckFailed as error:
        print(error, file=sys.stderr)
        sys.exit(1)
