//! In the CLAP host: instances of one group record together, on the same sample.

mod common;

use common::{CAPTURE, FILE_TYPE, Rig, decode, files_in, pause, record, sample, sound};
use headless_host::{Blocks, Change, ParamId, Processor, Render, Setup, Transport};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

const RATE: usize = 48_000;

const SETUP: Setup = Setup::new(RATE as f64, 4_096);

const MARKER: ParamId = ParamId::named("marker");

/// The groups are those of the process: one test at a time in each.
fn alone() -> std::sync::MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

/// A host of several tracks, which are processed on several threads in any order, some of them ahead by a few blocks.
struct Host {
    rigs: Vec<Rig>,
    processors: Vec<Processor>,
    /// The frames that each has played.
    at: Vec<usize>,
    /// Not processed for now.
    away: Vec<bool>,
    /// Where the song runs, at the first frame of all.
    song: Option<f64>,
    /// Keeps to the clock.
    is_paced: bool,
    random: Random,
}

impl Host {
    fn new(tracks: usize, group: impl Fn(usize) -> usize, seed: u64) -> Self {
        let mut host = Self {
            rigs: Vec::new(),
            processors: Vec::new(),
            at: vec![0; tracks],
            away: vec![false; tracks],
            song: None,
            is_paced: false,
            random: Random(seed),
        };
        for track in 0..tracks {
            let mut rig = Rig::new();
            rig.instance.edit_state(|state| state.set_param("group", ["off", "a", "b"][group(track)].into())).unwrap();
            host.processors.push(rig.instance.activate(SETUP).unwrap());
            host.rigs.push(rig);
        }
        host
    }

    /// The song is there for the next frame of all.
    fn song(&mut self, seconds: Option<f64>) {
        self.song = seconds;
        for (processor, at) in self.processors.iter_mut().zip(&self.at) {
            processor.set_transport(seconds.map(|seconds| running(seconds + *at as f64 / RATE as f64)));
        }
    }

    /// A track is not processed from now on, or is again.
    fn set_away(&mut self, track: usize, is_away: bool) {
        self.away[track] = is_away;
        let seconds = self.song.map(|seconds| seconds + self.at[track] as f64 / RATE as f64);
        self.processors[track].set_transport(seconds.map(running));
    }

    /// A track is there no more. Gives its takes.
    fn remove(&mut self, track: usize) -> Vec<(usize, usize)> {
        self.at.remove(track);
        self.away.remove(track);
        let (mut rig, processor) = (self.rigs.remove(track), self.processors.remove(track));
        rig.instance.deactivate(processor);
        files_in(rig.folder.path()).iter().map(|path| frames_of(path)).collect()
    }

    /// Another track, where the others are.
    fn add(&mut self) {
        let mut rig = Rig::new();
        rig.instance.edit_state(|state| state.set_param("group", "a".into())).unwrap();
        self.processors.push(rig.instance.activate(SETUP).unwrap());
        self.rigs.push(rig);
        self.at.push(self.at[0]);
        self.away.push(false);
        self.set_away(self.at.len() - 1, false);
    }

    /// Plays up to `end`, a stretch at a time: each track in blocks of its own, up to `ahead` frames before the others.
    fn play(&mut self, end: usize, stretch: usize, ahead: usize, changes: &[(usize, Change)]) {
        let mut from = self.at.iter().min().copied().unwrap();
        let (start, first) = (Instant::now(), from);
        while from < end {
            if self.is_paced {
                let due = Duration::from_secs_f64((from - first) as f64 / RATE as f64);
                thread::sleep(due.saturating_sub(start.elapsed()));
            }
            let to = (from + stretch).min(end);
            for (at, _) in self.at.iter_mut().zip(&self.away).filter(|(_, away)| **away) {
                *at = to;
            }
            let ends: Vec<_> = self.at.iter().map(|_| (to + self.random.below(ahead + 1)).min(end)).collect();
            let mut tracks: Vec<_> = self.processors.iter_mut().zip(&mut self.at).zip(ends).enumerate().collect();
            for last in (1..tracks.len()).rev() {
                tracks.swap(last, self.random.below(last + 1));
            }
            let queue = Mutex::new(tracks);
            thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        while let Some((track, ((processor, at), to))) = { queue.lock().unwrap().pop() } {
                            let span = *at..to.max(*at);
                            if self.away[track] {
                                continue;
                            }
                            let own = |&&(of, change): &&(usize, Change)| of == track && span.contains(&change.frame);
                            let changes: Vec<_> = changes.iter().filter(own).map(|(_, change)| *change).collect();
                            let blocks = Blocks::Fixed(64 << (track % 5));
                            let input = sound(2);
                            let render = Render::new(&input, span.clone()).blocks(blocks).changes(&changes);
                            assert!(render.play(processor).unwrap().output_equals_input());
                            *at = span.end;
                        }
                    });
                }
            });
            from = to;
        }
    }

    /// All tracks are taken away.
    fn end(&mut self) {
        for (rig, processor) in self.rigs.iter_mut().zip(self.processors.drain(..)) {
            rig.instance.deactivate(processor);
        }
    }

    /// Ends all, and says which frames of the input the takes of each track hold, by their first one and their number.
    fn finish(mut self) -> Vec<Vec<(usize, usize)>> {
        self.end();
        self.rigs.iter().map(|rig| files_in(rig.folder.path()).iter().map(|path| frames_of(path)).collect()).collect()
    }
}

fn running(seconds: f64) -> Transport {
    Transport { playing: true, recording: false, seconds, tempo: Some(120.0) }
}

/// The frames of the input that a file holds, in order; none where it has silence.
fn input_of(path: &Path) -> Vec<Option<usize>> {
    let take = decode(path);
    let frame_of: std::collections::HashMap<u64, usize> =
        (0..600_000).map(|frame| (f64::from(sample(0, frame)).to_bits(), frame)).collect();
    let of_sound = |value: &f64| (*value != 0.0).then(|| frame_of[&value.to_bits()]);
    take.planar[0].iter().map(of_sound).collect()
}

/// The same as runs: the first frame of each, or none, and how long it is.
fn runs_of(path: &Path) -> Vec<(Option<usize>, usize)> {
    let mut runs: Vec<(Option<usize>, usize)> = Vec::new();
    for frame in input_of(path) {
        match runs.last_mut() {
            Some((None, length)) if frame.is_none() => *length += 1,
            Some((Some(first), length)) if frame == Some(*first + *length) => *length += 1,
            _ => runs.push((frame, 1)),
        }
    }
    runs
}

/// The frames that a file holds, which follow each other.
fn frames_of(path: &Path) -> (usize, usize) {
    let take = decode(path);
    let first =
        (0..600_000).find(|&frame| f64::from(sample(0, frame)) == take.planar[0][0]).expect("it is in the input");
    for (channel, samples) in take.planar.iter().enumerate() {
        let expected = (first..first + samples.len()).map(|frame| f64::from(sample(channel, frame)));
        assert!(samples.iter().copied().eq(expected), "{}: a frame is missing", path.display());
    }
    (first, take.frames())
}

#[test]
fn what_one_member_records_all_record_on_the_same_samples_on_four_threads_in_any_order_and_blocks() {
    let _alone = alone();
    for (seed, is_paced) in [(0, false), (1, false), (2, false), (3, true)] {
        let mut host = Host::new(16, |_| 1, seed);
        host.song(Some(10.0));
        host.is_paced = is_paced;
        let leader = 5 + seed as usize;
        let toggles = [60_007, 101_003, 120_001, 120_500, 150_000 + seed as usize, 200_111];
        let changes: Vec<_> =
            toggles.iter().enumerate().map(|(index, &frame)| (leader, record(frame, index % 2 == 0))).collect();
        host.play(240_000, 2_048, 4 * 1_024, &changes);
        let expected: Vec<_> = toggles.chunks_exact(2).map(|pair| (pair[0], pair[1] - pair[0])).collect();
        for (track, takes) in host.finish().into_iter().enumerate() {
            assert_eq!(takes, expected, "seed {seed}, track {track}");
        }
    }
}

