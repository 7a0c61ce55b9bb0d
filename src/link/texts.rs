//! Texts that are saved with the project, and the track's name: long-lived strings that a take needs as they were at
//! its first frame. The audio thread reads only their revision number; the writer looks the words up.

use crate::core::channels::{ChannelSet, MAX_CHANNELS};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Revisions that can still be looked up. A person or a host changes texts a few times a second at most.
const KEPT_REVISIONS: usize = 256;

/// The scope that leaves no channel out.
const ALL_CHANNELS: &str = "*";

const DEFAULT_EXPORT_ROOT: &str = "/audiofileout";
const DEFAULT_EXPORT_TARGET: &str = "127.0.0.1:7000";

/// One text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextId {
    /// The `file` parameter: a path or a name, with tokens.
    File,
    /// The `scope` parameter: which channels are recorded.
    Scope,
    /// The `header` parameter: lines `key = value`, what files say of themselves.
    Header,
    /// The `fallback` parameter: the folder in which a take goes on whose disk fails; empty for the recorder's folder.
    Fallback,
    /// The `autoexportroot` parameter: what stands in front of the channels' names.
    ExportRoot,
    /// The `exporttable` parameter: a channel and its address on each line.
    ExportTable,
    /// The `exporttarget` parameter: where the export goes.
    ExportTarget,
    /// The DAW's name of the track. Not saved: the host tells it.
    Track,
}

/// All texts at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextSet {
    pub file: String,
    pub scope: String,
    pub header: String,
    pub fallback: String,
    pub export_root: String,
    pub export_table: String,
    pub export_target: String,
    pub track: String,
}

impl Default for TextSet {
    fn default() -> Self {
        Self {
            file: crate::core::naming::DEFAULT_FILE.to_owned(),
            scope: ALL_CHANNELS.to_owned(),
            header: String::new(),
            fallback: String::new(),
            export_root: DEFAULT_EXPORT_ROOT.to_owned(),
            export_table: String::new(),
            export_target: DEFAULT_EXPORT_TARGET.to_owned(),
            track: String::new(),
        }
    }
}

impl TextSet {
    /// The text of this id.
    pub fn get(&self, id: TextId) -> &str {
        match id {
            TextId::File => &self.file,
            TextId::Scope => &self.scope,
            TextId::Header => &self.header,
            TextId::Fallback => &self.fallback,
            TextId::ExportRoot => &self.export_root,
            TextId::ExportTable => &self.export_table,
            TextId::ExportTarget => &self.export_target,
            TextId::Track => &self.track,
        }
    }

    fn get_mut(&mut self, id: TextId) -> &mut String {
        match id {
            TextId::File => &mut self.file,
            TextId::Scope => &mut self.scope,
            TextId::Header => &mut self.header,
            TextId::Fallback => &mut self.fallback,
            TextId::ExportRoot => &mut self.export_root,
            TextId::ExportTable => &mut self.export_table,
            TextId::ExportTarget => &mut self.export_target,
            TextId::Track => &mut self.track,
        }
    }
}

/// The texts and their recent past.
#[derive(Debug)]
pub struct Texts {
    revision: AtomicU64,
    /// Oldest first; never empty; the last one is `revision`.
    history: Mutex<VecDeque<Arc<TextSet>>>,
    /// The channels that the scope names on a stereo track, whose channels have two more names.
    scope_of_stereo: AtomicU64,
    /// The channels that the scope names on any other track.
    scope_of_others: AtomicU64,
}

impl Default for Texts {
    fn default() -> Self {
        Self {
            revision: AtomicU64::new(0),
            history: Mutex::new(VecDeque::from([Arc::default()])),
            scope_of_stereo: AtomicU64::new(u64::MAX),
            scope_of_others: AtomicU64::new(u64::MAX),
        }
    }
}

impl Texts {
    /// The number of the texts in force. Wait-free: the audio thread stamps it on a take.
    pub fn revision(&self) -> u64 {
        self.revision.load(Ordering::Acquire)
    }

    /// The channels that the scope names on a track of `channels` channels. Wait-free.
    pub fn scope(&self, channels: usize) -> ChannelSet {
        let scope = if channels == 2 { &self.scope_of_stereo } else { &self.scope_of_others };
        ChannelSet(scope.load(Ordering::Acquire)).and(ChannelSet::first(channels))
    }

    /// The texts in force. Takes a lock.
    pub fn current(&self) -> Arc<TextSet> {
        let history = self.history();
        Arc::clone(&history[history.len() - 1])
    }

