"""What an MQTT broker wants of a registered device, for each cloud that has one."""

from enroll import broker
from enroll.config import Config, Secret
from enroll.credential import Credential
from fake_device import NOW
from helpers import KEY, SECTIONS, raises, saved, settings

REST = {
    "serial": "s-1",
    "mac": "m-1",
    "secrets": {"batch": "batch-canary"},
    "values": {"who": "{serial}:{id}"},
    "steps": [{"method": "POST", "path": "/r", "take": {"secret": "key", "id": "id", "expires": "ends"}}],
}
USUAL = {"port": 8883, "ca": "/ca.der", "keepalive": 60, "expires": None}


def configured(provider, mqtt=None, section=None, **top):
    """The Config of a file with `mqtt`; a canary in `section` is no secret of the tests."""
    data = settings(provider, section) if provider != "rest" else {"provider": "rest", "url": "http://localhost/api"}
    if provider == "rest":
        data["rest"] = dict(REST, **(section or {}))
    data.update(top)
    if mqtt is not None:
        data["mqtt"] = mqtt
    it = Config.load(saved(data))
    it.ca = it.ca or "/ca.der"
    return it


def access(it, device_id="dev", secret="token-canary", extra=None, now=NOW):
    """What the broker wants, with the secrets told."""
    found = Credential(it, device_id, secret, extra or {}).mqtt(now)
    assert "canary" not in str(found), found
    for key in ("user", "password"):
        assert isinstance(found[key], Secret)
        found[key] = found[key].reveal()
    return found


def expected(**more):
    return dict(USUAL, **more)


def test_azure_signs_a_password_for_an_hour():
    it = configured("azure", earliest="2022-01-01")
    found = access(it, "my-symkey-device", KEY, {"hub": "MyExampleHub.azure-devices.net"}, 1663119026 - 3600)
    password = found.pop("password")
    assert password == (
        "SharedAccessSignature sr=MyExampleHub.azure-devices.net%2Fdevices%2Fmy-symkey-device"
        "&sig=f%2BwW8XOKeJOtiPc9Iwjc4OpExvPM7NlhM9qxN2a1aAM%3D&se=1663119026"
    )
    assert found == expected(
        host="MyExampleHub.azure-devices.net",
        client_id="my-symkey-device",
        user="MyExampleHub.azure-devices.net/my-symkey-device/?api-version=2021-04-12",
        publish=("devices/my-symkey-device/messages/events/",),
        subscribe=("devices/my-symkey-device/messages/devicebound/#",),
        expires=1663119026,
    )


def test_azure_signs_nothing_for_a_time_that_cannot_be_true():
    it = Credential(configured("azure"), "my-device", KEY, {"hub": "h"})
    raises("clock", it.mqtt, 1600000000)


def test_thingsboards_token_is_the_user():
    assert access(configured("thingsboard", url="http://tb.example:80/x"), "sensor-1") == expected(
        host="tb.example",
        client_id="sensor-1",
        user="token-canary",
        password="",
        publish=("v1/devices/me/telemetry", "v1/devices/me/attributes", "v1/devices/me/rpc/response/+"),
        subscribe=("v1/devices/me/attributes", "v1/devices/me/rpc/request/+"),
    )


def test_cumulocitys_user_has_its_tenant():
    assert access(configured("cumulocity"), "serial-1", extra={"user": "t1/device_serial-1"}) == expected(
        host="localhost",
        client_id="serial-1",
        user="t1/device_serial-1",
        password="token-canary",
        publish=("s/us",),
        subscribe=("s/ds", "s/e"),
    )


def test_xyte_says_where_its_broker_is():
    it = configured("xyte")
    for url, port in (
        ("mqtts://mqtt.example:8884", 8884),
        ("mqtt://mqtt.example", 8883),
        ("ssl://mqtt.example/", 8883),
    ):
        found = access(it, "id-1", extra={"mqtt_hub_url": url})
        assert (found["host"], found["port"]) == ("mqtt.example", port)
        assert (found["client_id"], found["user"], found["password"]) == ("id-1", "id-1", "token-canary")
        assert found["subscribe"] == ("v1/device/id-1/command", "v1/device/id-1/config")
    for extra in ({}, {"mqtt_hub_url": ""}, {"mqtt_hub_url": 1}, {"mqtt_hub_url": "mqtt://a b"}):
        error = raises("configuration", Credential(it, "id-1", "s", extra).mqtt, NOW)
        assert "mqtt_hub_url" in error.fact
    assert access(configured("xyte", {"host": "own.example"}))["host"] == "own.example"


