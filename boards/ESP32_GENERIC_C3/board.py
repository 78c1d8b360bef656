"""Any ESP32-C3."""

INTERFACE = "wifi"  # or "lan", with LAN
# For a W5500, pins by number; spi is (bus, sck, mosi, miso):
# LAN = {"spi": (1, 12, 11, 13), "cs": 10, "int": 9, "phy_type": "PHY_W5500", "phy_addr": 0}
LAN: dict = {}
HOSTNAME = ""  # what DHCP and mDNS are told; "": MicroPython's own
COUNTRY = ""  # two letters, ISO 3166, for the channels that are allowed; "": the driver's own
POWER = "PM_NONE"  # of network.WLAN: the radio stays awake, which keeps TLS from stalling
PATIENCE = 20  # seconds for each network
# Milliseconds without port.feed(), 0: none. At least 30000: a name takes up to 28 s where no name server answers.
WATCHDOG = 0
HARDWARE_KEY = ""  # of the model, for devices whose enroll.json leaves it out
NVS = False  # whether esp32.NVS is mounted at /nvs, for `"store": "/nvs/enroll"` in enroll.json
# Blocks of ESP-IDF's heap, in bytes, that have to be free before a connection, because mbedTLS takes its own there:
# what comes in (16 KB), what goes out (4 KB), the handshake. Measured on RP2 only; ESP-IDF configures the same sizes.
TLS = (16717, 4429, 1304) + (400,) * 12
