"""A process beside the test that ends what the test has launched, however the test itself ends.

keeper.py STATUS_FD GRACE COMMAND... starts the command and writes "pid N" and "exit N" (the wait status) to
STATUS_FD. Its standard input is the lifeline: when the test closes it, or is gone, every process that came
of the command gets SIGTERM and, after GRACE seconds, SIGKILL. Daemons are among them: they become children
of this process, their subreaper.
"""
import ctypes
import os
import select
import signal
import sys
import time
from typing import List

PR_SET_CHILD_SUBREAPER = 36


def children_of(pid: int) -> List[int]:
    """Quick to read: one that forks and ends all the time must be met while it lives."""
    found: List[int] = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", "rb") as file:
                found += [int(word) for word in file.read().split()]
    except OSError:
        pass  # it has ended: its children are ours now
    return found


def send(number: int) -> None:
    """To every process below this one, parents first: one that is gone can't have more children."""
    search = children_of(os.getpid())
    for pid in search:
        below = children_of(pid)
        try:
            os.kill(pid, number)
        except OSError:
            pass  # it has ended, or belongs to another user
        search += below


class Keeper:
    def __init__(self, status_fd: int, command: List[str]) -> None:
        self.status_fd = status_fd
        self.child = os.fork()
        if self.child == 0:
            os.setsid()
            os.close(status_fd)
            null = os.open("/dev/null", os.O_RDONLY)
            os.dup2(null, 0)
            os.close(null)
            try:
                os.execvp(command[0], command)
            except OSError as error:
                os.write(2, f"{command[0]}: {error.strerror}\n".encode())
                os._exit(127)
        self.tell(f"pid {self.child}")

    def tell(self, line: str) -> None:
        try:
            os.write(self.status_fd, (line + "\n").encode())
        except OSError:
            pass  # the test is gone: nobody asks

    def reap(self) -> bool:
        """False: no process below this one is left. Orphans are children of this process, so that the kernel
        knows exactly."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == self.child:
                self.tell(f"exit {status}")

    def keep(self, grace: float) -> None:
        wake, note = os.pipe()
        os.set_blocking(note, False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.set_wakeup_fd(note)
        poller = select.poll()
        poller.register(0, select.POLLIN | select.POLLHUP)
        poller.register(wake, select.POLLIN)
        lifeline = True
        while lifeline:
            self.reap()
            for fd, _ in poller.poll():
                if fd == wake:
                    os.read(wake, 4096)
                elif not os.read(0, 4096):
                    lifeline = False
        poller.unregister(0)
        send(signal.SIGTERM)
        deadline = time.monotonic() + grace
        while self.reap() and time.monotonic() < deadline:
            for fd, _ in poller.poll(20):
                os.read(fd, 4096)
        # Some fork while they are being ended: until none is left, but not for ever (another user's).
        deadline = time.monotonic() + 10
        while self.reap() and time.monotonic() < deadline:
            send(signal.SIGKILL)
            for fd, _ in poller.poll(1):
                os.read(fd, 4096)


def main() -> None:
    os.setsid()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    keeper = Keeper(int(sys.argv[1]), sys.argv[3:])
    # The streams are the command's: its end is to be their end.
    null = os.open("/dev/null", os.O_RDWR)
    os.dup2(null, 1)
    os.dup2(null, 2)
    keeper.keep(float(sys.argv[2]))


if __name__ == "__main__":
    main()
