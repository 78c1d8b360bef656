"""The firmware against the sandbox's OAuth server, over TLS."""

import pytest
from outcome import status
from program import run

pytestmark = pytest.mark.long("chip")  # newest shows the same in less time

USERINFO = 'print(session.request("GET", "").status_code)'
SESSION = "session = enroll.Session(config, port, log=log)\n"


@pytest.fixture(autouse=True)
def settings(sandbox):
    before = sandbox.oauth.show_settings()
    yield
    for name, value in before.items():
        sandbox.set(f"oauth.{name}", value)


def answers(sandbox):
    """(call, status) of each request."""
    return [(entry.path.rpartition("/")[2], entry.status) for entry in sandbox.log("oauth")]


def waiting(sandbox, make, runtime, **section):
    """A device that nobody has approved, and that waits longer than one attempt may."""
    sandbox.set("oauth.interval", 60)
    client = sandbox.oauth.create_client()
    board = make("oauth", runtime, section={**client, **section})
    assert status(board.boot(), "server") == 75
    return board


def test_it_is_approved_and_uses_its_access_token(sandbox, make, runtime):
    board = make("oauth", runtime, section={"api": sandbox.url("oauth") + "/userinfo"})
    boot = board.boot()
    assert boot.stdout.startswith("enroll: registered oauth board-") and "approve this device: code " in boot.stderr
    sandbox.clear_log()
    assert board.boot().returncode == 0 and not sandbox.log(), "the second boot sends nothing"
    assert run(board, SESSION + USERINFO) == ["200"]
    sandbox.oauth.end_access()
    sandbox.clear_log()
    assert run(board, SESSION + USERINFO + "\n" + USERINFO) == ["200"]
    assert answers(sandbox) == [("userinfo", 401), ("token", 200), ("userinfo", 200), ("userinfo", 200)]


def test_a_reset_goes_on_with_the_code_and_a_denied_one_is_dropped(sandbox, make, runtime):
    board = waiting(sandbox, make, runtime)
    code = sandbox.oauth.codes()[-1]["user_code"]
    sandbox.clear_log()
    boot = board.boot()
    assert code in boot.stderr and answers(sandbox) == [("token", 400)]
    sandbox.oauth.deny(code)
    assert status(board.boot(), "refused") == 77
    assert status(board.boot(), "server") == 75, "it asks for another code"
    sandbox.oauth.expire()
    assert status(board.boot(), "server") == 75
    assert status(board.boot(), "server") == 75
    sandbox.oauth.approve(sandbox.oauth.codes()[-1]["user_code"].lower())
    assert board.boot().returncode == 0


def test_a_lost_answer_costs_another_approval(sandbox, make, runtime):
    board = make("oauth", runtime)
    sandbox.fault("oauth", drop="after", path="/token")
    assert status(board.boot(), "network") == 75
    assert status(board.boot(), "server") == 75, "the code is used up"
    assert board.boot().returncode == 0


def test_a_device_registers_its_own_client(sandbox, make, runtime):
    sandbox.set("oauth.approve", True)
    token = sandbox.oauth.create_initial_token(once=True)
    own = {"client_id": None, "client_secret": None, "register_path": "/register", "initial_token": token}
    board = make("oauth", runtime, section=own)
    assert board.boot().returncode == 0
    assert answers(sandbox) == [("register", 201), ("device_authorization", 200), ("token", 200)]
    assert sandbox.oauth.clients()[-1]["name"] == board.boot().stdout.split()[-1]
    assert status(make("oauth", runtime, section=own).boot(), "refused") == 77


def test_google(sandbox, make, runtime):
    sandbox.set("oauth.google", True)
    board = waiting(sandbox, make, runtime, google=True)
    assert status(board.boot(), "server") == 75
    assert answers(sandbox) == [("device_authorization", 200), ("token", 428), ("token", 403)], "too soon"
    sandbox.oauth.approve(sandbox.oauth.codes()[-1]["user_code"])
    assert board.boot().returncode == 0
