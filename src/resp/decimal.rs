//! Numbers in decimal. Listings and headers are full of them, and the formatter of the standard
//! library costs more than all the rest of encoding.

/// The most digits of 64 bits.
const MOST: usize = 20;

/// The digits of a number.
#[derive(Clone, Copy, Debug)]
pub struct Decimal {
    digits: [u8; MOST],
    first: usize,
}

impl Decimal {
    /// Of this number, which has at most 64 bits.
    pub fn of(number: impl Into<i128>) -> Self {
        let number = number.into();
        let is_negative = number < 0;
        let mut number = u64::try_from(number.unsigned_abs()).unwrap_or(u64::MAX);
        let mut digits = [b'0'; MOST];
        let mut first = MOST;
        loop {
            first -= 1;
            digits[first] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        if is_negative && first > 0 {
            first -= 1;
            digits[first] = b'-';
        }
        Decimal { digits, first }
    }

    /// The digits as text.
    pub fn as_bytes(&self) -> &[u8] {
        &self.digits[self.first..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_those_of_the_standard_library() {
        let small = [0, 1, 9, 10, 99, 100, 65_535, -1, -10];
        let large = [u64::MAX.into(), i64::MAX.into(), i64::MIN.into()];
        for number in small.into_iter().chain(large) {
            let number: i128 = number;
            let text = number.to_string();
            assert_eq!(Decimal::of(number).as_bytes(), text.as_bytes());
        }
    }
}
