# SPDX-License-Identifier: BSD-2-Clause
"""Validates events against the product's JSON Schema.

Knows the part of draft 2020-12 that the schema uses and refuses a schema that uses more, so that
nothing passes because a keyword was not understood. Needs nothing but Python itself.
"""
import json
import os
import re

TYPES = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
}
SILENT = {"$schema", "$id", "$defs", "title", "description", "format", "examples", "default",
          "$comment", "then", "else", "deprecated"}


class Validator:
    def __init__(self, root):
        self.root = root
        self.check_keywords(root)

    def check_keywords(self, node):
        if isinstance(node, bool):
            return
        for key, value in node.items():
            if key not in SILENT and not hasattr(self, "k_" + key.replace("$", "_")):
                raise ValueError(f"schema keyword '{key}' is not understood by tests/cases/schema.py")
            if key in ("properties", "$defs", "patternProperties"):
                children = value.values()
            elif key in ("oneOf", "anyOf", "allOf", "prefixItems"):
                children = value
            elif key in ("items", "additionalProperties", "propertyNames",
                         "unevaluatedProperties", "not", "if",
                         "then", "else"):
                children = [value]
            else:
                children = []
            for child in children:
                self.check_keywords(child)

    def complaints(self, value, node=None, where="$"):
        """Yields what is wrong with `value`."""
        node = self.root if node is None else node
        if node is True:
            return
        if node is False:
            yield f"{where} is not allowed"
            return
        for key, argument in node.items():
            if key not in SILENT:
                check = getattr(self, "k_" + key.replace("$", "_"))
                yield from check(value, argument, node, where)

    def fits(self, value, node, where):
        return next(self.complaints(value, node, where), None) is None

    def k__ref(self, value, argument, _node, where):
        target = self.root
        for part in argument.removeprefix("#/").split("/"):
            target = target[part]
        yield from self.complaints(value, target, where)

    def k_type(self, value, argument, _node, where):
        names = argument if isinstance(argument, list) else [argument]
        if not any(TYPES[name](value) for name in names):
            yield f"{where} is {json.dumps(value)[:60]}, not {' or '.join(names)}"

    def k_const(self, value, argument, _node, where):
        if value != argument:
            yield f"{where} is {json.dumps(value)[:60]}, not {argument!r}"

    def k_enum(self, value, argument, _node, where):
        if value not in argument:
            yield f"{where} is {json.dumps(value)[:60]}, not one of {argument}"

    def k_minimum(self, value, argument, _node, where):
        if TYPES["number"](value) and value < argument:
            yield f"{where} is {value}, below {argument}"

    def k_exclusiveMinimum(self, value, argument, _node, where):
        if TYPES["number"](value) and value <= argument:
            yield f"{where} is {value}, not above {argument}"

    def k_maximum(self, value, argument, _node, where):
        if TYPES["number"](value) and value > argument:
            yield f"{where} is {value}, above {argument}"

    def k_pattern(self, value, argument, _node, where):
        if isinstance(value, str) and not re.search(argument, value):
            yield f"{where} is {value!r}, which does not match {argument}"

    def k_minLength(self, value, argument, _node, where):
        if isinstance(value, str) and len(value) < argument:
            yield f"{where} is too short"

    def k_required(self, value, argument, _node, where):
        if isinstance(value, dict):
            for name in argument:
                if name not in value:
                    yield f"{where} has no '{name}'"

    def k_properties(self, value, argument, _node, where):
        if isinstance(value, dict):
            for name, member in argument.items():
                if name in value:
                    yield from self.complaints(value[name], member, f"{where}.{name}")

    def k_additionalProperties(self, value, argument, node, where):
        if isinstance(value, dict):
            for name, member in value.items():
                if name not in node.get("properties", {}):
                    yield from self.complaints(member, argument, f"{where}.{name}")

    def k_propertyNames(self, value, argument, _node, where):
        if isinstance(value, dict):
            for name in value:
                yield from self.complaints(name, argument, f"name {where}.{name}")

    def known_names(self, node, value):
        """Names that this schema, or what it refers to, declares for `value`."""
        names = set(node.get("properties", {}))
        for part in node.get("allOf", []) + node.get("oneOf", []) + node.get("anyOf", []):
            if self.fits(value, part, ""):
                names |= self.known_names(part, value)
        if "if" in node:
            branch = node.get("then" if self.fits(value, node["if"], "") else "else", {})
            names |= self.known_names(branch, value)
        if "$ref" in node:
            target = self.root
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            names |= self.known_names(target, value)
        return names

    def k_unevaluatedProperties(self, value, argument, node, where):
        if isinstance(value, dict):
            known = self.known_names(node, value)
            for name, member in value.items():
                if name not in known:
                    yield from self.complaints(member, argument, f"{where}.{name}")

    def k_items(self, value, argument, node, where):
        if isinstance(value, list):
            for index in range(len(node.get("prefixItems", [])), len(value)):
                yield from self.complaints(value[index], argument, f"{where}[{index}]")

    def k_prefixItems(self, value, argument, _node, where):
        if isinstance(value, list):
            for index, (member, part) in enumerate(zip(value, argument)):
                yield from self.complaints(member, part, f"{where}[{index}]")

    def k_minItems(self, value, argument, _node, where):
        if isinstance(value, list) and len(value) < argument:
            yield f"{where} has {len(value)} items, not {argument}"

    def k_maxItems(self, value, argument, _node, where):
        if isinstance(value, list) and len(value) > argument:
            yield f"{where} has {len(value)} items, above {argument}"

    def k_not(self, value, argument, _node, where):
        if self.fits(value, argument, where):
            yield f"{where} is what it must not be"

    def k_allOf(self, value, argument, _node, where):
        for part in argument:
            yield from self.complaints(value, part, where)

    def k_anyOf(self, value, argument, _node, where):
        if not any(self.fits(value, part, where) for part in argument):
            yield from self.closest(value, argument, where)

    def k_oneOf(self, value, argument, _node, where):
        count = sum(self.fits(value, part, where) for part in argument)
        if count > 1:
            yield f"{where} fits {count} forms, not one"
        elif count == 0:
            yield from self.closest(value, argument, where)

    def closest(self, value, parts, where):
        """The complaints of the form that fits best."""
        yield from min((list(self.complaints(value, part, where)) for part in parts), key=len)

    def k_if(self, value, argument, node, where):
        branch = "then" if self.fits(value, argument, where) else "else"
        if branch in node:
            yield from self.complaints(value, node[branch], where)


class NoSchema:
    @staticmethod
    def complaints(_event):
        return ()


def load(path):
    """The validator of the schema at `path`; without that file one that passes all, said aloud."""
    if not os.path.exists(path):
        print(f"note: {path} is missing, events are not validated")
        return NoSchema()
    with open(path, encoding="utf-8") as stream:
        return Validator(json.load(stream))
