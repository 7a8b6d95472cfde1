"""Reads a page of docs/tutorial: what it has its reader run, and what it says that the reader will see.

An `sh` block is commands, run line by line (a here-document is one with its command); the `text` block
behind it is what they show. A page shows only what matters: other lines may come, in between too."""

import re


class Command:
    def __init__(self, line, text):
        self.line = line
        self.text = text


class Block:
    def __init__(self, commands, shown):
        self.commands = commands
        self.shown = shown  # [(line number, text)]


def fences(text):
    """Every fenced block: its kind, the number of its first line, its lines."""
    kind = None
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("```"):
            if kind is not None:
                lines.append(line)
        elif kind is None:
            kind, first, lines = line[3:].strip(), number + 1, []
        else:
            yield kind, first, lines
            kind = None


def commands_of(first, lines):
    commands = []
    end = None  # of a here-document
    for number, line in enumerate(lines, first):
        if end is not None:
            commands[-1].text += "\n" + line
            if line == end:
                end = None
        elif line.strip():
            commands.append(Command(number, line))
            here = re.search(r"<<'?(\w+)'?$", line)
            end = here.group(1) if here else None
    return commands


def read_page(text):
    blocks = []
    for kind, first, lines in fences(text):
        if kind == "sh":
            blocks.append(Block(commands_of(first, lines), []))
        elif kind == "text" and blocks:
            shown = [(number, line) for number, line in enumerate(lines, first)
                     if line.strip() not in ("", "…")]
            blocks[-1].shown += shown
    return blocks


# What differs from run to run. The first that fits at a place is taken.
VARYING = [
    (r"0x[0-9a-f]+", r"0x[0-9a-f]+"),
    (r"\b[0-9a-f]{16}\b", r"[0-9a-f]{16}"),
    (r"\b(\d+) of \1\b", r"(?P<SAME>\\d+) of (?P=SAME)"),  # "8 of 8": all of them
    (r"\b\d+(?:\.\d+)?(?: ?)(?:us|ms|s)\b", r"\d+(?:\.\d+)? ?(?:us|ms|s)"),
    (r"\b[1-9]\d* threads?\b", r"[1-9]\d* threads?"),
    (r"\b[1-9]\d* wake-ups?\b", r"[1-9]\d* wake-ups?"),
    (r"(?<![\w.])0(?![\w.])", r"0"),  # none is none
    (r"\d+(?:\.\d+)*", r"\d+(?:\.\d+)*"),
    (r"(?<= )[RSD](?= )", r"[RSD]"),  # a thread's state
    (r"#+", r"#*"),
    (r"\s*…\s*", r".*"),
    (r"\s+", r"\s+"),
]
ANY_VARYING = re.compile("|".join(f"(?P<v{i}>{re.sub(r'[(](?![?])', '(', pattern)})"
                                  .replace(r"\1", f"(?P=n{i})").replace(r"(\d+)", rf"(?P<n{i}>\d+)")
                                  for i, (pattern, _) in enumerate(VARYING)))


def pattern_of(line):
    """The lines that are taken for this one."""
    result = ""
    same = 0
    end = 0
    line = line.strip()
    for found in ANY_VARYING.finditer(line):
        result += re.escape(line[end:found.start()])
        index = next(i for i in range(len(VARYING)) if found.group(f"v{i}") is not None)
        result += VARYING[index][1].replace("SAME", f"same{same}").replace(r"\\d", r"\d")
        same += 1
        end = found.end()
    return re.compile(result + re.escape(line[end:]))


def missing(shown, seen):
    """What is shown and was not seen, in whatever order; a line that was seen counts once."""
    left = [line.strip() for line in seen]
    absent = []
    for number, line in shown:
        pattern = pattern_of(line)
        at = next((i for i, text in enumerate(left) if pattern.fullmatch(text)), None)
        if at is None:
            absent.append((number, line))
        else:
            del left[at]
    return absent
