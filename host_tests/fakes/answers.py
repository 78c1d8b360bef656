"""What the four services answer to a registration: for models of them, hostile servers and tests."""

ONCE = ("etherfax", "xyte")  # they register once and never tell again
SERVICES = ONCE + ("ickstream", "centagate")
# (status, JSON) to a device that is registered
REFUSED = {
    "etherfax": (403, {}),
    "xyte": (422, {"error": "Hardware key has already been taken"}),
    "ickstream": (401, {}),
    "centagate": (200, {"code": 29008, "message": "already registered", "object": ""}),
}


def success(provider, secret="token-canary", device_id="device-1", hub="http://hub", **extra):
    """The JSON that registers a device, with `extra` where the service has room for more. Centagate's has no secret."""
    if provider == "etherfax":
        return dict({"DeviceToken": secret}, **extra)
    if provider == "ickstream":
        return {"jsonrpc": "2.0", "id": 1, "result": dict({"id": device_id, "accessToken": secret}, **extra)}
    if provider == "xyte":
        return dict({"id": device_id, "access_key": secret, "hub_url": hub}, **extra)
    return {"code": 0, "message": "", "object": extra}


GOOD = {name: success(name) for name in SERVICES}
