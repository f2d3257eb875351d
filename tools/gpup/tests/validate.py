#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Validate JSON against its schema: validate.py SCHEMA < JSON; with --lines, an object a line."""
import json
import sys

import jsonschema

lines = "--lines" in sys.argv
with open(sys.argv[-1], encoding="utf-8") as file:
    schema = json.load(file)
jsonschema.Draft202012Validator.check_schema(schema)
text = sys.stdin.read()
values = [json.loads(line) for line in text.splitlines()] if lines else [json.loads(text)]
if not values:
    sys.exit("nothing to validate")
for value in values:
    jsonschema.validate(value, schema, jsonschema.Draft202012Validator)
