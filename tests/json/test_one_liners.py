"""The lines with jq in docs/scripting.md and docs/json.md: each prints something, and every command has one."""
import os
import pathlib
import re
import shlex
import subprocess
import sys

import pytest
from recorder import keep
from threadfault import Ready, find_command

FAMILY = os.environ["TARGET_FAMILY"]
DOCS = pathlib.Path(os.environ["DOCS"])
COMMANDS = {file.name.split(".")[0] for file in pathlib.Path(os.environ["SCHEMAS"]).iterdir()} - {"common", "error"}


def lines_of(name):
    """The lines of the document that end in jq."""
    text = (DOCS / name).read_text(encoding="utf-8")
    return re.findall(r"^threadfault .*\| jq .*$", text, re.MULTILINE)


LINES = [(name, line) for name in ("scripting.md", "json.md") for line in lines_of(name)]


def test_every_command_has_a_line():
    told = {line.split()[1] for name, line in LINES if name == "scripting.md"}
    assert told == COMMANDS


READY = Ready(output="^ready$")
WORKERS = [FAMILY, "workers", "jq"]
# Its threads end all the time.
CHURN = [sys.executable, "-c", "import threading, time\nprint('ready', flush=True)\nwhile True:\n"
         "    one = threading.Thread(target=time.sleep, args=(0.01,)); one.start(); one.join()"]
# What a line is about; any other is about a process with three workers.
STUCK = re.compile(r"mutex|orphan|grounds\[\] \| \.text")

SCENARIO = f"""
[target]
command = ["{FAMILY}", "workers", "jq"]
ready = {{ output = "^ready$" }}
[[test]]
name = "lives"
steps = [ {{ expect = {{ alive = true }} }} ]
"""


@pytest.fixture
def plain():
    """A process without a shim."""
    with subprocess.Popen(WORKERS, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"ready\n"
        yield process
        process.kill()


def command(*words):
    subprocess.run([find_command(), *map(str, words)], check=True, stdout=subprocess.DEVNULL)


@pytest.fixture
def target_of(threadfault_target, plain):
    def begin(line):
        """The process that the line is about, in the state that it is about."""
        verb = line.split()[1]
        if verb in ("attach", "detach"):
            if verb == "detach":
                command("attach", plain.pid)
            return plain
        if verb == "events":
            return threadfault_target(CHURN, ready=READY)
        target = threadfault_target([FAMILY, "locks", "jq"] if STUCK.search(line) else WORKERS, ready=READY)
        if STUCK.search(line):
            target.kill("name=owner", how="vanish")
        if verb == "thaw":
            target.freeze("name=worker-0")
        if "--list" in line:
            command("inject", target.pid, "pthread_create:error=EAGAIN")
        return target
    return begin


@pytest.mark.parametrize("line", [line for _, line in LINES], ids=[f"{name}: {line[12:40]}" for name, line in LINES])
def test_the_line_prints_what_it_is_for(line, target_of, tmp_path):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/resilience.toml").write_text(SCENARIO)
    (tmp_path / "server").symlink_to(FAMILY)
    target = target_of(line)
    typed = line.replace("4711", '"$pid"')
    # A short one will do.
    typed = typed.replace("-- ./server", "-- ./server workers jq").replace(
        "--budget 10s", "--budget 1s --how cancel --for 100ms")
    own, query = typed.split(" | jq ", 1)
    typed = f'{own} | tee printed | jq {query}\nexit "${{PIPESTATUS[2]}}"'
    path = f"{pathlib.Path(find_command()).parent}:{os.environ['PATH']}"
    with subprocess.Popen(["bash", "-c", typed], cwd=tmp_path, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
                          env={**os.environ, "PATH": path, "pid": str(target.pid)}) as pipeline:
        if line.split()[1] == "events":
            first = ""
            while not first.strip():
                first = pipeline.stdout.readline()
                assert first, pipeline.stderr.read()
            target.terminate()  # the end of its events
        else:
            first = ""
        out, err = pipeline.communicate(timeout=120)
    assert pipeline.returncode == 0 and (first + out).strip(), (out, err)
    assert "null" not in out.split(), out
    printed = (tmp_path / "printed").read_text(encoding="utf-8")
    is_error = "2>&1" in own
    keep(shlex.split(own.replace("2>&1", ""))[1:], "" if is_error else printed, printed if is_error else "")
