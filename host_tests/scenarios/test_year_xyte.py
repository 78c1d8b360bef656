"""A year of three devices of Xyte, see test_year.py."""

from cloud_services import Xyte
from story import lived


def test_a_year_of_a_device_of_xyte_that_reports_every_hour():
    lived(Xyte(), 7, 1)


def test_a_year_of_a_device_of_xyte_with_children():
    lived(Xyte(3), 7, 6)


def test_a_year_of_a_device_of_xyte_that_sleeps():
    lived(Xyte(0, {"sn": "sn-2", "cloud_id": "short" + 16 * "a"}), 7, 6, True)
