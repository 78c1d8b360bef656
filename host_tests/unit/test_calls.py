"""What a registered device tells etherFAX and ickStream, when, and what it keeps."""

import json

import enroll
from answers import GOOD
from enroll import calls
from enroll.commit import Journal
from enroll.journal import KEPT
from enroll.providers.etherfax import device as etherfax
from enroll.providers.ickstream import device as ickstream
from enroll.token import set_registration_token
from fake_session import Registered
from flash import on_flash
from helpers import raises
from power import cut_everywhere

CHECK = {"check": "/accounts?a=status"}
HOME = {"address": "192.168.1.7"}
TOLD = [("POST", "/api")]


def rpc(result=None, **more):
    """A service of JSON-RPC: every call has `result`, or what `more` says."""

    def answer(it):
        return 200, dict({"jsonrpc": "2.0", "id": it.json["id"]}, **(more or {"result": result or {}}))

    return answer


def says(*answer):
    return lambda it: answer if len(answer) > 1 else answer[0]


def secret(device):
    found = enroll.stored(device.it, device.port)
    return found and found.secret.reveal()


def test_a_service_without_anything_to_settle_is_not_asked():
    for provider in ("etherfax", "ickstream", "xyte", "centagate"):
        device = Registered(provider, says(OSError(1, "nobody asks")))
        for new in (True, False):
            assert device.run(calls.settle, new) is None
        assert not device.net.requests and not device.saves


# etherFAX


def test_the_check_is_made_once_when_the_device_is_new_and_never_again():
    device = Registered("etherfax", says(200, {"Status": "Active"}), CHECK)
    device.run(calls.settle, True)
    assert [(it.method, it.path) for it in device.asked] == [("GET", "/api/accounts?a=status")]
    assert device.asked[0].headers["Authorization"].startswith("Basic ")
    device.boot()
    device.run(calls.settle, False)
    device.run(calls.settle)
    assert not device.asked and not device.saves


def test_the_path_of_the_check_may_do_without_its_slash():
    for path, asked in (("accounts?a=status", "/api/accounts?a=status"), ("?a=b", "/api/?a=b"), ("/x", "/api/x")):
        device = Registered("etherfax", says(200, {}), {"check": path})
        device.run(etherfax.check)
        assert device.asked[0].path == asked


def test_the_check_returns_what_the_service_says_of_the_device():
    device = Registered("etherfax", says(200, {"Status": "Active"}), CHECK)
    assert device.run(etherfax.check) == {"Status": "Active"}
    for odd in (b"[1]", b"", b"none"):
        device = Registered(
            "etherfax", says(b"HTTP/1.1 200 X\r\nContent-Length: %d\r\n\r\n%s" % (len(odd), odd)), CHECK
        )
        assert device.run(etherfax.check) == {}


def test_a_page_of_a_portal_is_not_an_answer_to_a_check():
    page = b"<html>Welcome to this hotel"
    device = Registered("etherfax", says(b"HTTP/1.1 200 X\r\nContent-Length: %d\r\n\r\n%s" % (len(page), page)), CHECK)
    assert "portal" in str(raises("network", device.run, etherfax.check))


def test_a_check_that_is_refused_says_what_to_do_and_costs_nothing():
    device = Registered("etherfax", says(403, None), CHECK)
    error = raises("refused", device.run, calls.settle, True)
    assert "403" in str(error) and "portal" in str(error)
    assert len(device.asked) == 1 and secret(device) == "token-canary" and not device.saves


def test_a_check_that_is_not_authorised_ends_in_a_sentence_and_keeps_the_credential():
    """Two 401s, then one attempt to register again, which is refused."""
    device = Registered("etherfax", lambda it: (403, None) if "register" in it.path else (401, None), CHECK)
    error = raises("refused", device.run, calls.settle, True)
    assert "reset this device in the portal" in str(error)
    assert len(device.asked) == 3 and secret(device) == "token-canary"
    error = raises("refused", device.run, calls.settle, True)
    assert "401" in str(error) and "enable or reset this device in the portal" in str(error)
    assert len(device.asked) == 1


