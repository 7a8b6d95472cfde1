"""Assertions: each raises CheckFailed, which shows what the threads wait for and where the victim was."""
from __future__ import annotations

import textwrap
from typing import Optional, Union

from ._command import Duration, Error, run_text
from ._results import WatchReport
from ._target import Target
from ._verbs import locks, watch

_TAIL = 1000


class CheckFailed(AssertionError):
    """The state of the target is part of the message."""


def _target(target: Union[Target, int]) -> Target:
    return target if isinstance(target, Target) else Target(target)


def describe(target: Union[Target, int], watched: Optional[WatchReport] = None) -> str:
    """Verdict, lock tree, the stack of the latest victim and the end of standard error, as text."""
    target = _target(target)
    lines = []
    if not target.alive:
        lines.append(f"{target} {target.end_text()}")
    else:
        try:
            watched = watched or watch(target, 0.3)
            lines += [f"{target} is {watched.verdict}", *(f"  {one}" for one in watched.evidence), "locks:",
                      textwrap.indent(run_text("locks", str(target.pid)).rstrip(), "  ")]
        except Error as error:
            lines.append(f"{target}: {error}")
    if target.last_stack:
        lines += ["stack of the latest victim before it ended:", textwrap.indent(target.last_stack, "  ")]
    if target.errors.strip():
        lines += ["standard error:", textwrap.indent(target.errors[-_TAIL:].rstrip(), "  ")]
    return "\n".join(lines)


def stays_alive(target: Union[Target, int], duration: Duration = 1.0) -> bool:
    """The process does not end for that long."""
    __tracebackhide__ = True
    target = _target(target)
    if target.wait(duration):
        raise CheckFailed(f"expected: stays alive for {duration} s\n{describe(target)}")
    return True


def progresses(target: Union[Target, int], duration: Duration = 1.0) -> bool:
    """`threadfault watch` says "progressing". A server that nobody asks anything is idle: give it work."""
    __tracebackhide__ = True
    target = _target(target)
    if not target.alive:
        raise CheckFailed(f"expected: makes progress\n{describe(target)}")
    seen = watch(target, duration)
    if seen.verdict != "progressing":
        raise CheckFailed(f"expected: makes progress within {duration} s\n{describe(target, seen)}")
    return True


def no_orphaned_locks(target: Union[Target, int]) -> bool:
    """No thread waits for a lock whose owner is dead."""
    __tracebackhide__ = True
    target = _target(target)
    if not target.alive:
        raise CheckFailed(f"expected: no orphaned locks\n{describe(target)}")
    orphaned = locks(target).orphaned
    if orphaned:
        names = ", ".join(f"{lock} (waited for by {len(lock.waiters)})" for lock in orphaned)
        raise CheckFailed(f"expected: no orphaned locks, found {names}\n{describe(target)}")
    return True