#[test]
fn two_groups_at_once_know_nothing_of_each_other() {
    let _alone = alone();
    let mut host = Host::new(6, |track| track % 3, 9);
    host.song(Some(3.0));
    let changes =
        [(1, record(50_000, true)), (2, record(60_000, true)), (1, record(70_001, false)), (2, record(90_001, false))];
    host.play(100_000, 1_024, 2_048, &changes);
    let takes = host.finish();
    for (track, takes) in takes.iter().enumerate() {
        let expected = [vec![], vec![(50_000, 20_001)], vec![(60_000, 30_001)]];
        assert_eq!(*takes, expected[track % 3], "track {track}");
    }
}

#[test]
fn a_pause_and_markers_of_any_member_are_those_of_all() {
    let _alone = alone();
    let mut host = Host::new(4, |_| 1, 5);
    host.song(Some(3.0));
    let marker = |frame: usize, on: bool| Change::new(frame, MARKER, f64::from(on));
    let changes = [
        (0, record(50_000, true)),
        (0, marker(52_000, true)),
        (0, pause(60_000, true)),
        (0, pause(160_000, false)),
        (2, marker(200_000, true)),
        (3, pause(220_000, true)),
        (3, pause(230_000, false)),
        (0, record(260_000, false)),
    ];
    host.play(300_000, 1_024, 0, &changes);
    host.end();
    let told = |rig: &Rig| {
        let path = files_in(rig.folder.path()).pop().unwrap();
        (decode(&path).planar, common::riff::Chunks::of(&path).markers())
    };
    let (sound, markers) = told(&host.rigs[0]);
    assert_eq!(sound[0][10_000], f64::from(sample(0, 160_000)));
    let texts: Vec<_> = markers.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts[..3], ["Marker 1", "Pause of 2.08 s", "Marker 2"]);
    // From the leader's next block on.
    assert!(
        texts.len() == 4 && ["Pause of 0.19 s", "Pause of 0.2"].iter().any(|it| texts[3].starts_with(it)),
        "{texts:?}"
    );
    for (track, rig) in host.rigs.iter().enumerate().skip(1) {
        assert!(told(rig) == (sound.clone(), markers.clone()), "track {track}: {:?}", told(rig).1);
    }
}

#[test]
fn capture_of_one_member_is_that_of_all() {
    let _alone = alone();
    let mut host = Host::new(4, |_| 1, 3);
    host.song(Some(3.0));
    let changes = [(2, common::keep(0, 1.0)), (2, Change::new(100_003, CAPTURE, 1.0))];
    host.play(120_000, 1_024, 2_048, &changes);
    for (track, takes) in host.finish().into_iter().enumerate() {
        assert_eq!(takes, [(52_003, 48_000)], "track {track}");
    }
}

#[test]
fn without_a_song_all_begin_within_a_block_and_have_one_length() {
    let _alone = alone();
    let mut host = Host::new(4, |_| 1, 3);
    let changes = [(1, record(50_003, true)), (1, record(90_009, false))];
    host.play(120_000, 1_024, 0, &changes);
    for (track, takes) in host.finish().into_iter().enumerate() {
        let [(first, frames)] = takes[..] else { panic!("track {track}: {takes:?}") };
        assert!(first.abs_diff(50_003) <= 1_024, "track {track}: {first}");
        assert_eq!(frames, 40_006, "track {track}");
    }
}

#[test]
fn a_song_that_stands_again_keeps_all_on_one_sample() {
    let _alone = alone();
    let mut host = Host::new(4, |_| 1, 3);
    host.song(Some(3.0));
    host.play(20_000, 1_024, 0, &[]);
    for processor in &mut host.processors {
        processor.set_transport(Some(Transport { playing: false, recording: false, seconds: 9.0, tempo: Some(120.0) }));
    }
    host.play(120_000, 1_024, 4_096, &[(1, record(50_003, true)), (1, record(90_009, false))]);
    for (track, takes) in host.finish().into_iter().enumerate() {
        assert_eq!(takes, [(50_003, 40_006)], "track {track}");
    }
}

#[test]
fn every_file_type_of_a_group_has_the_same_length() {
    let _alone = alone();
    let mut host = Host::new(6, |_| 1, 3);
    host.song(Some(3.0));
    let mut changes: Vec<_> = (0..6).map(|track| (track, Change::new(0, FILE_TYPE, track as f64))).collect();
    changes.extend([(1, record(50_003, true)), (1, record(90_009, false))]);
    host.play(120_000, 1_024, 4_096, &changes);
    host.end();
    for rig in &host.rigs {
        assert_eq!(common::count_frames(&rig.files()[0], RATE as u32), 40_006, "{:?}", rig.files());
    }
}

#[test]
fn a_member_that_is_not_processed_holds_up_nobody_and_one_that_goes_leaves_what_it_has() {
    let _alone = alone();
    let mut host = Host::new(4, |_| 1, 3);
    host.song(Some(3.0));
    host.play(40_000, 1_024, 0, &[]);
    // Frozen.
    let (frozen, processor) = (host.rigs.remove(3), host.processors.remove(3));
    host.at.remove(3);
    host.away.remove(3);
    host.play(60_000, 1_024, 0, &[(1, record(50_003, true))]);
    assert_eq!(host.remove(2), [(50_003, 60_000 - 50_003)]);
    host.play(120_000, 1_024, 0, &[(1, record(90_009, false))]);
    for (track, takes) in host.finish().into_iter().enumerate() {
        assert_eq!(takes, [(50_003, 40_006)], "track {track}");
    }
    drop(processor);
    drop(frozen);
}

#[test]
fn members_of_other_rates_and_shapes_begin_at_the_same_time_and_last_as_long() {
    let _alone = alone();
    let rates = [48_000.0, 96_000.0, 44_100.0];
    let mut rigs: Vec<_> = rates.iter().map(|_| Rig::new()).collect();
    let mut processors = Vec::new();
    for (index, (rig, rate)) in rigs.iter_mut().zip(rates).enumerate() {
        rig.instance.edit_state(|state| state.set_param("group", "a".into())).unwrap();
        rig.instance.select_layout(1 + index as u32).unwrap();
        processors.push(rig.instance.activate(Setup::new(rate, 1_024)).unwrap());
    }
    for (index, (processor, rate)) in processors.iter_mut().zip(rates).enumerate() {
        processor.set_transport(Some(Transport { playing: true, recording: false, seconds: 1.0, tempo: Some(120.0) }));
        Render::new(&sound(1 + index), 0..(0.1 * rate) as usize).play(processor).unwrap();
    }
    // One a second ahead of the next, which is more than any host does.
    for (index, (processor, rate)) in processors.iter_mut().zip(rates).enumerate() {
        let changes = [record(48_000, true), record(96_000, false)];
        let changes = if index == 0 { &changes[..] } else { &[] };
        let span = (0.1 * rate) as usize..(3.0 * rate) as usize;
        Render::new(&sound(1 + index), span).changes(changes).play(processor).unwrap();
    }
    for (rig, processor) in rigs.iter_mut().zip(processors) {
        rig.instance.deactivate(processor);
    }
    for (index, (rig, rate)) in rigs.iter().zip(rates).enumerate() {
        let take = decode(&rig.files()[0]);
        assert_eq!((take.channels(), take.frames()), (1 + index, rate as usize));
        assert_eq!(take.planar[0][0], f64::from(sample(0, rate as usize)));
    }
}

