"""Steps that a provider's `register` may yield besides a Request. enroll/steps.py runs them."""


class Wait:
    """Wait for `seconds`, at most a day, because the service has not decided yet. `register` is sent None.

    An Enroller with a `patience`, in seconds, waits no longer than that in one attempt; so does a renewal, 15 minutes.
    A later attempt begins `register` again, so yield a Keep for what it needs first.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


class Show:
    """Tell a person what to do: `text`, and the `code` to enter at `address`, a URL. `register` is sent None.

    It is logged. A port with a display has `show(text, code, address)`, which is called too.
    """

    def __init__(self, text: str, code: str, address: str) -> None:
        self.what = text, code, address


class Keep:
    """Write `fields`, a dict that JSON can hold, to flash before the next step; None: only read those on flash.

    `register` is sent the fields that are now on flash, {} if there are none. They belong to this device at its present
    `url`. They stay until a Keep replaces them or the device is reset. Those whose name begins with "_" are for one
    registration: a device that registers again after a 401 drops them. A power cut leaves the old fields or the new
    ones.
    """

    def __init__(self, fields: dict | None = None) -> None:
        self.fields = fields
