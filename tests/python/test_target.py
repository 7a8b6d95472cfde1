"""Launching, readiness, and that nothing is left behind."""
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest
from conftest import FAMILY
from threadfault import Error, Ready, Target, launch

SERVER = """
import socketserver, sys, threading
class Answer(socketserver.StreamRequestHandler):
    def handle(self): self.wfile.write(b'hello')
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
threading.Thread(target=threading.Event().wait, name='idler', daemon=True).start()
Server(('127.0.0.1', int(sys.argv[1])), Answer).serve_forever()
"""


def processes(tag):
    found = []
    for line in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if tag.encode() in line.read_bytes().split(b"\0"):
                found.append(int(line.parent.name))
        except OSError:
            pass
    return found


def await_none(tag, patience=60.0):
    deadline = time.monotonic() + patience
    while processes(tag):
        assert time.monotonic() < deadline, f"still there: {processes(tag)}"
        time.sleep(0.02)


def test_a_port_of_its_own(threadfault_target):
    server = threadfault_target([sys.executable, "-c", SERVER, "{port}"], ready=Ready(listening="{port}"))
    assert server.port is not None and server.command[-1] == str(server.port)
    assert len(server.threads()) >= 2


def test_ready_by_thread(threadfault_target):
    target = threadfault_target([FAMILY, "workers", "python"], ready=Ready(thread="name=worker-2"))
    assert target.threads("name=worker-2")


def test_not_ready():
    with pytest.raises(Error, match="is not ready") as caught:
        launch([FAMILY, "quiet", "python-not-ready"], ready=Ready(output="^never", within=0.2))
    assert caught.value.code == "not_ready"
    assert not processes("python-not-ready")


def test_a_program_that_can_not_start():
    with pytest.raises(Error, match="exited with code 127"):
        launch(["/nonexistent/program"])


def test_ends_and_output(threadfault_target):
    target = threadfault_target([FAMILY, "polite", "python"], ready=Ready(output="^ready$"))
    assert target.alive and target.exit_code is None
    os.kill(target.pid, signal.SIGTERM)
    assert target.wait_for_line("^bye$", 30) == "bye"
    assert target.wait(30) and target.exit_code == 3 and not target.alive


@pytest.mark.parametrize("mode", ["stubborn", "daemons", "hopper"])
def test_nothing_is_left(mode):
    tag = f"python-{mode}-{os.getpid()}"
    with launch([FAMILY, mode, tag], ready=Ready(output="^ready$"), grace=0.1):
        deadline = time.monotonic() + 30
        while not processes(tag):  # "hopper" is easy to miss
            assert time.monotonic() < deadline
    assert not processes(tag)


def test_nothing_is_left_when_the_test_is_killed():
    tag = f"python-killed-{os.getpid()}"
    script = (f"from threadfault import launch, Ready\n"
              f"target = launch([{FAMILY!r}, 'daemons', {tag!r}], ready=Ready(output='^ready$'), grace=0.1)\n"
              f"print('launched', flush=True)\ntarget.wait(600)\n")
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as test:
        assert test.stdout.readline() == b"launched\n"
        assert processes(tag)
        test.kill()
    await_none(tag)


def test_a_target_of_somebody_else_is_left_alone(family):
    launched = family("workers")
    attached = Target(launched.pid)
    attached.kill("name=worker-0", how="vanish")
    del attached
    assert launched.alive
    with pytest.raises(Error) as caught:
        Target(2 ** 22 + 1)
    assert caught.value.code == "no_such_process"
