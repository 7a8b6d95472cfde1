#!/usr/bin/env python3
"""Follows the pages of docs/tutorial as a newcomer would: pastes the commands into a shell, in order, and
looks whether there is to be seen what the page shows (tutorial_page.py tells what is compared)."""

import argparse
import concurrent.futures
import json
import os
import pathlib
import queue
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

from tutorial_page import missing, read_page

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TUTORIAL = ROOT / "docs" / "tutorial"
WITHIN = 60  # seconds for a command, and for what it shows
LOOKS = re.compile(r"(threadfault (ps|locks|watch|stack)|ss) ")
NOT_YET = (3, 4)  # exit codes: no such thread, no agent


class Wrong(Exception):
    """The page says what is not so."""


class Shell:
    """A bash that is given one command after another."""

    def __init__(self, directory, environment):
        self.process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"], cwd=directory, env=environment, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
            start_new_session=True)
        self.arrived = queue.Queue()
        self.lines = []
        self.commands = 0
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.arrived.put(line.rstrip("\n"))

    def next_line(self, deadline):
        """Another line of output; None when none came in time."""
        try:
            line = self.arrived.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            return None
        return line

    def run(self, text):
        """The exit code of a command."""
        self.commands += 1
        mark = f"<<{os.getpid()}.{self.commands}>>"
        here = text if "\n" in text else f"{{ {text}\n}} </dev/null"
        self.process.stdin.write(f"{here}\nprintf '{mark}%d\\n' $?\n")
        self.process.stdin.flush()
        deadline = time.monotonic() + WITHIN
        while (line := self.next_line(deadline)) is not None:
            before, found, code = line.partition(mark)
            if before or not found:
                self.lines.append(before)
            if found:
                return int(code)
        raise Wrong(f"does not end within {WITHIN} s: {text}")

    def wait_for_more(self):
        line = self.next_line(time.monotonic() + 0.1)
        if line is not None:
            self.lines.append(line)

    def end(self):
        # Its own session: whatever the page has left running is in there.
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def run_command(shell, command, deadline):
    """A reader is slower than a test: what isn't there yet would be there for him."""
    while True:
        code = shell.run(command.text)
        retry = code in NOT_YET and command.text.startswith("threadfault ")
        if code == 0:
            return
        if not retry or time.monotonic() > deadline:
            raise Wrong(f"line {command.line}: exit code {code}: {command.text}")
        time.sleep(0.1)


def follow(shell, block):
    start = len(shell.lines)
    deadline = time.monotonic() + WITHIN
    for command in block.commands:
        run_command(shell, command, deadline)
    while absent := missing(block.shown, shell.lines[start:]):
        if time.monotonic() > deadline:
            # What was looked at again and again is told once.
            seen = "".join(f"\n    {line}" for line in dict.fromkeys(shell.lines[start:]))
            raise Wrong("".join(f"line {number}: is not to be seen: {line}\n"
                                for number, line in absent) + f"  what was seen:{seen}")
        shell.wait_for_more()
        for command in block.commands:
            if LOOKS.match(command.text):
                run_command(shell, command, deadline)


def built_in():
    """Where the `release` preset builds, which docs/tutorial/README.md says to use."""
    presets = json.loads((ROOT / "CMakePresets.json").read_text())["configurePresets"]
    release = next(preset for preset in presets if preset["name"] == "release")
    return release["binaryDir"].removeprefix("${sourceDir}/")


def prepare(shell, build):
    """The commands by which the tutorial's first page has the tools found, in the tree that is tested."""
    blocks = read_page((TUTORIAL / "README.md").read_text())
    paths = [block for block in blocks if any("PATH" in command.text for command in block.commands)]
    if len(paths) != 1 or not any(built_in() in command.text for command in paths[0].commands):
        raise Wrong(f"README.md: one block should set PATH to {built_in()}")
    for command in paths[0].commands:
        command.text = command.text.replace(f"$PWD/{built_in()}", str(build))
        run_command(shell, command, time.monotonic())


def run_page(build, name):
    """What there is to be said of a page, and whether it is as it should be."""
    page = TUTORIAL / f"{name}.md"
    blocks = read_page(page.read_text())
    commands = sum(len(block.commands) for block in blocks)
    shown = sum(len(block.shown) for block in blocks)
    if commands == 0 or shown == 0:
        return f"{page.name}: nothing to run, or nothing to see", False
    with tempfile.TemporaryDirectory() as scratch:
        shell = Shell(ROOT, {**os.environ, "TMPDIR": scratch})
        try:
            prepare(shell, build)
            for block in blocks:
                follow(shell, block)
        except Wrong as wrong:
            return f"{page.name}: {wrong}", False
        finally:
            shell.end()
    return f"{page.name}: {commands} commands, {shown} lines as shown", True


def main():
    parser = argparse.ArgumentParser(description="Run the commands of the pages of docs/tutorial.")
    parser.add_argument("--build", type=pathlib.Path, required=True, help="the tree to be tested")
    parser.add_argument("pages", nargs="*", metavar="PAGE", help="such as aio_copy; default: all")
    options = parser.parse_args()
    pages = options.pages or sorted(page.stem for page in TUTORIAL.glob("*.md")
                                    if page.stem != "README")
    good = True
    # They mostly wait, and each has a shell and a directory of its own.
    with concurrent.futures.ThreadPoolExecutor(len(pages)) as pool:
        for text, as_shown in pool.map(lambda name: run_page(options.build.resolve(), name), pages):
            print(text)
            good = good and as_shown
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
