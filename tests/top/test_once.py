"""One picture as text, and what is wrong on the command line."""
import re
import subprocess

import pytest
from threadfault import find_command


def run(*words):
    done = subprocess.run([find_command(), "top", *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True,
                          check=False, encoding="utf-8")
    return done.returncode, done.stdout, done.stderr


def test_ps_has_the_same_orders(launch):
    target = launch("workers")

    def ps(*words):
        done = subprocess.run([find_command(), "ps", *words], capture_output=True, check=False, encoding="utf-8",
                              env={"LANG": "C.UTF-8"})
        return done.returncode, done.stdout, done.stderr
    out = ps(str(target.pid), "--tree")[1]
    assert re.search(r"family .*\n *\d+ +├─ worker-0 .*\n *\d+ +├─ worker-1 .*\n *\d+ +└─ worker-2 ", out), out
    out = ps(str(target.pid), "--sort", "tid")[1]
    tids = [int(tid) for tid in re.findall(r"^ *(\d+)  ", out, re.M)]
    assert len(tids) == 4 and tids == sorted(tids), out
    assert ps("--sort", "tid")[0] == ps(str(target.pid), "--sort", "tib")[0] == 2


def names_in(out):
    return re.findall(r"^ *\d+ (\S+) +[RSDTtI] ", out, re.M)


def test_threads(launch):
    target = launch("workers")
    status, out, error = run(target.pid, "--once", "--interval", "200ms", "--sort", "name")
    assert (status, error) == (0, ""), error
    assert names_in(out) == ["family", "worker-0", "worker-1", "worker-2"], out
    assert out.startswith(f"threadfault top  {target.pid} ") and "f freeze" not in out


def test_selector_and_locks(launch):
    target = launch("locks")
    out = run(target.pid, "waiting=mutex", "--once", "--interval", "100ms")[1]
    assert set(names_in(out)) == {"waiter", "other"}, out
    out = run(target.pid, "--locks", "--once", "--interval", "100ms")[1]
    assert re.search(r"mutex \S*.*contested .*: held by \d+ owner\n( +\d+ (waiter|other) waits\n){2}", out), out
    out = run(target.pid, "--tree", "--once", "--interval", "100ms")[1]
    assert re.search(r"(├─|\|-) owner", out), out


def test_who_is_not_under_the_shim():
    with subprocess.Popen(["sleep", "1000"]) as sleeper:
        try:
            status, out, _ = run(sleeper.pid, "--once", "--interval", "100ms")
        finally:
            sleeper.kill()
    assert status == 0 and "no faults: process" in out and "clock_nanosleep" in out, out


@pytest.mark.parametrize("words, status, text", [
    (["1", "--interval", "1ms"], 2, "at least 100ms"),
    (["1", "--sort", "cpus"], 2, "did you mean cpu?"),
    (["1", "--json"], 2, "no JSON"),
    (["1", "--tree", "--locks"], 2, "mutually exclusive"),
    (["1", "in=main"], 2, "in= is not known here"),
    (["1", "stat=S"], 2, "did you mean state="),
    (["1"], 2, "no terminal"),
    (["999999999"], 3, "no process 999999999")])
def test_mistakes(words, status, text):
    got, out, error = run(*words)
    assert (got, out) == (status, "") and text in error, error
