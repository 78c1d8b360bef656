"""The child devices of a Xyte device: what enroll.json may say of them, and that each is registered once."""

import json

from enroll.calls import settle
from enroll.providers.xyte import children
from enroll.providers.xyte import device as xyte
from enroll.providers.xyte.child import mark
from fake_xyte import change, child, family, known, settled, some
from helpers import Fake, config, patched, raises


def test_mistakes_name_the_key():
    for wrong in (
        some(101),
        some(2) + some(1),
        [child(1, sn=1)],
        [child(1, mac=["x"])],
        [child(1, details="x")],
        [child(1, colour="red")],
        [child(1, model_id=None)],
        [{"model_id": "M1", "sn": "C1"}],
        [child(1, name="a\nb")],
        ["C1"],
        {},
        "C1",
    ):
        assert "xyte.children" in str(raises("configuration", config, "xyte", {"children": wrong})), wrong
    nameless = {"model_id": "M1", "firmware_version": "1"}
    raises("configuration", config, "xyte", {"children": [nameless, dict(nameless, firmware_version="2")]})
    config("xyte", {"children": [dict(nameless, name="a"), dict(nameless, name="b"), nameless]})
    assert len(config("xyte", {"children": some(100)}).section["children"]) == 100
    for none in ([], None):
        config("xyte", {"children": none})


def test_a_child_is_the_same_one_when_its_version_name_or_details_change():
    first = mark(child(1))
    assert len(first) == 16
    assert first == mark(child(1, firmware_version="2.0", name="Lamp", details={"a": 1}))
    others = [child(2), child(1, model_id="M2"), child(1, mac="02:00:00:00:00:01"), child(1, sn=None, mac="C1")]
    assert len({first} | {mark(one) for one in others}) == 5
    assert mark(child(1, sn=None, name="a")) != mark(child(1, sn=None, name="b"))


def test_a_child_is_sent_with_what_is_said_of_it_and_nothing_else():
    device = family([child(1, name="Lamp", details={"room": 7}, mac=None), child(2)])
    device.run(xyte.register_children)
    assert device.net.asked() == 2 * [("POST", "/api/v1/devices/device-1/children")]
    assert device.asked[0].json == child(1, name="Lamp", details={"room": 7}) and device.asked[1].json == child(2)
    assert {it.headers["Authorization"] for it in device.asked} == {"token-canary"}


def test_the_parent_is_registered_without_its_children():
    device = family(some(2))
    assert "children" not in str(device.registering.service.requests)


def test_children_are_registered_one_after_the_other_and_never_again():
    device = family(some(20))
    device.run(settle, True)
    assert device.cloud.born == [("device-1", "C%d" % number) for number in range(20)]
    assert len(device.asked) == 20 and len(device.saves) == 20, "one write each"
    assert known(device)["C7"] == ("child-8", "child-canary-8")
    assert settled(device) == 0


def test_each_child_is_in_the_store_before_the_next_is_asked_for():
    device = family(some(20))
    seen = []

    def answer(it):
        seen.append(len([one for _, one in xyte.children(device.session) if one]))
        return device.cloud(it)

    device.net.answer = answer
    device.run(settle)
    assert seen == list(range(20))


def room(size, free):
    """Stands for the module `os` where `free` blocks of `size` bytes are left."""
    return Fake(statvfs=lambda path: (size, size, 900, free, free, 0, 0, 0, 0, 15))


def silent(error):
    """Stands for the module `os` where the file system does not say."""

    def statvfs(path):
        raise error

    return Fake(statvfs=statvfs)


