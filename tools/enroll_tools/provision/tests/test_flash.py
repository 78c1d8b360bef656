"""`enroll-provision flash` calls the tools that flash boards, and loses no registration. The tools are stand-ins."""

import json
import struct
import sys
import threading
import time
from pathlib import Path

import pytest

TOOL = """#!/bin/sh
echo "$@" >>{log}
printf 'Connecting...\\033[2J\\n'
exit {status}
"""
BOOT_DRIVE = "UF2 Bootloader v3.0\nModel: Raspberry Pi RP2\nBoard-ID: {}\n"


def esp(chip: int = 0, table: int = 0x7000) -> bytes:
    """A .bin as of MicroPython for ESP32s, as far as anyone looks at it."""
    data = bytearray(b"\xff" * 0x9000)
    data[:1] = b"\xe9"
    data[12:14] = struct.pack("<H", chip)
    data[table : table + 2] = b"\xaa\x50"
    return bytes(data)


def uf2(family: int = 0xE48BFF56, blocks: int = 3) -> bytes:
    """A .uf2 of empty blocks."""
    head = (0x0A324655, 0x9E5D5157, 0x2000, 0x10000000, 256)
    return b"".join(struct.pack("<8I", *head, it, blocks, family).ljust(512, b"\0") for it in range(blocks))


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """`tools(name, status)` puts a stand-in onto PATH, where nothing else is; `tools.said()` is how it was called."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    log = tmp_path / "tools.log"

    def put(name: str, status: int = 0) -> None:
        (folder / name).write_text(TOOL.format(log=log, status=status))
        (folder / name).chmod(0o755)

    put.said = lambda: log.read_text().splitlines() if log.exists() else []
    return put


@pytest.fixture
def firmware(desk):
    """`firmware(data, name)`: a file of firmware."""

    def write(data: bytes, name: str = "firmware.bin") -> Path:
        (desk.folder / name).write_bytes(data)
        return Path(name)

    return write


@pytest.fixture
def boot_drive(tmp_path, monkeypatch):
    """`boot_drive(board_id, ready)`: a folder as the drive of a board in boot mode, which is mounted once `ready()`.
    It goes when a whole file has been copied to it; `.got` is then what that holds."""
    table = tmp_path / "mounts"
    table.write_text("proc /proc proc rw 0 0\n")
    monkeypatch.setattr("enroll_tools.provision.drives.MOUNTS", table)
    end = threading.Event()
    threads = []

    def make(board_id: str = "RPI-RP2", ready=lambda: True, size: int = len(uf2())) -> Path:
        drive = tmp_path / "RPI RP2"
        drive.mkdir()
        got = []

        def live() -> None:
            while not ready() and not end.wait(0.02):
                pass
            (drive / "INFO_UF2.TXT").write_text(BOOT_DRIVE.format(board_id))
            table.write_text(table.read_text() + f"/dev/sdz1 {str(drive).replace(' ', chr(92) + '040')} vfat rw 0 0\n")
            while not got and not end.wait(0.02):
                got.extend(path.read_bytes() for path in drive.glob("*.uf2") if path.stat().st_size == size)
            (drive / "INFO_UF2.TXT").unlink()

        threads.append(threading.Thread(target=live))
        threads[-1].start()
        while ready() and str(drive).replace(" ", "\\040") not in table.read_text():
            time.sleep(0.01)
        make.got = got
        return drive

    yield make
    end.set()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize(
    ("data", "options", "words"),
    [
        (esp(), [], "--chip esp32 --port {} --baud 460800 write-flash 0x1000 firmware.bin"),
        (esp(9, 0x8000), ["--baud", 115200], "--chip esp32s3 --port {} --baud 115200 write-flash 0x0 firmware.bin"),
        (
            esp(23, 0x6000),
            ["--erase"],
            "--chip esp32c5 --port {} --baud 460800 write-flash --erase-all 0x2000 firmware.bin",
        ),
    ],
    ids=["esp32", "s3", "c5"],
)
def test_esptool_is_called(plug, desk, tools, firmware, data, options, words):
    tools("esptool")
    board = plug(stocked=True)
    done = desk.run("flash", "--firmware", firmware(data), *options, "--json", board=board)
    assert done.status == 0, done
    text = f"{board.port}: flashed firmware.bin by esptool"
    assert json.loads(done.out) == {"state": "flashed", "text": text, "status": 0, "where": board.port, "by": "esptool"}
    assert tools.said() == [words.format(board.port)]
    assert "Connecting...?[2J" in done.err  # what a tool passes on of a board is cleaned as well


def test_esptool_of_before_version_5_and_mpflash_are_called(plug, desk, tools, firmware):
    tools("esptool.py")
    tools("mpflash")
    board = plug(stocked=True)
    assert desk.run("flash", "--firmware", firmware(esp()), board=board).status == 0
    assert desk.run("flash", "--version", "1.28.0", "--erase", board=board).status == 0
    assert tools.said() == [
        f"--chip esp32 --port {board.port} --baud 460800 write_flash 0x1000 firmware.bin",
        f"flash --serial {board.port} --version 1.28.0 --erase",
    ]


def test_a_registration_is_given_up_only_by_name(registered, desk, tools, firmware):
    board, serial = registered()
    tools("esptool")
    for words in ([], ["--erase"], ["--replace", "MT1"], ["--blank"]):
        board.said.clear()
        sentence = desk.failed(77, "flash", "--firmware", firmware(esp()), *words, board=board)
        assert f"this board is {serial}, registered at https://" in sentence
        assert f"use --replace {serial} to give it up, and reset this device in the portal" in sentence
        board.says(f"enroll: registered etherfax {serial}")
    assert not tools.said()
    pico = firmware(uf2(), "pico.uf2")
    assert f"this board is {serial}, registered" in desk.failed(77, "flash", "--firmware", pico, board=board)
    assert b"bootloader" not in board.heard
    assert desk.run("flash", "--firmware", firmware(esp()), "--replace", serial, board=board).status == 0
    assert len(tools.said()) == 1


def test_a_silent_board_is_flashed_only_with_blank(plug, desk, tools, firmware, monkeypatch):
    monkeypatch.setattr("enroll_tools.provision.link.ENTER", 0.5)
    tools("esptool")
    board = plug(stocked=True)
    board.asleep = True
    sentence = desk.failed(77, "flash", "--firmware", firmware(esp()), board=board)
    assert "Nobody knows whether the board is registered" in sentence and sentence.endswith("use --blank if it is new")
    assert not tools.said()
    assert desk.run("flash", "--firmware", firmware(esp()), "--blank", board=board).status == 0
    assert len(tools.said()) == 1


def test_a_board_that_is_registering_is_not_new(plug, desk, tools, firmware, monkeypatch):
    """It was flashed during its attempt, because --blank accepts a board that does not answer."""
    monkeypatch.setattr("enroll_tools.provision.link.ATTEMPT", 0.5)
    tools("esptool")
    board = plug()
    board.runs("import time\nwhile True:\n print('enroll: registering, x')\n try: time.sleep(0.2)\n except: pass\n")
    board.says("registering")
    sentence = desk.failed(75, "flash", "--firmware", firmware(esp()), "--blank", board=board)
    assert "has been registering for 0.5 s: wait until it has ended, then run this again" in sentence
    assert not tools.said()


def test_what_is_wrong_before_a_board_is_touched(plug, desk, tools, firmware):
    board = plug(stocked=True)
    before = len(board.heard)
    none, part = firmware(b"hello" * 9000, "no.bin"), firmware(esp(table=0x100), "part.bin")
    for file, words in {
        none: "no.bin is neither a .uf2 for RP2 nor a .bin for ESP32: take the file for your board",
        part: "part.bin has no partition table, it is a part of a firmware: take the whole .bin",
        firmware(esp(99), "new.bin"): "new.bin is for a chip of number 99, which is not known: use esptool itself",
        firmware(uf2()[:700], "cut.uf2"): "cut.uf2 is a .uf2 that was cut: download it again",
        firmware(esp()): f"no flasher: {Path(sys.executable).with_name('pip')} install esptool",
    }.items():
        assert words in desk.failed(78, "flash", "--firmware", file, board=board)
    assert "--erase is for ESP32" in desk.failed(2, "flash", "--firmware", firmware(uf2(), "a.uf2"), "--erase")
    assert "mpflash is not installed" in desk.failed(78, "flash", "--version", "1.28.0", board=board)
    assert "cannot be read" in desk.failed(2, "flash", "--firmware", "nowhere.bin", board=board)
    for words in ([], ["--firmware", none, "--version", "1"]):
        assert "use --firmware FILE, or --version" in desk.failed(2, "flash", *words, board=board)
    tools("esptool", 2)
    assert "is not there: check the cable" in desk.failed(2, "flash", "--firmware", firmware(esp()), "--port", "/no")
    assert len(board.heard) == before and not tools.said()
    assert "esptool ended with status 2: see above" in desk.failed(
        75, "flash", "--firmware", firmware(esp()), board=board
    )


def test_an_rp2_is_brought_into_boot_mode_and_gets_the_file(plug, desk, firmware, boot_drive):
    board = plug(stocked=True)
    drive = boot_drive(ready=lambda: b"machine.bootloader()" in board.heard)
    done = desk.run("flash", "--firmware", firmware(uf2(), "pico.uf2"), "--json", board=board)
    assert done.status == 0, done
    found = json.loads(done.out)
    assert (found["state"], found["where"], found["by"]) == ("flashed", str(drive), "copy")
    assert boot_drive.got == [uf2()]


def test_an_rp2_already_in_boot_mode_needs_blank(desk, firmware, boot_drive):
    drive = boot_drive()
    file = firmware(uf2(), "pico.uf2")
    assert "nobody can see whether it is registered" in desk.failed(77, "flash", "--firmware", file, "--drive", drive)
    other = firmware(uf2(0xE48BFF59), "pico2.uf2")
    sentence = desk.failed(78, "flash", "--firmware", other, "--drive", drive, "--blank")
    assert "pico2.uf2 is for RP2350, and the board at" in sentence and "is RPI-RP2: take the file" in sentence
    assert "is not a boot drive" in desk.failed(2, "flash", "--firmware", file, "--drive", desk.folder, "--blank")
    assert boot_drive.got == []
    assert desk.run("flash", "--firmware", file, "--blank").status == 0  # without a port: the drive is found
    assert boot_drive.got == [uf2()]


def test_a_drive_that_does_not_appear_or_disappear_is_reported(plug, desk, firmware, boot_drive, monkeypatch):
    monkeypatch.setattr("enroll_tools.provision.drives.APPEAR", 0.2)
    monkeypatch.setattr("enroll_tools.provision.drives.VANISH", 0.2)
    file = firmware(uf2(), "pico.uf2")
    assert "hold BOOTSEL" in desk.failed(75, "flash", "--firmware", file, board=plug())
    drive = boot_drive(size=1)
    sentence = desk.failed(75, "flash", "--firmware", file, "--drive", drive, "--blank")
    assert "did not start within 0.2 s: it may not take pico.uf2" in sentence