#[test]
fn one_number_for_all_is_unused_in_the_folder_of_each() {
    let _alone = alone();
    let mut host = Host::new(3, |_| 2, 3);
    for rig in &mut host.rigs {
        let file = rig.folder.path().join("{group}{take} x{suffix}");
        rig.instance.set_text("file", file.to_str().unwrap()).unwrap();
    }
    std::fs::write(host.rigs[2].folder.path().join("B007 of another day.wav"), "old").unwrap();
    host.song(Some(3.0));
    host.play(
        120_000,
        1_024,
        2_048,
        &[(0, record(50_000, true)), (0, record(60_000, false)), (1, record(70_000, true))],
    );
    host.end();
    for rig in &host.rigs {
        let names: Vec<_> =
            rig.files().iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect();
        let new: Vec<_> = names.iter().filter(|name| name.ends_with("-001.wav")).collect();
        assert_eq!(new, ["B008 x-001.wav", "B009 x-001.wav"]);
    }
}

#[test]
fn a_member_that_moves_to_another_group_leaves_its_part_and_records_with_that_one() {
    let _alone = alone();
    let mut host = Host::new(4, |track| 1 + track / 2, 3);
    host.song(Some(3.0));
    let to_b = Change::new(60_000, ParamId::named("group"), 2.0);
    let changes = [
        (0, record(50_003, true)),
        (1, to_b),
        (0, record(70_000, false)),
        (2, record(80_000, true)),
        (2, record(90_000, false)),
    ];
    host.play(120_000, 1_024, 0, &changes);
    let takes = host.finish();
    assert_eq!(takes[0], [(50_003, 19_997)]);
    assert_eq!(takes[1], [(50_003, 9_997), (80_000, 10_000)]);
    assert_eq!([&takes[2][..], &takes[3][..]], [[(80_000, 10_000)]; 2]);
}

#[test]
fn record_that_goes_on_in_all_at_once_is_one_take_of_each() {
    let _alone = alone();
    let mut host = Host::new(4, |_| 1, 3);
    host.song(Some(3.0));
    let changes: Vec<_> =
        (0..4).flat_map(|track| [(track, record(50_003, true)), (track, record(90_009, false))]).collect();
    host.play(120_000, 1_024, 2_048, &changes);
    for (track, takes) in host.finish().into_iter().enumerate() {
        assert_eq!(takes, [(50_003, 40_006)], "track {track}");
    }
}

#[test]
fn a_project_that_is_loaded_armed_records_in_all_with_the_transport() {
    let _alone = alone();
    let mut host = Host::new(3, |_| 1, 3);
    for (track, rig) in host.rigs.iter_mut().enumerate() {
        let armed = track == 1;
        rig.instance
            .edit_state(|state| {
                state.set_param("record", armed.into())?;
                state.set_param("start", "transport".into())
            })
            .unwrap();
    }
    for processor in &mut host.processors {
        processor.set_transport(Some(Transport { playing: false, recording: false, seconds: 9.0, tempo: Some(120.0) }));
    }
    host.play(40_000, 1_000, 0, &[]);
    host.song(Some(3.0));
    host.play(80_000, 1_000, 0, &[]);
    for processor in &mut host.processors {
        processor.set_transport(Some(Transport { playing: false, recording: false, seconds: 9.0, tempo: Some(120.0) }));
    }
    host.play(120_000, 1_000, 0, &[]);
    for (track, takes) in host.finish().into_iter().enumerate() {
        assert_eq!(takes, [(40_000, 40_000)], "track {track}");
    }
}

/// The sound of a take, planar, and its markers.
type Told = (Vec<Vec<f64>>, Vec<(usize, String)>);

/// Ends all, and gives each track's takes.
fn told(mut host: Host) -> Vec<Vec<Told>> {
    host.end();
    let told = |path: &PathBuf| (decode(path).planar, common::riff::Chunks::of(path).markers());
    host.rigs.iter().map(|rig| rig.files().iter().map(told).collect()).collect()
}

#[test]
fn a_leader_that_is_not_processed_any_more_holds_up_nobody() {
    let _alone = alone();
    let mut host = Host::new(3, |_| 1, 3);
    host.song(Some(3.0));
    host.play(60_000, 1_024, 0, &[(2, record(50_003, true))]);
    let (mut leader, processor) = (host.rigs.pop().unwrap(), host.processors.pop().unwrap());
    host.at.pop();
    host.away.pop();
    thread::sleep(Duration::from_millis(1_300));
    host.play(200_000, 1_024, 0, &[]);
    thread::sleep(Duration::from_millis(200));
    let start = Instant::now();
    for (track, takes) in host.finish().into_iter().enumerate() {
        assert_eq!(takes, [(50_003, 149_997)], "track {track}");
    }
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    leader.instance.deactivate(processor);
    assert_eq!(frames_of(&leader.files()[0]), (50_003, 9_997));
}

#[test]
fn a_capture_during_a_take_of_the_group_takes_nothing_of_it() {
    let _alone = alone();
    let mut host = Host::new(3, |_| 1, 3);
    host.song(Some(3.0));
    let keep = |track| (track, common::keep(0, 1.0));
    let changes = [
        keep(0),
        keep(1),
        keep(2),
        (1, record(50_003, true)),
        (2, Change::new(60_000, CAPTURE, 1.0)),
        (1, record(90_009, false)),
    ];
    host.play(120_000, 1_024, 0, &changes);
    for (track, mut takes) in host.finish().into_iter().enumerate() {
        takes.sort_unstable();
        assert_eq!(takes, [(12_000, 38_003), (50_003, 40_006)], "track {track}");
    }
}

#[test]
fn captures_across_an_earlier_take_line_up() {
    let _alone = alone();
    let mut host = Host::new(3, |_| 1, 3);
    host.song(Some(3.0));
    let changes = [(0, record(50_000, true)), (0, record(60_000, false)), (1, Change::new(100_000, CAPTURE, 1.0))];
    host.play(120_000, 1_024, 0, &changes);
    let told = told(host);
    assert_eq!(told[0].iter().map(|take| take.0[0].len()).collect::<Vec<_>>(), [10_000, 90_000]);
    assert_eq!(told[0][1].1, [(50_000, "Pause of 0.21 s".to_owned())]);
    assert!(told[1] == told[0] && told[2] == told[0]);
}

#[test]
fn a_pause_of_a_member_whose_record_is_on_but_does_not_lead_is_that_of_all() {
    let _alone = alone();
    let mut host = Host::new(3, |_| 1, 3);
    host.song(Some(3.0));
    let mut changes = vec![(0, record(50_000, true)), (0, record(200_000, false))];
    // On a little later, so that it is clear who leads.
    changes.extend([(1, record(60_000, true)), (1, record(200_000, false))]);
    host.play(100_000, 1_000, 0, &changes);
    thread::sleep(Duration::from_millis(200));
    changes.extend([(1, pause(110_000, true)), (1, pause(150_000, false))]);
    host.play(240_000, 1_000, 0, &changes);
    let told = told(host);
    let frames = told[0][0].0[0].len();
    assert!((108_000..=112_000).contains(&frames), "{frames}");
    assert!(told[1] == told[0] && told[2] == told[0]);
}

/// So long that a track which is not processed is no longer waited for.
fn let_it_be_missed() {
    thread::sleep(Duration::from_millis(1_200));
}

