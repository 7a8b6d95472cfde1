"""A terminal of 80 by 24 that a test types into and reads: tmux."""
import os
import shlex
import subprocess
import time

import pytest
from threadfault import Ready, find_command

PATIENCE = 60  # for a busy machine; a passing test does not wait for it


class Terminal:
    """A shell in a terminal; `dies` with the test."""

    def __init__(self, directory, **environment):
        self.socket = str(directory / "tmux")
        clean = {name: value for name, value in os.environ.items()
                 if name not in ("NO_COLOR", "TMUX", "LC_ALL", "LC_CTYPE")}
        self.environment = {**clean, "LANG": "C.UTF-8", "HISTFILE": "", **environment}
        # A shell that is not interactive, tmux's, drops PS1.
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24",
                  "env PS1='$ ' bash --norc --noprofile -i")

    def tmux(self, *words):
        return subprocess.run([os.environ["TMUX_COMMAND"], "-S", self.socket, *words], env=self.environment,
                              capture_output=True, check=True, encoding="utf-8").stdout

    def close(self):
        self.tmux("kill-server")

    def type(self, *keys):
        self.tmux("send-keys", *keys)

    def enter(self, command):
        self.tmux("send-keys", "-l", command)
        self.tmux("send-keys", "Enter")

    def top(self, *words):
        """Begins `top`, by the shell that says how it ended."""
        self.enter(shlex.join([find_command(), "top", *map(str, words)]) + "; echo status=$?")

    def screen(self, *options):
        return self.tmux("capture-pane", "-p", *options)

    def flag(self, name):
        return self.tmux("display-message", "-p", "#{" + name + "}").strip() == "1"

    def wait_until(self, condition, what):
        """The screen, once `condition` holds of it."""
        end = time.monotonic() + PATIENCE
        while True:
            screen = self.screen()
            if condition(screen):
                return screen
            assert time.monotonic() < end, f"{what} was not seen:\n{screen}"
            time.sleep(0.02)

    def wait_for(self, text):
        return self.wait_until(lambda screen: text in screen, repr(text))

    def wait_for_no(self, text):
        return self.wait_until(lambda screen: text not in screen, f"a screen without {text!r}")


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
