"""Calls the admin API of a running sandbox."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from .errors import SandboxError
from .files import check_own, read_own
from .keys import SCHEME, check_key, read_key
from .lock import is_running
from .log import printable

# The file in which a running sandbox leaves its admin API's URL.
RUNNING = "running.json"


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Lets a redirect be the error that it is here: the key goes to nobody else."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow nothing."""


class AdminClient:
    """Speaks to the sandbox at a URL, or to the one that runs on a state folder."""

    def __init__(self, url: str | None, state: Path, key: str | None = None) -> None:
        """Find the sandbox. Raises ConnectionError if none runs there, SandboxError if its key is of no use or others
        can change the folder."""
        if url is None:
            if state.exists():
                check_own(state)  # others could name a server of theirs there, which would be sent the key
            if not is_running(state):  # the address that a killed one has left may be another's by now
                raise ConnectionError(f"no sandbox runs on the state folder {state}: use `enroll-sandbox serve`")
            try:
                url = json.loads(read_own(state / RUNNING) or b"")["admin"]
            except (ValueError, KeyError, TypeError):
                raise ConnectionError(f"the sandbox on {state} is starting: try again in a moment") from None
        self._url = str(url).rstrip("/")
        self._key = check_key(key) if key else read_key(state)

    def perform(self, operation: str, arguments: dict[str, Any]) -> Any:
        """Perform ``operation`` or ``service/operation``. Raises SandboxError or ConnectionError."""
        headers = {"Content-Type": "application/json"}
        if self._key:
            headers["Authorization"] = f"{SCHEME} {self._key}"
        # Ignore proxies in the environment: the address is on this machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)
        try:
            request = urllib.request.Request(
                f"{self._url}/{operation}", json.dumps(arguments).encode(), headers, method="POST"
            )
            with opener.open(request, timeout=10) as answer:
                return json.load(answer)["result"]
        except urllib.error.HTTPError as error:
            with error:
                raise SandboxError(_reason(error)) from None
        except (TypeError, LookupError, RecursionError, json.JSONDecodeError):
            raise self._nobody("the answer is not a sandbox's") from None
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise self._nobody(str(getattr(error, "reason", error)) or type(error).__name__) from None

    def _nobody(self, why: str) -> ConnectionError:
        fact = f"no sandbox answers at {printable(self._url)}, {printable(why)[:200]}"
        return ConnectionError(f"{fact}: start one with `enroll-sandbox serve`, or correct --admin-url")


def _reason(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["error"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError, http.client.HTTPException):
        return f"the answer is HTTP {error.code} and not a sandbox's: correct --admin-url"
