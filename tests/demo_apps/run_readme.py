#!/usr/bin/env python3
"""Follows README.md's first pages as a newcomer would, after scripts/demo: the commands behind `$ ` are typed into a
shell, in order, and what stands below them is to be seen. Of `sweep`, which takes two minutes, only the workload is
run, on a memcached of its own."""
import argparse
import os
import pathlib
import re
import shlex
import socket
import subprocess
import sys
import tempfile
import time

from run_tutorial import ROOT, Shell, Wrong, follow
from tutorial_page import Block, Command, fences


def blocks_of(text):
    """A block for each command, with what it shows."""
    for _, first, lines in fences(text):
        if not lines or not lines[0].startswith("$ ") or lines[0].startswith("$ threadfault sweep"):
            continue
        block = None
        for number, line in enumerate(lines, first):
            if line.startswith("$ "):
                if block is not None:
                    yield block
                block = Block([Command(number, line[2:])], [])
            elif line.strip():
                block.shown.append((number, line))
        yield block


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return str(one.getsockname()[1])


def run_workload(text):
    """The workload of the sweep does its work and ends with 0."""
    port = free_port()
    workload = re.search(r"--workload '(.*?)'", text)[1].replace("{port}", port)
    server = subprocess.Popen(["memcached", "-u", "nobody", "-t", "4", "-l", "127.0.0.1", "-p", port])
    try:
        # Until it listens the client can't connect.
        deadline = time.monotonic() + 30
        while True:
            done = subprocess.run(shlex.split(workload), cwd=ROOT, capture_output=True, check=False, encoding="utf-8")
            if done.returncode == 0:
                return
            if time.monotonic() > deadline:
                raise Wrong(f"`{workload}` ends with {done.returncode}: {done.stderr}")
            time.sleep(0.05)
    finally:
        server.kill()
        server.wait()


def main():
    parser = argparse.ArgumentParser(description="Run the commands of README.md.")
    parser.add_argument("--path", required=True, help="the directory of the command")
    options = parser.parse_args()
    text = (ROOT / "README.md").read_text(encoding="utf-8").replace("11299", free_port())
    # Its columns are as wide as what is in them.
    text = re.sub(r"^ +(?=\\d)", "", text, flags=re.MULTILINE)
    with tempfile.TemporaryDirectory() as scratch:
        blocks = list(blocks_of(text.replace("/tmp/cache_server", f"{scratch}/cache_server")))
        if len(blocks) < 6:
            raise Wrong(f"only {len(blocks)} commands in README.md")
        shell = Shell(ROOT, {**os.environ, "PATH": f"{options.path}:{os.environ['PATH']}"})
        try:
            for block in blocks:
                follow(shell, block)
            run_workload(text)
        except Wrong as wrong:
            print(f"README.md: {wrong}")
            return 1
        finally:
            shell.end()
    print(f"README.md: {len(blocks)} commands, {sum(len(block.shown) for block in blocks)} lines as shown")
    return 0


if __name__ == "__main__":
    sys.exit(main())
