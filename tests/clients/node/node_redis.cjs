// node-redis: createSentinel, which follows +switch-master, +slave, +sdown and others by itself.
"use strict";

const { HOST, told, tell, tcpPort, fail } = require("./story.cjs");
const { createClient, createSentinel } = require("@redis/client");

// On a busy machine the usual five seconds may not be enough.
const socket = { connectTimeout: 60_000 };

const asUser = (username, password) =>
  password === null ? {} : { username: username ?? undefined, password };

async function main() {
  const sentinel = createSentinel({
    RESP: told.protocol,
    name: told.name,
    sentinelRootNodes: told.sentinels.map((port) => ({ host: HOST, port })),
    nodeClientOptions: { socket, ...asUser(told.user, told.password) },
    sentinelClientOptions: { socket, ...asUser(told.sentinel_user, told.sentinel_password) },
    replicaPoolSize: 1,
    passthroughClientErrorEvents: true,
  });
  sentinel.on("error", (error) => console.error(`node-redis: ${error}`));
  await sentinel.connect();

  const events = createClient({
    RESP: told.protocol,
    socket: { ...socket, host: HOST, port: told.sentinels[0] },
    ...asUser(told.sentinel_user, told.sentinel_password),
  });
  events.on("error", (error) => console.error(`events: ${error}`));
  await events.connect();
  const switched = new Promise((heard) => {
    events.subscribe("+switch-master", (text) => heard(text));
  });

  const portOf = async (readOnly) => tcpPort(await sentinel.sendCommand(readOnly, ["INFO", "server"]));
  await tell({
    set: (value) => sentinel.set(told.key, value),
    get: () => sentinel.get(told.key),
    port: () => portOf(false),
    replicaPort: () => portOf(true),
    switched,
    end: async () => {
      await sentinel.close();
      events.destroy();
    },
  });
}

main().then(() => process.exit(0), (error) => fail(error.stack));
