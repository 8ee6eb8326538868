// What the test tells a client, and how the client answers: as in ../python/story.py.
"use strict";

const HOST = "127.0.0.1";

// The test ends a script that takes longer than its own patience; this only stops one whose test
// is gone.
const PATIENCE = 120_000;

// Between two attempts to write while there is no master, in milliseconds.
const PAUSE = 50;

const told = JSON.parse(process.argv[2]);

setTimeout(() => fail(`not within ${PATIENCE} ms`), PATIENCE).unref();

function fail(why) {
  console.error(why);
  process.exit(1);
}

function pause() {
  return new Promise((done) => setTimeout(done, PAUSE));
}

function say(word, value) {
  console.log(word, value);
}

function tcpPort(info) {
  return Number(/tcp_port:(\d+)/.exec(info)[1]);
}

function isEqual(one, other, what) {
  if (one !== other) fail(`${what}: ${one} is not ${other}`);
}

// Tells the story with a client's own functions: `set(value)`, `get()` from a replica, `port()` of
// the server it writes to, `replicaPort()`, `switched` (a promise of the payload of +switch-master)
// and `end()`.
async function tell(client) {
  await client.set("before");
  const old = await client.port();
  while ((await client.get()) !== "before") await pause();
  if ((await client.replicaPort()) === old) fail("the replica is the master");
  say("before", old);

  let now = old;
  while (now === old) {
    try {
      await client.set("after");
      now = await client.port();
    } catch (error) {
      // What a client says while there is no master.
      console.error(`while there is no master: ${error}`);
    }
    await pause();
  }
  say("after", now);
  say("heard", await client.switched);
  await client.end();
}

process.on("unhandledRejection", (error) => fail(`unhandled: ${error.stack}`));

module.exports = { HOST, told, tell, tcpPort, isEqual, fail };