#[test]
fn members_that_start_at_once_with_other_prerolls_record_one_take() {
    let _alone = alone();
    let mut host = Host::new(4, |_| 1, 3);
    for (track, rig) in host.rigs.iter_mut().enumerate() {
        rig.instance
            .edit_state(|state| {
                state.set_param("record", true.into())?;
                state.set_param("start", "transport".into())?;
                state.set_param("preroll", (track as f64 / 4.0).into())
            })
            .unwrap();
    }
    for processor in &mut host.processors {
        processor.set_transport(Some(Transport { playing: false, ..running(9.0) }));
    }
    host.play(80_000, 1_000, 0, &[]);
    host.song(Some(3.0));
    let start = Instant::now();
    host.play(120_000, 1_000, 0, &[]);
    for processor in &mut host.processors {
        processor.set_transport(Some(Transport { playing: false, ..running(9.0) }));
    }
    host.play(140_000, 1_000, 0, &[]);
    let takes = host.finish();
    assert!(start.elapsed() < Duration::from_millis(1_900), "a writer waited in vain: {:?}", start.elapsed());
    let [(first, frames)] = takes[0][..] else { panic!("{takes:?}") };
    assert!(first + frames == 120_000 && (80_000 - first) % 12_000 == 0, "{takes:?}");
    assert!(takes.iter().all(|own| *own == takes[0]), "{takes:?}");
}

#[test]
fn a_member_whose_record_goes_on_while_the_take_is_paused_is_led_at_once() {
    let _alone = alone();
    let mut host = Host::new(3, |_| 1, 3);
    host.song(Some(3.0));
    let changes = [
        (0, record(50_000, true)),
        (0, pause(60_000, true)),
        (1, record(70_000, true)),
        (1, record(75_000, false)),
        (0, pause(80_000, false)),
        (0, record(90_000, false)),
    ];
    let start = Instant::now();
    host.play(100_000, 1_000, 0, &changes);
    let told = told(host);
    assert!(start.elapsed() < Duration::from_secs(1), "a writer waited in vain: {:?}", start.elapsed());
    for (track, takes) in told.iter().enumerate() {
        let lengths: Vec<_> = takes.iter().map(|take| take.0[0].len()).collect();
        assert_eq!(lengths, [20_000], "track {track}");
        assert_eq!(takes[0].0[0][10_000], f64::from(sample(0, 80_000)), "track {track}");
    }
}

#[test]
fn a_member_that_is_led_and_leaves_the_group_or_outlasts_its_leader_records_on() {
    let _alone = alone();
    let mut host = Host::new(4, |_| 1, 3);
    host.song(Some(3.0));
    let group = |frame, entry: f64| Change::new(frame, ParamId::named("group"), entry);
    host.play(
        100_000,
        1_000,
        0,
        &[(0, record(50_000, true)), (1, record(60_000, true)), (2, record(60_000, true)), (2, group(90_000, 0.0))],
    );
    assert_eq!(host.remove(0), [(50_000, 50_000)]);
    let changes = [(0, record(120_000, false)), (1, record(130_000, false))];
    host.play(121_000, 1_000, 0, &changes);
    // Its writer makes the event.
    thread::sleep(Duration::from_millis(200));
    host.play(140_000, 1_000, 0, &changes);
    let takes = host.finish();
    assert_eq!(takes[0], [(50_000, 50_000), (100_000, 20_000)]);
    assert_eq!(takes[1], [(50_000, 40_000), (90_000, 40_000)]);
    assert_eq!(takes[2], [(50_000, 50_000), (100_000, 20_000)]);
}

#[test]
fn a_pause_is_over_when_the_member_that_asked_for_it_is_gone_and_no_record_takes_it_back() {
    let _alone = alone();
    let mut host = Host::new(3, |_| 1, 3);
    host.song(Some(3.0));
    host.play(
        80_000,
        1_000,
        0,
        &[
            (0, record(50_000, true)),
            (2, pause(60_000, true)),
            // Led, and no news for the pause.
            (1, record(70_000, true)),
        ],
    );
    assert_eq!(host.remove(2).len(), 1);
    host.play(120_000, 1_000, 0, &[(0, record(100_000, false)), (1, record(100_000, false))]);
    let told = told(host);
    let frames = told[0][0].0[0].len();
    assert!((29_000..=31_000).contains(&frames), "{frames}");
    assert!(told[1] == told[0] && told[0].len() == 1);
}

#[test]
fn a_member_that_comes_in_mid_take_has_silence_before_and_ends_with_the_others() {
    let _alone = alone();
    for has_song in [true, false] {
        let mut host = Host::new(2, |_| 1, 3);
        if has_song {
            host.song(Some(3.0));
        }
        host.play(20_000, 1_000, 0, &[]);
        host.set_away(1, true);
        host.play(60_000, 1_000, 0, &[(0, record(50_000, true))]);
        let_it_be_missed();
        host.set_away(1, false);
        host.add();
        host.play(62_000, 1_000, 0, &[]);
        thread::sleep(Duration::from_millis(200));
        host.play(80_000, 1_000, 0, &[(0, record(70_000, false))]);
        let told = |rig: &Rig| rig.files().iter().map(|path| runs_of(path)).collect::<Vec<_>>();
        host.end();
        assert_eq!(told(&host.rigs[0]), [[(Some(50_000), 20_000)]]);
        for rig in &host.rigs[1..] {
            let takes = told(rig);
            let [[(None, silence), (Some(first), frames)]] = takes.iter().map(Vec::as_slice).collect::<Vec<_>>()[..]
            else {
                panic!("{has_song}: {takes:?}")
            };
            let (first, frames, silence) = (*first, *frames, *silence);
            let off = if has_song { 0 } else { 1_000 };
            assert!(silence + frames == 20_000 && (first + frames).abs_diff(70_000) <= off, "{takes:?}");
            assert!(first.abs_diff(60_000) <= off, "{takes:?}");
        }
    }
}

#[test]
fn a_member_that_was_away_does_not_record_an_old_take_when_the_song_is_there_again() {
    let _alone = alone();
    let mut host = Host::new(2, |_| 1, 3);
    host.song(Some(3.0));
    host.play(20_000, 1_000, 0, &[]);
    host.set_away(1, true);
    host.play(60_000, 1_000, 0, &[(0, record(30_000, true)), (0, record(50_000, false))]);
    let_it_be_missed();
    // From the beginning once more.
    host.song(Some(3.0 - 40_000.0 / RATE as f64));
    host.set_away(1, false);
    host.play(100_000, 1_000, 0, &[(0, record(70_000, true)), (0, record(80_000, false))]);
    let takes = host.finish();
    assert_eq!(takes[0], [(30_000, 20_000), (70_000, 10_000)]);
    assert_eq!(takes[1], [(70_000, 10_000)]);
}

#[test]
fn a_track_that_is_not_processed_for_a_while_in_mid_take_lines_up_again() {
    let _alone = alone();
    for away in [0, 1] {
        let mut host = Host::new(3, |_| 1, 3);
        host.song(Some(3.0));
        host.play(60_000, 1_000, 0, &[(0, record(50_000, true))]);
        host.set_away(away, true);
        host.play(140_000, 1_000, 0, &[]);
        thread::sleep(Duration::from_millis(1_700));
        // All that has passed is recorded by now, as far as the leader is not waited for.
        host.play(150_000, 1_000, 0, &[]);
        thread::sleep(Duration::from_millis(200));
        host.set_away(away, false);
        host.play(160_000, 1_000, 0, &[]);
        thread::sleep(Duration::from_millis(200));
        host.play(300_000, 1_000, 0, &[(0, record(290_000, false))]);
        host.end();
        for (track, rig) in host.rigs.iter().enumerate() {
            let whole = vec![(Some(50_000), 240_000)];
            let with_gap = vec![(Some(50_000), 10_000), (None, 90_000), (Some(150_000), 140_000)];
            let expected = if track == away { with_gap } else { whole };
            assert_eq!(runs_of(&rig.files()[0]), expected, "track {track}, {away} was away");
        }
    }
}

#[test]
fn time_that_the_leaders_song_leaps_over_is_silence_in_all() {
    let _alone = alone();
    let mut host = Host::new(3, |_| 1, 3);
    host.rigs[0].instance.edit_state(|state| state.set_param("timeslice", true.into())).unwrap();
    host.song(Some(3.0));
    host.play(60_000, 1_000, 0, &[(0, record(50_000, true))]);
    host.song(Some(5.0));
    host.play(80_000, 1_000, 0, &[(0, record(70_000, false))]);
    host.end();
    for rig in &host.rigs {
        let expected = [(Some(50_000), 10_000), (None, 96_000), (Some(60_000), 10_000)];
        assert_eq!(runs_of(&rig.files()[0]), expected);
    }
}

