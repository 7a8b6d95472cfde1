"""A program under test."""
from __future__ import annotations

import operator
import os
import pathlib
import re
import select
import signal as signals
import socket
import subprocess
import sys
import threading
import time
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, SupportsIndex, TypeVar, Union

from . import _verbs as verbs
from ._command import Duration, Error, duration_text, find_command, run
from ._ready import Ready, has_agent, has_thread, is_listening
from ._results import FaultFailed, FaultResult, LockReport, ThreadInfo, ThreadStack, WatchReport
from ._verbs import Thread

_POLL = 0.02
T = TypeVar("T")


def seconds_of(duration: Duration) -> float:
    if not isinstance(duration, str):
        return float(duration)
    match = re.fullmatch(r"([0-9.]+)(us|ms|s|m|h)", duration)
    if not match:
        raise ValueError(f'"{duration}" is not a duration: write 250ms, 2s or 1m')
    return float(match[1]) * {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}[match[2]]


def free_port() -> int:
    """A TCP port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class _Collector:
    """What a program writes to one stream, and who waits for a line of it."""

    def __init__(self, stream: Any, changed: threading.Condition) -> None:
        self.data = b""
        self._changed = changed
        self._stream = stream
        threading.Thread(target=self._collect, daemon=True).start()

    def _collect(self) -> None:
        with self._stream:
            while True:
                piece = os.read(self._stream.fileno(), 65536)
                with self._changed:
                    self.data += piece
                    self._changed.notify_all()
                if not piece:
                    return

    def text(self) -> str:
        return self.data.decode(errors="replace")


def _command_of(pid: int) -> List[str]:
    try:
        line = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError as error:
        raise Error("no_such_process", f"no such process: {pid}", exit_status=3) from error
    return [word.decode(errors="replace") for word in line.split(b"\0")[:-1]]


class Target(SupportsIndex):
    """A process whose threads faults are injected into; stands for its process id wherever one is taken.

    launch() starts one, attach() takes one that runs already. Target(pid) is a process that somebody else
    started under `threadfault run`, or attached to: it is left alone when the test ends.
    """

    def __init__(self, pid: int, *, last_stacks: bool = True, command: Optional[Sequence[str]] = None) -> None:
        self.pid = pid
        self.port: Optional[int] = None
        self.last_stacks = last_stacks
        # One that we have started may have ended by now.
        self.command: List[str] = _command_of(pid) if command is None else list(command)
        self._last_stack = ""

    def __index__(self) -> int:
        return self.pid

    def __str__(self) -> str:
        return f"target {' '.join(self.command)} (process {self.pid})"

    def __repr__(self) -> str:
        return f"<{self}>"

    # ---- the process

    def wait(self, timeout: Duration = 10.0) -> bool:
        """Until it has ended; False: it still runs."""
        try:
            fd = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return True
        try:
            poller = select.poll()
            poller.register(fd, select.POLLIN)
            return bool(poller.poll(seconds_of(timeout) * 1000))
        finally:
            os.close(fd)

    @property
    def alive(self) -> bool:
        return not self.wait(0)

    @property
    def exit_code(self) -> Optional[int]:
        """As subprocess has it: -N after signal N. None: it runs, or is not a child of ours."""
        return None

    @property
    def output(self) -> str:
        """What it wrote to its standard output so far (of launched ones)."""
        return ""

    @property
    def errors(self) -> str:
        """The same of its standard error."""
        return ""

    @property
    def last_stack(self) -> str:
        """The stacks of the latest victims of kill(), before it."""
        return self._last_stack

    def end_text(self) -> str:
        code = self.exit_code
        if code is None:
            return "ended"
        if code < 0:
            return f"was ended by {signals.Signals(-code).name}"
        return f"exited with code {code}"

    # ---- faults: see the functions of the same names

    def kill(self, thread: Thread, **options: Any) -> List[FaultResult]:
        """End a thread; options as kill() has them. Its stack before that is kept for last_stack."""
        stacks: List[ThreadStack] = []
        if self.last_stacks:
            try:
                stacks = verbs.stack(self, thread)
            except Error:
                pass  # the fault itself says what is wrong
        results: List[FaultResult] = []
        try:
            results = verbs.kill(self, thread, **options)
        except FaultFailed as failure:
            results = failure.results
            raise
        finally:
            victims = {result.tid for result in results}
            self._last_stack = "\n".join(str(one) for one in stacks if one.tid in victims)
        return results

    def freeze(self, thread: Thread, duration: Optional[Duration] = None, **options: Any) -> List[FaultResult]:
        return verbs.freeze(self, thread, duration, **options)

    def thaw(self, thread: Thread, **options: Any) -> List[FaultResult]:
        return verbs.thaw(self, thread, **options)

    def slow(self, thread: Thread, to: int, duration: Optional[Duration] = None, **options: Any) -> List[FaultResult]:
        return verbs.slow(self, thread, to, duration, **options)

    def delay(self, thread: Thread, duration: Duration, **options: Any) -> List[FaultResult]:
        return verbs.delay(self, thread, duration, **options)

    def spin(self, thread: Thread, duration: Duration, **options: Any) -> List[FaultResult]:
        return verbs.spin(self, thread, duration, **options)

    def interrupt(self, thread: Thread, **options: Any) -> List[FaultResult]:
        return verbs.interrupt(self, thread, **options)

    def signal(self, thread: Thread, number: Union[int, str], value: Optional[int] = None,
               **options: Any) -> List[FaultResult]:
        return verbs.signal(self, thread, number, value, **options)

    # ---- looks

    def threads(self, thread: Optional[Thread] = None) -> List[ThreadInfo]:
        return verbs.threads(self, thread)

    def stack(self, thread: Optional[Thread] = None) -> List[ThreadStack]:
        return verbs.stack(self, thread)

    def locks(self) -> LockReport:
        return verbs.locks(self)

    def watch(self, duration: Duration = 1.0) -> WatchReport:
        return verbs.watch(self, duration)


class AttachedTarget(Target):
    """One that attach() attached to: it goes on as it was when the test ends."""

    def detach(self) -> None:
        """Undoes the faults in force, and takes away all that is ours in it."""
        try:
            run("detach", str(self.pid))
        except Error as error:
            # It has ended, or somebody has detached already.
            if error.exit_status not in (3, 4):
                raise

    def __enter__(self) -> AttachedTarget:
        return self

    def __exit__(self, *unused: object) -> None:
        self.detach()


class LaunchedTarget(Target):
    """One that launch() started: it ends with the test, and with it every process that it made."""

    def __init__(self, command: Sequence[str], environment: Dict[str, str], directory: Optional[str],
                 options: Sequence[str], grace: float, last_stacks: bool) -> None:
        self._preload = os.fsencode(environment.get("LD_PRELOAD", ""))
        status_read, status_write = os.pipe()
        keeper = [sys.executable, "-I", "-S", str(pathlib.Path(__file__).with_name("_keeper.py")),
                  str(status_write), str(grace), find_command(), "run", *options, "--", *command]
        try:
            self._keeper = subprocess.Popen(keeper, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            stderr=subprocess.PIPE, pass_fds=[status_write], env=environment,
                                            cwd=directory)
        except OSError:
            os.close(status_read)
            raise
        finally:
            os.close(status_write)
        self._status = os.fdopen(status_read, "rb")
        self._changed = threading.Condition()
        self._exit: Optional[int] = None
        self._gone = False
        line = self._status.readline().split()
        if len(line) != 2 or line[0] != b"pid":
            raise Error("internal", "the keeper of the target did not start")
        super().__init__(int(line[1]), last_stacks=last_stacks, command=command)
        self._output = _Collector(self._keeper.stdout, self._changed)
        self._errors = _Collector(self._keeper.stderr, self._changed)
        threading.Thread(target=self._await_exit, daemon=True).start()

    def _await_exit(self) -> None:
        with self._status:
            for line in self._status:
                word, _, number = line.partition(b" ")
                if word == b"exit":
                    with self._changed:
                        self._exit = os.waitstatus_to_exitcode(int(number))
                        self._changed.notify_all()
        with self._changed:
            self._gone = True
            self._changed.notify_all()

    def _wait_for(self, condition: Callable[[], Optional[T]], deadline: float) -> Optional[T]:
        with self._changed:
            while True:
                found = condition()
                left = deadline - time.monotonic()
                if found or left <= 0:
                    return found
                self._changed.wait(left)

    def wait(self, timeout: Duration = 10.0) -> bool:
        deadline = time.monotonic() + seconds_of(timeout)
        return bool(self._wait_for(lambda: self._exit is not None or self._gone, deadline))

    @property
    def exit_code(self) -> Optional[int]:
        return self._exit

    @property
    def output(self) -> str:
        return self._output.text()

    @property
    def errors(self) -> str:
        return self._errors.text()

    def wait_for_line(self, pattern: str, timeout: Duration = 10.0) -> Optional[str]:
        """The first line of standard output or standard error that the regular expression matches; None: not
        in that time."""
        regex = re.compile(pattern)

        def search() -> Optional[str]:
            for text in (self.output, self.errors):
                for line in text.splitlines():
                    if regex.search(line):
                        return line
            return None

        return self._wait_for(search, time.monotonic() + seconds_of(timeout))

    def _is_program(self) -> bool:
        """The program runs, and not yet `threadfault run`, which becomes it with the shim in LD_PRELOAD."""
        try:
            variables = pathlib.Path(f"/proc/{self.pid}/environ").read_bytes().split(b"\0")
        except PermissionError:
            return True
        except OSError:
            return False
        preload = [one.partition(b"=")[2] for one in variables if one.startswith(b"LD_PRELOAD=")]
        return bool(preload) and preload[0] != self._preload

    def await_ready(self, ready: Ready) -> None:
        """Raises Error "not_ready"."""
        deadline = time.monotonic() + seconds_of(ready.within)
        conditions: List[Callable[[], Any]] = [self._is_program]
        missing = ["the program runs"]
        if ready.output is not None:
            pattern = ready.output
            conditions.append(lambda: self.wait_for_line(pattern, 0))
            missing.append(f'a line matches "{pattern}"')
        if ready.listening is not None:
            place = ready.listening
            conditions.append(lambda: is_listening(self.pid, place))
            missing.append(f"it listens on {place}")
        if ready.thread is not None:
            selector = ready.thread
            conditions.append(lambda: has_thread(self.pid, selector))
            missing.append(f"a thread matches {selector}")
        while True:
            while conditions and conditions[0]():
                del conditions[0], missing[0]
            # A program whose agent can't start is what it is: the first fault says why.
            if not conditions and (has_agent(self.pid) or self.wait(0) or time.monotonic() >= deadline):
                return
            ended = self.wait(0)
            if conditions and (ended or time.monotonic() >= deadline):
                break
            self._wait_for(lambda: self._exit is not None, min(deadline, time.monotonic() + _POLL))
        why = f"it {self.end_text()}" if ended else f"not within {ready.within} s"
        tail = (self.output + self.errors)[-1000:].strip()
        raise Error("not_ready", f"{self} is not ready: {missing[0]}: {why}" + (f"\n{tail}" if tail else ""),
                    exit_status=6)

    def terminate(self) -> Optional[int]:
        """Ends it and what it started: SIGTERM, and SIGKILL after the grace. Its exit code."""
        if self._keeper.stdin is not None and not self._keeper.stdin.closed:
            self._keeper.stdin.close()
        self._keeper.wait()
        self._wait_for(lambda: self._gone, time.monotonic() + 10)
        return self._exit

    def __enter__(self) -> LaunchedTarget:
        return self

    def __exit__(self, *unused: object) -> None:
        self.terminate()


def _with_port(value: T, port: int) -> T:
    return value.replace("{port}", str(port)) if isinstance(value, str) else value  # type: ignore[return-value]


def launch(command: Sequence[Union[str, "os.PathLike[str]"]], *, ready: Optional[Ready] = None,
           env: Optional[Mapping[str, str]] = None, cwd: Union[str, "os.PathLike[str]", None] = None,
           points: bool = False, inject: Sequence[str] = (), on_start: Sequence[str] = (),
           grace: Duration = 1.0, last_stacks: bool = True) -> LaunchedTarget:
    """Start a program under the shim, and return when it is ready.

    "{port}" in the command, the environment and `ready` stands for one free TCP port, `Target.port`. `env`
    is added to the test's environment. `points` allows call faults later, `inject` and `on_start` are call
    faults and faults at the start of threads, as `threadfault run` takes them. `grace` is the time between
    SIGTERM and SIGKILL at its end. kill() takes the victim's stack beforehand unless `last_stacks` is False.
    """
    words = [os.fspath(word) for word in command]
    if not words:
        raise ValueError("the command is empty")
    ready = ready or Ready()
    port = free_port() if any("{port}" in str(text) for text in (*words, *(env or {}).values(), ready)) else None
    if port is not None:
        words = [_with_port(word, port) for word in words]
        ready = Ready(_with_port(ready.output, port), _with_port(ready.listening, port),
                      _with_port(ready.thread, port), ready.within)
    environment = dict(os.environ)
    for name, value in (env or {}).items():
        environment[name] = _with_port(value, port) if port is not None else value
    options = ["--points"] if points else []
    for spec in inject:
        options += ["--inject", spec]
    for spec in on_start:
        options += ["--on-start", spec]
    target = LaunchedTarget(words, environment, None if cwd is None else os.fspath(cwd), options, seconds_of(grace),
                            last_stacks)
    target.port = port
    try:
        target.await_ready(ready)
    except BaseException:
        target.terminate()
        raise
    return target


def attach(process: Union[int, str, SupportsIndex], *, lasts: Duration = "10m",
           last_stacks: bool = True) -> AttachedTarget:
    """Attach to a process that runs without the shim: its id, or a name as `threadfault attach --command` takes it.

    Nothing remains of it after detach(), nor when `lasts` is over: a test that is killed detaches nothing. Raises
    Error: "not_permitted", "no_such_process", and the others of `threadfault attach`.
    """
    words = ["--command", process] if isinstance(process, str) else [str(operator.index(process))]
    _, answer = run("attach", *words, "--for", duration_text(lasts))
    return AttachedTarget(answer["pid"], last_stacks=last_stacks)
