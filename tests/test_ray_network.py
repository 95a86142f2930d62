"""The Ray runner on machines with addresses of their own: namespaces joined by a bridge.

These take minutes, so they run on purpose: NEED_RAY=all, with Ray (requirements-ray.txt), `ip` and PostgreSQL (tests/postgres.sh
install) at hand; what is missing then is a failure.
"""

import os

import pytest

from tests.ray_nodes import CONTENT, missing, outcome_of

SECONDS = 1800


@pytest.fixture(scope="module")
def outcome(short_folder):
    """What tests.ray_trial found."""
    if os.environ.get("NEED_RAY") != "all":
        pytest.skip("these take minutes and run on purpose alone (NEED_RAY=all)")
    if why := missing():
        pytest.fail(f"NEED_RAY is set: {why}")
    return outcome_of("tests.ray_trial", short_folder, SECONDS)


@pytest.mark.parametrize("run", ["cut off and joined", "head again", "into PostgreSQL"])
def test_what_is_left_is_that_of_a_run_on_one_machine(outcome, run):
    for what in CONTENT:
        assert outcome[run][what] == outcome["local"][what], what
    assert outcome[run]["failures"] == ["docs/broken.pdf"] and outcome[run]["status"] == 1


def test_a_machine_that_is_cut_off_is_lost_and_its_work_done_by_others(outcome):
    said = outcome["cut off and joined"]["said"]
    assert said.count("is lost") == 1 and "what it had at hand is done again by others" in said
    assert outcome["cut off and joined"]["embedded"] == outcome["local"]["embedded"]


def test_a_machine_that_comes_in_the_middle_works_along(outcome):
    assert outcome["cut off and joined"]["said"].count("works along") == 4


def test_a_machine_with_another_release_is_named_and_left_out(outcome):
    (told,) = [line for line in outcome["cut off and joined"]["said"].splitlines() if "gets no work" in line]
    assert "its program is" in told and "that of the run is" in told


def test_a_machine_without_the_token_does_not_get_in(outcome):
    assert "InvalidAuthToken" in outcome["strange node"]["said"]


def test_a_run_whose_head_dies_says_what_to_do_and_goes_on_where_it_stopped(outcome):
    killed, again = outcome["head killed"], outcome["head again"]
    assert killed["status"] == 1 and "What was done is kept" in killed["said"] and "run the same command" in killed["said"]
    assert 0 < killed["kept"] < outcome["local"]["embedded"]
    assert again["embedded"] == outcome["local"]["embedded"] - killed["kept"]


def test_documents_cross_the_wire_in_the_open_only_without_tls(outcome):
    assert outcome["cut off and joined"]["overheard"] > 1000
    assert outcome["head again"]["overheard"] == 0


def test_a_machine_that_does_not_encrypt_does_not_get_in(outcome):
    assert outcome["without encryption"]["said"]
    assert outcome["into PostgreSQL"]["said"].count("works along") == 3


def test_the_result_goes_to_postgresql(outcome):
    (held,) = outcome["into PostgreSQL"]["held"]
    assert held["findings"] == [] and "publishes generation 1" in held["notes"][0]
