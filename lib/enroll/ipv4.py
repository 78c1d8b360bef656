"""IPv4 addresses in enroll.json: imported where a network has some of its own."""


def address(value: str) -> tuple[int, int]:
    """(address, mask of its host part) of "192.168.1.5/24", the IPv4 address of one device. Raises ValueError."""
    address, _, prefix = value.partition("/")
    number = 0
    parts = address.split(".")
    for part in parts + [prefix]:
        if str(int(part)) != part or int(part) > 255:
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
    """Check that `network`, of enroll.json, has what it needs: an `ssid` or an `ip`, a `password` with `ssid` alone,
    `gateway` and `dns` with `ip` alone, and a `gateway` that `ip` reaches. Raises EnrollError("configuration").
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

        raise wrong("network` wants `ssid`, or `ip` for Ethernet; `gateway` and `dns` want `ip`, and its subnet")
