"""Properties that hold for all input, on CPython."""

import contextlib
import datetime
import hashlib
import hmac
import json
import os
import tempfile
from pathlib import Path
from urllib.parse import quote as standard_quote

from enroll import calendar, clock, httpdate, requests, url
from enroll.commit import Journal
from enroll.config import Config
from enroll.errors import EnrollError
from enroll.hmac import hmac_sha256
from helpers import SECTIONS, drive, prepared
from hypothesis import example, given
from hypothesis import strategies as st
from install import installed
from wire import Wire

DAY = 86400
DATES = st.dates(datetime.date(1970, 1, 1), datetime.date(2400, 12, 31))


def outcome(function, *args, kinds):
    """What `function` returns, or None where it raises an EnrollError of one of `kinds`."""
    try:
        return function(*args)
    except EnrollError as error:
        assert error.kind in kinds
        message = str(error)
        assert message and all(c >= " " and c != "\x7f" for c in message)
        return None


@given(DATES, st.integers(0, DAY - 1))
def test_civil_and_days_agree_with_datetime(date, second):
    unix = (date - datetime.date(1970, 1, 1)).days * DAY
    assert calendar.days(date.year, date.month - 1, date.day) * DAY == unix
    assert calendar.civil(unix + second) == (date.year, date.month - 1, date.timetuple().tm_yday - 1)


@given(DATES)
def test_iso_date_agrees_with_datetime(date):
    assert httpdate.iso_date(date.isoformat()) == (date - datetime.date(1970, 1, 1)).days * DAY


@given(st.text(max_size=12) | st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", fullmatch=True))
def test_iso_date_takes_dates_and_nothing_else(text):
    try:
        unix = httpdate.iso_date(text)
    except ValueError:
        with contextlib.suppress(ValueError):
            assert datetime.date.fromisoformat(text) < datetime.date(1970, 1, 1)
    else:
        assert datetime.datetime.fromtimestamp(unix, datetime.UTC).time() == datetime.time()


@given(st.datetimes(datetime.datetime(1970, 1, 1), datetime.datetime(2400, 1, 1)), st.integers(0, 2**33))
def test_http_date_agrees_with_datetime(moment, near):
    moment = moment.replace(microsecond=0, tzinfo=datetime.UTC)
    for form in ("%a, %d %b %Y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"):
        assert httpdate.http_date(moment.strftime(form), near) == int(moment.timestamp())


@given(st.datetimes(datetime.datetime(1970, 1, 1), datetime.datetime(2240, 1, 1)), st.integers(0, 2**33))
def test_two_digits_of_a_year_are_the_last_year_that_is_not_more_than_fifty_ahead(moment, near):
    moment = moment.replace(microsecond=0, tzinfo=datetime.UTC)
    found = httpdate.http_date(moment.strftime("%A, %d-%b-%y %H:%M:%S GMT"), near)
    now = datetime.datetime.fromtimestamp(near, datetime.UTC)
    if (moment.month, moment.day) == (2, 29) or (now.month, now.day) == (2, 29):
        return
    moment = moment.replace(year=2300 + moment.year % 100)
    while moment > now.replace(year=now.year + 50):
        moment = moment.replace(year=moment.year - 100)
    assert found == (int(moment.timestamp()) if moment.year >= 1970 else None)


@given(st.text(max_size=40) | st.text("0123456789:- ,JanFebNovGMT", max_size=40), st.integers(0, 2**33))
def test_http_date_of_anything_is_a_number_or_none(text, near):
    found = httpdate.http_date(text, near)
    assert found is None or found >= 0


@given(st.binary(max_size=80), st.integers(0, 2**33))
def test_sntp_of_anything_is_a_time_that_can_be_true_or_none(packet, earliest):
    unix = outcome(clock.parse, packet, packet[24:32], earliest, kinds=("clock",))
    assert unix is None or unix >= earliest
    assert (
        outcome(clock.parse, packet, b"\x00" * 7 + b"x", earliest, kinds=("clock",)) is None
        or packet[24:32] == b"\x00" * 7 + b"x"
    )


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_hmac_agrees_with_the_standard_library(key, message):
    assert hmac_sha256(key, message) == hmac.new(key, message, hashlib.sha256).hexdigest()


@given(st.text(max_size=60))
def test_quote_agrees_with_the_standard_library(text):
    assert url.quote(text) == standard_quote(text, safe="")


@given(st.text(max_size=60) | st.from_regex(r"https?://[a-z:/?@.0-9#\[\] ]{0,20}", fullmatch=True))
def test_split_is_safe_to_write_into_a_request(text):
    try:
        scheme, host, port, path = url.split(text)
    except ValueError:
        return
    assert scheme in ("http", "https") and 0 < port < 65536
    assert host and path.startswith("/")
    assert all("!" <= c <= "~" for c in host + path)
    assert not set(host) & set("/?#@[:")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = ["provider", "url", "ca", "ntp", "earliest", "store", "timeout", "retry", "network", *SECTIONS]
NEAR = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(NAMES, JSON)
    | {
        "provider": st.sampled_from([*SECTIONS, "url", "__init__", "a b", ""]) | JSON,
        "url": st.sampled_from(["http://localhost", "https://localhost", "http://"]) | JSON,
        "retry": st.fixed_dictionaries({}, optional={"first": JSON, "cap": JSON}) | JSON,
        "network": st.lists(st.fixed_dictionaries({}, optional={"ssid": JSON, "password": JSON}), max_size=2) | JSON,
    },
)


