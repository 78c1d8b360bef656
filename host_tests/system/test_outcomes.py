"""What a boot prints, and its exit status, when the service does not simply register the device."""

import json

import pytest
from outcome import status
from program import registered


def test_a_device_that_was_never_enabled_is_refused_and_no_orphan_after_reboots(sandbox, make, runtime):
    device = make("etherfax", runtime)
    serial = json.loads(device.path.read_text())["etherfax"]["serial"]
    sandbox.etherfax.disable(serial)
    for _ in range(3):
        boot = device.boot()
        assert status(boot, "refused") == 77 and "portal" in boot.stdout
    sandbox.etherfax.enable(serial)
    assert device.boot().returncode == 0


@pytest.mark.parametrize("service", ["etherfax", "xyte"])
def test_an_answer_that_was_lost_makes_an_orphan_until_the_portal_resets_it(sandbox, make, runtime, service):
    device = make(service, runtime)
    sandbox.fault(service, drop="after")  # registered, and closed without an answer
    assert status(device.boot(), "network") == 75
    for _ in range(2):
        boot = device.boot()
        assert status(boot, "orphaned") == 77 and "portal" in boot.stdout
    if service == "etherfax":
        sandbox.etherfax.reset(json.loads(device.path.read_text())["etherfax"]["serial"])
    else:
        sandbox.xyte.delete(sandbox.xyte.devices()[-1]["id"])
    assert device.boot().returncode == 0


def test_centagate_counts_an_attempt_whose_answer_was_lost_as_done(sandbox, make, runtime):
    device = make("centagate", runtime)
    sandbox.fault("centagate", drop="after")
    assert status(device.boot(), "network") == 75
    assert device.boot().returncode == 0
    assert '"code": 29008' in sandbox.log("centagate")[-1].answer


def test_a_token_of_ickstream_that_was_used_up_asks_for_a_new_one(sandbox, make, runtime):
    device = make("ickstream", runtime)
    sandbox.fault("ickstream", drop="after")
    assert status(device.boot(), "network") == 75
    boot = device.boot()
    assert status(boot, "refused") == 77 and "registration token" in boot.stdout
    config = json.loads(device.path.read_text())
    user = config["ickstream"]["application_id"].replace("application", "user")
    config["ickstream"]["registration_token"] = sandbox.ickstream.create_token(user)
    device.write(config)
    assert device.boot().returncode == 0


def test_the_token_that_is_in_a_cut_answer_is_not_lost(sandbox, make, runtime):
    """The JSON is whole but for its last brace, and the connection ends before Content-Length says so."""
    device = make("etherfax", runtime)
    sandbox.fault("etherfax", truncate=len('{"DeviceToken": "') + 33)
    device.boot()
    assert device.boot().returncode == 0
    assert len(sandbox.log("etherfax")) == 1


@pytest.mark.parametrize(
    "answer",
    ["{}", "[1]", '{"DeviceToken": 5}', '{"DeviceToken": "a\\r\\nb"}', ""],
)
def test_an_answer_without_a_registration_is_kept_and_said(sandbox, make, runtime, answer):
    device = make("etherfax", runtime)
    sandbox.fault("etherfax", status=200, body=answer)
    assert status(device.boot(), "answer") == 76
    assert any(answer.encode() in slot.read_bytes() for slot in device.folder.glob("state/*/slot"))
    assert device.boot().returncode == 0  # it asks again, because the service has never seen the first request


@pytest.mark.parametrize("code", [200, 403, 511])
def test_the_page_of_a_portal_is_not_the_services_word(sandbox, make, service, runtime, code):
    """The outcome is known: a later refusal by the service does not mean an orphan."""
    device = make(service, runtime)
    sandbox.fault(service, shape=f"portal={code}")
    boot = device.boot()
    assert status(boot, "network") == 75 and "portal" in boot.stdout and str(code) in boot.stdout
    sandbox.fault(service, status=403, body='{"error": "not yet"}')
    boot = device.boot()
    assert status(boot, "refused") == 77 and "(not yet)" in boot.stdout
    assert device.boot().returncode == 0


@pytest.mark.parametrize(
    "shape", ["no-brace", "long-body=8000", "long-body=3000", "charset=iso-8859-1", "charset=utf-16", "charset=cp1252"]
)
def test_an_odd_answer_is_a_whole_registration(sandbox, make, service, runtime, shape):
    device = make(service, runtime)
    sandbox.fault(service, shape=shape)
    boot = device.boot()
    assert boot.returncode == 0, boot
    assert device.boot().stdout == boot.stdout
    assert len(sandbox.log(service)) == 1


def test_an_answer_that_a_later_version_can_read_is_used_without_asking_again(sandbox, make, runtime):
    """The raw answer is on flash, as a power cut between saving and parsing leaves it."""
    device = make("xyte", runtime)
    answer = {"id": "device-9", "access_key": "key-9", "hub_url": "https://hub.example.com", "hub_url_static_cert": "x"}
    sandbox.fault("xyte", status=201, body=json.dumps({**answer, "access_key": None}))
    assert status(device.boot(), "answer") == 76
    sandbox.clear_log()
    patch_slot(device, b'"access_key": null', b'"access_key": "k9"')
    assert device.boot().stdout == "enroll: registered xyte device-9\n"
    assert not sandbox.log()


def patch_slot(device, old, new):
    """Replace bytes of the newest record and correct its checksum."""
    import binascii
    import struct

    assert len(old) == len(new)
    slot = next(path for path in device.folder.glob("state/*/slot") if old in path.read_bytes())
    data = bytearray(slot.read_bytes().replace(old, new))
    size = 13 + sum(struct.unpack("<HH", data[9:13]))
    data[size : size + 4] = struct.pack("<I", binascii.crc32(data[:size]))
    slot.write_bytes(data)


