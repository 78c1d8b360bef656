"""What a registered device does at its service, besides plain requests: the firmware against the sandbox, over TLS."""

import json

import pytest
from outcome import status
from program import SESSION, XYTE, born, children, connections, registered, run


def change(device, service, **section):
    """Change the section of enroll.json, as a person does between two boots."""
    config = json.loads(device.path.read_text())
    config[service] |= section
    device.write(config)


def silent(sandbox, device):
    """A boot that registers nothing, makes no connection and sends nothing."""
    before = connections(sandbox)
    sandbox.clear_log()
    boot = device.boot()
    assert boot.returncode == 0 and boot.stdout.startswith("enroll: registered "), boot
    return connections(sandbox) == before and not sandbox.log()


# etherFAX


def test_etherfax_is_checked_after_the_first_boot_and_never_again(sandbox, make, runtime):
    device = registered(make, "etherfax", runtime, section={"check": "/accounts?a=status"})
    assert [(entry.path.split("?")[0].split("/")[-1], entry.status) for entry in sandbox.log("etherfax")] == [
        ("devices", 200),
        ("accounts", 200),
    ]
    assert silent(sandbox, device)


@pytest.mark.parametrize(("answer", "kind", "code"), [(403, "refused", 77), (503, "server", 75), (404, None, 78)])
def test_a_check_that_fails_is_the_outcome_and_the_device_stays_registered(sandbox, make, runtime, answer, kind, code):
    device = make("etherfax", runtime, section={"check": "accounts?a=status"})
    sandbox.fault("etherfax", status=answer, path="accounts")
    assert status(device.boot(), kind or "configuration") == code
    assert run(device, "print(enroll.stored(config, port).provider)") == ["etherfax"]
    assert silent(sandbox, device)


def test_a_check_whose_connection_is_cut_says_that_the_device_is_registered(sandbox, make, runtime):
    device = make("etherfax", runtime, section={"check": "/accounts?a=status"})
    sandbox.fault("etherfax", drop="before", path="accounts")
    boot = device.boot()
    assert status(boot, "network") == 75 and "registered, but" in boot.stdout
    assert silent(sandbox, device)


# ickStream


def test_ickstream_is_told_a_new_address_and_then_nothing(sandbox, make, runtime):
    device = registered(make, "ickstream", runtime, section={"address": "192.168.1.7"})
    assert len(sandbox.log("ickstream")) == 1, "it came with the registration"
    assert silent(sandbox, device)
    for address in ("192.168.1.8", "10.0.0.1", "192.168.1.7"):
        change(device, "ickstream", address=address)
        sandbox.clear_log()
        assert device.boot().returncode == 0
        (entry,) = sandbox.log("ickstream")
        request = json.loads(entry.body)
        assert request["method"] == "setDeviceAddress" and request["params"]["address"] == address
        assert silent(sandbox, device)
    known = {one["id"]: one["address"] for one in sandbox.ickstream.devices()}
    assert known[request["params"]["deviceId"]] == "192.168.1.7"


def test_ickstream_tells_what_it_knows_of_the_device(sandbox, make, runtime):
    device = registered(make, "ickstream", runtime, section={"address": "192.168.1.7"})
    program = """
from enroll.providers.ickstream import device as ickstream
found = session.run(ickstream.check(session))
print(found["id"] == session.credential.device_id, found["address"])
"""
    assert run(device, SESSION + program) == ["True", "192.168.1.7"]


def test_a_registration_token_given_at_run_time_registers_with_it(sandbox, make, runtime):
    device = registered(make, "ickstream", runtime)
    user = json.loads(device.path.read_text())["ickstream"]["hardware_id"].replace("hardware", "user")
    token = sandbox.ickstream.create_token(user)
    program = f"""
before = enroll.stored(config, port).secret.reveal()
enroll.set_registration_token(config, {token!r}, port)
print(enroll.stored(config, port), enroll.run(config, port, log=log).secret.reveal() != before)
"""
    assert run(device, program) == ["None", "True"]
    assert token not in device.path.read_text() and silent(sandbox, device)
    assert run(device, "enroll.set_registration_token(config, '', port)\nprint(enroll.stored(config, port))") == [
        "None"
    ]
    assert status(device.boot(), "configuration") == 78


# Xyte


@pytest.fixture
def parent(sandbox, make, runtime):
    """A device with 40 children that has registered, and them; `parent.model` is the children's."""
    model = sandbox.xyte.create_model(f"children-{len(sandbox.xyte.models())}")["id"]
    device = registered(make, "xyte", runtime, section={"children": children(40, model)})
    device.model = model
    return device


def test_forty_children_are_registered_over_one_connection_and_the_next_boot_is_silent(sandbox, parent):
    assert born(sandbox) == [f"C{number}" for number in range(40)]
    assert silent(sandbox, parent)
    change(parent, "xyte", children=children(43, parent.model))
    before = connections(sandbox)
    assert parent.boot().returncode == 0
    assert born(sandbox) == ["C40", "C41", "C42"] and connections(sandbox) == before + 1
    assert silent(sandbox, parent)


