"""Azure: what authorises a request to the hub. Loaded once the device is registered."""

from ...config import unload
from . import _token

if False:  # for type hints only
    from ...credential import Credential


def headers(credential: "Credential", now: int) -> dict[str, str]:
    """See providers/__init__.py. Raises EnrollError("clock") for a time that cannot be true: the hub would reject the
    token, or accept it for years.
    """
    from ...clock import BUILD, check

    earliest = credential.config.earliest
    check(now, BUILD if earliest is None else earliest)
    unload("clock")  # the request gets its heap
    place = "%s/devices/%s" % (credential.extra["hub"], credential.device_id)
    return {"Authorization": _token(place, credential.secret, now)}
