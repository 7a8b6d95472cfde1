#!/usr/bin/env python3
"""What random killing finds of the flaws that a sweep finds, with ten times the runs.

    compare_storms.py --threadfault PATH --flaws DIR [FLAW…]

Each run starts the program, waits for a random time, cancels one random thread that is not main, and asks `watch`, the exit code and the output what became of the program: the same
questions that a sweep asks. Prints, for each flaw, the experiments of a sweep and whether it found
it, in which random run it was found first, if it was, and how many runs of the corrected twin the
same questions call a finding.
"""

import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import time

from run_sweeps import FLAWS, SERVICE

TIMES = 10
OBSERVED = 0.3  # seconds, as SERVICE has it


def flaws_of_a_death():
    return [name for name, how in FLAWS.items()
            if how is not None and how[:2] == ["--how", "cancel"]]


def sweep(tool, program, how):
    with tempfile.TemporaryDirectory() as scratch:
        out = pathlib.Path(scratch) / "out"
        subprocess.run([tool, "sweep", "--out", str(out), *SERVICE, *how, "--budget", "60s", "--",
                        program], capture_output=True, timeout=300, check=False)
        report = json.loads((out / "report.json").read_text())
        return report["experiments"], len(report["findings"])


def lines_that_are_always_there(program):
    """Of three runs without a fault, cut off after the time of an observation."""
    common = None
    for _ in range(3):
        done = run(program, None, None)
        lines = set(done["output"].splitlines())
        common = lines if common is None else common & lines
    return common


def run(program, tool, chance):
    """One run, with a random death where there is a tool; what became of it."""
    command = [program] if tool is None else [tool, "run", "--", program]
    with tempfile.TemporaryFile("w+") as output:
        with subprocess.Popen(command, stdout=output, stderr=subprocess.DEVNULL) as process:
            verdict = ""
            if tool is None:
                time.sleep(OBSERVED)
            else:
                time.sleep(chance.uniform(0, OBSERVED))
                subprocess.run([tool, "kill", str(process.pid), "start=*", "--how", "cancel",
                                f"--random={chance.randrange(1 << 30)}", "--wait", "100ms"],
                               capture_output=True, check=False)
                watched = subprocess.run([tool, "watch", str(process.pid), "--for",
                                          f"{OBSERVED}s", "--json"],
                                         capture_output=True, text=True, check=False)
                if watched.stdout:
                    verdict = json.loads(watched.stdout).get("verdict", "")
            ended = process.poll()
            process.kill()
        output.seek(0)
        return {"verdict": verdict, "ended": ended, "output": output.read()}


def is_found(result, expected):
    if result["verdict"] == "stuck" or result["ended"] not in (None, 0):
        return True
    return result["ended"] == 0 and not expected <= set(result["output"].splitlines())


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threadfault", default="threadfault", metavar="PATH")
    parser.add_argument("--flaws", type=pathlib.Path, required=True, metavar="DIR")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("names", nargs="*", metavar="FLAW", help="those of a death, by default")
    options = parser.parse_args()
    by_sweep = by_chance = 0
    names = options.names or flaws_of_a_death()
    alarms = 0
    for name in names:
        program = str(options.flaws / f"flaw_{name}")
        experiments, findings = sweep(options.threadfault, program, FLAWS[name])
        expected = lines_that_are_always_there(program)
        chance = random.Random(options.seed)
        runs = TIMES * experiments
        first = next((number for number in range(1, runs + 1)
                      if is_found(run(program, options.threadfault, chance), expected)), None)
        twin = program + "_fixed"
        expected = lines_that_are_always_there(twin)
        false = sum(is_found(run(twin, options.threadfault, chance), expected)
                    for _ in range(experiments))
        by_sweep += findings > 0
        by_chance += first is not None
        alarms += false > 0
        told = f"in run {first}" if first else "not found"
        print(f"{name:24} sweep: {'found' if findings else 'not found'} with {experiments:3} runs"
              f"   random: {told} of {runs}; alarms on the corrected twin: {false} of {experiments}",
              flush=True)
    print(f"of {len(names)} flaws, found by the sweep {by_sweep}, by random deaths with "
          f"{TIMES} times the runs {by_chance}; those alarmed about {alarms} corrected twins")
    return 0


if __name__ == "__main__":
    sys.exit(main())
