"""A year of outages, deletions, reboots and power cuts for each kind of device, on a virtual clock.

Whatever happens, the device has its credential whenever that is possible, keeps to its limit of requests, and ends
registered. Each test prints what it counted.
"""

from service_models import Centagate, EtherFax, IckStream, Xyte
from year_events import day, year_of


def test_a_year_of_a_device_of_etherfax():
    year_of(EtherFax(), 7, 6)


def test_a_year_of_a_device_of_ickstream():
    year_of(IckStream(), 4, 6)


def test_a_year_of_a_device_of_etherfax_that_sleeps():
    year_of(EtherFax(), 2, 6, True)


def test_a_year_of_a_device_of_centagate():
    year_of(Centagate(), 7, 6)


FIRST = (EtherFax, IckStream, Xyte, Centagate)


def test_a_day_of_401_to_everything_for_a_device_that_is_not_registered():
    for service in FIRST:
        login = service is Centagate  # which is refused before the registration
        day(service(), "401", False, 0 if login else 96, 192, 5)


def test_a_day_of_401_to_everything_for_a_device_that_is_registered():
    for service in FIRST[:3]:
        counts = day(service(), "401", True, 0, 192, 200)
        assert service is not IckStream or counts[1:] == [0] * 4, "without a token there is nothing to ask"


def test_a_day_of_401_to_everything_but_registrations():
    for service in (EtherFax, Xyte):
        for registered in (False, True):
            counts = day(service(), "amnesia", registered, 3, 4, 12)
            assert 3 <= counts[2] <= 4