@given(st.dictionaries(st.text(max_size=8), JSON, max_size=3) | NEAR)
@example({"provider": "a b", "url": "http://localhost"})
@example({"provider": "__init__", "url": "http://localhost"})
def test_config_of_any_json_is_a_configuration_or_an_error_of_that_kind(data):
    outcome(Config, data, kinds=("configuration",))


@given(
    st.sampled_from(sorted(SECTIONS)).flatmap(
        lambda name: st.tuples(st.just(name), st.sampled_from(sorted(SECTIONS[name])), JSON)
    )
)
def test_config_with_one_value_changed_is_a_configuration_or_names_its_key(change):
    provider, key, value = change
    data = {"provider": provider, "url": "http://localhost", provider: {**SECTIONS[provider], key: value}}
    try:
        section = Config(data).section
    except EnrollError as error:
        assert error.kind == "configuration" and key in str(error)
    else:
        kept = section[key].reveal() if hasattr(section[key], "reveal") else section[key]
        assert kept == value or value is None or not str(value).strip()


@given(st.binary(max_size=60) | JSON.map(lambda data: json.dumps(data).encode()))
def test_config_from_a_file_of_anything(content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "enroll.json"
        path.write_bytes(content)
        outcome(Config.load, str(path), kinds=("configuration",))


@st.composite
def pieces_of(draw, whole):
    """`whole` cut into pieces as a network may cut it."""
    cuts = sorted(draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    return [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True) if start < end]


def fetched(pieces, method="GET", limit=4096):
    """The response that comes in `pieces`, in bounded many steps."""
    wire = Wire(*pieces)
    try:
        with installed(wire):
            return drive(requests.fetch(method, "http://host/", limit=limit))
    finally:
        assert wire.open <= 0


NOISE = st.binary(max_size=300)
HEAD = st.lists(
    st.sampled_from(
        [
            b"HTTP/1.1 ",
            b"200",
            b"100",
            b" OK",
            b"\r\n",
            b"\n",
            b"Content-Length: ",
            b"5",
            b"-1",
            b":",
            b" ",
            b"\r\n\r\n",
            b"0\r\n",
            b"Transfer-Encoding: chunked\r\n",
            b"\xff",
            b"A",
            b";",
        ]
    ),
    max_size=30,
).map(b"".join)


@given((NOISE | HEAD | HEAD.map(lambda rest: b"HTTP/1.1 200 OK\r\n" + rest)).flatmap(pieces_of))
def test_http_of_anything_is_an_answer_or_an_error(pieces):
    try:
        response = fetched(pieces)
    except OSError:
        return
    except EnrollError as error:
        assert error.kind == "answer"
        return
    assert 200 <= response.status_code <= 999
    assert len(response.content) <= 4096


@st.composite
def answers(draw):
    """(bytes on the wire, status, {lower-case name: value}, body) of a valid answer."""
    names = st.from_regex(r"X-[A-Za-z0-9-]{1,8}", fullmatch=True)
    values = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20)
    headers = draw(
        st.dictionaries(names, values, max_size=4).filter(
            lambda them: len({name.lower() for name in them}) == len(them)
        )
    )
    status = draw(st.integers(200, 599).filter(lambda code: code not in (204, 304)))
    body = draw(st.binary(max_size=600))
    spell = draw(st.sampled_from([str.lower, str.upper, str.title, str.swapcase]))
    framing = draw(st.sampled_from(["length", "chunked", "close"]))
    lines = [f"{spell(name)}:{draw(st.sampled_from(['', ' ', '  ']))}{value}" for name, value in headers.items()]
    wire = body
    if framing == "length":
        lines.insert(draw(st.integers(0, len(lines))), f"{spell('Content-Length')}: {len(body)}")
    elif framing == "chunked":
        lines.insert(draw(st.integers(0, len(lines))), f"{spell('Transfer-Encoding')}: chunked")
        parts = draw(pieces_of(body))
        extension = draw(st.sampled_from(["", ";a=b"]))
        wire = b"".join(b"%x%s\r\n%s\r\n" % (len(part), extension.encode(), part) for part in parts) + b"0\r\n\r\n"
    interim = draw(st.sampled_from(["", "HTTP/1.1 100 Continue\r\n\r\n"]))
    head = "\r\n".join([f"{interim}HTTP/1.1 {status} Reason", *lines]) + "\r\n\r\n"
    return head.encode() + wire, status, {name.lower(): value for name, value in headers.items()}, body


