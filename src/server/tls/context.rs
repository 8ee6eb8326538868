//! From the configuration to OpenSSL's contexts, one for each direction.

use std::fs;
use std::io;
use std::path::Path;

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::dh::Dh;
use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Params, Private};
use openssl::ssl::{
    SslContext, SslContextBuilder, SslMethod, SslMode, SslOptions, SslSessionCacheMode,
    SslVerifyMode,
};

use crate::config::{AuthClients, Identity, SessionCache, TlsConf};
use crate::server::conf_files::os_text;

use super::ciphers;
use super::failure::{library_text, system_text};

/// What new connections are made from.
pub struct Contexts {
    /// For clients that connect to us.
    pub server: SslContext,
    /// For our connections to servers and peers.
    pub client: SslContext,
    /// What the operator should know of them.
    pub warnings: Vec<String>,
}

/// Reads all files.
///
/// # Errors
/// The line for the log that names the file, or the directive, and why.
pub fn build(conf: &TlsConf) -> Result<Contexts, String> {
    let mut server = common(conf, &conf.identity, "tls-key-file-pass")?;
    server.set_verify(match conf.auth_clients {
        AuthClients::No => SslVerifyMode::NONE,
        AuthClients::Optional => SslVerifyMode::PEER,
        AuthClients::Yes => SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT,
    });
    if conf.prefer_server_ciphers {
        server.set_options(SslOptions::CIPHER_SERVER_PREFERENCE);
    }
    remember_sessions(&mut server, conf.session_cache).map_err(no_setup)?;
    set_dh_params(&mut server, conf.dh_params_file.as_deref())?;

    let mut client = match &conf.client_identity {
        Some(own) => common(conf, own, "tls-client-key-file-pass")?,
        None => common(conf, &conf.identity, "tls-key-file-pass")?,
    };
    client.set_verify(SslVerifyMode::PEER);

    let (server, client) = (server.build(), client.build());
    let identities = [
        (&server, Some(&conf.identity)),
        (&client, conf.client_identity.as_ref()),
    ];
    let mut warnings: Vec<String> = identities
        .into_iter()
        .filter_map(|(context, identity)| warn_of_age(context, &identity?.cert_file))
        .collect();
    warnings.extend(ciphers::judge_protocols(
        conf.protocols,
        server.security_level(),
    )?);
    Ok(Contexts {
        server,
        client,
        warnings,
    })
}

/// What both directions share.
fn common(
    conf: &TlsConf,
    identity: &Identity,
    pass_directive: &str,
) -> Result<SslContextBuilder, String> {
    let mut context = SslContext::builder(SslMethod::tls()).map_err(no_setup)?;
    // What is left of a write is offered again from wherever it lies by then; an idle connection
    // keeps no buffers.
    context.set_mode(
        SslMode::ENABLE_PARTIAL_WRITE
            | SslMode::ACCEPT_MOVING_WRITE_BUFFER
            | SslMode::RELEASE_BUFFERS,
    );
    ciphers::set_protocols(&mut context, conf.protocols).map_err(no_setup)?;
    set_identity(&mut context, identity, pass_directive)?;
    let (file, dir) = (&conf.ca_cert_file, &conf.ca_cert_dir);
    if file.is_some() || dir.is_some() {
        context
            .load_verify_locations(file.as_ref().map(Path::new), dir.as_ref().map(Path::new))
            .map_err(|stack| {
                let text = library_text(&stack);
                format!("Failed to configure CA certificate(s) file/directory: {text}")
            })?;
    }
    ciphers::set(&mut context, conf)?;
    Ok(context)
}

fn no_setup(stack: ErrorStack) -> String {
    format!("Failed to set up TLS: {}", library_text(&stack))
}

fn set_identity(
    context: &mut SslContextBuilder,
    identity: &Identity,
    pass_directive: &str,
) -> Result<(), String> {
    let Identity {
        cert_file,
        key_file,
        ..
    } = identity;
    context
        .set_certificate_chain_file(cert_file)
        .map_err(|stack| {
            let text = library_text(&stack);
            format!("Failed to load certificate: {cert_file}: {text}")
        })?;
    let no_key = |text: String| format!("Failed to load private key: {key_file}: {text}");
    let key = private_key(identity, pass_directive).map_err(no_key)?;
    context
        .set_private_key(&key)
        .map_err(|stack| no_key(library_text(&stack)))
}

fn private_key(identity: &Identity, pass_directive: &str) -> Result<PKey<Private>, String> {
    let pem = fs::read(&identity.key_file).map_err(|e| system_text(&e))?;
    let mut asked = false;
    let key = PKey::private_key_from_pem_callback(&pem, |space| {
        asked = true;
        let pass = identity.key_pass.as_ref().map(|p| p.reveal());
        match pass.and_then(|pass| Some((pass, space.get_mut(..pass.len())?))) {
            Some((pass, space)) => {
                space.copy_from_slice(pass);
                Ok(pass.len())
            }
            None => Err(ErrorStack::get()),
        }
    });
    key.map_err(|stack| match &identity.key_pass {
        None if asked => format!("the key is encrypted, and {pass_directive} is not set"),
        _ => library_text(&stack),
    })
}

/// Sessions end with the context, which is made anew when their time is over; see
/// [`super::certificates`].
fn remember_sessions(
    context: &mut SslContextBuilder,
    cache: Option<SessionCache>,
) -> Result<(), ErrorStack> {
    let Some(cache) = cache else {
        context.set_session_cache_mode(SslSessionCacheMode::OFF);
        context.set_options(SslOptions::NO_TICKET);
        return context.set_num_tickets(0);
    };
    context.set_session_cache_mode(SslSessionCacheMode::SERVER);
    context.set_session_cache_size(i32::try_from(cache.size).unwrap_or(i32::MAX));
    context.set_session_id_context(b"rsentinel")
}

fn set_dh_params(context: &mut SslContextBuilder, file: Option<&str>) -> Result<(), String> {
    let Some(file) = file else {
        let fitting = fitting_dh_params().and_then(|dh| context.set_tmp_dh(&dh));
        return fitting.map_err(no_setup);
    };
    let pem =
        fs::read(file).map_err(|e: io::Error| format!("Failed to load {file}: {}", os_text(&e)))?;
    let unreadable = |_| format!("{file}: failed to read DH params.");
    let dh = Dh::params_from_pem(&pem).map_err(unreadable)?;
    context
        .set_tmp_dh(&dh)
        .map_err(|stack| format!("{file}: {}", library_text(&stack)))
}

/// As strong as a usual key: the group of 3072 bits of RFC 3526.
fn fitting_dh_params() -> Result<Dh<Params>, ErrorStack> {
    Dh::from_pqg(
        BigNum::get_rfc3526_prime_3072()?,
        None,
        BigNum::from_u32(2)?,
    )
}

fn warn_of_age(context: &SslContext, file: &str) -> Option<String> {
    let certificate = context.certificate()?;
    let now = Asn1Time::days_from_now(0).ok()?;
    if certificate.not_after() < now {
        let end = certificate.not_after();
        return Some(format!(
            "The certificate in {file} has expired: it was valid until {end}"
        ));
    }
    if certificate.not_before() > now {
        let begin = certificate.not_before();
        return Some(format!(
            "The certificate in {file} is not valid before {begin}"
        ));
    }
    None
}
