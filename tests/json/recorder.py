"""Keeps what each `threadfault --json` printed to a test in Python, as tests/support/record.cpp does for tests in C++.
validate.py looks at all of it when the tests are done."""
import json
import os
import subprocess
import tempfile


def keep(arguments, out, err):
    """`arguments`: behind the command's name."""
    directory = os.environ.get("JSON_RECORDS", "")
    own = arguments[:arguments.index("--")] if "--" in arguments else arguments
    # Without json.begin there is no such directory, and another user may not write into it.
    if "--json" not in own or not os.access(directory, os.W_OK):
        return
    with tempfile.NamedTemporaryFile("w", dir=directory, prefix=f"python-{os.getpid()}-", delete=False,
                                     encoding="utf-8") as file:
        json.dump({"arguments": arguments, "out": out, "err": err}, file)


def _text(output):
    return output.decode("utf-8", errors="replace") if isinstance(output, bytes) else output or ""


def listen():
    """From now on it keeps the output of each command that is waited for with subprocess."""
    communicate = subprocess.Popen.communicate

    def listening(self, *arguments, **options):
        out, err = communicate(self, *arguments, **options)
        words = [os.fsdecode(word) for word in self.args] if isinstance(self.args, (list, tuple)) else []
        if words and os.path.basename(words[0]) == "threadfault":
            keep(words[1:], _text(out), _text(err))
        return out, err
    subprocess.Popen.communicate = listening
