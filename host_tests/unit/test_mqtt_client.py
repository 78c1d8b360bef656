"""The client of umqtt for a registered device, at a broker on a virtual clock."""

from enroll.errors import EnrollError
from fake_client import AGAIN, Client
from fake_device import NOW
from helpers import raises
from umqtt import simple as umqtt

ASSIGNED = {"status": "assigned", "registrationState": {"assignedHub": "hub.example", "deviceId": "my-device"}}
SIGNED = b"SharedAccessSignature sr=hub.example"


def test_it_publishes_and_takes_messages():
    with Client() as it:
        before = umqtt.socket
        client = it.connect(will=("will", "gone"))
        assert umqtt.socket is before and client.last_will == (b"will", b"gone")
        assert it.broker.line.where == ("broker.example", 8883) and it.broker.line.ca == "ca.der"
        assert it.broker.logins == [(b"device-1", b"token-canary")]
        client.subscribe(b"down", 1)
        it.broker.line.push(b"down", b"one")
        client.publish("up", b"a" * 300, qos=1)
        client.publish(b"up", b"b")
        client.wait_msg()
        it.broker.line.push(b"down", b"two")
        client.check_msg()
        assert it.got == [(b"down", b"one"), (b"down", b"two")]
        assert it.broker.published == [(b"up", b"a" * 300), (b"up", b"b")]
        client.check_msg()  # nothing is there
        client.disconnect()
        assert not it.broker.line.open
        raises(OSError, client.publish, b"up", b"c")


def test_texts_are_not_only_ascii():
    """umqtt would count characters instead of bytes."""
    with Client() as it:
        client = it.connect(will=("tür", "weg ☕"))
        client.publish(topic="café", msg="☕", qos=1)
        client.subscribe("tür")
        client.connect()
        assert it.broker.published == [("café".encode(), "☕".encode())]
        assert it.broker.line.topics == [("tür".encode(), 0)] and client.last_will[1] == "weg ☕".encode()


def test_a_refused_certificate_costs_nothing_and_the_clock_is_asked_again():
    with Client() as it:
        it.broker.trouble = EnrollError("certificate", "the certificate of broker.example is for another host")
        raises("certificate", it.connect)
        assert not it.broker.logins and not it.broker.line.open
        client = it.connect()
        asked = len(it.device.port.set)
        it.broker.trouble = EnrollError("certificate", "expired")
        raises("certificate", client.connect)
        client.connect()
        assert len(it.device.port.set) == asked + 1


def test_a_broker_that_never_answers_is_left_within_the_timeout():
    with Client(timeout=7) as it:
        it.broker.silent = True
        fed = it.device.port.fed
        assert it.seconds(it.connect) == (103, 7)
        assert it.device.port.fed > fed + 20 and not it.broker.line.open


def test_a_connection_that_is_half_open_is_noticed():
    with Client(timeout=10) as it:
        client = it.connect()
        for _ in range(100):
            assert client.wait_msg() is None  # with each sign of life
        assert it.broker.pings == 100 and it.clock.now // 1000 in range(3000, 3100)
        it.broker.silent = True
        assert it.seconds(client.wait_msg) == (103, 40)

        def poll():
            while True:
                client.check_msg()
                it.clock.sleep(1)

        it.broker.silent = False
        client.connect()
        it.broker.silent = True
        number, seconds = it.seconds(poll)
        assert number == 103 and seconds in range(40, 44)


def test_it_subscribes_again_after_the_broker_has_gone():
    with Client() as it:
        client = it.connect()
        client.subscribe(b"down", 1)
        client.subscribe(b"other")
        it.broker.silent = True
        it.seconds(client.wait_msg)
        it.broker.silent = False
        client.connect()
        assert sorted(it.broker.line.topics) == [(b"down", 1), (b"other", 0)]
        it.broker.line.push(b"other", b"hello")
        client.wait_msg()
        assert it.got == [(b"other", b"hello")]


def test_a_message_may_lead_to_a_subscription_while_another_is_acknowledged():
    """umqtt would take one acknowledgement for the other."""
    with Client() as it:
        client = it.connect()
        client.set_callback(lambda topic, message: client.subscribe(topic + b"/more"))
        it.broker.retained[b"first"] = b"hello"
        client.subscribe(b"first")
        client.subscribe(b"second", 1)
        assert it.broker.line.topics == [(b"first", 0), (b"second", 1), (b"first/more", 0)]


