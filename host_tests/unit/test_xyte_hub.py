"""A Xyte device at its hub: requests, commands, and which hub it uses."""

from answers import GOOD
from enroll.errors import EnrollError
from enroll.providers.xyte import device as xyte
from fake_session import Registered
from helpers import raises

PATH = "/v1/devices/device-1"
OPEN = {"X-Kept": "open"}  # headers without Connection: close


class Hub:
    """A hub with `commands` that wait; `reports`: what it was told of them."""

    def __init__(self, *commands):
        self.commands = list(commands)
        self.reports = []

    def __call__(self, it):
        assert it.path == PATH + "/command"
        if it.method == "GET":
            return (200, self.commands[0]) if self.commands else (204, None)
        self.reports.append(it.json)
        self.commands = [one for one in self.commands if one["id"] != it.json["id"]]
        return 200, {"success": True}


def command(number, name="reboot", **more):
    return dict({"id": "c%d" % number, "name": name, "status": "pending"}, **more)


def said(function, *more, **named):
    """What one call sends, as (method, path, JSON), and what it returns when the hub says {"version": 3}."""
    device = Registered("xyte", lambda it: (200, {"version": 3}))
    value = device.run(function, *more, **named)
    (it,) = device.asked
    assert it.host == "hub" and it.headers["Authorization"] == "token-canary"
    return it.method, it.path.replace(PATH, ""), it.json, value


def test_telemetry_has_a_status_and_what_else_is_given():
    sent = {"status": "online"}
    assert said(xyte.telemetry) == ("POST", "/telemetry", sent, {"version": 3})
    sent = {"status": "error", "telemetries": {"t": 21.5}, "timestamp": "2026-11-22T00:00:00Z"}
    assert said(xyte.telemetry, {"t": 21.5}, "error", "2026-11-22T00:00:00Z")[2] == sent
    assert xyte.report_of({}) == {"status": "online"} and xyte.report_of(status="offline") == {"status": "offline"}


def test_commands_and_configuration_have_their_calls():
    assert said(xyte.command) == ("GET", "/command", None, {"version": 3})
    assert said(xyte.report, "c1")[:3] == ("POST", "/command", {"id": "c1", "status": "done"})
    wanted = {"id": "c1", "status": "failed", "message": "no"}
    assert said(xyte.report, "c1", "failed", "no")[2] == wanted
    assert said(xyte.get_config) == ("GET", "/config", None, {"version": 3})
    assert said(xyte.set_config, {"a": 1}) == ("POST", "/config", {"config": {"a": 1}}, {"version": 3})


def test_what_the_hub_refuses_is_an_error_with_its_kind():
    for status, kind in ((403, "refused"), (404, "configuration"), (422, "refused"), (429, "server"), (500, "server")):
        for function in (xyte.telemetry, xyte.command, xyte.get_config):
            device = Registered("xyte", lambda it, status=status: (status, None, {"Retry-After": "7"}))
            assert raises(kind, device.run, function).retry_after == 7
            assert len(device.asked) == 1


def test_no_command_is_an_empty_one():
    for answer in ((204, None), (200, {}), (200, None), (200, [1])):
        device = Registered("xyte", lambda it, answer=answer: answer)
        assert device.run(xyte.command) == {}
        assert device.run(xyte.obey, {}) == 0 and len(device.asked) == 1


def test_a_command_is_run_with_its_parameters_and_told_to_be_done():
    hub = Hub(command(1, parameters={"in": 5}), command(2, "blink", parameters=None))
    device = Registered("xyte", hub)
    calls = []
    handlers = {"reboot": lambda given: calls.append(given), "blink": lambda given: calls.append(given) or "3 times"}
    assert device.run(xyte.obey, handlers) == 2
    assert calls == [{"in": 5}, {}]
    assert hub.reports == [{"id": "c1", "status": "done"}, {"id": "c2", "status": "done", "message": "3 times"}]
    assert len(device.asked) == 5


def test_a_command_that_is_not_known_here_has_failed():
    hub = Hub(command(1, "explode"), command(2, None), command(3, ["reboot"]), {"id": "c4"})
    device = Registered("xyte", hub)
    assert device.run(xyte.obey, {"reboot": lambda given: None}) == 4
    assert [it["status"] for it in hub.reports] == 4 * ["failed"]
    assert hub.reports[0]["message"] == hub.reports[3]["message"] == "no such command here"


def test_what_a_handler_raises_is_told_and_the_next_command_runs():
    def fails(given):
        raise ValueError("too hot")

    hub = Hub(command(1, "heat"), command(2))
    device = Registered("xyte", hub)
    assert device.run(xyte.obey, {"heat": fails, "reboot": lambda given: None}) == 2
    assert hub.reports[0] == {"id": "c1", "status": "failed", "message": "ValueError: too hot"}
    assert hub.reports[1]["status"] == "done"


def test_an_asynchronous_handler_has_failed_and_the_next_command_runs():
    ran = []

    async def later(given):
        ran.append(1)

    def task(given):
        ran.append(2)
        yield 1

    hub = Hub(command(1, "later"), command(2, "task"), command(3), command(4, "number"))
    device = Registered("xyte", hub)
    handlers = {"later": later, "task": task, "reboot": lambda given: None, "number": lambda given: 5}
    assert device.run(xyte.obey, handlers) == 4 and not ran
    assert [it["status"] for it in hub.reports] == ["failed", "failed", "done", "done"]
    assert "asynchronous" in hub.reports[0]["message"] == hub.reports[1]["message"]
    assert hub.reports[3]["message"] == "5"


