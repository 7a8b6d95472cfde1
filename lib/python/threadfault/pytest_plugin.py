"""The pytest plugin: fixtures, each_thread(), and the state of the targets in the report of a failed test."""
from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Callable, Iterator, List, Optional, Protocol, Sequence, SupportsIndex, Union, overload

import pytest

from ._checks import CheckFailed, describe
from ._target import AttachedTarget, LaunchedTarget, Target, launch
from ._target import attach as attach_to
from ._results import ThreadInfo

_MARK = "threadfault_each"
_FIXTURE = "threadfault_victim"
_targets = pytest.StashKey[List[Target]]()

Command = Sequence[Union[str, "os.PathLike[str]"]]
Process = Union[int, str, SupportsIndex]


class Launch(Protocol):
    """What the fixture threadfault_target is."""

    @overload
    def __call__(self, command: Command, **options: Any) -> LaunchedTarget: ...

    @overload
    def __call__(self, command: None = None, *, attach: Process, **options: Any) -> AttachedTarget: ...


@dataclass(frozen=True)
class Victim:
    """What each_thread() gives a test: a fresh target, and one thread of it."""
    target: LaunchedTarget
    thread: ThreadInfo

    @property
    def selector(self) -> str:
        return self.thread.selector


def each_thread(selector: str, command: Sequence[Union[str, "os.PathLike[str]"]],
                **options: Any) -> pytest.MarkDecorator:
    """Run a test once for each thread that the selector means, each time on a new process.

    The test takes the fixture `threadfault_victim`. One target is launched when tests are collected, to
    list its threads: they are the same from run to run by their path (`main/3`). So `ready` should say when
    all have been created. Options are those of launch().
    """
    return getattr(pytest.mark, _MARK)(selector, list(command), options)  # type: ignore[no-any-return]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f"{_MARK}(selector, command, options): a run for each thread of a program; "
                                       "made by threadfault.pytest_plugin.each_thread()")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    mark = metafunc.definition.get_closest_marker(_MARK)
    if mark is None or _FIXTURE not in metafunc.fixturenames:
        return
    selector, command, options = mark.args
    with launch(command, **options) as target:
        found = [thread for thread in target.threads(selector) if thread.path]
    if not found:
        raise pytest.UsageError(f"{metafunc.definition.nodeid}: no thread that matches {selector} has a path")
    metafunc.parametrize(_FIXTURE, [(thread, command, options) for thread in found], indirect=True,
                         ids=[f"{thread.path} {thread.name}" for thread in found])


@pytest.fixture
def threadfault_target(request: pytest.FixtureRequest) -> Iterator[Launch]:
    """launch() whose targets end with the test: threadfault_target(command, ready=Ready(...), ...). Or attach(), and
    the process is let go with the test: threadfault_target(attach=4711)."""
    endings: List[Callable[[], object]] = []
    targets = request.node.stash.setdefault(_targets, [])

    def begin(command: Optional[Command] = None, *, attach: Optional[Process] = None, **options: Any) -> Any:
        if (command is None) == (attach is None):
            raise pytest.UsageError("threadfault_target needs a command, or attach=")
        if attach is not None:
            attached = attach_to(attach, **options)
            endings.append(attached.detach)
            targets.append(attached)
            return attached
        launched = launch(command or [], **options)
        endings.append(launched.terminate)
        targets.append(launched)
        return launched

    yield begin
    for end in endings:
        end()


@pytest.fixture
def threadfault_victim(request: pytest.FixtureRequest, threadfault_target: Launch) -> Victim:
    """The target and the thread of this run of a test with each_thread()."""
    if not hasattr(request, "param"):
        raise pytest.UsageError("threadfault_victim needs @each_thread(selector, command)")
    thread, command, options = request.param
    target = threadfault_target(command, **options)
    return Victim(target, target.threads(thread)[0])


@pytest.hookimpl(hookwrapper=True)  # type: ignore[misc]
def pytest_runtest_makereport(item: pytest.Item, call: "pytest.CallInfo[None]") -> Iterator[None]:
    outcome: Any = yield
    report = outcome.get_result()
    if report.when != "call" or not report.failed:
        return
    # A check of ours has said it already.
    if call.excinfo is not None and call.excinfo.errisinstance(CheckFailed):
        return
    for target in item.stash.get(_targets, []):
        report.sections.append((f"threadfault: process {target.pid}", describe(target)))
