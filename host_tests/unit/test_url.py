"""URLs: parsed, refused and quoted."""

from enroll.url import quote, split
from helpers import raises


def test_split_of_plain_urls():
    for url, parts in (
        ("http://example.com", ("http", "example.com", 80, "/")),
        ("https://example.com", ("https", "example.com", 443, "/")),
        ("https://example.com/", ("https", "example.com", 443, "/")),
        ("https://example.com/a/b", ("https", "example.com", 443, "/a/b")),
        ("https://example.com/a?b=c&d=e", ("https", "example.com", 443, "/a?b=c&d=e")),
        ("https://example.com/a//b/", ("https", "example.com", 443, "/a//b/")),
        ("http://127.0.0.1:8080/x", ("http", "127.0.0.1", 8080, "/x")),
        ("https://example.com:1/x", ("https", "example.com", 1, "/x")),
        ("https://example.com:65535", ("https", "example.com", 65535, "/")),
        ("https://example.com/a%20b", ("https", "example.com", 443, "/a%20b")),
    ):
        assert tuple(split(url)) == parts, url


def test_split_of_a_query_without_a_path():
    assert tuple(split("https://example.com?a=b")) == ("https", "example.com", 443, "/?a=b")
    assert tuple(split("https://example.com?a=b/c")) == ("https", "example.com", 443, "/?a=b/c")


def test_split_of_a_colon_in_the_path():
    assert split("https://example.com/a:b")[3] == "/a:b"


def test_split_refuses_other_schemes():
    for url in (
        "",
        "example.com",
        "/path",
        "ftp://example.com",
        "file:///etc",
        "HTTPS//example.com",
        "https:example.com",
        "://a",
    ):
        raises(ValueError, split, url)


def test_split_refuses_an_empty_host():
    for url in ("http://", "http:///path", "http://:80", "https://?a=b"):
        raises(ValueError, split, url)


def test_split_refuses_invalid_ports():
    for port in ("", "0", "65536", "-1", "99999999999999999999", "x", "80x", "8 0", "8.0"):
        raises(ValueError, split, "http://example.com:" + port)


def test_split_refuses_what_would_break_out_of_a_request_line():
    for bad in (" ", "\r", "\n", "\r\nHost: evil", "\t", "\0", "\x7f", "\x1f", "é", "\u2028"):
        raises(ValueError, split, "http://example.com/a" + bad + "b")
        raises(ValueError, split, "http://exam" + bad + "ple.com/")
        raises(ValueError, split, "http://example.com/" + bad)
        raises(ValueError, split, "http://example.com/?a=" + bad)


def test_split_refuses_user_names_fragments_and_ipv6():
    for url in (
        "http://user@example.com/",
        "http://user:pass@example.com/",
        "http://a/#b",
        "http://[::1]/",
        "http://[::1]:80/",
    ):
        raises(ValueError, split, url)


def test_quote_leaves_the_unreserved_characters():
    text = "ABCXYZabcxyz0189-._~"
    assert quote(text) == text


def test_quote_encodes_everything_else_byte_by_byte():
    assert quote("a b") == "a%20b"
    assert quote("/?#[]@!$&'()*+,;=%") == "%2F%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2B%2C%3B%3D%25"
    assert quote("\r\n\0\x7f") == "%0D%0A%00%7F"
    assert quote("é€") == "%C3%A9%E2%82%AC"
    assert quote("") == ""
