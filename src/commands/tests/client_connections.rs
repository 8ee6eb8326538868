//! CLIENT.

use super::*;
use crate::commands::{
    ClientInfo, ClientType, ClientsQuery, KillFilter, ListFilter, client_line, list_reply,
};

fn client(id: u64) -> ClientInfo {
    let session = Session {
        id,
        addr: format!("10.0.0.2:{id}"),
        laddr: "10.0.0.1:26379".into(),
        ..Session::default()
    };
    ClientInfo {
        session,
        fd: 9,
        age_s: 60,
        idle_s: 2,
        qbuf: 10,
        qbuf_free: 20,
        omem: 0,
    }
}

fn kill(stage: &mut Stage, line: &str) -> KillFilter {
    match stage.next(line) {
        Next::Clients(ClientsQuery::Kill(filter)) => filter,
        _ => panic!("{line}: no filter"),
    }
}

#[test]
fn the_client_line_has_every_field_in_order() {
    let mut one = client(7);
    one.session.last_command = Some("client|list");
    assert_eq!(
        client_line(&one),
        "id=7 addr=10.0.0.2:7 laddr=10.0.0.1:26379 fd=9 name= age=60 idle=2 flags=N db=0 sub=0 psub=0 ssub=0 \
         multi=-1 watch=0 qbuf=10 qbuf-free=20 argv-mem=0 multi-mem=0 rbs=1024 rbp=0 obl=0 oll=0 omem=0 tot-mem=2078 \
         events=r cmd=client|list user=default redir=-1 resp=2 lib-name= lib-ver="
    );
    one.session.channels = Arc::new([Bytes::from_static(b"a")].into());
    one.session.patterns = Arc::new([Bytes::from_static(b"a*")].into());
    one.session.no_evict = true;
    one.session.last_command = None;
    one.session.addr = "/tmp/s:0".into();
    let line = client_line(&one);
    assert!(
        line.contains(" flags=PUe db=0 sub=1 psub=1 ssub=0 ") && line.contains(" cmd=NULL "),
        "{line}"
    );
}

#[test]
fn the_list_has_a_line_for_each_client_that_the_filter_shows() {
    let mut subscriber = client(2);
    subscriber.session.channels = Arc::new([Bytes::from_static(b"a")].into());
    let clients = [client(1), subscriber];
    let shown = |filter: ListFilter| text(&list_reply(&clients, &filter)).lines().count();
    assert_eq!(shown(ListFilter::default()), 2);
    assert_eq!(
        shown(ListFilter {
            kind: Some(ClientType::Pubsub),
            ids: None
        }),
        1
    );
    assert_eq!(
        shown(ListFilter {
            kind: Some(ClientType::Master),
            ids: None
        }),
        0
    );
    assert_eq!(
        shown(ListFilter {
            kind: None,
            ids: Some([(2, 0), (9, 1)].into())
        }),
        1
    );
    assert_eq!(
        list_reply(&[], &ListFilter::default()),
        Reply::Verbatim(Bytes::new())
    );
}

#[test]
fn list_options_are_checked() {
    let mut stage = Stage::new();
    assert_eq!(
        stage.error("client list type x"),
        "ERR Unknown client type 'x'"
    );
    assert_eq!(stage.error("client list id 1 x"), "ERR Invalid client ID");
    for line in [
        "client list id",
        "client list type",
        "client list type normal id 1",
        "client list foo",
    ] {
        assert_eq!(stage.error(line), "ERR syntax error", "{line}");
    }
    let Next::Clients(ClientsQuery::List(filter)) = stage.next("client list ID -1 5") else {
        panic!()
    };
    assert_eq!(filter.ids, Some([(5, 1)].into()));
}

#[test]
fn kill_with_one_word_takes_it_for_an_address() {
    let Next::Clients(ClientsQuery::KillAddr(addr)) = Stage::new().next("client kill id") else {
        panic!()
    };
    assert_eq!(addr, "id");
}

#[test]
fn kill_filters_must_all_match() {
    let mut stage = Stage::new();
    let filter = kill(
        &mut stage,
        "client kill ID 7 addr 10.0.0.2:7 user default type normal maxage 60",
    );
    assert!(filter.matches(&client(7), 1));
    assert!(!filter.matches(&client(7), 7), "the caller is spared");
    assert!(!filter.matches(&client(8), 1));
    assert!(kill(&mut stage, "client kill id 7 SKIPME no").matches(&client(7), 7));
    assert!(!kill(&mut stage, "client kill maxage 61").matches(&client(7), 1));
    assert!(!kill(&mut stage, "client kill laddr 10.0.0.1:1").matches(&client(7), 1));
}

#[test]
fn kill_filters_are_checked_from_the_left() {
    let mut stage = Stage::new();
    for (line, error) in [
        (
            "client kill id 0 type x",
            "ERR client-id should be greater than 0",
        ),
        ("client kill type x id 0", "ERR Unknown client type 'x'"),
        ("client kill user bob", "ERR No such user 'bob'"),
        (
            "client kill maxage x",
            "ERR maxage is not an integer or out of range",
        ),
        (
            "client kill maxage 0",
            "ERR maxage should be greater than 0",
        ),
        ("client kill skipme maybe", "ERR syntax error"),
        ("client kill foo bar", "ERR syntax error"),
        ("client kill id 1 addr", "ERR syntax error"),
    ] {
        assert_eq!(stage.error(line), error, "{line}");
    }
}

#[test]
fn names_and_library_facts_are_printable_or_refused() {
    let mut stage = Stage::new();
    assert_eq!(stage.say("client getname"), Reply::Null);
    assert_eq!(stage.say("client setname ~!me"), Reply::OK);
    assert_eq!(stage.say("client getname"), Reply::bulk("~!me"));
    let error = "ERR Client names cannot contain spaces, newlines or special characters.";
    for name in [b"a b".as_slice(), b"\x7f", b"\x80", b"a\n"] {
        assert_eq!(
            stage.say_words(&[b"client", b"setname", name]),
            Reply::error(error)
        );
    }
    stage.say_words(&[b"client", b"setname", b""]);
    assert_eq!(stage.session.name, None);
    assert_eq!(stage.say("client setinfo LIB-NAME lib"), Reply::OK);
    assert_eq!(stage.say("client setinfo lib-ver 1.2"), Reply::OK);
    assert_eq!(stage.session.lib_name.as_deref(), Some("lib"));
    assert_eq!(stage.session.lib_ver.as_deref(), Some("1.2"));
    assert_eq!(
        stage.error("client setinfo x 1"),
        "ERR Unrecognized option 'x'"
    );
    assert_eq!(
        stage.say_words(&[b"client", b"setinfo", b"Lib-Ver", b"a b"]),
        Reply::error("ERR Lib-Ver cannot contain spaces, newlines or special characters.")
    );
}

#[test]
fn unblock_and_no_evict_check_their_words() {
    let mut stage = Stage::new();
    assert_eq!(stage.say("client unblock 1 Error"), Reply::Int(0));
    assert_eq!(
        stage.error("client unblock x"),
        "ERR value is not an integer or out of range"
    );
    assert_eq!(
        stage.error("client unblock x y"),
        "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR"
    );
    assert_eq!(
        stage.error("client UnBlock 1 error x"),
        "ERR unknown subcommand or wrong number of arguments for 'UnBlock'. Try CLIENT HELP."
    );
    assert_eq!(stage.say("client no-evict ON"), Reply::OK);
    assert!(stage.session.no_evict);
    assert_eq!(stage.error("client no-evict x"), "ERR syntax error");
}
