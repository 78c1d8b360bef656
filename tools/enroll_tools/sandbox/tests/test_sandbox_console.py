"""The console: who may see it, and what its answers let a browser do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from enroll_tools.sandbox import Sandbox

FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def console() -> Iterator[Sandbox]:
    """One sandbox for all of them."""
    with Sandbox() as running:
        yield running


@pytest.fixture
def get(console, send):
    """Get a page."""

    def call(path="/", **headers):
        return send(
            "GET",
            console.console_url.rstrip("/") + path,
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )

    return call


@pytest.fixture
def post(console, send):
    """Send a form, as a browser does."""

    def call(path, fields, **headers):
        sent = {"Content-Type": FORM, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return send("POST", console.console_url.rstrip("/") + path, data=urlencode(fields).encode(), headers=sent)

    return call


def token(page) -> str:
    """The token of a page's forms."""
    return re.search(r'name="csrf" value="(\w+)"', page.body.decode())[1]


def test_the_start_page_lists_every_service_and_its_address(console, get):
    page = get()
    assert page.status == 200 and page.headers["Content-Type"] == "text/html; charset=utf-8"
    for urls in console.urls.values():
        assert urls.https in page.body.decode()


@pytest.mark.parametrize("path", ["/", "/login", "/static/console.css", "/nonsense", "/admin/info"])
def test_no_answer_runs_foreign_script_or_stands_in_a_frame(get, path):
    headers = get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "10.0.0.1", "[", ""])
def test_by_a_foreign_name_there_is_only_the_login(get, host):
    """DNS rebinding: a page of that name must read nothing and send nothing."""
    page = get(Host=host)
    assert (page.status, page.headers["Location"]) == (303, "/login")
    assert b"etherfax" not in page.body


def test_through_a_proxy_there_is_only_the_login(get):
    assert get(X_Forwarded_For="192.0.2.1").status == 303


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:1", "[::1]:8079", "LOCALHOST:8079"])
def test_by_a_loopback_name_there_is_no_login(get, host):
    assert get(Host=host).status == 200


def test_login(console, get, post):
    page = get("/login", Host="box.lan")
    wrong = post("/login", {"csrf": token(page), "key": "not the key"}, Host="box.lan")
    assert wrong.status == 403 and b"This is not the admin key" in wrong.body and "Set-Cookie" not in wrong.headers
    right = post("/login", {"csrf": token(page), "key": console.admin_key}, Host="box.lan")
    assert (right.status, right.headers["Location"]) == (303, "/")
    cookie, *attributes = right.headers["Set-Cookie"].split("; ")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} == set(attributes)
    start = get(Host="box.lan", Cookie=cookie)
    assert start.status == 200 and b"Log out" in start.body
    assert token(start) != token(page)
    # the token of another session is not enough
    assert post("/logout", {"csrf": token(page)}, Host="box.lan", Cookie=cookie).status == 403
    assert post("/logout", {"csrf": token(start)}, Host="box.lan", Cookie=cookie).status == 303
    assert get(Host="box.lan", Cookie=cookie).status == 303


def test_the_address_has_its_own_session(console, get, post):
    """A cookie's name has the port: cookies of one host go to all its ports."""
    page = get("/login", Host="box.lan")
    right = post("/login", {"csrf": token(page), "key": console.admin_key}, Host="box.lan")
    assert str(console.ports["admin"]) in right.headers["Set-Cookie"].partition("=")[0]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
def test_a_form_of_another_site_is_refused(get, post, headers):
    page = get("/login", Host="box.lan")
    answer = post("/login", {"csrf": token(page), "key": "x"}, Host="box.lan", **headers)
    assert answer.status == 403 and b"another site" in answer.body


@pytest.mark.parametrize("fields", [{}, {"csrf": ""}, {"csrf": "é"}, {"csrf": "0" * 64}])
def test_a_form_without_the_token_is_refused(post, fields):
    answer = post("/logout", fields)
    assert answer.status == 403 and b"reload it" in answer.body


def test_other_bodies_than_forms_are_refused(console, send):
    url = console.console_url + "logout"
    for kind, data in (("text/plain", b"csrf=1"), ("multipart/form-data; boundary=x", b"--x--")):
        assert send("POST", url, data=data, headers={"Content-Type": kind}).status == 403
    assert send("POST", url, data=b"csrf=%ff", headers={"Content-Type": FORM + "; charset=none"}).status == 403


def test_serve_names_the_console_first(console):
    assert console.info()["console"] == f"http://127.0.0.1:{console.ports['admin']}/"
