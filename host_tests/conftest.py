"""What every test needs: the library importable under CPython, and the pure tests on every runtime."""

import os
import shutil
import tempfile

import cpython
import hypothesis
from on_micropython import pytest_generate_tests, pytest_pyfunc_call, pytest_report_header

__all__ = ["pytest_generate_tests", "pytest_pyfunc_call", "pytest_report_header"]

cpython.install()
hypothesis.settings.register_profile("enroll", derandomize=True, deadline=None, max_examples=200)
hypothesis.settings.load_profile("enroll")


def pytest_sessionstart() -> None:
    """One folder for what the pure tests write, whichever runtime they run on."""
    os.environ["TEST_FOLDER"] = tempfile.mkdtemp(prefix="enroll-")


def pytest_sessionfinish() -> None:
    shutil.rmtree(os.environ["TEST_FOLDER"])
