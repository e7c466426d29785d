"""The metrics as Prometheus reads them: parsed from the text form."""

from prometheus_client.parser import text_string_to_metric_families

from reversible_migrations.monitoring.exposition import LedgerCollector, text


def scraped(said=None):
    """Return the samples by name, each with its labels (without the database) and value."""
    found = {}
    for family in text_string_to_metric_families((said or text(LedgerCollector(["default"]))).decode()):
        for sample in family.samples:
            labels = {name: value for name, value in sample.labels.items() if name != "database"}
            found.setdefault(sample.name, []).append((labels, sample.value))
    return found


def value_of(found, name, **labels):
    """Return the value of the one sample whose labels these are among; 0 if there is none."""
    values = [value for own, value in found.get(f"reversible_migrations_{name}", []) if labels.items() <= own.items()]
    assert len(values) < 2, values
    return values[0] if values else 0
