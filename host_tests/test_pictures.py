"""The pictures of the console: the page shows each that `make screenshots` writes, and they are small."""

from __future__ import annotations

import re
import struct

import pytest
from devices import ROOT
from screenshots import PICTURES, names

PAGES = {"console": ROOT / "docs" / "sandbox.md", "portal": ROOT / "docs" / "out-of-the-box.md"}
MOST = 100_000  # bytes
PALETTE = 3  # of PNG's kinds of colour


@pytest.mark.parametrize("kind", PAGES)
def test_the_page_shows_each_picture_once_in_words_too(kind):
    shown = re.findall(r"!\[([^]]*)\]\(pictures/([^)]*)\)", PAGES[kind].read_text())
    assert sorted(name for _, name in shown) == [name for name in names() if name.startswith(kind)]
    assert all(len(text) > 20 for text, _ in shown)


def test_the_folder_has_no_other_picture():
    assert sorted(path.name for path in PICTURES.iterdir()) == names()


@pytest.mark.parametrize("name", names())
def test_a_picture_is_small(name):
    """As the command writes it: a PNG with a palette."""
    data = (PICTURES / name).read_bytes()
    width, height, _, colours = struct.unpack(">IIBB", data[16:26])
    assert data.startswith(b"\x89PNG") and colours == PALETTE and len(data) < MOST
    assert width == (360 if name.endswith("-phone.png") else 1000) and 500 < height < 3000
