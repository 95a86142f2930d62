"""The Ray runner on three nodes of this machine, in namespaces of their own: token authentication, kills, nodes that differ.

Skipped, saying so, where Ray (requirements-ray.txt) is not installed or namespaces are not to be had. What needs no Ray is in
test_shards.
"""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from ingest.__main__ import main

ROOT = Path(__file__).parents[1]
UNSHARE = ("unshare", "--net", "--pid", "--fork", "--mount-proc", "--kill-child")
SECONDS = 900
CONTENT = ("added", "embedded", "failures", "digest", "documents", "passages", "vectors")


def has_namespaces() -> bool:
    try:
        return subprocess.run([*UNSHARE, "true"], capture_output=True, timeout=60, check=False).returncode == 0
    except FileNotFoundError:
        return False


needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed (requirements-ray.txt)")


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    """What tests.ray_bench found."""
    if not has_namespaces():
        pytest.skip("this user may not make network and process namespaces (unshare), so no Ray is started")
    folder = tmp_path_factory.mktemp("ray")
    told = {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(folder / "token"),
        "RAY_USAGE_STATS_ENABLED": "0",
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [*UNSHARE, sys.executable, "-m", "tests.ray_bench", str(folder)],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith(("RAY_", "KB_"))} | told,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


@needs_ray
@pytest.mark.parametrize("killed", ["worker killed", "node killed"])
def test_a_kill_in_the_middle_loses_nothing_and_changes_nothing(outcome, killed):
    assert outcome[killed]["killed"] and outcome[killed]["deaths"] >= 1
    for what in CONTENT:
        assert outcome[killed][what] == outcome["local"][what], what
    assert outcome["local"]["added"] >= 60 and outcome["local"]["embedded"] > 1000
    assert [uri for uri, _ in outcome["local"]["failures"]] == ["docs/broken.pdf"]


@needs_ray
def test_a_run_that_is_killed_goes_on_where_it_stopped(outcome):
    again, local = outcome["run killed"], outcome["local"]
    assert again["killed"] and 0 < again["embedded"] < local["embedded"]
    for what in ("failures", "digest", "documents", "passages", "vectors"):
        assert again[what] == local[what], what


@needs_ray
def test_a_cluster_that_anybody_may_use_is_not_used(outcome):
    assert outcome["no authentication"].startswith("BadRequest: RAY_AUTH_MODE is not 'token'")


@needs_ray
def test_a_wrong_token_is_a_sentence_and_status_2(outcome):
    assert outcome["wrong token"]["status"] == 2
    assert "cannot be reached" in outcome["wrong token"]["said"] and "Traceback" not in outcome["wrong token"]["said"]


@needs_ray
def test_nodes_with_another_program_get_no_work(outcome):
    assert outcome["other program"].startswith("NodesLost: no node of the Ray cluster can work for this run")
    assert "its segmenter is segment/" in outcome["other program"]


@pytest.mark.parametrize("arguments", [["--runner", "ray"], ["--ray-address", "127.0.0.1:6379"]])
def test_runner_and_address_go_together(arguments, monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("KB_HOME", str(tmp_path / "home"))
    assert main(["reindex", str(tmp_path), *arguments]) == 2
    assert "go together" in capsys.readouterr().err


def test_without_ray_the_runner_says_what_to_install(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("KB_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("ingest.commands_index.find_spec", lambda name: None)
    assert main(["reindex", str(tmp_path), "--runner", "ray", "--ray-address", "127.0.0.1:6379"]) == 2
    assert "requirements-ray.txt" in capsys.readouterr().err
