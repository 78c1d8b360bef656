"""The child devices of a Xyte device, and their credentials in the store.

Sixteen of them share a record, in stores beside the parent's: c0, c1 ... in its folder. A record belongs to the parent
that it names. Once the parent has registered again, its children must register again too, and the record is ignored.
"""

import json
import os

from ... import commit
from ...calls import read
from ...credential import Credential
from ...errors import EnrollError
from ...journal import KEPT
from .. import need
from .child import body, mark

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

_REFUSALS = const("""
422 r taken or unknown
refused check this child's model, and delete it in the portal if it is there already""")
_GROUP = const(16)
_FULL = const(4096)  # bytes of a record that takes no other child: a key may be long
_MOST = const(100)  # records
_SLOT = const(1024)  # bytes of a slot at least, see journal.py


class Children:
    """The children of the device of `session`; `configured` is what enroll.json says of them.

    All that are registered are held in the heap, about 300 bytes each.
    """

    def __init__(self, session) -> None:
        self.configured = session.config.section["children"] or []
        self._session = session
        self._load()

    def find(self, child: dict) -> Credential | None:
        """The credential of `child`, one of `configured`, or None if it is not registered."""
        for _, entries in self._groups:
            found = entries.get(mark(child))
            if found:
                return Credential(self._session.config, found[0], found[1], {})
        return None

    def register(self):
        """Task: register those that are not yet, one after another; each is in the store before the next one is asked
        for.

        One that is refused does not stop the others; the first such EnrollError is raised in the end, any other error
        at once. Where the file system has no room for all of them, EnrollError("storage") says so before the first.
        """
        failure = None
        parent = None
        while parent != self._session.credential.device_id:  # it may register again on the way, all children with it
            if parent:
                self._load()  # without the old one's
            parent = self._session.credential.device_id
            failure = None
            self._room()
            for child in self.configured:
                if self._session.credential.device_id == parent and not self.find(child):
                    refused = yield from self._register(child)
                    failure = failure or refused
        if failure:
            raise failure

    def _room(self) -> None:
        """Raise EnrollError("storage") if the file system cannot take the records of those that are not registered."""
        missing = len([1 for child in self.configured if not self.find(child)])
        wanted = missing - sum([_GROUP - len(entries) for _, entries in self._groups])
        if wanted <= 0:
            return
        path = self._session.config.store
        try:
            size, _, _, free = os.statvfs(path)[:4]
        except (OSError, AttributeError):
            return  # it does not say
        who = self._session.credential
        # id and key of a child are taken to be as long as its parent's
        record = max(_SLOT, _GROUP * (len(who.device_id) + len(who.secret.reveal()) + 30) + 64)
        # two slots and a spare file for each group; what they and their folders take besides is nine blocks at most
        wanted = (wanted + _GROUP - 1) // _GROUP * (2 * (record // size) + _SLOT // size + 9)
        if wanted > free:
            fact = "%s has no room for %d more children, %d bytes of %d are free: set another `store`, or take some out"
            raise EnrollError("storage", fact % (path, missing, free * size, wanted * size))

    def _register(self, child: dict):
        """Task: register `child`. Returns the EnrollError if it is this child alone that is refused, else raises it."""
        session = self._session
        parent = session.credential.device_id
        group = self._place()
        status = 401
        try:
            group[0].prepare()
            group[0].begin()
            session.sent = True  # nobody cuts it before its answer is kept: there would be a second child
            response = yield from session.task(
                "POST", "/v1/devices/{id}/children", True, session.config.url, json=body(child)
            )
            status = response.status_code
            if session.credential.device_id != parent:
                group[0].close()
                self._load()
                group = self._place()
                group[0].prepare()
            device_id, key = need(read(response, _REFUSALS, session), "id", "access_key")
            group[1][mark(child)] = [device_id, key]
            who = session.credential.device_id.encode()
            group[0].save(KEPT, who, json.dumps(group[1]).encode(), True)
        except EnrollError as error:
            # a 401, and any error of registering again after it, is about the parent
            if error.kind != "answer" and (status == 401 or error.kind not in ("refused", "configuration")):
                raise
            return error
        finally:
            session.sent = False
            group[0].close()

    def _load(self) -> None:
        """Read what is stored for the present parent. What is damaged or another's is room."""
        who = self._session.credential.device_id.encode()
        self._groups: list[tuple] = []
        while len(self._groups) < _MOST:
            found = self._store()
            record = found.load()
            if not record and not found.damaged:
                return
            entries = {}
            if record and record[1] == who:
                try:
                    entries = json.loads(record[2])
                except ValueError:
                    pass
            self._groups.append((found, entries))

    def _store(self):
        return commit.Journal("%s/c%d" % (self._session.config.store, len(self._groups)))

    def _place(self) -> tuple:
        """The group that takes one more child; one that is no longer configured makes room."""
        for group in self._groups:
            if len(group[1]) < _GROUP and len(json.dumps(group[1])) < _FULL:
                return group
        marks = [mark(child) for child in self.configured]
        for group in self._groups:
            for old in group[1]:
                if old not in marks:
                    group[1].pop(old)
                    return group
        group = (self._store(), {})
        group[0].load()  # a factory reset that was cut short may have left another parent's
        self._groups.append(group)
        return group
