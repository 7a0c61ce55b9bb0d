//! The takes that the window lists: those of this session, as they were reported, then those that lie in the folder of the next
//! take, as their files tell of them. What the user does to them is asked of the [`Library`].

use super::trouble::file_name;
use super::words;
use crate::link::{KeptTake, Library, LibraryNews, MAX_REPORTS, StatusSnapshot, TakeReport};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What tells a take from the others, whatever becomes of the list.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TakeId {
    /// The take of the session with this number.
    Session(u64),
    /// The take whose first file this is.
    Kept(PathBuf),
}

/// One take of the list.
#[derive(Debug, Clone, PartialEq)]
pub struct TakeRow {
    pub id: TakeId,
    pub name: String,
    /// What a click shows in the file manager, whether it is there or not; none where nothing was written.
    pub path: Option<PathBuf>,
    /// Its files, as far as they are there and its own.
    pub files: Vec<PathBuf>,
    /// h:mm:ss.mmm; empty where it is not known.
    pub length: String,
    pub size: String,
    /// dBFS; empty where it is not known.
    pub peak: String,
    /// Integrated, in LUFS; empty where there is none.
    pub lufs: String,
    /// All figures of how loud it is; empty where there are none.
    pub loudness: String,
    /// Empty where nothing was lost, or nobody knows.
    pub lost: String,
    pub is_complete: bool,
    /// What has become of its files; empty where they are where they were.
    pub note: String,
}

impl TakeRow {
    /// All of it in one line.
    pub fn label(&self) -> String {
        let lost = if self.lost.is_empty() { "nothing lost" } else { &self.lost };
        let measured = if self.peak.is_empty() { String::new() } else { format!("peak {} dBFS, {lost}", self.peak) };
        let parts = [&self.name, &self.length, &self.size, &measured, &self.loudness, &self.note];
        parts.into_iter().filter(|part| !part.is_empty()).map(String::as_str).collect::<Vec<_>>().join(", ")
    }
}

/// A take of this session.
struct Recorded {
    number: u64,
    report: TakeReport,
    /// Those of its files that no newer take has replaced, by the names that they have now.
    files: Vec<PathBuf>,
}

/// Lives as long as the plugin.
pub struct Takes {
    library: Box<dyn Library>,
    /// Oldest first.
    recorded: Vec<Recorded>,
    /// Takes that had finished when the reports were read.
    finished: u64,
    /// All files of `recorded`.
    session: Arc<[PathBuf]>,
    /// The file of the current or last take.
    current: Option<PathBuf>,
    rows: Arc<[TakeRow]>,
}

impl Takes {
    pub fn new(library: Box<dyn Library>) -> Self {
        Self {
            library,
            recorded: Vec::new(),
            finished: 0,
            session: Arc::default(),
            current: None,
            rows: Arc::default(),
        }
    }

    /// Newest first, the session's before all others.
    pub fn rows(&self) -> &Arc<[TakeRow]> {
        &self.rows
    }

    /// Takes note of what has changed. `reports` are the last ones, oldest first; the next take goes into `folder`, where that is
    /// known. Returns what could not be done, in words for the user.
    pub fn follow(&mut self, status: &StatusSnapshot, reports: &[TakeReport], folder: Option<&Path>) -> Option<String> {
        let mut is_old = status.path != self.current || status.finished_takes != self.finished;
        self.current.clone_from(&status.path);
        self.add(reports, status.finished_takes);
        let mut failed = None;
        while let Some(news) = self.library.news() {
            is_old = true;
            match news {
                LibraryNews::Renamed { from, to } => self.rename_files(&from, &to),
                LibraryNews::Trashed(paths) => self.forget(&paths),
                LibraryNews::Failed(text) => failed = Some(text),
            }
        }
        if is_old {
            self.session = self.recorded.iter().flat_map(|take| &take.files).cloned().collect();
        }
        is_old |= self.library.look(folder, &self.session);
        if is_old {
            self.rows = self.list();
        }
        failed
    }

    /// Gives the files of a take the name that the user wrote.
    pub fn rename(&mut self, files: Vec<PathBuf>, written: String) {
        self.library.rename(files, written);
    }

