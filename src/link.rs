//! Everything that crosses threads, and nothing else does.
//!
//! One queue of 32-bit words leads from the audio thread ([`Sender`]) to the writer thread ([`Receiver`]). It carries,
//! in the order in which they happened,
//!
//! | message | words |
//! |---|---|
//! | a take begins | `Begin`, then what is fixed for the take, its channels among it |
//! | a block of `f` frames | `Frames`, `f`, then `f` samples of each channel of the take (planar, as bits) |
//! | `n` frames of silence, `l` of them lost | `Gap`, `n`, `l` (low and high word each) |
//! | the take ends | `End` |
//!
//! Where the writer does not come to drain it, because the disk hangs, a watching thread moves what waits into a second
//! stage of memory ([`Relief`]).
//!
//! A message is committed whole, so the writer never sees half of one. A mark rings the [`Bell`] that wakes a sleeping
//! writer. Dropping the [`Sender`] says that nothing more comes; an open take ends with it.
//!
//! What the editor shows goes through the atomics of [`Status`], meters and waveform through those of its [`Scope`], the
//! peaks of the export through those of its [`ExportPeaks`]. The texts that are saved with the project go through
//! [`Texts`], in revisions, so that a take keeps those of its first frame.

mod bell;
mod export;
mod queue;
mod scope;
mod second_stage;
mod status;
mod texts;
mod watch;

pub use bell::Bell;
pub use export::ExportPeaks;
pub use queue::{Full, MAX_CHUNK_FRAMES, Message, Receiver, Sender, capacity_words, link};
pub use scope::{COLUMNS_PER_SECOND, Column, Level, MAX_COLUMNS, MAX_METERS, Scope, Span};
pub use second_stage::Relief;
pub(crate) use status::Gate;
pub use status::{MAX_REPORTS, RecorderState, Status, StatusSnapshot, TakeReport};
pub use texts::{TextId, TextSet, Texts};
pub use watch::{Sign, Watched};
