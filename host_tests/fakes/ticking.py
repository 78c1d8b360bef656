"""Whether other coroutines go on."""

import asyncio


def beside(coroutine):
    """Run `coroutine` to its end; returns how often another one ran meanwhile."""
    ticks = [0]

    async def ticker():
        while True:
            ticks[0] += 1
            await asyncio.sleep(0.001)

    async def main():
        task = asyncio.create_task(ticker())
        await coroutine
        task.cancel()

    asyncio.run(main())
    return ticks[0]
