"""redis-py's Sentinel for asyncio."""

import asyncio
import sys

from redis.asyncio.sentinel import Sentinel
from redis.exceptions import ConnectionError, TimeoutError

from story import PAUSE, Story, say


async def main():
    story = Story(sys.argv[1])
    sentinel = Sentinel(
        story.sentinels, sentinel_kwargs=story.to_sentinels, **story.to_servers
    )
    first = sentinel.sentinels[0]
    events = first.pubsub()
    await events.psubscribe("+switch-*")
    confirmed = await events.get_message(timeout=5)
    assert confirmed["type"] == "psubscribe", confirmed

    known = await first.sentinel_master(story.name)
    assert known["is_master"] and known["num-slaves"] == 2, known
    assert len(await first.sentinel_slaves(story.name)) == 2
    assert len(await first.sentinel_sentinels(story.name)) == 2
    address = await first.sentinel_get_master_addr_by_name(story.name)
    assert address == await sentinel.discover_master(story.name), address
    assert await first.sentinel_get_master_addr_by_name("nosuch") is None

    master = sentinel.master_for(story.name)
    replica = sentinel.slave_for(story.name)
    await master.set(story.key, "before")
    old = await port_of(master)
    while await replica.get(story.key) != "before":
        story.must_go_on("a replica has the value")
        await asyncio.sleep(PAUSE)
    assert await port_of(replica) != old
    say("before", old)

    while True:
        story.must_go_on("the client comes back")
        try:
            await master.set(story.key, "after")
            new = await port_of(master)
            if new != old:
                break
        except (ConnectionError, TimeoutError):
            pass
        await asyncio.sleep(PAUSE)
    say("after", new)

    message = None
    while message is None:
        story.must_go_on("the switch is heard")
        message = await events.get_message(ignore_subscribe_messages=True, timeout=1)
    say("heard", message["data"])
    await events.aclose()
    await master.aclose()
    await replica.aclose()


async def port_of(client):
    return (await client.info("server"))["tcp_port"]


asyncio.run(main())
