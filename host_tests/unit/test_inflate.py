"""Answers that are compressed although the request did not ask for it (RFC 1950, RFC 1952)."""

import json
from binascii import crc32, unhexlify

import enroll.inflate as packed
from answers import GOOD
from enroll import requests
from enroll.commit import Journal
from enroll.inflate import inflate
from enroll.journal import KEPT, RAW
from enroll.providers import Answer
from fake_device import Device
from helpers import SECTIONS, config, drive, folder, patched
from install import installed
from test_enroller_wire import boot, recall
from wire import Wire

GZIP = unhexlify("1f8b0800000000000203")  # what a compressor begins with


def stored(data):
    """`data` as gzip that compresses nothing."""
    block = b"\x01" + len(data).to_bytes(2, "little") + (len(data) ^ 0xFFFF).to_bytes(2, "little") + data
    return GZIP + block + crc32(data).to_bytes(4, "little") + len(data).to_bytes(4, "little")


def adler(data):
    low, high = 1, 0
    for byte in data:
        low = (low + byte) % 65521
        high = (high + low) % 65521
    return (high << 16 | low).to_bytes(4, "big")


def in_zlib(data):
    return b"\x78\x01" + stored(data)[10:-8] + adler(data)


def test_gzip_and_zlib():
    for data in (b"", b"{}", bytes(range(256)) * 30):
        assert inflate(stored(data), 8192) == data
        assert inflate(in_zlib(data), 8192) == data


def test_what_came_before_it_was_cut_or_damaged_is_taken():
    data = bytes(range(200))
    for whole in (stored(data), in_zlib(data)):
        assert data.startswith(inflate(whole[:100], 8192))
        inflate(whole[:-1] + b"x", 8192)
        for at in range(12):
            inflate(whole[:at], 8192)


def test_no_more_than_the_most():
    assert inflate(stored(bytes(5000)), 1000) == bytes(1000)


def test_an_answer_of_each_provider_registers_and_is_read_again_from_flash():
    for provider in SECTIONS:
        plain = json.dumps(GOOD[provider]).encode()
        for body in (stored(plain), in_zlib(plain)):
            it = config(provider, store=folder() + "/state")
            head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
            assert boot(it, head + body).name == "registered", provider
            assert recall(it, Journal(it.store))[0] == KEPT
            assert Answer(200, body).json() == GOOD[provider]


def test_a_response_of_the_client():
    for coding in ("gzip", "x-gzip", "GZIP", "deflate"):
        body = in_zlib(b"some text") if coding == "deflate" else stored(b"some text")
        head = b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (coding.encode(), len(body))
        with installed(Wire(head + body)):
            assert drive(requests.fetch("GET", "http://host/")).text == "some text", coding


def test_a_page_is_known_though_it_is_compressed():
    for page in (b"<html>log in</html>", b"\n<!DOCTYPE html><p>no"):
        for body in (stored(page), in_zlib(page)):
            for status in (200, 403):
                device = Device("etherfax")
                device.refused("network", (status, body))
                assert device.state() != RAW
                device.refused("refused", (403, b""))
                assert device.boot((200, GOOD["etherfax"])).name == "registered"


def test_heap_that_a_page_would_take_costs_no_answer():
    """Pages are recognised before the answer is saved."""

    def full(data, most):
        raise MemoryError

    with patched(packed, inflate=full):
        assert Answer(200, stored(b"<html>")).page() is False
