"""An application for MQTT under asyncio with mqtt_as, which keeps the connection; copy it to app.py. It takes another
client before the password expires.
"""

import asyncio
import gc
import json

import mqtt_as
from enroll import calls, mqtt
from enroll.calendar import now

PERIOD = 60  # seconds between two messages


def measure() -> bytes:
    """The message to publish. Put your product's own here."""
    return json.dumps({"free_heap": gc.mem_free()}).encode()


async def take(client) -> None:
    """Handle the messages from the cloud. Put your product's own here."""
    async for topic, message, _ in client.queue:
        print("app: %d bytes to %s" % (len(message), topic.decode()))


async def once(session) -> None:
    """Serve with one client, until its password is about to expire."""
    await session.arun(session.ready())  # the link is up, the clock is right, the credential is good
    found = mqtt.config(session.config, session.port)
    session.close()
    mqtt_as.config.update(found)
    mqtt_as.config["queue_len"] = 4
    client = mqtt_as.MQTTClient(mqtt_as.config)
    try:
        await client.connect()
    except OSError as error:
        await ask(session)
        raise error
    end = found["expires"] and now() + (found["expires"] - now()) * 9 // 10
    reader = asyncio.create_task(take(client))
    try:
        for topic in found["subscribe"]:
            await client.subscribe(topic, 1)
        while not end or now() < end:
            await client.publish(found["publish"][0], measure(), qos=1)
            await asyncio.sleep(PERIOD)
    finally:
        reader.cancel()
        await client.disconnect()


async def ask(session) -> None:
    """Ask the service whether it still knows the device: after two 401s the session registers it again."""
    wanted = calls.example(session.credential)
    if wanted:
        method, path, body = wanted
        await session.arequest(method, path, repeat=True, json=body)


async def serve(session) -> None:
    """Serve without end."""
    while True:
        try:
            await once(session)
        except Exception as error:  # OSError, ValueError for a certificate, EnrollError
            print("app: %s %s" % (type(error).__name__, error))
            await asyncio.sleep(PERIOD)


def main(session) -> None:
    """main.py calls this once the device is registered."""
    asyncio.run(serve(session))
