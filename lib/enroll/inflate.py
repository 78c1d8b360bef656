"""Decompresses content from servers that ignore `Accept-Encoding: identity`."""


def inflate(data: bytes, most: int) -> bytes:
    """The first `most` bytes, at most, of `data` in gzip (RFC 1952) or zlib (RFC 1950), decompressed. If `data` is cut
    or damaged, returns what comes before that.
    """
    import io

    import deflate

    size = most
    if data[:1] == b"\x1f":
        size = min(size, int.from_bytes(data[-4:], "little"))  # gzip ends with the decompressed size
    bits = 8
    while bits < 15 and 1 << bits < size:
        bits += 1  # a window of the decompressed size is always enough, and takes less heap than the usual 32 KB
    stream = deflate.DeflateIO(io.BytesIO(data), deflate.AUTO, bits)
    plain = bytearray()
    try:
        while len(plain) < most:
            piece = stream.read(64)
            if not piece:
                break
            plain.extend(piece)
    except (OSError, EOFError):  # damaged or cut
        pass
    return bytes(plain[:most])
