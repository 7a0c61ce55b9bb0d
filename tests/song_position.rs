//! In the CLAP host: a file tells where in the song its first sample lies, also where the song began to run later, and
//! says so where it does not know.

mod common;

use common::riff::Chunks;
use common::{AT_SONG_JUMPS, FILE_TYPE, FILES, ONE_FOR_EACH_CHANNEL, Rig, SPLIT, capture, preroll, record, sound};
use headless_host::{Blocks, Change, ParamId, Processor, Render, Setup, Transport};
use std::path::Path;

const RATE: usize = 48_000;

const SETUP: Setup = Setup::new(RATE as f64, 512);

/// The song begins, stands or goes on here.
fn at(seconds: f64, playing: bool) -> Option<Transport> {
    Some(Transport { playing, recording: false, seconds, tempo: Some(120.0) })
}

/// One instance and the frames that it has played.
struct Deck {
    rig: Rig,
    processor: Option<Processor>,
    played: usize,
    blocks: Blocks,
}

impl Deck {
    fn new(setup: Setup) -> Self {
        Self::with(setup, Blocks::Fixed(512))
    }

    fn with(setup: Setup, blocks: Blocks) -> Self {
        let mut rig = Rig::new();
        let processor = Some(rig.instance.activate(setup).unwrap());
        Self { rig, processor, played: 0, blocks }
    }

    /// Plays so many frames with the song as the host tells it, and changes counted from the first of them.
    fn play(&mut self, song: Option<Transport>, frames: usize, changes: &[Change]) {
        let processor = self.processor.as_mut().unwrap();
        processor.set_transport(song);
        let changes: Vec<_> =
            changes.iter().map(|change| Change { frame: self.played + change.frame, ..*change }).collect();
        let span = self.played..self.played + frames;
        let render = Render::new(&sound(2), span).blocks(self.blocks.clone()).changes(&changes).play(processor);
        assert!(render.unwrap().output_equals_input());
        self.played += frames;
    }

    /// Ends all.
    fn files(&mut self) -> Vec<std::path::PathBuf> {
        if let Some(processor) = self.processor.take() {
            self.rig.instance.deactivate(processor);
        }
        self.rig.files()
    }

    /// The one WAV file there is: its time reference, whether the description says that the position is unknown, and
    /// the markers.
    fn told(&mut self) -> (u64, bool, Vec<(usize, String)>) {
        let files = self.files();
        assert_eq!(files.len(), 1);
        told(&files[0])
    }
}

fn told(path: &Path) -> (u64, bool, Vec<(usize, String)>) {
    let chunks = Chunks::of(path);
    let is_unknown = chunks.description().contains("position unknown");
    assert_eq!(is_unknown, !comment(path).contains("songposition"), "{}", comment(path));
    let low = format!("_LO>{}</", chunks.time_reference() & 0xFFFF_FFFF);
    // A place that nobody knows is left out there.
    assert_eq!(chunks.ixml().contains(&low), !is_unknown, "{low}: {}", chunks.ixml());
    assert_eq!(chunks.ixml().contains("TIMESTAMP"), !is_unknown, "{}", chunks.ixml());
    (chunks.time_reference(), is_unknown, chunks.markers())
}

/// The comment of a WAV file.
fn comment(path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap();
    let Some(at) = bytes.windows(4).position(|window| window == b"ICMT") else { return String::new() };
    let text = bytes[at + 8..].iter().take_while(|&&byte| byte != 0).copied().collect();
    String::from_utf8(text).unwrap()
}

