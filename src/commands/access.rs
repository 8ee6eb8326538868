//! Who may do what: joins the users, the command table, and what the configuration says of both.

use std::sync::Arc;

use crate::acl::{
    CommandFacts, NewChannels, RuleBook, RuleError, SetUserError, User, UserName, Users, masked,
    read_file,
};
use crate::config::{ServerConf, UserLine, Value};
use crate::core::notice::{Level, LogLine};
use crate::types::Secret;

use super::row::{CATEGORY_NAMES, Command, Flag};
use super::table;

/// What rules can name: the commands of the table and their categories.
pub fn rule_book(new_channels: NewChannels) -> Arc<RuleBook> {
    let own = table::TABLE.iter().map(|row| facts(row, None));
    let subs = table::TABLE.iter().flat_map(|container| {
        let subs = container.subcommands.iter();
        subs.map(move |row| facts(row, Some(container)))
    });
    Arc::new(RuleBook::new(
        &CATEGORY_NAMES,
        own.chain(subs),
        new_channels,
    ))
}

fn facts(row: &'static Command, container: Option<&'static Command>) -> CommandFacts {
    let rows = [Some(row), container];
    let mut categories: Vec<&'static str> = Vec::new();
    for category in rows.iter().flatten().flat_map(|row| row.class.categories) {
        if !categories.contains(&category.name()) {
            categories.push(category.name());
        }
    }
    CommandFacts {
        name: row.name,
        container: container.map(|row| row.name),
        has_subcommands: !row.subcommands.is_empty(),
        categories,
        alias_of: row.alias_of,
        open_to_all: row.has(Flag::NoAuth),
    }
}

/// Why a start ends at the users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsersRefused {
    /// Log lines before the last.
    pub before: Vec<String>,
    /// The last log line.
    pub last: String,
}

/// The users that a process starts with, and lines for its log. From here on the configuration
/// holds the `user` lines that are to be written. `read` reads the ACL file, if there is one; an
/// error is the operating system's text.
///
/// # Errors
/// A `user` line or the ACL file has a fault.
pub fn settle_users(
    conf: &mut ServerConf,
    read: impl FnOnce(&str) -> Result<Vec<u8>, String>,
) -> Result<(Users, Vec<LogLine>), UsersRefused> {
    let book = rule_book(new_channels(conf));
    let (users, log) = match &conf.aclfile {
        Some(path) => (users_of_file(path, read(path), &book)?, Vec::new()),
        None => users_of_lines(conf, book)?,
    };
    conf.users = user_lines(&users, conf.requirepass.as_ref());
    Ok((users, log))
}

fn users_of_file(
    path: &str,
    text: Result<Vec<u8>, String>,
    book: &Arc<RuleBook>,
) -> Result<Users, UsersRefused> {
    // Whatever requirepass says, the file alone counts for clients.
    let opened = text.map_err(|reason| unopened(path, &reason));
    let users = opened.and_then(|text| read_file(path, &text, book));
    users.map_err(|report| UsersRefused {
        before: Vec::new(),
        last: format!("Aborting Redis startup because of ACL errors: {report}"),
    })
}

/// The report on an ACL file that cannot be opened.
pub fn unopened(path: &str, reason: &str) -> String {
    format!("Error loading ACLs, opening file '{path}': {reason}")
}

/// `acl-pubsub-default`
fn new_channels(conf: &ServerConf) -> NewChannels {
    match conf.kept("acl-pubsub-default") {
        Some(Value::Word("allchannels")) => NewChannels::All,
        _ => NewChannels::None,
    }
}

/// `acllog-max-len`
pub fn acl_log_length(conf: &ServerConf) -> usize {
    match conf.kept("acllog-max-len") {
        Some(Value::Int(length)) => usize::try_from(*length).unwrap_or(usize::MAX),
        _ => 128,
    }
}

