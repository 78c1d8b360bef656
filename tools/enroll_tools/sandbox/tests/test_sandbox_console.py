"""The console: who may see it, and what its answers let a browser do."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from enroll_tools.sandbox import Sandbox
from enroll_tools.sandbox.tests.console_browser import Browser, cookie_of

FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def console() -> Iterator[Sandbox]:
    """One sandbox for all of them, which does not pause before it refuses a login."""
    with pytest.MonkeyPatch.context() as patch, Sandbox() as running:
        patch.setattr("enroll_tools.sandbox.console.security.PAUSE", 0)
        yield running


@pytest.fixture(scope="module")
def cookie(console):
    """That of a browser that was let in."""
    return cookie_of(console)


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


def test_the_start_page_lists_every_service_and_its_address(console, get, cookie):
    page = get(Cookie=cookie)
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


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8079", "evil.example", "[", ""])
@pytest.mark.parametrize("path", ["/", "/log", "/services/etherfax", "/events", "/connect/ca.pem"])
def test_a_browser_that_nobody_has_let_in_sees_the_door(get, host, path):
    """Other users of this machine have browsers, too; and a page may find this machine by a name of its own."""
    page = get(path, Host=host)
    assert (page.status, page.headers["Location"]) == (303, "/login") and b"html" not in page.body


def test_the_door_says_what_to_do(console, get):
    """Anyone who types the bare address learns how to get in; another machine learns nothing of this one."""
    page = html.unescape(get("/login").body.decode())
    command = re.search(r"<code>(\S*enroll-sandbox console --state \S+)</code>", page)
    assert command and str(console.state_folder) in command[1]
    page = html.unescape(get("/login", Host="box.lan").body.decode())
    assert "<code>enroll-sandbox console</code>" in page and str(console.state_folder) not in page


# The link.


def open_link(get, link, **headers):
    return get("/login?" + link.partition("?")[2], **headers)


def test_a_link_lets_one_browser_in(console, get, caplog):
    link = console.console_link()
    answer = open_link(get, link)
    assert (answer.status, answer.headers["Location"]) == (303, "/")
    cookie, *attributes = answer.headers["Set-Cookie"].split("; ")
    assert {"HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=34560000"} == set(attributes)
    assert get(Cookie=cookie).status == 200
    again = open_link(get, link)
    assert again.status == 403 and b"opened before" in again.body and "Set-Cookie" not in again.headers
    assert open_link(get, link, Cookie=cookie).status == 303, "a browser that is in may open it again"
    assert link.rpartition("=")[2] not in caplog.text and "refused a login from 127.0.0.1" in caplog.text


def test_a_look_at_the_head_of_a_link_does_not_use_it_up(console, send, get):
    link = console.console_link()
    assert "Set-Cookie" not in send("HEAD", link).headers
    assert open_link(get, link).status == 303


def test_a_link_ends_by_itself_and_makes_room(console, get, monkeypatch):
    links = [console.console_link() for _ in range(21)]
    assert open_link(get, links[0]).status == 403
    assert open_link(get, links[1]).status == 303
    monkeypatch.setattr("enroll_tools.sandbox.sessions.LIFE", 0)
    assert open_link(get, console.console_link()).status == 403
    assert open_link(get, links[20]).status == 303


@pytest.mark.parametrize("cookie", ["", "x", ".", "x.y", "é.é", "x." + "0" * 64])
def test_a_cookie_that_the_sandbox_has_not_signed(console, get, cookie):
    assert get(Cookie=f"enroll-console-{console.ports['admin']}={cookie}").status == 303


def test_a_browser_stays_let_in_when_the_sandbox_starts_again(tmp_path):
    """A page stays open all day, and what it had sent before the restart still counts."""
    with Sandbox(tmp_path) as first:
        browser, port = Browser(first), first.ports["admin"]
        page = browser.get("/services/etherfax")
        out = Browser(first)
        assert out.send(out.get("/"), "Log out").one("h1").text == "Let this browser in"
    with Sandbox(tmp_path, ports={"admin": port}):
        assert browser.send(page, "Create a device", serial="MT1").message.startswith("Create a device: done.")
        assert out.get("/").one("h1").text == "Let this browser in", "what was ended stays so"
    with Sandbox(ports={"admin": port}):
        assert browser.get("/").one("h1").text == "Let this browser in", "another sandbox has another key"


def test_a_link_on_a_page_of_another_site_leads_to_the_console(console, get, cookie):
    """The browser keeps the cookie to itself then, and sends it when our page calls the address once more."""
    there = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"}
    page = get("/log?service=xyte", **there)
    assert page.status == 200 and b'content="0;url=/log?service=xyte"' in page.body and b"csrf" not in page.body
    page = open_link(get, console.console_link(), **there)
    assert page.status == 200 and b'content="0;url=/"' in page.body and "Set-Cookie" in page.headers
    assert get("/events", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="no-cors").status == 303


# The admin key.


def test_login(console, get, post):
    page = get("/login", Host="box.lan")
    wrong = post("/login", {"csrf": token(page), "key": "not the key"}, Host="box.lan")
    assert wrong.status == 403 and b"This is not the admin key" in wrong.body and "Set-Cookie" not in wrong.headers
    right = post("/login", {"csrf": token(page), "key": console.admin_key}, Host="box.lan")
    assert (right.status, right.headers["Location"]) == (303, "/")
    cookie, *attributes = right.headers["Set-Cookie"].split("; ")
    assert {"HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=34560000"} == set(attributes)
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
def test_a_form_without_the_token_is_refused(post, fields, cookie):
    answer = post("/logout", fields, Cookie=cookie)
    assert answer.status == 403 and b"reload it" in answer.body


def test_other_bodies_than_forms_are_refused(console, send, cookie):
    url = console.console_url + "logout"
    for kind, data in (("text/plain", b"csrf=1"), ("multipart/form-data; boundary=x", b"--x--")):
        assert send("POST", url, data=data, headers={"Content-Type": kind, "Cookie": cookie}).status == 403
    assert (
        send("POST", url, data=b"csrf=%ff", headers={"Content-Type": FORM + "; charset=none", "Cookie": cookie}).status
        == 403
    )


def test_the_console_is_at_the_root_of_its_port(console):
    assert console.info()["console"] == f"http://127.0.0.1:{console.ports['admin']}/"
