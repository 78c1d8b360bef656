"""Xyte: the calls of a registered device to its hub. Follows https://dev.xyte.io, "Device API".

    telemetry    POST .../telemetry    reports state and values of the device
    command      GET .../command       returns the next command from the cloud; `report` tells how it went
    obey                               runs all waiting commands
    get_config   GET .../config        returns the device's configuration in the cloud; `set_config` replaces it
    children                           lists the child devices; also `register_children`, `children_telemetry`

All but `children` are tasks, see enroll.calls.
"""

from ...calls import read

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from ...credential import Credential

_REFUSALS = const("""
refused: check this device, and what it may do, in the portal""")
_BATCH = const(100)  # children per request
_ROUND = const(20)  # commands that one `obey` runs at most


def example(_credential):
    """See `enroll.calls.example`."""
    return "POST", "/v1/devices/{id}/telemetry", {"status": "online"}


def _call(session, method: str, path: str, body: dict | None = None):
    """Task: send a request about this device and return the JSON object in the answer. All may safely be repeated."""
    return read((yield from session.task(method, "/v1/devices/{id}" + path, True, json=body)), _REFUSALS, session)


def telemetry(session, values: dict | None = None, status: str = "online", timestamp: str | None = None):
    """Task: report `status` ("online", "offline", "error") and `values`, {name: value}.

    `timestamp`: the time of the report in ISO 8601, if it is not now. Returns the cloud's answer, a dict:
    `config_version`, and `command`, whether a command waits.
    """
    return _call(session, "POST", "/telemetry", report_of(values, status, timestamp))


def report_of(values: dict | None = None, status: str = "online", timestamp: str | None = None) -> dict:
    """The report that `telemetry` sends, a dict. `children_telemetry` takes one for each child."""
    report: dict = {"status": status}
    if values:
        report["telemetries"] = values
    if timestamp:
        report["timestamp"] = timestamp
    return report


def command(session):
    """Task: return the next command for this device, a dict with `id`, `name` and `parameters`; {} if none waits."""
    return _call(session, "GET", "/command")


def report(session, identity: str, status: str = "done", message: str | None = None):
    """Task: report the progress of the command with the id `identity`. `status`: "in_progress", "done" or "failed"."""
    body = {"id": identity, "status": status}
    if message:
        body["message"] = message
    return _call(session, "POST", "/command", body)


def obey(session, handlers: dict):
    """Task: run the waiting commands and report how each went. Returns how many were run, 20 at most.

    `handlers`: {name: function}. A function gets the command's `parameters`, a dict, and returns a message or None. A
    command is reported as "failed" if its handler raises, if it has none, or if the handler is asynchronous, because
    nothing would await it. The next command is run all the same. A handler must not restart the device: its command
    would never be reported, and would run again after each boot. Restart after this returns.
    """
    for count in range(_ROUND):
        wanted = yield from command(session)
        if "id" not in wanted:
            return count
        status, message = "done", None
        try:
            handler = handlers.get(wanted.get("name"))
            if handler:
                message = handler(wanted.get("parameters") or {})
                if hasattr(message, "send"):
                    message.close()
                    raise TypeError("the handler is asynchronous: give a plain function")
                message = message and str(message)
            else:
                status, message = "failed", "no such command here"
        except Exception as error:  # whatever a handler raises, the cloud must learn that the command is over
            status, message = "failed", "%s: %s" % (type(error).__name__, error)
        yield from report(session, wanted["id"], status, message)
    return _ROUND


def get_config(session):
    """Task: return this device's configuration in the cloud, a dict with `version`, `last_updated` and `config`."""
    return _call(session, "GET", "/config")


def set_config(session, config: dict):
    """Task: replace this device's configuration in the cloud. Returns a dict with the new `version`."""
    return _call(session, "POST", "/config", {"config": config})


def children(session) -> "list[tuple[dict, Credential | None]]":
    """The child devices: for each, its item in enroll.json and its Credential, None if it is not registered."""
    from .children import Children

    book = Children(session)
    return [(child, book.find(child)) for child in book.configured]


def register_children(session):
    """Task: register the children that are not registered, see `children.Children.register`."""
    from .children import Children

    return Children(session).register()


def children_telemetry(session, reports: dict):
    """Task: send `reports`, {device id of a child: what `report_of` returns}, 100 per request.

    Returns {device id: dict}: the cloud's answer for that child, as from `telemetry`, or its `error`.
    """
    found: dict = {}
    ids = list(reports)
    for start in range(0, len(ids), _BATCH):
        batch = {identity: reports[identity] for identity in ids[start : start + _BATCH]}
        found.update((yield from _call(session, "POST", "/children/telemetries", batch)))
    return found


def settle(session, new: bool):
    """Task: register the `children` in enroll.json that are not registered. See `enroll.calls.settle`."""
    if session.config.section["children"]:
        yield from register_children(session)
