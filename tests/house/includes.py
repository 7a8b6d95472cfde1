#!/usr/bin/env python3
"""Walks the includes of lib/, preload/ and cli/ and fails on one that runs upwards.

HOUSE is the one table: each room, from the bottom to the top, with the rooms it may include. A room
may be named only by rooms that stand after it, so that the table itself can't have a cycle.
CONTRIBUTING.md says the same in words.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]).resolve()

GUEST = "arch wire execute inject"  # what the shim has of lib/
BELOW_DRIVE = "include arch format base wire observe client"
DRIVE = "drive/grounds drive/programs drive/threads drive/locks drive/faults drive/storm"

# A room is a folder of lib/ (without "lib/"), preload/ or cli/, or single files of one.
HOUSE = [
    ("include", ""),
    ("arch", ""),
    ("format", ""),
    ("base", "include format"),
    ("regex", "include format"),
    ("wire", "include arch base"),
    ("execute", "include arch base"),
    ("observe", "include arch format base"),
    ("inject", "include format base wire observe"),
    ("client", "include format base wire observe"),
    ("drive/grounds", "include format base"),
    ("drive/programs", BELOW_DRIVE),
    ("drive/threads", BELOW_DRIVE + " drive/grounds drive/programs"),
    ("drive/locks", BELOW_DRIVE + " drive/grounds drive/programs drive/threads"),
    ("drive/faults", BELOW_DRIVE + " drive/grounds drive/programs drive/threads drive/locks"),
    ("drive/storm", BELOW_DRIVE + " drive/programs drive/threads drive/locks drive/faults"),
    ("diagnose", BELOW_DRIVE + " inject " + DRIVE),
    ("attach", BELOW_DRIVE + " inject " + DRIVE + " diagnose"),
    ("harness", BELOW_DRIVE + " regex inject " + DRIVE),
    ("scenario", BELOW_DRIVE + " regex inject " + DRIVE + " harness"),
    ("scenario/probe", "include format base regex scenario"),
    ("scenario/report", "include format base scenario"),
    ("scenario/run", BELOW_DRIVE + " regex " + DRIVE + " harness scenario scenario/probe scenario/report"),
    ("sweep/options.*", "include format base"),
    ("sweep", BELOW_DRIVE + " inject " + DRIVE + " diagnose harness scenario scenario/probe scenario/run sweep/options.*"),
    ("sweep/report", "include format base inject sweep sweep/options.*"),
    ("cli/cli11.hpp", ""),
    ("cli/render", BELOW_DRIVE + " inject " + DRIVE),
    # What every command sees of the frame; the frame itself ("cli") knows every command.
    ("cli/invocation.* cli/command.hpp cli/option_words.*", "include format base cli/cli11.hpp cli/render"),
    ("cli/render/help.* cli/render/man.*", "format cli/cli11.hpp cli/render cli/invocation.*"),
    ("cli/commands", BELOW_DRIVE + " inject " + DRIVE + " harness scenario sweep/options.* cli/cli11.hpp cli/render"
                     " cli/invocation.* cli/render/help.*"),
    ("cli", BELOW_DRIVE + " " + DRIVE + " cli/cli11.hpp cli/render cli/invocation.* cli/render/help.* cli/commands"),
    ("cli/top", BELOW_DRIVE + " " + DRIVE + " cli/render cli/commands"),
    ("cli/programs", BELOW_DRIVE + " " + DRIVE + " diagnose attach harness scenario scenario/report scenario/run"
                     " sweep sweep/options.* sweep/report"
                     " cli/render cli/invocation.* cli/commands cli/top cli"),
    ("preload/base", GUEST + " base"),
    ("preload/registry", GUEST + " base preload/base"),
    ("preload/faults", GUEST + " base preload/base preload/registry"),
    ("preload/points", GUEST + " base preload/base preload/registry preload/faults"),
    ("preload/agent", GUEST + " base preload/base preload/registry preload/faults preload/points"),
    ("preload/interpose", GUEST + " base preload/base preload/registry preload/faults preload/points preload/agent"),
    ("preload", GUEST + " base preload/base preload/registry preload/faults preload/points preload/agent"),
]

# Headers of others that are included through one of ours alone, which says why.
THROUGH = {"CLI/": "cli/cli11.hpp"}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*["<]([^">]+)[">]', re.MULTILINE)
SUFFIXES = {".c", ".h", ".cpp", ".hpp", ".def"}


def read_table():
    """{path pattern: room} and {room: rooms that it may include}; checks that the table runs down."""
    patterns, allowed, faults = {}, {}, []
    for names, uses in HOUSE:
        room = names.split()[0]
        for name in names.split():
            patterns[name if name.split("/")[0] in ("cli", "preload") else "lib/" + name] = room
        faults += [f"the table: {room} names {use}, which does not stand below it"
                   for use in uses.split() if use not in allowed]
        allowed[room] = set(uses.split()) | {room}
    return patterns, allowed, faults


def room_of(path, patterns):
    """The room of the longest pattern that holds the file; None: in no room."""
    holding = [p for p in patterns if path.match(p) or p in (parent.as_posix() for parent in path.parents)]
    return patterns[max(holding, key=len)] if holding else None


def find(name, source):
    """The file of this tree that an include names, relative to ROOT, or None."""
    for folder in (source.parent, ROOT, ROOT / "lib", ROOT / "lib/include", ROOT / "cli"):
        found = (folder / name).resolve()
        if found.is_file() and found.is_relative_to(ROOT):
            return found.relative_to(ROOT)
    return None


def main():
    patterns, allowed, faults = read_table()
    crossings = 0
    for source in sorted(p for top in ("lib", "preload", "cli") for p in (ROOT / top).rglob("*")):
        if source.suffix not in SUFFIXES:
            continue
        path = source.relative_to(ROOT)
        room = room_of(path, patterns)
        if room is None:
            faults.append(f"{path}: in no room of the table")
            continue
        text = source.read_text(encoding="utf-8")
        for match in INCLUDE.finditer(text):
            faults += [f"{path}: includes {match[1]}, which is {ours}'s to include"
                       for theirs, ours in THROUGH.items() if match[1].startswith(theirs) and path.as_posix() != ours]
            included = find(match[1], source)
            if included is None:
                continue  # the system's, or generated
            other = room_of(included, patterns)
            crossings += other != room
            if other not in allowed[room]:
                line = text.count("\n", 0, match.start()) + 1
                faults.append(f"{path}:{line}: {room} must not include {included} ({other})")
    # A walk that finds nothing has looked in the wrong place.
    if crossings < 100:
        faults.append(f"{ROOT}: only {crossings} includes from room to room were found")
    for fault in faults:
        print(fault)
    print(f"{crossings} includes from room to room, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
