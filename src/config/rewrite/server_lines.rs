//! The lines of the generic directives and the users.

use super::RewriteFacts;
use super::page::{Key, Page};
use crate::config::directives::{self, Directive, Standing};
use crate::config::output_limits::{ClientClass, OutputLimits};
use crate::config::server_conf::{LogLevel, ServerConf, default_value};
use crate::config::value::{Kind, Value};

/// Writes them. `loglevel` is the level that was set since the start, if any.
pub fn put(page: &mut Page, server: &ServerConf, loglevel: Option<&str>, facts: &RewriteFacts) {
    for directive in directives::all() {
        let key = Key::Generic(directive.name);
        let value = match directive.name {
            "dir" => Some(Value::Text(facts.current_dir.clone().into())),
            "loglevel" => loglevel
                .and_then(LogLevel::from_word)
                .map(|level| Value::Word(level.as_str()))
                .or_else(|| server.current(directive)),
            _ => server.current(directive),
        };
        match value {
            _ if directive.standing == Standing::Dropped => {}
            Some(value) if is_unset(directive, &value) => {}
            Some(value) => {
                let line = [directive.name.as_bytes(), b" ", &value.write()].concat();
                if is_always_written(directive.name) || Some(value) != default_value(directive) {
                    page.put(key, line);
                } else {
                    page.put_if_present(key, line);
                }
            }
            // Unset: a line of it disappears. But of what has no meaning here and no line when
            // we started, the default is not known: a line added since is left alone.
            None if directive.standing == Standing::Foreign => page.leave(&key),
            None => {}
        }
    }
    put_output_limits(page, &server.output_limits);
    put_users(page, server);
}

/// Known from the reference's files: it writes these also when they are at their default.
fn is_always_written(name: &str) -> bool {
    matches!(
        name,
        "protected-mode" | "port" | "dir" | "latency-tracking-info-percentiles"
    )
}

/// An empty text is "unset" for directives that have no default text.
fn is_unset(directive: &Directive, value: &Value) -> bool {
    let empty = match value {
        Value::Text(text) => text.is_empty(),
        Value::Password(secret) => secret.reveal().is_empty(),
        _ => false,
    };
    let may_be_empty = directive.standing == Standing::Foreign && directive.kind == Kind::Text;
    empty && directive.default.is_none() && !may_be_empty
}

fn put_output_limits(page: &mut Page, limits: &OutputLimits) {
    for class in ClientClass::ALL {
        let limit = limits.of(class);
        let line = format!(
            "client-output-buffer-limit {} {}",
            class.as_str(),
            limit.write()
        );
        if limit == OutputLimits::default().of(class) {
            page.put_if_present(Key::OutputLimit(class), line.into_bytes());
        } else {
            page.put(Key::OutputLimit(class), line.into_bytes());
        }
    }
}

fn put_users(page: &mut Page, server: &ServerConf) {
    if server.aclfile.is_some() {
        return;
    }
    let mut users: Vec<_> = server.users.iter().collect();
    users.sort_by_key(|user| &user.name);
    for user in users {
        page.put(Key::User(user.name.clone()), user.write());
    }
}
