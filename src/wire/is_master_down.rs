//! `SENTINEL is-master-down-by-addr`: asking a peer for its opinion and perhaps for its vote.

use crate::types::{Epoch, RunId};

use super::command::{Renames, write};
use super::frame::Frame;
use super::hello::MAX_PAYLOAD;
use super::types::DownReply;

/// Appends the request. `host` is the master's host in announce form; `candidate` is the own id
/// to request a vote, `None` (written `*`) for the opinion alone.
pub fn encode(
    words: &Renames,
    host: &str,
    port: u16,
    epoch: Epoch,
    candidate: Option<&RunId>,
    out: &mut Vec<u8>,
) {
    let args: [&[u8]; 5] = [
        b"is-master-down-by-addr",
        host.as_bytes(),
        &port.to_string().into_bytes(),
        &epoch.to_string().into_bytes(),
        candidate.map_or("*", RunId::as_str).as_bytes(),
    ];
    write(words, "SENTINEL", &args, out);
}

/// Reads the reply; `None` unless it is an array of an integer, a string and an integer, because
/// nothing else counts as an answer.
pub fn read(reply: &Frame) -> Option<DownReply> {
    let Frame::Array(items) = reply else {
        return None;
    };
    let [
        Frame::Integer(down),
        Frame::Bulk(leader),
        Frame::Integer(epoch),
    ] = items.as_slice()
    else {
        return None;
    };
    let epoch = u64::try_from(*epoch).ok().and_then(Epoch::new);
    // One that is too long to be anybody's id is no vote: it would be kept.
    let is_vote = leader.as_ref() != b"*" && leader.len() <= MAX_PAYLOAD;
    let leader = is_vote.then(|| RunId::new(&String::from_utf8_lossy(leader)));
    Some(DownReply {
        down: *down == 1,
        vote: leader.zip(epoch),
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn reply(down: i64, leader: &'static str, epoch: i64) -> Frame {
        let leader = Frame::Bulk(Bytes::from_static(leader.as_bytes()));
        Frame::Array(vec![Frame::Integer(down), leader, Frame::Integer(epoch)])
    }

    #[test]
    fn the_request_has_six_words_and_a_lower_case_subcommand() {
        let mut out = Vec::new();
        let epoch = Epoch::new(12).unwrap();
        encode(&Renames::new(), "10.0.0.1", 6379, epoch, None, &mut out);
        let expected = b"*6\r\n$8\r\nSENTINEL\r\n$22\r\nis-master-down-by-addr\r\n\
            $8\r\n10.0.0.1\r\n$4\r\n6379\r\n$2\r\n12\r\n$1\r\n*\r\n";
        assert_eq!(out, expected);
        out.clear();
        encode(
            &Renames::new(),
            "h",
            1,
            Epoch::ZERO,
            Some(&RunId::new("abc")),
            &mut out,
        );
        assert!(out.ends_with(b"$1\r\nh\r\n$1\r\n1\r\n$1\r\n0\r\n$3\r\nabc\r\n"));
    }

    #[test]
    fn an_opinion_without_a_vote_reads_as_such() {
        assert_eq!(
            read(&reply(1, "*", 0)),
            Some(DownReply {
                down: true,
                vote: None
            })
        );
        assert_eq!(
            read(&reply(0, "*", 7)),
            Some(DownReply {
                down: false,
                vote: None
            })
        );
        assert_eq!(
            read(&reply(2, "*", 7)),
            Some(DownReply {
                down: false,
                vote: None
            })
        );
    }

    #[test]
    fn a_vote_carries_identity_and_epoch() {
        let vote = Some((RunId::new("abc"), Epoch::new(7).unwrap()));
        assert_eq!(
            read(&reply(0, "abc", 7)),
            Some(DownReply { down: false, vote })
        );
    }

    #[test]
    fn a_vote_of_an_epoch_out_of_range_is_no_vote() {
        assert_eq!(
            read(&reply(1, "abc", -1)),
            Some(DownReply {
                down: true,
                vote: None
            })
        );
    }

    #[test]
    fn a_vote_for_an_id_that_is_too_long_is_no_vote() {
        let nobody: &'static str = "a".repeat(MAX_PAYLOAD + 1).leak();
        let down = read(&reply(1, nobody, 7)).expect("an answer");
        assert_eq!((down.down, down.vote), (true, None));
    }

    #[test]
    fn a_reply_of_another_shape_is_no_answer() {
        let star = || Frame::Bulk(Bytes::from_static(b"*"));
        let one = || Frame::Integer(1);
        let table = [
            Frame::Null,
            Frame::Error(Bytes::from_static(b"ERR x")),
            Frame::Array(vec![]),
            Frame::Array(vec![one(), star()]),
            Frame::Array(vec![one(), star(), one(), one()]),
            Frame::Array(vec![one(), Frame::Null, one()]),
            Frame::Array(vec![star(), star(), one()]),
            Frame::Array(vec![one(), Frame::Status(Bytes::from_static(b"*")), one()]),
        ];
        for reply in table {
            assert_eq!(read(&reply), None, "{reply:?}");
        }
    }
}
