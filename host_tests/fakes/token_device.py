"""A device of ickStream with an enroll.json of its own, which is given new registration tokens."""

import json

import enroll
from boots import GOOD, Device
from enroll.config import Config
from helpers import read, saved, settings

KEY = "registration_token"
NEW = "second-canary"
SECOND = {"jsonrpc": "2.0", "id": 1, "result": {"id": "device-1", "accessToken": "later-canary"}}


class Player:
    """A device of ickStream with its enroll.json in a folder of its own, through several boots."""

    def __init__(self, **top):
        self.path = saved(settings("ickstream", **top))
        self.device = Device("ickstream")
        self.load()

    def load(self):
        self.it = self.device.it = Config.load(self.path)

    def boot(self, *answers):
        """A boot with one attempt: the token it registered with, or None, and the secret it has then, or the error."""
        self.load()
        action = self.device.boot(*answers)
        sent = [more["headers"]["Authorization"] for _, _, more in self.device.service.requests]
        return sent[-1][7:] if sent else None, action.credential.secret.reveal() if action.credential else action.error

    def registered(self):
        assert self.boot((200, GOOD["ickstream"])) == ("once-canary", "token-canary")
        self.load()
        assert not self.it.section[KEY] and enroll.stored(self.it, self.device.port)
        return self

    def change(self, **top):
        """Write other values into the file."""
        data = json.loads(read(self.path))
        data.update(top)
        with open(self.path, "w") as file:
            file.write(json.dumps(data))
        self.load()

    def kept(self):
        """All that is on flash besides the file."""
        return b"".join([read("%s/%s/slot" % (self.it.store, slot)) for slot in "01"])
