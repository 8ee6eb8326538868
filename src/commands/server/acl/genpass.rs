//! `ACL GENPASS [bits]`.

use crate::acl::{self, GENPASS_BYTES};
use crate::commands::next::{AclStep, Next};
use crate::commands::row::Request;
use crate::commands::words::{NOT_AN_INTEGER, integer};
use crate::resp::Reply;

const BAD_BITS: &str = "ERR ACL GENPASS argument must be the number of bits for the output password, a positive \
                        number up to 4096";
const MOST_BITS: u16 = 4096;
const BITS: u16 = 256;

/// A password that nobody can guess.
pub fn run(request: Request<'_>) -> Next {
    let bits = match request.args() {
        [] => BITS,
        [bits] => match integer(bits) {
            None => return Next::Reply(Reply::error(NOT_AN_INTEGER)),
            Some(bits) => match u16::try_from(bits) {
                Ok(bits @ 1..=MOST_BITS) => bits,
                _ => return Next::Reply(Reply::error(BAD_BITS)),
            },
        },
        _ => return Next::Reply(super::wrong_shape(request.words)),
    };
    Next::Acl(AclStep::GenPass(bits))
}

/// The answer, from random bytes.
pub fn genpass_reply(bits: u16, random: &[u8; GENPASS_BYTES]) -> Reply {
    Reply::bulk(&acl::genpass(bits, random))
}
