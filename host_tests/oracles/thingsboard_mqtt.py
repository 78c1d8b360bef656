"""Lets ThingsBoard's client for Python log in at a broker. Reads {"port", "ca", "token"}."""

import json
import sys
import time

from tb_device_mqtt import TBDeviceMqttClient

question = json.load(sys.stdin)
client = TBDeviceMqttClient("127.0.0.1", question["port"], question["token"])
client.connect(tls=True, ca_certs=question["ca"], timeout=1)
time.sleep(1)
print("{}", flush=True)
client.stop()
