//! Replacing a file so that it holds, after any crash, either the old or the new content.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{FallocateFlags, fallocate};
use rand::RngExt;

use super::super::conf_files::os_text;

/// Errors of creating or renaming the temporary file after which overwriting in place is tried:
/// EPERM, EACCES, EBUSY, EXDEV, EROFS as numbered by Linux.
const OVERWRITE_INSTEAD: [i32; 5] = [1, 13, 16, 18, 30];
/// EBUSY and EXDEV: the file is a mount of its own, which stays so.
const NEVER_RENAMES: [i32; 2] = [16, 18];
/// ENAMETOOLONG on Linux.
const NAME_TOO_LONG: i32 = 36;
/// Random names tried before giving up; each clash has a chance of one in 62^6.
const NAME_ATTEMPTS: usize = 8;

/// Why the file could not be written.
#[derive(Debug)]
pub struct Failure {
    /// The line that says which step failed, for steps that have one.
    pub specific: Option<String>,
    /// What the operating system said.
    pub error: io::Error,
}

impl Failure {
    /// A step without a line of its own.
    pub fn plain(error: io::Error) -> Self {
        Failure {
            specific: None,
            error,
        }
    }

    /// The old file could not be read.
    pub fn unreadable(error: io::Error) -> Self {
        let too_long = error.raw_os_error() == Some(NAME_TOO_LONG);
        let specific = too_long.then(|| "Config file full path is too long".to_owned());
        Failure { specific, error }
    }

    fn at(step: &str, error: io::Error) -> Self {
        let specific = Some(format!("{step} ({})", os_text(&error)));
        Failure { specific, error }
    }
}

/// Writes one file again and again.
#[derive(Debug)]
pub struct FileWriter {
    path: PathBuf,
    /// The mode of a new file, the umask applied.
    mode: u32,
    /// Renaming was found impossible for good.
    in_place: bool,
    /// The remark about overwriting in place was made.
    remarked: bool,
}

/// How far replacing by rename came.
enum Step {
    /// The temporary file could not be created, or not be renamed: the old file is untouched.
    Replace(Failure),
    /// Anything else.
    Other(Failure),
}

impl FileWriter {
    /// For the file at this path.
    pub fn new(path: PathBuf) -> Self {
        FileWriter::of_mode(path, 0o644)
    }

    /// For a file that is nobody else's business.
    pub fn private(path: PathBuf) -> Self {
        FileWriter::of_mode(path, 0o600)
    }

    fn of_mode(path: PathBuf, mode: u32) -> Self {
        FileWriter {
            path,
            mode: mode & !umask(),
            in_place: false,
            remarked: false,
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes `text` the content of the file, durably. Gives a line for the log when it had to
    /// overwrite the file in place for the first time.
    pub fn replace(&mut self, text: &[u8]) -> Result<Option<String>, Failure> {
        if self.in_place && overwrite(&self.path, text).is_ok() {
            return Ok(None);
        }
        let failure = match replace_by_rename(&self.path, self.mode, text) {
            Ok(()) => return Ok(None),
            Err(Step::Other(failure)) => return Err(failure),
            Err(Step::Replace(failure)) => failure,
        };
        let code = failure.error.raw_os_error().unwrap_or_default();
        if !OVERWRITE_INSTEAD.contains(&code) || overwrite(&self.path, text).is_err() {
            return Err(failure);
        }
        self.in_place = NEVER_RENAMES.contains(&code);
        if std::mem::replace(&mut self.remarked, true) {
            return Ok(None);
        }
        Ok(Some(format!(
            "WARNING: the configuration file {} cannot be replaced ({}), so it is overwritten in \
             place: a crash of the machine during a save can damage it",
            self.path.display(),
            os_text(&failure.error)
        )))
    }
}

fn replace_by_rename(path: &Path, mode: u32, text: &[u8]) -> Result<(), Step> {
    let create = |error| Step::Replace(Failure::at("Could not create tmp config file", error));
    let (temporary, file) = create_beside(path).map_err(create)?;
    let renamed = fill(file, mode, text).map_err(Step::Other).and_then(|()| {
        fs::rename(&temporary, path)
            .map_err(|e| Step::Replace(Failure::at("Could not rename tmp config file", e)))
    });
    if renamed.is_err() {
        // The first error is the one to tell.
        let _removed = fs::remove_file(&temporary);
    }
    renamed?;
    let sync = || File::open(directory_of(path))?.sync_all();
    sync().map_err(|e| Step::Other(Failure::at("Could not sync config file dir", e)))
}

fn create_beside(path: &Path) -> io::Result<(PathBuf, File)> {
    let mut clash = io::Error::from(io::ErrorKind::AlreadyExists);
    for _attempt in 0..NAME_ATTEMPTS {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{}", random_suffix()));
        match OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&name)
        {
            Ok(file) => return Ok((PathBuf::from(name), file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => clash = error,
            Err(error) => return Err(error),
        }
    }
    Err(clash)
}

fn random_suffix() -> String {
    let mut random = rand::rng();
    (0..6)
        .map(|_| char::from(random.sample(rand::distr::Alphanumeric)))
        .collect()
}

fn fill(mut file: File, mode: u32, text: &[u8]) -> Result<(), Failure> {
    let mut done = 0;
    while done < text.len() {
        match file.write(&text[done..]) {
            Ok(0) => return Err(written(done, io::ErrorKind::WriteZero.into())),
            Ok(count) => done += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(written(done, error)),
        }
    }
    let sync = |error| Failure::at("Could not sync tmp config file to disk", error);
    file.sync_all().map_err(sync)?;
    let chmod = |error| Failure::at("Could not chmod config file", error);
    file.set_permissions(Permissions::from_mode(mode))
        .map_err(chmod)
}

fn written(bytes: usize, error: io::Error) -> Failure {
    Failure::at(
        &format!("Failed after writing ({bytes}) bytes to tmp config file"),
        error,
    )
}

/// Writes over the old content; the length is cut only when the new content is there. The room is
/// reserved first, so that a full disk leaves the old content as it is; if writing fails all the
/// same, the old content is put back.
fn overwrite(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    reserve(&file, text.len())?;
    let mut old = Vec::new();
    file.read_to_end(&mut old)?;
    let written = fill_from_start(&mut file, text);
    if written.is_err() {
        // The first error is the one to tell.
        let _restored = fill_from_start(&mut file, &old);
    }
    written
}

fn fill_from_start(file: &mut File, text: &[u8]) -> io::Result<()> {
    file.rewind()?;
    file.write_all(text)?;
    file.set_len(text.len() as u64)?;
    file.sync_all()
}

/// Makes sure that this many bytes have room on the disk. A file system that cannot promise it is
/// written to without the promise.
fn reserve(file: &File, bytes: usize) -> io::Result<()> {
    let length = i64::try_from(bytes).unwrap_or(i64::MAX);
    match fallocate(file, FallocateFlags::FALLOC_FL_KEEP_SIZE, 0, length) {
        Err(errno @ (Errno::ENOSPC | Errno::EDQUOT | Errno::EIO)) => Err(errno.into()),
        _ => Ok(()),
    }
}

fn directory_of(path: &Path) -> &Path {
    path.parent()
        .filter(|dir| !dir.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// The umask of the process, which nothing in it changes. When the kernel does not tell, the
/// strictest one. (Asking takes 30 µs, measured; too long to do it at each write.)
fn umask() -> u32 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("Umask:"));
    line.and_then(|octal| u32::from_str_radix(octal.trim(), 8).ok())
        .unwrap_or(0o077)
}
