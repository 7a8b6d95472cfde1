"""What the keys do."""
import re
import subprocess


def row_of(screen, name):
    """The line of the thread with that name; "": none."""
    return next((line for line in screen.splitlines() if re.match(rf" *\d+ \S*{name}\b", line)), "")


def names_in(screen):
    return re.findall(r"^ *\d+ (\S+) +[RSDTtI] ", screen, re.M)


def only(terminal, word):
    """Shows only the thread with that name, with the cursor on it."""
    terminal.type("/", word, "Enter")
    terminal.wait_for(f"only {word}")


def test_what_threads_wait_for_and_hold(launch, terminal):
    terminal.top(launch("locks").pid)
    screen = terminal.wait_until(lambda screen: "HOLDS" in screen and row_of(screen, "other"), "all threads")
    assert "mutex contested" in row_of(screen, "waiter") and "contested" in row_of(screen, "owner"), screen
    assert len(screen.splitlines()) == 24 and max(map(len, screen.splitlines())) <= 80


def test_filter(launch, terminal):
    terminal.top(launch("locks").pid)
    terminal.wait_for("waiter")
    only(terminal, "wait")
    assert not row_of(terminal.screen(), "owner")
    # A mistake is said, and stays to be put right.
    terminal.type("/", "BSpace", "BSpace", "BSpace", "BSpace", "stat=S", "Enter")
    terminal.wait_for("did you mean state=")
    for _ in range(2):
        terminal.type("BSpace")
    terminal.type("Escape", "/")
    terminal.wait_for("wait_")
    terminal.type("BSpace", "BSpace", "BSpace", "BSpace", "holding=*contested", "Enter")
    terminal.wait_for("only holding=*contested")
    screen = terminal.wait_until(lambda screen: row_of(screen, "owner"), "the owner")
    assert not row_of(screen, "waiter"), screen


def test_freeze_slow_and_undo(launch, terminal):
    terminal.top(launch("workers").pid)
    terminal.wait_for("worker-1")
    only(terminal, "worker-1")
    terminal.type("f")
    terminal.wait_for("freeze done")
    screen = terminal.wait_until(lambda screen: "freeze" in row_of(screen, "worker-1"), "the fault in force")
    terminal.wait_for("fault: freeze, done")
    assert "1 with faults" in screen
    terminal.type("t")
    terminal.wait_for("thaw done")
    terminal.wait_until(lambda screen: "freeze" not in row_of(screen, "worker-1"), "its end")
    terminal.type("s")
    terminal.wait_for("slow worker-1 to (percent): 10_")
    terminal.type("BSpace", "BSpace", "200", "Enter")
    terminal.wait_for("is not between 1% and 99%")
    terminal.type("BSpace", "BSpace", "BSpace", "30", "Enter")
    terminal.wait_until(lambda screen: "slow" in row_of(screen, "worker-1"), "the fault in force")
    terminal.type("u")
    terminal.wait_for("1 released")
    terminal.wait_until(lambda screen: "slow" not in row_of(screen, "worker-1"), "its end")
    terminal.type("u")
    terminal.wait_for("no fault is in force")


def test_kill_says_what_it_would_do_first(launch, terminal):
    terminal.top(launch("locks").pid)
    terminal.wait_for("owner")
    only(terminal, "owner")
    terminal.type("k")
    terminal.wait_for("How shall")
    terminal.type("Down", "Down", "Down", "Enter")
    terminal.wait_for("vanish would end it")
    terminal.wait_for("contested")
    terminal.type("n")
    terminal.wait_for("nothing was done")
    terminal.type("k")
    terminal.wait_for("How shall")
    terminal.type("4")
    terminal.wait_for("y does it")
    terminal.type("y")
    terminal.wait_for("vanish ended")
    terminal.wait_for("no thread matches")
    terminal.wait_for("ended, vanished")
    terminal.type("L")
    terminal.wait_for("ORPHANED")
    # In red.
    colored = terminal.screen("-e").splitlines()
    assert any("ORPHANED" in line and re.search(r"\x1b\[[0-9;]*\b31m", line) for line in colored), colored
    terminal.type("L", "/", "BSpace", "BSpace", "BSpace", "BSpace", "BSpace", "Enter")
    terminal.wait_for("sorted by cpu")
    terminal.tmux("resize-window", "-x", "120")
    terminal.wait_for("which is dead")


def test_signal(launch, terminal):
    target = launch("workers")
    terminal.top(target.pid)
    terminal.wait_for("worker-0")
    only(terminal, "worker-0")
    terminal.type("g", "SIGFOO", "Enter")
    terminal.wait_for("SIGFOO")
    terminal.type("BSpace", "BSpace", "BSpace", "BSpace", "BSpace", "BSpace", "KILL", "Enter")
    terminal.wait_for("ended by SIGKILL")
    terminal.type("f")
    terminal.wait_for("the process has ended")


def test_tree_and_sorting(launch, terminal):
    terminal.top(launch("workers").pid)
    terminal.wait_for("worker-2")
    terminal.type("T")
    screen = terminal.wait_for("└─ worker-2")
    assert "├─ worker-0" in screen, screen
    terminal.type("<")
    terminal.wait_for("sorted by state")
    terminal.type("<")
    names = names_in(terminal.wait_for("sorted by name"))
    assert names == sorted(names) and "worker-0" in names, names
    terminal.type("r")
    screen = terminal.wait_for("sorted by name, reversed")
    assert names_in(screen) == names[::-1], screen


def test_sizes(launch, terminal):
    terminal.top(launch("workers").pid)
    terminal.wait_for("worker-2")
    for columns, rows in ((120, 40), (40, 10), (20, 5), (3, 2), (80, 24)):
        terminal.tmux("resize-window", "-x", str(columns), "-y", str(rows))
        if columns >= 40:
            terminal.wait_until(lambda screen: row_of(screen, "worker-2") and
                                (("EVENTS" in screen) == (rows >= 14)), f"{columns} by {rows}")
    assert "START" not in terminal.screen() or max(map(len, terminal.screen().splitlines())) <= 80
    terminal.type("?")
    terminal.wait_for("Any key leaves this help.")
    terminal.type("x", "q")
    terminal.wait_for("status=0")


def test_without_colours(launch, open_terminal):
    terminal = open_terminal(NO_COLOR="1")
    target = launch("locks")
    target.kill("name=owner", how="vanish")
    terminal.top(target.pid, "--locks")
    terminal.wait_for("ORPHANED")
    assert not re.search(r"\x1b\[[0-9;]*3[1-7]", terminal.screen("-e"))


def test_a_process_without_an_agent(terminal):
    with subprocess.Popen(["sleep", "1000"]) as sleeper:
        try:
            terminal.top(sleeper.pid)
            screen = terminal.wait_for("no faults: process")
            assert "clock_nanosleep" in row_of(screen, "sleep"), screen
            terminal.type("k")
            terminal.wait_until(lambda screen: screen.count("no faults: process") == 2, "the reason again")
        finally:
            sleeper.kill()


def test_events_scroll(launch, terminal):
    target = launch("workers")
    terminal.top(target.pid)
    terminal.wait_for("worker-2")
    target.interrupt("name=worker-0")
    terminal.wait_for("worker-0         main/1      fault: interrupt")
    for _ in range(12):
        target.interrupt("name=worker-1")
    terminal.wait_for_no("worker-0         main/1      fault: interrupt")
    screen = terminal.wait_for("worker-1         main/2      fault: interrupt")
    assert row_of(screen, "worker-0") and len(screen.splitlines()) == 24, screen
