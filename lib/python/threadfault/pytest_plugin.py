"""The pytest plugin: fixtures, each_thread(), and the state of the targets in the report of a failed test."""
from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Callable, Iterator, List, Sequence, Union

import pytest

from ._checks import CheckFailed, describe
from ._target import LaunchedTarget, launch
from ._results import ThreadInfo

_MARK = "threadfault_each"
_FIXTURE = "threadfault_victim"
_launched = pytest.StashKey[List[LaunchedTarget]]()

Launch = Callable[..., LaunchedTarget]


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
    """launch() whose targets end with the test: threadfault_target(command, ready=Ready(...), ...)."""
    targets: List[LaunchedTarget] = request.node.stash.setdefault(_launched, [])

    def launch_here(command: Sequence[Union[str, "os.PathLike[str]"]], **options: Any) -> LaunchedTarget:
        target = launch(command, **options)
        targets.append(target)
        return target

    yield launch_here
    for target in targets:
        target.terminate()


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
    for target in item.stash.get(_launched, []):
        report.sections.append((f"threadfault: process {target.pid}", describe(target)))
