"""What the functions return. Each object keeps the whole JSON in `json`; docs/json.md describes it."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Tuple

Json = Dict[str, Any]


@dataclass(frozen=True)
class ThreadInfo:
    """A thread as `ps` shows it."""
    tid: int
    name: str
    state: str
    main: bool
    path: Optional[str]
    start: Optional[str]
    syscall: Optional[str]
    waiting_on: Optional[Json]
    faults: Tuple[str, ...]
    cpu_seconds: float
    json: Json = field(repr=False, compare=False)

    @classmethod
    def of(cls, json: Json) -> ThreadInfo:
        return cls(json["tid"], json["name"], json["state"], json["main"], json["path"], json["start"],
                   json.get("syscall"), json["waiting_on"], tuple(json["faults"]), json["cpu_seconds"], json)

    @property
    def selector(self) -> str:
        """Names this thread, in this process and, where its path is known, in another run of the program."""
        return f"path={self.path}" if self.path else str(self.tid)

    def __str__(self) -> str:
        return f"{self.tid} {self.name}" + (f" ({self.path})" if self.path else "")


@dataclass(frozen=True)
class FaultResult:
    """What became of one victim."""
    pid: int
    tid: int
    name: str
    fault: str
    how: Optional[str]
    outcome: str
    reason: Optional[str]
    seconds: float

    @classmethod
    def of(cls, json: Json) -> FaultResult:
        return cls(json["pid"], json["tid"], json["name"], json["fault"], json.get("how"), json["outcome"],
                   json["reason"], json["seconds"])

    @property
    def took_effect(self) -> bool:
        return self.outcome in ("ended", "done")

    def __str__(self) -> str:
        what = f"{self.fault} {self.how}" if self.how else self.fault
        return f"{self.tid} {self.name}: {what}: {self.outcome}" + (f", {self.reason}" if self.reason else "")


@dataclass(frozen=True)
class Frame:
    function: Optional[str]
    file: Optional[str]
    line: Optional[int]
    module: Optional[str]
    inlined: bool

    def __str__(self) -> str:
        text = self.function or self.module or "?"
        if self.file:
            text += f"  {self.file.rsplit('/', 1)[-1]}" + (f":{self.line}" if self.line else "")
        return text


@dataclass(frozen=True)
class ThreadStack:
    """Innermost frame first."""
    tid: int
    name: str
    frames: Tuple[Frame, ...]
    reason: Optional[str]
    json: Json = field(repr=False, compare=False)

    @classmethod
    def of(cls, json: Json) -> ThreadStack:
        frames = tuple(Frame(f["function"], f["file"], f["line"], f["module"], f["inlined"]) for f in json["frames"])
        return cls(json["tid"], json["name"], frames, json.get("reason"), json)

    def __str__(self) -> str:
        lines = [f"{self.tid} {self.name}"] + [f"    {frame}" for frame in self.frames]
        if self.reason:
            lines.append(f"    ({self.reason})")
        return "\n".join(lines)


@dataclass(frozen=True)
class LockInfo:
    kind: str
    address: str
    symbol: Optional[str]
    owner: Optional[Json]
    waiters: Tuple[int, ...]
    orphaned: bool
    json: Json = field(repr=False, compare=False)

    @classmethod
    def of(cls, json: Json) -> LockInfo:
        return cls(json["kind"], json["address"], json["symbol"], json["owner"], tuple(json["waiters"]),
                   json["orphaned"], json)

    def __str__(self) -> str:
        return f"{self.kind} {self.symbol or self.address}"


@dataclass(frozen=True)
class LockReport:
    locks: Tuple[LockInfo, ...]
    cycles: Tuple[Tuple[int, ...], ...]

    @property
    def orphaned(self) -> List[LockInfo]:
        return [lock for lock in self.locks if lock.orphaned]


@dataclass(frozen=True)
class WatchReport:
    verdict: str
    """"progressing", "idle", "stuck" or "unknown"."""
    evidence: Tuple[str, ...]
    seconds: float


class FaultFailed(AssertionError):
    """A fault did not take effect on every victim, or the process died of it."""

    def __init__(self, message: str, results: List[FaultResult]) -> None:
        super().__init__(message)
        self.results = results


class NoEffect(FaultFailed):
    """It is pending or was refused: `results` say why. What a test finds afterwards would mean nothing."""


class TargetDied(FaultFailed):
    """The whole process ended."""
