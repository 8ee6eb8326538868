//! Counts replies in what arrives, without keeping it.

/// Where in a stream of RESP2 replies we are.
#[derive(Debug, Default)]
pub struct Replies {
    /// Values still to come of the reply that has begun, 0 between replies.
    missing: u64,
    /// Bytes of a bulk string, with the line end behind it, still to come.
    body: usize,
    header: Option<Header>,
    /// A short reply that came again and again: those that follow are mostly the same, and comparing
    /// is cheaper than reading.
    usual: Option<Vec<u8>>,
}

/// The longest [`Replies::usual`], in bytes.
const SHORT: usize = 128;

/// A line that has begun.
#[derive(Clone, Copy, Debug)]
struct Header {
    kind: u8,
    negative: bool,
    number: u64,
}

impl Replies {
    /// How many replies end in these bytes; an error reply is an error.
    pub fn count(&mut self, bytes: &[u8]) -> Result<u64, String> {
        if !self.is_between_replies() {
            return self.read(bytes);
        }
        let mut rest = bytes;
        let mut replies = 0;
        if let Some(usual) = &self.usual {
            while let Some(behind) = rest.strip_prefix(&usual[..]) {
                replies += 1;
                rest = behind;
            }
        }
        replies += self.read(rest)?;
        if self.usual.is_none() && replies > 0 && self.is_between_replies() {
            let length = bytes.len() / fit(replies)?;
            let is_usual =
                length <= SHORT && bytes.chunks(length).all(|one| *one == bytes[..length]);
            self.usual = is_usual.then(|| bytes[..length].to_vec());
        }
        Ok(replies)
    }

    fn is_between_replies(&self) -> bool {
        self.missing == 0 && self.body == 0 && self.header.is_none()
    }

    fn read(&mut self, mut bytes: &[u8]) -> Result<u64, String> {
        let mut replies = 0;
        loop {
            if self.body > 0 {
                let skipped = self.body.min(bytes.len());
                self.body -= skipped;
                bytes = &bytes[skipped..];
                if self.body > 0 {
                    return Ok(replies);
                }
                replies += self.value_done();
            }
            let Some((end, header)) = self.line(bytes)? else {
                return Ok(replies);
            };
            bytes = &bytes[end..];
            self.missing = self.missing.max(1);
            match header.kind {
                b'$' if !header.negative => self.body = fit(header.number)? + 2,
                b'*' if !header.negative && header.number > 0 => self.missing += header.number - 1,
                _ => replies += self.value_done(),
            }
        }
    }

    /// The line that ends in these bytes, and where.
    fn line(&mut self, bytes: &[u8]) -> Result<Option<(usize, Header)>, String> {
        let mut header = self.header.take();
        for (at, byte) in bytes.iter().enumerate() {
            match (&mut header, byte) {
                (Some(header), b'\n') => return Ok(Some((at + 1, *header))),
                (Some(header), b'0'..=b'9') => {
                    header.number = header.number * 10 % (1 << 40) + u64::from(byte - b'0');
                }
                (Some(header), b'-') => header.negative = true,
                (Some(_), _) => {}
                (None, b'-') => {
                    let line = String::from_utf8_lossy(&bytes[at..]);
                    return Err(format!("an error reply: {:.100}", line));
                }
                (None, b'+' | b':' | b'$' | b'*') => {
                    header = Some(Header {
                        kind: *byte,
                        negative: false,
                        number: 0,
                    });
                }
                (None, other) => return Err(format!("not a reply: byte {other}")),
            }
        }
        self.header = header;
        Ok(None)
    }

    /// 1 when that was the last value of a reply.
    fn value_done(&mut self) -> u64 {
        self.missing -= 1;
        u64::from(self.missing == 0)
    }
}

fn fit(number: u64) -> Result<usize, String> {
    usize::try_from(number).map_err(|_| format!("a reply of {number} bytes"))
}
