"""Writes docs/pictures/*.png: the main pages of the sandbox's console, from a sandbox with realistic content, and the
page on which a phone gives a device its Wi-Fi.
"""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import portal_pictures
from devices import ROOT
from runtimes import first, place
from showcase import TIMELINE, Showcase, showcase

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PACKAGES = ROOT / ".cache" / "browser" / "packages"  # what tools/browser.sh has fetched
PICTURES = ROOT / "docs" / "pictures"
MARGIN = 24  # pixels below the last thing that a picture shows
COLOURS = 128
USUAL = {"http": 8080, "https": 8443, "ntp": 8123}  # so that a picture does not depend on free ports
MODES: dict[str, dict[str, Any]] = {
    "": {"viewport": {"width": 1000, "height": 700}},
    "-dark": {"viewport": {"width": 1000, "height": 700}, "color_scheme": "dark"},
    "-phone": {"viewport": {"width": 360, "height": 700}},
}
# Write a port as the usual one, any client's as 50000, and no folder of this machine, in all texts of the page.
RENAME = """
([ports, folder]) => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) walker.currentNode.data = walker.currentNode.data.replaceAll(folder, "").replace(
    /(127\\.0\\.0\\.1:)(\\d+)/g, (_, host, port) => host + (ports[port] || 50000));
}
"""


def _nothing(page: Page) -> None:
    """Take the page as it is."""


def _tokens(page: Page) -> None:
    """Open the refused request, and show the token that came and the one that was expected."""
    refused = page.locator(".packet.bad").filter(has_text="a day behind")
    refused.locator("summary").click()
    for which in ("received", "expected"):
        refused.get_by_role("link", name=f"token, {which}").click()
    refused.locator("[data-value]").nth(1).wait_for()


def _device(page: Page) -> None:
    """Make a device."""
    page.get_by_role("button", name="Make a device").click()
    page.get_by_role("link", name="Download enroll.json").wait_for()


@dataclass(frozen=True)
class Picture:
    """A page: its address, the selector of the last thing to show, and what is done on it before."""

    address: str
    until: str
    prepare: Callable[[Page], None] = _nothing
    modes: tuple[str, ...] = ("",)
    on_phone: str = ""  # the last thing there, if that is another one


PAGES = {
    # The faults first: the minutes that they have left are shown.
    "faults": Picture("/faults", ".kinds >> nth=0 >> li >> nth=5"),
    "start": Picture("/", "#services", modes=tuple(MODES), on_phone="#services li >> nth=2"),
    "service": Picture("/services/etherfax", "#new-title ~ .cards"),
    "timeline": Picture(
        f"/services/etherfax/device?id={TIMELINE}",
        ".packet:has-text('a day behind') >> table >> nth=1 >> tr >> nth=3",
        _tokens,
        tuple(MODES),
    ),
    "log": Picture("/log", ".packet >> nth=11"),
    "connect": Picture("/connect/etherfax", "#watch ~ #devices", _device),
}


def names() -> list[str]:
    """The names of all pictures."""
    console = [f"console-{name}{mode}.png" for name, picture in PAGES.items() for mode in picture.modes]
    return sorted([*console, *portal_pictures.NAMES])


def small(taken: bytes) -> bytes:
    """A PNG with few colours."""
    from PIL import Image

    out = io.BytesIO()
    picture = Image.open(io.BytesIO(taken)).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(out, "png", optimize=True)
    return out.getvalue()


def take(page: Page, picture: Picture, shown: Showcase, until: str) -> bytes:
    """Open a page, prepare it, and take its picture."""
    page.goto(picture.address)
    page.get_by_text("Live", exact=True).wait_for()
    picture.prepare(page)
    ports = {str(shown.sandbox.ports[name]): port for name, port in USUAL.items()}
    page.evaluate(RENAME, [ports, f"{Path(sys.executable).parent}/"])
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    page.mouse.move(0, 0)
    page.get_by_role("status").first.evaluate("it => it.textContent = 'Live'")
    box = page.locator(until).bounding_box()
    assert box and page.viewport_size
    clip = {"x": 0, "y": 0, "width": page.viewport_size["width"], "height": box["y"] + box["height"] + MARGIN}
    return small(page.screenshot(full_page=True, clip=clip, animations="disabled"))


def write(browser: Browser, shown: Showcase, out: Path) -> None:
    """Write the pictures of the console into a folder."""
    for name, picture in PAGES.items():
        for mode in picture.modes:
            context = browser.new_context(
                base_url=shown.sandbox.console_url, reduced_motion="reduce", locale="en", **MODES[mode]
            )
            context.request.get(shown.sandbox.console_link())
            until = (picture.on_phone if "phone" in mode else "") or picture.until
            taken = take(context.new_page(), picture, shown, until)
            context.close()
            keep(out / f"console-{name}{mode}.png", taken)


def keep(path: Path, taken: bytes) -> None:
    """Write a picture, and say so."""
    path.write_bytes(taken)
    click.echo(f"{path.name:28} {len(taken) / 1000:5.1f} KB")


@click.command()
@click.argument("out", type=click.Path(path_type=Path), default=PICTURES)
def main(out: Path) -> None:
    """Start a sandbox with boards, and a device without a network, and write the pictures to OUT."""
    out.mkdir(parents=True, exist_ok=True)
    sys.path.append(str(PACKAGES))
    from playwright.sync_api import sync_playwright

    with (
        tempfile.TemporaryDirectory() as folder,
        showcase(Path(folder), place(first())) as shown,
        sync_playwright() as run,
    ):
        browser = run.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"])
        write(browser, shown, out)
        for name, taken in portal_pictures.pictures(browser, Path(folder)):
            keep(out / name, small(taken))
        browser.close()


if __name__ == "__main__":
    main()
