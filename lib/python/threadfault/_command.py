"""The command `threadfault`: where it is, how it is run, and what its errors are."""
from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
from typing import Any, Dict, Tuple, Union

Duration = Union[int, float, str]
"""Seconds as a number, or as the command line writes it: "250ms", "2s"."""


class Error(Exception):
    """The command refused or could not do its work.

    `code` is the "code" of the command's JSON errors (`no_such_thread`, `no_agent`, ...), `hint` what may
    help, `details` the rest of that object, `exit_status` the command's.
    """

    def __init__(self, code: str, message: str, hint: str = "", exit_status: int = 8,
                 details: Dict[str, Any] | None = None) -> None:
        super().__init__(f"{message} ({hint})" if hint else message)
        self.code = code
        self.message = message
        self.hint = hint
        self.exit_status = exit_status
        self.details = details or {}


def find_command() -> str:
    """$THREADFAULT_COMMAND, the one that this package was installed with, or the one in PATH."""
    named = os.environ.get("THREADFAULT_COMMAND")
    if named:
        return named
    for directory in pathlib.Path(__file__).resolve().parents:
        beside = directory / "bin" / "threadfault"
        if beside.is_file() and os.access(beside, os.X_OK):
            return str(beside)
    found = shutil.which("threadfault")
    if found is None:
        raise Error("no_command", "the command threadfault was not found",
                    "install threadfault, or set THREADFAULT_COMMAND to its path")
    return found


def duration_text(duration: Duration) -> str:
    """As the command takes it."""
    return duration if isinstance(duration, str) else f"{duration * 1000:.3f}ms"


def run(*arguments: str) -> Tuple[int, Dict[str, Any]]:
    """The exit status and the object that `threadfault ARGUMENTS --json` prints. Raises Error."""
    done = subprocess.run([find_command(), *arguments, "--json"], stdin=subprocess.DEVNULL, capture_output=True,
                          check=False)
    answer = None
    for text in (done.stdout, done.stderr):
        try:
            answer = json.loads(text)
        except ValueError:
            continue
        if isinstance(answer, dict):
            break
    if not isinstance(answer, dict):
        raise Error("internal", f"threadfault {' '.join(arguments)} printed no JSON: "
                    f"{(done.stdout + done.stderr).decode(errors='replace').strip()[:200]}",
                    exit_status=done.returncode)
    if "error" in answer:
        error = answer["error"]
        details = {key: error[key] for key in error if key not in ("code", "message", "hint")}
        raise Error(error["code"], error["message"], error.get("hint") or "", done.returncode, details)
    return done.returncode, answer


def run_text(*arguments: str) -> str:
    """What the command prints for people. Raises Error."""
    done = subprocess.run([find_command(), "--color", "never", *arguments], stdin=subprocess.DEVNULL,
                          capture_output=True, check=False, encoding="utf-8", errors="replace")
    if done.returncode > 1:
        raise Error("failed", done.stderr.strip() or f"threadfault ended with {done.returncode}",
                    exit_status=done.returncode)
    return done.stdout
