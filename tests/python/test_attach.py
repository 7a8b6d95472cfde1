"""A process that runs already, without the shim."""
import os
import pathlib
import shutil
import subprocess

import pytest
from conftest import FAMILY
from threadfault import Error, attach, launch


@pytest.fixture
def running():
    """One that the tests have not launched through threadfault."""
    with subprocess.Popen([FAMILY, "workers", "python"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def region(pid):
    """What attaching puts into a process: the only anonymous mapping that is executable."""
    maps = pathlib.Path(f"/proc/{pid}/maps").read_text(encoding="utf-8").splitlines()
    return [line for line in maps if " r-xp 00000000 00:00 0" in line and "[" not in line]


def test_a_running_process_is_let_go(running):
    with attach(running.pid) as target:
        assert region(running.pid)
        assert {thread.name for thread in target.threads("name=worker*")} == {"worker-0", "worker-1", "worker-2"}
        target.freeze("name=worker-1")
        assert target.threads("name=worker-1")[0].faults
        result, = target.kill("name=worker-0", how="vanish")
        assert result.outcome == "ended"
        assert "worker" in target.last_stack
        with pytest.raises(Error) as caught:
            attach(running.pid)
        assert caught.value.code == "too_many"
        assert "attached" in str(caught.value)
    assert running.poll() is None
    assert not region(running.pid)
    target.detach()  # a second time is no error


def test_the_fixture_lets_go(pytester, running):
    pytester.makepyfile(f"""
def test_it(threadfault_target):
    target = threadfault_target(attach={running.pid})
    target.freeze("name=worker-2", "10s")
    assert target.alive

def test_it_needs_something(threadfault_target):
    threadfault_target()
""")
    result = pytester.runpytest_subprocess("-p", "threadfault.pytest_plugin", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*threadfault_target needs a command, or attach=*"])
    assert running.poll() is None
    assert not region(running.pid)


def test_by_the_name_of_a_command(tmp_path):
    name = f"family{os.getpid()}"
    shutil.copy(FAMILY, tmp_path / name)
    with subprocess.Popen([tmp_path / name, "workers", "python"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        with attach(name) as target:
            assert target.pid == process.pid
        process.kill()


def test_an_end_is_no_error(running):
    with attach(running.pid, lasts=60, last_stacks=False):
        running.kill()
        running.wait()


def test_what_can_not_be_attached_to():
    with launch([FAMILY, "workers", "python"]) as under_shim:
        with pytest.raises(Error, match="runs under threadfault") as caught:
            attach(under_shim)
        assert caught.value.code == "too_many"
    with pytest.raises(Error) as caught:
        attach("no-such-command-as-this")
    assert caught.value.exit_status == 3
