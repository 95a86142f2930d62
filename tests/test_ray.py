"""The Ray runner on three nodes of this machine, in namespaces of their own: token authentication, kills, nodes that differ.

Skipped, saying so, where Ray (requirements-ray.txt) is not installed or namespaces are not to be had; NEED_RAY=1 makes that a
failure. What needs no Ray is in test_shards; what needs a network, and minutes, in test_ray_network.
"""

import os

import pytest

from ingest.__main__ import main
from tests.ray_nodes import CONTENT, missing, outcome_of

SECONDS = 600


@pytest.fixture(scope="module")
def outcome(short_folder):
    """What tests.ray_bench found."""
    if why := missing():
        pytest.fail(f"NEED_RAY is set: {why}") if os.environ.get("NEED_RAY") else pytest.skip(why)
    return outcome_of("tests.ray_bench", short_folder, SECONDS)


def test_kills_in_the_middle_lose_nothing_and_change_nothing(outcome):
    """Of a worker, and of another node."""
    made, local = outcome["kills"], outcome["local"]
    assert made["killed"] == 2 and made["deaths"] >= 1  # of one that has nothing at hand, a run need not hear
    for what in ("added", "embedded", "failures", *CONTENT):
        assert made[what] == local[what], what
    assert local["added"] >= 40 and local["embedded"] > 700
    assert [uri for uri, _ in local["failures"]] == ["docs/broken.pdf"]


def test_a_cluster_that_anybody_may_use_is_not_used(outcome):
    assert outcome["no authentication"].startswith("BadRequest: RAY_AUTH_MODE is not 'token'")


def test_a_wrong_token_is_a_sentence_and_status_2(outcome):
    assert outcome["wrong token"]["status"] == 2
    assert "cannot be reached" in outcome["wrong token"]["said"] and "Traceback" not in outcome["wrong token"]["said"]


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
