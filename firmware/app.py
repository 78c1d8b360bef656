"""The example application: makes one authorised call with the credential that registration has brought."""

CALLS = {
    "etherfax": ("GET", "/accounts?a=status", None),
    "ickstream": ("POST", "", {"jsonrpc": "2.0", "id": 2, "method": "getDevice", "params": {}}),
    "xyte": ("POST", "/v1/devices/%s/telemetry", {"status": "online"}),
}


def main(session) -> None:
    """Called by main.py once the device is registered; a product's own program goes here."""
    credential = session.credential
    if credential.provider not in CALLS:
        print("app: %s gives no credential to call with" % credential.provider)
        return
    method, path, body = CALLS[credential.provider]
    if body and "params" in body:
        body["params"]["deviceId"] = credential.device_id
    response = session.request(method, path.replace("%s", credential.device_id), json=body)
    print("app: %s %s: HTTP %d" % (method, path.split("?")[0], response.status_code))
