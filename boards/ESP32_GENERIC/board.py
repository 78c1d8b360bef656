"""Any ESP32."""

INTERFACE = "wifi"  # or "lan"; then LAN describes it
# For an RMII PHY, with pin numbers from the board maker's documentation:
# LAN = {"mdc": 23, "mdio": 18, "power": 12, "phy_type": "PHY_LAN8720", "phy_addr": 0}
# If the ESP32 clocks the PHY, add: "ref_clk": 17, "ref_clk_mode": "OUT"
LAN: dict = {}
HOSTNAME = ""  # the name for DHCP and mDNS; "": MicroPython's default
COUNTRY = ""  # two letters of ISO 3166, which set the allowed channels; "": the driver's default
POWER = "PM_NONE"  # a constant of network.WLAN; this one keeps the radio awake, or else TLS stalls
PATIENCE = 20  # seconds to try each network
# Milliseconds without port.feed() until the watchdog resets the board; 0: no watchdog. At least 30000: looking up a
# name takes up to 28 s if no name server answers.
WATCHDOG = 0
BUTTON = None  # the pin of a button to ground: held for 5 s while the board starts, it forgets the Wi-Fi it was given
HARDWARE_KEY = ""  # the model's key, for devices whose enroll.json has none
NVS = False  # True mounts esp32.NVS at /nvs, for `"store": "/nvs/enroll"` in enroll.json
# Sizes, in bytes, of blocks that must be free in ESP-IDF's heap before a connection, because mbedTLS allocates there:
# data received (16 KB), data sent (4 KB), the handshake. Measured on RP2 only; ESP-IDF configures the same sizes.
TLS = (16717, 4429, 1304) + (400,) * 12
