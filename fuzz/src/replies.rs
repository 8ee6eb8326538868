//! Replies of servers and peers.
//!
//! The first byte of the input says how long the pieces are in which it arrives.

use rsentinel::wire::frame::FrameError;
use rsentinel::wire::{
    Frame, FrameReader, coordinated, handshake, hello, info, is_master_down, ping, replicaof,
};

use super::memory::bounded;

/// The same replies and the same error however the bytes are cut; what was read, written again,
/// reads the same; every reader of replies bears every reply.
pub fn judge(data: &[u8]) {
    let [piece, input @ ..] = data else { return };
    let (frames, error) = bounded(input.len(), 64, || read([input]));
    let pieces = input.chunks(1 + usize::from(*piece));
    assert_eq!(read(pieces), (frames.clone(), error));
    for frame in &frames {
        let mut again = Vec::new();
        write(frame, &mut again);
        assert_eq!(read([&again[..]]), (vec![frame.clone()], None));
        understand(frame);
    }
    for length in 1..=frames.len().min(8) {
        for transaction in frames.windows(length) {
            let _ = replicaof::outcome(transaction);
            let _ = coordinated::outcome(transaction);
            let _ = coordinated::released(transaction);
        }
    }
}

fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Frame>, Option<FrameError>) {
    let mut reader = FrameReader::default();
    let mut frames = Vec::new();
    for piece in pieces {
        reader.push(piece);
        loop {
            match reader.next_frame() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (frames, Some(error)),
            }
        }
    }
    (frames, None)
}

fn write(frame: &Frame, out: &mut Vec<u8>) {
    match frame {
        Frame::Status(text) => line(b'+', text, out),
        Frame::Error(text) => line(b'-', text, out),
        Frame::Integer(number) => line(b':', number.to_string().as_bytes(), out),
        Frame::Null => out.extend(b"$-1\r\n"),
        Frame::Bulk(bytes) => {
            line(b'$', bytes.len().to_string().as_bytes(), out);
            out.extend(bytes);
            out.extend(b"\r\n");
        }
        Frame::Array(items) => {
            line(b'*', items.len().to_string().as_bytes(), out);
            for item in items {
                write(item, out);
            }
        }
    }
}

fn line(kind: u8, text: &[u8], out: &mut Vec<u8>) {
    out.push(kind);
    out.extend(text);
    out.extend(b"\r\n");
}

/// What ends up in a log line is one line.
fn understand(frame: &Frame) {
    let shown = [
        handshake::read_auth(frame).err(),
        handshake::read_refusal(frame).err(),
        info::read(frame).err(),
        coordinated::unpaused(frame).err(),
        frame.error_text(),
    ];
    for text in shown.into_iter().flatten() {
        assert!(!text.contains(char::is_control), "{text:?}");
    }
    let _ = ping::classify(frame);
    let _ = hello::heard(frame);
    if let Some((_, epoch)) = is_master_down::read(frame).and_then(|reply| reply.vote) {
        assert!(epoch <= rsentinel::types::Epoch::MAX);
    }
}
