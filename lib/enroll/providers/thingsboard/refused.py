"""ThingsBoard: why the service did not register the device. Loaded only then."""

from ...errors import EnrollError, entry

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from typing import NoReturn

    from ...config import Config
    from .. import Answer

_REFUSALS = const("""
refused: delete that device in ThingsBoard, or give this one another `serial`
401 that another device has this name
404 that another device has this name""")
_NOT_FOUND = const("the service does not know the provision key and secret")
_TOKEN = const("ACCESS_TOKEN")
_NO_TOKEN = const("ThingsBoard gives this device credentials that are no access token")
_CREATE = const("create the device there again, with an access token")
_COPY = const("copy `provision_key` and `provision_secret` from the device profile")


def refuse(config: "Config", answer: "Answer", status) -> "NoReturn":
    """Raise the EnrollError for `answer`. `status`: the one in its body."""
    if answer.status == 200 and status == "NOT_FOUND":
        raise EnrollError("configuration", _NOT_FOUND, _COPY)
    if answer.status == 200 and status == "FAILURE":  # to the request that tests the token
        raise EnrollError("refused", "the service says that another device has this name", entry(_REFUSALS, "refused:"))
    if status == "SUCCESS" and answer.json().get("credentialsType", _TOKEN) != _TOKEN:  # of a device that was there
        raise EnrollError("refused", _NO_TOKEN, _CREATE)
    answer.json(_REFUSALS, config)
    raise EnrollError("answer", "not the answer to a provision request")
