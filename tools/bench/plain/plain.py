"""Registers at etherFAX as a good engineer does without enroll: the time by SNTP, an MD5 token, stock `requests`.

Later boots read the credential from flash. It is what `make bench` measures enroll beside: nothing in it is slow on
purpose. Stock `requests` verifies no certificate.
"""

import hashlib
import json
import socket
import sys
import time

NTP_EPOCH = 2208988800  # seconds from 1900 to 1970
CREDENTIAL = "credential.json"


def sntp(server):
    """Unix seconds from the time server HOST:PORT."""
    host, port = server.split(":")
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.settimeout(3)
        sock.connect(socket.getaddrinfo(host, int(port))[0][-1])
        sock.send(b"\x1b" + bytes(47))
        answer = sock.recv(48)
    finally:
        sock.close()
    return int.from_bytes(answer[40:44], "big") - NTP_EPOCH


def hexmd5(text):
    return hashlib.md5(text.encode()).digest().hex()


def token(serial, now):
    """etherFAX's registration token, from serial number and date."""
    year, month, _, _, _, _, _, day = time.gmtime(now)[:8]
    return hexmd5("%04d:%02d:%s.%03d" % (year - 1900, month - 1, hexmd5(serial), day - 1))


def register(config):
    """The credential that the service answers, a dict."""
    import requests

    serial = config["etherfax"]["serial"]
    url = "%s/devices?a=register&id=%s&token=%s" % (config["url"], serial, token(serial, sntp(config["ntp"][0])))
    response = requests.get(url, timeout=20)
    if response.status_code != 200:
        raise OSError("the service answers %d" % response.status_code)
    credential = response.json()
    with open(CREDENTIAL, "w") as file:
        json.dump(credential, file)
    return credential


def main(path):
    """Boot: the credential from flash, or a registration. Returns the exit status."""
    with open(path) as file:
        config = json.load(file)
    try:
        with open(CREDENTIAL) as file:
            credential = json.load(file)
    except OSError:
        credential = register(config)
    print("registered", config["etherfax"]["serial"], len(credential["DeviceToken"]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
