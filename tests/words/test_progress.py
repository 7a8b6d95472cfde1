"""How far `watch` and `storm` are is told on a terminal, and nothing is left of it."""
import os
import re

import pytest
from terminal import Terminal
from threadfault import Ready, find_command


@pytest.mark.parametrize("words, seen, end", [
    ("watch {pid} --for 2s", r"^watching \d+: \d.* of 2", "progressing"),
    ("storm {pid} --every 700ms --faults interrupt --for 2s --journal {tmp}/storm", r"^storm: \d.* of 2", "seed")],
    ids=["watch", "storm"])
def test_progress(words, seen, end, tmp_path, threadfault_target):
    target = threadfault_target([os.environ["TARGET_FAMILY"], "workers", "progress"], ready=Ready(output="^ready$"))
    terminal = Terminal(tmp_path)
    try:
        terminal.wait_for("$")
        terminal.enter(f"{find_command()} {words.format(pid=target.pid, tmp=tmp_path)}")
        terminal.wait_until(lambda screen: re.search(seen, screen, re.MULTILINE), "the line")
        screen = terminal.wait_for(end)
        assert not re.search(seen, screen, re.MULTILINE), screen
    finally:
        terminal.close()
