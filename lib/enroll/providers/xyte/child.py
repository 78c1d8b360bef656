"""Xyte's child devices, which connect through a registered parent. Pure, like the providers.

Follows https://dev.xyte.io, "Child Devices" and "Register Child Devices".
"""

import hashlib

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

_TABLE = const("sn-I mac-I model_id!A firmware_version!A name-A details-{")
_MOST = const(100)


def body(child: dict) -> dict:
    """The JSON object that registers `child`, an item of `children` in enroll.json.

    Raises EnrollError("configuration").
    """
    from ...schema import fields  # here, because Config unloads schema.py

    found = fields(child, _TABLE, "xyte.children")
    return {key: value for key, value in found.items() if value is not None}


def mark(child: dict) -> str:
    """A stable id of `child`, 16 hex digits: a digest of its model, serial number and MAC address, or of its model and
    name if it has neither of the two.
    """
    child = body(child)
    who = [child["model_id"], child.get("sn", ""), child.get("mac", "")]
    if not any(who[1:]):
        who.append(child.get("name", ""))
    return hashlib.sha256("\n".join(who).encode()).digest()[:8].hex()


def check(children: list) -> str | None:
    """What is wrong with `children` as a whole, or None. Raises EnrollError("configuration") for a wrong item."""
    if len(children) > _MOST:
        return "children` must list at most %d" % _MOST
    if len({mark(child) for child in children}) < len(children):
        from ...mistakes import wrong

        raise wrong("xyte.children` lists one twice", "give each its own `sn`, `mac` or `name`")
    return None
