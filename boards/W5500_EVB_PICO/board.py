"""WIZnet W5500-EVB-Pico."""

INTERFACE = "lan"  # the W5500 at the pins that MicroPython's build of this board names
HOSTNAME = ""  # what DHCP and mDNS are told; "": MicroPython's own
COUNTRY = ""
PATIENCE = 15  # seconds for link and address
# A W5500 that does not answer hangs its driver, and nothing but a watchdog ends that. Milliseconds without
# port.feed(), 0: none. Up to 8388 are the chip's own limit. For more a timer feeds it meanwhile, but not in a driver
# that hangs; 30000 outlasts two name servers that do not answer (7 s each) and a slow handshake.
WATCHDOG = 30000
HARDWARE_KEY = ""  # of the model, for devices whose enroll.json leaves it out
# Blocks of heap, in bytes, that have to be free before a connection, because mbedTLS takes its own from there: what
# comes in (16 KB), what goes out (4 KB), the handshake's largest, and small ones. Measured with firmware 1.28 in an
# emulator: 27 300 in all where the server has one certificate of ECDSA, the least; up to 33 400 with RSA and a chain.
TLS = (16717, 4429, 1304) + (400,) * 12
