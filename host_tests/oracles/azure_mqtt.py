"""What Microsoft's SDK for Python tells the hub's broker. Reads {"hub", "id"}, prints user, client id and topics."""

import json
import sys
import threading
from types import SimpleNamespace

from azure.iot.device.common.pipeline import pipeline_ops_base
from azure.iot.device.iothub.pipeline import mqtt_topic_iothub as topics
from azure.iot.device.iothub.pipeline.pipeline_stages_iothub_mqtt import IoTHubMQTTTranslationStage

question = json.load(sys.stdin)
threading.current_thread().name = "pipeline"  # the SDK asks for it
stage = IoTHubMQTTTranslationStage()
configuration = SimpleNamespace(
    hostname=question["hub"], device_id=question["id"], module_id=None, product_info="", gateway_hostname=None
)
stage.nucleus = SimpleNamespace(pipeline_configuration=configuration)
stage.send_op_down = lambda op: None
operation = pipeline_ops_base.InitializePipelineOperation(callback=lambda **_: None)
stage._run_op(operation)
found = {
    "user": operation.username,
    "client_id": operation.client_id,
    "publish": topics.get_telemetry_topic_for_publish(question["id"], None),
    "subscribe": topics.get_c2d_topic_for_subscribe(question["id"]),
}
print(json.dumps(found))
