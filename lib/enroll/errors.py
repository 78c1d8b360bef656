"""The one exception of this package.

Its `kind` is one of:

=============== =========================================================================
kind            what happened
=============== =========================================================================
configuration   enroll.json, or what the service says of it, must be changed
storage         flash is full, read-only or worn
network         no link, no name, no connection, cut, timed out, or a page of a proxy
clock           no trustworthy time
certificate     the server could not prove who it is
memory          not enough heap
server          the service asks to try again later
refused         the service said no; an administrator can change that
orphaned        it said no, and an earlier attempt whose answer was lost may be why
answer          the answer was not understood
=============== =========================================================================

`status` gives what `firmware/main.py` exits with on the unix port (the numbers of BSD's sysexits.h).
"""

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

# For each kind its exit status, and what to do where nothing better is known.
_KINDS = const("""
configuration 78 correct enroll.json
storage 74 free or replace the flash
network 75 check the network and `url`
clock 75 check the network, `ntp` and `earliest`
certificate 75 check `ca`, `url` and the clock
memory 75 free some heap
server 75 the device will retry
refused 77 allow this device in the service's portal
orphaned 77 reset or delete this device in the service's portal, then it registers by itself
answer 76 check `url`, or update this firmware""")


def entry(table: str, key) -> str:
    """What `table`, a text, says in the line that begins with `key` and a blank; "" if there is none."""
    return table.partition("\n%s " % key)[2].split("\n")[0]


def status(kind: str) -> int:
    """The exit status of firmware/main.py for an error of `kind`; 75 for what no kind is known of."""
    return int(entry(_KINDS, kind)[:2] or 75)


class EnrollError(Exception):
    """What went wrong and what to do about it, in one sentence.

    `kind`: see the table above. `fact`: what happened; what to do about that kind is added, unless the fact says it
    after a colon. `error`: what a library says of it, if one does. Line breaks and control characters are replaced,
    because it may quote a server or a library. `said`: whether it is what the service answered, so that the service may
    change its mind. `unsent`: whether it came before the service could act on the request. `retry_after`: seconds that
    the server asked to wait, or None.
    """

    said = False
    unsent = False
    retry_after: int | None = None

    def __init__(self, kind: str, fact: str, error=None) -> None:
        self.kind = kind
        remedy = "" if ": " in fact else ": " + entry(_KINDS, kind)[3:]
        if error:
            fact = "%s, error %s" % (fact, error)
        line = bytearray(fact[:300] + remedy, "utf-8")
        for at in range(len(line)):
            if line[at] < 32 or line[at] == 127:
                line[at] = 32
        super().__init__(str(line, "utf-8"))
