#!/usr/bin/env python3
"""scripts/demo builds all that the commands of README.md need: the command, both shims and every helper program. Asks
ninja what is built for the targets that the script names; runs nothing."""
import argparse
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main():
    parser = argparse.ArgumentParser(description="Compare what scripts/demo builds with what there is.")
    parser.add_argument("--ninja", required=True)
    parser.add_argument("--build", required=True, type=pathlib.Path)
    options = parser.parse_args()
    script = (ROOT / "scripts/demo").read_text(encoding="utf-8")
    targets = " ".join(re.findall(r"^build (.*)$", script, re.MULTILINE)).split()
    done = subprocess.run([options.ninja, "-C", options.build, "-t", "commands", *targets], capture_output=True, check=True,
                          encoding="utf-8")
    built = {(options.build / name).resolve() for name in re.findall(r" -o (\S+)", done.stdout)}
    needed = [*(options.build / "libexec").glob("threadfault-*"), *(options.build / "preload").glob("lib*.so"),
              options.build / "cli/threadfault"]
    if len(needed) < 8:
        print(f"only {len(needed)} programs and shims in {options.build}")
        return 1
    missing = sorted(str(file) for file in needed if file.resolve() not in built)
    print(*[f"scripts/demo does not build {file}" for file in missing], f"{len(needed)} programs and shims", sep="\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
