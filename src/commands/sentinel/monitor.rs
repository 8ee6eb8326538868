//! SENTINEL MONITOR name ip port quorum.

use bytes::Bytes;

use crate::commands::argument::Argument;
use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::commands::words::{has_control, integer, text, wrong_arity};
use crate::core::event::Instruction;
use crate::resp::Reply;
use crate::types::MasterName;

/// For COMMAND DOCS.
pub const ARGUMENTS: &[Argument] = &[
    Argument::string("name"),
    Argument::string("ip"),
    Argument::integer("port"),
    Argument::integer("quorum"),
];

/// The greatest quorum: what a signed 32-bit number holds, as the configuration file has it.
const MAX_QUORUM: i64 = 0x7fff_ffff;

/// Checks what can be checked here and leaves host, port range and duplicates, which come
/// after these checks, to the core.
pub fn run(request: Request<'_>) -> Next {
    let [name, host, port, quorum] = request.args() else {
        return Next::Reply(wrong_arity("sentinel|monitor"));
    };
    match read(name, host, port, quorum) {
        Ok(instruction) => Next::Instruct(instruction),
        Err(text) => Next::Reply(Reply::error(text)),
    }
}

fn read(
    name: &Bytes,
    host: &Bytes,
    port: &Bytes,
    quorum: &Bytes,
) -> Result<Instruction, &'static str> {
    let quorum = integer(quorum)
        .filter(|n| *n <= MAX_QUORUM)
        .ok_or("ERR Invalid quorum")?;
    let port = integer(port).ok_or("ERR Invalid port")?;
    let quorum = u32::try_from(quorum)
        .ok()
        .filter(|n| *n > 0)
        .ok_or("ERR Quorum must be 1 or greater.")?;
    let name = name_of(name)?;
    let host = text(host)
        .ok_or("ERR Invalid IP address or hostname specified")?
        .to_owned();
    Ok(Instruction::Monitor {
        name,
        host,
        port,
        quorum,
    })
}

/// A name that the configuration file can hold: one word.
fn name_of(word: &Bytes) -> Result<MasterName, &'static str> {
    if has_control(word) {
        return Err("ERR Master name must not contain control characters");
    }
    let name = text(word).ok_or("ERR Master name must be valid UTF-8")?;
    if name.is_empty() || name.contains(char::is_whitespace) {
        return Err("ERR Master name must not be empty or contain white space");
    }
    Ok(MasterName::new(name))
}
