"""What the test tells a client, and how the client answers.

The argument of a script is a JSON object: `sentinels` (a list of ports), `name`, `key`, `protocol`
and four credentials that may be null. Each line it prints is `<word> <value>`; the test waits for:

before PORT   a value was written, and read from a replica; the port of the server written to
after PORT    the same client object has written to another server
heard TEXT    the payload of +switch-master
"""

import json
import sys
import time

HOST = "127.0.0.1"

# The test ends a script that takes longer than its own patience; this only stops one whose test
# is gone.
PATIENCE = 120.0

# Between two attempts to write while there is no master.
PAUSE = 0.05


class Story:
    def __init__(self, text):
        told = json.loads(text)
        self.name = told["name"]
        self.key = told["key"]
        self.sentinels = [(HOST, port) for port in told["sentinels"]]
        self.to_sentinels = {
            "protocol": told["protocol"],
            "username": told["sentinel_user"],
            "password": told["sentinel_password"],
            "socket_timeout": 5,
            "decode_responses": True,
        }
        self.to_servers = {
            "protocol": told["protocol"],
            "username": told["user"],
            "password": told["password"],
            "socket_timeout": 5,
            "decode_responses": True,
        }
        self.deadline = time.monotonic() + PATIENCE

    def must_go_on(self, what):
        if time.monotonic() > self.deadline:
            sys.exit(f"not within {PATIENCE} s: {what}")


def say(word, value):
    print(word, value, flush=True)
