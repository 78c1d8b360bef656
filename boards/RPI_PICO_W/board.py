"""Raspberry Pi Pico W."""

INTERFACE = "wifi"
HOSTNAME = ""  # what DHCP and mDNS are told; "": MicroPython's own
COUNTRY = ""  # two letters, ISO 3166, for the channels that are allowed; "": the driver's own
POWER = "PM_NONE"  # of network.WLAN: the radio stays awake, which keeps TLS from stalling
PATIENCE = 20  # seconds for each network
# Milliseconds without port.feed(), 0: none. Up to 8388 are the chip's own limit, which two name servers that do not
# answer (7 s each) outlast. For more a timer feeds it meanwhile, but not in a driver that hangs.
WATCHDOG = 0
HARDWARE_KEY = ""  # of the model, for devices whose enroll.json leaves it out
# Blocks of heap, in bytes, that have to be free before a connection, because mbedTLS takes its own from there: what
# comes in (16 KB), what goes out (4 KB), the handshake's largest, and small ones. Measured with firmware 1.28 in an
# emulator: 27 300 in all where the server has one certificate of ECDSA, the least; up to 33 400 with RSA and a chain.
TLS = (16717, 4429, 1304) + (400,) * 12
