//! `CLIENT SETINFO lib-name|lib-ver value`.

use crate::commands::argument::Argument;
use crate::commands::connection::printable;
use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::commands::words::{is, shown, wrong_arity};
use crate::resp::Reply;

/// For COMMAND DOCS.
pub const ARGUMENTS: &[Argument] = &[Argument::one_of(
    "attr",
    &[
        Argument::string("libname").after("LIB-NAME"),
        Argument::string("libver").after("LIB-VER"),
    ],
)];

/// Notes the client library's name or version; an empty value clears it.
pub fn run(request: Request<'_>) -> Next {
    let [attribute, value] = request.args() else {
        return Next::Reply(wrong_arity("client|setinfo"));
    };
    let session = request.session;
    let field = if is(attribute, "lib-name") {
        &mut session.lib_name
    } else if is(attribute, "lib-ver") {
        &mut session.lib_ver
    } else {
        return Next::Reply(Reply::error(format!(
            "ERR Unrecognized option '{}'",
            shown(attribute)
        )));
    };
    let Some(value) = printable(value) else {
        let attribute = shown(attribute);
        return Next::Reply(Reply::error(format!(
            "ERR {attribute} cannot contain spaces, newlines or special characters."
        )));
    };
    *field = value;
    Next::Reply(Reply::OK)
}