#[test]
fn a_capture_and_a_take_that_begin_in_one_block_are_two_of_all() {
    let _alone = alone();
    let mut host = Host::new(3, |_| 1, 3);
    host.song(Some(3.0));
    let mut changes: Vec<_> = (0..3).map(|track| (track, common::keep(0, 0.5))).collect();
    changes.extend([(1, Change::new(50_000, CAPTURE, 1.0)), (1, record(50_000, true)), (1, record(60_000, false))]);
    host.play(80_000, 1_000, 0, &changes);
    for (track, mut takes) in host.finish().into_iter().enumerate() {
        takes.sort_unstable();
        assert_eq!(takes, [(26_000, 24_000), (50_000, 10_000)], "track {track}");
    }
}

#[test]
fn a_marker_that_all_members_set_at_once_is_one() {
    let _alone = alone();
    let mut host = Host::new(3, |_| 1, 3);
    host.song(Some(3.0));
    let mut changes = vec![(0, record(50_000, true)), (0, record(90_000, false))];
    changes.extend((0..3).map(|track| (track, Change::new(60_000, MARKER, 1.0))));
    host.play(100_000, 1_000, 0, &changes);
    for (track, takes) in told(host).into_iter().enumerate() {
        assert_eq!(takes[0].1, [(10_000, "Marker 1".to_owned())], "track {track}");
    }
}

#[test]
fn a_capture_has_its_first_frame_in_all_though_they_hear_of_it_late() {
    let _alone = alone();
    let mut host = Host::new(6, |_| 1, 3);
    host.song(Some(3.0));
    // As long as a block of the history, and a little.
    let mut changes: Vec<_> = (0..6).map(|track| (track, common::keep(0, 8_192.0 / RATE as f64))).collect();
    changes.push((2, Change::new(100_003, CAPTURE, 1.0)));
    host.play(300_000, 1_024, 2_048, &changes);
    for (track, takes) in host.finish().into_iter().enumerate() {
        assert_eq!(takes, [(100_003 - 8_192, 8_192)], "track {track}");
    }
}

#[test]
fn a_member_whose_disk_fails_takes_nothing_from_the_others() {
    let _alone = alone();
    for failing in [0, 1] {
        let mut host = Host::new(3, |_| 1, 3);
        let file = host.rigs[failing].folder.path().join("file");
        std::fs::write(&file, "no folder").unwrap();
        host.rigs[failing].instance.set_text("file", file.join("take").to_str().unwrap()).unwrap();
        host.song(Some(3.0));
        host.play(80_000, 1_000, 0, &[(0, record(50_000, true)), (0, record(70_000, false))]);
        host.end();
        for (_, rig) in host.rigs.iter().enumerate().filter(|(track, _)| *track != failing) {
            assert_eq!(frames_of(&rig.files()[0]), (50_000, 20_000));
        }
    }
}

/// A take as runs of the input's frames, and its markers.
type Shown = (Runs, Vec<(usize, String)>);

/// Ends all, and gives each track's takes.
fn shown(mut host: Host) -> Vec<Vec<Shown>> {
    host.end();
    let shown = |path: &PathBuf| (runs_of(path), common::riff::Chunks::of(path).markers());
    host.rigs.iter().map(|rig| rig.files().iter().map(shown).collect()).collect()
}

/// A take as runs alone.
type Runs = Vec<(Option<usize>, usize)>;

/// The same without markers.
fn runs(host: Host) -> Vec<Vec<Runs>> {
    shown(host).into_iter().map(|takes| takes.into_iter().map(|take| take.0).collect()).collect()
}

/// One track plays on by itself, in blocks of a thousand frames.
fn play_one(host: &mut Host, track: usize, to: usize, changes: &[Change]) {
    let input = sound(2);
    let render = Render::new(&input, host.at[track]..to).blocks(Blocks::Fixed(1_000)).changes(changes);
    render.play(&mut host.processors[track]).unwrap();
    host.at[track] = to;
}

#[test]
fn a_marker_that_is_set_in_a_pause_costs_no_sound() {
    let _alone = alone();
    let mut host = Host::new(3, |_| 1, 3);
    host.song(Some(3.0));
    let changes = [
        (0, record(50_000, true)),
        (0, pause(60_000, true)),
        (0, Change::new(70_000, MARKER, 1.0)),
        (0, pause(80_000, false)),
        (0, record(120_000, false)),
    ];
    host.play(150_000, 1_000, 0, &changes);
    let shown = shown(host);
    assert_eq!(shown[0][0].0, [(Some(50_000), 10_000), (Some(80_000), 40_000)]);
    assert!(shown[0][0].1.iter().any(|(_, text)| text == "Marker 1"), "{:?}", shown[0][0].1);
    assert!(shown[1] == shown[0] && shown[2] == shown[0], "{shown:?}");
}

#[test]
fn a_jump_of_the_song_that_tracks_see_in_blocks_of_their_own_moves_nothing() {
    let _alone = alone();
    for later in [0, 1] {
        let mut host = Host::new(3, |_| 1, 3);
        host.song(Some(13.0));
        host.play(60_000, 1_000, 0, &[(0, record(50_000, true))]);
        play_one(&mut host, later, 60_500, &[]);
        // Back by ten seconds, in all at the same sample; one hears of it 500 frames later.
        host.song(Some(3.0));
        host.play(300_000, 1_000, 0, &[(0, record(290_000, false))]);
        let runs = runs(host);
        assert!(runs.iter().all(|takes| *takes == [[(Some(50_000), 240_000)]]), "{later}: {runs:?}");
    }
}

#[test]
fn a_leader_that_is_away_takes_nothing_from_the_others() {
    let _alone = alone();
    for (time_slice, has_song, back) in
        [(false, true, 3.0), (true, true, 3.0), (false, false, 3.0), (false, true, 1.0), (false, true, 8.0)]
    {
        for away in [30_000, 90_000] {
            let mut host = Host::new(3, |_| 1, 3);
            host.rigs[0].instance.edit_state(|state| state.set_param("timeslice", time_slice.into())).unwrap();
            host.song(has_song.then_some(3.0));
            host.play(60_000, 1_000, 0, &[(0, record(50_000, true))]);
            host.set_away(0, true);
            host.play(60_000 + away - 1_000, 1_000, 0, &[]);
            thread::sleep(Duration::from_millis(away as u64 / 48));
            if has_song && back != 3.0 {
                host.song(Some(back));
            }
            host.play(60_000 + away, 1_000, 0, &[]);
            host.set_away(0, false);
            host.play(60_000 + away + 10_000, 1_000, 0, &[]);
            // Its writer hears of it.
            thread::sleep(Duration::from_millis(200));
            host.play(300_000, 1_000, 0, &[(0, record(290_000, false))]);
            let runs = runs(host);
            let what = format!("slice {time_slice}, song {has_song}, at {back} s, away {away}: {runs:?}");
            // Less than a second is told by the song alone.
            let is_told = away > 48_000 || (has_song && back == 3.0);
            let most_off = if has_song && back == 3.0 { 0 } else { 1_000 };
            for takes in &runs[1..] {
                let [[(Some(first), frames)]] = takes.iter().map(Vec::as_slice).collect::<Vec<_>>()[..] else {
                    panic!("{what}")
                };
                assert!(first.abs_diff(50_000) <= if has_song { 0 } else { 1_000 }, "{what}");
                assert!(
                    !is_told || (first + frames).abs_diff(290_000) <= most_off.max(first.abs_diff(50_000)),
                    "{what}"
                );
            }
            if is_told {
                let [[(Some(50_000), 10_000), (None, silence), (Some(first), 140_000..)]] =
                    runs[0].iter().map(Vec::as_slice).collect::<Vec<_>>()[..]
                else {
                    panic!("{what}")
                };
                assert!(*first == 60_000 + away && silence.abs_diff(away) <= most_off, "{what}");
            }
        }
    }
}

