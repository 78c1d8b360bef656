"""Content that is compressed although `identity` was asked for."""


def inflate(data: bytes, most: int) -> bytes:
    """At most `most` bytes of what `data` has in gzip (RFC 1952) or zlib (RFC 1950); what came before it was cut."""
    import io

    import deflate

    size = most
    if data[:1] == b"\x1f":
        size = min(size, int.from_bytes(data[-4:], "little"))  # what gzip says that it will be
    bits = 8
    while bits < 15 and 1 << bits < size:
        bits += 1  # a window as large as all of it does always, and takes less heap than the usual 32 KB
    stream = deflate.DeflateIO(io.BytesIO(data), deflate.AUTO, bits)
    plain = bytearray()
    try:
        while len(plain) < most:
            piece = stream.read(64)
            if not piece:
                break
            plain.extend(piece)
    except (OSError, EOFError):  # damaged, cut
        pass
    return bytes(plain[:most])
