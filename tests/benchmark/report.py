#!/usr/bin/env python3
"""Runs benchmarks, one after the other, and prints one table and which targets are missed.

A missed target fails nothing: figures are for people to read. But a row that can't be read is an
error of the benchmark.
"""
import argparse
import contextlib
import datetime
import json
import os
import platform
import shlex
import subprocess
import sys

import rows


def run(name: str, command: str) -> list:
    """The benchmark's rows. Raises ValueError where one can't be judged."""
    print(f"running {name} …", file=sys.stderr, flush=True)
    result = subprocess.run(shlex.split(command), stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode != 0:
        print(f"{name}: exit status {result.returncode}", file=sys.stderr)
    found = rows.parse(result.stdout)
    for row in found:
        row.verdict()
    return found


@contextlib.contextmanager
def busy_processors(wanted: bool):
    """As long as it is open, a process computes on each processor."""
    count = len(os.sched_getaffinity(0)) if wanted else 0
    burners = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()


def machine() -> dict:
    model = platform.machine()
    with contextlib.suppress(OSError), open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
        model = models[0] if models else model
    return {
        "processors": f"{len(os.sched_getaffinity(0))} × {model}",
        "kernel": platform.release(),
        "libc": " ".join(platform.libc_ver()),
        "load": round(os.getloadavg()[0], 1),
    }


def revision() -> str:
    here = os.path.dirname(os.path.abspath(__file__))
    result = subprocess.run(["git", "-C", here, "describe", "--always", "--dirty", "--abbrev=12"],
                            capture_output=True, text=True, check=False)
    return result.stdout.strip() or "unknown"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog="`cmake --build DIR --target benchmark_report` runs all of them. Its options are taken "
               "from the environment variable BENCHMARK_OPTIONS: BENCHMARK_OPTIONS='--busy'.")
    parser.add_argument("benchmarks", nargs="+", metavar="NAME=COMMAND")
    parser.add_argument("--only", default="", metavar="NAMES",
                        help="of the benchmarks, those of these names: commands,create")
    parser.add_argument("--busy", action="store_true",
                        help="while a process computes on each processor")
    parser.add_argument("--save", metavar="FILE", help="write the rows as JSON, too")
    options = parser.parse_args(shlex.split(os.environ.get("BENCHMARK_OPTIONS", "")) + sys.argv[1:])
    wanted = [name for name in options.only.split(",") if name]
    about = {"revision": revision(), "date": datetime.date.today().isoformat(),
             "busy": options.busy, "machine": machine()}
    found = []
    unreadable = False
    with busy_processors(options.busy):
        for argument in options.benchmarks:
            name, _, command = argument.partition("=")
            if wanted and name not in wanted:
                continue
            try:
                found += run(name, command)
            except (OSError, ValueError) as error:
                print(f"{name}: {error}", file=sys.stderr)
                unreadable = True
    head = ["what", "ratio", "ours", "floor or peer", "target", ""]
    lines = [[r.name, r.ratio, r.ours, r.other, r.target, r.verdict()] for r in found]
    print(rows.table(head, lines))
    missed = [row.name for row in found if row.verdict() == "MISSED"]
    met = sum(row.verdict() == "met" for row in found)
    print(f"\n{met} targets met, {len(missed)} missed" + (":" if missed else "."))
    for name in missed:
        print(f"  {name}")
    if options.save:
        about["rows"] = [vars(row) | {"verdict": row.verdict()} for row in found]
        with open(options.save, "w", encoding="utf-8") as file:
            json.dump(about, file, indent=1, ensure_ascii=False)
            file.write("\n")
    return 1 if unreadable else 0


if __name__ == "__main__":
    sys.exit(main())
