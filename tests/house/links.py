#!/usr/bin/env python3
"""Links of the Markdown files of the repository that lead nowhere: files, and headings in them.

Addresses on the network are not looked at.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]).resolve()
LINK = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^)\s]+)\)")


def without_code(text):
    text = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]*`", "", text)


def anchors(file):
    """As GitHub makes them of headings."""
    found = set()
    text = re.sub(r"^```.*?^```", "", file.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE):
        heading = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        found.add(re.sub(r"[^\w\- ]", "", heading).strip().replace(" ", "-"))
    return found


def pages():
    for pattern in ("*.md", "docs/**/*.md", "lib/python/*.md", ".github/**/*.md", "demo_apps/**/*.md"):
        yield from sorted(ROOT.glob(pattern))


def main():
    count, faults, linked = 0, [], set()
    for page in pages():
        for link in LINK.findall(without_code(page.read_text(encoding="utf-8"))):
            if re.match(r"[a-z]+:", link):
                continue
            count += 1
            path, _, anchor = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            linked.add(target)
            if not target.exists():
                faults.append(f"{page.relative_to(ROOT)}: {link} does not exist")
            elif anchor and target.suffix == ".md" and anchor not in anchors(target):
                faults.append(f"{page.relative_to(ROOT)}: {link}: no such heading")
    # A page that the index does not know is not found by anybody.
    index = (ROOT / "docs/README.md").read_text(encoding="utf-8")
    faults += [f"docs/README.md does not mention {page.name}" for page in sorted((ROOT / "docs").glob("*.md"))
               if page.name != "README.md" and f"({page.name})" not in index]
    if count < 50:
        faults.append(f"only {count} links were found")
    print("\n".join(faults))
    print(f"{count} links, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
