"""`top` in a terminal that a test types into and reads."""
import os
import shlex

import pytest
import terminal as support
from threadfault import Ready, find_command


class Terminal(support.Terminal):
    def top(self, *words):
        """Begins `top`, by the shell that says how it ended."""
        self.enter(shlex.join([find_command(), "top", *map(str, words)]) + "; echo status=$?")


@pytest.fixture
def open_terminal(tmp_path):
    opened = []

    def open_one(**environment):
        directory = tmp_path / str(len(opened))
        directory.mkdir()
        opened.append(Terminal(directory, **environment))
        opened[-1].wait_for("$")
        return opened[-1]
    yield open_one
    for one in opened:
        one.close()


@pytest.fixture
def terminal(open_terminal):
    return open_terminal()


@pytest.fixture
def launch(threadfault_target):
    def launch_family(mode):
        return threadfault_target([os.environ["TARGET_FAMILY"], mode, "top"], ready=Ready(output="^ready$"))
    return launch_family