#[test]
fn a_follower_that_is_away_has_silence_for_as_long() {
    let _alone = alone();
    for (has_song, away) in [(true, 3_000), (true, 20_000), (true, 130_000), (false, 80_000)] {
        let mut host = Host::new(3, |_| 1, 3);
        host.song(has_song.then_some(3.0));
        host.play(60_000, 1_000, 0, &[(0, record(50_000, true))]);
        thread::sleep(Duration::from_millis(100));
        host.set_away(1, true);
        host.play(60_000 + away, 1_000, 0, &[]);
        thread::sleep(Duration::from_millis(away as u64 / 48));
        host.set_away(1, false);
        host.play(60_000 + away + 10_000, 1_000, 0, &[]);
        // The leader's writer hears of it: the host as a whole stood still.
        thread::sleep(Duration::from_millis(200));
        host.play(300_000, 1_000, 0, &[(0, record(290_000, false))]);
        let runs = runs(host);
        let [[(Some(first), _), (None, silence), (Some(next), rest)]] =
            runs[1].iter().map(Vec::as_slice).collect::<Vec<_>>()[..]
        else {
            panic!("{has_song}, {away}: {runs:?}")
        };
        let most_off = if has_song { 0 } else { 1_000 };
        assert!(first.abs_diff(50_000) <= most_off && silence.abs_diff(away) <= most_off, "{away}: {runs:?}");
        assert!(*next == 60_000 + away && (next + rest).abs_diff(290_000) <= 2 * most_off, "{away}: {runs:?}");
        assert_eq!(runs[0], [[(Some(50_000), 240_000)]]);
    }
}

#[test]
fn a_capture_during_a_long_take_is_there_in_all() {
    let _alone = alone();
    let mut host = Host::new(3, |_| 1, 3);
    host.song(Some(3.0));
    let mut changes: Vec<_> = (0..3).map(|track| (track, common::keep(0, 1.0))).collect();
    changes.extend([(1, record(50_003, true)), (2, Change::new(60_000, CAPTURE, 1.0)), (1, record(500_009, false))]);
    host.play(520_000, 1_024, 0, &changes);
    for (track, takes) in runs(host).into_iter().enumerate() {
        let [take, capture] = [vec![(Some(50_003), 450_006)], vec![(Some(12_000), 38_003)]];
        assert!(takes.len() == 2 && takes.contains(&take) && takes.contains(&capture), "track {track}: {takes:?}");
    }
}

#[test]
fn a_leader_that_leaves_in_a_pause_leaves_nothing_of_the_pause() {
    let _alone = alone();
    let mut host = Host::new(3, |_| 1, 3);
    host.song(Some(3.0));
    let changes = [
        (0, record(50_000, true)),
        (0, pause(60_000, true)),
        (0, Change::new(160_000, ParamId::named("group"), 0.0)),
        (0, pause(180_000, false)),
        (0, record(190_000, false)),
    ];
    host.play(200_000, 1_000, 0, &changes);
    let runs = runs(host);
    assert_eq!(runs[0], [[(Some(50_000), 10_000), (Some(180_000), 10_000)]]);
    assert_eq!([&runs[1], &runs[2]], [&[[(Some(50_000), 10_000)]]; 2]);
}

#[test]
fn a_member_that_outlasts_its_leader_in_a_pause_goes_on_behind_that() {
    let _alone = alone();
    let mut host = Host::new(4, |_| 1, 3);
    host.song(Some(3.0));
    host.play(100_000, 1_000, 0, &[(0, record(50_000, true)), (1, record(60_000, true)), (2, pause(80_000, true))]);
    host.remove(0);
    thread::sleep(Duration::from_millis(100));
    host.play(130_000, 1_000, 0, &[]);
    thread::sleep(Duration::from_millis(200));
    host.play(220_000, 1_000, 0, &[(1, pause(160_000, false)), (0, record(200_000, false))]);
    for (track, takes) in runs(host).into_iter().enumerate() {
        let sound: Vec<_> = takes.into_iter().flatten().collect();
        assert!(
            sound
                .iter()
                .all(|(first, frames)| { first.is_some_and(|first| first + frames <= 82_000 || first >= 158_000) }),
            "track {track}: {sound:?}"
        );
        assert!(
            sound.iter().any(|(first, frames)| first.unwrap() >= 158_000 && *frames >= 38_000),
            "track {track}: {sound:?}"
        );
    }
}

#[test]
fn a_capture_leads_no_take() {
    let _alone = alone();
    let mut host = Host::new(3, |_| 1, 3);
    host.song(Some(3.0));
    (0..3).for_each(|track| play_one(&mut host, track, 50_000, &[common::keep(0, 0.5)]));
    play_one(&mut host, 1, 51_000, &[Change::new(50_400, CAPTURE, 1.0)]);
    play_one(&mut host, 2, 51_000, &[record(50_000, true)]);
    play_one(&mut host, 0, 51_000, &[]);
    host.play(90_000, 1_000, 0, &[(2, record(80_000, false))]);
    for (track, takes) in runs(host).into_iter().enumerate() {
        // What is in the capture is there only.
        let is_take = |take: &Runs| {
            let (first, frames) = *take.last().unwrap();
            first.is_some_and(|first| first + frames == 80_000) && take.iter().map(|run| run.1).sum::<usize>() == 30_000
        };
        assert!(takes.iter().any(is_take), "track {track}: {takes:?}");
    }
}

#[test]
fn who_joins_as_a_take_begins_or_is_processed_later_than_it_is_there_lines_up() {
    let _alone = alone();
    let mut host = Host::new(3, |track| usize::from(track < 2), 3);
    host.song(Some(3.0));
    let changes = [
        (0, record(50_000, true)),
        (2, Change::new(52_000, ParamId::named("group"), 1.0)),
        (0, record(100_000, false)),
    ];
    host.play(150_000, 1_000, 0, &changes);
    // What passed before is in its history.
    assert_eq!(runs(host)[2].concat().iter().map(|run| run.1).sum::<usize>(), 50_000);

    let mut host = Host::new(2, |_| 1, 3);
    host.play(60_000, 1_000, 0, &[(0, record(50_000, true))]);
    host.add();
    host.set_away(2, true);
    host.play(80_000, 1_000, 0, &[]);
    host.set_away(2, false);
    host.play(110_000, 1_000, 0, &[(0, record(100_000, false))]);
    let runs = runs(host);
    let [[(None, silence), (Some(80_000), sound)]] = runs[2].iter().map(Vec::as_slice).collect::<Vec<_>>()[..] else {
        panic!("{runs:?}")
    };
    assert!(silence + sound == 50_000 && silence.abs_diff(30_000) <= 2_000, "{runs:?}");
}

#[test]
fn a_record_that_is_still_on_from_an_earlier_take_keeps_no_pause() {
    let _alone = alone();
    let mut host = Host::new(3, |_| 1, 3);
    host.song(Some(3.0));
    let mut changes = vec![
        (0, record(50_000, true)),
        (1, record(52_000, true)),
        (2, pause(60_000, true)),
        (0, record(70_000, false)),
    ];
    host.play(75_000, 1_000, 0, &changes);
    thread::sleep(Duration::from_millis(200));
    changes.extend([(0, record(80_000, true)), (0, record(140_000, false)), (1, record(140_000, false))]);
    host.play(150_000, 1_000, 0, &changes);
    for (track, takes) in runs(host).into_iter().enumerate() {
        assert_eq!(takes.last(), Some(&vec![(Some(80_000), 60_000)]), "track {track}: {takes:?}");
    }
}

