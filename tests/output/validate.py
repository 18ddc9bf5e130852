# SPDX-License-Identifier: BSD-2-Clause
"""Checks JSON lines from standard input against a schema: validate.py [--spoil] SCHEMA.

With --spoil each line is also spoilt in every way the schema should notice (a key taken out, a key
put in, a value of another type), and the schema must notice. Needs jsonschema.
"""
import copy
import json
import sys

import jsonschema

FREE_KEYS = {"figures"}  # objects whose keys the schema does not list
OPTIONAL_BY_NATURE = {"figures", "lookalikes", "undecoded", "states"}


def objects(value, path=()):
    """All objects inside, with the path to each."""
    if isinstance(value, dict):
        yield path, value
        for key, inner in value.items():
            yield from objects(inner, path + (key,))


def at(value, path):
    for key in path:
        value = value[key]
    return value


def spoilt(event, required_top):
    """Copies of the event that must not be valid."""
    for path, inner in objects(event):
        if not path or path[-1] not in FREE_KEYS:
            bad = copy.deepcopy(event)
            at(bad, path)["unheard-of"] = 1
            yield f"{'.'.join(path)} has a key too many", bad
        for key, value in inner.items():
            if path and path[-1] in OPTIONAL_BY_NATURE:
                continue
            bad = copy.deepcopy(event)
            at(bad, path)[key] = {"not": ["this"]}
            yield f"{'.'.join(path + (key,))} is of another type", bad
    for key in required_top:
        bad = copy.deepcopy(event)
        del bad[key]
        yield f"{key} is missing", bad


def main():
    words = sys.argv[1:]
    spoil = words[:1] == ["--spoil"]
    with open(words[-1], encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    # By type: an error then names the field, and not every type that the event is not.
    by_type = {
        one["title"]: (jsonschema.Draft202012Validator({**one, "$defs": schema["$defs"]}), one)
        for one in schema["oneOf"]
    }
    events = failed = 0
    for line in sys.stdin.buffer:
        event = json.loads(line.decode("utf-8"))
        one, declared = by_type[event["event_type"]]
        events += 1
        for error in one.iter_errors(event):
            failed += 1
            print(f"line {events}: {error.json_path}: {error.message}", file=sys.stderr)
        if not validator.is_valid(event):
            failed += 1
            print(f"line {events}: not exactly one type fits", file=sys.stderr)
        for what, bad in spoilt(event, declared["required"]) if spoil else ():
            if one.is_valid(bad):
                failed += 1
                print(f"line {events}: {what}, and the schema does not see it", file=sys.stderr)
    if events == 0:
        print("no events", file=sys.stderr)
        return 1
    print(f"{events} events, {failed} faults")
    return 1 if failed else 0


sys.exit(main())
