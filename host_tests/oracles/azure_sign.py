"""Signs like Microsoft's SDK for Python: reads {"key": base64, "messages": [...]}, prints the signatures in base64."""

import json
import sys

from azure.iot.device.common.auth.signing_mechanism import SymmetricKeySigningMechanism

question = json.load(sys.stdin)
signer = SymmetricKeySigningMechanism(question["key"])
print(json.dumps([signer.sign(message) for message in question["messages"]]))
