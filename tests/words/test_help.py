"""Help, version and suggestions, as a user types them."""
import os
import shutil
import subprocess

import pytest
from threadfault import find_command


def run(*arguments):
    done = subprocess.run([find_command(), *arguments], stdin=subprocess.DEVNULL, capture_output=True, check=False,
                          encoding="utf-8")
    return done.returncode, done.stdout, done.stderr


COMMANDS = [line.split()[0] for line in run("--help")[1].split("Commands:")[1].split("Options")[0].splitlines()
            if line.startswith("  ") and line[2] != " "]


def test_help_is_a_command_too():
    assert run("help") == run("--help") == run("-h")
    for command in COMMANDS:
        assert run("help", command) == run(command, "--help") == run(command, "-h"), command


def test_the_version():
    assert run("-V") == run("--version") == run("ps", "-V")
    assert run("-V")[1].startswith("threadfault ")


@pytest.mark.parametrize("words, suggestion", [
    (["--verson"], "--version"), (["--jsn", "ps"], "--json"), (["hlp"], "help"), (["help", "kil"], "kill"),
    (["kill", "1", "stat=S"], "state="), (["kill", "1", "wating=mutex"], "waiting="), (["ps", "--commnd"], "--command"),
    (["report", "merg"], "merge"), (["report", "mrege", "part-1"], "merge"),
    (["run", "--on-start", "start=w:dely=5ms", "--", "true"], "delay="), (["completion", "bsh"], "bash"),
    (["kill", "1", "main", "--how", "vanis"], "vanish"), (["top", "--sort", "cp"], "cpu")])
def test_suggestions(words, suggestion):
    status, _, error = run(*words)
    assert status == 2 and f"did you mean {suggestion}" in error, error


def test_a_build_tree_that_is_not_whole_says_how_to_complete_it(tmp_path):
    command = tmp_path / "cli/threadfault"
    command.parent.mkdir()
    shutil.copy(find_command(), command)
    for words in ["sweep", "--", "true"], ["run", "--points", "--", "true"]:
        for built in False, True:
            done = subprocess.run([command, *words], capture_output=True, check=False, encoding="utf-8",
                                  env={"PATH": os.environ["PATH"]})
            assert done.returncode in (4, 8), done.stderr
            assert (f"cmake --build {tmp_path} --target threadfault_all_commands" in done.stderr) == built, done.stderr
            (tmp_path / "CMakeCache.txt").touch()
        (tmp_path / "CMakeCache.txt").unlink()


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_at_most_80_columns_wide(command):
    for line in run("help", command)[1].splitlines():
        assert len(line) <= 80, line


@pytest.mark.parametrize("pid", ["$pid", '"$pid"', "${pid}"])
def test_bash_completes_behind_a_variable(pid):
    script = '''eval "$($1 completion bash)"; pid=$$; COMP_WORDS=("$1" kill "$2" name=)
        COMP_LINE="${COMP_WORDS[*]}"; COMP_POINT=${#COMP_LINE}; COMP_CWORD=3; _threadfault; echo "${COMPREPLY[*]}"'''
    done = subprocess.run(["bash", "-c", script, "bash", find_command(), pid], capture_output=True, check=True,
                          encoding="utf-8")
    assert "bash" in done.stdout.replace("=", " ").split(), done
