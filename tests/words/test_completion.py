"""Completion as it is typed, in each of the shells: tmux types the keys and reads the screen."""
import os
import pathlib
import shutil

import pytest
from terminal import Terminal
from threadfault import Ready, find_command

# How each is begun without the user's settings, and how it loads the script. fish has a prompt of its own.
SHELLS = {
    "bash": (Terminal.SHELL, 'source <(threadfault completion bash)'),
    "zsh": ("env PS1='$ ' zsh -f -i", 'autoload -U compinit; compinit -D; source <(threadfault completion zsh)'),
    "fish": ("""fish --no-config --interactive --init-command "function fish_prompt; echo -n '\\$ '; end" """,
             'threadfault completion fish | source'),
}


@pytest.fixture(params=SHELLS)
def shell(request, tmp_path):
    """A terminal with that shell, which has completion."""
    if shutil.which(request.param) is None:
        pytest.skip(f"NO COMPLETION TESTED IN {request.param}: it is not installed (apt install {request.param})")
    begin, load = SHELLS[request.param]
    path = f"{pathlib.Path(find_command()).parent}:{os.environ['PATH']}"
    terminal = Terminal(tmp_path, begin, PATH=path, HOME=str(tmp_path), XDG_CONFIG_HOME=str(tmp_path), SHELL="/bin/sh")
    terminal.name = request.param
    terminal.wait_for("$")
    terminal.enter(load + "; echo lo''aded")
    terminal.wait_for("loaded")
    yield terminal
    terminal.close()


def complete(terminal, typed, expected):
    terminal.type("C-l")
    terminal.tmux("send-keys", "-l", typed)
    terminal.wait_for(typed)
    terminal.type("Tab")
    screen = terminal.wait_for(expected)
    terminal.type("C-u")
    terminal.wait_for_no("$ threadfault")
    return screen


def test_commands_options_and_values(shell):
    complete(shell, "threadfault det", "threadfault detach")
    complete(shell, "threadfault kill --ho", "--how")
    complete(shell, "threadfault kill --how van", "--how vanish")
    complete(shell, "threadfault signal 1 main CON", "main CONT")
    complete(shell, "threadfault kill 1 name=x,waiting=mut", "name=x,waiting=mutex")


def test_threads_of_a_process(shell, threadfault_target):
    target = threadfault_target([os.environ["TARGET_FAMILY"], "workers", "completion"], ready=Ready(output="^ready$"))
    complete(shell, f"threadfault kill {target.pid} name=fam", "name=family")
    complete(shell, f"threadfault freeze {target.pid} name=wor", "name=worker-")
    shell.enter(f"set -g pid {target.pid}" if shell.name == "fish" else f"pid={target.pid}")
    for variable in ["$pid", '"$pid"'] + ([] if shell.name == "fish" else ["${pid}"]):
        complete(shell, f"threadfault freeze {variable} name=wor", "name=worker-")
