#!/usr/bin/env python3
"""Runs a Chaos Toolkit experiment of `process` providers on a memcached under threadfault: the steady
state, the method, the steady state again, the rollbacks. Exits with 1 at the first step that is not as
the experiment API wants it, or that leaves its tolerance.

    run_experiment.py THREADFAULT EXPERIMENT
"""
import itertools
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import time


def fail(text):
    raise SystemExit(f"run_experiment: {text}")


def configuration(experiment):
    """Values by name; what comes from the environment is looked up."""
    values = {}
    for name, value in experiment.get("configuration", {}).items():
        if isinstance(value, dict):
            if value.get("type") != "env":
                fail(f"configuration {name}: only the type env is known here")
            value = os.environ[value["key"]]
        values[name] = value
    return values


def run(activity, values):
    """The result of one probe or action."""
    for key in ("type", "name", "provider"):
        if key not in activity:
            fail(f"{activity}: no {key}")
    if activity["type"] not in ("probe", "action"):
        fail(f"{activity['name']}: type {activity['type']}")
    provider = activity["provider"]
    if provider["type"] != "process" or not isinstance(provider["arguments"], dict):
        fail(f"{activity['name']}: not a process with an object of arguments")
    words = [word for word in itertools.chain(*provider["arguments"].items()) if word]
    words = [re.sub(r"\$\{(\w+)\}", lambda match: values[match[1]], word) for word in words]
    done = subprocess.run([provider["path"], *words], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=provider["timeout"], check=False)
    print(f"{activity['name']}: {done.returncode} {done.stdout.strip()[:200]} {done.stderr.strip()}",
          flush=True)
    time.sleep(activity.get("pauses", {}).get("after", 0))
    return done


def steady(experiment, values):
    for probe in experiment["steady-state-hypothesis"]["probes"]:
        if run(probe, values).returncode != probe["tolerance"]:
            fail(f"{probe['name']} left its tolerance")


def main():
    threadfault, path = sys.argv[1:]
    os.environ["PATH"] = f"{pathlib.Path(threadfault).parent}:{os.environ['PATH']}"
    experiment = json.loads(pathlib.Path(path).read_text())
    for key in ("title", "description", "steady-state-hypothesis", "method"):
        if key not in experiment:
            fail(f"no {key}")

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = str(listener.getsockname()[1])
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    target = subprocess.Popen([threadfault, "run", "--", "memcached", *user, "-t", "4",
                               "-l", "127.0.0.1", "-p", port])
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", int(port)), 10).close()
                break
            except OSError:
                if time.monotonic() > deadline or target.poll() is not None:
                    fail("memcached does not listen")
        os.environ.update(TARGET=str(target.pid), PORT=port)
        values = configuration(experiment)
        steady(experiment, values)
        for activity in experiment["method"]:
            if run(activity, values).returncode != 0:
                fail(f"{activity['name']} failed")
        steady(experiment, values)
        for activity in experiment.get("rollbacks", []):
            if run(activity, values).returncode != 0:
                fail(f"{activity['name']} failed")
        print("the steady state held")
    finally:
        target.terminate()
        target.wait()


if __name__ == "__main__":
    main()
