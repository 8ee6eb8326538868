//! Detectors: subjectively down (one sentinel's view of one record), objectively down (a quorum's
//! view of a master), TILT (no trust in our own clock).

mod explain;
mod odown;
mod sdown;
mod tilt;

pub(super) use tilt::Tilt;
