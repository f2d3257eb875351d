#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Compares the book with the sources. Prints what does not fit, and nothing if all does.

    log         what the kernel modules say, and the terms of "What the log says" in runbook.rst
    limits      constants and parameters of the modules, and limits.rst
    attributes  files of a partition in Documentation/ABI, and the table of them in operator.rst

A tree other than this one can be named with --top, to see the comparison fail.
"""
import argparse
import pathlib
import re

MODULES = ("drivers/gpup", "guest/drm")
BOOK = "Documentation/gpu/gpup"
ABI = "Documentation/ABI/testing"
# Both have the files of a partition.
ABI_FILES = {
    "sysfs-class-gpup": "/sys/class/gpup/gpupN/partitions/<name>/",
    "sysfs-bus-mdev-gpup": "/sys/bus/mdev/devices/<uuid>/",
}
CALL = re.compile(r"\b(?:(?:dev|drm|pr)_(?:emerg|alert|crit|err|warn|notice|info|dbg)\w*|printk)\(")
# Their one argument after the device ends up in "device lost: %s".
LOSE = re.compile(r"\bguest_device_lose\(\w+, \"([^\"]*)\"\)")
LITERALS = re.compile(r'"((?:[^"\\]|\\.)*)"(?:\s*"((?:[^"\\]|\\.)*)")*')
CONVERSION = re.compile(r"%(?:%|[-+ #0]*\d*(?:\.\d+)?(?:hh|h|ll|l|z)?[a-zA-Z])")
LIMIT = re.compile(r"^#define\s+((?:DRM_|GPUP_|SOFT_|GUEST_)\w*(?:MAX|SMALLEST)\w*)\s+(.*)$", re.M)
# No limits: places of registers, and what is not reached.
NOT_LIMITS = re.compile(r"_REG_|^GPUP_SIM_|^GPUP_HOST_SYSTEM_MAX$")


def sources(top, *folders):
    for folder in folders:
        for path in sorted((top / folder).rglob("*.[ch]")):
            if "test" not in path.name and "tests" not in path.parts and "_sim" not in path.name:
                yield path, path.read_text()


def arguments(text, start):
    """What is between the parentheses of a call; strings of ours hold no unbalanced ones."""
    depth = 1
    for end in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[end], 0)
        if not depth:
            return text[start:end]
    return text[start:]


def formats(top, problems):
    """Pairs of a format string and its place."""
    for path, text in sources(top, *MODULES):
        place = path.relative_to(top)
        for call in CALL.finditer(text):
            literal = LITERALS.search(arguments(text, call.end()))
            line = text.count("\n", 0, call.start()) + 1
            if not literal:
                problems.append(f"{place}:{line}: {call.group()} without a string that can be read")
                continue
            string = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', literal.group()))
            yield string.replace("\\n", ""), f"{place}:{line}"
        for call in LOSE.finditer(text):
            yield "device lost: " + call.group(1), str(place)


def pattern(string):
    """A regular expression of what the book may write for a format."""
    out, last = "", 0
    for found in CONVERSION.finditer(string):
        out += re.escape(string[last:found.start()])
        if found.group() == "%%":
            out += "%"
        else:
            out += ".+" if found.group().endswith("s") else r"(?:N|0x\.\.\.)"
        last = found.end()
    return re.compile(out + re.escape(string[last:]))


def section(text, first, last):
    found = re.search(rf"^{first}\n=+\n(.*?)^{last}\n[-=]+\n", text, re.M | re.S)
    return found.group(1) if found else ""


def compare_log(top):
    problems = []
    said = list(formats(top, problems))
    book = (top / BOOK / "runbook.rst").read_text()
    terms = re.findall(r"^``(.*)``$", section(book, "What the log says", "Other lines"), re.M)
    patterns = [(pattern(string), string, place) for string, place in said]
    for folder in MODULES:
        if not any(place.startswith(folder) for _, place in said):
            problems.append(f"{folder}: no line of the log was found")
    for expression, string, place in patterns:
        if not any(expression.fullmatch(term) for term in terms):
            problems.append(f"{place}: not in the runbook: {string}")
    for term in terms:
        if not any(expression.fullmatch(term) for expression, _, _ in patterns):
            problems.append(f"runbook.rst: nobody says: {term}")
    return problems


def renderings(value):
    """How the book may write a number, with or without a shift."""
    found = re.match(r"\(?(\d+)[uUlL]*(?:\s*<<\s*(\d+))?\)?", value)
    if not found:
        return []
    number = int(found.group(1)) << int(found.group(2) or 0)
    units = ((1, ""), (1 << 10, " KiB"), (1 << 20, " MiB"))
    return [f"{number // size}{unit}" for size, unit in units if number % size == 0]


def compare_limits(top):
    lines = (top / BOOK / "limits.rst").read_text().splitlines()
    book = "\n".join(lines)
    text = "\n".join(source for _, source in sources(top, *MODULES, "include"))
    limits = {name: value for name, value in LIMIT.findall(text) if not NOT_LIMITS.search(name)}
    parameters = re.findall(r"module_param\((\w+)", text)
    problems = [] if limits and parameters else ["no limits or no parameters were found"]
    for name, value in limits.items():
        at = next((i for i, line in enumerate(lines) if f"``{name}``" in line), None)
        if at is None:
            problems.append(f"limits.rst: has no {name}")
            continue
        # The number is in the row that names the constant.
        row = "\n".join(lines[max(0, at - 4):at + 3])
        if not any(re.search(rf"(?<!\d){form}\b", row) for form in renderings(value)):
            problems.append(f"limits.rst: {name} is {value}")
    problems += [f"limits.rst: has no parameter {name}" for name in parameters
                 if f"``{name}``" not in book]
    problems += [f"limits.rst: nothing is named {name}"
                 for name in re.findall(r"``([A-Z]+_[A-Z_]+)``", book) if name not in limits]
    return problems


def compare_attributes(top):
    book = (top / BOOK / "operator.rst").read_text()
    rows = re.findall(r"^``(\w+)`` +(rw?) ", section(book, "See and set", "Give it to a VM"), re.M)
    table = dict(rows)
    problems = [] if table else ["operator.rst: no table of attributes was found"]
    problems += [f"operator.rst: {name} is there twice" for name in table
                 if [other for other, _ in rows].count(name) > 1]
    for file, folder in ABI_FILES.items():
        text = (top / ABI / file).read_text()
        abi = {name: "rw" if mode == "RW" else "r" for name, mode in re.findall(
            rf"^What:\s+{re.escape(folder)}(\w+)\n(?:(?!What:).*\n)*?\s+\((RO|RW)\)", text, re.M)}
        if not abi:
            problems.append(f"{file}: no attributes were found")
        problems += [f"operator.rst: has no {name} of {file}" for name in abi if name not in table]
        problems += [f"operator.rst: {file} has no {name}" for name in table if name not in abi]
        problems += [f"operator.rst: {name} is {mode} in {file}" for name, mode in abi.items()
                     if table.get(name, mode) != mode]
    return problems


COMPARISONS = {"log": compare_log, "limits": compare_limits, "attributes": compare_attributes}

parser = argparse.ArgumentParser(description="Compares the book with the sources.")
parser.add_argument("--top", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[3])
parser.add_argument("what", choices=COMPARISONS)
options = parser.parse_args()
for problem in COMPARISONS[options.what](options.top):
    print(problem)
