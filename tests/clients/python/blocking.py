"""redis-py's Sentinel, the blocking one."""

import sys
import time

import redis
from redis.exceptions import ConnectionError, TimeoutError
from redis.sentinel import Sentinel

from story import PAUSE, Story, say


def main():
    story = Story(sys.argv[1])
    sentinel = Sentinel(
        story.sentinels, sentinel_kwargs=story.to_sentinels, **story.to_servers
    )
    first = sentinel.sentinels[0]
    events = first.pubsub()
    events.subscribe("+switch-master")
    confirmed = events.get_message(timeout=5)
    assert confirmed["type"] == "subscribe", confirmed

    known = first.sentinel_master(story.name)
    assert known["is_master"] and known["num-slaves"] == 2, known
    assert len(first.sentinel_slaves(story.name)) == 2
    assert len(first.sentinel_sentinels(story.name)) == 2
    address = first.sentinel_get_master_addr_by_name(story.name)
    assert address == sentinel.discover_master(story.name), address
    assert first.sentinel_get_master_addr_by_name("nosuch") is None

    master = sentinel.master_for(story.name)
    replica = sentinel.slave_for(story.name)
    master.set(story.key, "before")
    old = port_of(master)
    while replica.get(story.key) != "before":
        story.must_go_on("a replica has the value")
        time.sleep(PAUSE)
    assert port_of(replica) != old
    say("before", old)

    while True:
        story.must_go_on("the client comes back")
        try:
            master.set(story.key, "after")
            new = port_of(master)
            if new != old:
                break
        except (ConnectionError, TimeoutError):
            pass
        time.sleep(PAUSE)
    say("after", new)

    message = None
    while message is None:
        story.must_go_on("the switch is heard")
        message = events.get_message(ignore_subscribe_messages=True, timeout=1)
    say("heard", message["data"])


def port_of(client: redis.Redis):
    return client.info("server")["tcp_port"]


main()
