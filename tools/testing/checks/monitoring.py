#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The alerts and the dashboard of the book: what promtool says, and whether all names fit.

Runs in the testbed's root, which has promtool. Prints TAP.
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

BOOK = pathlib.Path(__file__).resolve().parents[3] / "Documentation/gpu/gpup"
RULES = BOOK / "prometheus/alerts.yml"
TESTS = BOOK / "prometheus/alerts-test.yml"
DASHBOARD = BOOK / "prometheus/grafana-dashboard.json"
METRIC = re.compile(r"\bgpup_(?:adapter|partition)_\w+")
# What Grafana fills in; the others are the dashboard's own variables.
BUILTIN = {"__rate_interval": "5m"}
results = []


def report(name, problems):
    results.append(not problems)
    print(f"{'not ok' if problems else 'ok'} {len(results)} {name}")
    for problem in problems:
        print("".join(f"# {line}\n" for line in problem.splitlines()), end="")


def promtool(*arguments):
    """What it has to say if it fails."""
    run = subprocess.run(["promtool", *map(str, arguments)], text=True, check=False,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return [run.stdout or "failed"] if run.returncode else []


def untested(alerts):
    """Alerts without which the tests pass all the same."""
    passed = []
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder)
        (copy / TESTS.name).write_text(TESTS.read_text())
        for alert in alerts:
            (copy / RULES.name).write_text(
                RULES.read_text().replace(f"alert: {alert}\n", f"alert: Not{alert}\n"))
            if not promtool("test", "rules", copy / TESTS.name):
                passed.append(f"no test misses {alert}")
    return passed


def code(text):
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))


def expressions(dashboard):
    return [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]


def fill_in(expression, variables, problems):
    """As Grafana sends it to Prometheus."""
    def value(found):
        name = found.group(1)
        if name not in variables and name not in BUILTIN:
            problems.append(f"no variable is named {name}: {expression}")
        return BUILTIN.get(name, ".*")
    return re.sub(r"\$\{?(\w+)\}?", value, expression)


def check_dashboard(dashboard):
    """Queries are PromQL, panels lie side by side, and variables are what is used."""
    problems = []
    variables = {variable["name"] for variable in dashboard["templating"]["list"]}
    for name in {"datasource", "adapter", "partition"} - variables:
        problems.append(f"no variable {name}")
    queries = [fill_in(query, variables, problems) for query in expressions(dashboard)]
    rules = [{"record": f"panel:query:{i}", "expr": query} for i, query in enumerate(queries)]
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        # JSON is YAML.
        json.dump({"groups": [{"name": "dashboard", "rules": rules}]}, file)
        file.flush()
        problems += promtool("check", "rules", "--lint=none", file.name)
    taken = {}
    for panel in dashboard["panels"]:
        at = panel["gridPos"]
        if at["x"] + at["w"] > 24:
            problems.append(f"too wide: {panel['title']}")
        for cell in ((x, y) for x in range(at["x"], at["x"] + at["w"])
                     for y in range(at["y"], at["y"] + at["h"])):
            if taken.setdefault(cell, panel["id"]) != panel["id"]:
                problems.append(f"two panels in one place: {panel['title']}")
                break
    if len({panel["id"] for panel in dashboard["panels"]}) != len(dashboard["panels"]):
        problems.append("two panels have one number")
    return problems


def unknown(what, names, known):
    return [f"{what}: {name}" for name in sorted(set(names) - set(known))]


rules = code(RULES.read_text())
alerts = re.findall(r"^ +- alert: (\w+)$", rules, re.M)
chapter = (BOOK / "metrics.rst").read_text()
metrics = re.findall(r"^``(gpup_\w+)`` +(?:gauge|counter) ", chapter, re.M)
runbook = re.findall(r"^(.+)\n[=-]{3,}$", (BOOK / "runbook.rst").read_text(), re.M)

report("the alerts are what promtool takes", promtool("check", "rules", RULES))
report("each alert fires where it should, and not next to it", promtool("test", "rules", TESTS))
report("without an alert the tests fail", untested(alerts) if alerts else ["no alerts"])
try:
    dashboard = json.loads(DASHBOARD.read_text())
    report("the dashboard's queries, places and variables", check_dashboard(dashboard))
except (ValueError, KeyError) as error:
    dashboard = {"panels": []}
    report("the dashboard's queries, places and variables", [repr(error)])
in_rules = METRIC.findall(rules)
in_panels = [name for query in expressions(dashboard) for name in METRIC.findall(query)]
report("metrics of alerts and dashboard are those of the book",
       unknown("not in metrics.rst", in_rules + in_panels, metrics) +
       [f"no metrics in the {where}" for where, found in
        (("alerts", in_rules), ("dashboard", in_panels), ("book", metrics)) if not found])
# Or they would be of no use to anybody.
report("every metric is in the alerts or in the dashboard",
       unknown("only in metrics.rst", metrics, in_rules + in_panels))
report("queries in the book name metrics that there are",
       unknown("not in the tables", METRIC.findall(chapter), metrics))
listed = re.findall(r"^(Gpup\w+) +(?:info|warning|critical) ", chapter, re.M)
report("the book lists the alerts", unknown("not in metrics.rst", alerts, listed) +
       unknown("not in alerts.yml", listed, alerts))
report("what alerts name of the runbook is there",
       unknown("not in runbook.rst", re.findall(r"^ +runbook: (.*)$", rules, re.M), runbook) +
       ([] if rules.count("runbook: ") == len(alerts) else ["an alert names nothing"]))
print(f"1..{len(results)}")
sys.exit(not all(results))
