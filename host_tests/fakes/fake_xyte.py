"""A Xyte device with child devices, and the cloud they are registered in."""

from answers import success
from enroll.calls import settle
from enroll.providers.xyte import device as xyte
from fake_session import Registered
from power import Cut


def child(number, **more):
    return dict({"sn": "C%d" % number, "model_id": "M1", "firmware_version": "1.0"}, **more)


def some(count, start=0):
    return [child(number) for number in range(start, start + count)]


class Cloud:
    """Xyte: knows its parents by id, registers each child that is asked for, each time it is asked.

    `faults`: {serial number: an answer, given once}. `born`: (parent, serial number) of all children. `last`: after so
    many of them the first parent is deleted. `key`: what the children's keys begin with.
    """

    last = None
    key = "child-canary-"

    def __init__(self):
        self.born = []
        self.parents = {"device-1": "token-canary"}
        self.faults = {}
        self.reports = []
        self.batch = []

    def __call__(self, it):
        if it.path == "/api/v1/devices":
            name = "device-%d" % (len(self.parents) + 1)
            self.parents[name] = name + "-key-canary"
            return 201, success("xyte", self.parents[name], name)
        parent = it.path.split("/devices/")[1].split("/")[0]
        if it.headers["Authorization"] != self.parents.get(parent):
            return 401, {"error": "Not authorized"}
        if it.path.endswith("/telemetries"):
            self.batch.append(len(it.json))
            return 200, {name: {"success": True} for name in it.json}
        if len(self.born) == self.last and len(self.parents) == 1:
            self.delete()
            return self(it)
        assert it.path.endswith("/children") and it.host == "localhost", it.path
        fault = self.faults.pop(it.json["sn"], None)
        if fault is Cut:
            raise Cut
        if fault:
            return fault
        self.born.append((parent, it.json["sn"]))
        return 201, {"id": "child-%d" % len(self.born), "access_key": self.key + str(len(self.born))}

    def delete(self):
        """Delete the newest parent and its children."""
        self.parents["device-%d" % len(self.parents)] = None


def family(children, **more):
    cloud = Cloud()
    device = Registered("xyte", cloud, {"children": children}, **more)
    device.cloud = cloud
    return device


def change(device, children):
    """Boot with other children in enroll.json."""
    device.it.section["children"] = children
    device.boot()


def known(device):
    """{serial number: (id, key)} of the children that are registered."""
    found = [(one["sn"], it) for one, it in xyte.children(device.session) if it]
    return {sn: (it.device_id, it.secret.reveal()) for sn, it in found}


def settled(device):
    """Boot again and settle: how many requests that took; then all are there, and a further boot is silent."""
    device.boot()
    device.run(settle)
    asked = len(device.asked)
    assert len(known(device)) == len(device.it.section["children"])
    device.boot()
    device.run(settle)
    assert not device.asked
    return asked
