"""Names that a target chooses are text, whatever they hold: they move no cursor, forge no line of a report and end
no string of one."""
import json
import os
import re
import select
import shutil
import subprocess
import time
import unicodedata
import xml.etree.ElementTree as ET

import pytest
from threadfault import find_command

# In the place of names in the program's symbol tables and debug information: filled up to their length.
SYMBOLS = {b"TF_MUTEX_OF_MAIN_________": b"\x1b[31m\nDEADLOCK of 2 th\x9bd",
           b"TF_MUTEX_OF_ANOTHER______": b"\"];evil[label=\"\xe2\x80\xaex\\\"\r\n\t",
           b"TF_CONDITION_____________": b"</text><b>]]>&\xff\xfe\x07\x7f'%",
           b"TF_START_ROUTINE_________": b"\xc2\x9b31m\nnot ok 1\x1b]0;t\x07\n"}
FILE = "ho\x1b[31mst\nDEADLOCK of 2\u202e\"};x"


def run(*arguments, **options):
    return subprocess.run([find_command(), *arguments], stdin=subprocess.DEVNULL, capture_output=True, check=False,
                          timeout=60, **options)


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    with open(os.environ["HOSTILE_NAMES"], "rb") as file:
        content = file.read()
    for name, hostile in SYMBOLS.items():
        assert len(name) >= len(hostile) and name in content, name
        content = content.replace(name, hostile.ljust(len(name), b"_"))
    path = tmp_path_factory.mktemp("hostile") / FILE
    path.write_bytes(content)
    path.chmod(0o755)
    return str(path)


@pytest.fixture(scope="module")
def target(program):
    with subprocess.Popen([find_command(), "run", "--", program], stdout=subprocess.PIPE,
                          stdin=subprocess.DEVNULL) as process:
        try:
            assert b"ready" in process.stdout.readline()
            deadline = time.monotonic() + 60
            while True:  # until all that will wait do
                graph = json.loads(run("--json", "locks", str(process.pid)).stdout)
                if sum(len(lock["waiters"]) for lock in graph["locks"]) >= 11:
                    break
                assert time.monotonic() < deadline, graph
                time.sleep(0.02)
            yield str(process.pid)
        finally:
            process.kill()


def check_text(data):
    text = data.decode("utf-8")  # or it is invalid
    for character in text:
        assert character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cf", "Zl", "Zp", "Co", "Cn"), \
            (hex(ord(character)), text)
    for line in text.splitlines():
        assert not re.match(r"DEADLOCK of 2\b(?! thread)", line), text
        assert not line.startswith("not ok 1 - x"), text
    return text


@pytest.mark.parametrize("words", [
    ["ps"], ["locks"], ["watch", "--for", "100ms"], ["stack", "--all"], ["doctor"],
    ["kill", "name=*", "--dry-run"], ["kill", "name=*", "--all", "--how", "vanish", "--dry-run"],
    ["freeze", "name=nobody", "--for", "1ms"], ["freeze", "name=*", "--all", "--for", "1ms"],
    ["kill", "holding=*", "--dry-run"], ["ps", "in=*"], ["inject", "--list"],
    ["ps", "--tree"], ["top", "--once", "--interval", "100ms"], ["top", "--once", "--tree", "--interval", "100ms"],
    ["top", "--once", "--locks", "--interval", "100ms"]],
    ids=lambda words: "-".join(words))
def test_text(target, words):
    done = run(words[0], target, *words[1:])
    check_text(done.stdout)
    check_text(done.stderr)
    assert done.stdout or done.stderr
    if "--help" not in words and words[0] != "inject":
        done = run("--json", words[0], target, *words[1:])
        for line in (done.stdout or done.stderr).splitlines():
            json.loads(line.decode("utf-8"))


def test_events(target):
    with subprocess.Popen([find_command(), "events", target], stdout=subprocess.PIPE) as events:
        try:
            lines = b""
            for _ in range(100):  # until it follows them
                run("freeze", target, "name=*", "--all", "--for", "1ms")
                if select.select([events.stdout], [], [], 0.1)[0]:
                    lines += os.read(events.stdout.fileno(), 1 << 16)
                    break
        finally:
            events.kill()
    assert "frozen" in check_text(lines) or "freeze" in check_text(lines), lines


def test_the_lists_of_targets(target, program):
    listed = run("ps")
    assert target in check_text(listed.stdout), listed.stderr
    check_text(run("ps", "--command", "nothing like " + FILE).stderr)
    for words in (["run", "--", program + "x"], ["doctor", program], ["doctor", program + "x"],
                  ["test", program], ["test", program + "x"], ["storm", target, "--replay", program]):
        done = run(*words)
        check_text(done.stdout)
        check_text(done.stderr)


# What is left when all that stands in quotes is taken away.
def outside_of_strings(dot):
    return re.sub(r'"(?:[^"\\]|\\.)*"', '""', dot, flags=re.S)


def test_graphs(target):
    dot = check_text(run("locks", target, "--dot").stdout)
    rest = outside_of_strings(dot)
    assert '"' not in rest.replace('""', ""), dot
    assert "evil" not in rest and rest.count("{") == rest.count("}") == 1, rest
    if shutil.which("dot") is None:
        pytest.skip("no Graphviz to draw it")
    svg = run("locks", target, "--svg")
    assert svg.returncode == 0, svg.stderr
    check_text(svg.stdout)
    assert ET.fromstring(svg.stdout).tag.endswith("svg")


def test_reports(program, tmp_path):
    scenario = tmp_path / "names.toml"
    command = json.dumps([program])
    scenario.write_text(f'''[target]
command = {command}
ready = {{ thread = "name=name*" }}
[[test]]
name = "hostile \\u001b[31m\\nok 1 - \\u202e]]>"
steps = [ {{ freeze = "name=name*", for = "1ms" }},
          {{ expect = {{ log_free_of = "ready", progresses = true }} }} ]
''', encoding="utf-8")
    checked = run("test", "--check", str(scenario))
    assert checked.returncode == 0, checked.stderr
    junit = tmp_path / "report.xml"
    done = run("test", str(scenario), "--junit", str(junit))
    assert done.returncode == 1, done
    check_text(done.stdout)
    check_text(done.stderr)
    check_text(junit.read_bytes())
    assert len(list(ET.parse(junit).getroot().iter("testcase"))) == 1
    tap = check_text(run("test", str(scenario), "--tap").stdout)
    assert len(re.findall(r"^(?:not )?ok \d", tap, flags=re.M)) == 1, tap
