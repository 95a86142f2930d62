"""Figures for Prometheus, in a registry of each application's own."""

from __future__ import annotations

import time
from pathlib import Path
from typing import cast

from flask import Flask, Response, current_app, g, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from kb.errors import KnowledgeBaseError
from kb.run_log import FIGURES, LOOKED_AT, Figure, figures, runs
from web.knowledge import library

EXTENSION = "wakhan-metrics"
# From a page out of memory to a question on a busy machine, in seconds.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """The instruments of one application. Those of the re-index come from its log under `home`; 0 tells what never was."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.registry = CollectorRegistry()
        self.requests = Counter("wakhan_requests", "Responses given.", ["endpoint", "method", "status"], registry=self.registry)
        self.seconds = Histogram(
            "wakhan_request_seconds", "Time to respond.", ["endpoint"], buckets=BUCKETS, registry=self.registry
        )
        self.answers = Counter("wakhan_answers", "Questions by outcome.", ["status"], registry=self.registry)
        self.generation = Gauge("wakhan_index_generation", "Published generation; 0: none.", registry=self.registry)
        self.documents = Gauge("wakhan_index_documents", "Documents published.", registry=self.registry)
        self.passages = Gauge("wakhan_index_passages", "Passages published.", registry=self.registry)
        self.reindex = {figure: Gauge(figure.name, figure.help, registry=self.registry) for figure in FIGURES}


def register(app: Flask, home: Path) -> None:
    """`home` is KB_HOME."""
    app.extensions[EXTENSION] = Metrics(home)
    app.add_url_rule("/metrics", "metrics", exposition)
    app.before_request(_begin)
    app.after_request(_count)


def count_answer(status: str) -> None:
    """Count a question by its outcome, answered or abstained."""
    _metrics().answers.labels(status).inc()


def exposition() -> Response:
    metrics = _metrics()
    try:
        manifest = library().info()
        published = (manifest.generation, manifest.documents, manifest.passages)
    except KnowledgeBaseError:
        published = (0, 0, 0)  # no index is a figure too; /readyz tells the reason
    for gauge, value in zip((metrics.generation, metrics.documents, metrics.passages), published, strict=True):
        gauge.set(value)
    for figure, told in _reindex_figures(metrics.home).items():
        metrics.reindex[figure].set(told)
    return Response(generate_latest(metrics.registry), content_type=CONTENT_TYPE_LATEST)


def _reindex_figures(home: Path) -> dict[Figure, float]:
    try:
        return figures(runs(home, LOOKED_AT))
    except KnowledgeBaseError:
        return {}  # a store of another version: /readyz tells the reason


def _metrics() -> Metrics:
    return cast(Metrics, current_app.extensions[EXTENSION])


def _begin() -> None:
    g.metrics_started = time.perf_counter()


def _count(response: Response) -> Response:
    endpoint = request.endpoint or "none"  # never the path: anyone could make endless labels of it
    method = request.method if request.method in ("GET", "HEAD", "POST", "OPTIONS") else "other"
    _metrics().requests.labels(endpoint, method, response.status_code).inc()
    _metrics().seconds.labels(endpoint).observe(time.perf_counter() - g.get("metrics_started", time.perf_counter()))
    return response