/// `songposition` of a file that keeps it as a text behind its name.
fn position_text(path: &Path) -> Option<f64> {
    let bytes = std::fs::read(path).unwrap();
    let name = b"SONGPOSITION";
    let at = bytes.windows(name.len()).position(|window| window == name)?;
    // A blank, an equals sign or the zero of ID3 stands between.
    let text: Vec<u8> = bytes[at + name.len() + 1..]
        .iter()
        .take_while(|&&byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'))
        .copied()
        .collect();
    Some(String::from_utf8(text).unwrap().parse().unwrap())
}

/// Whether any text of the file is this one.
fn says(path: &Path, text: &str) -> bool {
    let bytes = std::fs::read(path).unwrap();
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// Record goes on while the song stands at its frame 144,000, and it plays from there about a second later.
#[test]
fn a_take_that_begins_while_the_song_stands_is_counted_back_from_where_it_runs() {
    let mut deck = Deck::new(SETUP);
    deck.play(at(3.0, false), 47_104, &[record(0, true)]);
    deck.play(at(3.0, true), 48_000, &[]);
    assert_eq!(deck.told(), (96_896, false, Vec::new()));
}

#[test]
fn so_is_one_that_begins_somewhere_in_a_block_and_one_with_a_pre_roll() {
    for (begin, changes, expected) in [
        (1_000, vec![record(1_000, true)], 144_000 - (47_104 - 1_000)),
        (1_001, vec![preroll(0, 0.01), record(1_001, true)], 144_000 - (47_104 - 1_001 + 480)),
    ] {
        for blocks in [Blocks::Fixed(512), Blocks::Fixed(64), Blocks::Random { seed: 7, max: 512 }] {
            let mut deck = Deck::with(SETUP, blocks);
            deck.play(at(3.0, false), 47_104, &changes);
            deck.play(at(3.0, true), 10_000, &[record(9_000, false)]);
            assert_eq!(deck.told(), (expected, false, Vec::new()), "begins at {begin}");
        }
    }
}

#[test]
fn a_capture_of_what_passed_while_the_song_stood_is_counted_back_too() {
    let mut deck = Deck::new(SETUP);
    deck.play(at(3.0, false), 47_104, &[]);
    deck.play(at(3.0, true), 48_000, &[capture(40_000, true)]);
    assert_eq!(deck.told(), (96_896, false, Vec::new()));
}

#[test]
fn every_file_type_tells_the_place_that_was_counted_back() {
    for file_type in 1..6 {
        let mut deck = Deck::new(SETUP);
        let changes = [Change::new(0, FILE_TYPE, f64::from(file_type)), record(0, true)];
        deck.play(at(3.0, false), 47_104, &changes);
        deck.play(at(3.0, true), 48_000, &[]);
        let files = deck.files();
        let told = position_text(&files[0]).unwrap_or_else(|| panic!("file type {file_type} tells nothing"));
        assert_eq!((told * RATE as f64).round(), 96_896.0, "file type {file_type}");
    }
}

#[test]
fn at_another_rate_and_with_a_file_for_each_channel_all_tell_the_same_place() {
    let mut deck = Deck::new(SETUP);
    let changes =
        [Change::new(0, ParamId::named("rate"), 4.0), Change::new(0, FILES, ONE_FOR_EACH_CHANNEL), record(0, true)];
    deck.play(at(3.0, false), 47_104, &changes);
    deck.play(at(3.0, true), 48_000, &[]);
    let told: Vec<_> = deck.files().iter().map(|path| told(path)).collect();
    assert_eq!(told, vec![(2 * 96_896, false, Vec::new()); 2]);
}

/// The song is somewhere else when the plugin comes, and plays from 2 s.
#[test]
fn where_the_song_stood_before_says_nothing_of_a_take_that_has_seen_it_run() {
    let mut deck = Deck::new(SETUP);
    deck.play(at(13.4, false), 512 * 100, &[]);
    deck.play(at(2.0, true), 10_240, &[capture(9_000, true)]);
    assert_eq!(deck.told(), (96_000 - 51_200, false, Vec::new()));
    // Nor does it where that leads before the song's beginning: then the first frame of the song is marked.
    let mut deck = Deck::new(SETUP);
    deck.play(at(13.4, false), 512 * 200, &[record(0, true)]);
    deck.play(at(2.0, true), 10_240, &[]);
    assert_eq!(deck.told(), (0, true, vec![(102_400, "Song at 2.00 s".to_owned())]));
    let mut deck = Deck::new(SETUP);
    deck.play(at(13.4, false), 512 * 200, &[]);
    deck.play(at(2.0, true), 10_240, &[capture(9_000, true)]);
    assert_eq!(deck.told(), (0, true, vec![(102_400, "Song at 2.00 s".to_owned())]));
}

#[test]
fn where_the_song_stood_counts_as_long_as_it_has_not_run() {
    let mut deck = Deck::new(SETUP);
    deck.play(at(3.0, false), 47_104, &[record(0, true), record(20_000, false)]);
    deck.play(at(7.0, true), 47_104, &[]);
    assert_eq!(deck.told(), (144_000, false, Vec::new()));
}

#[test]
fn a_pre_roll_that_reaches_before_the_song_says_where_the_song_starts() {
    // As Ardour does, which begins earlier to make up for latency, and as most hosts do.
    for (begins_at, start) in [(0, 48_128), (-2_032, 48_128 + 2_032)] {
        for file_type in [0, 4] {
            let mut deck = Deck::new(SETUP);
            deck.play(at(0.0, false), 48_128, &[Change::new(0, FILE_TYPE, f64::from(file_type)), preroll(0, 1.0)]);
            deck.play(at(f64::from(begins_at) / RATE as f64, true), 24_064, &[record(12_000, true)]);
            let first = 12_000 + 128;
            let files = deck.files();
            match file_type {
                0 => assert_eq!(told(&files[0]), (0, true, vec![(start - first, "Song start".to_owned())])),
                _ => assert!(position_text(&files[0]).is_none() && says(&files[0], "CHAPTER001NAME=Song start")),
            }
        }
    }
}

#[test]
fn a_take_that_runs_from_before_the_song_says_where_the_song_starts() {
    let mut deck = Deck::new(SETUP);
    deck.play(at(-0.5, true), 30_720, &[record(0, true)]);
    assert_eq!(deck.told(), (0, false, vec![(24_000, "Song start".to_owned())]));
    // It does not where the song never gets there.
    let mut deck = Deck::new(SETUP);
    deck.play(at(-0.5, true), 20_480, &[record(0, true)]);
    deck.play(at(-0.5, false), 20_480, &[]);
    assert_eq!(deck.told(), (0, false, Vec::new()));
}

#[test]
fn every_file_of_a_take_has_its_own_place() {
    let mut deck = Deck::new(SETUP);
    deck.play(at(10.0, false), 10_240, &[Change::new(0, SPLIT, AT_SONG_JUMPS), record(0, true)]);
    deck.play(at(10.0, true), 10_240, &[]);
    deck.play(at(4.0, true), 10_240, &[]);
    deck.play(None, 10_240, &[]);
    deck.play(at(6.0, true), 10_240, &[]);
    let told: Vec<_> = deck.files().iter().map(|path| told(path)).collect();
    assert_eq!(told, [(480_000 - 10_240, false, Vec::new()), (192_000, false, Vec::new())]);
}

/// The header is brought up to date while the take goes on, so that a kill leaves the right place.
#[test]
fn a_file_tells_its_place_before_it_is_complete() {
    let mut deck = Deck::new(SETUP);
    deck.play(at(3.0, false), 47_104, &[record(0, true)]);
    deck.play(at(3.0, true), 48_128, &[]);
    let begin = std::time::Instant::now();
    loop {
        // The writer makes the file, and writes its sound meanwhile.
        let reference = deck.rig.files().first().and_then(|path| {
            let bytes = std::fs::read(path).unwrap();
            let bext = bytes.windows(4).position(|window| window == b"bext")? + 8;
            Some(u64::from_le_bytes(bytes.get(bext + 338..bext + 346)?.try_into().unwrap()))
        });
        if reference == Some(96_896) {
            break;
        }
        assert!(begin.elapsed().as_secs() < 30, "{reference:?}");
        std::thread::sleep(std::time::Duration::from_millis(20));
        deck.play(at(3.0 + (deck.played - 47_104) as f64 / RATE as f64, true), 512, &[]);
    }
    assert_eq!(deck.told(), (96_896, false, Vec::new()));
}

#[test]
fn numbers_that_cannot_be_give_no_place_and_break_nothing() {
    // The ends of what CLAP counts: seconds in 63 bits, 31 of them behind the point.
    for seconds in [4_294_967_295.0, -4_294_967_296.0] {
        for playing in [true, false] {
            let mut deck = Deck::new(SETUP);
            deck.play(at(seconds, playing), 10_240, &[record(1_000, true)]);
            assert_eq!(deck.told(), (0, true, Vec::new()), "{seconds}");
        }
    }
    for tempo in [0.0, f64::NAN, f64::INFINITY, -1.0] {
        let mut deck = Deck::new(SETUP);
        let song = Transport { playing: true, recording: false, seconds: 2.0, tempo: Some(tempo) };
        deck.play(Some(song), 10_240, &[record(1_000, true)]);
        assert_eq!(deck.told(), (97_000, false, Vec::new()), "tempo {tempo}");
        assert!(!comment(&deck.files()[0]).contains("bpm"), "tempo {tempo}");
    }
}
