"""One device in each service of the sandbox, created and enabled, with the configuration that registers it."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runtimes import micropython
from sandbox import Sandbox

ROOT = Path(__file__).resolve().parent.parent
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


@dataclass
class Device:
    """A folder with an enroll.json, as it would lie on a board's flash."""

    folder: Path
    runtime: str
    heard: list[str] = field(default_factory=list)  # all that its boots have printed

    @property
    def path(self) -> Path:
        return self.folder / "enroll.json"

    def write(self, config: dict[str, Any]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(config, indent=1))

    def command(self, *arguments: str) -> list[str]:
        return [str(micropython(self.runtime)), str(ROOT / "firmware" / "main.py"), str(self.path), *arguments]

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "MICROPYPATH": f"{ROOT}/lib:{ROOT}/boards/unix:{ROOT}/firmware:.frozen"}

    def boot(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Boot the firmware, with one attempt unless `arguments` say otherwise, and wait for its end."""
        return self.run(self.command(*(arguments or ("--once",))), **environment)

    def run(self, command: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
        """Run `command` where the firmware would run."""
        env = {**self.environment, **environment}
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
        self.heard += [done.stdout, done.stderr]
        return done
