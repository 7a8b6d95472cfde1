"""What can be done to threads and seen of them: one function a command.

`target` is a process id or a Target, `thread` a thread id, a ThreadInfo or a selector ("name=worker*",
"path=main/3"; `threadfault kill --help` has them all). Faults return one FaultResult a victim.
"""
from __future__ import annotations

import operator
from typing import List, Optional, SupportsIndex, Union

from ._command import Duration, duration_text, run
from ._results import (FaultResult, LockInfo, LockReport, NoEffect, TargetDied, ThreadInfo, ThreadStack,
                       WatchReport)

Thread = Union[int, str, ThreadInfo]


def thread_text(thread: Thread) -> str:
    return thread.selector if isinstance(thread, ThreadInfo) else str(thread)


def _pid(target: SupportsIndex) -> str:
    return str(operator.index(target))


def _fault(verb: str, target: SupportsIndex, thread: Thread, *words: str, pick: str, seed: Optional[int],
           wait: Optional[Duration], check: bool) -> List[FaultResult]:
    arguments = [verb, _pid(target), thread_text(thread), *words]
    if pick not in ("one", "first", "all", "random"):
        raise ValueError(f'pick is "one", "first", "all" or "random", not {pick!r}')
    if pick == "random" and seed is not None:
        arguments.append(f"--random={seed}")
    elif pick != "one":
        arguments.append(f"--{pick}")
    if wait is not None:
        arguments += ["--wait", duration_text(wait)]
    status, answer = run(*arguments)
    results = [FaultResult.of(one) for one in answer.get("results", [answer])]
    if check and status != 0:
        told = "; ".join(str(result) for result in results if not result.took_effect)
        raise (TargetDied if status == 7 else NoEffect)(f"threadfault {' '.join(arguments)}: {told}", results)
    return results


def _lasting(duration: Optional[Duration]) -> List[str]:
    return [] if duration is None else ["--for", duration_text(duration)]


def kill(target: SupportsIndex, thread: Thread, *, how: str = "cancel", anywhere: bool = False, pick: str = "one",
         seed: Optional[int] = None, wait: Optional[Duration] = None, check: bool = True) -> List[FaultResult]:
    """End a thread: how is "cancel", "async-cancel", "exit" or "vanish".

    Raises NoEffect when that did not happen within `wait` (1 s) and TargetDied when the process died of
    it, unless `check` is False; then the results say so.
    """
    return _fault("kill", target, thread, "--how", how, *(["--anywhere"] if anywhere else []),
                  pick=pick, seed=seed, wait=wait, check=check)


def freeze(target: SupportsIndex, thread: Thread, duration: Optional[Duration] = None, *, pick: str = "one",
           seed: Optional[int] = None, wait: Optional[Duration] = None, check: bool = True) -> List[FaultResult]:
    """Hold a thread in place, for `duration` or until thaw()."""
    return _fault("freeze", target, thread, *_lasting(duration), pick=pick, seed=seed, wait=wait, check=check)


def thaw(target: SupportsIndex, thread: Thread, *, pick: str = "one", seed: Optional[int] = None,
         wait: Optional[Duration] = None, check: bool = True) -> List[FaultResult]:
    """Undo the faults in force on a thread."""
    return _fault("thaw", target, thread, pick=pick, seed=seed, wait=wait, check=check)


def slow(target: SupportsIndex, thread: Thread, to: int, duration: Optional[Duration] = None, *, pick: str = "one",
         seed: Optional[int] = None, wait: Optional[Duration] = None, check: bool = True) -> List[FaultResult]:
    """Let a thread run `to` percent of the time."""
    return _fault("slow", target, thread, "--to", f"{to}%", *_lasting(duration), pick=pick, seed=seed, wait=wait,
                  check=check)


def delay(target: SupportsIndex, thread: Thread, duration: Duration, *, pick: str = "one",
          seed: Optional[int] = None, wait: Optional[Duration] = None, check: bool = True) -> List[FaultResult]:
    """Hold a thread once."""
    return _fault("delay", target, thread, duration_text(duration), pick=pick, seed=seed, wait=wait, check=check)


def spin(target: SupportsIndex, thread: Thread, duration: Duration, *, pick: str = "one",
         seed: Optional[int] = None, wait: Optional[Duration] = None, check: bool = True) -> List[FaultResult]:
    """Have a thread burn that much CPU time."""
    return _fault("spin", target, thread, duration_text(duration), pick=pick, seed=seed, wait=wait, check=check)


def interrupt(target: SupportsIndex, thread: Thread, *, pick: str = "one", seed: Optional[int] = None,
              wait: Optional[Duration] = None, check: bool = True) -> List[FaultResult]:
    """Have the blocking call of a thread return EINTR."""
    return _fault("interrupt", target, thread, pick=pick, seed=seed, wait=wait, check=check)


def signal(target: SupportsIndex, thread: Thread, number: Union[int, str], value: Optional[int] = None, *,
           pick: str = "one", seed: Optional[int] = None, wait: Optional[Duration] = None,
           check: bool = True) -> List[FaultResult]:
    """Queue a signal ("USR1", 10, signal.SIGUSR1) to a thread."""
    word = number if isinstance(number, str) else str(int(number))
    return _fault("signal", target, thread, word, *([] if value is None else ["--value", str(value)]),
                  pick=pick, seed=seed, wait=wait, check=check)


def threads(target: SupportsIndex, thread: Optional[Thread] = None) -> List[ThreadInfo]:
    """All threads, or those that a selector means (none: Error "no_such_thread")."""
    _, answer = run("ps", _pid(target), *([] if thread is None else [thread_text(thread)]))
    return [ThreadInfo.of(one) for one in answer["threads"]]


def stack(target: SupportsIndex, thread: Optional[Thread] = None) -> List[ThreadStack]:
    """Where the threads are."""
    _, answer = run("stack", _pid(target), *([] if thread is None else [thread_text(thread)]))
    return [ThreadStack.of(one) for one in answer["threads"]]


def locks(target: SupportsIndex) -> LockReport:
    """Who waits for whom."""
    _, answer = run("locks", _pid(target))
    return LockReport(tuple(LockInfo.of(one) for one in answer["locks"]),
                      tuple(tuple(cycle) for cycle in answer["cycles"]))


def watch(target: SupportsIndex, duration: Duration = 1.0) -> WatchReport:
    """Does the process make progress?"""
    _, answer = run("watch", _pid(target), "--for", duration_text(duration))
    return WatchReport(answer["verdict"], tuple(answer["evidence"]), answer["seconds"])
