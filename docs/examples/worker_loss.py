#!/usr/bin/env python3
"""worker_loss.py COUNT NAME PROGRAM [ARGS...]

Does the program go on when any one of its workers is gone? Starts it once for each of the COUNT threads
whose names begin with NAME, ends that thread, and asks whether the rest makes progress; if not, it shows
what the threads wait for and where the victim was.
Exit status: 0 it always does, 1 it does not, 2 the test could not be done.
"""
import sys
import time

import threadfault
from threadfault import CheckFailed, Ready, progresses


def launch(count, selector, program):
    """A new process with all its workers."""
    target = threadfault.launch(program, ready=Ready(thread=selector, within="60s"))
    deadline = time.monotonic() + 60
    while len(target.threads(selector)) < count:
        if time.monotonic() > deadline:
            target.terminate()
            raise threadfault.Error("not_ready", f"process {target.pid} has not got {count} threads {selector}")
        time.sleep(0.02)
    return target


def main():
    count, selector, program = int(sys.argv[1]), f"name={sys.argv[2]}*", sys.argv[3:]
    status = 0
    for number in range(count):
        with launch(count, selector, program) as target:
            victim = target.threads(selector)[number]
            target.kill(victim, how="vanish", wait="30s")
            try:
                progresses(target)
                print(f"without {victim.path} ({victim.name}): progressing")
            except CheckFailed as failure:
                print(f"without {victim.path} ({victim.name}): {failure}")
                status = 1
    return status


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (threadfault.Error, threadfault.FaultFailed) as error:
        print(error, file=sys.stderr)
        sys.exit(2)
