"""ickStream: the calls of a registered device, over JSON-RPC 2.0.

Follows the ickStream wiki, "API/Cloud Core Protocol": getDevice, setDeviceAddress, removeDevice.
"""

from ...calls import keep, read
from ...errors import EnrollError
from ..answer_refused import refusal

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

_REFUSALS = const("""
refused: fetch a new registration token for this device
401 no longer authorised
-32000 no longer authorised
configuration:
-32602 device unknown
server:
-32001 service error
-32603 internal error""")


def example(credential):
    """See `enroll.calls.example`."""
    return "POST", "", {"jsonrpc": "2.0", "id": 2, "method": "getDevice", "params": {"deviceId": credential.device_id}}


def call(session, method: str, **params):
    """Task: call `method` of the service with `params` and this device's `deviceId`, and return the result.

    Raises OSError and EnrollError, see enroll.calls.
    """
    params["deviceId"] = session.credential.device_id
    request = {"jsonrpc": "2.0", "id": 2, "method": method, "params": params}
    response = yield from session.task("POST", "", True, json=request)
    reply = read(response, _REFUSALS, session)
    error = reply.get("error")
    if isinstance(error, dict):
        error = refusal(error.get("code"), _REFUSALS, error, session.config, session.credential)
        error.retry_after = response.retry_after
        raise error
    if reply.get("id") not in (2, "2") or "result" not in reply:
        raise EnrollError("answer", "not the answer to " + method)
    return reply["result"]


def check(session):
    """Task: return what the service knows of this device (getDevice)."""
    return call(session, "getDevice")


def set_address(session, address: str):
    """Task: tell the service this device's `address` in its local network, unless that is unchanged."""
    extra = session.credential.extra
    if extra.get("address") != address:
        yield from call(session, "setDeviceAddress", address=address)
        session.credential.extra["address"] = address
        keep(session)


def settle(session, new: bool):
    """Task: tell the service the `address` in enroll.json, unless that is unchanged. See `enroll.calls.settle`."""
    address = session.config.section["address"]
    if address:
        yield from set_address(session, address)
