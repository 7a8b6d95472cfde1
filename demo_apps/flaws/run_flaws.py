#!/usr/bin/env python3
"""Runs the flaws suite: does the fault of each row of table.json to both twins, and holds what
threadfault says against what it should say.

What became of a program is read from threadfault's commands and its exit status alone:
`kill --json`, `watch --json`, `locks --json`, and the code that `run` passes on."""

import argparse
import concurrent.futures
import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
READY_WITHIN = 60  # seconds; nothing is measured, machines may be slow
COMMAND_WITHIN = 60
SETTLE = 5.0  # a program that still works that long after the fault is taken to go on
CORRUPT = 3  # the exit code of a program that found its own data wrong


class Broken(Exception):
    """The row could not be run: no finding, and no clean bill either."""


class Tool:
    def __init__(self, path):
        self.path = path

    def start(self, options, program, output):
        # `run` becomes the program, so the child's process id is the target's.
        command = [self.path, "run", *options, "--", str(program)]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)

    def call(self, arguments):
        """The exit code and the JSON object of a command; None where it printed none."""
        command = [self.path, "--json", *arguments]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=COMMAND_WITHIN, check=False)
        try:
            return done.returncode, json.loads(done.stdout), done.stderr.strip()
        except json.JSONDecodeError:
            return done.returncode, None, done.stderr.strip()


def wait_until_ready(tool, process, output):
    """The program says that it is ready, and its agent, which starts beside its threads, answers."""
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline:
        output.seek(0)
        if process.poll() is not None:
            return
        if "ready" in output.read():
            _, answer, _ = tool.call(["ps", str(process.pid)])
            if answer is None or answer.get("agent"):
                return
        time.sleep(0.01)
    raise Broken("it did not become ready")


def do_faults(tool, row, process):
    for template in row["commands"]:
        if process.poll() is not None:
            return  # an earlier command ended it
        arguments = [word.replace("{pid}", str(process.pid)) for word in template]
        code, answer, said = tool.call(arguments)
        if code == 7 or (answer or {}).get("outcome") == "target-died":
            process.wait(COMMAND_WITHIN)
        elif code != 0 and process.poll() is None:
            raise Broken(f"{' '.join(arguments)}: exit {code} {said or json.dumps(answer)}")
    if row.get("after") == "sigterm" and process.poll() is None:
        process.send_signal(signal.SIGTERM)


def end_of(process):
    code = process.returncode
    if code < 0:
        return {"verdict": "died", "signal": signal.Signals(-code).name}
    if code == CORRUPT:
        return {"verdict": "wrong-result", "exit_code": code}
    return {"verdict": "died" if code else "exit 0", "exit_code": code}


def what_is_stuck(tool, process):
    _, answer, said = tool.call(["locks", str(process.pid)])
    if answer is None:
        raise Broken(f"locks: {said}")
    orphaned = [lock for lock in answer["locks"] if lock["orphaned"]]
    waited_for = orphaned or [lock for lock in answer["locks"] if lock["waiters"]]
    return {"verdict": "orphaned-lock" if orphaned else "stuck",
            "symbols": sorted({lock["symbol"] for lock in waited_for if lock["symbol"]})}


def judge(tool, process, settle):
    """Watches until the process has ended, is stuck, or has worked for long enough."""
    deadline = time.monotonic() + settle
    while True:
        code, answer, said = tool.call(["watch", str(process.pid), "--for", "1s"])
        if process.poll() is not None or code == 7:
            process.wait(COMMAND_WITHIN)
            return end_of(process)
        if answer is None:
            raise Broken(f"watch: exit {code} {said}")
        if answer["verdict"] == "stuck":
            return what_is_stuck(tool, process)
        if time.monotonic() > deadline:
            alive = answer["verdict"] in ("progressing", "idle")
            return {"verdict": "alive" if alive else answer["verdict"]}


