"""One device in each service of the sandbox, created and enabled, with the configuration that registers it."""

from __future__ import annotations

from typing import Any

from .server import Sandbox

SERVICES = ("etherfax", "ickstream", "xyte", "centagate")


def create(sandbox: Sandbox, service: str, name: str = "1") -> dict[str, Any]:
    """Create and enable the device `name` (digits) at `service`; returns the provider's section of enroll.json."""
    if service == "etherfax":
        serial = f"MT{name:0>9}"
        sandbox.etherfax.create(serial, enabled=True)
        return {"serial": serial}
    if service == "ickstream":
        user, application = f"user-{name}", f"application-{name}"
        sandbox.ickstream.create_user(user)
        sandbox.ickstream.create_application(application)
        token = sandbox.ickstream.create_token(user)
        return {"hardware_id": f"hardware-{name}", "application_id": application, "registration_token": token}
    if service == "xyte":
        model = sandbox.xyte.create_model(f"model-{name}")
        address = f"02:00:00:{int(name) >> 16 & 255:02x}:{int(name) >> 8 & 255:02x}:{int(name) & 255:02x}"
        return {"hardware_key": model["hardware_key"], "sn": f"S{name}", "mac": address, "firmware_version": "1.0.0"}
    admin, user, serial = f"admin-{name}", f"user-{name}", f"OTP{name}"
    sandbox.centagate.create_user(admin, admin=True)
    session = sandbox.centagate.create_session(admin)
    sandbox.centagate.create_user(user)
    sandbox.centagate.create_token(serial)
    return {
        "admin_username": admin,
        "username": user,
        "token_sn": serial,
        "token_type": "2",
        "auth_token": session["auth_token"],
        "secret_code": session["secret_code"],
    }


def configuration(sandbox: Sandbox, service: str, section: dict[str, Any], listener: str = "https") -> dict[str, Any]:
    """enroll.json for a device that `create` has made, which reaches the sandbox by `listener`."""
    return {
        "provider": service,
        "url": sandbox.url(service, listener),
        "ca": str(sandbox.ca_der),
        "ntp": [sandbox.ntp],
        service: section,
    }
