"""The library stays within its budgets; a size over its budget does not grow."""

import re
import subprocess

import held
import pytest
import size
from devices import ROOT, Device, configuration, create
from enroll_tools.sandbox import Sandbox
from runtimes import Unavailable, first, micropython

# What is over its budget in bytes of flash, and what has none of its own: never make these numbers larger.
AFTERWARDS = {"requests.py": 2704, "renew.py": 1668, "session.py": 2408}
AFTERWARDS |= {name: budget for name, budget in size.BUDGET.items() if name.endswith(".py") and name not in AFTERWARDS}
HELD = {"improv.py": 2048, "portal.py and accesspoint.py": 6144}  # bytes of heap; never more
GATES = ("first rom", "first mpy", "second mpy", "TLS rom", "TLS mpy")  # what a chip is known to need


@pytest.fixture(scope="module")
def flash():
    return size.flash()


@pytest.mark.parametrize("provider", size.FIRST)
def test_flash_of_a_first_boot(flash, provider):
    assert flash["first boot"][provider] <= size.BUDGET["flash"]


@pytest.mark.parametrize("provider", size.SERVICES)
def test_flash_of_a_further_provider(flash, provider):
    assert flash["further provider"][provider] <= size.BUDGET.get(provider, size.BUDGET["provider"])


def test_a_first_boot_needs_nothing_of_what_is_counted_apart(tmp_path):
    size.compile_all(tmp_path / "mpy")
    for name in size.APART:
        (tmp_path / "mpy" / "enroll" / name).with_suffix(".mpy").unlink()
    for provider in size.FIRST:
        with Sandbox() as sandbox:
            device = Device(tmp_path / provider, first())
            config = configuration(sandbox, provider, create(sandbox, provider))
            device.write(config | {"network": size.NETWORK})
            command = [str(micropython(first())), "-c", size.START.format(mount="")]
            done = subprocess.run(
                command,
                cwd=device.folder,
                env={"MICROPYPATH": "../mpy:.frozen"},
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
        assert "registered" in done.stdout, done


@pytest.mark.parametrize("name", AFTERWARDS)
def test_what_comes_after_registration_does_not_grow(flash, name):
    assert flash["afterwards"][name] <= AFTERWARDS[name]


def rows(flash):
    """The figures of the first table of docs/size.md."""
    size, first, further = flash["modules"], flash["first boot"], flash["further provider"]
    rest = "providers/rest/"
    return [
        [first["etherfax"]],
        [first[name] for name in ("xyte", "centagate", "ickstream")],
        [further[name] for name in ("etherfax", "ickstream", "xyte", "centagate")],
        [further[name] for name in ("azure", "thingsboard", "cumulocity", "oauth")],
        [further["rest"], size[rest + "description.py"] + size[rest + "expression.py"]],
        [
            size["erase.py"],
            size["hmac.py"],
            size["steps.py"] + size["providers/other_steps.py"],
            size["providers/post_form.py"],
        ],
        [size["session.py"]],
        [size[name] for name in ("networks.py", "onboarding.py", "improv.py", "visit.py")],
        [size["portal.py"]],
        [
            size["broker.py"] + size["providers/azure/mqtt.py"],
            size["mqtt_client.py"] + size["mqtt_stream.py"],
            size["mqtt_simple2.py"],
            size["mqtt.py"],
        ],
        [size["requests.py"], size["renew.py"]],
        [size["sleep.py"], size["token.py"], size["providers/centagate/login.py"]],
    ]


def shown(row):
    """The figures in a row of the page."""
    return [int(it.replace(" ", "")) for it in re.split("[,;]", row.split(" | ")[1])]


def test_the_page_shows_what_is_measured(flash):
    """To five percent: a word in a sentence changes a few bytes, and no reader minds."""
    page = (ROOT / "docs" / "size.md").read_text().partition("|---|---|---|\n")[2].partition("\n\n")[0]
    assert [shown(line) for line in page.splitlines()] == [
        [pytest.approx(it, rel=0.05, abs=64) for it in row] for row in rows(flash)
    ]


def test_what_is_loaded_where_no_network_works_holds_little_heap(tmp_path):
    try:
        micropython(held.RUNTIME)
    except Unavailable as error:
        pytest.skip(error.message)
    size.compile_all(tmp_path)
    found = held.held(tmp_path)
    assert {name: size for name, size in found.items() if size > HELD.get(name, size)} == {}
    page = (ROOT / "docs" / "size.md").read_text().splitlines()
    told = [figure for row in page if row.startswith("| held while ") for figure in shown(row)]
    assert told == pytest.approx(list(found.values()), rel=0.05), "docs/size.md"


@pytest.mark.parametrize("gate", GATES)
def test_the_heap_suffices(tmp_path, gate):
    row, how = gate.split(" ")
    _, runtime, rsa = size.HEAPS[row]
    try:
        micropython(runtime)
    except Unavailable as error:
        pytest.skip(error.message)
    with Sandbox(rsa=rsa) as sandbox:
        boots = size.Heaps(sandbox, tmp_path, runtime)
        assert boots.boots(size.LARGEST, how, True)
        assert boots.boots(size.BUDGET[gate], how, row != "second")


@pytest.mark.parametrize("rsa", [False, True])
def test_a_handshake_without_heap_is_not_called_a_bad_certificate(tmp_path, rsa):
    """mbedTLS may say that a certificate is not correctly signed where its heap ran out."""
    try:
        micropython("chip")
    except Unavailable as error:
        pytest.skip(error.message)
    with Sandbox(rsa=rsa) as sandbox:
        boots = size.Heaps(sandbox, tmp_path, "chip")
        for heap in range(32768, size.BUDGET["TLS rom"], 1024):
            done = boots.boot(heap, "rom", True)
            assert done.stdout.startswith(("enroll: memory: ", "enroll: registered ")), (heap, done)
