"""The console's live updates: a page learns of packets and of changes, also of those while it was away."""

from __future__ import annotations

import http.client
import json
import time
from typing import Any

import pytest
from enroll_tools.sandbox import Sandbox
from enroll_tools.sandbox.console import events
from enroll_tools.sandbox.tests.console_browser import cookie_of
from enroll_tools.sandbox.tests.cpython_device import Firmware

WAIT = 5  # seconds, at most


class Stream:
    """An open stream of events."""

    def __init__(self, sandbox: Sandbox, query: str = "", **headers: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", sandbox.ports["admin"], timeout=WAIT)
        sent = {"Cookie": cookie_of(sandbox), **{name.replace("_", "-"): value for name, value in headers.items()}}
        self.connection.request("GET", f"/events?{query}", headers=sent)
        self.answer = self.connection.getresponse()

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def next(self) -> tuple[int, dict[str, Any]]:
        """The id and the content of the next event."""
        found = {}
        while line := self.answer.readline().decode().strip():
            name, _, value = line.partition(": ")
            found[name] = value
        return (int(found["id"]), json.loads(found["data"])) if "data" in found else self.next()

    def until(self, text: str) -> str:
        """The packets of the event that holds a text."""
        while True:
            packets = self.next()[1]["packets"]
            if text in packets:
                return str(packets)


def newest(sandbox: Sandbox) -> int:
    """The id of the newest packet."""
    return max((entry.id for entry in sandbox.log()), default=0)


def test_a_page_hears_of_a_device_that_registers(console):
    console.etherfax.create("MT200", enabled=True)
    with Stream(console, f"after={newest(console)}&packets=/log&service=etherfax&device=MT200") as stream:
        assert stream.answer.headers["Content-Type"] == "text/event-stream"
        assert stream.answer.headers["Content-Security-Policy"]
        Firmware(console, "etherfax", {"serial": "MT200", "utc_offset": 0}).register()
        stream.until("The device has registered")


@pytest.mark.parametrize(
    "change",
    [
        lambda sandbox: sandbox.etherfax.create("MT201"),
        lambda sandbox: sandbox.fault("xyte", status=500),
        lambda sandbox: sandbox.set_time("2030-01-01T00:00:00Z"),
        lambda sandbox: sandbox.ntp_offset(5),
    ],
)
def test_a_page_hears_of_what_no_packet_tells(console, monkeypatch, change):
    """The command line, the admin API and Python change things, too."""
    monkeypatch.setattr(events, "WATCH", 0.05)
    with Stream(console, f"after={newest(console)}") as stream:
        stream.next()  # for what has changed since the page was made
        change(console)
        assert stream.next()[1] == {"packets": "", "gap": False}
    console.set_time(None)
    console.clear_faults()
    console.ntp_offset(0)


def test_a_fault_that_waits_is_no_news(console, monkeypatch):
    """What is left of its time changed with each look, and every open page was made again."""
    monkeypatch.setattr(events, "WATCH", 0.02)
    console.fault("xyte", status=500, expires=50_000)
    with Stream(console, f"after={newest(console)}") as stream:
        stream.connection.sock.settimeout(0.5)
        with pytest.raises(TimeoutError):
            for _ in range(5):  # a few are for what has changed before
                stream.next()
    console.clear_faults()


def test_a_page_that_was_away_gets_what_it_has_missed(console, send):
    seen = newest(console)
    for name in ("one", "two"):
        send("GET", f"{console.urls['centagate'].http}/{name}")
    query = "after=0&packets=/log&service=centagate"
    with Stream(console, query, Last_Event_ID=str(seen)) as stream:
        number, update = stream.next()
        assert update["packets"].index("/two") < update["packets"].index("/one") and not update["gap"]
        assert number == newest(console)
    with Stream(console, query, Last_Event_ID=str(number)) as stream:
        assert stream.next()[1]["packets"].strip() == ""


def test_a_page_that_was_away_for_long_is_told_so(console, send):
    seen = newest(console)
    for number in range(30):
        send("GET", f"{console.urls['centagate'].http}/{number}")
    with Stream(console, "packets=/log&service=centagate", Last_Event_ID=str(seen)) as stream:
        _, update = stream.next()
        assert update["gap"] and 0 < update["packets"].count("<li") < 30


@pytest.mark.parametrize("identity", ["-1", "x", "9" * 40, "²", "1 or 1"])
def test_an_id_that_is_none_counts_as_none(console, identity):
    with Stream(console, "packets=/log", Last_Event_ID=identity) as stream:
        assert stream.next()[0] == newest(console)


def test_packets_of_others_are_not_sent(console, send):
    with Stream(console, f"after={newest(console)}&packets=/log&service=xyte") as stream:
        send("GET", f"{console.urls['centagate'].http}/nothing")
        send("GET", f"{console.urls['xyte'].http}/nothing")
        assert "centagate" not in stream.until("/xyte")


def test_secrets_are_not_sent(console):
    console.etherfax.create("MT202", enabled=True)
    with Stream(console, f"after={newest(console)}&packets=/log?reveal=1&service=etherfax&reveal=1") as stream:
        answer = Firmware(console, "etherfax", {"serial": "MT202", "utc_offset": 0}).register()
        assert json.loads(answer.body)["DeviceToken"] not in stream.until("MT202")


def test_without_a_login_there_are_no_events(console):
    with Stream(console, Cookie="") as stream:
        assert stream.answer.status == 303


def test_an_open_page_does_not_hold_up_the_end():
    with Sandbox() as sandbox:
        stream = Stream(sandbox, "after=5")
        stream.next()
        started = time.monotonic()
    assert time.monotonic() - started < 20
    stream.connection.close()


def test_pages_are_counted(console):
    streams = [Stream(console, "after=0") for _ in range(70)]
    try:
        assert {it.answer.status for it in streams} == {200, 503}
    finally:
        for it in streams:
            it.connection.close()
    deadline = time.monotonic() + WAIT
    while (status := _status(console)) != 200 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert status == 200, "closed pages still count"


def _status(sandbox):
    with Stream(sandbox) as stream:
        return stream.answer.status
