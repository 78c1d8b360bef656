"""What Xyte's pages demand of the fields of a request."""

from __future__ import annotations

import datetime
import functools
import re
from typing import Any

from .base import Refused, json_answer

# Versions of the device API, which a model fixes when it is created: a rule holds for models from its version on.
LATEST = "1.0.7"
SEMVER_SINCE = "1.0.4"
KNOWN_FIELDS_SINCE = "1.0.6"

_STATES = ("online", "offline", "error")

_MAC = re.compile(r"[0-9a-f]{2}([:-]?)[0-9a-f]{2}(\1[0-9a-f]{2}){4}", re.ASCII)

# Semantic Versioning 2.0.0: three numbers without leading zeros, then perhaps a pre-release and a build.
_NUMBER = r"(0|[1-9][0-9]*)"
_LABEL = rf"({_NUMBER}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_SEMVER = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(-{_LABEL}(\.{_LABEL})*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?", re.ASCII
)

# "Update Device": the fields it knows and their types. The page calls both versions strings; telemetry counts them.
_UPDATABLE: dict[str, tuple[type, ...]] = {
    "firmware_version": (str,),
    "name": (str,),
    "sub_model": (str,),
    "details": (dict,),
    "space_version": (str, int),
    "config_version": (str, int),
    "parent_id": (str,),
    "host_address": (str,),
}


def refuse(status: int, message: str, device: str = "", reason: str = "", expected: str = "") -> Refused:
    """The service's form of an error; the reason is its message, if there is no other."""
    answer = json_answer({"error": message}, status, device=device, reason=reason or message, expected=expected)
    return Refused(answer)


def text(body: dict[str, Any], name: str, needed: bool = True) -> str | None:
    """A text member of the body. Raises Refused (422) that names it if it is missing or not a text."""
    value = body.get(name)
    if value is None and not needed:
        return None
    if value is None or value == "":
        raise refuse(422, f"{name} can't be blank")
    if not isinstance(value, str):
        raise refuse(422, f"{name} must be a string")
    return value


@functools.lru_cache(maxsize=64)
def at_least(version: str, wanted: str) -> bool:
    """Compare two versions of the device API."""
    return _numbers(version) >= _numbers(wanted)


def is_api_version(text: str) -> bool:
    """Tell whether the device API has had this version: 1.0.0 to the latest."""
    return re.fullmatch(r"1\.0\.[0-9]", text, re.ASCII) is not None and at_least(LATEST, text)


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def check_firmware(body: dict[str, Any], api_version: str) -> None:
    """Refuse a body without a firmware version that models of this API version take. Raises Refused (422)."""
    version = text(body, "firmware_version") or ""
    if at_least(api_version, SEMVER_SINCE) and not _SEMVER.fullmatch(version):
        raise refuse(422, "firmware_version must be a semantic version, e.g. 1.0.0")


def updates(body: dict[str, Any], api_version: str) -> dict[str, Any]:
    """The known fields of an update of a device. Raises Refused: unknown fields (400), wrong types (422)."""
    unknown = sorted(set(body) - set(_UPDATABLE))
    if unknown and at_least(api_version, KNOWN_FIELDS_SINCE):
        raise refuse(400, f"unknown parameter: {unknown[0]}")
    for name, kinds in _UPDATABLE.items():
        # bool is a kind of int to Python, but not a version.
        if name in body and (not isinstance(body[name], kinds) or isinstance(body[name], bool)):
            raise refuse(422, f"{name} must be {'an object' if dict in kinds else 'a string'}")
    if "firmware_version" in body:
        check_firmware(body, api_version)
    return {name: body[name] for name in _UPDATABLE if name in body}


def normal_mac(value: str) -> str:
    """A MAC address without separators in lower case. Raises Refused (422)."""
    if not _MAC.fullmatch(value.lower()):
        raise refuse(422, "mac is invalid")
    return value.lower().replace(":", "").replace("-", "")


def is_cloud_id(value: str, short_code: str) -> bool:
    """Tell whether a Cloud ID is the partner's short code and 16 to 36 ASCII letters and digits."""
    return re.fullmatch(re.escape(short_code) + "[A-Za-z0-9]{16,36}", value, re.ASCII) is not None


def telemetry_fault(report: object) -> str | None:
    """What is wrong with a telemetry message, in words, or None."""
    if not isinstance(report, dict) or report.get("status") not in _STATES:
        return f"status must be one of {', '.join(_STATES)}"
    values = report.get("telemetries", {})
    if not isinstance(values, dict):
        return "telemetries must be an object"
    for name, value in values.items():
        wrong = _value_fault(value)
        if wrong:
            return f"telemetries.{name} {wrong}"
    if "timestamp" in report and not _is_instant(report["timestamp"]):
        return "timestamp must be an ISO 8601 date and time"
    return None


def _value_fault(value: object) -> str | None:
    """What is wrong with one value; null is allowed, it removes the key."""
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, str):
        return "must be at most 1000 bytes" if len(value.encode("utf-8", "surrogatepass")) > 1000 else None
    if isinstance(value, int):
        return None if -(2**31) <= value < 2**31 else "must be a 32-bit integer"
    if isinstance(value, float):
        return None if abs(value) <= 3.4e38 else "must be a 32-bit float"
    return "must be string, number or boolean"


def _is_instant(value: object) -> bool:
    try:
        return isinstance(value, str) and "T" in value and bool(datetime.datetime.fromisoformat(value))
    except ValueError:
        return False
