"""What mqtt_as is given."""

import sys
from binascii import b2a_base64

from enroll import mqtt
from enroll.networks import remember
from fake_device import Device
from helpers import Fake, config, folder, raises, write

DER = b"\x30\x82\x01\x00" + bytes(256)
PEM = b"a comment\n-----BEGIN CERTIFICATE-----\n" + b2a_base64(DER) + b"-----END CERTIFICATE-----\n"
PORT = Fake(identity=lambda: {})


def registered(ca, **top):
    device = Device("thingsboard", **top)
    assert device.boot((200, {"status": "SUCCESS", "credentialsValue": "token-canary"})).name == "registered"
    device.it.ca = write(folder() + "/ca", ca)
    return device.it


def test_it_gets_what_verifies_the_broker():
    for ca in (DER, PEM):
        found = mqtt.config(registered(ca), PORT)
        assert found["ssl"] is True and found["ssl_params"] == {
            "cert_reqs": 2,
            "cadata": DER,
            "server_hostname": "localhost",
            "do_handshake": False,
        }
        assert (found["server"], found["port"], found["user"], found["password"]) == (
            "localhost",
            8883,
            "token-canary",
            "",
        )
        assert found["client_id"] == "sensor-1" and found["keepalive"] == 60 and "ssid" not in found


def test_it_gets_the_first_network():
    networks = [{"ssid": "home", "password": "wifi-canary"}, {"ssid": "other"}]
    found = mqtt.config(registered(DER, network=networks), PORT)
    assert (found["ssid"], found["wifi_pw"]) == ("home", "wifi-canary")
    assert mqtt.config(registered(DER, network=networks[1:]), PORT)["wifi_pw"] == ""


def test_it_gets_the_newest_network_that_a_person_has_given():
    it = registered(DER)
    remember(it, "home", "wifi-canary")
    remember(it, "café", "")
    found = mqtt.config(it, PORT)
    assert (found["ssid"], found["wifi_pw"]) == ("café", "")
    it.network = [{"ssid": "factory", "password": None}]
    assert mqtt.config(it, PORT)["ssid"] == "factory"


def test_it_takes_one_certificate():
    for ca in (DER * 2, PEM * 2, b"", b"nothing", DER[:-1]):
        said = str(raises("configuration", mqtt.config, registered(ca), PORT))
        assert said.endswith(" is not a single certificate: name one for mqtt_as in `mqtt.ca`"), said
    it = registered(DER)
    it.ca += ".gone"
    assert "cannot read" in str(raises("configuration", mqtt.config, it, PORT))


def test_a_module_whose_import_found_no_heap_is_imported_again():
    """MicroPython leaves its name in sys.modules without a value, for which None stands here, and would crash."""
    it = config("thingsboard", store=folder() + "/state")  # not registered: neither call goes on after its import
    for call in (mqtt.config, mqtt.connect):
        names = ("enroll.nothing", "enroll.mqtt_config", "enroll.mqtt_client")
        for name in names:
            sys.modules[name] = None
        raises("configuration", call, it, PORT)
        for name in names:
            assert sys.modules.get(name, True), name


def test_a_device_that_is_not_registered_has_no_broker():
    it = config("thingsboard", store=folder() + "/state")
    assert "not registered" in str(raises("configuration", mqtt.config, it, PORT))
