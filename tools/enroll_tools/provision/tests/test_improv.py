"""A board that serves Improv: mpremote and provision get in at any moment; a page that looks for it breaks nothing."""

import json
import os

import improv
import pytest
from improv import Client

SECRET = "password-canary"


@pytest.fixture
def boxed(registered, monkeypatch):
    """`boxed(forget)`: a board without a network in its enroll.json; it is registered unless `forget`."""
    monkeypatch.setenv("ENROLL_AIR", json.dumps({"home": SECRET}))
    ports = []

    def boxed(forget):
        board, _ = registered()
        board.write("boot.py", "import air")
        if forget:
            assert board.mpremote("fs", "rm", "-r", ":/state").returncode == 0
        board.replug()
        ports.append(os.open(board.port, os.O_RDWR | os.O_NOCTTY))
        return board, Client(ports[-1])

    yield boxed
    for port in ports:
        os.close(port)


def test_tools_get_in_while_a_board_serves_improv(boxed, desk):
    board, client = boxed(forget=True)
    assert client.connect() == improv.READY and client.ask(improv.ABOUT)[0] == "enroll"
    done = board.mpremote("resume", "exec", "print('in', 6 * 7)")
    assert "in 42" in done.stdout, done
    board.replug()
    board.says("no Wi-Fi in enroll.json")
    done = desk.run("status", board=board)
    assert "not registered yet: etherfax" in done.out, done


def test_a_page_that_looks_for_improv_does_not_stop_a_registered_board(boxed, sandbox):
    board, client = boxed(forget=False)
    board.write("app.py", "def main(session):\n print('app runs')\n while True: session.port.sleep(0.1)")
    board.replug()
    client.port = os.open(board.port, os.O_RDWR | os.O_NOCTTY)
    board.says("app runs")
    assert client.connect() == improv.JOINED
    url, text = improv.texts(client.until(improv.RESULT))
    assert url == sandbox.url("etherfax") and text.startswith("registered etherfax ")
    assert client.ask(improv.NAME)[0].startswith("etherfax ")
    os.close(client.port)
