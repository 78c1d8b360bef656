"""What keeps somebody from using a page: findings of axe-core, what is beyond the edge, what no Tab reaches."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, expect

PHONE = {"width": 360, "height": 740}  # pixels of a small phone
DESKTOP = {"width": 1100, "height": 800}
GRAVE = ("serious", "critical")
VARYING = ["color-contrast", "scrollable-region-focusable"]  # the rules of axe-core that colours and width matter to

# What has the focus at some time, and whether that can be seen.
WATCH = """
() => {
  window.seen = new Map();
  document.addEventListener('focusin', ({target}) => {
    const style = getComputedStyle(target);
    seen.set(target, style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2);
  });
  const all = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]';
  window.wanted = [...document.querySelectorAll(all)].filter((it) => it.checkVisibility());
  return wanted.length;
}
"""
MISSED = "() => wanted.filter((it) => !seen.get(it)).map((it) => it.outerHTML.slice(0, 200))"

# Words that go on in the next line, though it has room for them. Addresses and values may break.
BROKEN = """
() => {
  const found = [], range = document.createRange();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, parent = node.parentElement;
    if (!parent.checkVisibility() || parent.closest('code, pre, textarea, .path, .hide')) continue;
    for (const word of node.data.matchAll(/[^\\s/-]+/g)) {
      if (word[0].length > 24) continue;
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      if (new Set([...range.getClientRects()].map((it) => Math.round(it.top))).size > 1) found.push(word[0]);
    }
  }
  return found;
}
"""


def live(page: Page) -> None:
    """Wait until the script of a page has begun. (The pages allow no text that is evaluated, as a poll would be.)"""
    expect(page.locator("html.live")).to_be_attached()


def whole(page: Page) -> None:
    """Unfold all that can be unfolded on a page that has been loaded."""
    live(page)
    page.evaluate("for (const it of document.querySelectorAll('details')) it.open = true")


def grave(page: Page, **options: Any) -> list[str]:
    """What axe-core finds, in words."""
    page.evaluate(AXE_SCRIPT)
    found = page.evaluate("options => axe.run(document, options)", {"resultTypes": ["violations"], **options})
    assert found["passes"], "axe-core has checked nothing"
    return [
        f"{page.url}: {it['id']}: {it['help']}: {node['html']}"
        for it in found["violations"]
        if it["impact"] in GRAVE
        for node in it["nodes"]
    ]


def faults(page: Page) -> list[str]:
    """What is wrong with a page, unfolded, on a phone by day, and on a desktop in the dark."""
    whole(page)
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme="light")
    found = grave(page)
    width = page.evaluate("document.documentElement.scrollWidth")
    if width > PHONE["width"]:
        found.append(f"{page.url} is {width} pixels wide on a phone")
    found += broken(page)
    bright = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.set_viewport_size(DESKTOP)
    page.emulate_media(color_scheme="dark")
    if page.evaluate("getComputedStyle(document.body).backgroundColor") == bright:
        found.append(f"{page.url} is as bright in the dark")
    return found + broken(page) + grave(page, runOnly=VARYING)


def broken(page: Page) -> list[str]:
    """The words that are broken, though they are not long."""
    return [f"{page.url}: {word!r} is broken" for word in page.evaluate(BROKEN)]


def missed(page: Page) -> list[str]:
    """What on a page has no focus however often Tab is pressed, or shows none."""
    count: int = page.evaluate(WATCH)
    assert count
    for _ in range(count + 2):
        page.keyboard.press("Tab")
    lost: list[str] = page.evaluate(MISSED)
    return lost
