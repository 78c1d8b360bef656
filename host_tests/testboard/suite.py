"""What the table of evidence says of each subject: what the suite shows, and which rows of test-board show it."""

from __future__ import annotations

from dataclasses import dataclass

ESP32 = "ESP32_GENERIC, _S3, _C3"
PICO = "RPI_PICO_W, RPI_PICO2_W"
W5500 = "W5500_EVB_PICO"
GROUPS = {
    ESP32: ("ESP32_GENERIC", "ESP32_GENERIC_S3", "ESP32_GENERIC_C3"),
    PICO: ("RPI_PICO_W", "RPI_PICO2_W"),
    W5500: ("W5500_EVB_PICO",),
}
ALL = tuple(GROUPS)
LETTERS = {
    "T": "type-checked against the stubs of its family",
    "C": "compiled for its chip",
    "F": "run on fakes of its modules",
    "U": "run on the unix port",
    "Q": "run on an emulated Cortex-M3 (QEMU)",
    "H": "run on hardware",
}
LINT, MANIFESTS, QEMU = "tools/lint.py", "host_tests/qemu/manifests.py", "host_tests/qemu/__main__.py"


@dataclass(frozen=True)
class Line:
    """One subject: `shown` has the file that shows each letter, `hardware` the rows of test-board that do."""

    what: str
    groups: tuple[str, ...]
    shown: dict[str, str]
    hardware: tuple[str, ...] = ()


def _port(tests: str) -> dict[str, str]:
    return {"T": LINT, "C": MANIFESTS, "F": f"host_tests/ports/{tests}"}


BOOTS = tuple(f"two boots, {it}" for it in ("etherfax", "ickstream", "xyte", "centagate"))
LINES = (
    Line(
        "protocols, store, clock, retries, configuration",
        ALL,
        {"T": LINT, "U": "host_tests/unit", "Q": QEMU},
        ("unit tests",),
    ),
    Line("TLS that is verified", ALL, {"U": "host_tests/system/test_tls.py"}, ("TLS, certificates good and bad",)),
    Line(
        "a first boot and a second one",
        ALL,
        {"U": "host_tests/system/test_first_boot.py", "Q": "host_tests/qemu/boots.py"},
        BOOTS,
    ),
    Line(
        "records on littlefs and FAT, power cuts",
        ALL,
        {"U": "host_tests/unit/test_micropython_littlefs.py", "Q": QEMU},
        ("power cuts in memory", "records on flash", "resets while saving"),
    ),
    Line("records in NVS, power cuts", (ESP32,), _port("test_port_nvs.py"), ("records in NVS",)),
    Line(
        "Wi-Fi: networks in order, reasons in words, time-outs",
        (ESP32, PICO),
        _port("test_port_wifi.py"),
    ),
    Line("Ethernet: link, address, time-outs", (ESP32, W5500), _port("test_port_cable.py")),
    Line("the link: down and up again", ALL, {}, ("link down and up",)),
    Line(
        "clock, identity, watchdog, sleep, room for TLS",
        ALL,
        _port("test_port_board.py"),
        ("watchdog", "deep sleep", "heap and flash"),
    ),
    Line("memory that outlasts deep sleep", (ESP32,), _port("test_port_board.py"), ("memory through deep sleep",)),
    Line("`deep_sleep.py`, `xyte_app.py`", ALL, {"U": "host_tests/system/test_examples.py"}),
    Line("frozen by its manifest, with MicroPython's own tools", ALL, {"C": MANIFESTS}),
    Line("`mip install`, ROMFS, `provision`, with genuine mpremote", ALL, {"U": "tools/enroll_tools/provision/tests"}),
)
