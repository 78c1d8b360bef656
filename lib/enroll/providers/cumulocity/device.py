"""Cumulocity: measurements and operations of a registered device, over its REST API.

Follows https://cumulocity.com/api/core/, "Inventory", "Identity", "Measurements", "Operations".
"""

from ...calendar import now
from ...calls import keep, read
from ...errors import EnrollError
from ...httpdate import iso_time
from ...url import quote

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

_REFUSALS = const("""
refused: look for this device in Device management, and for what its user may do
401 user unknown""")
_KIND = const("c8y_Serial")


def example(_credential):
    """See `enroll.calls.example`."""
    return "GET", "/inventory/managedObjects?pageSize=1", None


def settle(session, new: bool):
    """Task: nothing to do here. See `enroll.calls.settle`."""
    yield from ()


def _call(session, method: str, path: str, body=None, repeat: bool = False):
    return read((yield from session.task(method, path, repeat, json=body)), _REFUSALS, session)


def _id(found) -> str:
    """The id of `found`, an object in an answer. Raises EnrollError("answer") if it has none."""
    try:
        return str(found["id"])
    except (KeyError, TypeError):
        raise EnrollError("answer", "no `id` in the answer")


def source(session):
    """Task: return the id of the device's managed object. Creates the object if there is none for the serial number.

    Saves the id with the credential.
    """
    extra = session.credential.extra
    if "source" not in extra:
        serial = session.credential.device_id
        response = yield from session.task("GET", "/identity/externalIds/%s/%s" % (_KIND, quote(serial)))
        if response.status_code == 404:
            it = {"name": serial, "c8y_IsDevice": {}, "com_cumulocity_model_Agent": {}}
            made = yield from _call(session, "POST", "/inventory/managedObjects", it)
            found = _id(made)
            external = {"type": _KIND, "externalId": serial}
            yield from _call(session, "POST", "/identity/globalIds/%s/externalIds" % found, external)
        else:
            found = _id(read(response, _REFUSALS, session).get("managedObject"))
        extra["source"] = found
        keep(session)
    return extra["source"]


def measurement(session, kind: str, values: dict):
    """Task: send a measurement of `kind` with `values`, {fragment: {series: {"value": number, "unit": text}}}."""
    body = {"type": kind, "time": iso_time(now()), "source": {"id": (yield from source(session))}}
    body.update(values)
    return (yield from _call(session, "POST", "/measurement/measurements", body))


def operations(session, handler):
    """Task: run the pending operations of this device. Returns how many there were.

    `handler(operation)`: runs one operation, a dict. If it raises, the operation is reported as FAILED, with the
    exception's name as the reason.
    """
    path = "/devicecontrol/operations?status=PENDING&deviceId=" + (yield from source(session))
    waiting = (yield from _call(session, "GET", path)).get("operations") or ()
    for operation in waiting:
        address = "/devicecontrol/operations/%s" % _id(operation)
        yield from _call(session, "PUT", address, {"status": "EXECUTING"})
        done = {"status": "SUCCESSFUL"}
        try:
            handler(operation)
        except Exception as error:
            done = {"status": "FAILED", "failureReason": type(error).__name__}
        yield from _call(session, "PUT", address, done)
    return len(waiting)
