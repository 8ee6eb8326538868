//! Whether there is TLS, and for what.

use std::sync::Arc;

use crate::config::{ServerConf, TlsConf};
use crate::core::notice::Level;
use crate::ext::{self, Outgoing};
use crate::process::fatal::FatalStart;
use crate::process::logging;
use crate::server::monitor::Encryption;
use crate::server::tls::{self, Naming, Tls};

/// Sets TLS up, if something asks for it.
pub(super) fn set_up(conf: &ServerConf, ext: &ext::Tls) -> Result<Option<Tls>, FatalStart> {
    let started = settings(conf, ext).and_then(|settings| {
        let Some(settings) = settings else {
            return Ok(None);
        };
        for line in conf.tls_without_effect() {
            logging::line(Level::Warning, &line);
        }
        tls::start(settings, Arc::new(logging::emit)).map(Some)
    });
    started.map_err(|reason| {
        logging::line(Level::Warning, &reason);
        FatalStart::Logged("Failed to configure TLS. Check logs for more info.".into())
    })
}

/// Reads all that a start would read, and forgets it; the warnings of a start.
///
/// # Errors
/// Why a start would end.
pub(super) fn check(conf: &ServerConf, ext: &ext::Tls) -> Result<Vec<String>, String> {
    let Some(settings) = settings(conf, ext)? else {
        return Ok(Vec::new());
    };
    let mut warnings = conf.tls_without_effect();
    warnings.extend(tls::check(&settings)?);
    Ok(warnings)
}

/// How outgoing connections are encrypted.
pub(super) fn encryption(conf: &ServerConf, ext: &ext::Tls, tls: Option<&Tls>) -> Encryption {
    let links = |direction: &Outgoing| {
        let links = tls?.links.clone();
        is_encrypted(conf, direction).then(|| {
            links.named(Naming {
                verify: direction.verify_name,
                name: direction.server_name.as_deref().map(Arc::from),
            })
        })
    };
    Encryption {
        to_servers: links(&ext.to_servers),
        to_sentinels: links(&ext.to_sentinels),
    }
}

/// `None` while nothing asks for TLS.
fn settings(conf: &ServerConf, ext: &ext::Tls) -> Result<Option<TlsConf>, String> {
    let outgoing = [
        ("tls.to-servers", &ext.to_servers),
        ("tls.to-sentinels", &ext.to_sentinels),
    ];
    let outgoing = outgoing.into_iter().find(|(_, d)| is_encrypted(conf, d));
    let by_ext = || outgoing.map(|(name, _)| format!("{name}.enabled = true in rsentinel.toml"));
    let Some(asks) = conf.asks_for_tls().or_else(by_ext) else {
        return Ok(None);
    };
    tls::is_built().map_err(|reason| format!("{asks}: {reason}"))?;
    conf.tls(outgoing.is_some()).map(Some)
}

/// Whether connections of this direction use TLS.
fn is_encrypted(conf: &ServerConf, direction: &Outgoing) -> bool {
    direction.enabled.unwrap_or_else(|| conf.tls_replication())
}