    /// The texts of a revision, or the oldest that are kept. Takes a lock.
    pub fn at(&self, revision: u64) -> Arc<TextSet> {
        let history = self.history();
        let age = self.revision.load(Ordering::Acquire).saturating_sub(revision) as usize;
        Arc::clone(&history[(history.len() - 1).saturating_sub(age)])
    }

    /// Changes one text; a new revision begins if it differs. Takes a lock.
    pub fn set(&self, id: TextId, text: &str) {
        self.change([(id, text.to_owned())]).publish();
    }

    /// Gets a change of several texts ready, which is in force from one moment on. Takes a lock and keeps it as long as
    /// the change is there.
    pub fn change(&self, changes: impl IntoIterator<Item = (TextId, String)>) -> TextChange<'_> {
        let history = self.history();
        let before = &history[history.len() - 1];
        let mut texts = TextSet::clone(before);
        for (id, text) in changes {
            *texts.get_mut(id) = text;
        }
        let scopes = (texts.scope != before.scope)
            .then(|| [ChannelSet::matching(&texts.scope, 2), ChannelSet::matching(&texts.scope, MAX_CHANNELS)]);
        let texts = (texts != **before).then(|| Arc::new(texts));
        TextChange { of: self, history, texts, scopes }
    }

    fn history(&self) -> MutexGuard<'_, VecDeque<Arc<TextSet>>> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A change of texts that is ready and not in force yet. Nobody can change or look up a text meanwhile; what the audio
/// thread reads stays free.
#[must_use]
pub struct TextChange<'a> {
    of: &'a Texts,
    history: MutexGuard<'a, VecDeque<Arc<TextSet>>>,
    /// None where nothing differs.
    texts: Option<Arc<TextSet>>,
    /// What a new scope names on a stereo track and on any other.
    scopes: Option<[ChannelSet; 2]>,
}

impl TextChange<'_> {
    /// Puts it in force: one new revision.
    pub fn publish(mut self) {
        let Some(texts) = self.texts else { return };
        if let Some([of_stereo, of_others]) = self.scopes {
            self.of.scope_of_stereo.store(of_stereo.0, Ordering::Release);
            self.of.scope_of_others.store(of_others.0, Ordering::Release);
        }
        if self.history.len() == KEPT_REVISIONS {
            self.history.pop_front();
        }
        self.history.push_back(texts);
        self.of.revision.fetch_add(1, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::naming::DEFAULT_FILE;

    #[test]
    fn a_take_finds_the_texts_of_its_first_frame_after_later_changes() {
        let texts = Texts::default();
        texts.set(TextId::File, "one");
        let at_first_frame = texts.revision();
        texts.set(TextId::File, "two");
        texts.set(TextId::Track, "Drums");
        assert_eq!(texts.at(at_first_frame).file, "one");
        assert_eq!(texts.at(at_first_frame).track, "");
        assert_eq!(*texts.current(), TextSet { file: "two".into(), track: "Drums".into(), ..TextSet::default() });
    }

    #[test]
    fn setting_the_same_text_again_is_no_change() {
        let texts = Texts::default();
        texts.set(TextId::File, "one");
        let revision = texts.revision();
        texts.set(TextId::File, "one");
        assert_eq!(texts.revision(), revision);
    }

    #[test]
    fn texts_that_change_together_are_one_revision_and_nothing_before_they_are_published() {
        let texts = Texts::default();
        let change = texts.change([(TextId::File, "one".to_owned()), (TextId::Scope, "chan2".to_owned())]);
        assert_eq!((texts.revision(), texts.scope(2)), (0, ChannelSet(3)));
        change.publish();
        assert_eq!((texts.revision(), texts.scope(2)), (1, ChannelSet(2)));
        assert_eq!((texts.at(0).file.as_str(), texts.at(0).scope.as_str()), (DEFAULT_FILE, "*"));
        assert_eq!((texts.at(1).file.as_str(), texts.at(1).scope.as_str()), ("one", "chan2"));
        drop(texts.change([(TextId::File, "two".to_owned())]));
        assert_eq!((texts.revision(), texts.current().file.as_str()), (1, "one"));
    }

    #[test]
    fn memory_stays_bounded_and_a_forgotten_revision_gives_the_oldest_kept() {
        let texts = Texts::default();
        for n in 0..10 * KEPT_REVISIONS {
            texts.set(TextId::File, &n.to_string());
        }
        assert_eq!(texts.history().len(), KEPT_REVISIONS);
        assert_eq!(texts.at(0).file, (9 * KEPT_REVISIONS).to_string());
    }
}
