"""However it ends, the terminal is as it was before."""
import os
import signal

import pytest


def process_of_top(terminal):
    """The process that has the terminal."""
    pane = int(terminal.tmux("display-message", "-p", "#{pane_pid}"))
    with open(f"/proc/{pane}/stat", encoding="ascii", errors="replace") as file:
        return int(file.read().rsplit(")", 1)[1].split()[5])


def settings_of(terminal, number):
    """As a program finds them that the shell starts."""
    path = terminal.socket + f".settings-{number}"
    terminal.enter(f"stty -a > {path}; echo sa''ved-{number}")
    terminal.wait_for(f"saved-{number}")
    with open(path, encoding="ascii") as file:
        return file.read()


def begin(terminal, target, *words):
    """The terminal's settings before."""
    before = settings_of(terminal, 1)
    terminal.top(target.pid, *words)
    terminal.wait_for("worker-2")
    assert terminal.flag("alternate_on") and not terminal.flag("cursor_flag")
    return before


def is_as_before(terminal, before, status=0):
    screen = terminal.wait_for(f"status={status}")
    assert "saved-1" in screen and "worker-2" not in screen, screen
    assert not terminal.flag("alternate_on") and terminal.flag("cursor_flag")
    assert settings_of(terminal, 2) == before


@pytest.fixture
def target(launch):
    return launch("workers")


def test_q(target, terminal):
    before = begin(terminal, target)
    terminal.type("q")
    is_as_before(terminal, before)


def test_ctrl_c(target, terminal):
    before = begin(terminal, target)
    terminal.type("C-c")
    # Bash leaves the list of commands behind an interrupted one.
    terminal.enter("echo status=$?")
    is_as_before(terminal, before)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_signals(target, terminal, number):
    before = begin(terminal, target)
    os.kill(process_of_top(terminal), number)
    is_as_before(terminal, before)


def test_for(target, terminal):
    before = begin(terminal, target, "--for", "5s")
    is_as_before(terminal, before)


def test_the_target_is_killed(target, terminal):
    before = begin(terminal, target)
    os.kill(target.pid, signal.SIGKILL)
    screen = terminal.wait_for("the process was ended by SIGKILL")
    assert "worker-2" in screen, screen
    terminal.type("q")
    is_as_before(terminal, before)


def test_ctrl_z(target, terminal):
    before = begin(terminal, target)
    for _ in range(2):
        terminal.type("C-z")
        terminal.wait_for("Stopped")
        assert not terminal.flag("alternate_on") and terminal.flag("cursor_flag")
        terminal.enter("clear; echo back; fg")
        terminal.wait_for("worker-2")
        assert terminal.flag("alternate_on")
    terminal.type("T")
    terminal.wait_for("└─ worker-2")
    terminal.type("q")
    terminal.enter("echo saved''-1 status=$?")
    is_as_before(terminal, before)


def test_a_terminal_without_a_cursor(target, open_terminal):
    terminal = open_terminal()
    terminal.enter("export TERM=dumb")
    terminal.top(target.pid)
    screen = terminal.wait_for("status=2")
    assert 'the terminal "dumb"' in screen and "--once" in screen, screen
