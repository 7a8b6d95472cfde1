"""Rows of benchmarks: what a benchmark prints, whether a target is met, whether a row has moved.

A benchmark prints lines "name<TAB>ratio<TAB>ours<TAB>floor or peer<TAB>target". A target "<= X" or
">= X" is compared with the ratio; one of words only ("peer", "not measured: …") is shown as it is.
"""
import dataclasses
import operator
import re
import statistics

RELATIONS = {"<=": operator.le, ">=": operator.ge}


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    ratio: str  # "-": not measured
    ours: str
    other: str
    target: str

    def verdict(self) -> str:
        """met, MISSED, or "" where there is no target. A target with another relation is an error:
        a figure judged by guess is worse than none."""
        if not re.search(r"[<>=]", self.target):
            return ""
        relation, _, limit = self.target.partition(" ")
        if relation not in RELATIONS:
            raise ValueError(f"{self.name}: unknown relation in the target {self.target!r}")
        return "met" if RELATIONS[relation](float(self.ratio), float(limit)) else "MISSED"

    def key(self) -> tuple:
        """What names the row: one figure may have two targets, a lower and an upper one."""
        return self.name, self.target.partition(" ")[0]


def parse(text: str) -> list:
    """The rows among the lines of a benchmark's output."""
    rows = []
    for line in text.splitlines():
        fields = line.split("\t")
        if len(fields) == 5:
            rows.append(Row(*fields))
    return rows


@dataclasses.dataclass(frozen=True)
class Change:
    name: str
    old: list
    new: list
    better_is: str  # "less", "more" or "": nobody says
    verdict: str    # faster, slower, moved, "" (within noise)

    def percent(self) -> float:
        before = statistics.median(self.old)
        return (statistics.median(self.new) / before - 1) * 100 if before else 0.0


def judge(name: str, old: list, new: list, target: str, least_percent: float = 2.0) -> Change:
    """A row has moved when every round of one revision is on the same side of every round of the
    other (which chance does once in 126 times with five rounds of each), and by so much at least."""
    better_is = {"<=": "less", ">=": "more"}.get(target.partition(" ")[0], "")
    change = Change(name, old, new, better_is, "")
    apart = max(old) < min(new) or max(new) < min(old)
    if min(len(old), len(new)) < 3 or not apart or abs(change.percent()) < least_percent:
        return change
    less = max(new) < min(old)
    words = {"less": ("faster", "slower"), "more": ("slower", "faster"), "": ("moved", "moved")}
    return dataclasses.replace(change, verdict=words[better_is][0 if less else 1])


def compare(old_rounds: list, new_rounds: list) -> list:
    """Changes of the rows that both have, in the new one's order. A round is a list of rows."""
    def values(rounds, key):
        found = []
        for rows in rounds:
            found += [float(row.ratio) for row in rows if row.key() == key and row.ratio != "-"][:1]
        return found

    changes = []
    seen = set()
    for row in (row for rows in new_rounds for row in rows):
        if row.key() in seen:
            continue
        seen.add(row.key())
        old, new = values(old_rounds, row.key()), values(new_rounds, row.key())
        if old and new:
            changes.append(judge(row.name, old, new, row.target))
    return changes


def names_of_one_side(old_rounds: list, new_rounds: list) -> tuple:
    """Names that only the old, and only the new revision has."""
    old = {row.name for rows in old_rounds for row in rows}
    new = {row.name for rows in new_rounds for row in rows}
    return sorted(old - new), sorted(new - old)


def table(head: list, lines: list) -> str:
    widths = [max(len(line[i]) for line in [head, *lines]) for i in range(len(head))]
    text = []
    for line in [head, *lines]:
        cells = [line[0].ljust(widths[0])]
        cells += [line[i].rjust(widths[i]) for i in range(1, len(head))]
        text.append("  ".join(cells).rstrip())
    return "\n".join(text)
