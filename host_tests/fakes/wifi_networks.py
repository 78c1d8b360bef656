"""Wi-Fi networks that the tests of ports join."""

from enroll.config import Secret
from helpers import raises

ESP32, PICO = "ESP32_GENERIC", "RPI_PICO_W"
BOTH = (ESP32, PICO)
SECRET = "password-canary"
HOME = {"ssid": "home", "password": Secret(SECRET)}
WORK = {"ssid": "work", "password": Secret(SECRET)}
OPEN = {"ssid": "open", "password": None}


def refused(board, *networks):
    """What `connect` says when it fails, and the seconds it took."""
    start = board.clock.now
    error = raises("network", board.connect, *networks)
    return str(error), (board.clock.now - start) / 1000
