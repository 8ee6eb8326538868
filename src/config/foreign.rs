//! Directives of a data node's configuration: without meaning in Sentinel mode, accepted because
//! people reuse fragments of such files. Only simple types are checked; the values are kept.

use super::directives::{Directive, SECONDS, Standing};
use super::value::Kind;

const INT: Kind = Kind::Int(i64::MIN, i64::MAX);
const MEMORY: Kind = Kind::Memory(0);
const ACCESS: Kind = Kind::OneOf(&["no", "yes", "local"]);

const fn kept(name: &'static str, kind: Kind) -> Directive {
    Directive {
        name,
        aliases: &[],
        kind,
        default: None,
        standing: Standing::Foreign,
    }
}

const fn alias(name: &'static str, other: &'static [&'static str], kind: Kind) -> Directive {
    Directive {
        name,
        aliases: other,
        kind,
        default: None,
        standing: Standing::Foreign,
    }
}

const fn gone(name: &'static str, standing: Standing) -> Directive {
    Directive {
        name,
        aliases: &[],
        kind: Kind::Words,
        default: None,
        standing,
    }
}

/// The directives without meaning here.
pub static DIRECTIVES: &[Directive] = &[
    // Always written by the reference, hence the default.
    Directive {
        name: "latency-tracking-info-percentiles",
        aliases: &[],
        kind: Kind::Words,
        default: Some("50 99 99.9"),
        standing: Standing::Foreign,
    },
    gone("save", Standing::Dropped),
    gone("loadmodule", Standing::Dropped),
    gone("lua-replicate-commands", Standing::Retired),
    gone("list-max-ziplist-entries", Standing::Retired),
    gone("list-max-ziplist-value", Standing::Retired),
    // The process.
    kept("hz", SECONDS),
    kept("dynamic-hz", Kind::Bool),
    kept("databases", INT),
    kept("io-threads", Kind::Int(1, 128)),
    kept("io-threads-do-reads", Kind::Bool),
    kept("disable-thp", Kind::Bool),
    kept("ignore-warnings", Kind::Text),
    kept("jemalloc-bg-thread", Kind::Bool),
    kept("crash-memcheck-enabled", Kind::Bool),
    kept("use-exit-on-panic", Kind::Bool),
    kept("watchdog-period", INT),
    kept("shutdown-timeout", INT),
    kept("shutdown-on-sigint", Kind::Words),
    kept("shutdown-on-sigterm", Kind::Words),
    alias("server_cpulist", &["server-cpulist"], Kind::Text),
    alias("bio_cpulist", &["bio-cpulist"], Kind::Text),
    alias("aof_rewrite_cpulist", &["aof-rewrite-cpulist"], Kind::Text),
    alias("bgsave_cpulist", &["bgsave-cpulist"], Kind::Text),
    // Access.
    kept("masterauth", Kind::Password),
    kept("masteruser", Kind::Text),
    kept("enable-debug-command", ACCESS),
    kept("enable-protected-configs", ACCESS),
    kept("enable-module-command", ACCESS),
    // Latency and slow log.
    kept("latency-tracking", Kind::Bool),
    kept("latency-monitor-threshold", INT),
    kept("slowlog-log-slower-than", INT),
    kept("slowlog-max-len", INT),
    // Memory.
    kept("maxmemory", MEMORY),
    kept("maxmemory-policy", Kind::Opaque),
    kept("maxmemory-samples", INT),
    kept("maxmemory-eviction-tenacity", INT),
    kept("maxmemory-clients", Kind::Opaque),
    kept("active-expire-effort", INT),
    kept("activerehashing", Kind::Bool),
    kept("lfu-log-factor", INT),
    kept("lfu-decay-time", INT),
    kept("lazyfree-lazy-eviction", Kind::Bool),
    kept("lazyfree-lazy-expire", Kind::Bool),
    kept("lazyfree-lazy-server-del", Kind::Bool),
    kept("lazyfree-lazy-user-del", Kind::Bool),
    kept("lazyfree-lazy-user-flush", Kind::Bool),
    kept("activedefrag", Kind::Bool),
    kept("active-defrag-cycle-min", INT),
    kept("active-defrag-cycle-max", INT),
    kept("active-defrag-threshold-lower", INT),
    kept("active-defrag-threshold-upper", INT),
    kept("active-defrag-max-scan-fields", INT),
    kept("active-defrag-ignore-bytes", MEMORY),
    kept("tracking-table-max-keys", INT),
    kept("notify-keyspace-events", Kind::Text),
    alias("busy-reply-threshold", &["lua-time-limit"], INT),
    kept("propagation-error-behavior", Kind::Opaque),
    kept(
        "sanitize-dump-payload",
        Kind::OneOf(&["no", "yes", "clients"]),
    ),
    // Persistence.
    kept("rdbchecksum", Kind::Bool),
    kept("rdbcompression", Kind::Bool),
    kept("rdb-del-sync-files", Kind::Bool),
    kept("rdb-save-incremental-fsync", Kind::Bool),
    kept("rdb-key-save-delay", INT),
    kept("key-load-delay", INT),
    kept("loading-process-events-interval-bytes", MEMORY),
    kept("stop-writes-on-bgsave-error", Kind::Bool),
    kept("dbfilename", Kind::Text),
    kept("appendonly", Kind::Bool),
    kept("appendfsync", Kind::OneOf(&["everysec", "always", "no"])),
    kept("appendfilename", Kind::Text),
    kept("appenddirname", Kind::Text),
    kept("no-appendfsync-on-rewrite", Kind::Bool),
    kept("auto-aof-rewrite-percentage", INT),
    kept("auto-aof-rewrite-min-size", MEMORY),
    kept("aof-load-truncated", Kind::Bool),
    kept("aof-use-rdb-preamble", Kind::Bool),
    kept("aof-timestamp-enabled", Kind::Bool),
    kept("aof-rewrite-incremental-fsync", Kind::Bool),
    kept("aof-disable-auto-gc", Kind::Bool),
    // Replication.
    alias("replicaof", &["slaveof"], Kind::Words),
    alias("replica-announce-ip", &["slave-announce-ip"], Kind::Text),
    alias("replica-announce-port", &["slave-announce-port"], INT),
    alias("replica-priority", &["slave-priority"], INT),
    alias(
        "replica-serve-stale-data",
        &["slave-serve-stale-data"],
        Kind::Bool,
    ),
    alias("replica-read-only", &["slave-read-only"], Kind::Bool),
    alias("replica-lazy-flush", &["slave-lazy-flush"], Kind::Bool),
    alias(
        "replica-ignore-maxmemory",
        &["slave-ignore-maxmemory"],
        Kind::Bool,
    ),
    kept("replica-ignore-disk-write-errors", Kind::Bool),
    kept("replica-announced", Kind::Bool),
    kept("repl-timeout", INT),
    alias("repl-ping-replica-period", &["repl-ping-slave-period"], INT),
    kept("repl-disable-tcp-nodelay", Kind::Bool),
    kept("repl-diskless-sync", Kind::Bool),
    kept("repl-diskless-sync-delay", INT),
    kept("repl-diskless-sync-max-replicas", INT),
    kept("repl-diskless-load", Kind::Opaque),
    kept("repl-backlog-size", MEMORY),
    kept("repl-backlog-ttl", INT),
    alias("min-replicas-to-write", &["min-slaves-to-write"], INT),
    alias("min-replicas-max-lag", &["min-slaves-max-lag"], INT),
    // Cluster.
    kept("cluster-enabled", Kind::Bool),
    kept("cluster-config-file", Kind::Text),
    kept("cluster-node-timeout", INT),
    kept("cluster-port", INT),
    kept("cluster-ping-interval", INT),
    kept("cluster-announce-ip", Kind::Text),
    kept("cluster-announce-port", INT),
    kept("cluster-announce-tls-port", INT),
    kept("cluster-announce-bus-port", INT),
    kept("cluster-announce-hostname", Kind::Text),
    kept("cluster-announce-human-nodename", Kind::Text),
    kept("cluster-require-full-coverage", Kind::Bool),
    alias(
        "cluster-replica-no-failover",
        &["cluster-slave-no-failover"],
        Kind::Bool,
    ),
    alias(
        "cluster-replica-validity-factor",
        &["cluster-slave-validity-factor"],
        INT,
    ),
    kept("cluster-migration-barrier", INT),
    kept("cluster-allow-replica-migration", Kind::Bool),
    kept("cluster-allow-reads-when-down", Kind::Bool),
    kept("cluster-allow-pubsubshard-when-down", Kind::Bool),
    kept("cluster-link-sendbuf-limit", MEMORY),
    kept("cluster-preferred-endpoint-type", Kind::Opaque),
    // Data types.
    alias("list-max-listpack-size", &["list-max-ziplist-size"], INT),
    kept("list-compress-depth", INT),
    alias(
        "hash-max-listpack-entries",
        &["hash-max-ziplist-entries"],
        INT,
    ),
    alias(
        "hash-max-listpack-value",
        &["hash-max-ziplist-value"],
        MEMORY,
    ),
    kept("set-max-intset-entries", INT),
    kept("set-max-listpack-entries", INT),
    kept("set-max-listpack-value", MEMORY),
    alias(
        "zset-max-listpack-entries",
        &["zset-max-ziplist-entries"],
        INT,
    ),
    alias(
        "zset-max-listpack-value",
        &["zset-max-ziplist-value"],
        MEMORY,
    ),
    kept("hll-sparse-max-bytes", MEMORY),
    kept("stream-node-max-bytes", MEMORY),
    kept("stream-node-max-entries", INT),
    // Names of later versions and of Valkey.
    kept("max-new-connections-per-cycle", Kind::Opaque),
    kept("max-new-tls-connections-per-cycle", Kind::Opaque),
    kept("hide-user-data-from-log", Kind::Opaque),
    kept("primaryauth", Kind::Password),
    kept("primaryuser", Kind::Text),
    kept("availability-zone", Kind::Text),
    kept("events-per-io-thread", Kind::Opaque),
    kept("prefetch-batch-max-size", Kind::Opaque),
    kept("extended-redis-compatibility", Kind::Opaque),
    kept("dual-channel-replication-enabled", Kind::Opaque),
    kept("cluster-blacklist-ttl", Kind::Opaque),
    kept("cluster-slot-stats-enabled", Kind::Opaque),
    kept("cluster-announce-client-ipv4", Kind::Text),
    kept("cluster-announce-client-ipv6", Kind::Text),
    kept("enable-debug-assert", Kind::Opaque),
    kept("debug-context", Kind::Opaque),
];
