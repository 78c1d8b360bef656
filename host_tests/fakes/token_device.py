"""A device of ickStream with an enroll.json of its own, which is given new registration tokens."""

import json

import enroll
from answers import GOOD
from enroll.config import Config
from fake_device import Device
from helpers import read, saved, settings

KEY = "registration_token"
NEW = "second-canary"
SECOND = {"jsonrpc": "2.0", "id": 1, "result": {"id": "device-1", "accessToken": "later-canary"}}


class TokenDevice(Device):
    """A device of ickStream with its enroll.json in a folder of its own, through several boots."""

    def __init__(self, **top):
        super().__init__("ickstream")
        self.path = saved(settings("ickstream", **top))
        self.load()

    def load(self):
        self.it = Config.load(self.path)

    def boot(self, *answers):
        """A boot with one attempt: the token it registered with, or None, and the secret it has then, or the error."""
        self.load()
        action = super().boot(*answers)
        sent = [more["headers"]["Authorization"] for _, _, more in self.service.requests]
        return sent[-1][7:] if sent else None, action.credential.secret.reveal() if action.credential else action.error

    def registered(self):
        assert self.boot((200, GOOD["ickstream"])) == ("once-canary", "token-canary")
        self.load()
        assert not self.it.section[KEY] and enroll.stored(self.it, self.port)
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