def test_children_that_have_no_room_are_named_before_the_first_is_registered():
    """The default partition of NVS has 24 KB."""
    for size, free, count, fits in (
        (32, 630, 100, False),
        (32, 630, 16, True),
        (4096, 90, 100, True),
        (4096, 5, 1, False),
    ):
        device = family(some(count))
        with patched(children, os=room(size, free)):
            if fits:
                device.run(settle)
                continue
            error = raises("storage", device.run, settle)
        assert not device.net.requests and "%d more children" % count in str(error) and "`store`" in str(error)
    device = family(some(10))
    device.run(settle)
    with patched(children, os=room(32, 0)):
        change(device, some(16))
        device.run(settle)  # these go into the record that is there
        change(device, some(17))
        assert "1 more" in str(raises("storage", device.run, settle)) and not device.asked
    for broken in (OSError(1), AttributeError("statvfs")):
        with patched(children, os=silent(broken)):
            device.run(settle)
        assert settled(device) == 0


def test_a_hundred_children_fit_in_seven_records():
    device = family(some(100))
    device.run(settle)
    assert len({path for path, _ in device.saves}) == 7 and len(device.cloud.born) == 100
    assert settled(device) == 0


def test_a_record_of_4096_bytes_takes_no_other_child():
    mine = mark(child(0))
    for size, records in ((4095, 1), (4096, 2)):
        device = family(some(2))
        key = "k" * (size - len(json.dumps({mine: ["x", ""]})))
        device.cloud.faults["C0"] = (201, {"id": "x", "access_key": key})
        device.run(settle)
        assert len({path for path, _ in device.saves}) == records, size
        assert settled(device) == 0


def test_a_child_that_is_refused_does_not_stop_the_others_and_is_said_in_the_end():
    device = family(some(5))
    device.cloud.faults = {"C1": (422, {"error": "model_id is invalid"}), "C3": (403, None), "C4": (201, {"id": "x"})}
    error = raises("refused", device.run, settle)
    assert "422" in str(error), "the first of them"
    assert [sn for _, sn in device.cloud.born] == ["C0", "C2"] and len(device.asked) == 5
    assert settled(device) == 3


def test_children_that_are_added_later_are_all_that_is_asked_for():
    device = family(some(10))
    device.run(settle)
    change(device, some(25))
    device.run(settle)
    assert [it.json["sn"] for it in device.asked] == ["C%d" % number for number in range(10, 25)]
    assert settled(device) == 0


def test_a_child_that_is_taken_out_and_put_in_again_is_not_registered_twice():
    device = family(some(20))
    device.run(settle)
    change(device, some(10))
    assert settled(device) == 0 and len(known(device)) == 10
    change(device, some(20))
    assert settled(device) == 0 and len(device.cloud.born) == 20


def test_one_that_was_taken_out_makes_room_only_where_all_is_full():
    device = family(some(100))
    device.run(settle)
    change(device, some(80) + some(20, 200))
    assert settled(device) == 20
    change(device, some(100))
    assert settled(device) == 8, "those that made room"
    assert len({path for path, _ in device.saves}) == 7
    change(device, some(100, 500))
    assert settled(device) == 100 and len({path for path, _ in device.saves}) == 7


def test_children_in_another_order_or_with_another_version_are_not_registered_again():
    device = family(some(20))
    device.run(settle)
    change(device, [child(number, firmware_version="2.0") for number in range(19, -1, -1)])
    assert settled(device) == 0


def test_telemetry_of_many_children_goes_in_batches_of_a_hundred():
    for count, batches in ((0, []), (1, [1]), (100, [100]), (101, [100, 1]), (250, [100, 100, 50])):
        device = family(some(1))
        reports = {"child-%d" % one: xyte.report_of({"t": one}) for one in range(count)}
        found = device.run(xyte.children_telemetry, reports)
        assert device.cloud.batch == batches and found == {name: {"success": True} for name in reports}
        for it in device.asked:
            assert it.host == "hub" and it.path == "/v1/devices/device-1/children/telemetries"
    sent = {}
    for it in device.asked:
        sent.update(it.json)
    assert len(sent) == 250 and sent["child-7"] == {"status": "online", "telemetries": {"t": 7}}
