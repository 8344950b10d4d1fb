//! The university's side: ask for presentations, judge what comes, and say why.
//!
//! ```text
//! assess(text, options) -> Assessment                         a credential or presentation, at rest or just received
//! University::create_request(spec) -> Created                 a link or QR code for the citizen's wallet
//! reader::scan(text of a QR code) -> reader::Step             the same in person, step by step
//! University::create_dc_api_request(spec) -> DcApiCreated     the same through a browser, as values
//! University::handle(HttpRequest) -> HttpResponse             the endpoints the wallet talks to
//! University::result(id) -> Finding                           what came, check by check
//! ```
//! Every check keeps its own outcome (lessons S1): an [`Assessment`] says of origin, integrity, validity, status,
//! binding and query whether it passed, failed or could not be told, with the evidence. Nothing is uploaded anywhere
//! (S3): lists are fetched, never persons. What cannot be told never counts as good.

mod assess;
mod assessment;
mod dc_api;
mod endpoints;
mod error;
mod evidence;
mod input;
mod judge;
mod person;
mod purpose;
pub mod reader;
mod session;
mod university;

pub use assess::{AssessOptions, FormatChoice, assess, assess_all};
pub use assessment::{Assessment, Check, CheckName, CheckOutcome, Verdict};
pub use dc_api::{DcApiCreated, DcApiSpec};
pub use error::{AnswerError, UniversityError};
pub use evidence::{Recheck, RecheckError, recheck};
pub use purpose::Purpose;
pub use session::{MemorySessions, Session, Sessions, SessionsError};
pub use university::{Created, Finding, Presented, RequestPrefix, RequestSpec, University, UniversityConfig};
