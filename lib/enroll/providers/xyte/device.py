"""Xyte: what a registered device says and hears at its hub. https://dev.xyte.io, "Device API".

    xyte.telemetry    POST .../telemetry                 state and values of the device
    xyte.command      GET .../command                    what the cloud wants it to do; `report` says how that goes
    xyte.obey         runs all commands that wait
    xyte.get_config   GET .../config                     and `set_config`, its configuration in the cloud
    xyte.children     the child devices, `register_children`, `children_telemetry`

All but `children` are tasks: see `enroll.calls`.
"""

from ...calls import read

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from ...credential import Credential

_REFUSALS = const("""
refused check this device, and what it may do, in the portal""")
_BATCH = const(100)  # children a request
_ROUND = const(20)  # commands that are obeyed in one go


def example(_credential):
    """See `enroll.calls.example`."""
    return "POST", "/v1/devices/{id}/telemetry", {"status": "online"}


def _call(session, method: str, path: str, body: dict | None = None):
    """Task: a request about this device; none of them hurts when it is made twice."""
    return read((yield from session.task(method, "/v1/devices/{id}" + path, True, json=body)), _REFUSALS, session)


def telemetry(session, values: dict | None = None, status: str = "online", timestamp: str | None = None):
    """Task: report `status` ("online", "offline", "error") and `values`, {name: value}.

    `timestamp`: when that was, as ISO 8601 says it, if not now. Returns what the cloud says: `config_version`, and
    whether a `command` waits.
    """
    return _call(session, "POST", "/telemetry", report_of(values, status, timestamp))


def report_of(values: dict | None = None, status: str = "online", timestamp: str | None = None) -> dict:
    """The report that `telemetry` sends; `children_telemetry` wants one for each child."""
    report: dict = {"status": status}
    if values:
        report["telemetries"] = values
    if timestamp:
        report["timestamp"] = timestamp
    return report


def command(session):
    """Task: return the command that waits for this device, with its `id`, `name` and `parameters`; {} if none does."""
    return _call(session, "GET", "/command")


def report(session, identity: str, status: str = "done", message: str | None = None):
    """Task: tell how the command `identity` goes: `status` is "in_progress", "done" or "failed"."""
    body = {"id": identity, "status": status}
    if message:
        body["message"] = message
    return _call(session, "POST", "/command", body)


def obey(session, handlers: dict):
    """Task: run the commands that wait, and tell how each went. Returns how many there were.

    `handlers`: {name: function}; a function is called with the command's `parameters` and returns a message or None.
    What it raises is reported as "failed", as is a command that is not among them, and an asynchronous handler, which
    nobody would wait for: the next command is run all the same. A handler that restarts the device would never be
    reported, and called again and again: let it note that, and restart after this returns.
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
        except Exception as error:  # whatever an application does, the cloud has to know that this one is over
            status, message = "failed", "%s: %s" % (type(error).__name__, error)
        yield from report(session, wanted["id"], status, message)
    return _ROUND


def get_config(session):
    """Task: return this device's configuration in the cloud: `version`, `last_updated` and `config`."""
    return _call(session, "GET", "/config")


def set_config(session, config: dict):
    """Task: replace this device's configuration in the cloud; returns its new `version`."""
    return _call(session, "POST", "/config", {"config": config})


def children(session) -> "list[tuple[dict, Credential | None]]":
    """(what enroll.json says of it, its Credential or None) of each child device."""
    from .children import Children

    book = Children(session)
    return [(child, book.find(child)) for child in book.configured]


def register_children(session):
    """Task: register the children that are not yet, see `children.Children.register`."""
    from .children import Children

    return Children(session).register()


def children_telemetry(session, reports: dict):
    """Task: send `reports`, {device id of a child: what `report_of` returns}, 100 to a request.

    Returns {device id: what the cloud says to that child}, as `telemetry` does, or an `error`.
    """
    found: dict = {}
    ids = list(reports)
    for start in range(0, len(ids), _BATCH):
        batch = {identity: reports[identity] for identity in ids[start : start + _BATCH]}
        found.update((yield from _call(session, "POST", "/children/telemetries", batch)))
    return found


def settle(session, new: bool):
    """Task: register the `children` that are not registered. See `enroll.calls.settle`."""
    if session.config.section["children"]:
        yield from register_children(session)
