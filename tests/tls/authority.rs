//! Certificates for tests: an authority, and what it issues.

use std::fs;
use std::path::{Path, PathBuf};

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::symm::Cipher;
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use openssl::x509::{X509, X509Builder, X509Name, X509NameRef};

const DAY_S: i64 = 24 * 3600;

/// An authority whose certificate lies in a file.
pub struct Authority {
    certificate: X509,
    key: PKey<Private>,
    directory: PathBuf,
    /// Its certificate.
    pub file: PathBuf,
}

/// A certificate and its key in files.
#[derive(Clone)]
pub struct Issued {
    pub cert: PathBuf,
    pub key: PathBuf,
}

/// What a certificate says.
#[derive(Clone, Copy)]
pub struct Wish<'a> {
    /// The name of the files and of the subject.
    pub name: &'a str,
    /// The names it is for.
    pub dns: &'a [&'a str],
    /// It is for 127.0.0.1 too.
    pub ip: bool,
    /// From and to, in days from now.
    pub days: (i64, i64),
    /// An RSA key instead of one on a curve.
    pub rsa: bool,
    /// Encrypts the key.
    pub pass: Option<&'a str>,
}

/// A usual certificate of this name.
pub fn wish(name: &str) -> Wish<'_> {
    Wish {
        name,
        dns: &[],
        ip: true,
        days: (-1, 30),
        rsa: false,
        pass: None,
    }
}

impl Authority {
    pub fn new(directory: &Path, name: &str) -> Authority {
        let key = new_key();
        let subject = subject(name);
        let mut builder = builder(&key, &subject, &subject, (-1, 60));
        let ca = BasicConstraints::new().critical().ca().build().unwrap();
        builder.append_extension(ca).unwrap();
        builder.sign(&key, MessageDigest::sha256()).unwrap();
        let certificate = builder.build();
        let file = directory.join(format!("{name}.crt"));
        fs::write(&file, certificate.to_pem().unwrap()).unwrap();
        Authority {
            certificate,
            key,
            directory: directory.to_owned(),
            file,
        }
    }

    /// Issues what is wished for; an older one of that name is replaced.
    pub fn issue(&self, wish: Wish<'_>) -> Issued {
        let key = if wish.rsa {
            PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap()
        } else {
            new_key()
        };
        let issuer = self.certificate.subject_name();
        let mut builder = builder(&key, &subject(wish.name), issuer, wish.days);
        let mut names = SubjectAlternativeName::new();
        if wish.ip {
            names.ip("127.0.0.1");
        }
        wish.dns.iter().for_each(|name| {
            names.dns(name);
        });
        let names = names
            .build(&builder.x509v3_context(Some(&self.certificate), None))
            .unwrap();
        builder.append_extension(names).unwrap();
        builder.sign(&self.key, MessageDigest::sha256()).unwrap();
        let issued = Issued {
            cert: self.directory.join(format!("{}.crt", wish.name)),
            key: self.directory.join(format!("{}.key", wish.name)),
        };
        let pem = match wish.pass {
            None => key.private_key_to_pem_pkcs8(),
            Some(pass) => {
                key.private_key_to_pem_pkcs8_passphrase(Cipher::aes_256_cbc(), pass.as_bytes())
            }
        };
        fs::write(&issued.key, pem.unwrap()).unwrap();
        fs::write(&issued.cert, builder.build().to_pem().unwrap()).unwrap();
        issued
    }

    /// Lines that trust this authority.
    pub fn trusted(&self) -> Vec<String> {
        vec![format!("tls-ca-cert-file {}", self.file.display())]
    }
}

impl Issued {
    /// Lines that show this certificate.
    pub fn shown(&self) -> Vec<String> {
        vec![
            format!("tls-cert-file {}", self.cert.display()),
            format!("tls-key-file {}", self.key.display()),
        ]
    }
}

fn new_key() -> PKey<Private> {
    let curve = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    PKey::from_ec_key(EcKey::generate(&curve).unwrap()).unwrap()
}

fn subject(name: &str) -> X509Name {
    let mut subject = X509Name::builder().unwrap();
    subject.append_entry_by_text("CN", name).unwrap();
    subject.build()
}

fn builder(
    key: &PKey<Private>,
    subject: &X509NameRef,
    issuer: &X509NameRef,
    (from, to): (i64, i64),
) -> X509Builder {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let now = i64::try_from(now.as_secs()).unwrap();
    let at = |days: i64| Asn1Time::from_unix(now + days * DAY_S).unwrap();
    let mut serial = BigNum::new().unwrap();
    serial
        .rand(128, openssl::bn::MsbOption::MAYBE_ZERO, false)
        .unwrap();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder
        .set_serial_number(&serial.to_asn1_integer().unwrap())
        .unwrap();
    builder.set_subject_name(subject).unwrap();
    builder.set_issuer_name(issuer).unwrap();
    builder.set_not_before(&at(from)).unwrap();
    builder.set_not_after(&at(to)).unwrap();
    builder.set_pubkey(key).unwrap();
    builder
}
