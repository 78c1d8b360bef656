"""The child devices of a Xyte device, and their credentials on flash.

Sixteen children share a record. The records are in journals of their own, in the folders c0, c1 ... of the parent's
journal. Each names the parent's device id. Once the parent has registered again, that id differs: the records are
ignored, and the children must register again too.
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
refused: check this child's model, and delete it in the portal if it is there already
422 taken or unknown""")
_GROUP = const(16)
_FULL = const(4096)  # bytes at which a record takes no more children: a key may be long
_MOST = const(100)  # records
_SLOT = const(1024)  # bytes of the smallest slot, see journal.py


class Children:
    """The children of the device of `session`. `configured`: the list `children` in enroll.json.

    Holds all registered children in the heap, about 300 bytes each.
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
        """Task: register the children that are not registered, one after another. The credential of each is on flash
        before the next request is sent.

        A refused child does not stop the others: the first such EnrollError is raised at the end. Any other error is
        raised at once. Raises EnrollError("storage") before the first request if the file system has no room for all.
        """
        failure = None
        parent = None
        while parent != self._session.credential.device_id:  # registering again replaces the parent and all children
            if parent:
                self._load()  # drops the children of the old parent
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
        """Raise EnrollError("storage") if the file system has no room for the children that are not registered."""
        missing = len([1 for child in self.configured if not self.find(child)])
        wanted = missing - sum([_GROUP - len(entries) for _, entries in self._groups])
        if wanted <= 0:
            return
        path = self._session.config.store
        try:
            size, _, _, free = os.statvfs(path)[:4]
        except (OSError, AttributeError):
            return  # the file system does not tell its free space
        who = self._session.credential
        # assume that a child's id and key are as long as its parent's
        record = max(_SLOT, _GROUP * (len(who.device_id) + len(who.secret.reveal()) + 30) + 64)
        # each group has two slots and a spare file; these and their folders take at most nine more blocks
        wanted = (wanted + _GROUP - 1) // _GROUP * (2 * (record // size) + _SLOT // size + 9)
        if wanted > free:
            fact = "%s has no room for %d more children, %d of %d bytes are free"
            fact %= (path, missing, free * size, wanted * size)
            raise EnrollError("storage", fact, "set another `store`, or remove some")

    def _register(self, child: dict):
        """Task: register `child`. Returns an EnrollError that concerns only this child; raises any other."""
        session = self._session
        parent = session.credential.device_id
        group = self._place()
        status = 401
        try:
            group[0].prepare()
            group[0].begin()
            session.sent = True  # not interrupted before its answer is on flash: a retry would make a second child
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
            # a 401, and any error while registering again after it, concerns the parent
            if error.kind != "answer" and (status == 401 or error.kind not in ("refused", "configuration")):
                raise
            return error
        finally:
            session.sent = False
            group[0].close()

    def _load(self) -> None:
        """Read the records of the current parent. One that is damaged or another parent's counts as empty."""
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
        """Return a group with room for one more child. If all are full, drop a child that is no longer configured, or
        add a group.
        """
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
        group[0].load()  # an interrupted factory reset may have left another parent's record
        self._groups.append(group)
        return group
