//! Floor 1: bytes <-> protocol values, RESP2 and RESP3. Pure and incremental; no sockets.

mod decimal;
mod encode;
mod fields;
pub mod limits;
mod protocol_error;
mod raw_text;
mod reply;
mod request;
mod whole_request;

pub use decimal::Decimal;
pub use encode::{array, bulk};
pub use fields::{Fields, Name};
pub use protocol_error::ProtocolError;
pub use raw_text::text_of;
pub use reply::{Proto, Reply};
pub use request::{Limits, RequestReader};
pub use whole_request::{LONGEST_SHORT_WORD, WholeRequest, whole_request};
