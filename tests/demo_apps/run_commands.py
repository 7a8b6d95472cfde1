#!/usr/bin/env python3
"""Follows docs/commands.md, as run_tutorial.py does the tutorial; and every command is on that page."""
import argparse
import os
import re
import subprocess
import sys
import tempfile

from run_readme import free_port
from run_tutorial import ROOT, Shell, Wrong, follow
from tutorial_page import read_page

PAGE = ROOT / "docs/commands.md"


def commands_of(path):
    """All that `threadfault help` lists."""
    out = subprocess.run([f"{path}/threadfault", "help"], check=True, capture_output=True, encoding="utf-8").stdout
    return set(re.findall(r"^  ([a-z]+)  ", out.split("Commands:")[1].split("\n\n")[0], re.MULTILINE))


def follow_page(path, scratch):
    text = PAGE.read_text(encoding="utf-8")
    for port in ("11398", "11399"):
        text = text.replace(port, free_port())
    first, *blocks = read_page(text)
    if "build/cli" not in first.commands[0].text:
        raise Wrong("its first block does not have the command found")
    typed = "\n".join(command.text for block in blocks for command in block.commands)
    absent = {name for name in commands_of(path) if f"threadfault {name}" not in typed}
    if absent:
        raise Wrong(f"without an example: {', '.join(sorted(absent))}")
    shell = Shell(ROOT, {**os.environ, "PATH": f"{path}:{os.environ['PATH']}", "TMPDIR": scratch})
    try:
        for block in blocks:
            follow(shell, block)
    finally:
        shell.end()
    return sum(len(block.commands) for block in blocks), sum(len(block.shown) for block in blocks)


def main():
    parser = argparse.ArgumentParser(description="Run the commands of docs/commands.md.")
    parser.add_argument("--path", required=True, help="the directory of the command")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        try:
            commands, shown = follow_page(options.path, scratch)
        except Wrong as wrong:
            print(f"{PAGE.name}: {wrong}")
            return 1
    print(f"{PAGE.name}: {commands} commands, {shown} lines as shown")
    return 0


if __name__ == "__main__":
    sys.exit(main())
