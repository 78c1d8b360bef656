"""WIZnet W5500-EVB-Pico."""

INTERFACE = "lan"  # the W5500 at the pins that MicroPython's build of this board names
HOSTNAME = ""  # what DHCP and mDNS are told; "": MicroPython's own
COUNTRY = ""
PATIENCE = 15  # seconds for link and address
WATCHDOG = 0  # milliseconds, up to 8388, which a silent name server can outlast; 0: none
HARDWARE_KEY = ""  # Xyte's, of the model, for devices whose enroll.json leaves it out
# Blocks of heap, in bytes, that have to be free before a connection, because mbedTLS takes its own from there: records
# that come in (16 KB), that go out (4 KB), the handshake. After its configuration; not measured on hardware.
TLS = (17000, 4600, 8000, 8000)
