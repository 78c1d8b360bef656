"""The provider that enroll.json names: installed, missing or broken; and what is given back once it was read."""

import os
import sys

import enroll.providers
from enroll.config import Config, unload
from helpers import SECTIONS, folder, patched, raises, saved, settings, write


class installed:
    """Context in which the source `text` is the provider `name`."""

    def __init__(self, name, text):
        self.name = name
        self.text = text

    def __enter__(self):
        where = folder()
        write("%s/%s.py" % (where, self.name), self.text)
        path = enroll.providers.__path__
        self.patch = patched(enroll.providers, __path__=where if isinstance(path, str) else [where])
        self.patch.__enter__()

    def __exit__(self, *_):
        self.patch.__exit__()
        sys.modules.pop("enroll.providers." + self.name, None)
        enroll.providers.__dict__.pop(self.name, None)


def refused(name, text=None):
    """The sentence with which provider `name`, whose source is `text`, is refused."""
    data = {"provider": name, "url": "http://localhost", name: {}}
    if text is None:
        return str(raises("configuration", Config, data))
    with installed(name, text):
        return str(raises("configuration", Config, data))


def test_a_provider_that_is_not_there_gives_those_that_are():
    for name in ("nobody", "Xyte", "xyt", "centagate_login"):
        message = refused(name)
        assert "`provider` must be an installed one: " in message
        names = message.split(": ")[-1].split(", ")
        assert names == sorted(names) and set(SECTIONS) <= set(names), message
        assert not [it for it in names if "_" in it or "." in it], message


def test_what_is_wrong_inside_a_provider_is_told_as_it_is():
    for text, words in (
        ("import nothing_like_this", "nothing_like_this"),
        ("from enroll.providers import nothing_like_this", "nothing_like_this"),
        ("import enroll.providers.brokenmore", "brokenmore"),
        ("def broken(:", "SyntaxError"),
        ("raise OSError(5)", "OSError"),
        ("raise ValueError('incompatible .mpy file')", "incompatible .mpy file"),
        ("1 / 0", "ZeroDivisionError"),
        ("x = 1", "TABLE"),
    ):
        message = refused("broken", text)
        assert "provider broken" in message and words in message and "installed" not in message, message


def test_an_empty_folder_is_no_provider():
    """MicroPython imports one: an installation that was cut short may have made it."""
    where = folder()
    os.mkdir(where + "/hollow")
    path = enroll.providers.__path__
    with patched(enroll.providers, __path__=where if isinstance(path, str) else [where]):
        assert "provider hollow" in refused("hollow")


def test_no_heap_for_a_provider_is_not_a_mistake_in_the_file():
    with installed("hungry", "raise MemoryError"):
        raises(MemoryError, Config, {"provider": "hungry", "url": "http://localhost"})


def test_a_broken_table_names_its_entry():
    for entry in ("serial", "serial-?", "serial?A", "!A", "A", "", "serial -A"):
        message = refused("mine", "TABLE = 'id-I %s name-A'\nONCE = True\n" % entry)
        assert "TABLE" in message and "`%s`" % entry.split(" ")[0] in message, message
    assert "TABLE" in refused("mine", "TABLE = 'id-I  name-A'")


def test_a_table_that_is_right():
    with installed("mine", "TABLE = 'id!I name-A'\nONCE = True\n"):
        it = Config({"provider": "mine", "url": "http://localhost", "mine": {"id": "x"}})
        assert it.section == {"id": "x", "name": None}


def test_what_reads_a_configuration_is_given_back():
    for load in (
        lambda: Config.load(saved(settings("xyte"))),
        lambda: Config(settings("etherfax")),
        lambda: Config(settings("etherfax", {"serial": None})).complete({"serial": "board"}),
    ):
        for _ in range(2):
            load()
            for name in ("reader", "schema"):
                assert "enroll." + name not in sys.modules and name not in sys.modules["enroll"].__dict__


def test_a_module_is_unloaded_twice_and_loaded_again():
    from enroll import backoff as first

    for _ in range(2):
        unload("backoff", "nothing_like_this")
        assert "enroll.backoff" not in sys.modules and "backoff" not in sys.modules["enroll"].__dict__
    from enroll import backoff

    assert backoff is not first and backoff.delay(1, 5, 60, 0) == first.delay(1, 5, 60, 0) == 0


def test_only_what_has_no_value_is_taken_for_an_import_without_heap():
    """An application may put an object into sys.modules that is merely false."""
    sys.modules["application"] = {}
    sys.modules["enroll.nothing"] = None
    unload()
    assert sys.modules.pop("application") == {} and "enroll.nothing" not in sys.modules
