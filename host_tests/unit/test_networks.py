"""The networks that a person has given the device: which are remembered, in which order they are tried."""

import enroll
from air_port import AirPort
from answers import GOOD
from enroll.networks import remember, remembered
from fake_device import Device, Port
from flash import Flash
from helpers import config
from power import CLEAN, ERASED, TORN, cut_everywhere

SECRET = "password-canary"
FACTORY = {"ssid": "factory", "password": SECRET}


def device(**top):
    return config("etherfax", store="/state", **top)


def names(it):
    """(name, password) of each network that is remembered; a fresh look at flash, as after a restart."""
    return [(net["ssid"], net["password"].reveal() if net["password"] else "") for net in remembered(it)]


def test_the_newest_is_first_and_five_are_remembered():
    it = device()
    with Flash():
        assert remembered(it) == []
        for number in range(7):
            remember(it, "home %d" % number, SECRET)
        assert names(it) == [("home %d" % number, SECRET) for number in (6, 5, 4, 3, 2)]


def test_a_network_that_is_given_again_has_its_new_password_and_is_first():
    it = device()
    with Flash():
        for name, password in (("café ☕", "old-canary"), ("open", ""), ("café ☕", SECRET)):
            remember(it, name, password)
        assert names(it) == [("café ☕", SECRET), ("open", "")]
        assert "canary" not in str(remembered(it)), "a password is printed"


def test_five_long_networks_fit():
    it = device()
    with Flash():
        long = [("%d" % number + "日" * 10, "\\" * 63) for number in range(5)]
        for name, password in long:
            remember(it, name, password)
        assert names(it) == long[::-1]


def test_a_power_cut_leaves_the_old_list_or_the_new_one():
    it = device()
    old = [("home", "old-canary")]
    new = [("work", SECRET)] + old

    def make():
        flash = Flash()
        with flash:
            remember(it, *old[0])
        return flash

    def scenario(flash):
        with flash:
            remember(it, *new[0])

    def check(flash, point):
        with flash:
            found = names(it)
            assert found in (old, new) and (point.at or found == new)
            remember(it, *new[0])
            assert names(it) == new, "the store works afterwards"
        assert flash.opened == 0

    assert len(cut_everywhere(make, scenario, check, (CLEAN, TORN, ERASED))) > 10


def test_a_power_cut_while_the_first_one_is_saved():
    it = device()

    def scenario(flash):
        with flash:
            remember(it, "home", SECRET)

    def check(flash, point):
        with flash:
            assert names(it) in ([], [("home", SECRET)])

    cut_everywhere(Flash, scenario, check, (CLEAN, TORN, ERASED))


def test_a_factory_reset_keeps_them_and_forgetting_them_keeps_the_credential():
    it = Device("etherfax")
    it.boot((201, GOOD["etherfax"]))
    remember(it.it, "home", SECRET)
    enroll.forget(it.it, it.port)
    assert names(it.it) == [("home", SECRET)] and enroll.stored(it.it, it.port) is None
    it.boot((201, GOOD["etherfax"]))
    enroll.forget(it.it, it.port, wifi=True)
    assert names(it.it) == [] and enroll.stored(it.it, it.port)


def test_forgetting_where_none_is_remembered():
    it = device()
    with Flash() as flash:
        enroll.forget(it, Port(), wifi=True)
        assert not flash.files


def test_a_power_cut_while_they_are_forgotten():
    it = device()

    def make():
        flash = Flash()
        with flash:
            for name in ("home", "work"):
                remember(it, name, SECRET)
        return flash

    def scenario(flash):
        with flash:
            enroll.forget(it, Port(), wifi=True)

    def check(flash, point):
        with flash:
            assert [name for name, _ in names(it)] in (["work", "home"], [])

    cut_everywhere(make, scenario, check)


def Air(*near, **more):
    return AirPort(dict.fromkeys(near, SECRET), **more)


def boot(port, **top):
    """A first boot of a device that remembers two networks. Returns its action and what the port was asked."""
    it = Device("etherfax", **top)
    for name in ("home", "work"):
        remember(it.it, name, SECRET)
    return it.boot((201, GOOD["etherfax"]), port=port), port.asked


def test_the_network_of_enroll_json_is_tried_first_and_wins_if_it_joins():
    action, asked = boot(Air("factory", "home"), network=[FACTORY])
    assert action.name == "registered" and asked == [["factory"]]


def test_those_that_are_remembered_come_next_the_newest_first():
    action, asked = boot(Air("home"), network=[FACTORY])
    assert action.name == "registered" and asked == [["factory"], ["work", "home"]]


def test_without_a_network_in_enroll_json_those_that_are_remembered_are_tried():
    action, asked = boot(Air("work"))
    assert action.name == "registered" and asked == [[], ["work", "home"]]


def test_a_button_that_is_held_forgets_them():
    port = Air("home")
    port.pressed = lambda: True
    action, asked = boot(port)
    assert action.error.kind == "configuration" and asked == [[]]
    action, asked = boot(Air("home"))
    assert action.name == "registered", "another device keeps its own"


def test_what_is_said_if_none_joins():
    action, _ = boot(Air(), network=[FACTORY])
    assert action.error.kind == "network"
    assert action.error.fact == "`factory` not joined, `work` not joined, `home` not joined"


def test_without_any_network_it_is_a_mistake_in_enroll_json():
    it = Device("etherfax")
    action = it.boot(port=Air())
    assert action.error.kind == "configuration" and "no Wi-Fi in enroll.json" in str(action.error)


def test_a_failure_of_another_kind_of_a_remembered_network_is_the_one_that_is_told():
    port = Air()
    connect = port.connect

    def no_room(networks):
        port.kind = "memory" if port.asked else "network"
        return connect(networks)

    port.connect = no_room
    action, asked = boot(port, network=[FACTORY])
    assert action.error.kind == "memory" and asked == [["factory"], ["work", "home"]]


def test_no_other_network_is_tried_after_a_failure_of_another_kind():
    """Where the heap has no room for TLS, the network was joined."""
    action, asked = boot(Air(kind="memory"), network=[FACTORY])
    assert action.error.kind == "memory" and asked == [["factory"]]