/// What happens is drawn by lot; all tracks have to have the same takes.
fn all_have_the_same(seed: u64, host: Host) {
    let shown = shown(host);
    assert!(shown.iter().all(|takes| *takes == shown[0]), "seed {seed}: {shown:?}");
    assert!(!shown[0].is_empty(), "seed {seed}");
}

#[test]
fn records_of_any_members_at_random_give_the_same_takes_in_all() {
    let _alone = alone();
    for seed in 0..8 {
        let mut random = Random(seed * 77 + 5);
        let mut host = Host::new(5, |_| 1, seed);
        host.song(Some(3.0));
        let (mut on, mut changes, mut frame) = ([false; 5], Vec::new(), 50_000);
        for _ in 0..24 {
            let track = random.below(5);
            on[track] = !on[track];
            changes.push((track, record(frame, on[track])));
            frame += [0, 1, 37, 500, 1_500, 9_000, 20_000][random.below(7)];
        }
        let still_on = on.iter().enumerate().filter(|(_, on)| **on);
        changes.extend(still_on.map(|(track, _)| (track, record(frame + 5_000, false))));
        host.play(frame + 30_000, 1_000, [0, 2_048][seed as usize % 2], &changes);
        all_have_the_same(seed, host);
    }
}

#[test]
fn pauses_and_jumps_of_the_song_at_random_give_the_same_takes_in_all() {
    let _alone = alone();
    for seed in 0..8 {
        let mut random = Random(seed * 71 + 3);
        let mut host = Host::new(4, |_| 1, seed);
        host.song(Some(30.0));
        let (mut on, mut changes, mut frame) = (false, vec![(0, record(50_000, true))], 52_000);
        for _ in 0..10 {
            on = !on;
            changes.push((0, pause(frame, on)));
            frame += [1, 37, 500, 1_500, 9_000, 20_000][random.below(6)];
        }
        host.play(frame, 1_000, [0, 2_048][seed as usize % 2], &changes);
        let mut end = host.at.iter().copied().max().unwrap();
        host.play(end, 1_000, 0, &[]);
        for _ in 0..8 {
            host.song(Some([30.0, 3.0, 31.0, 29.5, 40.0][random.below(5)]));
            end += [1_000, 3_000, 20_000, 48_000][random.below(4)];
            host.play(end, 1_000, 0, &changes);
        }
        host.play(end + 30_000, 1_000, 0, &[(0, record(end + 5_000, false))]);
        all_have_the_same(seed, host);
    }
}

#[test]
fn a_host_that_plays_its_tracks_piece_by_piece_keeps_nobody_away() {
    let _alone = alone();
    let mut host = Host::new(3, |_| 1, 3);
    host.song(Some(3.0));
    // Half a second of each in turn, as fast as it passes; and the song leaps ahead.
    host.play(24_000, 1_000, 0, &[]);
    for (piece, end) in (48_000..=192_000).step_by(24_000).enumerate() {
        if piece == 3 {
            host.song(Some(3.3));
        }
        for track in 0..3 {
            let change = match (track, piece) {
                (1, 0) => Some(record(30_000, true)),
                (1, 6) => Some(record(180_000, false)),
                _ => None,
            };
            play_one(&mut host, track, end, change.as_slice());
            thread::sleep(Duration::from_millis(170));
        }
    }
    for (track, takes) in runs(host).into_iter().enumerate() {
        assert_eq!(takes, [[(Some(30_000), 150_000)]], "track {track}");
    }
}

#[test]
fn a_project_that_is_loaded_with_record_on_records_in_all_from_the_first_frame_on() {
    let _alone = alone();
    for has_song in [true, false] {
        let mut host = Host::new(3, |_| 1, 3);
        host.rigs[1].instance.edit_state(|state| state.set_param("record", true.into())).unwrap();
        host.song(has_song.then_some(3.0));
        // The one that records comes first, so that the first block of the others sees it.
        for track in [1, 0, 2] {
            play_one(&mut host, track, 1_000, &[]);
        }
        host.play(50_000, 1_000, 0, &[(1, record(40_000, false))]);
        for (track, takes) in host.finish().into_iter().enumerate() {
            assert_eq!(takes, [(0, 40_000)], "track {track}, song {has_song}");
        }
    }
}

#[test]
fn a_track_that_is_renamed_in_mid_take_keeps_its_file() {
    let _alone = alone();
    let mut host = Host::new(2, |_| 1, 3);
    host.song(Some(3.0));
    for rig in &mut host.rigs {
        let file = rig.folder.path().join("{track}");
        rig.instance.set_text("file", file.to_str().unwrap()).unwrap();
        rig.instance.set_track_name("Bass").unwrap();
    }
    let mut changes = vec![(0, record(50_000, true)), (0, record(70_000, false))];
    host.play(60_000, 1_000, 0, &changes);
    // All that has passed is in the files.
    thread::sleep(Duration::from_millis(200));
    host.rigs.iter_mut().for_each(|rig| rig.instance.set_track_name("Cello").unwrap());
    changes.extend([(0, record(80_000, true)), (0, record(90_000, false))]);
    host.play(100_000, 1_000, 0, &changes);
    host.end();
    for rig in &host.rigs {
        let named = |name: &str| frames_of(&rig.folder.path().join(name));
        assert_eq!((named("Bass-001.wav"), named("Cello-001.wav")), ((50_000, 20_000), (80_000, 10_000)));
    }
}

/// All tracks play a loop of `length` frames from `from` to `to`, which begins anew at `from` for the first time.
fn play_loop(host: &mut Host, (from, to): (usize, usize), length: usize, changes: &[(usize, Change)]) {
    for wrap in (from..to).step_by(length) {
        host.song(Some(10.0 - wrap as f64 / RATE as f64));
        host.play(to.min(wrap + length), 1_000, 0, changes);
    }
}

#[test]
fn captures_and_prerolls_over_many_passes_of_a_short_loop_line_up() {
    let _alone = alone();
    let mut host = Host::new(3, |_| 1, 3);
    let bar = 24_000;
    let keeps: Vec<_> = (0..3).map(|track| (track, common::keep(0, 9.5))).collect();
    play_loop(&mut host, (0, 479_000), bar, &keeps);
    // One captures, and the others hear of it around the end of a pass.
    host.song(Some(10.0 - 456_000.0 / RATE as f64));
    play_one(&mut host, 0, 480_000, &[Change::new(479_500, CAPTURE, 1.0)]);
    for track in 1..3 {
        play_one(&mut host, track, 480_000, &[]);
    }
    play_loop(&mut host, (480_000, 504_000), bar, &[]);
    for (track, takes) in host.finish().into_iter().enumerate() {
        assert_eq!(takes, [(23_500, 456_000)], "track {track}");
    }

    let mut host = Host::new(3, |_| 1, 4);
    host.rigs[0].instance.edit_state(|state| state.set_param("preroll", 9.0.into())).unwrap();
    play_loop(&mut host, (0, 479_000), bar, &keeps);
    host.song(Some(10.0 - 456_000.0 / RATE as f64));
    play_one(&mut host, 0, 480_000, &[record(479_500, true)]);
    for track in 1..3 {
        play_one(&mut host, track, 480_000, &[]);
    }
    play_loop(&mut host, (480_000, 528_000), bar, &[(0, record(510_000, false))]);
    for (track, takes) in host.finish().into_iter().enumerate() {
        assert_eq!(takes, [(47_500, 462_500)], "track {track}");
    }
}
/// A take from 50,000 to 200,000 in all, with what any member does to it.
fn take_with(seed: u64, has_song: bool, ahead: usize, changes: &[(usize, Change)]) -> Vec<Vec<Shown>> {
    let mut host = Host::new(5, |_| 1, seed);
    if has_song {
        host.song(Some(3.0));
    }
    let leader = seed as usize % 5;
    let ends = [(leader, record(50_000, true)), (leader, record(200_000, false))];
    // Without a song, in turns of one block.
    let stretch = if has_song { 1_000 } else { 64 };
    host.play(250_000, stretch, ahead, &[&ends, changes].concat());
    shown(host)
}

