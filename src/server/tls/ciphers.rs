//! Versions and ciphers. What this OpenSSL cannot honour is said, never passed over.

use openssl::error::ErrorStack;
use openssl::ssl::{SslContext, SslContextBuilder, SslMethod, SslOptions, SslVersion};

use crate::config::{Protocols, TlsConf};

/// Only the versions named may be spoken.
pub fn set_protocols(
    context: &mut SslContextBuilder,
    protocols: Protocols,
) -> Result<(), ErrorStack> {
    let all = [
        (protocols.tls1, SslVersion::TLS1, SslOptions::NO_TLSV1),
        (protocols.tls1_1, SslVersion::TLS1_1, SslOptions::NO_TLSV1_1),
        (protocols.tls1_2, SslVersion::TLS1_2, SslOptions::NO_TLSV1_2),
        (protocols.tls1_3, SslVersion::TLS1_3, SslOptions::NO_TLSV1_3),
    ];
    context.set_options(
        SslOptions::NO_SSLV2
            | SslOptions::NO_SSLV3
            | SslOptions::NO_COMPRESSION
            | SslOptions::NO_RENEGOTIATION,
    );
    for (wanted, _, without) in all {
        if !wanted {
            context.set_options(without);
        }
    }
    // A system's own lower bound would silently take away what the file names.
    let lowest = all.iter().find(|(wanted, ..)| *wanted);
    context.set_min_proto_version(lowest.map(|(_, version, _)| *version))
}

/// Says what the library will never speak at this security level.
///
/// # Errors
/// It will speak none of the versions at all.
pub fn judge_protocols(
    protocols: Protocols,
    security_level: u32,
) -> Result<Option<String>, String> {
    /// OpenSSL 3 counts the hashes of TLS 1.0 and 1.1 as unsafe at every level above 0.
    const OPENSSL_3: i64 = 0x3000_0000;
    let old = protocols.tls1 || protocols.tls1_1;
    if !old || security_level == 0 || openssl::version::number() < OPENSSL_3 {
        return Ok(None);
    }
    let text = format!(
        "tls-protocols: this OpenSSL speaks TLSv1 and TLSv1.1 only at security level 0, and it is \
         {security_level}; append '@SECLEVEL=0' to tls-ciphers to use them all the same"
    );
    if protocols.tls1_2 || protocols.tls1_3 {
        Ok(Some(text))
    } else {
        Err(text)
    }
}

/// Sets both lists of ciphers.
///
/// # Errors
/// The line for the log. The library passes over names it does not know as long as it knows one;
/// here each has to be known.
pub fn set(context: &mut SslContextBuilder, conf: &TlsConf) -> Result<(), String> {
    if let Some(list) = &conf.ciphers {
        let refused = || format!("Failed to configure ciphers: {list}");
        context.set_cipher_list(list).map_err(|_| refused())?;
        if let Some(name) = unknown(list, SslContextBuilder::set_cipher_list) {
            return Err(format!(
                "{}: this OpenSSL does not have '{name}'",
                refused()
            ));
        }
    }
    if let Some(list) = &conf.ciphersuites {
        let refused = || format!("Failed to configure ciphersuites: {list}");
        context.set_ciphersuites(list).map_err(|_| refused())?;
        if let Some(name) = unknown(list, SslContextBuilder::set_ciphersuites) {
            return Err(format!(
                "{}: this OpenSSL does not have '{name}'",
                refused()
            ));
        }
    }
    Ok(())
}

/// The first name of a list that adds nothing to it.
fn unknown(
    list: &str,
    set: impl Fn(&mut SslContextBuilder, &str) -> Result<(), ErrorStack>,
) -> Option<&str> {
    let names = list.split([':', ',', ' ']).filter(|name| !name.is_empty());
    // What takes away, sorts or sets the level may well match nothing.
    let mut adding = names.filter(|name| !name.starts_with(['!', '-', '+', '@']));
    adding.find(|name| {
        let plain = name.split('@').next().unwrap_or_default();
        if plain.split('+').all(|word| GROUPS.contains(&word)) {
            return false;
        }
        // A context of its own, because a list that is refused may leave its traces.
        let scratch = SslContext::builder(SslMethod::tls());
        scratch.is_ok_and(|mut scratch| set(&mut scratch, plain).is_err())
    })
}

/// The words for groups of ciphers in OpenSSL's grammar. Some are empty in a library of today,
/// which is no reason to refuse a list that holds them.
const GROUPS: &[&str] = &[
    "ALL",
    "COMPLEMENTOFALL",
    "DEFAULT",
    "COMPLEMENTOFDEFAULT",
    "HIGH",
    "MEDIUM",
    "LOW",
    "EXP",
    "EXPORT",
    "EXPORT40",
    "EXPORT56",
    "FIPS",
    "SUITEB128",
    "SUITEB128ONLY",
    "SUITEB192",
    "eNULL",
    "NULL",
    "aNULL",
    "kRSA",
    "aRSA",
    "RSA",
    "kDHr",
    "kDHd",
    "kDH",
    "kDHE",
    "kEDH",
    "DH",
    "DHE",
    "EDH",
    "ADH",
    "kEECDH",
    "kECDHE",
    "kECDH",
    "kECDHe",
    "kECDHr",
    "ECDHE",
    "EECDH",
    "ECDH",
    "AECDH",
    "aDSS",
    "DSS",
    "aDH",
    "aECDH",
    "aECDSA",
    "ECDSA",
    "TLSv1.3",
    "TLSv1.2",
    "TLSv1.0",
    "TLSv1",
    "SSLv3",
    "SSLv2",
    "AES128",
    "AES256",
    "AES",
    "AESGCM",
    "AESCCM",
    "AESCCM8",
    "ARIA128",
    "ARIA256",
    "ARIA",
    "ARIAGCM",
    "CAMELLIA128",
    "CAMELLIA256",
    "CAMELLIA",
    "CHACHA20",
    "3DES",
    "DES",
    "RC4",
    "RC2",
    "IDEA",
    "SEED",
    "MD5",
    "SHA1",
    "SHA",
    "SHA256",
    "SHA384",
    "aGOST",
    "aGOST01",
    "kGOST",
    "GOST94",
    "GOST89MAC",
    "PSK",
    "kPSK",
    "kECDHEPSK",
    "kDHEPSK",
    "kRSAPSK",
    "aPSK",
    "kSRP",
    "SRP",
    "aSRP",
    "CBC",
];