def run_program(tool, row, program, settle):
    with tempfile.TemporaryFile("w+") as output:
        process = tool.start(row["run_options"], program, output)
        try:
            wait_until_ready(tool, process, output)
            do_faults(tool, row, process)
            return judge(tool, process, settle)
        except (Broken, subprocess.TimeoutExpired) as error:
            return {"verdict": "broken", "why": str(error)}
        finally:
            process.kill()
            process.wait()


def agrees(seen, expected):
    if seen["verdict"] != expected["verdict"]:
        return False
    if "symbol" in expected and expected["symbol"] not in seen["symbols"]:
        return False
    return all(seen.get(key) == expected[key] for key in ("signal", "exit_code") if key in expected)


def run_row(tool, build, row, settle):
    flawed = run_program(tool, row, build / f"flaw_{row['name']}", settle)
    fixed = run_program(tool, row, build / f"flaw_{row['name']}_fixed", settle)
    return {"name": row["name"], "kind": row["kind"], "flawed": flawed, "expected": row["flawed"],
            "found": agrees(flawed, row["flawed"]), "fixed": fixed, "fixed_expected": row["fixed"],
            "false_alarm": fixed["verdict"] != row["fixed"]}


def without_fault(row):
    """The same programs with nothing done to them: both twins have to work."""
    return {**row, "run_options": [], "commands": [], "after": None, "flawed": {"verdict": "alive"},
            "fixed": "alive"}


def text(finding):
    details = [finding[key] for key in ("signal", "why") if key in finding]
    if finding["verdict"] in ("died", "wrong-result") and "exit_code" in finding:
        details.append(f"exit {finding['exit_code']}")
    details += finding.get("symbols", [finding["symbol"]] if "symbol" in finding else [])
    return " ".join([finding["verdict"], *details])


def print_table(results):
    lines = [("FLAW", "FLAWED TWIN", "CORRECTED TWIN", "")]
    for result in results:
        remarks = []
        if not result["found"]:
            remarks.append(f"expected {text(result['expected'])}")
        if result["false_alarm"]:
            remarks.append(f"corrected: expected {result['fixed_expected']}")
        lines.append((result["name"], text(result["flawed"]), text(result["fixed"]),
                      "; ".join(remarks) or "as expected"))
    widths = [max(len(line[column]) for line in lines) for column in range(3)]
    for line in lines:
        print("  ".join([cell.ljust(width) for cell, width in zip(line, widths)] + [line[3]]))


def main():
    parser = argparse.ArgumentParser(description="Run the flaws suite under threadfault.")
    parser.add_argument("--threadfault", default="threadfault", metavar="PATH")
    parser.add_argument("--build", type=pathlib.Path, required=True, metavar="DIR",
                        help="where the flaw programs were built")
    parser.add_argument("-k", metavar="NAME", default="", help="only rows whose name contains it")
    parser.add_argument("--jobs", type=int, default=2, help="rows at a time; default 2")
    parser.add_argument("--settle", type=float, default=SETTLE, metavar="SECONDS",
                        help=f"how long a program must go on; default {SETTLE:g}")
    parser.add_argument("--without-fault", action="store_true",
                        help="do nothing to the programs: all have to work")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = parser.parse_args()

    rows = [row for row in json.loads((HERE / "table.json").read_text()) if options.k in row["name"]]
    if not rows:
        parser.error(f"no row of table.json contains {options.k!r}")
    if options.without_fault:
        rows = [without_fault(row) for row in rows]
    tool = Tool(options.threadfault)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        results = list(pool.map(lambda row: run_row(tool, options.build, row, options.settle), rows))

    found = sum(result["found"] for result in results)
    alarms = sum(result["false_alarm"] for result in results)
    if options.json:
        print(json.dumps({"rows": results, "found": found, "false_alarms": alarms,
                          "of": len(results)}))
    else:
        print_table(results)
        print(f"found {found} of {len(results)}, false alarms {alarms} of {len(results)}")
    return 0 if found == len(results) and alarms == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