#[test]
fn a_marker_that_is_automated_on_all_members_inside_a_block_is_one_on_its_sample() {
    let _alone = alone();
    for (seed, has_song, ahead) in (0..4).flat_map(|seed| [(seed, true, 0), (seed, true, 4_096), (seed, false, 0)]) {
        let marker = |frame, on: bool| Change::new(frame, MARKER, f64::from(on));
        let changes: Vec<_> = (0..5)
            .flat_map(|track| {
                [(track, marker(60_123, true)), (track, marker(90_000, false)), (track, marker(120_777, true))]
            })
            .collect();
        let takes = take_with(seed, has_song, ahead, &changes);
        let first = takes[seed as usize % 5][0].0[0].0.unwrap();
        assert_eq!(first, 50_000, "seed {seed}");
        for (track, takes) in takes.into_iter().enumerate() {
            let expected = [(10_123, "Marker 1".to_owned()), (70_777, "Marker 2".to_owned())];
            assert_eq!(takes[0].1, expected, "seed {seed}, song {has_song}, ahead {ahead}, track {track}");
        }
    }
}

#[test]
fn a_marker_and_a_pause_of_a_member_that_does_not_lead_are_on_their_sample_where_the_song_tells_it() {
    let _alone = alone();
    for seed in 0..4 {
        let other = (seed as usize + 1) % 5;
        let changes =
            [(other, Change::new(60_123, MARKER, 1.0)), (other, pause(70_321, true)), (other, pause(95_111, false))];
        for ahead in [0, 4_096] {
            for (track, takes) in take_with(seed, true, ahead, &changes).into_iter().enumerate() {
                let (runs, markers) = &takes[0];
                let [(Some(50_000), before), (Some(after), _)] = runs[..] else { panic!("{runs:?}") };
                let what = format!("seed {seed}, ahead {ahead}, track {track}: {runs:?}, {markers:?}");
                // Who has come further already pauses there.
                assert!(before >= 20_321 && before <= 20_321 + ahead + 1_000, "{what}");
                assert!(after >= 95_111 && after <= 95_111 + ahead + 1_000, "{what}");
                assert!((10_123..=10_123 + ahead + 1_000).contains(&markers[0].0), "{what}");
                assert_eq!(markers.len(), 2, "{what}");
            }
        }
    }
}

#[test]
fn a_pause_that_is_automated_on_all_members_inside_a_block_begins_and_ends_on_its_samples() {
    let _alone = alone();
    for (seed, has_song, ahead) in (0..4).flat_map(|seed| [(seed, true, 0), (seed, true, 4_096), (seed, false, 0)]) {
        let toggles =
            [(70_321, true), (95_111, false), (120_017, true), (121_019, false), (140_001, true), (140_050, false)];
        let changes: Vec<_> = (0..5).flat_map(|track| toggles.map(|(frame, on)| (track, pause(frame, on)))).collect();
        for (track, takes) in take_with(seed, has_song, ahead, &changes).into_iter().enumerate() {
            let expected = [(50_000, 20_321), (95_111, 24_906), (121_019, 18_982), (140_050, 59_950)];
            if has_song || track == seed as usize % 5 {
                let expected = expected.map(|(first, frames)| (Some(first), frames));
                assert_eq!(takes[0].0, expected, "seed {seed}, song {has_song}, ahead {ahead}, track {track}");
            } else {
                let lengths: Vec<_> = takes[0].0.iter().map(|run| run.1).collect();
                assert_eq!(lengths, expected.map(|run| run.1), "seed {seed}, track {track}");
            }
        }
    }
}

#[test]
fn a_leader_that_stalls_for_seconds_and_then_ends_leaves_files_of_one_length() {
    let _alone = alone();
    for (has_song, is_removed) in [(true, true), (false, true), (true, false), (false, false)] {
        let mut host = Host::new(4, |_| 1, 3);
        host.song(has_song.then_some(3.0));
        host.is_paced = true;
        host.play(60_000, 1_000, 0, &[(1, record(50_000, true))]);
        host.set_away(1, true);
        host.play(180_000, 1_000, 0, &[]);
        let mut lengths = Vec::new();
        if is_removed {
            host.at.remove(1);
            host.away.remove(1);
            let (mut rig, processor) = (host.rigs.remove(1), host.processors.remove(1));
            rig.instance.deactivate(processor);
            lengths.extend(rig.files().iter().map(|path| input_of(path).len()));
        } else {
            host.set_away(1, false);
        }
        host.play(240_000, 1_000, 0, &[(1, record(190_000, false))]);
        lengths.extend(runs(host).into_iter().flatten().map(|runs| runs.iter().map(|run| run.1).sum::<usize>()));
        assert!(
            lengths.len() == 4 && lengths.iter().all(|length| *length == lengths[0]),
            "song {has_song}, removed {is_removed}: {lengths:?}"
        );
        assert!(lengths[0] >= 50_000, "song {has_song}, removed {is_removed}: {lengths:?}");
    }
}

#[test]
fn a_period_that_is_dropped_in_all_members_is_silence_in_none() {
    let _alone = alone();
    for seed in 0..4 {
        let mut host = Host::new(5, |_| 1, seed);
        host.song(Some(3.0));
        host.play(60_000, 1_000, 0, &[(0, record(50_000, true))]);
        for xrun in 1..=12 {
            thread::sleep(Duration::from_millis(22));
            host.song(Some(3.0 + 1_000.0 * f64::from(xrun) / RATE as f64));
            let end = host.at[0] + 5_000;
            host.play(end, 1_000, 0, &[]);
        }
        host.play(150_000, 1_000, 0, &[(0, record(140_000, false))]);
        for (track, takes) in runs(host).into_iter().enumerate() {
            assert_eq!(takes, [[(Some(50_000), 90_000)]], "seed {seed}, track {track}");
        }
    }
}

#[test]
fn who_comes_late_to_the_take_of_one_whose_record_was_on_before_is_told_how_far_that_has_come() {
    let _alone = alone();
    let mut host = Host::new(3, |_| 1, 3);
    host.play(150_000, 1_000, 0, &[(0, record(50_000, true)), (1, record(60_000, true))]);
    // Its own take begins where it is led no more.
    host.remove(0);
    host.is_paced = true;
    host.play(199_000, 1_000, 0, &[]);
    host.play(200_000, 1_000, 0, &[]);
    host.add();
    host.play(260_000, 1_000, 0, &[(1, record(250_000, false))]);
    let takes = runs(host);
    let own = takes[0].last().unwrap();
    let [(Some(149_000..=151_000), frames)] = own[..] else { panic!("{takes:?}") };
    let [(None, silence), (Some(200_000), sound)] = takes[2].last().unwrap()[..] else { panic!("{takes:?}") };
    // No song tells it, and each member began to count with a block of its own.
    assert!((silence + sound).abs_diff(frames) <= 4_000 && silence.abs_diff(50_000) <= 4_000, "{takes:?}");
}

#[test]
fn a_marker_of_another_member_just_before_the_leader_is_taken_away_is_in_all() {
    let _alone = alone();
    let mut host = Host::new(3, |_| 1, 3);
    host.song(Some(3.0));
    host.play(60_000, 1_000, 0, &[(0, record(50_000, true)), (1, Change::new(58_321, MARKER, 1.0))]);
    for (track, takes) in told(host).into_iter().enumerate() {
        assert_eq!(takes[0].1, [(8_321, "Marker 1".to_owned())], "track {track}");
    }
}
