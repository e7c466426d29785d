"""The alert rules and the dashboard name only metrics, labels and statuses that there are."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import reversible_migrations.monitoring
from reversible_migrations.monitoring.metrics import METRICS
from reversible_migrations.states import RunStatus

FOLDER = Path(reversible_migrations.monitoring.__file__).parent
RULES = FOLDER / "prometheus" / "alerts.yml"
DASHBOARD = FOLDER / "grafana" / "dashboard.json"

SAMPLED = {
    f"{metric.name}{suffix}": {*metric.labels, *(["le"] if metric.kind == "histogram" else [])}
    for metric in METRICS
    for suffix in (["_bucket", "_sum", "_count"] if metric.kind == "histogram" else [""])
}


def dashboard():
    return json.loads(DASHBOARD.read_text())


def dashboard_queries():
    return [target["expr"] for panel in dashboard()["panels"] for target in panel["targets"]]


def rule_queries():
    text = RULES.read_text()
    return re.findall(r"expr: (?:\|\n\s+)?(.+)", text)


def faults(query):
    """Return the metrics that a query names and that are not there, and their labels that are not."""
    found = []
    for name, _, matchers in re.findall(r"\b((?:reversible_)?migration\w*_\w+)(\{([^}]*)\})?", query):
        if name not in SAMPLED:
            found.append(name)
            continue
        labels = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers))
        found += sorted(labels - SAMPLED[name])
        for status in re.findall(r'status=~?"([^"]+)"', matchers):
            found += sorted(set(status.split("|")) - set(RunStatus))
    grouped = {label.strip() for by in re.findall(r"by \(([^)]*)\)", query) for label in by.split(",")}
    return found + sorted(grouped - set().union(*SAMPLED.values()))


def test_the_finder_of_faults_finds_them():
    assert faults('sum by (colour) (reversible_migrations_runs{state="x",status="lost"})') == [
        "state",
        "lost",
        "colour",
    ]
    assert faults("reversible_migrations_nothing > 0") == ["reversible_migrations_nothing"]


@pytest.mark.parametrize("query", [*rule_queries(), *dashboard_queries()])
def test_a_query_names_what_is_there(query):
    assert faults(query) == []
    assert "migration" in query


def test_every_rule_has_a_severity_and_a_summary_with_labels_that_its_query_keeps():
    for rule in re.split(r"\n\s+- alert: ", RULES.read_text())[1:]:
        kept = {label.strip() for by in re.findall(r"by \(([^)]*)\)", rule) for label in by.split(",")}

        assert re.search(r"severity: (warning|critical)", rule), rule
        assert re.search(r"summary: \".+\"", rule), rule
        assert set(re.findall(r"\$labels\.(\w+)", rule)) <= kept, rule


def test_promtool_accepts_the_rules():
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (on Debian it is in the package prometheus)")

    done = subprocess.run([promtool, "check", "rules", RULES], capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(rule_queries())} rules found" in done.stdout


def test_the_dashboards_panels_do_not_overlap_and_are_numbered():
    panels = dashboard()["panels"]
    cells = [
        (x, y)
        for panel in panels
        for place in [panel["gridPos"]]
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]

    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert [panel["id"] for panel in panels] == list(range(1, len(panels) + 1))
    assert all(panel["title"] and panel["datasource"]["uid"] == "${datasource}" for panel in panels)


def test_every_metric_is_looked_at_by_a_rule_or_a_panel():
    queries = " ".join([*rule_queries(), *dashboard_queries()])
    unseen = [metric.name for metric in METRICS if metric.name not in queries]

    assert unseen == [
        "reversible_migrations_batches_total",
        "reversible_migrations_step_seconds_total",
        "reversible_migrations_verified_timestamp_seconds",
    ]