def test_a_message_may_lead_to_a_subscription_while_a_message_is_acknowledged():
    with Client() as it:
        client = it.connect()
        client.set_callback(lambda topic, message: client.subscribe(topic + b"/more"))
        it.broker.line.push(b"down", b"hello")
        client.publish(b"up", b"x", qos=1)
        assert it.broker.line.topics == []
        client.check_msg()
        assert it.broker.line.topics == [(b"down/more", 0)]


def test_a_message_may_lead_to_a_subscription_while_it_subscribes_again():
    with Client() as it:
        client = it.connect()
        client.set_callback(lambda topic, message: client.subscribe(topic + b"/more"))
        topics = b"first", b"second", b"third"
        for topic in topics:
            client.subscribe(topic)
            it.broker.retained[topic] = b"hello"
        client.connect()
        while len(it.broker.line.topics) < 6:
            client.check_msg()
        assert sorted(it.broker.line.topics) == sorted(
            (topic + more, 0) for topic in topics for more in (b"", b"/more")
        )


def test_a_subscription_that_was_refused_is_told_once():
    """Neither the next call nor the next connection asks for it again."""
    with Client() as it:
        client = it.connect()
        it.broker.refused = b"secret"
        assert raises(umqtt.MQTTException, client.subscribe, b"secret").args == (0x80,)
        client.subscribe(b"down")
        client.publish(b"up", b"x", qos=1)
        assert it.broker.line.topics == [(b"down", 0)]
        client.connect()
        assert it.broker.line.topics == [(b"down", 0)]


def test_a_broker_that_still_has_the_session_is_not_asked_for_its_topics_again():
    with Client() as it:
        client = it.connect()
        client.subscribe(b"down")
        for known, topics in ((1, []), (0, [(b"down", 0)])):
            it.broker.known = known
            assert client.connect(False) == known and it.broker.line.topics == topics


def test_a_topic_that_was_cut_off_is_sent_again_but_not_with_another_id():
    for codes, topics in (([], [(b"down", 1)]), ([5, 5], [])):
        with Client(answer=lambda request: (201, AGAIN)) as it:
            client = it.connect()
            it.broker.line.ended = True
            raises(OSError, client.subscribe, b"down", 1)
            it.broker.codes, it.broker.known = codes, 1  # it has the session, without this topic
            assert client.connect(False) == 1 and it.broker.line.topics == topics


def test_one_refusal_is_asked_about_again():
    with Client(answer=lambda request: (500, {})) as it:
        for code in (4, 5):
            it.broker.codes = [code]
            before = it.clock.now
            it.connect()
            assert it.clock.now - before >= 5000
        assert not it.device.net.requests


def test_two_refusals_make_it_register_again():
    with Client(answer=lambda request: (201, AGAIN)) as it:
        it.broker.codes = [5, 5]
        it.connect()
        assert [request.path for request in it.device.net.requests] == ["/api/v1/devices"]
        assert [user for user, _ in it.broker.logins] == [b"device-1", b"device-1", b"device-2"]


def test_a_device_that_is_registered_again_leaves_the_topics_of_its_old_id():
    """The broker would refuse them, or give them to nobody."""
    with Client(answer=lambda request: (201, AGAIN)) as it:
        client = it.connect()
        client.subscribe(b"v1/device/device-1/command", 1)
        it.broker.codes = [5, 5]
        client.connect()
        assert it.broker.line.topics == []
        client.subscribe(b"v1/device/device-2/command", 1)
        client.connect()
        assert it.broker.line.topics == [(b"v1/device/device-2/command", 1)]


def test_a_new_credential_that_is_refused_too_is_a_sentence():
    with Client(answer=lambda request: (201, AGAIN)) as it:
        it.broker.codes = [5] * 9
        assert "the broker does not accept the password" in str(raises("refused", it.connect))
        assert len(it.broker.logins) == 3 and not it.broker.line.open
        it.broker.codes = [5] * 9
        raises("refused", it.connect)
        assert len(it.device.net.requests) == 1, "once in `retry.renew`"


def test_other_refusals_are_told():
    with Client() as it:
        for code, kind in (
            (3, "server"),
            (1, "answer"),
            (2, "answer"),
            (24, "answer"),
            (25, "answer"),
            (144, "answer"),
        ):
            it.broker.codes = [code]
            assert "the broker refused, error %d" % code in str(raises(kind, it.connect))
            assert not it.broker.line.open
        assert len(it.broker.logins) == 6


