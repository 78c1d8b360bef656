"""Waits for credentials as Cumulocity's client for Python does. Reads url, user, password and id, prints them."""

import json
import sys

from c8y_api import CumulocityDeviceRegistry

question = json.load(sys.stdin)
tenant, _, user = question["user"].partition("/")
registry = CumulocityDeviceRegistry(question["url"], tenant, user, question["password"])
found = registry.await_credentials(question["id"], timeout="20s", pause="1s")
print(json.dumps({"tenantId": found.tenant_id, "username": found.username, "password": found.password}))
