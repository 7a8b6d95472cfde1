#!/usr/bin/env python3
"""Sweeps of real programs, end to end: each check runs `threadfault sweep` and looks at its reports.

    run_sweeps.py --threadfault PATH --flaws DIR [CHECK…]
    run_sweeps.py --threadfault PATH --flaws DIR table     every flaw and its twin (minutes)
"""

import argparse
import json
import os
import pathlib
import shlex
import signal
import subprocess
import sys
import tempfile
import time

# How each flaw is swept: what its cure is meant for. None: no sweep of single faults reaches it.
SERVICE = ["--for", "300ms"]
FLAWS = {
    "barrier_missing_party": ["--how", "cancel"],
    "catch_all": ["--how", "cancel"],
    "count_not_lowered": ["--how", "cancel"],
    "create_unchecked": ["--how", "call-errors"],
    "detached_use_after_free": ["--how", "freeze=2s", "--threads", "start=sender"],
    "double_join": ["--how", "exit"],
    "item_lost": ["--how", "cancel"],
    "join_frozen": ["--how", "freeze"],
    "lease_without_fence": ["--how", "freeze=2s"],
    "lock_in_handler": None,
    "lock_over_throw": ["--how", "call-errors"],
    "lost_notify": ["--how", "cancel", "--threads", "start=producer"],
    "missing_cleanup": ["--how", "cancel"],
    "noexcept_unwind": ["--how", "cancel"],
    "once_interrupted": ["--how", "cancel"],
    "robust_not_consistent": [],
    "rwlock_reader_lost": ["--how", "cancel", "--threads", "start=reader"],
    "rwlock_writer_lost": ["--how", "cancel", "--threads", "start=updater"],
    "token_lost": None,
    "unhandled_eintr": ["--how", "call-errors"],
    "untold_consumer": ["--how", "cancel", "--threads", "start=producer"],
    "wait_without_loop": ["--how", "spurious"],
}
WITHIN = 300


class Sweeps:
    def __init__(self, options):
        self.tool = options.threadfault
        self.flaws = options.flaws
        self.programs = options.programs

    def command(self, out, arguments, program):
        return [self.tool, "sweep", "--out", str(out), *arguments, "--", *program]

    def run(self, arguments, program, out=None):
        """The exit code and report.json; None where there is none."""
        with tempfile.TemporaryDirectory() as scratch:
            out = out or pathlib.Path(scratch) / "out"
            done = subprocess.run(self.command(out, arguments, program), capture_output=True,
                                  text=True, timeout=WITHIN, check=False)
            report = out / "report.json"
            if not report.exists():
                raise AssertionError(f"{program}: exit {done.returncode}: {done.stderr}")
            for file in ("junit.xml", "report.html", "journal.jsonl"):
                assert (out / file).stat().st_size > 0, file
            return done.returncode, json.loads(report.read_text()), done.stdout

    def flaw(self, name):
        return [str(self.flaws / f"flaw_{name}")]


def findings(report):
    return {(one["outcome"], one["how"], one["call"]) for one in report["findings"]}


def check_finds_flaw_and_spares_twin(sweeps):
    arguments = [*SERVICE, *FLAWS["lost_notify"], "--budget", "60s"]
    code, report, said = sweeps.run(arguments, sweeps.flaw("lost_notify"))
    assert code == 1, code
    assert ("stuck", "cancel", "write") in findings(report), findings(report)
    worst = report["findings"][0]
    assert worst["stuck_behind"] and "put" in " ".join(worst["stack"]), worst
    assert "stuck" in said and "report.html" in said, said
    code, report, _ = sweeps.run(arguments, sweeps.flaw("lost_notify_fixed"))
    assert code == 0 and not report["findings"], report["findings"]
    assert report["outcomes"]["survived"] > 0


def check_finds_by_default(sweeps):
    """A lost item is found with no option but --for; all of it was reached."""
    code, report, _ = sweeps.run([*SERVICE, "--budget", "60s"], sweeps.flaw("item_lost"))
    assert code == 1, code
    assert ("wrong-result", "cancel", "nanosleep") in findings(report), findings(report)
    code, report, _ = sweeps.run([*SERVICE, "--budget", "60s"], sweeps.flaw("item_lost_fixed"))
    assert code == 0 and not report["findings"], report["findings"]


def check_spares_close_in_destructor(sweeps):
    """What ends every program with a destructor that closes is told only where it was asked for."""
    program = [str(sweeps.programs / "sweep_closer")]
    code, report, said = sweeps.run([], program)
    assert code == 0 and not report["findings"], report["findings"]
    assert report["outcomes"]["inconclusive"] >= 1, report["outcomes"]
    assert "in a destructor" in said, said
    code, report, _ = sweeps.run(["--how", "cancel"], program)
    assert code == 1 and findings(report) == {("aborted", "cancel", "close")}, findings(report)
    words = shlex.split(report["findings"][0]["reproduce"])
    done = subprocess.run([sweeps.tool, *words[1:]], capture_output=True, text=True, timeout=WITHIN,
                          check=False)
    assert done.returncode == 1 and done.stdout.startswith("aborted"), done


def check_gives_a_directory(sweeps):
    """{tmp} is an empty directory of the run's own; afterwards it is gone."""
    program = ["/bin/sh", "-c", "cd {tmp} && mkdir once && exec " + sweeps.flaw("item_lost_fixed")[0]]
    code, report, _ = sweeps.run([*SERVICE, "--how", "cancel", "--budget", "20s"], program)
    assert code == 0 and report["outcomes"]["survived"] > 1, report["outcomes"]


