"""What it means that a broker did not accept the connection."""

from enroll.errors import EnrollError
from enroll.mqtt_refused import refused
from fake_client import Client
from helpers import Fake, raises
from umqtt import simple as umqtt


def test_an_answer_that_is_not_mqtt_is_told():
    with Client() as it:
        it.broker.answers = b"HTTP/1.1 400 Bad Request"
        told = str(raises("answer", it.connect))
        assert "broker.example:8883 did not answer as MQTT" in told and "`mqtt.host` and `mqtt.port`" in told


def test_what_simple2_says():
    """It adds 20 to the codes that MQTT has, and gives others besides."""
    for arguments in ((24,), (25,)):
        assert refused(Fake(newpid=None), umqtt.MQTTException(*arguments), {}) == 401
    broker = {"host": "broker.example", "port": 8883}
    for arguments, said in (
        ((23,), "error 3"),
        ((20, 25), "error 25"),
        ((20, 144), "error 144"),
        ((29,), "not answer as MQTT"),
        ((5,), "not answer as MQTT"),
    ):
        error = raises(EnrollError, refused, Fake(newpid=None), umqtt.MQTTException(*arguments), broker)
        assert said in str(error)
