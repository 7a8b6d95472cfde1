"""Fault tests on single threads of a running program: a layer over the command `threadfault`.

    server = threadfault.launch(["./server", "{port}"], ready=Ready(listening="{port}"))
    server.kill("name=worker*", how="vanish", pick="first")
    stays_alive(server)

With pytest, the fixture `threadfault_target` launches, or attaches to what runs already, and cleans up; each_thread() runs a test once for
each thread. Functions take a Target or a process id.
"""
from ._checks import CheckFailed, describe, no_orphaned_locks, progresses, stays_alive
from ._command import Duration, Error, find_command
from ._ready import Ready
from ._results import (FaultFailed, FaultResult, Frame, LockInfo, LockReport, NoEffect, TargetDied, ThreadInfo,
                       ThreadStack, WatchReport)
from ._target import AttachedTarget, LaunchedTarget, Target, attach, free_port, launch
from ._verbs import (delay, freeze, interrupt, kill, locks, signal, slow, spin, stack, thaw, threads, watch)

__version__ = "0.2.0"

__all__ = [
    "AttachedTarget", "CheckFailed", "Duration", "Error", "FaultFailed", "FaultResult", "Frame", "LaunchedTarget", "LockInfo",
    "LockReport", "NoEffect", "Ready", "Target", "TargetDied", "ThreadInfo", "ThreadStack", "WatchReport",
    "attach", "delay", "describe", "find_command", "free_port", "freeze", "interrupt", "kill", "launch", "locks",
    "no_orphaned_locks", "progresses", "signal", "slow", "spin", "stack", "stays_alive", "thaw", "threads",
    "watch",
]
