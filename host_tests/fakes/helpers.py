"""What the tests share that run on MicroPython too; imports only what CPython and MicroPython both have."""

import json
import os
from binascii import hexlify

import enroll.providers.etherfax
from enroll.config import Config
from enroll.errors import EnrollError

# It unloads `calendar`, and a test that gives that another clock needs it to be the module in use.
enroll.providers.etherfax.unload = lambda *names: None

LEFT_OUT = object()
BASE = ""  # where `folder` makes its folders, on a board; elsewhere TEST_FOLDER of the environment says it
KEPT = 2  # of those folders
made = []
SECTIONS = {
    "etherfax": {"serial": "MT873615726"},
    "ickstream": {"hardware_id": "hw-1", "application_id": "app-1", "registration_token": "once-canary"},
    "xyte": {"hardware_key": "key-canary", "sn": "sn-1", "mac": "00:11:22:33:44:55", "firmware_version": "1.0"},
    "centagate": {
        "admin_username": "admin",
        "username": "user-1",
        "token_sn": "60123456789",
        "token_type": "1",
        "cen_token": "ab" * 32,
    },
}

KEY = "18RQk/hOPJR9EbsJlk2j8WA6vWaj/yi+oaYg7zmxfQNdOyMSu+SJ8O7TSlZhDJCYmn4rzEiVKIzNiVAWjLxrGA=="  # of Azure's docs
MORE_SECTIONS = {  # of providers with their own tests, which are not in the tests over all of SECTIONS
    "azure": {"id_scope": "0ne00111111", "serial": "my-device", "device_key": KEY},
    "thingsboard": {"serial": "sensor-1", "provision_key": "key-1", "provision_secret": "secret-canary"},
    "cumulocity": {"serial": "serial-1", "bootstrap_user": "management/boot", "bootstrap_password": "boot-canary"},
    "oauth": {"client_id": "client-1", "serial": "board-1", "device_path": "/device", "token_path": "/token"},
}


def raises(what, function, *args, **kwargs):
    """The exception of a call that must raise `what`: an exception class, or the kind of an EnrollError."""
    try:
        value = function(*args, **kwargs)
    except Exception as error:
        assert "canary" not in str(error) + repr(error), "a secret was raised"
        if isinstance(what, str):
            if isinstance(error, EnrollError) and error.kind == what:
                return error
        elif isinstance(error, what):
            return error
        raise
    raise AssertionError("no %s for %r %r, but %r" % (what, args, kwargs, value))


def folder():
    """The path of a new, empty folder."""
    path = "%s/%s" % (BASE or os.getenv("TEST_FOLDER"), hexlify(os.urandom(8)).decode())
    os.mkdir(path)
    if BASE:
        made.append(path)
        clear(KEPT)
    return path


def clear(keep=0):
    """Remove the folders that `folder` has made on a board, whose flash is small, but for the newest ones."""
    while len(made) > keep:
        remove(made.pop(0))


def remove(path):
    """Remove a file, or a folder and all below it."""
    try:
        os.remove(path)
    except OSError:
        try:
            found = os.listdir(path)
        except OSError:
            return  # a test has removed it
        for name in found:
            remove(path + "/" + name)
        os.rmdir(path)


def write(path, content):
    """Make the file `path` with `content`, text or bytes; returns `path`."""
    with open(path, "w" if isinstance(content, str) else "wb") as file:
        file.write(content)
    return path


def read(path):
    with open(path, "rb") as file:
        return file.read()


def prepared(path):
    """The Journal at `path`, which has read what is there and can be written."""
    from enroll.commit import Journal  # here: most files do without it

    found = Journal(path)
    found.load()
    found.prepare()
    return found


def changed(original, changes):
    """A copy of the dict `original` with `changes`; LEFT_OUT takes a key away."""
    copy = dict(original)
    copy.update(changes)
    return {key: value for key, value in copy.items() if value is not LEFT_OUT}


def settings(provider, section=None, **top):
    """What enroll.json may hold for `provider`, changed in its section and at its top."""
    all_sections = changed(MORE_SECTIONS, SECTIONS)
    data = {
        "provider": provider,
        "url": "http://localhost/api",
        provider: changed(all_sections[provider], section or {}),
    }
    return changed(data, top)


def config(provider, section=None, **top):
    return Config(settings(provider, section, **top))


def saved(data, where=None):
    """Write `data` as an enroll.json in a new folder, or in `where`; returns its path."""
    return write((where or folder()) + "/enroll.json", json.dumps(data))


class patched:
    """Context in which attributes of a module, or of each in a tuple, have other values: `patched(module, name=5)`."""

    def __init__(self, module, **values):
        self._modules = module if isinstance(module, tuple) else (module,)
        self._values = values

    def __enter__(self):
        self._before = []
        for module in self._modules:
            for name, value in self._values.items():
                self._before.append((module, name, getattr(module, name, LEFT_OUT)))
                setattr(module, name, value)

    def __exit__(self, *_):
        for module, name, value in self._before:
            if value is LEFT_OUT:
                delattr(module, name)
            else:
                setattr(module, name, value)


class Fake:
    """An object, or a stand-in for a module, with the attributes it is given."""

    def __init__(self, **values):
        for name, value in values.items():
            setattr(self, name, value)


def drive(task, ready=lambda stream, flags: flags, most=10000):
    """Run `task` to its end without waiting; `ready(stream, flags)` gives the flags that are up. Returns its value."""
    try:
        what = task.send(None)
        for _ in range(most):
            what = task.send(ready(*what) if isinstance(what, tuple) else None)
    except StopIteration as end:
        return end.value
    finally:
        task.close()
    raise AssertionError("the task never ends")
