"""Devices that boot at once at a sandbox which is killed in the middle: a few here, 300 with `make storm`."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from crowd import records
from crowd.scene import Scene
from enroll_tools.sandbox import Sandbox
from figures import PLACE


def test_none_is_lost_or_registered_twice_when_the_sandbox_is_killed_in_the_middle(tmp_path: Path) -> None:
    """Each service has registered one device whose answer the kill loses: a person resets that one in the portal."""
    scene = Scene(tmp_path, 9, 4, {"first": 1, "cap": 3})
    run = scene.play(away=0.5, seconds=50)
    assert run.wrong == []
    assert (len(run.registrations), run.lost) == (9, 3)
    assert all(it.process and it.process.returncode == 0 for it in scene.members)
    told = {it.service: {*it.failures()} - {"network", "server"} for it in scene.members if it.resets}
    assert told == {"etherfax": {"orphaned"}, "xyte": {"orphaned"}, "ickstream": {"refused"}}
    assert run.peak() > 4, "some were sent away"
    assert sum(records.per_second(run.requests)) == len(run.requests)
    find_faults(scene)


def find_faults(scene: Scene) -> None:
    """What must never be is found, each in its device."""
    twice = next(it for it in scene.members if it.resets)
    other, erased, needless = [it for it in scene.members if not it.resets and it.service != "ickstream"][:3]
    twice.resets -= 1
    needless.resets += 1
    shutil.rmtree(erased.device.folder / "state")
    with Sandbox(scene.served.state, ports=scene.served.ports) as sandbox:
        if other.service == "etherfax":
            sandbox.etherfax.reset(other.name)
        else:
            sandbox.xyte.delete(next(it["id"] for it in sandbox.xyte.devices() if it["sn"] == other.name))
        found = records.read(records.Run(9, 4), scene.members, sandbox).wrong
    assert sorted(found) == sorted(
        [
            f"{twice.service} {twice.name} was registered 2 times, though its portal was reset 0 times",
            f"{needless.service} {needless.name} was registered 1 times; before a reset there was nothing to lose",
            f"{erased.service} {erased.name} has no credential in its journal",
            f"{other.service} {other.name} has another credential in its journal than its service knows",
        ]
    )


def test_the_simulation_lives_through_the_same() -> None:
    """As many devices, no more than the service takes, and nothing while it is away."""
    pytest.importorskip("numpy", reason="numpy is missing: make storm installs it")
    from crowd.predict import predicted

    run = records.Run(60, 10, booted=1, away=(2, 7))
    for it in predicted(run, 3):
        assert len(it.registrations) == 60 and it.until(1) > 7
        assert not [moment for moment in (*it.registrations, *it.requests) if 2 <= moment < 7]
        assert max(records.per_second(it.registrations)) <= 10
        assert it.each() >= len(it.requests) / 60 > 1


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--most", "22", "multiple of 5"),  # the simulation's second is a fifth of one: it would take 20
        ("--away", "-1", "not in the range"),
        ("--away", "nan", "not a valid integer"),
        ("--away", "61", "not in the range"),
    ],
)
def test_what_cannot_be_played_or_simulated_is_refused(
    option: str, value: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is missing: make storm installs it")
    from crowd import __main__

    monkeypatch.setattr(__main__, "Scene", lambda *_: pytest.fail("devices were booted"))
    done = CliRunner().invoke(__main__.main, ["--dry", "--devices", "6", option, value])
    assert done.exit_code == 2 and words in done.output, done.output


def test_the_page_has_a_place_for_each_figure_and_the_plot_is_made(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is missing: make storm installs it")
    from crowd import page, predict

    run = records.Run(
        3, 20, 0.5, (2, 4), registrations=[0.1, 1.7, 6.2], requests=[0.1, 0.2, 1.7, 6.2], attempts=[1] * 3
    )
    text = page.PAGE.read_text()
    assert f"the median of {predict.CHANCES} simulations" in text
    assert predict.FASTER == 5 and "The devices wait a fifth" in text
    places = {it["name"] for it in PLACE.finditer(text) if it["name"].startswith("crowd.")}
    assert places == set(page.values(run, [run]))
    copy, plot = tmp_path / "page.md", tmp_path / "crowd.svg"
    copy.write_text(text)
    page.write(run, copy, plot)
    assert "| 100 % | 6 | " in copy.read_text() and "<svg" in plot.read_text()
    assert "(storm/crowd.svg)" in text and page.PLOT.exists()
