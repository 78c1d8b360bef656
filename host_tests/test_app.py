"""The example application, on a board that has a watchdog."""

import runpy
import types

import devices

FEEDS = 5


def test_a_watchdog_is_fed_when_the_example_has_nothing_more_to_do():
    calls = []
    left = iter([True] * FEEDS + [False])
    port = types.SimpleNamespace(feed=lambda: next(left), sleep=calls.append)
    credential = types.SimpleNamespace(provider="centagate")
    runpy.run_path(str(devices.ROOT / "firmware" / "app.py"))["main"](
        types.SimpleNamespace(credential=credential, port=port)
    )
    assert calls == [1] * FEEDS
