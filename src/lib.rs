//! Audio File Out: an audio plugin (CLAP and VST3) that sits on a track, passes its sound through bit for bit and records
//! it to disk, to the exact sample.
//!
//! ```text
//! host buffers ─► rt::tap ─────► link: one queue ─────► disk::writer ─► encoder ─► file
//!                (audio thread)        │               (its own thread)
//!                     ▲                │                    ⇅ history of what passed before
//!                     │                ├ status (atomics), texts ─► editor (the window's thread)
//!                  params              └ status, peaks, texts ────► osc (its own thread) ─► UDP
//! ```
//!
//! # Which thread runs what
//! | module | thread |
//! |---|---|
//! | [`core`] | any: pure rules, no state of their own |
//! | [`rt`] | the host's audio thread |
//! | [`disk`] | one writer thread for each active instance, and one for each disk that long takes are brought to; the history goes from an activation's writer to the next one's through [`plugin`] |
//! | [`osc`] | one export thread for each active instance, only while its Export Method is not Off |
//! | [`editor`] | the window's thread |
//! | [`link::groups`] | audio threads touch its atomics; writers and windows what is behind its lock |
//! | [`link::Errand`] | one for each question that may hang: the next take's name, the takes of its folder and what is done to them, free space, the numbers of takes in the folders of a group, a font, the desktop, a name in the network |
//! | [`plugin`] | the framework's calls; each says which thread makes it |
//! | [`link`], [`params`] | what the threads share; the link's watch is one thread for all instances |
//!
//! Dependencies point one way, `core ← link ← {rt, disk, osc, editor} ← plugin`; [`params`] serves plugin and editor. Only
//! `plugin`, `params` and `editor` name the plugin framework, only `disk` an encoder or the file system, only `osc` the
//! network. A test keeps these walls.
//!
//! # What always holds
//! 1. Output equals input, bit for bit, with no latency, whatever the recorder does, also when it fails.
//! 2. A take holds exactly the frames that passed while record was on and pause was off, and before them those of the
//!    history that its pre-roll asks for. No frame is in two takes.
//! 3. The audio thread allocates nothing, takes no lock, writes no log, names no file, makes no system call and touches no
//!    memory for the first time. When the queue is full it waits only for a host that is not realtime ([`core::pacing`]);
//!    otherwise the frames are counted as lost and become silence of the same length.
//! 4. The file on disk plays at every moment and misses at most the last half second when the host is killed. Twice it is
//!    more: while a complete file is brought to the medium, what follows waits in memory; and MP3 with a variable bit
//!    rate that is encoded at 11,025 Hz holds back up to a second.
//! 5. No take replaces another one unless the user switched Unique Suffix off, and even then the old file stays until
//!    the new one is complete. A take that nobody started replaces nothing, and neither do the later files of any take.
//! 6. No file or folder is made before the first frame of a take. The writer thread starts in `activate`, sleeps while
//!    nothing is recorded, and is woken by one watching thread for all instances when a take begins or ends, and about once a
//!    second while history comes in. The same thread moves what the queue cannot hold into memory while the disk hangs.
//! 7. Takes end in `deactivate`, in `Drop` and on a new sample rate or channel count, with all that is queued written
//!    first. A disk that takes nothing for seconds is not waited for: the writer is left behind, completes the take
//!    when the disk comes back, and shows nothing any more ([`link::WriterStatus`]). An interruption by the host is not the
//!    user's: a reset, a stop of processing and a new activation of the same rate and layout leave the history alone, and
//!    a take whose Record stays on goes on as its next file.
//! 8. Nothing is sent, and no socket is there, unless the Export Method is on; no target, reached or not, ever holds up
//!    sound, take or host.
//! 9. The user's switches count within a second though no block comes: the writer follows them itself then, and one atomic
//!    ([`link::Heartbeat`]) decides whether it or the audio thread ends a take.
//! 10. Saved settings that are loaded while the host plays count at one moment: a take sees all of the old ones or all of
//!     the new ones. An open take keeps its Record and Pause.
//! 11. All files of a group's take hold the same frames of the song, to the sample where the host tells its position and to a
//!     block where it does not. Its audio threads share some atomics and wait for nobody ([`link::groups`]).
//! 12. No failure of the recorder reaches the host: no panic crosses the boundary, `process()` never answers an error.

pub mod core;
pub mod disk;
pub mod editor;
pub mod link;
pub mod osc;
pub mod params;
pub mod plugin;
pub mod rt;

pub use plugin::AudioFileOut;

nice_plug::nice_export_clap!(AudioFileOut);
nice_plug::nice_export_vst3!(AudioFileOut);