def test_a_password_is_renewed_before_it_expires():
    """A day of Azure's, each of which is good for an hour."""
    with Client("azure", ASSIGNED) as it:
        client = it.connect()
        client.subscribe(b"down")
        while it.clock.now < 86400000:
            message = b"%d" % it.clock.now
            client.publish(b"up", message, qos=1)
            it.broker.line.push(b"down", message)
            client.wait_msg()
            assert it.broker.published.pop() == (b"up", message) and it.got.pop() == (b"down", message)
            it.clock.sleep(50)
            ends = int(it.broker.logins[-1][1].rpartition(b"=")[2])
            assert NOW + it.clock.now // 1000 < ends - 60, "the broker would end it soon"
        assert len(it.broker.logins) in range(26, 29)
        assert it.broker.logins[0][1].startswith(SIGNED)
        assert [line.open for line in it.broker.lines].count(True) == 1


def test_a_renewal_that_failed_is_made_again_by_the_next_call():
    with Client("azure", ASSIGNED) as it:
        client = it.connect()
        it.clock.sleep(3300)
        for call in (client.publish, client.check_msg):
            it.broker.trouble = EnrollError("network", "out of reach")
            raises("network", call, *((b"up", b"x") if call == client.publish else ()))
        client.publish(b"up", b"y")
        assert it.broker.published == [(b"up", b"y")] and len(it.broker.logins) == 2


def test_no_password_is_renewed_while_a_message_waits_for_its_acknowledgement():
    """It would wait for ever: the broker acknowledges over the old connection."""
    with Client("azure", ASSIGNED) as it:
        client = it.connect()
        it.clock.sleep(3238)  # two seconds before it is renewed
        it.broker.silent = True

        first = it.broker.line

        def sign():
            first.ready += b"\xd0\0"

        def answer():
            it.broker.silent = False
            first.ready += b"\x40\2\0\1"

        it.clock.at(it.clock.now + 3000, sign)  # after which umqtt waits again
        it.clock.at(it.clock.now + 5000, answer)
        client.publish(b"up", b"x", qos=1)
        assert len(it.broker.lines) == 1
        client.check_msg()
        assert len(it.broker.lines) == 2


def test_a_message_that_is_answered_does_not_end_the_wait_for_another_acknowledgement():
    with Client("azure", ASSIGNED) as it:
        client = it.connect()
        client.set_callback(lambda topic, message: client.publish(b"answer", message))
        it.clock.sleep(3238)  # two seconds before the password is renewed
        it.broker.silent = True
        first = it.broker.line

        def answer():
            it.broker.silent = False
            first.ready += b"\x40\2\0\1"

        it.clock.at(it.clock.now + 3000, lambda: first.push(b"down", b"x"))
        it.clock.at(it.clock.now + 5000, answer)
        client.publish(b"up", b"x", qos=1)
        assert len(it.broker.lines) == 1 and (b"answer", b"x") in it.broker.published


def test_the_ids_of_packets_begin_again():
    """umqtt.simple waits for the id 65536, which no packet has."""
    with Client() as it:
        client = it.connect()
        for call in (lambda: client.publish(b"up", b"x", qos=1), lambda: client.subscribe(b"down")):
            client.pid = 65534
            call()
            assert client.pid == 65535
            call()
            assert client.pid == 1


def test_a_broker_that_acknowledges_nothing_is_left_within_the_timeout():
    """It answers pings, and sends messages."""
    with Client(timeout=7) as it:
        client = it.connect()
        client.publish(b"up", b"x", qos=1)
        for call in (lambda: client.publish(b"up", b"x", qos=1), lambda: client.subscribe(b"down")):
            it.clock.sleep(100)
            it.broker.deaf = True
            it.clock.at(it.clock.now + 3000, lambda: it.broker.line.push(b"down", b"x"))
            pings = it.broker.pings
            assert it.seconds(call) == (103, 7) and it.broker.pings == pings + 1
            assert not it.broker.line.open, "a late acknowledgement would be taken for another's"
            raises(OSError, client.check_msg)
            it.broker.deaf = False
            client.connect()
        assert it.broker.line.topics == [(b"down", 0)]