def test_a_deleted_parent_registers_again_with_all_its_children(sandbox, parent):
    first = json.loads(sandbox.log("xyte")[0].answer)["id"]
    sandbox.xyte.delete(first)
    sandbox.clear_log()
    change(parent, "xyte", children=children(41, parent.model))
    assert run(parent, XYTE + "session.run(calls.settle(session))\nprint(len(xyte.children(session)))") == ["41"]
    assert sorted(born(sandbox)) == sorted(f"C{number}" for number in range(41))
    requests = [(it.path.replace(first, "old")[-20:], it.status) for it in sandbox.log("xyte")]
    assert [code for _, code in requests] == [401, 401] + 42 * [201]
    assert silent(sandbox, parent)


def test_children_report_through_their_parent(sandbox, parent):
    program = """
reports = {it.device_id: xyte.report_of({"t": 21}) for _, it in xyte.children(session)}
reports["nobody"] = xyte.report_of()
found = session.run(xyte.children_telemetry(session, reports))
unknown = found.pop("nobody")["error"]
assert "not found" in unknown and not [1 for it in found.values() if "error" in it], found
print(*found)
"""
    ids = run(parent, XYTE + program)
    assert len(set(ids)) == 40
    told = {one["id"]: one["telemetry"] for one in sandbox.xyte.devices() if one["id"] in ids}
    assert len(told) == 40 and all(it == {"status": "online", "telemetries": {"t": 21}} for it in told.values())


def test_commands_are_obeyed_and_their_results_told(sandbox, make, runtime):
    device = registered(make, "xyte", runtime)
    name = json.loads(sandbox.log("xyte")[0].answer)["id"]
    for command in ("blink", "heat", "explode"):
        sandbox.xyte.queue_command(name, command, {"times": 3})
    program = """
def heat(parameters):
    raise RuntimeError("too hot")
handlers = {"blink": lambda parameters: "%d times" % parameters["times"], "heat": heat}
waits = session.run(xyte.telemetry(session))["command"]
done = session.run(xyte.obey(session, handlers))
print(waits, done, session.run(xyte.telemetry(session, {"t": 1.5}, "error"))["command"])
"""
    assert run(device, XYTE + program) == ["True", "3", "False"]
    results = [(one["status"], one["message"]) for one in sandbox.xyte.commands(name)]
    assert results == [
        ("done", "3 times"),
        ("failed", "RuntimeError: too hot"),
        ("failed", "no such command here"),
    ]


def test_the_configuration_in_the_cloud_is_read_and_replaced(sandbox, make, runtime):
    device = registered(make, "xyte", runtime)
    program = """
version = session.run(xyte.set_config(session, {"a": [1, "b"]}))["version"]
found = session.run(xyte.get_config(session))
print(found["version"] == version, found["config"] == {"a": [1, "b"]})
"""
    assert run(device, XYTE + program) == ["True", "True"]


# Centagate


def login(sandbox, make, runtime, **more):
    """A device that logs in by itself, and its section of enroll.json."""
    device = make("centagate", runtime)
    config = json.loads(device.path.read_text())
    section = config["centagate"]
    del section["auth_token"], section["secret_code"]
    sandbox.centagate.delete_sessions(section["admin_username"])
    integration = sandbox.centagate.create_integration()
    (password,) = [
        one["password"] for one in sandbox.centagate.users(reveal=True) if one["username"] == section["admin_username"]
    ]
    keys = {"password": password, "integration_key": integration["key"], "secret_key": integration["secret_key"]}
    section["login"] = keys | more
    device.write(config)
    return device, section


def test_centagate_logs_in_and_binds_its_token(sandbox, make, runtime):
    device, section = login(sandbox, make, runtime)
    boot = device.boot()
    assert boot.returncode == 0, boot
    assert [entry.path.split("/")[-2] for entry in sandbox.log("centagate")] == ["auth", "registerActiveToken"]
    assert [one["username"] for one in sandbox.centagate.tokens() if one["sn"] == section["token_sn"]] == [
        section["username"]
    ]
    said = boot.stdout + boot.stderr
    assert not [secret for secret in section["login"].values() if secret in said]
    assert silent(sandbox, device)


def test_a_login_with_the_wrong_keys_or_at_the_wrong_time_is_refused(sandbox, make, runtime):
    for wrong in ({"password": "wrong-canary"}, {"secret_key": "wrong-canary"}, {"integration_key": "wrong-canary"}):
        device, _ = login(sandbox, make, runtime, **wrong)
        assert status(device.boot(), "refused") == 77
        assert len(sandbox.log("centagate")) == 1
        sandbox.clear_log()
    device, _ = login(sandbox, make, runtime)
    sandbox.ntp_offset(3600)
    boot = device.boot()
    assert status(boot, "refused") == 77 and "23023" in boot.stdout
    sandbox.ntp_offset(0)
    assert device.boot().returncode == 0, "it registers by itself"
