//! COMMAND, ACL and HELP.

use super::*;
use crate::types::Secret;

fn lines(reply: Reply) -> Vec<String> {
    elements(reply).iter().map(text).collect()
}

#[test]
fn help_begins_with_the_container_as_typed_and_ends_with_help() {
    let mut stage = Stage::new();
    for (container, count) in [("SENTINEL", 49), ("command", 21), ("Client", 0), ("acl", 0)] {
        let lines = lines(stage.say(&format!("{container} help")));
        let title = container.to_ascii_uppercase();
        assert_eq!(
            lines[0],
            format!("{title} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:")
        );
        assert_eq!(lines[lines.len() - 2..], ["HELP", "    Print this help."]);
        if count > 0 {
            assert_eq!(lines.len(), count, "{container}");
        }
    }
}

#[test]
fn sentinel_help_lists_the_syntax_in_the_known_order() {
    let syntax: Vec<String> = lines(Stage::new().say("sentinel help"))
        .into_iter()
        .skip(1)
        .filter(|line| !line.starts_with("    "))
        .collect();
    assert_eq!(
        syntax,
        [
            "CKQUORUM <master-name>",
            "CONFIG SET param value [param value ...]",
            "CONFIG GET <param> [param param param ...]",
            "DEBUG [<param> <value> ...]",
            "GET-MASTER-ADDR-BY-NAME <master-name>",
            "FAILOVER <master-name> [COORDINATED]",
            "FLUSHCONFIG",
            "INFO-CACHE <master-name>",
            "IS-MASTER-DOWN-BY-ADDR <ip> <port> <current-epoch> <runid>",
            "MASTER <master-name>",
            "MASTERS",
            "MONITOR <name> <ip> <port> <quorum>",
            "MYID",
            "PENDING-SCRIPTS",
            "REMOVE <master-name>",
            "REPLICAS <master-name>",
            "RESET <pattern>",
            "SENTINELS <master-name>",
            "SET <master-name> <option> <value> [<option> <value> ...]",
            "SIMULATE-FAILURE [CRASH-AFTER-ELECTION] [CRASH-AFTER-PROMOTION] [HELP]",
            "HELP",
        ]
    );
}

#[test]
fn client_help_lists_the_syntax_in_the_known_order() {
    let syntax: Vec<String> = lines(Stage::new().say("client help"))
        .into_iter()
        .skip(1)
        .filter(|line| !line.starts_with("    "))
        .collect();
    assert_eq!(
        syntax,
        [
            "CACHING (YES|NO)",
            "GETREDIR",
            "GETNAME",
            "ID",
            "INFO",
            "KILL <ip:port>",
            "KILL <option> <value> [<option> <value> [...]]",
            "LIST [options ...]",
            "UNPAUSE",
            "PAUSE <timeout> [WRITE|ALL]",
            "REPLY (ON|OFF|SKIP)",
            "SETNAME <name>",
            "SETINFO <option> <value>",
            "UNBLOCK <clientid> [TIMEOUT|ERROR]",
            "TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]]",
            "TRACKINGINFO",
            "NO-EVICT (ON|OFF)",
            "NO-TOUCH (ON|OFF)",
            "HELP",
        ]
    );
}

#[test]
fn command_info_has_an_entry_or_a_null_for_each_name() {
    let mut stage = Stage::new();
    let entries = elements(stage.say("command info PING nope Client|Id client|nope ping|x"));
    assert_eq!(entries.len(), 5);
    assert_eq!(
        entries[0],
        Reply::Array(vec![
            Reply::bulk("ping"),
            Reply::Int(-1),
            Reply::Set(vec![Reply::Simple("fast".into())]),
            Reply::Int(0),
            Reply::Int(0),
            Reply::Int(0),
            Reply::Set(vec![
                Reply::Simple("@fast".into()),
                Reply::Simple("@connection".into())
            ]),
            Reply::Set(vec![
                Reply::bulk("request_policy:all_shards"),
                Reply::bulk("response_policy:all_succeeded")
            ]),
            Reply::Set(vec![]),
            Reply::Set(vec![]),
        ])
    );
    assert_eq!(text(&elements(entries[2].clone())[0]), "client|id");
    assert_eq!(
        (&entries[1], &entries[3], &entries[4]),
        (&Reply::Null, &Reply::Null, &Reply::Null)
    );
    assert_eq!(stage.say("command"), stage.say("command info"));
}

