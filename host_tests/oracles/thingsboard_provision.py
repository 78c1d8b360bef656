"""Registers and works as ThingsBoard's client for Python does. Reads {"url", "ca", "name", "key", "secret", "keys"},
prints the token and the shared attributes with these keys."""

import json
import os
import sys

question = json.load(sys.stdin)
os.environ["REQUESTS_CA_BUNDLE"] = question["ca"]
from tb_device_http import TBHTTPDevice  # noqa: E402

device = TBHTTPDevice.provision(question["url"], question["name"], question["key"], question["secret"])
device.send_telemetry({"t": 21.5}, queued=False)
device.send_attributes({"fw": "1.0"})
shared = device.request_attributes(shared_keys=question["keys"])
print(json.dumps({"token": device.token, "shared": shared}))