@pytest.mark.parametrize(
    ("code", "kind", "expected"),
    [
        (301, "answer", 76),
        (400, "configuration", 78),
        (401, "refused", 77),
        (403, "refused", 77),
        (404, "configuration", 78),
        (409, "refused", 77),
        (422, "refused", 77),
        (429, "server", 75),
        (500, "server", 75),
        (503, "server", 75),
    ],
)
def test_every_status_has_its_kind_and_none_stops_the_next_attempt(sandbox, make, service, code, kind, expected):
    device = make(service)
    sandbox.fault(service, status=code, body="no", headers={"Location": "http://127.0.0.1:1/"} if code == 301 else {})
    assert status(device.boot(), kind) == expected
    assert device.boot().returncode == 0


@pytest.mark.parametrize(("before", "kind"), [(503, "refused"), (429, "refused"), (500, "orphaned")])
def test_a_refusal_after_a_failure_is_an_orphan_unless_that_was_not_worked_on(sandbox, make, before, kind):
    """503 and 429 say so: the outcome is known."""
    device = make("etherfax")
    sandbox.fault("etherfax", status=before)
    sandbox.fault("etherfax", status=403)
    device.boot()
    assert status(device.boot(), kind) == 77


@pytest.mark.parametrize(
    ("code", "kind", "expected"),
    [(code, "refused", 77) for code in (22002, 29001, 29002, 29004, 29008, 29011, 29017, 6002, 6007)]
    + [(10002, "configuration", 78), (10003, "server", 75), (10004, "server", 75)],
)
def test_every_code_of_centagate_has_its_kind_and_its_words(sandbox, make, code, kind, expected):
    device = make("centagate")
    sandbox.centagate.fail(code)
    boot = device.boot()
    assert status(boot, kind) == expected and str(code) in boot.stdout
    assert device.boot().returncode == 0


def test_flash_that_cannot_be_written_is_found_before_anything_is_sent(sandbox, make, runtime):
    device = make("etherfax", runtime)
    (device.folder / "state").write_text("a file where the folder should be")
    assert status(device.boot(), "storage") == 74
    assert not sandbox.log()


@pytest.mark.parametrize("mistake", ["{", "[]", '{"provider": "none"}', '{"provider": "../x"}', ""])
def test_a_broken_configuration_is_found_before_any_packet(sandbox, make, runtime, mistake):
    device = make("etherfax", runtime)
    device.path.write_text(mistake)
    assert status(device.boot(), "configuration") == 78
    assert not sandbox.log()


@pytest.mark.parametrize("identity", ["nonsense", "5", "[1]"])
def test_a_lent_identity_that_is_not_a_json_object_is_named(sandbox, make, runtime, identity):
    boot = make("etherfax", runtime).boot(ENROLL_IDENTITY=identity)
    assert status(boot, "configuration") == 78 and "ENROLL_IDENTITY" in boot.stdout
    assert not sandbox.log()


def test_a_missing_configuration_is_named(make, runtime):
    device = make("etherfax", runtime)
    device.path.unlink()
    boot = device.boot()
    assert status(boot, "configuration") == 78 and "enroll.json" in boot.stdout


def test_a_boot_as_another_device_does_not_cost_the_credential(sandbox, make, runtime):
    """A wrong serial number, refused, then the right one again."""
    device = registered(make, "etherfax", runtime)
    right = device.path.read_text()
    device.write(json.loads(right) | {"etherfax": {"serial": "MT-OTHER"}})
    for _ in range(3):
        assert status(device.boot(), "refused") == 77
    device.path.write_text(right)
    sandbox.clear_log()
    assert device.boot().returncode == 0
    assert not sandbox.log()


def test_the_record_of_another_board_is_not_taken(sandbox, make, runtime):
    """A flash image that was copied: the serial number comes from the board."""
    device = make("etherfax", runtime)
    device.write(json.loads(device.path.read_text()) | {"etherfax": {}})
    for name in ("COPY-A", "COPY-B"):
        sandbox.etherfax.create(f"{name}{runtime}", enabled=True)
        boot = device.boot(ENROLL_IDENTITY=json.dumps({"serial": f"{name}{runtime}"}))
        assert boot.stdout == f"enroll: registered etherfax {name}{runtime}\n"


def test_an_answer_that_is_longer_than_its_bound_is_kept_as_far_as_it_fits(sandbox, make, runtime):
    device = make("etherfax", runtime)
    sandbox.fault("etherfax", status=200, body='{"DeviceToken": "' + "5" * 32 + '", "Message": "' + "m" * 20000 + '"}')
    assert device.boot().returncode == 0
    assert any(b"5" * 32 in slot.read_bytes() for slot in device.folder.glob("state/*/slot"))


@pytest.mark.parametrize("arguments", [["--onec"], ["--help"], ["two.json"]])
def test_a_wrong_command_line_boots_nothing(sandbox, make, arguments):
    device = make("etherfax")
    assert status(device.boot(*arguments), "configuration") == 78
    assert not sandbox.log()


def test_a_registration_token_that_stands_elsewhere_too_is_erased_in_its_own_place(sandbox, make, runtime):
    device = make("ickstream", runtime)
    config = json.loads(device.path.read_text())
    config["ickstream"]["hardware_id"] = config["ickstream"]["registration_token"]
    device.write(config)
    assert device.boot().returncode == 0
    after = json.loads(device.path.read_text())["ickstream"]
    assert after["hardware_id"].strip() and not after["registration_token"].strip()