def test_a_task_that_nobody_drives_says_so():
    """Awaited as it is, it would wait forever for something that asyncio does not know."""
    device = Registered("xyte", lambda it: (200, {}))
    for made in (
        xyte.telemetry(device.session),
        xyte.obey(device.session, {}),
        xyte.children_telemetry(device.session, {"a": {}}),
        device.session.task("GET", "/x"),
    ):
        assert "session.run(task)" in str(raises(TypeError, made.send, None))
    for wrong in (xyte.telemetry, None, [], {}, "task"):
        assert "not a task" in str(raises(TypeError, device.session.run, wrong))
    assert not device.net.requests
    device.run(xyte.telemetry)
    raises(TypeError, xyte.telemetry(device.session).send, None)


def test_a_handler_that_misses_a_parameter_is_not_an_unknown_command():
    hub = Hub(command(1))
    device = Registered("xyte", hub)
    device.run(xyte.obey, {"reboot": lambda given: given["delay"]})
    assert hub.reports[0]["status"] == "failed"
    assert "KeyError" in hub.reports[0]["message"] and "no such command" not in hub.reports[0]["message"]


def test_a_handler_that_ends_the_program_is_let_through():
    def ends(given):
        raise SystemExit

    device = Registered("xyte", Hub(command(1)))
    raised = False
    try:
        device.run(xyte.obey, {"reboot": ends})
    except SystemExit:
        raised = True
    assert raised


def test_a_hub_that_never_runs_out_of_commands_is_left_after_twenty():
    hub = Hub(command(1))
    device = Registered("xyte", lambda it: (200, command(1)))
    runs = []
    assert device.run(xyte.obey, {"reboot": lambda given: runs.append(1)}) == 20
    assert len(runs) == 20 and len(device.asked) == 40
    hub = Hub(*[command(number) for number in range(21)])
    device = Registered("xyte", hub)
    assert device.run(xyte.obey, {}) == 20 and len(hub.commands) == 1
    assert device.run(xyte.obey, {}) == 1


def test_a_report_that_is_lost_ends_it_and_the_command_still_waits():
    hub = Hub(command(1))
    device = Registered("xyte", lambda it: hub(it) if it.method == "GET" else OSError(104, "reset"))
    raises(OSError, device.run, xyte.obey, {"reboot": lambda given: None})
    assert len(device.asked) == 2 and hub.commands


def connected(url, reply=None):
    """A device whose connection stays open, until it is deleted and registers again, with `url` as its new hub."""

    def answer(it):
        if it.path == "/api/v1/devices":
            return 201, {"id": "device-2", "access_key": "second-canary", "hub_url": url}
        if device.deleted and it.headers["Authorization"] == "token-canary":
            return 401, None, OPEN
        return 200, {}, OPEN

    device = Registered("xyte", answer, None, reply)
    device.deleted = False
    return device


def test_calls_to_one_hub_share_a_connection():
    device = connected("http://hub")
    for _ in range(5):
        device.run(xyte.telemetry)
    assert len(device.net.lines) == 1 and device.net.hosts() == ["hub"]
    device.session.close()
    assert not device.net.hosts()


def test_after_registering_again_the_new_hub_is_used_and_the_old_connection_is_closed():
    for url, host in (("http://other", "other"), ("http://hub/base", "hub"), ("http://hub", "hub")):
        device = connected(url)
        device.run(xyte.telemetry)
        device.deleted = True
        device.run(xyte.telemetry)
        it = device.asked[-1]
        assert it.host == host and it.path.endswith("/v1/devices/device-2/telemetry")
        assert it.headers["Authorization"] == "second-canary"
        assert device.net.hosts() == [host] and not device.net.lines[0].open
        device.run(xyte.telemetry)
        assert device.asked[0].host == host and len(device.asked) == 1
        device.boot()
        device.run(xyte.telemetry)
        assert device.asked[0].host == host, "also after a boot"


def test_the_new_key_never_goes_to_the_old_hub_nor_the_old_one_to_the_new():
    device = connected("http://other")
    device.run(xyte.telemetry)
    device.deleted = True
    for _ in range(3):
        device.run(xyte.telemetry)
    seen = {(it.host, it.headers.get("Authorization")) for it in device.net.requests}
    assert seen == {("hub", "token-canary"), ("localhost", None), ("other", "second-canary")}


BOTH = dict(GOOD["xyte"], hub_url_static_cert="http://static")


def test_a_device_with_certificates_of_its_own_uses_the_hub_for_them():
    device = Registered("xyte", lambda it: (200, {}), {"static_cert": True}, BOTH)
    device.run(xyte.telemetry)
    assert device.asked[0].host == "static"


def test_static_cert_may_be_changed_after_the_registration():
    device = Registered("xyte", lambda it: (200, {}), None, BOTH)
    for static, host in ((True, "static"), (False, "hub")):
        device.it.section["static_cert"] = static
        device.boot()
        device.run(xyte.telemetry)
        assert device.asked[0].host == host


def test_a_hub_that_was_never_given_is_an_error_that_says_so():
    device = Registered("xyte", lambda it: (200, {}))
    device.it.section["static_cert"] = True
    error = raises(EnrollError, device.run, xyte.telemetry)
    assert error.kind in ("configuration", "answer") and "hub_url_static_cert" in str(error)
    assert not device.asked
