"""What the sandbox is measured against: a handler of the same framework that reads JSON and answers JSON."""

import json

from aiohttp import web


async def register(request: web.Request) -> web.Response:
    """Answer as long as the sandbox does, and keep nothing."""
    body = json.loads(await request.read())
    answer = {"id": body["sn"], "access_key": "x" * 64, "hub_url": "x" * 40, "hub_url_static_cert": "x" * 50}
    return web.json_response(answer, status=201)


async def serve() -> web.Application:
    """The application."""
    application = web.Application()
    application.router.add_post("/xyte/v1/devices", register)
    return application


if __name__ == "__main__":
    import socket

    opened = socket.create_server(("127.0.0.1", 0))
    print(opened.getsockname()[1], flush=True)
    web.run_app(serve(), sock=opened, access_log=None, print=None)
