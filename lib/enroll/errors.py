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


class EnrollError(Exception):
    """What went wrong and what to do about it, in one sentence.

    `kind`: see the table above. `text`: the sentence; line breaks and control characters in it are replaced, because it
    may quote a server or a library. `said`: whether it is what the service answered, so that the service may change its
    mind. `retry_after`: seconds that the server asked to wait, or None.
    """

    def __init__(self, kind: str, text: str) -> None:
        self.kind = kind
        self.said = False
        self.retry_after: int | None = None
        super().__init__("".join([c if c >= " " and c != "\x7f" else " " for c in text[:240]]))
