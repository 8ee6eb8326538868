//! `HELLO [version [AUTH user password] [SETNAME name]]`.

use bytes::Bytes;

use crate::commands::argument::Argument;
use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::commands::session::Session;
use crate::commands::settings::Settings;
use crate::commands::words;
use crate::resp::{Proto, Reply};

use super::auth::log_in;
use super::{BAD_NAME, printable};

/// For COMMAND DOCS.
pub const ARGUMENTS: &[Argument] = &[Argument::block(
    "arguments",
    &[
        Argument::integer("protover"),
        Argument::block(
            "auth",
            &[Argument::string("username"), Argument::string("password")],
        )
        .after("AUTH")
        .optional(),
        Argument::string("clientname").after("SETNAME").optional(),
    ],
)
.optional()];

const BAD_VERSION: &str = "ERR Protocol version is not an integer or out of range";
const UNSUPPORTED: &str = "NOPROTO unsupported protocol version";
const NOT_AUTHENTICATED: &str = "NOAUTH HELLO must be called with the client already authenticated, otherwise the \
                                 HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and \
                                 select the RESP protocol version at the same time";

/// Nothing of the connection changes unless everything is right.
pub fn run(request: Request<'_>) -> Next {
    let typed = &request.words[0];
    let args = request.args();
    greet(request.session, request.settings, typed, args).map_or_else(|next| next, Next::Reply)
}

type ErrorText = std::borrow::Cow<'static, str>;

fn greet(
    session: &mut Session,
    settings: &Settings,
    typed: &[u8],
    args: &[Bytes],
) -> Result<Reply, Next> {
    let refuse = |text: ErrorText| Next::Reply(Reply::Error(text));
    let proto = match args.first() {
        Some(version) => version_of(version).map_err(refuse)?,
        None => session.proto,
    };
    let options = read_options(args.get(1..).unwrap_or(&[])).map_err(refuse)?;
    if let Some((user, password)) = options.auth {
        log_in(session, settings, typed, user, password)?;
    }
    if settings.auth_required(session) {
        return Err(refuse(NOT_AUTHENTICATED.into()));
    }
    if let Some(name) = options.name {
        session.name = name;
    }
    session.proto = proto;
    Ok(description(session, settings))
}

fn version_of(word: &[u8]) -> Result<Proto, ErrorText> {
    match words::integer(word).ok_or(BAD_VERSION)? {
        2 => Ok(Proto::Resp2),
        3 => Ok(Proto::Resp3),
        _ => Err(UNSUPPORTED.into()),
    }
}

/// The options; of each the last one counts.
#[derive(Default)]
struct Options<'a> {
    auth: Option<(&'a [u8], &'a [u8])>,
    /// `Some(None)` clears the name.
    name: Option<Option<String>>,
}

fn read_options(mut rest: &[Bytes]) -> Result<Options<'_>, ErrorText> {
    let mut options = Options::default();
    loop {
        rest = match rest {
            [] => return Ok(options),
            [option, user, password, rest @ ..] if words::is(option, "auth") => {
                options.auth = Some((user, password));
                rest
            }
            [option, name, rest @ ..] if words::is(option, "setname") => {
                options.name = Some(printable(name).ok_or(BAD_NAME)?);
                rest
            }
            [option, ..] => {
                return Err(format!(
                    "ERR Syntax error in HELLO option '{}'",
                    words::shown(option)
                )
                .into());
            }
        };
    }
}

fn description(session: &Session, settings: &Settings) -> Reply {
    let proto = match session.proto {
        Proto::Resp2 => 2,
        Proto::Resp3 => 3,
    };
    Reply::Map(vec![
        (Reply::bulk("server"), Reply::bulk("redis")),
        (Reply::bulk("version"), Reply::bulk(&settings.redis_version)),
        (Reply::bulk("proto"), Reply::Int(proto)),
        (
            Reply::bulk("id"),
            Reply::Int(i64::try_from(session.id).unwrap_or(i64::MAX)),
        ),
        (Reply::bulk("mode"), Reply::bulk("sentinel")),
        (Reply::bulk("modules"), Reply::Array(Vec::new())),
    ])
}
