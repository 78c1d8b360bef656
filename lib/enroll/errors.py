"""The one exception of this package.

Its `kind` is one of:

=============== ========================================================================= ======
kind            what happened                                                             status
=============== ========================================================================= ======
configuration   enroll.json, or what the service says of it, must be changed              78
storage         flash is full, read-only or worn                                          74
network         no link, no name, no connection, cut or timed out                         75
clock           no trustworthy time                                                       75
certificate     the server could not prove who it is                                      75
memory          not enough heap                                                           75
server          the service asks to try again later                                       75
refused         the service said no; an administrator can change that                     77
orphaned        it said no, and an earlier attempt whose answer was lost may be why       77
answer          the answer was not understood                                             76
=============== ========================================================================= ======

The status is what `firmware/main.py` exits with on the unix port (the numbers of BSD's sysexits.h).
"""

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

_REMEDIES = const("""
configuration correct enroll.json
storage free or replace the flash
network check the network and `url`
clock check the network, `ntp` and `earliest`
certificate check `ca`, `url` and the clock
memory free some heap
server it is asked again
refused change that in the portal
orphaned reset this device in the portal, then it registers by itself
answer check `url`, or update this firmware""")


def entry(table: str, key) -> str:
    """What `table`, a text, says in the line that begins with `key` and a blank; "" if there is none."""
    return table.partition("\n%s " % key)[2].split("\n")[0]


class EnrollError(Exception):
    """What went wrong and what to do about it, in one sentence.

    `kind`: see the table above. `fact`: what happened; what to do about that kind is added, unless the fact says it
    after a colon. `cause`: what a library says of it, if one does. Line breaks and control characters are replaced,
    because it may quote a server or a library. `said`: whether it is what the service answered, so that the service may
    change its mind. `unsent`: whether it came before the service could act on the request. `retry_after`: seconds that
    the server asked to wait, or None.
    """

    said = False
    unsent = False
    retry_after: int | None = None

    def __init__(self, kind: str, fact: str, cause=None) -> None:
        self.kind = kind
        remedy = "" if ": " in fact else ": " + entry(_REMEDIES, kind)
        if cause:
            fact += ", error %s" % cause
        line = bytearray(fact[:300] + remedy, "utf-8")
        for at in range(len(line)):
            if line[at] < 32 or line[at] == 127:
                line[at] = 32
        super().__init__(str(line, "utf-8"))