def check_names_who_waits(sweeps):
    _, report, said = sweeps.run([*SERVICE, "--how", "cancel"], sweeps.flaw("count_not_lowered"))
    assert report["findings"][0]["stuck_behind"] == ["main"], report["findings"][0]
    assert "main waits for ever" in said, said


def check_reproduces(sweeps):
    arguments = [*SERVICE, *FLAWS["lost_notify"], "--budget", "60s"]
    _, report, _ = sweeps.run(arguments, sweeps.flaw("lost_notify"))
    command = [one["reproduce"] for one in report["findings"] if one["call"] == "write"][0]
    # A shell reads it, as a person's would.
    words = subprocess.run(["sh", "-c", f"printf '%s\\n' {command}"], capture_output=True, text=True,
                           check=True).stdout.splitlines()
    assert words[0] == "threadfault"
    done = subprocess.run([sweeps.tool, *words[1:]], capture_output=True, text=True, timeout=WITHIN,
                          check=False)
    assert done.returncode == 1 and done.stdout.startswith("stuck"), done


def check_accepts_baseline(sweeps):
    with tempfile.TemporaryDirectory() as scratch:
        out = pathlib.Path(scratch) / "first"
        arguments = [*SERVICE, *FLAWS["lost_notify"], "--budget", "60s"]
        sweeps.run(arguments, sweeps.flaw("lost_notify"), out)
        code, report, _ = sweeps.run([*arguments, "--baseline", str(out / "report.json")],
                                     sweeps.flaw("lost_notify"))
        assert code == 0, code
        assert report["findings"] and all(one["accepted"] for one in report["findings"])


def check_shards_make_the_whole(sweeps):
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        arguments = [*SERVICE, *FLAWS["lost_notify"], "--budget", "unlimited"]
        _, whole, _ = sweeps.run(arguments, sweeps.flaw("lost_notify"))
        parts = []
        for index in (1, 2):
            parts.append(str(scratch / str(index)))
            sweeps.run([*arguments, "--shard", f"{index}/2"], sweeps.flaw("lost_notify"),
                       pathlib.Path(parts[-1]))
        done = subprocess.run([sweeps.tool, "report", "merge", *parts, "--out", str(scratch / "all"),
                               "--json"], capture_output=True, text=True, check=False)
        assert done.returncode == 1, done
        merged = json.loads(done.stdout)
        keys = [{one["key"] for one in report["findings"]} for report in (whole, merged)]
        assert keys[0] == keys[1], keys


def processes_of(program):
    found = set()
    for entry in pathlib.Path("/proc").glob("[0-9]*/exe"):
        try:
            if os.readlink(entry) == program:
                found.add(entry.parent.name)
        except OSError:
            pass
    return found


def check_resumes_after_kill(sweeps):
    with tempfile.TemporaryDirectory() as scratch:
        out = pathlib.Path(scratch) / "out"
        # A copy, so that its processes are known by their program.
        program = pathlib.Path(scratch) / "program"
        program.write_bytes(pathlib.Path(sweeps.flaw("lost_notify_fixed")[0]).read_bytes())
        program.chmod(0o755)
        arguments = [*SERVICE, "--how", "cancel,freeze=100ms", "--budget", "unlimited"]
        sweep = subprocess.Popen(sweeps.command(out, arguments, [str(program)]),
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        journal = out / "journal.jsonl"
        deadline = time.monotonic() + 60
        results = 0
        while results < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
            results = journal.read_text().count('"outcome"') if journal.exists() else 0
        sweep.send_signal(signal.SIGKILL)
        sweep.wait()
        while processes_of(str(program)) and time.monotonic() < deadline + 30:
            time.sleep(0.01)
        assert not processes_of(str(program)), "the program outlived the sweep"
        _, report, _ = sweeps.run([*arguments, "--resume"], [str(program)], out)
        ids = [json.loads(line)["id"] for line in journal.read_text().splitlines()
               if '"outcome"' in line]
        assert len(ids) == len(set(ids)) == report["planned"], (len(ids), report["planned"])


def check_table(sweeps):
    """Every flaw and its twin."""
    failed = 0
    for name, how in FLAWS.items():
        if how is None:
            print(f"{name:26} not reached by single faults")
            continue
        row = []
        for twin in (name, f"{name}_fixed"):
            begin = time.monotonic()
            _, report, _ = sweeps.run([*SERVICE, *how, "--budget", "60s"], sweeps.flaw(twin))
            kinds = sorted({one["outcome"] for one in report["findings"]})
            for one in report["findings"] if twin.endswith("_fixed") else []:
                print("   ", one["outcome"], one["how"], one["call"], one["location"], one["start"], one["summary"])
            row.append(f"{len(report['findings'])} {','.join(kinds)} "
                       f"({report['experiments']} in {time.monotonic() - begin:.0f} s, "
                       f"{report['outcomes']['not-reached']} not reached)")
            failed += bool(report["findings"]) == twin.endswith("_fixed")
        print(f"{name:26} {row[0]:60} twin: {row[1]}", flush=True)
    assert failed == 0, f"{failed} rows are wrong"


def main():
    checks = {name.removeprefix("check_"): one for name, one in globals().items()
              if name.startswith("check_")}
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threadfault", default="threadfault", metavar="PATH")
    parser.add_argument("--flaws", type=pathlib.Path, required=True, metavar="DIR")
    parser.add_argument("--programs", type=pathlib.Path, metavar="DIR",
                        help="where the test's own programs are")
    parser.add_argument("checks", nargs="*", metavar="CHECK", help=", ".join(checks))
    options = parser.parse_args()
    sweeps = Sweeps(options)
    for name in options.checks or [name for name in checks if name != "table"]:
        checks[name](sweeps)
        print(f"{name}: good", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
