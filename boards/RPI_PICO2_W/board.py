"""Raspberry Pi Pico 2 W."""

INTERFACE = "wifi"
HOSTNAME = ""  # the name for DHCP and mDNS; "": MicroPython's default
COUNTRY = ""  # two letters of ISO 3166, which set the allowed channels; "": the driver's default
POWER = "PM_NONE"  # a constant of network.WLAN; this one keeps the radio awake, or else TLS stalls
PATIENCE = 20  # seconds to try each network
# Milliseconds without port.feed() until the watchdog resets the board; 0: no watchdog. The chip counts up to 8388. That
# is too short for two name servers that do not answer (7 s each). Above it, a timer feeds the watchdog meanwhile, but
# not while a driver hangs.
WATCHDOG = 0
BUTTON = None  # the pin of a button to ground: held for 5 s while the board starts, it forgets the Wi-Fi it was given
HARDWARE_KEY = ""  # the model's key, for devices whose enroll.json has none
# Sizes, in bytes, of blocks that must be free in the heap before a connection, because mbedTLS allocates there: data
# received (16 KB), data sent (4 KB), the handshake's largest block and its small ones. Measured with firmware 1.28 in
# an emulator: in all 27 300 for a server with one ECDSA certificate, the least, and up to 33 400 for RSA and a chain.
TLS = (16717, 4429, 1304) + (400,) * 12
