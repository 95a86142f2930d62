"""The HTTP API: shapes, arguments, the OpenAPI document, health and figures."""

from __future__ import annotations

import json

import pytest
from marshmallow import fields

from kb import serialize
from kb.records import Filters
from kb.run_log import finish_run, start_run
from kb.staging import Staging
from tests.fake_library import MANIFEST, app_over
from web import schemas, shapes


def described(value, schema) -> None:
    """Every key of the JSON is in the schema and the other way round, all the way down."""
    known = {field.data_key or name: field for name, field in schema.fields.items()}
    assert set(value) == set(known), schema
    for name, field in known.items():
        inner = field.inner if isinstance(field, fields.List) else field
        if isinstance(inner, fields.Nested):
            for one in value[name] if isinstance(field, fields.List) else [value[name]]:
                described(one, inner.schema)


def test_ask_gives_the_answer_as_the_command_line_does(client, web):
    body = {"question": "conflict", "country": ["PK"], "from": "2020", "n": 3, "expand": False}
    response = client.post("/api/v1/ask", json=body)
    answer = web[1].ask("conflict", Filters(country=("PK",), date_from="2020"), 3, expand=False)
    assert response.json == json.loads(json.dumps(serialize.answer_json(answer)))
    assert web[1].asked[0] == web[1].asked[1]
    described(response.json, shapes.AnswerShape())


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/api/v1/search?q=x&n=2&country=PK&country=UZ", shapes.SearchShape),
        ("/api/v1/documents?n=1", shapes.DocumentsShape),
        ("/api/v1/documents/d1", shapes.DocumentShape),
        ("/api/v1/entities/Q265", shapes.EntityDetailShape),
        ("/api/v1/passages/d1-p0", shapes.PassageShape),
        ("/api/v1/entities?n=1", shapes.EntitiesShape),
    ],
)
def test_what_is_given_is_what_is_described(client, path, shape):
    response = client.get(path)
    assert response.status_code == 200 and response.content_type == "application/json"
    described(response.json, shape())


def test_search_and_list_go_on_where_they_stopped(client):
    first = client.get("/api/v1/search?q=many&n=20").json
    second = client.get(f"/api/v1/search?q=many&n=20&next={first['next']}").json
    assert (len(first["items"]), len(second["items"]), second["next"]) == (20, 12, None)
    page = client.get("/api/v1/documents?n=3").json
    assert [len(page["items"]), page["total"]] == [3, 4]
    assert client.get(f"/api/v1/documents?n=3&cursor={page['next']}").json["next"] is None


def test_text_is_sent_as_itself(client):
    assert "خبروں" in client.get("/api/v1/documents/d2").text


def test_the_openapi_document_is_made_of_the_schemas_that_check(client):
    spec = client.get("/api/v1/openapi.json").json
    assert spec["openapi"] == "3.1.0"
    operations = {path: set(methods) & {"get", "post"} for path, methods in spec["paths"].items()}
    assert operations == {
        "/api/v1/ask": {"post"},
        "/api/v1/search": {"get"},
        "/api/v1/documents": {"get"},
        "/api/v1/documents/{document_id}": {"get"},
        "/api/v1/passages/{passage_id}": {"get"},
        "/api/v1/entities": {"get"},
        "/api/v1/entities/{entity_id}": {"get"},
    }
    search = spec["paths"]["/api/v1/search"]["get"]
    told = {one["name"] for one in search["parameters"]}
    assert told == {field.data_key or name for name, field in schemas.SearchArguments().fields.items()}
    assert "application/problem+json" in search["responses"]["400"]["content"]
    assert "422" not in search["responses"] and "200" in search["responses"]
    assert spec["components"]["schemas"]["AskBody"]["required"] == ["question"]
    assert "from" in spec["components"]["schemas"]["AskBody"]["properties"]


def test_health_readiness_and_figures(client, web):
    assert client.get("/healthz").json == {"status": "ok"}
    assert client.get("/readyz").json["generation"] == MANIFEST.generation
    client.post("/api/v1/ask", json={"question": "signed"})
    assert "no answer" in client.get("/?q=weather").text  # a page is judged while it is sent
    figures = client.get("/metrics").text
    assert 'wakhan_answers_total{status="answered"} 1.0' in figures
    assert 'wakhan_answers_total{status="abstained"} 1.0' in figures
    assert 'wakhan_requests_total{endpoint="api.ask",method="POST",status="200"} 1.0' in figures
    assert "wakhan_index_passages 9.0" in figures
    web[1].published = False
    assert "wakhan_index_passages 0.0" in client.get("/metrics").text
    assert client.get("/healthz").status_code == 200


def test_figures_of_the_last_reindex_come_from_its_log(tmp_path):
    client = app_over(tmp_path)[0].test_client()
    assert "wakhan_reindex_last_success_timestamp_seconds 0.0" in client.get("/metrics").text
    with Staging(tmp_path / "var") as staging:
        run = start_run(staging.connection, "2026-01-02T00:00:00+00:00")
        assert "wakhan_reindex_running 1.0" in client.get("/metrics").text
        report = {"seconds": 60.5, "failures": [{"stage": "read"}], "generation": 7, "documents": 9}
        finish_run(staging.connection, run, "finished", "2026-01-02T00:01:00+00:00", json.dumps(report))
    told = dict(line.rsplit(" ", 1) for line in client.get("/metrics").text.splitlines() if not line.startswith("#"))
    reindex = {name.removeprefix("wakhan_reindex_"): float(value) for name, value in told.items() if "reindex" in name}
    assert reindex.pop("last_success_timestamp_seconds") == reindex.pop("last_run_timestamp_seconds") + 60
    assert reindex == {"duration_seconds": 60.5, "failures": 1, "running": 0, "generation": 7, "documents": 9}


def test_applications_count_apart(tmp_path):
    first, second = (app_over(tmp_path)[0].test_client() for _ in range(2))
    first.post("/api/v1/ask", json={"question": "signed"})
    assert "wakhan_answers_total{" not in second.get("/metrics").text
