"""Requests with a form as the body, for services that do not accept JSON."""

from ..url import quote
from . import Request


def post_form(url: str, fields: dict, headers: dict | None = None) -> Request:
    """A POST of `fields`, {name: text}, as application/x-www-form-urlencoded; None leaves a field out. Asks for an
    answer in JSON.
    """
    headers = headers or {}
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    headers["Accept"] = "application/json"
    body = "&".join([quote(name) + "=" + quote(value) for name, value in fields.items() if value is not None])
    return Request("POST", url, body.encode(), headers)
