"""Authorised requests with the credential that registration has brought."""

from .errors import EnrollError

if False:  # for type hints only
    from .config import Config
    from .providers import Credential


class Session:
    """Requests to the service in the name of this device. The credential goes to its own origin only."""

    def __init__(self, config: "Config", port, credential: "Credential | None" = None) -> None:
        """`credential`: if left out, the stored one. Raises EnrollError("configuration") if there is none."""
        if credential is None:
            from .record import recall

            credential = recall(config, port.store(config.store))[1]
            if credential is None:
                raise EnrollError("configuration", "this device is not registered: call enroll.run first")
        self.credential = credential
        self._config = config
        self._feed = port.feed

    def request(self, method: str, path: str, headers: dict | None = None, **more):
        """Send a request as `http.request` does and return its Response.

        `path` is empty or starts with a slash or question mark; it is appended to the service's base (Xyte: the
        device's hub). Raises OSError and EnrollError as `http.request` does, and EnrollError("configuration") where the
        service has no such requests.
        """
        if path[:1] not in ("", "/", "?"):
            raise EnrollError("configuration", "a session's path starts with a slash, not %s" % path.partition("?")[0])
        config = self._config
        base = getattr(config.service, "base", None)
        url = base(config, self.credential) if base else config.url
        all_headers = self.credential.headers()
        all_headers.update(headers or {})
        more.setdefault("timeout", config.timeout)
        from .http import request

        return request(method, url + path, headers=all_headers, ca=config.ca, feed=self._feed, **more)
