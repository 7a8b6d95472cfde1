"""Every command's output, one after the other, against its schema; and what scripts rely on in them."""
import json
import os
import re
import select
import signal
import subprocess

import pytest
from threadfault import Ready, find_command
from validate import Schemas, check

SCHEMAS = Schemas(os.environ["SCHEMAS"])
FAMILY = os.environ["TARGET_FAMILY"]


def run(*arguments):
    """The exit status and the objects, all of them as their schemas have them."""
    done = subprocess.run([find_command(), "--json", *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                          check=False, encoding="utf-8")
    found = check({"arguments": arguments, "out": done.stdout, "err": done.stderr}, SCHEMAS)
    assert found, f"{arguments}: {done.stdout}{done.stderr}"
    for kind, faults in found:
        assert not faults, f"{kind} {arguments}: {faults}"
    return done.returncode, [json.loads(line) for line in (done.stdout or done.stderr).splitlines()]


@pytest.fixture
def launch(threadfault_target):
    def launch_family(mode):
        return threadfault_target([FAMILY, mode, "json"], ready=Ready(output="^ready$"))
    return launch_family


@pytest.fixture
def workers(launch):
    return launch("workers")


@pytest.mark.parametrize("words", [
    ["freeze"], ["thaw"], ["interrupt"], ["delay", "1ms"], ["spin", "1ms"], ["slow", "--to", "50%", "--for", "10ms"],
    ["signal", "CONT"], ["demote", "--nice", "1"], ["kill", "--dry-run"], ["kill", "--how", "vanish"]], ids=" ".join)
def test_faults(workers, words):
    for more in (["name=worker-0"], ["name=worker*", "--all"]):
        status, (answer,) = run(words[0], str(workers.pid), more[0], *words[1:], *more[1:])
        assert status == 0, answer
        one = answer["results"][0] if "results" in answer else answer
        assert one["path"] and one["name"].startswith("worker") and one["fault"] == words[0]


def test_a_forecast_has_codes(launch):
    pid = str(launch("locks").pid)
    (answer,) = run("kill", pid, "name=owner", "--how", "vanish", "--dry-run")[1]
    assert [one["text"] for one in answer["grounds"]] == answer["facts"]
    grounds = {one["code"]: one for one in answer["grounds"]}
    assert {"position", "nothing_unwinds", "lock_orphaned"} <= set(grounds)
    assert grounds["lock_orphaned"]["lock"]["symbol"].endswith("contested") and grounds["lock_orphaned"]["waiters"] >= 1
    assert answer["orphans"][0]["symbol"] == grounds["lock_orphaned"]["lock"]["symbol"]


def test_a_reason_has_a_code(workers):
    pid = str(workers.pid)
    assert run("interrupt", pid, "name=worker-0")[1][0]["reason_code"] is None
    os.kill(workers.pid, signal.SIGSTOP)
    status, (answer,) = run("kill", pid, "name=worker-0", "--wait", "50ms")
    os.kill(workers.pid, signal.SIGCONT)
    assert (status, answer["reason_code"], answer["grounds"]) == (6, "target-stopped", [])
    assert answer["reason"].startswith("target-stopped: ")


@pytest.mark.parametrize("attached", [False, True], ids=["shim", "attached"])
def test_ps_tells_what_remains_of_faults(workers, attached):
    pid = str(workers.pid)
    if attached:
        with subprocess.Popen([FAMILY, "workers", "json"], stdout=subprocess.PIPE) as plain:
            try:
                assert plain.stdout.readline() == b"ready\n"
                assert run("attach", str(plain.pid))[0] == 0
                see_what_remains(str(plain.pid))
                assert run("detach", str(plain.pid))[0] == 0
            finally:
                plain.kill()
    else:
        see_what_remains(pid)


def see_what_remains(pid):
    def see():
        threads = {thread["name"]: thread for thread in run("ps", pid)[1][0]["threads"]}
        return [(one["faults"], one["hold_left_seconds"], one["slow_percent"], one["slow_left_seconds"])
                for one in (threads["worker-0"], threads["worker-1"], threads["worker-2"])]
    assert see() == [([], None, None, None)] * 3
    assert run("freeze", pid, "name=worker-0", "--for", "10m")[0] == 0
    assert run("freeze", pid, "name=worker-1")[0] == 0
    assert run("slow", pid, "name=worker-2", "--to", "17%", "--for", "20m")[0] == 0
    (frozen, left, *no_share), for_ever, (slow, no_hold, share, slow_left) = see()
    assert (frozen, no_share, slow, no_hold, share) == (["freeze"], [None, None], ["slow"], None, 17)
    assert 0 < left <= 600 < slow_left <= 1200
    assert for_ever == (["freeze"], None, None, None)
    text = subprocess.run([find_command(), "ps", pid], capture_output=True, check=True, encoding="utf-8").stdout
    assert re.search(r"freeze [1-9].*\n.*freeze\n.*slow 17% [1-9]", text), text
    assert run("thaw", pid, "--all")[0] == 0
    assert see() == [([], None, None, None)] * 3


def test_looks(workers):
    pid = str(workers.pid)
    assert any(target["pid"] == workers.pid for target in run("ps")[1][0]["targets"])
    assert {thread["path"] for thread in run("ps", pid)[1][0]["threads"]} == {"main", "main/1", "main/2", "main/3"}
    assert [thread["name"] for thread in run("ps", pid, "path=main/2")[1][0]["threads"]] == ["worker-1"]
    assert [thread["name"] for thread in run("ps", pid, "--sort", "name")[1][0]["threads"]] == [
        "family", "worker-0", "worker-1", "worker-2"]
    assert run("ps", pid, "--tree")[1][0]["threads"][0]["path"] == "main"
    assert run("stack", pid)[1][0]["threads"][1]["path"] == "main/1"
    assert run("stack", pid, "--collapse")[1][0]["groups"]
    assert run("watch", pid, "--for", "200ms")[1][0]["verdict"] == "progressing"
    assert run("doctor", pid)[1][0]["ok"] is True
    assert run("doctor")[1][0]["checks"]
    assert run("inject", pid, "pthread_create:error=EAGAIN")[1][0]["armed"][0]["id"]
    assert run("inject", pid, "--list")[1][0]["specs"]
    assert run("inject", pid, "--clear")[1][0]["cleared"] == 1


def test_storm(workers, tmp_path):
    status, (answer,) = run("storm", str(workers.pid), "--faults", "interrupt", "--every", "5ms", "--for", "100ms",
                            "--journal", str(tmp_path / "journal"))
    assert status == 0 and answer["target_died"] is None


def test_scenarios(tmp_path):
    scenario = tmp_path / "family.toml"
    scenario.write_text(f"""
[target]
command = ["{FAMILY}", "workers", "json"]
ready = {{ output = "^ready$" }}
[[test]]
name = "passes"
steps = [ {{ kill = "name=worker-0", how = "vanish", wait = "20s" }}, {{ expect = {{ alive = true }} }} ]
[[test]]
name = "fails"
steps = [ {{ kill = "name=worker-0", how = "vanish", wait = "20s" }}, {{ expect = {{ alive = false }} }} ]
""")
    assert run("test", str(scenario), "--check")[1][0]["files"][0]["tests"] == 2
    status, (answer,) = run("test", str(scenario))
    assert status == 1 and [test["outcome"] for test in answer["tests"]] == ["passed", "failed"]


def test_locks_tell_by_the_exit_status(launch):
    target = launch("locks")
    pid = str(target.pid)
    assert run("locks", pid, "--exit-code")[0] == 0
    target.kill("name=owner", how="vanish")
    status, (answer,) = run("locks", pid, "--exit-code")
    assert status == 1 and answer["locks"][0]["orphaned"]
    assert (answer["locks"][0]["owner"]["end"], answer["locks"][0]["owner"]["ended_ago"] > 0) == ("vanished", True)
    lost, behind = answer["grounds"]
    assert (lost["code"], lost["owner"]["name"]) == ("orphaned_lock", "owner")
    assert lost["lock"]["symbol"].endswith("contested")
    assert behind["code"] == "behind_orphan" and "waiter" in {one["name"] for one in behind["threads"]}
    watched = run("watch", pid, "--for", "200ms")[1][0]
    assert watched["verdict"] == "stuck" and lost["code"] in [one["code"] for one in watched["grounds"]]
    assert [one["text"] for one in watched["grounds"]] == watched["evidence"]
    assert run("locks", pid)[0] == 0
    waiting = run("ps", pid, "name=waiter")[1][0]["threads"][0]["waiting_on"]
    assert waiting["owner"]["alive"] is False and waiting["owner_alive"] is False


def test_an_ambiguous_selector_lists_the_candidates(workers):
    status, (answer,) = run("kill", str(workers.pid), "name=worker*")
    assert status == 3
    candidates = answer["error"]["candidates"]
    assert [(one["name"], one["path"]) for one in candidates] == [
        ("worker-0", "main/1"), ("worker-1", "main/2"), ("worker-2", "main/3")]
    assert {one["tid"] for one in candidates} == {thread.tid for thread in workers.threads("name=worker*")}


def test_sweep(tmp_path):
    def sweep(*words):
        return run("sweep", "--out", str(tmp_path / "out"), "--for", "200ms", "--how", "cancel,freeze=1ms", *words, "--",
                   FAMILY, "workers", "json")
    status, (answer,) = sweep("--budget", "5s")
    assert status in (0, 1) and answer["experiments"] > 0
    written = json.loads((tmp_path / "out" / "report.json").read_text())
    assert written == answer
    assert sweep("--list-points")[1][0]["points"]
    journal = (tmp_path / "out" / "journal.jsonl").read_text().splitlines()
    # Where threads race for their work, a point may not be passed the next time.
    reached = [one["id"] for one in map(json.loads, journal) if one.get("outcome") == "survived"][:5]
    answers = [sweep("--reproduce", identity)[1][0] for identity in reached]
    assert [answer["id"] for answer in answers if "id" in answer], answers


def test_errors():
    assert run("kill", "999999999", "main")[0] == 3
    assert run("kill", "1", "nome=x")[0] == 2
    assert run("test", "/nonexistent.toml")[0] == 2


def test_the_end_of_the_target_is_the_end_of_its_events(workers):
    with subprocess.Popen([find_command(), "events", str(workers.pid), "--json"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, encoding="utf-8") as follower:
        # It follows from some moment on: the first event that it tells of proves it.
        while not select.select([follower.stdout], [], [], 0.05)[0]:
            assert follower.poll() is None
            workers.interrupt("name=worker-1")
        lines = [follower.stdout.readline()]
        workers.kill("name=worker-0", how="vanish")
        workers.terminate()
        out, err = follower.communicate(timeout=60)
    lines += out.splitlines(keepends=True)
    assert (follower.returncode, err) == (0, "")
    for kind, faults in check({"arguments": ["events", "--json"], "out": "".join(lines), "err": err}, SCHEMAS):
        assert not faults, faults
    events = [json.loads(line) for line in lines]
    assert events[-1]["event"] == "target-ended" and events[-1]["pid"] == workers.pid
    faults = [(event["fault"], event["how"], event["path"]) for event in events if event["event"] == "fault"]
    assert faults[0] == ("interrupt", "interrupt", "main/2") and faults[-1] == ("kill", "vanish", "main/1")
