"""With many devices, a page or a request reads no more than with few: by the database's work, not by time."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from enroll_tools.sandbox import Sandbox
from enroll_tools.sandbox.tests.console_browser import Browser
from enroll_tools.sandbox.tests.cpython_device import Firmware

MANY = 4000
STEP = 50  # instructions of the database between two looks
FEW = 4000  # instructions: a search through all devices takes several for each

# A row of a service's devices, made from a number.
DEVICES = {
    "etherfax": "etherfax_devices (serial, enabled) SELECT 'many' || n, 1",
    "ickstream": "ickstream_devices (id, user_id, hardware_id, application_id, name, model, access_token)"
    " SELECT 'id' || n, (SELECT id FROM ickstream_users), 'many' || n, 'a', 'n', 'm', 'key' || n",
    "xyte": "xyte_devices (id, model_id, sn, access_key, registration)"
    " SELECT 'id' || n, (SELECT id FROM xyte_models), 'many' || n, 'key' || n, '{}'",
    "centagate": "centagate_tokens (sn, status, cr) SELECT 'many' || n, 'new', 0",
    "rest": "rest_devices (serial, id, secret, key, ticket) SELECT 'many' || n, 'id' || n, 's', 'key' || n, 't' || n",
    "azure": "azure_devices (id, device_key, enabled) SELECT 'many' || n, 'key', 1",
    "thingsboard": "thingsboard_devices (name, token, provisioned) SELECT 'many' || n, 'key' || n, 1",
    "cumulocity": "cumulocity_devices (id, status, auto, username, password)"
    " SELECT 'many' || n, 'REGISTERED', 0, 'device_many' || n, 'p'",
    "oauth": "oauth_clients (client_id, approve, registered) SELECT 'many' || n, 0, 0",
}
# Besides: what each of them has left behind.
MORE = (
    "ickstream_tokens (token, user_id, name, expires) SELECT 't' || n, (SELECT id FROM ickstream_users), 'n', 0",
    "oauth_codes (device_code, user_code, client_id, scope, status, expires, interval, polled)"
    " SELECT 'd' || n, 'u' || n, 'many' || n, '', 'pending', 0, 5, 0",
    "oauth_tokens (token, kind, client_id, family, scope, expires) SELECT 't' || n, 'access', 'many' || n, n, '', 1e12",
    "cumulocity_measurements (source, body) SELECT n, '{}'",
    "cumulocity_operations (source, status, body) SELECT n, 'PENDING', '{}'",
    "azure_events (device, body) SELECT 'many' || n, ''",
    "azure_messages (lock, device, body) SELECT n, 'many' || n, ''",
    "thingsboard_commands (device, method, params) SELECT 'many' || n, 'm', '{}'",
    "centagate_users (username, password, admin, allow_cr) SELECT 'user' || n, '', 0, 0",
)


class Work:
    """What the database of a sandbox does: instructions, and rows that Python gets."""

    def __init__(self) -> None:
        self.instructions = self.rows = 0

    def attach(self, *arguments: Any, **options: Any) -> sqlite3.Connection:
        """Open a database that counts."""
        database = connect(*arguments, **options)
        database.set_progress_handler(self._step, STEP)
        database.row_factory = self._row
        return database

    def _step(self) -> int:
        self.instructions += STEP
        return 0

    def _row(self, _: object, row: object) -> object:
        self.rows += 1
        return row

    def reset(self) -> None:
        self.instructions = self.rows = 0


connect = sqlite3.connect


@pytest.fixture(scope="module")
def work() -> Work:
    return Work()


@pytest.fixture(scope="module")
def crowded(work, tmp_path_factory) -> Iterator[Sandbox]:
    """A sandbox each of whose services has many devices, made directly in the database."""
    folder = tmp_path_factory.mktemp("crowded")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite3, "connect", work.attach)
        with Sandbox(folder) as sandbox:
            sandbox.ickstream.create_user("many")
            sandbox.xyte.create_model("many")
            numbers = f"WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {MANY})"
            with contextlib.closing(connect(folder / "sandbox.sqlite3")) as database, database:
                for rows in (*DEVICES.values(), *MORE):
                    table, _, columns = rows.partition(" SELECT ")
                    database.execute(f"{numbers} INSERT INTO {table} SELECT {columns} FROM numbers")
            yield sandbox


@pytest.fixture(autouse=True)
def _reset(crowded, work):
    work.reset()


@pytest.mark.parametrize("name", DEVICES)
def test_one_device_is_found_without_a_look_at_the_others(crowded, work, name):
    view = crowded.services[name].device_view("many77")
    assert view is not None and view.id == "many77"
    assert crowded.services[name].device_view("nobody") is None
    assert work.rows <= 5 and work.instructions < FEW


@pytest.mark.parametrize("name", DEVICES)
def test_a_page_of_a_service_reads_a_page_of_devices(crowded, work, name):
    page = Browser(crowded).get(f"/services/{name}?page=2")
    assert page.status == 200 and f"{MANY} devices in all, page 2 of {MANY // 50}" in page.text
    assert len(page.one(id="devices").all("tr")) == 51
    assert work.rows < 350, "for each device a row, and when it came into its state; and 50 of each table"


@pytest.mark.parametrize("name", DEVICES)
def test_the_newest_devices_are_found_without_sorting_all(crowded, work, name):
    assert len(crowded.services[name].portal_devices.newest(20)) == 20
    assert work.rows < 60 and work.instructions < 2 * FEW


def test_the_start_page_counts_in_the_database(crowded, work):
    text = Browser(crowded).get("/").text
    assert text.count(str(MANY)) >= 9
    assert work.rows < 100


# A call with the credential.
CALLS: dict[str, tuple[Any, ...]] = {
    "etherfax": ("GET", "/accounts?a=status"),
    "ickstream": ("POST", "", {"jsonrpc": "2.0", "id": 1, "method": "getDevice", "params": {}}),
    "xyte": ("GET", "/v1/devices/{id}/command"),
    "rest": ("GET", "/me"),
    "azure": ("GET", "/devices/{id}/messages/deviceBound?api-version=2020-03-13"),
    "thingsboard": ("POST", "/telemetry", {"a": 1}),
    "cumulocity": ("GET", "/devicecontrol/operations?deviceId=1&status=PENDING"),
    "oauth": ("GET", "/userinfo"),
}


@pytest.mark.parametrize("name", DEVICES)
def test_a_device_registers_and_works_without_a_look_at_the_others(crowded, work, name):
    device = Firmware(crowded, name, crowded.services[name].sample("1"))
    before = len(crowded.log(name))
    work.reset()
    device.register()
    if name in CALLS:
        assert 200 <= device.call(*CALLS[name]).status < 300
    requests = len(crowded.log(name, after=0)) - before
    assert requests and work.instructions < FEW + 1000 * requests
