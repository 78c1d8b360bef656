"""Checks IPv4 addresses in enroll.json. Loaded only if a network has fixed addresses."""


def address(value: str) -> tuple[int, int]:
    """(address, mask of its host part), both int, of "192.168.1.5/24". Raises ValueError if no device can have it."""
    address, _, prefix = value.partition("/")
    number = 0
    parts = address.split(".")
    for part in parts + [prefix]:
        if str(int(part)) != part or not 0 <= int(part) < 256:
            raise ValueError
        number = number << 8 | int(part)
    mask = (1 << 32 - int(prefix)) - 1
    number >>= 8
    if len(parts) != 4 or not 2 < mask < 1 << 31 or not 0 < number & mask < mask:
        raise ValueError
    if number >> 24 in (0, 127) or number >> 29 == 7:
        raise ValueError
    return number, mask


def check(network: dict) -> None:
    """Check one `network` of enroll.json: it has an `ssid` or an `ip`, a `password` only with an `ssid`, `gateway` and
    `dns` only with an `ip`, and its `gateway` is in the subnet of `ip`. Raises EnrollError("configuration").
    """
    ip = network["ip"]
    gateway = network["gateway"]
    good = network["ssid"] or not network["password"]
    if ip and gateway:
        number, mask = address(ip)
        good = good and 0 < address(gateway + "/1")[0] ^ number <= mask
    elif not ip:
        good = network["ssid"] and not gateway and not network["dns"]
    if not good:
        from .mistakes import wrong

        raise wrong("network` needs `ssid`, or `ip` for Ethernet; `gateway` and `dns` need `ip`, and its subnet")
