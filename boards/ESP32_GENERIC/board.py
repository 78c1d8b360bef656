"""Any ESP32."""

INTERFACE = "wifi"  # or "lan", with LAN
# For a PHY by RMII, pins by number; what the board's maker says:
# LAN = {"mdc": 23, "mdio": 18, "power": 12, "phy_type": "PHY_LAN8720", "phy_addr": 0}
LAN: dict = {}
HOSTNAME = ""  # what DHCP and mDNS are told; "": MicroPython's own
COUNTRY = ""  # two letters, ISO 3166, for the channels that are allowed; "": the driver's own
POWER = "PM_NONE"  # of network.WLAN: the radio stays awake, which keeps TLS from stalling
PATIENCE = 20  # seconds for each network
WATCHDOG = 0  # milliseconds, at least 30000 for a slow handshake and a silent name server; 0: none
HARDWARE_KEY = ""  # Xyte's, of the model, for devices whose enroll.json leaves it out
NVS = False  # whether esp32.NVS is mounted at /nvs, for `"store": "/nvs/enroll"` in enroll.json
# Blocks of ESP-IDF's heap, in bytes, that have to be free before a connection, because mbedTLS takes its own there:
# records that come in (16 KB), that go out (4 KB), the handshake. After its configuration; not measured on hardware.
TLS = (17000, 4600, 8000, 8000)