    /// Moves the files of a take to the trash.
    pub fn trash(&mut self, files: Vec<PathBuf>) {
        self.library.trash(files);
    }

    fn add(&mut self, reports: &[TakeReport], finished: u64) {
        let new = finished.saturating_sub(self.finished).min(reports.len() as u64);
        self.finished = finished;
        let numbers = finished - new..finished;
        for (number, report) in numbers.zip(&reports[reports.len() - new as usize..]) {
            for before in &mut self.recorded {
                before.files.retain(|path| !report.paths.contains(path));
            }
            self.recorded.push(Recorded { number, files: report.paths.clone(), report: report.clone() });
        }
        let surplus = self.recorded.len().saturating_sub(MAX_REPORTS);
        self.recorded.drain(..surplus);
    }

    fn rename_files(&mut self, from: &[PathBuf], to: &[PathBuf]) {
        for path in self.recorded.iter_mut().flat_map(|take| take.files.iter_mut().chain(&mut take.report.paths)) {
            if let Some(index) = from.iter().position(|from| from == path) {
                path.clone_from(&to[index]);
            }
        }
    }

    fn forget(&mut self, paths: &[PathBuf]) {
        self.recorded.retain_mut(|take| {
            let had_files = !take.files.is_empty();
            take.files.retain(|path| !paths.contains(path));
            !(had_files && take.files.is_empty())
        });
    }

    fn list(&self) -> Arc<[TakeRow]> {
        let is_of_session = |path: &PathBuf| self.session.contains(path) || self.current.as_ref() == Some(path);
        let kept = self.library.takes().iter().filter(|take| !take.paths.iter().any(is_of_session));
        let recorded = self.recorded.iter().rev().map(|take| self.recorded_row(take));
        recorded.chain(kept.map(|take| self.kept_row(take))).collect()
    }

    fn recorded_row(&self, Recorded { number, report, files }: &Recorded) -> TakeRow {
        let lost = report.lost_frames;
        let note = if files.is_empty() && !report.paths.is_empty() {
            "replaced by a newer take".to_owned()
        } else {
            self.note(files)
        };
        TakeRow {
            id: TakeId::Session(*number),
            name: name(&report.paths),
            path: report.paths.first().cloned(),
            files: self.there(files),
            length: words::clock(report.frames, report.sample_rate),
            size: words::size(report.bytes),
            peak: words::decibels(report.peak),
            lufs: report.loudness.and_then(|loudness| loudness.integrated_lufs).map_or_else(String::new, words::signed),
            loudness: report.loudness.as_ref().map_or_else(String::new, words::loudness),
            lost: if lost > 0 { format!("{} lost", words::count(lost)) } else { String::new() },
            is_complete: lost == 0 && report.error.is_none(),
            note,
        }
    }

    fn kept_row(&self, take: &KeptTake) -> TakeRow {
        let loudness = take.loudness.as_ref();
        TakeRow {
            id: TakeId::Kept(take.paths.first().cloned().unwrap_or_default()),
            name: name(&take.paths),
            path: take.paths.first().cloned(),
            files: self.there(&take.paths),
            length: take.frames.map_or_else(String::new, |frames| words::clock(frames, take.sample_rate)),
            size: words::size(take.bytes),
            peak: String::new(),
            lufs: loudness.and_then(|loudness| loudness.integrated_lufs).map_or_else(String::new, words::signed),
            loudness: loudness.map_or_else(String::new, words::loudness),
            lost: String::new(),
            is_complete: true,
            note: self.note(&take.paths),
        }
    }

    fn there(&self, files: &[PathBuf]) -> Vec<PathBuf> {
        files.iter().filter(|path| !self.library.is_gone(path)).cloned().collect()
    }

    fn note(&self, files: &[PathBuf]) -> String {
        let gone = files.len() - self.there(files).len();
        match gone {
            0 => String::new(),
            _ if gone == files.len() => "moved or removed".to_owned(),
            _ => format!("{gone} of {} moved or removed", files.len()),
        }
    }
}

