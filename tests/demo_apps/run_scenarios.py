#!/usr/bin/env python3
"""Runs the scenario files beside the demo applications: every test of a -fragile file has to fail, with
the diagnosis that diagnoses.json asks for, and every test of a -robust file has to pass."""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
DEMO_APPS = HERE.parent.parent / "demo_apps"


def run_files(options, files):
    """The exit code and the results of all their tests, several at a time: they mostly wait."""
    command = [options.threadfault, "--json", "test", "--jobs", str(options.jobs),
               "--repeat", str(options.repeat), *map(str, files)]
    path = ":".join([*(str(path.resolve()) for path in options.path), os.environ["PATH"]])
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False, env={**os.environ, "PATH": path})
    try:
        return done.returncode, json.loads(done.stdout)["tests"]
    except (json.JSONDecodeError, KeyError):
        raise SystemExit(f"exit {done.returncode}\n{done.stderr}") from None


def app_of(test):
    return pathlib.Path(test["file"]).parent.name


def text_of(value):
    return "\n".join(value) if isinstance(value, list) else value or ""


def wrong_with(test, expected):
    """Why this test of a fragile file is not the failure that is expected; none: it is."""
    if test["outcome"] != "failed":
        return [test["outcome"]]
    wrong = [f"{key}: no {pattern!r} in {text_of(test['failure'][key])!r}"
             for key, pattern in expected.items()
             if not re.search(pattern, text_of(test["failure"][key]))]
    return wrong + [json.dumps(test["failure"], indent=1)] * bool(wrong)


def wrong_with_all(options, code, tests):
    """(test, complaints) of each, and of what is missing."""
    diagnoses = json.loads((HERE / "diagnoses.json").read_text())
    for test in tests:
        expected = diagnoses[app_of(test)].get(test["name"])
        if options.mode == "robust":
            yield test, [] if test["outcome"] == "passed" else [json.dumps(test["failure"], indent=1)]
        elif expected is None:
            yield test, ["diagnoses.json lacks it"]
        else:
            yield test, wrong_with(test, expected)
    seen = {(app_of(test), test["name"]) for test in tests}
    for app in options.apps:
        for name in diagnoses[app]:
            # What fails when fragile has to be tried when robust, too.
            if (app, name) not in seen:
                yield {"file": f"{app}/", "name": name}, ["the scenario file lacks it"]
    wanted = 0 if options.mode == "robust" else 1
    if code != wanted:
        yield {"file": "all/", "name": "threadfault test"}, [f"exit code {code}, not {wanted}"]


def main():
    parser = argparse.ArgumentParser(description="Run the scenarios of the demo applications.")
    parser.add_argument("--threadfault", default="threadfault", metavar="PATH")
    parser.add_argument("--path", type=pathlib.Path, action="append", default=[], metavar="DIR",
                        help="where an application is; may be repeated")
    parser.add_argument("--mode", choices=["fragile", "robust"], required=True)
    parser.add_argument("--jobs", type=int, default=6, help="tests at a time; default 6")
    parser.add_argument("--repeat", type=int, default=1, help="each test so often; default 1")
    parser.add_argument("apps", nargs="+", metavar="APP")
    options = parser.parse_args()

    code, tests = run_files(options, [DEMO_APPS / app / f"{app}-{options.mode}.toml"
                                      for app in options.apps])
    bad = total = 0
    for test, complaints in wrong_with_all(options, code, tests):
        total += 1
        bad += bool(complaints)
        verdict = "NOT as expected" if complaints else "as expected"
        print(f"{app_of(test)} {options.mode}: {test['name']}: {verdict}")
        for complaint in complaints:
            print(f"    {complaint}")
    print(f"{options.mode}: {total - bad} of {total} as expected")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
