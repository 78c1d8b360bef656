"""EnrollError, the one exception of this package, and its kinds.

`kind` is one of:

=============== =========================================================================
kind            what happened
=============== =========================================================================
configuration   enroll.json is wrong, by our check or the service's, and must be changed
storage         flash is full, read-only or worn
network         no link, name or connection; cut or timed out; or the web page of a proxy
clock           no source gave a trustworthy time
certificate     the server could not prove its identity
memory          not enough heap
server          the service failed, or asks to try again later
refused         the service refused; an administrator can change that
orphaned        the service refused, perhaps because an earlier answer was lost
answer          the answer was not understood
=============== =========================================================================

`status` returns the exit status of firmware/main.py on the unix port, as in BSD's sysexits.h.
"""

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

# For each kind: its exit status, and its remedy if an error has no other.
_KINDS = const("""
configuration 78 correct the settings
storage 74 free or replace the flash
network 75 check the network and `url`
clock 75 check the network, `ntp` and `earliest`
certificate 75 check `ca`, `url` and the clock
memory 75 free some heap
server 75 the device will retry
refused 77 allow this device in the service's portal
orphaned 77 reset or delete this device in the service's portal
answer 76 check `url`, or update this firmware""")


def entry(table: str, key) -> str:
    """The rest of the line of `table` that begins with `key` and a blank; "" if there is none.

    `table`: text that begins with a line break.
    """
    return table.partition("\n%s " % key)[2].split("\n")[0]


def status(kind: str) -> int:
    """The exit status of firmware/main.py for an error of `kind`; 75 (try again) for an unknown kind."""
    return int(entry(_KINDS, kind)[:2] or 75)


class EnrollError(Exception):
    """What happened and what to do about it, in one sentence.

    `kind`: one of the table above. `fact`: what happened. `remedy`: what to do; "" for what the table has for the kind.
    `error`: the exception of a library to quote, or None. Control characters become blanks, because the sentence may
    quote a server or a library.

    `said`: whether the service answered so; then it may change its mind. `unsent`: whether the service cannot have
    acted on the request. `retry_after`: seconds that the server asked to wait, or None.
    """

    said = False
    unsent = False
    retry_after: int | None = None

    def __init__(self, kind: str, fact: str, remedy: str = "", error=None) -> None:
        self.kind = kind
        if error:
            fact = "%s, error %s" % (fact, error)
        fact = fact[:300]
        line = bytearray("%s: %s" % (fact, (remedy or entry(_KINDS, kind)[3:])[:300]), "utf-8")
        for at in range(len(line)):
            if line[at] < 32 or line[at] == 127:
                line[at] = 32
        text = str(line, "utf-8")
        self.fact = text[: len(fact)]
        self.remedy = text[len(fact) + 2 :]
        super().__init__(text)