fn name(paths: &[PathBuf]) -> String {
    match paths {
        [] => "no file".to_owned(),
        [path] => file_name(path),
        [path, others @ ..] => format!("{} and {} more", file_name(path), others.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::loudness::Loudness;

    /// A library that knows what the test tells it, and can do everything.
    #[derive(Default)]
    struct Told {
        takes: Vec<KeptTake>,
        gone: Vec<PathBuf>,
        news: Vec<LibraryNews>,
    }

    impl Library for Told {
        fn look(&mut self, _: Option<&Path>, _: &Arc<[PathBuf]>) -> bool {
            false
        }

        fn takes(&self) -> &[KeptTake] {
            &self.takes
        }

        fn is_gone(&self, path: &Path) -> bool {
            self.gone.iter().any(|gone| gone == path)
        }

        fn rename(&mut self, from: Vec<PathBuf>, written: String) {
            let to = from.iter().map(|path| path.with_file_name(format!("{written}.wav"))).collect();
            self.news.push(LibraryNews::Renamed { from, to });
        }

        fn trash(&mut self, paths: Vec<PathBuf>) {
            self.news.push(LibraryNews::Trashed(paths));
        }

        fn news(&mut self) -> Option<LibraryNews> {
            self.news.pop()
        }
    }

    fn report(names: &[&str]) -> TakeReport {
        let paths = names.iter().map(PathBuf::from).collect();
        TakeReport { paths, frames: 48_000, sample_rate: 48_000, bytes: 288_044, peak: 0.5, ..TakeReport::default() }
    }

    fn kept(names: &[&str]) -> KeptTake {
        let paths = names.iter().map(PathBuf::from).collect();
        KeptTake { paths, frames: Some(96_000), sample_rate: 48_000, bytes: 576_044, loudness: None }
    }

    fn takes(library: Told, reports: &[TakeReport]) -> Takes {
        let mut takes = Takes::new(Box::new(library));
        follow(&mut takes, reports);
        takes
    }

    fn follow(takes: &mut Takes, reports: &[TakeReport]) {
        let finished_takes = reports.len() as u64;
        assert_eq!(takes.follow(&StatusSnapshot { finished_takes, ..StatusSnapshot::default() }, reports, None), None);
    }

    fn labels(takes: &Takes) -> Vec<String> {
        takes.rows().iter().map(TakeRow::label).collect()
    }

    #[test]
    fn takes_come_newest_first_with_what_was_lost() {
        let loudness = Some(Loudness { integrated_lufs: Some(-18.2), ..Loudness::default() });
        let a = TakeReport { loudness, ..report(&["a.wav"]) };
        let b = TakeReport { lost_frames: 9, loudness, ..report(&["b.wav"]) };
        let takes = takes(Told::default(), &[a, b]);
        let rows = takes.rows();
        assert_eq!(rows[0].name, "b.wav");
        assert_eq!((rows[0].lost.as_str(), rows[0].is_complete), ("9 lost", false));
        let a = &rows[1];
        assert_eq!((a.length.as_str(), a.size.as_str(), a.peak.as_str()), ("0:00:01.000", "288.0 kB", "−6.0"));
        assert_eq!((a.lufs.as_str(), a.loudness.as_str()), ("−18.2", "−18.2 LUFS"));
        assert_eq!((a.lost.as_str(), a.is_complete), ("", true));
    }

    #[test]
    fn takes_of_other_days_follow_those_of_the_session_which_are_there_once() {
        let takes_there = vec![kept(&["b.wav"]), kept(&["a_L.wav", "a_R.wav"]), kept(&["old.wav"])];
        let library = Told { takes: takes_there, ..Told::default() };
        let takes = takes(library, &[report(&["a_L.wav", "a_R.wav"]), report(&["b.wav"])]);
        assert_eq!(
            labels(&takes),
            [
                "b.wav, 0:00:01.000, 288.0 kB, peak −6.0 dBFS, nothing lost",
                "a_L.wav and 1 more, 0:00:01.000, 288.0 kB, peak −6.0 dBFS, nothing lost",
                "old.wav, 0:00:02.000, 576.0 kB",
            ]
        );
    }

    #[test]
    fn the_take_that_is_being_recorded_is_not_among_those_of_other_days() {
        let mut takes = takes(Told { takes: vec![kept(&["now.wav"])], ..Told::default() }, &[]);
        let status = StatusSnapshot { path: Some("now.wav".into()), ..StatusSnapshot::default() };
        takes.follow(&status, &[], None);
        assert_eq!(labels(&takes), [""; 0]);
    }

    #[test]
    fn a_take_that_was_removed_outside_says_so_and_has_no_files() {
        let library = Told {
            takes: vec![kept(&["old.wav"]), kept(&["c_L.wav", "c_R.wav"])],
            gone: vec!["a.wav".into(), "old.wav".into(), "c_R.wav".into()],
            ..Told::default()
        };
        let takes = takes(library, &[report(&["a.wav"])]);
        let notes: Vec<_> = takes.rows().iter().map(|row| (row.note.as_str(), row.files.len())).collect();
        assert_eq!(notes, [("moved or removed", 0), ("moved or removed", 0), ("1 of 2 moved or removed", 1)]);
        assert!(labels(&takes)[0].ends_with(", moved or removed"), "{:?}", labels(&takes));
    }

    #[test]
    fn a_take_whose_name_a_newer_one_has_owns_no_file_any_more() {
        let takes = takes(Told::default(), &[report(&["a.wav"]), report(&["a.wav"])]);
        let rows = takes.rows();
        assert_eq!((rows[0].files.len(), rows[0].note.as_str()), (1, ""));
        assert_eq!((rows[1].files.len(), rows[1].note.as_str()), (0, "replaced by a newer take"));
        assert_ne!(rows[0].id, rows[1].id);
    }

    #[test]
    fn a_take_that_was_renamed_keeps_its_place_its_figures_and_what_tells_it_apart() {
        let mut takes = takes(Told::default(), &[report(&["a.wav"]), report(&["b.wav"])]);
        let id = takes.rows()[1].id.clone();
        takes.rename(vec!["a.wav".into()], "best".to_owned());
        follow(&mut takes, &[report(&["a.wav"]), report(&["b.wav"])]);
        assert_eq!(labels(&takes)[1], "best.wav, 0:00:01.000, 288.0 kB, peak −6.0 dBFS, nothing lost");
        assert_eq!(takes.rows()[1].id, id);
        // Reports are read anew with each take.
        follow(&mut takes, &[report(&["a.wav"]), report(&["b.wav"]), report(&["c.wav"])]);
        assert_eq!(takes.rows()[2].name, "best.wav");
    }

    #[test]
    fn a_take_that_is_in_the_trash_has_left_the_list() {
        let mut takes = takes(Told::default(), &[report(&["a.wav"]), report(&["b.wav"])]);
        takes.trash(vec!["b.wav".into()]);
        follow(&mut takes, &[report(&["a.wav"]), report(&["b.wav"])]);
        assert_eq!(takes.rows().len(), 1);
        assert_eq!(takes.rows()[0].name, "a.wav");
    }

    #[test]
    fn a_take_without_a_file_has_none_to_lose() {
        let takes = takes(Told::default(), &[report(&[])]);
        let row = &takes.rows()[0];
        assert_eq!((row.name.as_str(), row.path.as_ref(), row.note.as_str()), ("no file", None, ""));
    }

    #[test]
    fn the_session_keeps_as_many_takes_as_the_status_does() {
        let reports: Vec<_> = (0..250).map(|take| report(&[&format!("{take}.wav")])).collect();
        let mut takes = Takes::new(Box::new(Told::default()));
        for end in [60usize, 130, 250] {
            let status = StatusSnapshot { finished_takes: end as u64, ..StatusSnapshot::default() };
            takes.follow(&status, &reports[end.saturating_sub(MAX_REPORTS)..end], None);
        }
        assert_eq!(takes.rows().len(), MAX_REPORTS);
        assert_eq!((takes.rows()[0].name.as_str(), takes.rows()[99].name.as_str()), ("249.wav", "150.wav"));
    }
}
