"""The library stays within its budgets; where it is not there yet, it does not grow."""

from pathlib import Path

import pytest
import size
from runtimes import Unavailable, micropython
from sandbox import Sandbox

# What is over its budget (bytes of flash, of heap): make it smaller, never this number larger.
FLASH = 19480
AFTERWARDS = {"http.py": 2016, "renew.py": 1000, "session.py": size.BUDGET["session.py"]}
FURTHER = {"etherfax": 1104, "xyte": 1168, "ickstream": 2248, "centagate": 2152}
FIRST_FROM_MPY = 39296


@pytest.fixture(scope="module")
def flash():
    return size.flash()


def test_flash_of_a_first_boot_does_not_grow(flash):
    assert flash["first boot"]["etherfax"] <= FLASH


@pytest.mark.parametrize("provider", FURTHER)
def test_flash_of_a_further_provider_does_not_grow(flash, provider):
    assert flash["further provider"][provider] <= FURTHER[provider]


@pytest.mark.parametrize("name", AFTERWARDS)
def test_what_comes_after_registration_does_not_grow(flash, name):
    assert flash["afterwards"][name] <= AFTERWARDS[name]


@pytest.mark.parametrize(
    ("how", "first", "heap"),
    [
        ("rom", True, size.BUDGET["first rom"]),
        ("mpy", True, FIRST_FROM_MPY),
        ("mpy", False, size.BUDGET["second mpy"]),
    ],
)
def test_the_heap_suffices(tmp_path: Path, how, first, heap):
    try:
        micropython(32)
    except Unavailable as error:
        pytest.skip(error.message)
    with Sandbox() as sandbox:
        boots = size.Heaps(sandbox, tmp_path)
        assert boots.boots(131072, how, True)
        assert boots.boots(heap, how, first)