def test_a_busy_service_is_an_error_that_says_when_to_come_back():
    for function in (etherfax.check, lambda session: calls.settle(session, True)):
        device = Registered("etherfax", says(503, None, {"Retry-After": "7"}), CHECK)
        assert raises("server", device.run, function).retry_after == 7
    device = Registered("etherfax", says(429, None), CHECK)
    assert raises("server", device.run, etherfax.check).retry_after is None


def test_a_service_that_is_not_there_is_an_error_of_the_connection():
    device = Registered("etherfax", says(OSError(104, "reset")), CHECK)
    raises(OSError, device.run, calls.settle, True)
    assert secret(device) == "token-canary"


# ickStream


def test_a_call_is_json_rpc_about_this_device_and_returns_its_result():
    device = Registered("ickstream", rpc({"name": "Kitchen"}))
    assert device.run(ickstream.call, "setName", name="Kitchen") == {"name": "Kitchen"}
    (it,) = device.asked
    params = {"deviceId": "device-1", "name": "Kitchen"}
    assert it.json == {"jsonrpc": "2.0", "id": 2, "method": "setName", "params": params}
    assert it.headers["Authorization"] == "Bearer token-canary"
    assert device.run(ickstream.check) == {"name": "Kitchen"} and device.asked[0].json["method"] == "getDevice"


def test_errors_of_json_rpc_have_their_kinds():
    wanted = {-32000: "refused", -32001: "server", -32601: "answer", -32602: "configuration", -32603: "server"}
    for code, kind in wanted.items():
        device = Registered("ickstream", rpc(error={"code": code, "message": "not at home"}))
        error = raises(kind, device.run, ickstream.check)
        assert str(code) in str(error) and "(not at home)" in str(error) and error.said
        device = Registered("ickstream", rpc(error={"code": code, "message": "no token-canary here"}))
        assert "here" not in str(raises(kind, device.run, ickstream.check)), "the credential was sent back"
    for code in ("secret-canary-code", None, [1], {}):
        raises("answer", Registered("ickstream", rpc(error={"code": code})).run, ickstream.check)


def test_one_401_alone_is_asked_again_and_changes_nothing():
    answers = [(401, None), (200, {"id": 2, "result": {"name": "Kitchen"}})]
    device = Registered("ickstream", lambda it: answers.pop(0))
    assert device.run(ickstream.check) == {"name": "Kitchen"}
    assert len(device.asked) == 2 and device.ticks == 5000 and secret(device) == "token-canary"


def test_an_answer_to_something_else_is_none():
    for reply in ({}, {"id": 1, "result": {}}, {"id": 2}, {"result": {}}, {"id": None, "result": {}}):
        device = Registered("ickstream", says(200, reply))
        assert "getDevice" in str(raises("answer", device.run, ickstream.check))
    for number in ("2", 2.0):
        device = Registered("ickstream", says(200, {"id": number, "result": True}))
        assert device.run(ickstream.call, "removeDevice") is True


def test_a_refusal_of_http_counts_before_what_is_in_it():
    for status, kind in ((403, "refused"), (500, "server"), (503, "server"), (404, "configuration")):
        device = Registered("ickstream", says(status, {"id": 2, "result": {}}, {"Retry-After": "9"}))
        assert raises(kind, device.run, ickstream.check).retry_after == 9


def test_an_error_of_json_rpc_says_when_to_come_back_too():
    busy = {"id": 2, "error": {"code": -32001}}
    device = Registered("ickstream", says(200, busy, {"Retry-After": "9"}))
    assert raises("server", device.run, ickstream.check).retry_after == 9


def test_an_address_is_told_once_and_the_next_boots_are_silent():
    device = Registered("ickstream", rpc(), HOME)
    device.run(calls.settle, True)
    assert device.net.asked() == TOLD
    (it,) = device.asked
    assert it.json["method"] == "setDeviceAddress"
    assert it.json["params"] == {"deviceId": "device-1", "address": "192.168.1.7"}
    assert [state for _, state in device.saves] == [KEPT]
    for _ in range(2):
        device.run(calls.settle)
        device.boot()
    assert device.net.asked() == TOLD and len(device.saves) == 1
    device.it.section["address"] = "10.0.0.1"
    device.run(calls.settle)
    device.boot()
    device.run(calls.settle)
    assert device.net.asked() == 2 * TOLD and enroll.stored(device.it, device.port).extra["address"] == "10.0.0.1"


