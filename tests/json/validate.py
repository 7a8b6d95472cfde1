#!/usr/bin/env python3
"""Every JSON output of the tests against the installed schemas.

validate.py --begin DIRECTORY             an empty directory: test programs that find it write into it what
                                          each `threadfault --json` printed (tests/support/record.cpp)
validate.py DIRECTORY SCHEMAS             checks all of it, and prints how many objects there were
validate.py --self-check SCHEMAS          the check itself finds what it is there for

A key that no schema names is a fault here, though not for a user: the schemas tell of every key.
"""
import collections
import copy
import json
import pathlib
import shutil
import sys
import warnings

import jsonschema

# Debian 12's version has no other way to resolve references.
warnings.filterwarnings("ignore", "jsonschema.RefResolver", DeprecationWarning)


def strict(schema):
    """The same, with objects that have no other keys than those it names."""
    if isinstance(schema, list):
        return [strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: strict(value) for key, value in schema.items()}
    if isinstance(closed.get("properties"), dict) and closed.get("type") == "object":
        closed.setdefault("additionalProperties", False)
    return closed


class Schemas:
    def __init__(self, directory):
        self.all = {}
        for file in sorted(pathlib.Path(directory).glob("*.schema.json")):
            schema = json.loads(file.read_text(encoding="utf-8"))
            jsonschema.Draft202012Validator.check_schema(schema)
            self.all[file.name.split(".")[0]] = strict(schema)
        assert self.all, f"{directory}: no schemas"
        store = {"common.schema.json": self.all["common"]}
        self.validators = {
            name: jsonschema.Draft202012Validator(
                schema, resolver=jsonschema.RefResolver("", schema, store=copy.deepcopy(store)))
            for name, schema in self.all.items()}

    def faults(self, name, thing):
        if name not in self.validators:
            return [f"no schema for `{name}`"]
        best = jsonschema.exceptions.best_match(self.validators[name].iter_errors(thing))
        if best is None:
            return []
        # Of several shapes that an output may have, what is wrong with each.
        causes = "; ".join(cause.message[:200] for cause in best.context or [])
        return [f"{'/'.join(str(part) for part in best.absolute_path)}: {best.message[:300]} {causes}"]


def command_of(arguments, commands):
    for word in arguments:
        if word == "--":
            return None
        if word in commands:
            return word
    return None


def objects_of(record):
    """(object or None, text) of each line."""
    for stream in ("out", "err"):
        text = record[stream]
        # A line that has no end was cut off when its command was killed.
        for line in text[:text.rfind("\n") + 1].splitlines():
            try:
                thing = json.loads(line)
            except ValueError:
                thing = None
            yield stream, thing, line


def check(record, schemas):
    """[(kind, [faults])] of the objects that one run printed."""
    arguments = record["arguments"]
    command = command_of(arguments, [*schemas.all, "run", "completion"])
    # Those print something else than JSON, or the program's own output.
    other = command in ("run", "completion", None) or {"-h", "--help", "--version", "--dot", "--svg"} & set(arguments)
    found = []
    for stream, thing, line in objects_of(record):
        if isinstance(thing, dict) and "error" in thing and stream == "err":
            found.append(("error", schemas.faults("error", thing)))
        elif stream == "out" and not other:
            if isinstance(thing, dict):
                found.append((command, schemas.faults(command, thing)))
            else:
                found.append((command, [f"no JSON object: {line[:200]}"]))
    return found


def validate(directory, schemas):
    counts = collections.Counter()
    bad = 0
    for file in sorted(pathlib.Path(directory).iterdir()):
        text = file.read_bytes().decode("utf-8", errors="replace")
        if not text:
            continue  # its writer was killed
        record = json.loads(text)
        for kind, faults in check(record, schemas):
            counts[kind] += 1
            for fault in faults:
                bad += 1
                if bad <= 20:
                    print(f"threadfault {' '.join(record['arguments'])}\n    {fault}")
    print(", ".join(f"{kind} {count}" for kind, count in sorted(counts.items())))
    print(f"{sum(counts.values())} objects validated, {bad} faults")
    return 1 if bad else 0


def self_check(schemas):
    good = {"schema": 1, "pid": 7, "verdict": "idle", "evidence": [], "grounds": [], "seconds": 0.5}
    assert not schemas.faults("watch", good)
    for change in ({"verdict": "well"}, {"grounds": [{"code": "no_such_code", "text": ""}]}, {"schema": 2}, {"unknown_key": 1}):
        assert schemas.faults("watch", {**good, **change}), change
    for key in good:
        assert schemas.faults("watch", {k: v for k, v in good.items() if k != key}), key
    run = {"arguments": ["--json", "watch", "7"], "out": "no json\n", "err": ""}
    assert check(run, schemas)[0][1]
    print(f"{len(schemas.all)} schemas")
    return 0


def main(arguments):
    if arguments[0] == "--begin":
        shutil.rmtree(arguments[1], ignore_errors=True)
        # A command that outlives its test may have written into it meanwhile.
        pathlib.Path(arguments[1]).mkdir(mode=0o777, parents=True, exist_ok=True)
        pathlib.Path(arguments[1]).chmod(0o777)  # tests run commands as other users
        return 0
    if arguments[0] == "--self-check":
        return self_check(Schemas(arguments[1]))
    return validate(arguments[0], Schemas(arguments[1]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
