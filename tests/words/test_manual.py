"""The manual pages: mandoc's order of sections, nothing that mandoc complains of."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

ORDER = ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "FILES", "EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES",
         "SEE ALSO"]
PAGES = sorted(pathlib.Path(os.environ["MANUAL"]).glob("*.[157]"))


def test_there_are_pages():
    names = {page.name for page in PAGES}
    assert {"threadfault.1", "threadfault-kill.1", "threadfault-json.5", "threadfault-scenario.5",
            "threadfault-inject.7"} <= names


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_order_and_date(page):
    text = page.read_text(encoding="utf-8")
    sections = re.findall(r"^\.SH (.*)$", text, re.MULTILINE)
    assert sections[:3] == ["NAME", "SYNOPSIS", "DESCRIPTION"] and sections[-1] == "SEE ALSO"
    rest = iter(ORDER)
    assert all(section in rest for section in sections), sections
    assert re.search(r"^\.TH \S+ [157] \d{4}-\d\d-\d\d ", text, re.MULTILINE)
    # Filled: no section is a heading alone.
    assert not re.search(r"^\.SH [A-Z ]+\n(\.SH|\Z)", text, re.MULTILINE)


@pytest.mark.skipif(shutil.which("mandoc") is None, reason="no mandoc")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_mandoc_has_no_complaints(page):
    done = subprocess.run(["mandoc", "-Tlint", "-Wstyle", str(page)], capture_output=True, check=False,
                          encoding="utf-8")
    # References are looked for among the installed pages.
    told = [line for line in (done.stdout + done.stderr).splitlines() if "unknown manual" not in line]
    assert told == []
