//! Every reply the daemon can build, read back by an independent decoder.

use proptest::prelude::*;
use redis_protocol::resp2::types::OwnedFrame as Frame2;
use redis_protocol::resp3::types::{OwnedFrame as Frame3, VerbatimStringFormat};

use super::*;

fn encoded(reply: &Reply, proto: Proto) -> String {
    String::from_utf8(reply.to_bytes(proto).to_vec()).expect("utf8")
}

#[test]
fn each_type_has_its_own_form_in_each_protocol() {
    let pair = vec![(Reply::bulk("a"), Reply::Int(-7))];
    let items = || vec![Reply::Int(1)];
    for (reply, resp2, resp3) in [
        (Reply::OK, "+OK\r\n", "+OK\r\n"),
        (Reply::error("ERR no"), "-ERR no\r\n", "-ERR no\r\n"),
        (Reply::Int(5), ":5\r\n", ":5\r\n"),
        (Reply::bulk(""), "$0\r\n\r\n", "$0\r\n\r\n"),
        (Reply::Null, "$-1\r\n", "_\r\n"),
        (Reply::NullArray, "*-1\r\n", "_\r\n"),
        (Reply::Array(items()), "*1\r\n:1\r\n", "*1\r\n:1\r\n"),
        (Reply::Set(items()), "*1\r\n:1\r\n", "~1\r\n:1\r\n"),
        (Reply::Push(items()), "*1\r\n:1\r\n", ">1\r\n:1\r\n"),
        (
            Reply::Map(pair),
            "*2\r\n$1\r\na\r\n:-7\r\n",
            "%1\r\n$1\r\na\r\n:-7\r\n",
        ),
        (Reply::Double(1.5), "$3\r\n1.5\r\n", ",1.5\r\n"),
        (Reply::Double(f64::INFINITY), "$3\r\ninf\r\n", ",inf\r\n"),
        (
            Reply::Verbatim(Bytes::from_static(b"id=1\n")),
            "$5\r\nid=1\n\r\n",
            "=9\r\ntxt:id=1\n\r\n",
        ),
    ] {
        assert_eq!(encoded(&reply, Proto::Resp2), resp2);
        assert_eq!(encoded(&reply, Proto::Resp3), resp3);
    }
}

#[test]
fn an_error_stays_one_line_whatever_the_client_said() {
    let reply = Reply::error("ERR a\r\nb\0c");
    assert_eq!(encoded(&reply, Proto::Resp2), "-ERR a  b\r\n");
}

fn any_reply() -> impl Strategy<Value = Reply> {
    let text = "[ -~]{0,12}";
    let leaf = prop_oneof![
        text.prop_map(|t| Reply::Simple(t.into())),
        text.prop_map(|t| Reply::Error(format!("ERR {t}").into())),
        any::<i64>().prop_map(Reply::Int),
        any::<Vec<u8>>().prop_map(|b| Reply::Bulk(b.into())),
        Just(Reply::Null),
        (-1e9..1e9f64).prop_map(Reply::Double),
        any::<Vec<u8>>().prop_map(|b| Reply::Verbatim(b.into())),
        // A decoder keeps sets and map keys unordered: make them distinct.
        (0..5i64).prop_map(|n| Reply::Set((0..n).map(Reply::Int).collect())),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Reply::Array),
            prop::collection::vec(inner, 0..5).prop_map(|values| {
                let keys = (0..).map(|n: i64| Reply::number(n));
                Reply::Map(keys.zip(values).collect())
            }),
        ]
    })
}

fn agrees2(reply: &Reply, frame: &Frame2) -> bool {
    let all = |replies: &[Reply], frames: &[Frame2]| {
        replies.len() == frames.len() && replies.iter().zip(frames).all(|(r, f)| agrees2(r, f))
    };
    match (reply, frame) {
        (Reply::Simple(t), Frame2::SimpleString(f)) => t.as_bytes() == f,
        (Reply::Error(t), Frame2::Error(f)) => t == f,
        (Reply::Int(n), Frame2::Integer(f)) => n == f,
        (Reply::Bulk(b) | Reply::Verbatim(b), Frame2::BulkString(f)) => b == f,
        (Reply::Double(x), Frame2::BulkString(f)) => {
            String::from_utf8_lossy(f).parse::<f64>() == Ok(*x)
        }
        (Reply::Null, Frame2::Null) => true,
        (Reply::Array(r) | Reply::Set(r) | Reply::Push(r), Frame2::Array(f)) => all(r, f),
        (Reply::Map(pairs), Frame2::Array(f)) => {
            let flat: Vec<Reply> = pairs.iter().cloned().flat_map(|(k, v)| [k, v]).collect();
            all(&flat, f)
        }
        _ => false,
    }
}

