"""What a provider's `register` may yield besides a Request. enroll/steps.py takes these steps."""


class Wait:
    """Let `seconds` pass: the service has not decided yet. It is sent None.

    An Enroller with a `patience`, in seconds, waits no longer than that in one attempt; a later attempt goes on, so
    keep what it needs first.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


class Show:
    """Tell a person what to do: `text`, with the `code` to enter at `address`, a URL. It is sent None.

    It is logged. A port with a display has `show(text, code, address)`, which is called with the same.
    """

    def __init__(self, text: str, code: str, address: str) -> None:
        self.what = text, code, address


class Keep:
    """Have `fields`, a dict that JSON can hold, on flash before the next step; None: only read what is there.

    It is sent the fields that are now on flash, {} if none are. They are for this device at the address of its
    configuration, and stay until others replace them or the device is reset: the provider has to see what is out of
    date in them. A power cut leaves the old fields or the new ones.
    """

    def __init__(self, fields: dict | None = None) -> None:
        self.fields = fields
