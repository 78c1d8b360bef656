"""Each setting says what it does, in one place: the command line, the console and the page show the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from enroll_tools.sandbox import SandboxError
from enroll_tools.sandbox.cli import main
from enroll_tools.sandbox.services import ALL
from enroll_tools.sandbox.services.settings import allowed, settings_of, spelled

PAGE = Path(__file__).parents[4] / "docs" / "sandbox.md"


@pytest.mark.parametrize("name", [service.name for service in ALL])
def test_each_setting_is_explained(console, browser, name):
    """In the console beside its field, in the help of the command, and in a row of the page."""
    page, written = browser.get(f"/services/{name}"), PAGE.read_text()
    told = " ".join(CliRunner().invoke(main, [name, "set", "--help"]).output.split())
    settings = settings_of(console.services[name].settings)
    assert [it.name for it in settings] == list(console.services[name].show_settings())
    for it in settings:
        text, values, default = it.about.text, allowed(it), spelled(it.default)
        assert text.endswith("."), it.name
        assert page.one(id=f"setting-{it.name}-hint").text == f"{text} Default: {default}.".replace("`", "")
        assert f"{it.name}: {text} [{values}; default: {default}]".replace("`", "") in told
        assert f"| {name} | `{it.name}` | {text} | {values} | {default} |" in written


def test_a_text_may_be_empty_and_a_choice_is_kept(console, browser):
    page = browser.send(browser.get("/services/ickstream"), "Change Scheme", value="")
    assert page.message.startswith("Setting scheme: done.")
    page = browser.send(browser.get("/services/etherfax"), "Change Day tolerance", value="1")
    assert page.one(id="setting-day_tolerance").one("option", selected="").text == "1"
    assert (console.ickstream.settings.scheme, console.etherfax.settings.day_tolerance) == ("", 1)


@pytest.mark.parametrize("value", [2, -1, "one", True])
def test_a_value_that_is_no_choice(sandbox, value):
    with pytest.raises(SandboxError, match=r"etherfax\.day_tolerance wants one of 0, 1, not"):
        sandbox.set("etherfax.day_tolerance", value)
    assert sandbox.etherfax.show_settings() == {"day_tolerance": 0}
