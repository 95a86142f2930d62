"""The figures of the last runs as a file for the textfile collector of Prometheus' node exporter."""

from __future__ import annotations

from pathlib import Path

from kb.run_log import LOOKED_AT, figures, runs


def write_metrics(home: Path, path: Path) -> None:
    """Written beside and renamed, so that no half file is collected. Raises OSError."""
    from prometheus_client import CollectorRegistry, Gauge, write_to_textfile  # noqa: PLC0415 - only where it is asked for

    registry = CollectorRegistry()
    for figure, value in figures(runs(home, LOOKED_AT)).items():
        Gauge(figure.name, figure.help, registry=registry).set(value)
    write_to_textfile(str(path), registry)
