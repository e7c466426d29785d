"""
So many watchers of a server: ``python -m benchmarks.live_watchers PORT NUMBER``.

It says "ready" when each has its snapshot. When its input ends it says as JSON what came to the first one: [seconds
of the monotonic clock, which all processes of a machine share, rows looked at].
"""

import asyncio
import json
import sys
import time

from websockets.asyncio.client import ClientConnection, connect


async def main(port: int, number: int) -> None:
    url = f"ws://127.0.0.1:{port}/ws/reversible-migrations/"
    watchers = [await connect(url, compression=None) for _ in range(number)]
    for watcher in watchers:
        await watcher.recv()
    came: list[tuple[float, str]] = []
    tasks = [asyncio.create_task(listen(watchers[0], came))]
    tasks += [asyncio.create_task(listen(watcher, None)) for watcher in watchers[1:]]
    print("ready", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    for task in tasks:
        task.cancel()
    for watcher in watchers:
        watcher.transport.abort()
    print(json.dumps([[moment, json.loads(text)["processed"]] for moment, text in came]))


async def listen(watcher: ClientConnection, came: list[tuple[float, str]] | None) -> None:
    async for text in watcher:
        if came is not None:
            came.append((time.monotonic(), str(text)))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
