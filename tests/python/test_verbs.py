"""Each function, and what it does when the fault does not take effect."""
import time

import pytest
import threadfault
from threadfault import Error, NoEffect, TargetDied


def eventually(condition, patience=30.0):
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


@pytest.fixture
def workers(family):
    return family("workers")


@pytest.mark.parametrize("how", ["cancel", "async-cancel", "exit", "vanish"])
def test_kill_ends_one_thread(workers, how):
    result, = workers.kill("name=worker-1", how=how, wait="30s")
    assert (result.outcome, result.how, result.name) == ("ended", how, "worker-1")
    assert [thread.name for thread in workers.threads("name=worker*")] == ["worker-0", "worker-2"]
    assert "work" in workers.last_stack


def test_only_the_victims_are_in_the_last_stack(workers):
    workers.kill("name=worker*", how="vanish", pick="first")
    assert "worker-0" in workers.last_stack and "worker-1" not in workers.last_stack


def test_functions_take_a_process_id(workers):
    results = threadfault.kill(workers.pid, "name=worker*", how="vanish", pick="all")
    assert [result.name for result in results] == ["worker-0", "worker-1", "worker-2"]
    assert all(result.took_effect for result in results)


def test_freeze_and_thaw(workers):
    workers.freeze("name=worker-0")
    assert workers.threads("name=worker-0")[0].faults == ("freeze",)
    workers.thaw("name=worker-0")
    eventually(lambda: workers.threads("name=worker-0")[0].faults == ())


def test_the_other_faults(workers):
    thread, = workers.threads("name=worker-0")
    assert workers.slow(thread, 50, "50ms")[0].fault == "slow"
    assert workers.delay(thread, 0.01)[0].outcome == "done"
    assert workers.spin(thread, "10ms")[0].outcome == "done"
    assert workers.interrupt(thread)[0].outcome == "done"


def test_random_choices_repeat(workers):
    names = {workers.interrupt("name=worker*", pick="random", seed=7)[0].name for _ in range(3)}
    assert len(names) == 1


def test_signal_to_a_thread_ends_the_process(workers):
    result, = workers.signal("name=worker-0", "SEGV", check=False)
    assert result.outcome == "target-died"
    assert workers.wait(30) and workers.exit_code == -11


def test_the_death_of_the_process_is_a_failure(workers):
    with pytest.raises(TargetDied) as caught:
        workers.signal("name=worker-0", "SEGV")
    assert caught.value.results[0].name == "worker-0"


def test_a_fault_without_effect_is_a_failure(family):
    # It waits for a lock, which is no cancellation point.
    target = family("locks")
    with pytest.raises(NoEffect, match="no-cancellation-point") as caught:
        target.kill("name=waiter", wait="50ms")
    assert caught.value.results[0].outcome == "pending"
    assert target.kill("name=other", wait="50ms", check=False)[0].outcome == "pending"


def test_looks(family):
    target = family("locks")
    eventually(lambda: len(target.locks().locks[0].waiters) == 2 if target.locks().locks else False)
    lock, = target.locks().locks
    owner, = target.threads("name=owner")
    assert lock.kind == "mutex" and lock.owner["tid"] == owner.tid and not target.locks().orphaned
    assert any(frame.function == "own" for frame in target.stack(owner)[0].frames)
    assert target.watch(0.2).evidence


def test_errors_have_codes(workers):
    with pytest.raises(Error) as caught:
        workers.kill("name=nobody")
    assert (caught.value.code, caught.value.exit_status) == ("no_such_thread", 3)
    with pytest.raises(Error) as caught:
        workers.kill("name=worker*")
    assert caught.value.code == "ambiguous_selector"
    with pytest.raises(Error) as caught:
        workers.kill("nome=x")
    assert caught.value.code == "bad_selector"
    with pytest.raises(ValueError):
        workers.kill("main", pick="some")
