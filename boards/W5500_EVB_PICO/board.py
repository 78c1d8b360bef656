"""WIZnet W5500-EVB-Pico."""

INTERFACE = "lan"  # the W5500, at the pins in MicroPython's definition of this board
HOSTNAME = ""  # the name for DHCP and mDNS; "": MicroPython's default
COUNTRY = ""
PATIENCE = 15  # seconds to wait for link and address
# Milliseconds without port.feed() until the watchdog resets the board; 0: no watchdog. A W5500 that does not answer
# hangs its driver, and only the watchdog ends that. The chip counts up to 8388. Above it, a timer feeds the watchdog
# meanwhile, but not while a driver hangs. 30000 is enough for two name servers that do not answer (7 s each) and a slow
# handshake.
WATCHDOG = 30000
HARDWARE_KEY = ""  # the model's key, for devices whose enroll.json has none
# Sizes, in bytes, of blocks that must be free in the heap before a connection, because mbedTLS allocates there: data
# received (16 KB), data sent (4 KB), the handshake's largest block and its small ones. Measured with firmware 1.28 in
# an emulator: in all 27 300 for a server with one ECDSA certificate, the least, and up to 33 400 for RSA and a chain.
TLS = (16717, 4429, 1304) + (400,) * 12
