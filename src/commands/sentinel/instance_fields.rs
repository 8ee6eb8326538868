//! The field lists of MASTER, REPLICAS and SENTINELS. Names and order are those that clients
//! have parsed for years; a field that does not apply is left out, not shown empty.

use crate::core::view::{InstanceView, MasterView, PeerView, ReplicaView, ServerView};
use crate::resp::{Fields, Name, Reply};

/// The name of a field.
macro_rules! name {
    ($name:literal) => {
        &const { Name::new($name) }
    };
}

/// A master's fields.
pub fn master(master: &MasterView) -> Reply {
    let mut fields = Fields::default();
    fields.instance(&master.instance, master.failover_state);
    fields.server(&master.server);
    fields.number(name!("config-epoch"), master.config_epoch.get());
    fields.count(name!("num-slaves"), master.replicas.len());
    fields.count(name!("num-other-sentinels"), master.peers.len());
    fields.number(name!("quorum"), master.quorum);
    fields.number(name!("failover-timeout"), master.failover_timeout);
    fields.number(name!("parallel-syncs"), master.parallel_syncs);
    if let Some(path) = &master.notification_script {
        fields.text(name!("notification-script"), path);
    }
    if let Some(path) = &master.client_reconfig_script {
        fields.text(name!("client-reconfig-script"), path);
    }
    Reply::Fields(fields)
}

/// A replica's fields.
pub fn replica(replica: &ReplicaView) -> Reply {
    let mut fields = Fields::default();
    fields.instance(&replica.instance, None);
    fields.server(&replica.server);
    fields.number(
        name!("master-link-down-time"),
        replica.master_link_down_time,
    );
    fields.text(
        name!("master-link-status"),
        if replica.master_link_up { "ok" } else { "err" },
    );
    fields.text(name!("master-host"), &replica.master_host);
    fields.number(name!("master-port"), replica.master_port);
    fields.number(name!("slave-priority"), replica.priority);
    fields.number(name!("slave-repl-offset"), replica.repl_offset);
    fields.number(name!("replica-announced"), u8::from(replica.announced));
    Reply::Fields(fields)
}

/// Another sentinel's fields.
pub fn peer(peer: &PeerView) -> Reply {
    let mut fields = Fields::default();
    fields.instance(&peer.instance, None);
    fields.number(name!("last-hello-message"), peer.last_hello_message);
    fields.text(name!("voted-leader"), &peer.voted_leader);
    fields.number(name!("voted-leader-epoch"), peer.voted_leader_epoch.get());
    Reply::Fields(fields)
}

/// The fields that several kinds of records have, in the order they are shown; all values are
/// bulk strings.
trait Common {
    fn instance(&mut self, instance: &InstanceView, failover_state: Option<&str>);
    fn server(&mut self, server: &ServerView);
    fn count(&mut self, name: &Name, count: usize);
}

impl Common for Fields {
    /// The fields that every instance has; `failover-state` sits in their middle.
    fn instance(&mut self, instance: &InstanceView, failover_state: Option<&str>) {
        self.text(name!("name"), &instance.name);
        self.text(name!("ip"), &instance.ip);
        self.number(name!("port"), instance.port);
        self.text(name!("runid"), &instance.run_id);
        self.text(name!("flags"), &instance.flags);
        self.number(
            name!("link-pending-commands"),
            instance.link_pending_commands,
        );
        self.count(name!("link-refcount"), instance.link_refcount);
        if let Some(state) = failover_state {
            self.text(name!("failover-state"), state);
        }
        self.number(name!("last-ping-sent"), instance.last_ping_sent);
        self.number(name!("last-ok-ping-reply"), instance.last_ok_ping_reply);
        self.number(name!("last-ping-reply"), instance.last_ping_reply);
        if let Some(ms) = instance.s_down_time {
            self.number(name!("s-down-time"), ms);
        }
        if let Some(ms) = instance.o_down_time {
            self.number(name!("o-down-time"), ms);
        }
        self.number(name!("down-after-milliseconds"), instance.down_after);
    }

    /// The fields that masters and replicas have.
    fn server(&mut self, server: &ServerView) {
        self.number(name!("info-refresh"), server.info_refresh);
        self.text(name!("role-reported"), server.role_reported);
        self.number(name!("role-reported-time"), server.role_reported_time);
    }

    fn count(&mut self, name: &Name, count: usize) {
        self.number(name, count as u64);
    }
}