@given(st.data())
def test_http_of_every_valid_answer_is_exact(data):
    wire, status, headers, body = data.draw(answers())
    response = fetched(data.draw(pieces_of(wire)))
    assert response.status_code == status
    assert response.content == body
    for name, value in headers.items():
        assert response.headers[name] == value


RECORDS = st.tuples(st.integers(1, 4), st.binary(max_size=80), st.binary(max_size=1500))


@given(st.binary(max_size=1100), st.binary(max_size=1100), RECORDS)
def test_store_of_anything_is_a_valid_record_or_none(first, second, record):
    with tempfile.TemporaryDirectory() as folder:
        Journal(folder).prepare()
        for side, content in (("0", first), ("1", second)):
            (name,) = os.listdir(f"{folder}/{side}")
            Path(folder, side, name).write_bytes(content)
        store = Journal(folder)
        assert store.load() is None
        store.prepare()
        store.save(*record)
        store.close()
        assert Journal(folder).load() == record


@given(st.lists(RECORDS, min_size=2, max_size=4), st.data())
def test_store_with_a_slot_damaged_anywhere_gives_the_newest_record_or_the_other_slots(records, data):
    with tempfile.TemporaryDirectory() as folder:
        store = prepared(folder)
        for record in records:
            store.save(*record)
        store.close()
        both = [records[-1], store.load(True)]  # the one before, or an answer that was not given up for it
        side = data.draw(st.sampled_from("01"))
        (name,) = os.listdir(f"{folder}/{side}")
        path = Path(folder, side, name)
        content = bytearray(path.read_bytes())
        start = data.draw(st.integers(0, len(content) - 1))
        noise = data.draw(st.binary(min_size=1, max_size=200))
        content[start : start + len(noise)] = noise[: len(content) - start]
        path.write_bytes(content)
        assert Journal(folder).load() in both
