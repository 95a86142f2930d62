"""SIGKILL of the whole process group at every step of writing, and at random: no damage, no half state, and the next run goes on.

After each kill ten questions get the answers that a clean build of the old or of the new files gives, `check` finds nothing, and
in the end the state is that of a clean build. `python -m benchmarks.crash` does the same some hundred times.
"""

import random
import subprocess
import sys
import textwrap

import pytest

from kb import faults
from kb.errors import Busy
from kb.staging import LOCK_FILE, Staging
from tests.crash_bench import ROOT, Crashes, Runner, state_of

#: Each step that a run comes by, and which time it is killed there: the first, or one in the middle.
CHOSEN = {
    "reindex": {
        "original copying": 2, "original kept": 3, "stage writing": 4, "stage written": 4, "vectors writing": 2,
        "vectors written": 1, "publish building": 1, "publish built": 1, "publish synced": 1, "publish renamed": 1,
        "publish switching": 1, "publish switched": 1, "collect rows going": 1, "collect done": 1,
    },
    "move": {"move writing": 1, "move written": 1, "publish synced": 1},
    "gc": {
        "collect folder aside": 1, "collect rows going": 1, "gc vectors going": 1, "gc vectors gone": 1,
        "gc original gone": 2, "gc vacuum": 1,
    },
    "rollback": {"rollback switching": 1, "rollback switched": 1},
    "repair": {"publish built": 1, "publish renamed": 1},
}  # fmt: skip


@pytest.fixture(scope="module")
def crashes(tmp_path_factory):
    runner = Runner()
    yield Crashes(tmp_path_factory.mktemp("crash"), runner)
    runner.close()


def test_every_step_is_one_that_a_run_comes_by(crashes):
    passed = set()
    for action, chosen in CHOSEN.items():
        steps = crashes.unkilled(action)["steps"]
        assert {step: times for step, times in chosen.items() if steps.get(step, 0) < times} == {}
        passed |= set(steps)
    assert passed == {step for step in faults.STEPS if not step.startswith("restore")}  # that is killed in test_backup


@pytest.mark.parametrize(("action", "step"), [(action, step) for action, steps in CHOSEN.items() for step in steps])
def test_a_kill_at_a_step_does_no_damage(crashes, action, step):
    assert crashes.trial(action, {"kill": [step, CHOSEN[action][step]]}) == [-9]


@pytest.mark.parametrize("seed", range(3))
def test_kills_at_random_one_after_the_other_do_no_damage(crashes, seed):
    chosen = random.Random(seed)
    crashes.trial("reindex", *({"after": chosen.uniform(0, 0.3)} for _ in range(3)))


def test_what_a_killed_run_staged_is_not_read_again(crashes):
    crashes.trial("reindex", {"kill": ["publish built", 1]})
    home = crashes.folder / "home"
    assert crashes.runner.run(home, crashes.docs)["steps"] == {}  # and a run with nothing to do writes nothing
    crashes.trial("reindex", {"kill": ["stage written", 3]})
    whole = crashes.unkilled("reindex")["steps"]["stage written"]
    crashes.copied("reindex")
    crashes.runner.run(home, crashes.docs, kill=["stage written", 3])
    assert crashes.runner.run(home, crashes.docs)["steps"]["stage written"] == whole - 3


def test_a_kill_of_a_run_with_sandboxed_readers(crashes):
    statuses = crashes.trial("reindex", {"kill": ["stage written", 4], "sandbox": True})
    assert statuses == [-9]


def test_the_second_of_two_writers_is_told_and_a_dead_ones_lock_is_free(crashes):
    home = crashes.copied("reindex")
    code = f"""
        import sys
        from pathlib import Path
        from kb.staging import Staging
        with Staging(Path({str(home)!r})):
            print("writing", flush=True)
            sys.stdin.read()
    """
    writer = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert writer.stdout.readline() == b"writing\n"
    with pytest.raises(Busy, match="another re-index is writing"):
        Staging(home)
    assert crashes.runner.run(home, crashes.docs)["status"] == Busy.exit_code == 1
    assert state_of(crashes.settings) == crashes.old  # readers do not mind
    writer.kill()
    writer.communicate()
    assert (home / LOCK_FILE).exists()
    assert crashes.runner.run(home, crashes.docs)["status"] == 0
