"""What the plugin adds to a run of pytest: runs for each thread, and the state of a target that fails."""
from conftest import FAMILY

import pytest
from threadfault import CheckFailed, Ready, no_orphaned_locks, progresses, stays_alive
from threadfault.pytest_plugin import each_thread

HEAD = f"""
import threadfault
from threadfault import Ready
from threadfault.pytest_plugin import each_thread
FAMILY = {FAMILY!r}
READY = Ready(output="^ready$")
"""


@each_thread("name=worker*", [FAMILY, "workers", "python"], ready=Ready(output="^ready$"))
def test_survives_the_loss_of_any_worker(threadfault_victim, request):
    assert threadfault_victim.thread.path in request.node.name
    result, = threadfault_victim.target.kill(threadfault_victim.selector, how="vanish")
    assert result.name == threadfault_victim.thread.name
    assert stays_alive(threadfault_victim.target, 0.1)
    assert progresses(threadfault_victim.target)
    assert no_orphaned_locks(threadfault_victim.target)


def run_inner(pytester, body, *arguments):
    pytester.makepyfile(HEAD + body)
    return pytester.runpytest_subprocess("-p", "threadfault.pytest_plugin", "-p", "no:cacheprovider", *arguments)


def test_checks_show_locks_and_stack(family):
    target = family("locks")
    target.kill("name=owner", how="vanish")
    for check in (no_orphaned_locks, progresses):
        with pytest.raises(CheckFailed) as caught:
            check(target)
        text = str(caught.value)
        assert "is stuck" in text
        assert "contested" in text and "ORPHANED" in text  # the lock tree
        assert "stack of the latest victim" in text and "own" in text


def test_the_end_of_a_target_is_told(family):
    target = family("workers")
    target.signal("name=worker-0", "SEGV", check=False)
    with pytest.raises(CheckFailed, match="was ended by SIGSEGV"):
        stays_alive(target, 30)


def test_any_failure_shows_the_targets(pytester):
    result = run_inner(pytester, '''
def test_fails(threadfault_target):
    target = threadfault_target([FAMILY, "locks", "python"], ready=READY)
    target.kill("name=owner", how="vanish")
    assert "an answer" == "none"
''')
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*threadfault: process*", "*is stuck", "*ORPHANED*", "*stack of the latest victim*",
                                 "*own*"])


def test_a_check_says_it_once(pytester):
    result = run_inner(pytester, '''
def test_fails(threadfault_target):
    target = threadfault_target([FAMILY, "locks", "python"], ready=READY)
    target.kill("name=owner", how="vanish")
    threadfault.no_orphaned_locks(target)
''', "-rN")  # no summary: on a CI machine pytest repeats the whole message there
    result.assert_outcomes(failed=1)
    assert result.stdout.str().count("is stuck") == 1


def test_names_of_the_runs(pytester):
    result = run_inner(pytester, '''
@each_thread("name=worker*", [FAMILY, "workers", "python"], ready=READY)
def test_it(threadfault_victim):
    pass
''', "--collect-only", "-q")
    result.stdout.fnmatch_lines(["*test_it?main/1 worker-0?", "*test_it?main/2 worker-1?", "*test_it?main/3 worker-2?"])


def test_no_thread_is_an_error(pytester):
    result = run_inner(pytester, '''
@each_thread("name=nobody", [FAMILY, "workers", "python"], ready=READY)
def test_it(threadfault_victim):
    pass
''')
    assert result.ret != 0
    result.stdout.fnmatch_lines(['*matches "name=nobody"*'])
