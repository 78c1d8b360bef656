"""The table of evidence is made by a command, and claims for hardware only what a file in evidence/ shows."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from enroll_tools.provision.errors import Failure
from testboard import evidence
from testboard.suite import GROUPS, LINES

TLS, WIFI = "TLS that is verified", "Wi-Fi: networks in order, reasons in words, time-outs"


def write(folder: Path, board: str, platform: str = "rp2", **results: str) -> None:
    """Evidence as test-board writes it: `results` by the beginning of a row's name."""
    names = [name for line in LINES for name in line.hardware]
    rows = [
        {"name": name, "result": next((it for key, it in results.items() if name.startswith(key)), "passed")}
        for name in names
    ]
    head = {"board": board, "firmware": "1.28.0", "date": "2026-12-01T10:00:00+00:00", "platform": platform}
    (folder / f"{board}-1.28.0.json").write_text(json.dumps({**head, "rows": rows}))


def cells(folder: Path, what: str) -> dict[str, str]:
    """The row `what` of the table that `folder` gives, by its columns."""
    text = evidence.replaced(evidence.PAGE.read_text(), folder)
    [line] = [it for it in text.splitlines() if it.startswith(f"| {what} |")]
    return dict(zip(GROUPS, [it.strip() for it in line.strip("|").split("|")][1:], strict=True))


def test_the_page_agrees() -> None:
    assert CliRunner().invoke(evidence.main, ["--check"]).exit_code == 0, "run make evidence"


def test_hardware_is_named_by_board_where_all_of_a_line_has_passed(tmp_path: Path) -> None:
    write(tmp_path, "RPI_PICO_W")
    esp32, pico, w5500 = cells(tmp_path, TLS).values()
    assert (esp32, pico, w5500) == ("U", "U H (RPI_PICO_W 1.28.0)", "U")
    assert "H (" not in "".join(cells(tmp_path, WIFI).values())  # no row of test-board shows it


@pytest.mark.parametrize("result", ["failed", "not tried"])
def test_what_has_not_passed_is_not_claimed(tmp_path: Path, result: str) -> None:
    write(tmp_path, "RPI_PICO_W", TLS=result, **{"two boots, xyte": result})
    assert cells(tmp_path, TLS)["RPI_PICO_W, RPI_PICO2_W"] == "U"
    assert cells(tmp_path, "a first boot and a second one")["RPI_PICO_W, RPI_PICO2_W"] == "U Q"
    assert "H (RPI_PICO_W" in cells(tmp_path, "records on littlefs and FAT, power cuts")["RPI_PICO_W, RPI_PICO2_W"]


def test_a_board_of_no_column_is_in_the_table_of_runs_alone(tmp_path: Path) -> None:
    write(tmp_path, "ODD_BOARD", unit="failed")
    text = evidence.replaced(evidence.PAGE.read_text(), tmp_path)
    passed = len([name for line in LINES for name in line.hardware]) - 1
    assert f"| ODD_BOARD | 1.28.0 | 2026-12-01 | {passed} | 1 | 0 |" in text
    assert "H (" not in text


@pytest.mark.parametrize("platform", ["linux", "qemu", ""])
def test_a_simulated_board_is_not_evidence(tmp_path: Path, platform: str) -> None:
    write(tmp_path, "RPI_PICO_W", platform)
    with pytest.raises(Failure, match="was played by a computer"):
        evidence.replaced(evidence.PAGE.read_text(), tmp_path)


def test_a_file_that_is_something_else_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.json").write_text("[]")
    with pytest.raises(Failure, match=r"notes\.json is not evidence of test-board: remove it"):
        evidence.replaced(evidence.PAGE.read_text(), tmp_path)
