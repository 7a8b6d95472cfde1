"""When a launched program is ready: looked at from outside, no connection to its port is made."""
from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Iterable, List, Optional, Set, Union

from ._command import Duration, Error, run
from ._verbs import threads


@dataclass(frozen=True)
class Ready:
    """Each condition that is given must hold."""
    output: Optional[str] = None
    """A regular expression that a line of standard output or standard error must match."""
    listening: Union[int, str, None] = None
    """A TCP port, or the path of a unix socket ("@name": abstract), that it or a child of it listens on."""
    thread: Optional[str] = None
    """A selector that at least one thread must match."""
    within: Duration = 10.0


def descendants(pid: int) -> List[int]:
    """pid and the processes that came of it."""
    found = [pid]
    for one in found:
        try:
            tasks = os.listdir(f"/proc/{one}/task")
        except OSError:
            continue
        for task in tasks:
            try:
                with open(f"/proc/{one}/task/{task}/children", encoding="ascii") as file:
                    found += [int(word) for word in file.read().split()]
            except OSError:
                continue
    return found


def _socket_inodes(pids: Iterable[int]) -> Set[str]:
    inodes = set()
    for pid in pids:
        try:
            fds = os.listdir(f"/proc/{pid}/fd")
        except OSError:
            continue
        for fd in fds:
            try:
                link = os.readlink(f"/proc/{pid}/fd/{fd}")
            except OSError:
                continue
            match = re.fullmatch(r"socket:\[(\d+)\]", link)
            if match:
                inodes.add(match[1])
    return inodes


def _rows(pid: int, table: str) -> List[List[str]]:
    try:
        with open(f"/proc/{pid}/net/{table}", encoding="utf-8", errors="surrogateescape") as file:
            return [line.split() for line in file.readlines()[1:]]
    except OSError:
        return []


def _listeners(pid: int, place: str) -> Set[str]:
    """Inodes of the sockets that listen on a port or path, of any process of pid's network namespace."""
    if place.isdigit():
        ending = f":{int(place):04X}"
        listen = "0A"
        return {row[9] for table in ("tcp", "tcp6") for row in _rows(pid, table)
                if row[1].endswith(ending) and row[3] == listen}
    accepts = 0x10000  # __SO_ACCEPTCON
    return {row[6] for row in _rows(pid, "unix")
            if len(row) > 7 and int(row[3], 16) & accepts and
            (row[7] == place or os.path.abspath(row[7]) == os.path.abspath(place))}


def is_listening(pid: int, place: Union[int, str]) -> bool:
    return bool(_listeners(pid, str(place)) & _socket_inodes(descendants(pid)))


def has_thread(pid: int, selector: str) -> bool:
    try:
        return bool(threads(pid, selector))
    except Error as error:
        # It has not made a thread yet, or not this one; a selector that is wrong stays wrong.
        if error.exit_status in (3, 4, 6):
            return False
        raise


def has_agent(pid: int) -> bool:
    """It can be worked with: the agent starts with the first thread that the program makes."""
    try:
        _, answer = run("ps", str(pid))
    except Error:
        return False
    return bool(answer["agent"]) or len(answer["threads"]) < 2
