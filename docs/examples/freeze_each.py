#!/usr/bin/env python3
"""freeze_each.py NAME PROGRAM [ARGS...]

Holds each thread whose name begins with NAME for a moment, one after the other in one process, and
asks each time whether the others go on, and at the end whether all do.
Exit status: 0 they do, 1 they do not.
"""
import json
import os
import subprocess
import sys
import time

THREADFAULT = os.environ.get("THREADFAULT", "threadfault")


def threadfault(*arguments):
    """The exit status and the object that the command prints (an error's is on stderr)."""
    done = subprocess.run([THREADFAULT, *arguments, "--json"], capture_output=True, text=True)
    return done.returncode, json.loads(done.stdout or done.stderr)


def threads(pid, name):
    status, answer = threadfault("ps", str(pid))
    if status != 0:
        return []
    return [thread for thread in answer["threads"] if thread["name"].startswith(name)]


def await_threads(process, name, patience=60):
    """Those that are there when two looks agree."""
    before, deadline = [], time.monotonic() + patience
    while process.poll() is None and time.monotonic() < deadline:
        now = [thread["tid"] for thread in threads(process.pid, name)]
        if now and now == before:
            return now
        before = now
        time.sleep(0.1)
    sys.exit(f"no thread named {name}...")


def verdict(pid):
    # 1 is "stuck", and no error of the command.
    status, answer = threadfault("watch", str(pid), "--for", "500ms")
    return answer["verdict"] if status in (0, 1) else "dead"


def main():
    name, program = sys.argv[1], sys.argv[2:]
    process = subprocess.Popen([THREADFAULT, "run", "--", *program], stdin=subprocess.DEVNULL)
    well = True
    try:
        for tid in await_threads(process, name):
            status, result = threadfault("freeze", str(process.pid), str(tid), "--wait", "30s")
            if status != 0:
                sys.exit(f"thread {tid}: {result}")
            seen = verdict(process.pid)
            well = well and seen == "progressing"
            print(f"{result['name']} frozen: {seen}")
            threadfault("thaw", str(process.pid), str(tid))
        seen = verdict(process.pid)
        print(f"all let go: {seen}")
        return 0 if well and seen == "progressing" else 1
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    sys.exit(main())
