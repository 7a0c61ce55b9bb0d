//! Everything that crosses threads, and nothing else does.
//!
//! One queue leads from the audio thread ([`Sender`]) to the writer thread ([`Receiver`]). It is two rings:
//!
//! | ring | an item is |
//! |---|---|
//! | frames | a block of `f` frames: the number `f`, then `f` samples of each channel of the take, or the history (planar) |
//! | marks | a [`Mark`](crate::core::take::Mark) (a take begins, a gap, the take ends, the history begins) with the length of all blocks before it |
//!
//! A mark is sent before the frames behind it. The writer looks for frames first and for marks then, so it knows all
//! marks that stand before the frames that it sees. Blocks are committed whole; the writer never sees half of one. Each
//! ring has a small tier that is in memory from the start and, where that does not last long, a large one behind it.
//!
//! Where the writer does not come to drain it, because the disk hangs, a watching thread moves what waits into a second
//! stage of memory ([`Relief`]).
//!
//! A host that stands still calls no `process()`. The [`Heartbeat`] shows it, and the writer follows the [`Switches`]
//! itself then.
//!
//! A mark rings the [`Bell`] that wakes a sleeping writer. Dropping the [`Sender`] says that nothing more comes; an open
//! take ends with it.
//!
//! What the editor shows goes through the atomics of [`Status`], meters through those of its [`Scope`], the waveform
//! through its [`Waveform`], the peaks of the export through those of its [`ExportPeaks`]. The texts that are saved with
//! the project go through [`Texts`], in revisions, so that a take keeps those of its first frame. What may hang is
//! asked for by an [`Errand`]. A writer that hangs is [left behind](join_within) and shows nothing any more
//! ([`WriterStatus`]). Capture from the window asks the writer through [`Captures`]. The takes on the disk come to the
//! window through a [`Library`]; how large those of other instances become says their [`Forecast`]. What the user prefers
//! in every project comes to it through [`Preferences`].

mod bell;
mod captures;
mod errand;
mod export;
mod forecast;
pub mod groups;
mod heartbeat;
mod joining;
mod library;
mod preferences;
mod queue;
mod ring;
mod scope;
mod second_stage;
mod status;
mod switches;
mod texts;
mod watch;
mod waveform;
mod writer_status;

pub use bell::Bell;
pub use captures::Captures;
pub use errand::Errand;
pub use export::ExportPeaks;
pub use forecast::Forecast;
pub use heartbeat::{Beat, Heartbeat, SinceLastBlock};
pub use joining::{NotJoined, join_within};
pub use library::{KeptTake, Library, LibraryNews};
pub use preferences::Preferences;
pub use queue::{Full, MAX_CHUNK_FRAMES, Message, Receiver, Sender, capacity, link};
pub use ring::Capacity;
pub use scope::{Level, MAX_METERS, Scope};
pub use second_stage::Relief;
pub(crate) use status::Gate;
pub use status::{MAX_REPORTS, RecorderState, Status, StatusSnapshot, TakeReport};
pub use switches::{STILL_AFTER, StillWatch, Switches};
pub use texts::{TextId, TextSet, Texts};
pub use watch::{Sign, Watched};
pub use waveform::{COLUMNS_PER_SECOND, Column, MAX_COLUMNS, Span, Waveform};
pub use writer_status::WriterStatus;
