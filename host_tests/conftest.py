"""What every test needs: the library importable under CPython, and the pure tests on every runtime."""

import os
import shutil
import tempfile

import cpython
import hypothesis
import pytest
from runtime import Unavailable, micropython

pytest_plugins = ["leaks", "on_micropython"]

cpython.install()
hypothesis.settings.register_profile("enroll", derandomize=True, deadline=None, max_examples=200)
hypothesis.settings.load_profile("enroll")


def pytest_sessionstart() -> None:
    """One folder for all that the run writes, keys included, whichever runtime or program writes it."""
    os.environ["TEST_FOLDER"] = os.environ["TMPDIR"] = tempfile.tempdir = tempfile.mkdtemp(prefix="enroll-")


def pytest_unconfigure() -> None:
    shutil.rmtree(os.environ.pop("TEST_FOLDER", ""), ignore_errors=True)


@pytest.fixture(params=[64, 32])
def width(request: pytest.FixtureRequest) -> int:
    """Word size of the unix port."""
    try:
        micropython(request.param)
    except Unavailable as error:
        pytest.skip(error.message)
    return request.param
