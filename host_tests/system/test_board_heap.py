"""The heap that RP2 boards require before a connection, against what TLS takes."""

import os
import shutil
import statistics
import subprocess
import urllib.parse
from collections.abc import Callable
from functools import partial

import devices
import pytest
from runtimes import micropython

BOARDS = ("RPI_PICO_W", "RPI_PICO2_W", "W5500_EVB_PICO")
LAYOUTS = (0, 400, 800, 1200, 1600)  # bytes before all else: in one layout in ten, a hole helps only one of both
PROGRAM = """
before = bytearray({before})
import gc, socket, sys, tls
import board, link
HOST, PORT = {host!r}, {port}
with open("ca.der", "rb") as file:
    data = file.read()
def room():
    link.room(board.TLS)
def handshake():
    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    context.verify_mode = tls.CERT_REQUIRED
    context.load_verify_locations(data)
    plain = socket.socket()
    plain.connect(socket.getaddrinfo(HOST, PORT)[0][-1])
    stream = context.wrap_socket(plain, server_hostname=HOST)
    stream.write(b"HEAD / HTTP/1.0\\r\\n\\r\\n")
    stream.read(16)
gc.collect()
try:
    {what}()
    print("yes")
except Exception as error:
    print("no", repr(error))
"""


def smallest(works: Callable[[int], bool]) -> int:
    """The smallest heap in bytes with which it works, to 128."""
    low, high = 16384, 65536
    assert works(high)
    while high - low > 128:
        middle = (low + high) // 2
        low, high = (low, middle) if works(middle) else (middle, high)
    return high


@pytest.mark.parametrize("board", BOARDS)
def test_only_a_heap_that_is_too_small_for_tls_is_refused(sandbox, tmp_path, board):
    url = urllib.parse.urlsplit(sandbox.url("etherfax"))
    runtime = micropython("chip")
    # relative paths: one of another length moves all that follows it in the heap
    (tmp_path / "here").symlink_to(devices.ROOT)
    shutil.copy(sandbox.ca_der, tmp_path / "ca.der")
    environment = {**os.environ, "MICROPYPATH": f"here/boards/{board}:here/boards:here/lib:.frozen"}

    def works(what: str, before: int, heap: int) -> bool:
        program = PROGRAM.format(host=url.hostname, port=url.port, what=what, before=before)
        (tmp_path / "it.py").write_text(program)
        command = [str(runtime), "-X", f"heapsize={heap}", "it.py"]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=30)
        return done.stdout.startswith("yes")

    found = []
    for before in LAYOUTS:
        needs, asks = (smallest(partial(works, what, before)) for what in ("handshake", "room"))
        found.append(needs - asks)
    assert -256 <= statistics.median(found) < 1024, found