def test_an_address_that_the_service_knows_from_the_registration_is_not_told():
    good = dict(GOOD["ickstream"], result=dict(GOOD["ickstream"]["result"], address="192.168.1.7"))
    device = Registered("ickstream", rpc(), HOME, good)
    device.run(calls.settle, True)
    assert not device.net.requests and not device.saves
    device.run(ickstream.set_address, "10.0.0.1")
    assert device.net.asked() == TOLD


def test_an_address_that_the_service_did_not_take_is_told_again():
    for answer in (rpc(error={"code": -32001}), says(503, None), says(OSError(104, "reset")), says(200, {})):
        device = Registered("ickstream", answer, HOME)
        raises(Exception, device.run, calls.settle)
        assert not device.saves and "address" not in device.session.credential.extra
        device.net.answer = rpc()
        device.run(calls.settle)
        assert device.net.asked() == 2 * TOLD


def test_all_of_a_credential_survives_a_change_of_address():
    device = Registered("ickstream", rpc(), dict(HOME, scheme="OAuth"))
    device.session.credential.renewed = 1234
    device.run(calls.settle)
    found = enroll.stored(device.it, device.port)
    assert (found.device_id, found.secret.reveal(), found.renewed) == ("device-1", "token-canary", 1234)
    assert found.extra == {"address": "192.168.1.7", "scheme": "OAuth"}


def at_home():
    """A device that must report its address."""
    return on_flash(lambda: Registered("ickstream", rpc(), HOME))


def settles(device):
    with device.flash:
        device.run(calls.settle)


def test_power_that_fails_while_an_address_is_kept_never_costs_the_credential():
    def check(device, point):
        with device.flash:
            assert secret(device) == "token-canary"
            device.boot()
            device.run(calls.settle)
            assert secret(device) == "token-canary" and len(device.net.requests) <= 2

    assert len(cut_everywhere(at_home, settles, check)) > 5


def test_nothing_is_written_while_an_attempt_to_register_again_is_on_flash():
    """The credential is in one slot, the attempt in the other: the next write would overwrite the credential."""
    device = at_home()
    with device.flash as flash:
        store = Journal(device.it.store)
        who = store.load()[1]
        store.save(1, who, b"")
        assert store.load()[0] == 1 and secret(device) == "token-canary"
        flash.fail()
        device.run(calls.settle)
        assert not flash.done and device.net.asked() == TOLD and secret(device) == "token-canary"


def test_what_is_kept_again_belongs_to_the_registration_token_it_was_given_for():
    """A new registration token still registers again, and is not erased unused."""
    device = Registered("ickstream", rpc(), HOME)
    set_registration_token(device.it, "second-canary", device.port)
    device.run(calls.settle)
    assert enroll.stored(device.it, device.port) is None


def test_a_token_that_comes_back_with_a_file_from_the_factory_still_has_its_credential():
    device = Registered("ickstream", rpc(), HOME)
    token, device.it.section["registration_token"] = device.it.section["registration_token"], None  # it has been erased
    for address in ("10.0.0.1", "10.0.0.2"):
        device.run(ickstream.set_address, address)
        assert secret(device) == "token-canary"
    device.it.section["registration_token"] = token
    assert secret(device) == "token-canary"


def test_a_record_that_would_be_too_long_to_be_read_back_costs_nothing():
    device = Registered("ickstream", rpc())
    device.run(ickstream.set_address, "a" * 9000)
    assert secret(device) == "token-canary" and "address" not in enroll.stored(device.it, device.port).extra
    store = Journal(device.it.store)
    raises("storage", store.save, KEPT, b"", json.dumps("x" * 70000).encode(), True)