fn agrees3(reply: &Reply, frame: &Frame3) -> bool {
    let all = |replies: &[Reply], frames: &[Frame3]| {
        replies.len() == frames.len() && replies.iter().zip(frames).all(|(r, f)| agrees3(r, f))
    };
    match (reply, frame) {
        (Reply::Simple(t), Frame3::SimpleString { data, .. }) => t.as_bytes() == data,
        (Reply::Error(t), Frame3::SimpleError { data, .. }) => t == data,
        (Reply::Int(n), Frame3::Number { data, .. }) => n == data,
        (Reply::Bulk(b), Frame3::BlobString { data, .. }) => b == data,
        (Reply::Null, Frame3::Null) => true,
        (Reply::Double(x), Frame3::Double { data, .. }) => x == data,
        (Reply::Verbatim(b), Frame3::VerbatimString { data, format, .. }) => {
            *format == VerbatimStringFormat::Text && b == data
        }
        (Reply::Array(r), Frame3::Array { data, .. }) => all(r, data),
        (Reply::Push(r), Frame3::Push { data, .. }) => all(r, data),
        (Reply::Set(r), Frame3::Set { data, .. }) => {
            r.len() == data.len() && r.iter().all(|x| data.iter().any(|f| agrees3(x, f)))
        }
        (Reply::Map(r), Frame3::Map { data, .. }) => {
            let found = |(k, v): &(Reply, Reply)| {
                data.iter().any(|(fk, fv)| agrees3(k, fk) && agrees3(v, fv))
            };
            r.len() == data.len() && r.iter().all(found)
        }
        _ => false,
    }
}

proptest! {
    #[test]
    fn another_decoder_reads_the_same_reply_in_resp2(reply in any_reply()) {
        let bytes = reply.to_bytes(Proto::Resp2);
        let (frame, used) = redis_protocol::resp2::decode::decode(&bytes)?.expect("complete");
        prop_assert_eq!(used, bytes.len());
        prop_assert!(agrees2(&reply, &frame), "{:?} {:?}", reply, frame);
    }

    #[test]
    fn another_decoder_reads_the_same_reply_in_resp3(reply in any_reply()) {
        let bytes = reply.to_bytes(Proto::Resp3);
        let (frame, used) = redis_protocol::resp3::decode::complete::decode(&bytes)?.expect("complete");
        prop_assert_eq!(used, bytes.len());
        prop_assert!(agrees3(&reply, &frame), "{:?} {:?}", reply, frame);
    }
}

#[test]
fn another_decoder_reads_a_message_push() {
    let items: Vec<Reply> = ["message", "+sdown", "x"].map(Reply::bulk).into();
    let push = Reply::Push(items);
    let bytes = push.to_bytes(Proto::Resp3);
    let decoded = redis_protocol::resp3::decode::complete::decode(&bytes).expect("valid");
    assert!(agrees3(&push, &decoded.expect("complete").0));
}

#[test]
fn bytes_that_are_no_text_leave_an_error_as_they_came() {
    use super::super::text_of;
    let last = "\u{10fffd}\u{10ffff}\u{10ff0d}".as_bytes();
    for quoted in [
        b"\xff\xfe".as_slice(),
        b"a\xc3",
        "\u{e9}".as_bytes(),
        b"\xf4\x8f",
        last,
    ] {
        let mut out = BytesMut::new();
        Reply::error(text_of(quoted).into_owned()).encode(Proto::Resp2, &mut out);
        assert_eq!(out, [b"-", quoted, b"\r\n"].concat());
    }
}