#[test]
fn command_list_filters_names() {
    let mut stage = Stage::new();
    let all = lines(stage.say("command list"));
    assert!(all.contains(&"sentinel".to_owned()) && all.contains(&"sentinel|master".to_owned()));
    assert_eq!(
        lines(stage.say("command list FilterBy pattern role")),
        ["role"]
    );
    assert!(
        lines(stage.say("command list filterby AclCat PUBSUB")).contains(&"publish".to_owned())
    );
    assert_eq!(
        stage.say("command list filterby module x"),
        Reply::Array(vec![])
    );
    assert_eq!(
        stage.say("command list filterby aclcat nope"),
        Reply::Array(vec![])
    );
    for line in [
        "command list x",
        "command list filterby module",
        "command list filterby foo x",
    ] {
        assert_eq!(stage.error(line), "ERR syntax error", "{line}");
    }
}

#[test]
fn no_command_has_keys() {
    let mut stage = Stage::new();
    for sub in ["getkeys", "getkeysandflags"] {
        assert_eq!(
            stage.error(&format!("command {sub} ping a")),
            "ERR The command has no key arguments"
        );
        assert_eq!(
            stage.error(&format!("command {sub} get a")),
            "ERR Invalid command specified"
        );
        assert_eq!(
            stage.error(&format!("command {sub} client nope")),
            "ERR Invalid command specified"
        );
    }
}

#[test]
fn command_docs_document_what_is_known() {
    let mut stage = Stage::new();
    assert_eq!(stage.say("command docs nope"), Reply::Map(vec![]));
    let Reply::Map(docs) = stage.say("command docs sentinel|slaves nope") else {
        panic!()
    };
    let (name, Reply::Map(fields)) = &docs[0] else {
        panic!()
    };
    assert_eq!((docs.len(), text(name)), (1, "sentinel|slaves".to_owned()));
    let keys: Vec<String> = fields.iter().map(|(key, _)| text(key)).collect();
    assert_eq!(
        keys,
        [
            "summary",
            "since",
            "group",
            "doc_flags",
            "deprecated_since",
            "replaced_by",
            "arguments"
        ]
    );
    let Reply::Map(docs) = stage.say("command docs") else {
        panic!()
    };
    assert_eq!(docs.len(), 15);
}

#[test]
fn acl_tells_of_the_default_user() {
    let mut stage = Stage::new();
    assert_eq!(stage.say("acl whoami"), Reply::bulk("default"));
    assert_eq!(lines(stage.say("acl users")), ["default"]);
    assert_eq!(
        lines(stage.say("acl list")),
        ["user default on nopass sanitize-payload ~* &* +@all"]
    );
    stage.settings.users = Settings::with_requirepass(Some(&Secret::new(b"foobared"))).users;
    stage.session.authenticated = true;
    assert_eq!(
        lines(stage.say("acl list")),
        [
            "user default on sanitize-payload #1b58ee375b42e41f0e48ef2ff27d10a5b1f6924a9acdcdba7cae868e7adce6bf ~* &* +@all"
        ]
    );
}

#[test]
fn acl_cat_lists_categories_and_their_commands() {
    let mut stage = Stage::new();
    assert_eq!(elements(stage.say("acl cat")).len(), 21);
    assert_eq!(elements(stage.say("acl cat keyspace")).len(), 0);
    assert_eq!(
        lines(stage.say("acl cat FAST")),
        ["ping", "auth", "hello", "role", "publish"]
    );
    assert_eq!(stage.error("acl cat nope"), "ERR Unknown category 'nope'");
    assert_eq!(
        stage.error("acl CAT a b"),
        "ERR unknown subcommand or wrong number of arguments for 'CAT'. Try ACL HELP."
    );
}
