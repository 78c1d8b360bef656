"""A fast slice of every fault class: nothing may be lost."""

import importlib

import pytest

from torture import CLASSES
from torture.faults import Bench

# fewer cases: test_outcomes.py, test_properties.py, test_journal_slots.py, test_enroller_faults.py, test_renewal.py
LONG = ("server", "fuzz", "records", "exceptions", "orphans")


@pytest.fixture(scope="session")
def bench(tmp_path_factory):
    return Bench(tmp_path_factory.mktemp("torture"))


# these run their batches with a second provider, too: the same mechanism
TWICE = ("power", "exceptions", "cancelled", "flash", "server", "records")
SECOND = "ickstream"


def nothing_is_lost(name, bench, second):
    batches = importlib.import_module(f"torture.{name}").batches(False, bench)
    chosen = [it for it in batches if name not in TWICE or (SECOND in it.name) == second]
    assert chosen
    for batch in chosen:
        result = batch.run()
        assert result.cases and not result.lost, (batch.name, result)


@pytest.mark.timeout(300)  # together they take minutes of a busy machine
@pytest.mark.parametrize("name", [pytest.param(it, marks=[pytest.mark.long] * (it in LONG)) for it in CLASSES])
def test_nothing_is_lost(name, bench):
    nothing_is_lost(name, bench, second=False)


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", TWICE)
def test_nothing_is_lost_with_another_provider(name, bench):
    nothing_is_lost(name, bench, second=True)
