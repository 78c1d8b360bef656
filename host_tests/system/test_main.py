"""firmware/main.py as on a board: what ends it, and whether it starts again."""

import json

from program import registered, run

BOARD = """
import os
import app
import main
slept = []
port.sleep = slept.append
os.chdir(sys.argv[1].rpartition("/")[0])
def board():
    status = main.main([])
    try:
        main.leave(status, "rp2")
        return "prompt"
    except SystemExit:
        return "restart"
"""


APP_FAILS = """
def fail(session):
    raise KeyError("mine")
app.main = fail
"""


def test_a_board_whose_application_fails_starts_again(sandbox, make, runtime):
    device = registered(make, "xyte", runtime)
    assert run(device, BOARD + APP_FAILS + "print(board(), sum(slept))") == ["restart", "60"]
    assert "KeyError" in device.heard[-2] + device.heard[-1]


def test_a_board_whose_application_returns_stays_at_its_prompt(sandbox, make, runtime):
    device = registered(make, "xyte", runtime)
    assert run(device, BOARD + "app.main = lambda session: None\nprint(board())") == ["prompt"]


def test_a_board_stays_at_its_prompt_after_a_mistake_in_its_configuration(sandbox, make, runtime):
    device = make("xyte", runtime, store="")
    program = "app.main = None\nwith open('enroll.json', 'w') as file:\n    file.write('{')\nprint(board())"
    assert run(device, BOARD + program) == ["prompt"]


def test_a_board_starts_again_after_what_nobody_has_foreseen(sandbox, make, runtime):
    device = make("xyte", runtime)
    program = """
def fail(*_):
    raise RuntimeError("driver")
port.identity = fail
print(board(), sum(slept))
"""
    assert run(device, BOARD + program) == ["restart", "60"]
    assert not sandbox.log("xyte")


def test_a_driver_that_fails_once_delays_a_board_and_no_more(sandbox, make, runtime):
    device = make("xyte", runtime, retry={"first": 1, "cap": 1})
    program = """
real = port.connect
def once(networks):
    port.connect = real
    raise TypeError("driver")
port.connect = once
app.main = lambda session: print(session.credential.provider, sum(slept) <= 1)
main.main([])
"""
    assert run(device, BOARD + program) == ["xyte", "True"]


def test_a_board_without_a_module_names_it(sandbox, make, runtime):
    device = make("xyte", runtime)
    program = """
del sys.modules["port"]
sys.path[:] = [folder for folder in sys.path if "boards" not in folder]
print(board())
"""
    assert run(device, BOARD + program) == ["prompt"]
    assert "configuration: no module named 'port'" in "".join(device.heard)


def test_where_the_service_has_moved_a_boot_says_so(sandbox, make, runtime):
    device = registered(make, "xyte", runtime)
    config = json.loads(device.path.read_text())
    old = config["url"]
    device.write(config | {"url": old + "/elsewhere"})
    sandbox.clear_log()
    boot = device.boot()
    assert boot.returncode == 78 and old in boot.stdout and "moved_from" in boot.stdout
    device.write(config | {"url": old + "/elsewhere", "moved_from": [old]})
    for _ in range(2):
        assert device.boot().returncode == 0
    device.write(config | {"url": old + "/elsewhere"})
    assert device.boot().returncode == 0
    assert not sandbox.log()
