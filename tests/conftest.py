"""Property tests draw the same examples in every run, so that a commit's verdict is its own.

`HYPOTHESIS_PROFILE=search make test` draws new ones, and ten times as many: for looking, on purpose.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

from tests.fake_library import app_over
from tests.postgres_made import running

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("search", max_examples=1000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


@pytest.fixture(scope="session")
def servers():
    """PostgreSQL, a primary and a standby; who stops one starts it again."""
    with running() as made:
        yield made


@pytest.fixture(scope="session")
def others():
    """A second primary with its standby."""
    with running() as made:
        yield made


@pytest.fixture(scope="module")
def short_folder():
    """For sockets: an address of one has 107 bytes, and the folders of pytest-xdist's workers take half of them."""
    with tempfile.TemporaryDirectory(prefix="wakhan-", ignore_cleanup_errors=True) as name:
        yield Path(name)


@pytest.fixture
def web(tmp_path):
    """The application over a library of made-up documents, and that library."""
    return app_over(tmp_path)


@pytest.fixture
def client(web):
    return web[0].test_client()
