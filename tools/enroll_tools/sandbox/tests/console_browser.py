"""A browser without script for the console's tests: gets pages, reads their elements, and sends their forms."""

from __future__ import annotations

import dataclasses
import html.parser
import http.client
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from enroll_tools.sandbox import Sandbox

_VOID = {"meta", "link", "input", "img", "br", "wbr"}
_DROPPED = {"script", "style"}


@dataclasses.dataclass
class Element:
    """An element of a page."""

    tag: str
    attributes: dict[str, str]
    children: list[Element | str] = dataclasses.field(default_factory=list)

    def all(self, tag: str = "", **attributes: str) -> list[Element]:
        """The elements below this one, of a tag and with attributes (``data_live`` stands for data-live)."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [
            it
            for it in self._below()
            if (not tag or it.tag == tag) and all(it.attributes.get(name) == value for name, value in wanted.items())
        ]

    def one(self, tag: str = "", **attributes: str) -> Element:
        """The only such element."""
        (found,) = self.all(tag, **attributes)
        return found

    def _below(self) -> Iterator[Element]:
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child._below()

    @property
    def text(self) -> str:
        """What a person reads, or hears."""
        return " ".join(self._raw.split())

    @property
    def _raw(self) -> str:
        if self.tag in _DROPPED:
            return ""
        return "".join(it if isinstance(it, str) else it._raw for it in self.children)


class _Parser(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Element("", {})]
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in _VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if self.open[-1].tag != tag:
            self.wrong.append(f"</{tag}> ends <{self.open[-1].tag}>")
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


class Page(Element):
    """A page as it came."""

    def __init__(self, address: str, status: int, headers: Any, body: bytes) -> None:
        parser = _Parser()
        if headers.get_content_type() == "text/html":
            parser.feed(body.decode())
        assert not parser.wrong, parser.wrong
        super().__init__("", {}, parser.open[0].children)
        self.address, self.status, self.headers, self.body = address, status, headers, body

    @property
    def message(self) -> str:
        """What the page says of the form that was sent."""
        return self.one(id="message").text

    def form(self, button: str) -> Element:
        """The form whose button has this name."""
        (found,) = [it for it in self.all("form") if button in [its.text for its in it.all("button")]]
        return found


def cookie_of(sandbox: Sandbox) -> str:
    """The cookie of a browser that opens the link to the console."""
    parts = urlsplit(sandbox.console_link())
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}")
        return str(connection.getresponse().headers["Set-Cookie"]).partition(";")[0]
    finally:
        connection.close()


class Browser:
    """Calls a sandbox's console, into which a link has let it; ``headers`` go with each request."""

    def __init__(self, sandbox: Sandbox, **headers: str) -> None:
        self.base = sandbox.console_url
        self.headers = {"Cookie": cookie_of(sandbox), **headers}

    def get(self, path: str) -> Page:
        """A page, after redirects."""
        return self._call("GET", path)

    def send(self, page: Page, button: str, **typed: str) -> Page:
        """Fill a form (``typed`` by the names of the operation's arguments), and click on its button."""
        form = page.form(button)
        fields = {it.attributes["name"]: it.attributes.get("value", "") for it in form.all("input") if _sent(it)}
        fields |= {it.attributes["name"]: it.text for it in form.all("textarea")}
        for it in form.all("select"):
            chosen = [*it.all("option", selected=""), *it.all("option")][0]  # as browsers do
            fields[it.attributes["name"]] = chosen.attributes.get("value", chosen.text)
        (clicked,) = [it for it in form.all("button") if it.text == button]
        if "name" in clicked.attributes:
            fields[clicked.attributes["name"]] = clicked.attributes["value"]
        for name, value in typed.items():
            assert f"field.{name}" in {it.attributes.get("name") for it in form.all()}, name
            fields[f"field.{name}"] = value
        return self._call("POST", form.attributes["action"], urlencode(fields).encode())

    def _call(self, method: str, path: str, data: bytes | None = None) -> Page:
        parts = urlsplit(urljoin(self.base, path))
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
        headers = dict(self.headers)
        if data is not None:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.base.rstrip("/")}
        try:
            connection.request(method, parts.path + (f"?{parts.query}" if parts.query else ""), data, headers)
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        if answer.status == 303:
            return self._call("GET", answer.headers["Location"])
        return Page(path, answer.status, answer.headers, body)


def _sent(it: Element) -> bool:
    return "name" in it.attributes and (it.attributes.get("type") != "checkbox" or "checked" in it.attributes)
