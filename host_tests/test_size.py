"""The library stays within its budgets; a size over its budget does not grow."""

import re
import subprocess

import held
import pytest
import size
import size_page
from devices import ROOT, Device, configuration, create
from enroll_tools.sandbox import Sandbox
from figures import PLACE
from packages import build_romfs, compiled
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


@pytest.mark.parametrize("board", ["ESP32_GENERIC", "RPI_PICO_W"])
def test_what_a_board_loads_besides_the_library_is_counted(board):
    """Of what its manifest freezes, all but what only a device without a network loads, and NVS."""
    frozen = set(re.findall(r'module\("([\w.]+)"', (ROOT / "boards" / board / "manifest.py").read_text()))
    [files] = [files for files in size.FIRMWARE.values() if f"boards/{board}/board.py" in files]
    assert {it.rpartition("/")[2] for it in files} == frozen - {"accesspoint.py", "offline.py", "nvs.py"}


@pytest.mark.parametrize("name", AFTERWARDS)
def test_what_comes_after_registration_does_not_grow(flash, name):
    assert flash["afterwards"][name] <= AFTERWARDS[name]


def cells(text):
    """The cells of the tables in `text`, numbers as integers."""
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return [[int(it.replace(" ", "")) if re.fullmatch("[0-9 ]*[0-9]", it) else it for it in row] for row in rows]


def check(tables):
    """The page says what is measured, to five percent: a word in a sentence changes a few bytes; no reader minds."""
    page = {found["name"]: found["value"] for found in PLACE.finditer(size_page.PAGE.read_text())}
    for name, text in tables.items():
        assert cells(page[name]) == [
            [pytest.approx(it, rel=0.05, abs=64) if isinstance(it, int) else it for it in row] for row in cells(text)
        ], "make size ARGS=--write"


def test_the_page_shows_the_flash_that_is_measured(flash):
    check(size_page.flash_tables(flash))


def test_the_page_names_what_is_above_its_budget(flash):
    shown = {found["name"]: found["value"] for found in PLACE.finditer(size_page.PAGE.read_text())}
    assert shown["size.missed"] == size_page.missed(size_page.others(flash["modules"]))
    assert size_page.missed([("one", 2, 1), ("two", 1, 1), ("three", 9, None), ("four", 3, 0)]) == "one, four"
    assert size_page.missed([("two", 1, 1)]) == "none"


def test_each_part_that_is_loaded_later_is_on_the_page(flash):
    told = {name for names in size_page.OTHERS.values() for name in names}
    apart = {name for name in size.BUDGET if name.endswith(".py")}
    assert apart <= told <= set(flash["modules"])


def test_what_is_loaded_where_no_network_works_holds_little_heap(tmp_path):
    try:
        micropython(held.RUNTIME)
    except Unavailable as error:
        pytest.skip(error.message)
    size.compile_all(tmp_path)
    found = held.held(tmp_path)
    assert {name: size for name, size in found.items() if size > HELD.get(name, size)} == {}
    check({"size.held": size_page.heap_tables({"held": found, "heap": {}})["size.held"]})


class Lucky(size.Heaps):
    """Boots of which each third ends well with less heap than it takes, down to some size."""

    def __init__(self, least, needs):
        self._least, self._needs = least, needs
        self._count = 0

    def boots(self, heap, how, first):
        self._count += 1
        return heap >= self._needs or (heap >= self._least and self._count % 3 == 0)


@pytest.mark.parametrize("least", [20000, 22000, 24000])
def test_a_heap_with_which_some_boots_end_well_is_not_the_smallest(least):
    """A device that somebody plans with that heap would fail at most of its boots."""
    assert 24000 <= Lucky(least, 24000).smallest("rom", True) < 24000 + size.STEP


def test_the_pages_say_how_heaps_are_found():
    for page in ("size.md", "benchmarks.md"):
        text = " ".join((ROOT / "docs" / page).read_text().split())
        assert f"{size.BOOTS} boots in a row register" in text and f"{size.STEP} bytes" in text, page


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


@pytest.mark.parametrize(("heap", "held", "often"), [("64k", 0, True), ("192k", 0, False), ("192k", 120000, False)])
def test_only_a_small_heap_is_collected_often(heap, held, often):
    """On a large one, of which an application holds most, a first boot would take three times as long."""
    program = f"held = bytearray({held})\nimport gc, main\nprint(gc.threshold())"
    command = [str(micropython(first())), "-X", f"heapsize={heap}", "-c", program]
    path = f"{size.ROOT}/lib:{size.ROOT}/boards/unix:{size.ROOT}/firmware:.frozen"
    done = subprocess.run(command, env={"MICROPYPATH": path}, capture_output=True, text=True, timeout=60, check=True)
    assert (int(done.stdout) <= 1024) == often, done


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


class AppHeaps(size.Heaps):
    """The same, with an application that makes a request after the registration."""

    start = size.START.replace('"--once"', '"--once", "--app"')

    def __init__(self, sandbox, folder, runtime):
        super().__init__(sandbox, folder, runtime)
        compiled(ROOT / "firmware" / "app.py", self._mpy / "app.mpy")
        build_romfs(self._image, self._mpy)


def test_an_application_finds_heap_for_tls_after_a_registration(tmp_path, monkeypatch):
    """Without a collection in between, what it keeps lay in the middle of what TLS needs."""
    monkeypatch.setattr(size, "PROVIDER", "xyte")  # it loads most
    try:
        micropython("chip")
    except Unavailable as error:
        pytest.skip(error.message)
    with Sandbox() as sandbox:
        boots = AppHeaps(sandbox, tmp_path, "chip")
        found = {heap: boots.boot(heap, "rom", True).stdout for heap in range(63488, 67585, 1024)}
    assert {heap: out for heap, out in found.items() if ": HTTP 200" not in out} == {}
