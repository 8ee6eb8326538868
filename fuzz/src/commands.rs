//! Commands of clients, carried out by a sentinel.

use std::str;

use bytes::BytesMut;
use rsentinel::commands::{
    AclStep, Next, PauseMode, ServerFacts, Session, Settings, dispatch, waits_for,
};
use rsentinel::core::view::AddressTable;
use rsentinel::resp::{Limits, Proto, Reply, RequestReader};

use super::life::Life;
use super::saved::{self, shown};

/// Every request is answered with well-formed replies; whatever it changes, the sentinel goes on
/// and can be restarted, with the same users.
pub fn judge(data: &[u8]) {
    let mut stage = Stage {
        life: Life::begin(),
        session: Session {
            id: 3,
            authenticated: true,
            ..Session::default()
        },
        settings: Settings::default(),
    };
    let mut reader = RequestReader::new(Limits::default());
    let mut buffer = BytesMut::from(data);
    while let Ok(Some(words)) = reader.read(&mut buffer, false) {
        let _ = waits_for(PauseMode::All, &stage.session, &stage.settings, &words);
        let next = dispatch(&mut stage.session, &stage.settings, &words);
        for reply in stage.carry_out(next) {
            for proto in [Proto::Resp2, Proto::Resp3] {
                is_one_reply(&reply, proto);
            }
        }
    }
    stage.life.run(1_000);
    stage.life.can_be_restarted();
    saved::users_read_back(&stage.settings.users.borrow());
}

struct Stage {
    life: Life,
    session: Session,
    settings: Settings,
}

impl Stage {
    /// The replies that do not depend on other connections or on the disk.
    fn carry_out(&mut self, next: Next) -> Vec<Reply> {
        match next {
            Next::Reply(reply) | Next::Denied(reply, _) => return vec![reply],
            Next::View(format) => return vec![format(&self.life.view())],
            Next::Facts(format) => {
                return vec![format(&self.life.view(), &ServerFacts::default())];
            }
            Next::Addresses(format) => return vec![format(&AddressTable::default())],
            Next::Subscribed(pushes) | Next::Unsubscribed(pushes) => return pushes,
            Next::Hello(text) => self.life.hear(&text),
            Next::AskDown(question) => self.life.asked(question),
            Next::Instruct(instruction) | Next::InstructThen(instruction, _) => {
                self.life.instruct(instruction);
            }
            Next::Acl(AclStep::Set(user)) => drop(self.settings.users.borrow_mut().put(*user)),
            Next::Acl(AclStep::Delete(names)) => {
                for name in names {
                    self.settings.users.borrow_mut().remove(&name);
                }
            }
            _ => {}
        }
        Vec::new()
    }
}

fn is_one_reply(reply: &Reply, proto: Proto) {
    let bytes = reply.to_bytes(proto);
    let rest = skip_reply(&bytes);
    assert_eq!(rest, Some(&b""[..]), "{}", shown(&bytes));
}

/// What follows the first reply in these bytes; `None` when they do not begin with one.
fn skip_reply(bytes: &[u8]) -> Option<&[u8]> {
    let end = bytes.windows(2).position(|pair| pair == b"\r\n")?;
    let (kind, text) = bytes[..end].split_first()?;
    let rest = &bytes[end + 2..];
    let number = || -> Option<i64> { str::from_utf8(text).ok()?.parse().ok() };
    let elements = match kind {
        b'+' | b'-' if !text.iter().any(|b| matches!(b, b'\r' | b'\n')) => 0,
        b':' => number().map(|_| 0)?,
        b'_' if text.is_empty() => 0,
        b',' => str::from_utf8(text).ok()?.parse::<f64>().map(|_| 0).ok()?,
        b'$' if text == b"-1" => 0,
        b'$' | b'=' => {
            let (body, rest) = rest.split_at_checked(usize::try_from(number()?).ok()?)?;
            if *kind == b'=' {
                body.strip_prefix(b"txt:")?;
            }
            return rest.strip_prefix(b"\r\n");
        }
        b'*' if text == b"-1" => 0,
        b'*' | b'~' | b'>' => number()?,
        b'%' => number()? * 2,
        _ => return None,
    };
    (0..elements).try_fold(rest, |rest, _| skip_reply(rest))
}
