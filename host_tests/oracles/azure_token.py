"""Makes a token like Microsoft's SDK for Python. Reads {"uri", "key", "name", "until"}, prints the token."""

import json
import sys
import time

from azure.iot.device.common.auth.sastoken import RenewableSasToken
from azure.iot.device.common.auth.signing_mechanism import SymmetricKeySigningMechanism

question = json.load(sys.stdin)
time.time = lambda: question["until"] - 3600
signer = SymmetricKeySigningMechanism(question["key"])
print(json.dumps(str(RenewableSasToken(question["uri"], signer, question["name"], 3600))))
