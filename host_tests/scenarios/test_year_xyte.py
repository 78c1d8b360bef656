"""A year of three devices of Xyte, see test_year.py."""

from service_models import Xyte
from year_events import year_of


def test_a_year_of_a_device_of_xyte_that_reports_every_hour():
    year_of(Xyte(), 7, 1)


def test_a_year_of_a_device_of_xyte_with_children():
    year_of(Xyte(3), 7, 6)


def test_a_year_of_a_device_of_xyte_that_sleeps():
    year_of(Xyte(0, {"sn": "sn-2", "cloud_id": "short" + 16 * "a"}), 7, 6, True)
