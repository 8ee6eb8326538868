//! Subscriptions, and the hello of another sentinel.

use super::*;

fn push(kind: &str, name: Reply, total: i64) -> Reply {
    Reply::Push(vec![Reply::bulk(kind), name, Reply::Int(total)])
}

fn pushes(stage: &mut Stage, line: &str) -> Vec<Reply> {
    match stage.next(line) {
        Next::Subscribed(pushes) | Next::Unsubscribed(pushes) => pushes,
        _ => panic!("{line}: no confirmations"),
    }
}

#[test]
fn each_name_is_confirmed_with_the_running_total() {
    let mut stage = Stage::new();
    assert_eq!(
        pushes(&mut stage, "subscribe b a b"),
        [
            push("subscribe", Reply::bulk("b"), 1),
            push("subscribe", Reply::bulk("a"), 2),
            push("subscribe", Reply::bulk("b"), 2)
        ]
    );
    assert_eq!(
        pushes(&mut stage, "PSUBSCRIBE x*"),
        [push("psubscribe", Reply::bulk("x*"), 3)]
    );
    assert_eq!(
        pushes(&mut stage, "unsubscribe zz a"),
        [
            push("unsubscribe", Reply::bulk("zz"), 3),
            push("unsubscribe", Reply::bulk("a"), 2)
        ]
    );
    assert_eq!(
        pushes(&mut stage, "unsubscribe"),
        [push("unsubscribe", Reply::bulk("b"), 1)]
    );
    assert_eq!(
        pushes(&mut stage, "punsubscribe"),
        [push("punsubscribe", Reply::bulk("x*"), 0)]
    );
}

#[test]
fn unsubscribing_from_nothing_is_confirmed_with_a_null() {
    let mut stage = Stage::new();
    assert_eq!(
        pushes(&mut stage, "unsubscribe"),
        [push("unsubscribe", Reply::Null, 0)]
    );
    stage.next("subscribe a");
    assert_eq!(
        pushes(&mut stage, "punsubscribe"),
        [push("punsubscribe", Reply::Null, 1)]
    );
}

#[test]
fn publish_takes_hellos_only() {
    let mut stage = Stage::new();
    let error = "ERR Only HELLO messages are accepted by Sentinel instances.";
    assert_eq!(stage.error("publish news x"), error);
    assert_eq!(stage.error("publish __Sentinel__:hello x"), error);
    let Next::Hello(message) = stage.next("PUBLISH __sentinel__:hello rubbish") else {
        panic!()
    };
    assert_eq!(message, "rubbish");
}