def test_values_of_the_file_come_first():
    mqtt = {"host": "b.example", "port": 1, "ca": "broker.der", "client_id": "mine", "keepalive": 65535}
    it = configured("thingsboard", mqtt)
    found = access(it)
    assert found["ca"] == it.path.rpartition("/")[0] + "/broker.der"
    for key in ("host", "port", "client_id", "keepalive"):
        assert found[key] == mqtt[key]
    assert access(configured("thingsboard", {"ca": "/flash/b.der"}))["ca"] == "/flash/b.der"
    for blank in (None, "", {}, {"host": None, "ca": " ", "port": None}):
        assert access(configured("thingsboard", blank))["host"] == "localhost"


def test_a_broker_without_any_ca_is_a_mistake():
    it = configured("thingsboard")
    it.ca = None
    assert "`mqtt.ca`" in str(raises("configuration", Credential(it, "d", "s", {}).mqtt, NOW))


def test_other_clouds_have_no_broker():
    for name in SECTIONS:
        if name != "xyte":
            error = raises("configuration", Credential(configured(name), "d", "s", {}).mqtt, NOW)
            assert error.fact == "%s offers its devices no MQTT" % name


def test_a_mistake_names_its_key():
    for mqtt, words in (
        ({"port": 0}, "`mqtt.port` must be a whole number from 1 to 65535"),
        ({"port": True}, "`mqtt.port`"),
        ({"port": "8883"}, "`mqtt.port`"),
        ({"keepalive": 65536}, "`mqtt.keepalive`"),
        ({"keepalive": 0}, "`mqtt.keepalive`"),
        ({"keepalive": 1.5}, "`mqtt.keepalive`"),
        ({"host": 1}, "`mqtt.host` must be printable ASCII text"),
        ({"user": "a"}, "`mqtt.user` is unknown"),
        ({"password": "b-canary"}, "`mqtt.password` is unknown"),
    ):
        it = Credential(configured("thingsboard", mqtt), "d", "s", {})
        assert words in str(raises("configuration", it.mqtt, NOW)), mqtt
    assert "`mqtt` must be an object" in str(raises("configuration", configured, "thingsboard", [1]))


def test_a_description_has_templates():
    mqtt = {
        "host": "{who}.example",
        "user": "{serial}/{id}",
        "password": "{secret}{batch}",
        "client_id": "c-{mac}",
        "publish": "d/{id}/up",
        "subscribe": "d/{hex(id)}/#",
        "port": 1,
    }
    found = access(configured("rest", mqtt), "dev-7", extra={"expires": 5})
    assert found == expected(
        host="s-1:dev-7.example",
        port=1,
        user="s-1/dev-7",
        password="token-canarybatch-canary",
        client_id="c-m-1",
        publish=("d/dev-7/up",),
        subscribe=("d/6465762d37/#",),
    )


def test_a_description_needs_a_host_only():
    assert access(configured("rest", {"host": "b.example"}), "dev-7") == expected(
        host="b.example",
        client_id="dev-7",
        user="dev-7",
        password="token-canary",
        publish=(),
        subscribe=(),
    )
    for mqtt, words in (
        (None, "`mqtt.host` is missing"),
        (" ", "`mqtt.host` is missing"),
        ({"host": "{oops}"}, "`mqtt.host` has an unknown name at character 2"),
        ({"host": "h", "password": "{secret"}, "`mqtt.password` has a { without a }"),
        ({"host": "h", "topic": "x"}, "`mqtt.topic` is unknown"),
    ):
        it = Credential(configured("rest", mqtt), "d", "s", {})
        assert words in str(raises("configuration", it.mqtt, NOW)), mqtt


def test_a_mistake_in_a_template_names_the_key():
    """Also one in a value, whose text is not kept: the sentence said that it wants text."""
    values = {"v": "{w}/{serial}", "w": "{hex(body)}"}
    for user, said in (
        ("{v}", "`rest.values.w` has an unknown name, where `mqtt.user` uses it: use `body` in `headers` and `path`"),
        ("{w}", "`rest.values.w` has an unknown name, where `mqtt.user` uses it: use `body` in"),
        ("{body}", "`mqtt.user` has an unknown name at character 2: use `body` in"),
        ("{unb64(url(batch))}", "`mqtt.user` wants base64: correct it"),
    ):
        it = Credential(configured("rest", {"host": "h", "user": user}, {"values": values}), "d", "s", {})
        assert said in str(raises("configuration", it.mqtt, NOW)), user


def test_a_password_that_expires_says_when():
    it = configured("rest", {"host": "h"}, {"refresh": REST["steps"]})
    assert access(it, extra={"expires": NOW + 61})["expires"] == NOW + 61
    for late in (NOW, NOW - 3600):  # a client would connect again with each message, while it cannot be refreshed
        assert access(it, extra={"expires": late})["expires"] == NOW + 60


def test_what_is_checked_is_not_changed():
    data = {"port": 1, "host": "{id}"}
    broker.checked(configured("rest"), data)
    assert data == {"port": 1, "host": "{id}"}
