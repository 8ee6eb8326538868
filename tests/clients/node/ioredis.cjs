// ioredis of the version that the story names.
"use strict";

const { HOST, told, tell, tcpPort, isEqual, fail } = require("./story.cjs");
const { Redis } = require(told.library);

const sentinels = told.sentinels.map((port) => ({ host: HOST, port }));
// Only since version 6 there is a choice; 5 speaks RESP2.
const protocol = told.library === "ioredis" ? { protocol: told.protocol } : {};

function server(role) {
  const client = new Redis({
    ...protocol,
    sentinels,
    name: told.name,
    role,
    username: told.user ?? undefined,
    password: told.password ?? undefined,
    sentinelUsername: told.sentinel_user ?? undefined,
    sentinelPassword: told.sentinel_password ?? undefined,
    // It listens to +switch-master at all sentinels. Not when the master dies: a detector that
    // hears of the switch while its client is connecting anew ends the client for good.
    failoverDetector: role === "master" && told.is_ordered,
    sentinelRetryStrategy: () => 50,
    retryStrategy: () => 50,
  });
  client.on("error", (error) => console.error(`${role}: ${error}`));
  return client;
}

async function main() {
  const events = new Redis({
    ...protocol,
    ...sentinels[0],
    username: told.sentinel_user ?? undefined,
    password: told.sentinel_password ?? undefined,
  });
  const address = (name) => events.call("sentinel", "get-master-addr-by-name", name);
  isEqual(await address("nosuch"), null, "an unknown master");
  const [, before] = await address(told.name);
  const switched = new Promise((heard) => events.on("message", (_, text) => heard(text)));
  await events.subscribe("+switch-master");

  const master = server("master");
  const replica = server("slave");
  await tell({
    set: (value) => master.set(told.key, value),
    get: () => replica.get(told.key),
    port: async () => tcpPort(await master.info("server")),
    replicaPort: async () => tcpPort(await replica.info("server")),
    switched,
    end: async () => {
      await events.unsubscribe();
      const [, after] = await address(told.name);
      if (after === before) fail("the sentinel still names the old master");
      for (const client of [events, master, replica]) client.disconnect();
    },
  });
}

main().then(() => process.exit(0), (error) => fail(error.stack));