fn users_of_lines(
    conf: &ServerConf,
    book: Arc<RuleBook>,
) -> Result<(Users, Vec<LogLine>), UsersRefused> {
    let mut users = Users::new(Arc::clone(&book));
    let mut log = Vec::new();
    for line in &conf.users {
        let user = user_of(line, &book).map_err(refused)?;
        if !user.is_on() {
            let text = format!(
                "The user '{}' is disabled (there is no 'on' modifier in the user description). Make sure this is \
                 not a configuration error.",
                user.name().to_text()
            );
            log.push(LogLine::new(Level::Notice, text));
        }
        users.put(user);
    }
    let password = conf.requirepass.as_ref().map(Secret::reveal);
    let has_line = conf.users.iter().any(|line| is_default(&line.name));
    match password {
        Some(password) if !has_line => drop(users.put(User::default_user_with(password, &book))),
        Some(password) if !opens(&users, password) => {
            let text = "the password of requirepass is not one of the line 'user default': clients need a password \
                        of that line; requirepass is used towards other sentinels only";
            log.push(LogLine::new(Level::Warning, text.to_owned()));
        }
        _ => {}
    }
    Ok((users, log))
}

fn is_default(name: &[u8]) -> bool {
    name == UserName::DEFAULT.as_bytes().as_ref()
}

/// Whether this is one of the passwords of the user `default`, who has some.
fn opens(users: &Users, password: &[u8]) -> bool {
    let default_user = users.get(UserName::DEFAULT.as_bytes());
    default_user.is_some_and(|user| !user.is_nopass() && user.has_password(password))
}

/// What keeps a `user` line from being a user, with the name.
type Fault = (String, SetUserError);

fn user_of(line: &UserLine, book: &RuleBook) -> Result<User, Fault> {
    let shown = || String::from_utf8_lossy(&line.name).into_owned();
    let name = UserName::new(&line.name).ok_or_else(|| (shown(), SetUserError::Name))?;
    let user = User::new(name, book).edited(&line.rules, book);
    user.map_err(|error| (shown(), error))
}

fn refused((user, error): Fault) -> UsersRefused {
    let what = match error {
        SetUserError::Name => "Spaces not allowed in ACL usernames".to_owned(),
        SetUserError::Rule(rule, why @ RuleError::UnknownCommandOrCategory) => {
            let rule = masked(&rule);
            format!("Error loading ACL rule '{rule}' for the user named '{user}': {why}")
        }
        other => format!(
            "Error loading the ACL rules of the user named '{user}': {}",
            reason(&other)
        ),
    };
    UsersRefused {
        before: vec![what],
        last: "Critical error while loading ACLs. Exiting.".to_owned(),
    }
}

/// What is wrong with a `user` line while it is being read; unknown commands are only found when
/// all lines have been. The text shows no rule.
pub fn fault_of_line(line: &UserLine) -> Option<String> {
    match user_of(line, &rule_book(NewChannels::None)) {
        Err((_, SetUserError::Rule(_, RuleError::UnknownCommandOrCategory))) | Ok(_) => None,
        Err((_, error)) => Some(reason(&error)),
    }
}

fn reason(error: &SetUserError) -> String {
    match error {
        SetUserError::Name => "Spaces not allowed in ACL usernames".to_owned(),
        SetUserError::Unmatched(_) => "Unmatched parenthesis in acl selector".to_owned(),
        SetUserError::Rule(_, why) => why.to_string(),
    }
}

/// The `user` lines that the configuration file should have.
///
/// The line of the user `default` is left out while it is what `requirepass` alone makes of it:
/// written down, it would go on to count after the password of `requirepass` was changed.
pub fn user_lines(users: &Users, requirepass: Option<&Secret>) -> Vec<UserLine> {
    let implied = requirepass.map(|p| User::default_user_with(p.reveal(), users.book()));
    let written = users
        .iter()
        .filter(|user| Some(user.as_ref()) != implied.as_ref());
    let line = |user: &Arc<User>| UserLine {
        name: user.name().as_bytes().to_vec(),
        rules: user.rules(),
    };
    written.map(line).collect()
}
