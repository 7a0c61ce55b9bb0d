use super::shares::Shares;
use super::*;
use proptest::prelude::*;

const RATE: u32 = 48_000;

const NO_SONG: Song = Song { position_frames: None, seconds: None, tempo: None };

/// A history of its own memory, of `channels` channels and so many frames.
fn history(most_bytes: usize, channels: usize, length: u64, song: Song) -> History {
    let shares: &'static Shares = Box::leak(Box::new(Shares::new(most_bytes)));
    let mut history = History::new(shares.share());
    history.set_length(length);
    history.begin(HistoryStart { channels: ChannelSet::first(channels), song }, RATE);
    history
}

/// The sound's frames from `start` on, planar.
fn sound(channels: usize, start: u64, frames: usize) -> Vec<f32> {
    (0..channels as u64)
        .flat_map(|channel| (start..start + frames as u64).map(move |frame| sample(channel, frame)))
        .collect()
}

fn sample(channel: u64, frame: u64) -> f32 {
    (frame * 8 + channel + 1) as f32
}

fn running(seconds: f64) -> Song {
    Song { position_frames: Some((seconds * f64::from(RATE)) as i64), seconds: Some(seconds), tempo: None }
}

/// The samples of an excerpt as bits, frame by frame, and how many frames are left out between them.
fn frames_of(excerpt: &Excerpt, channels: usize) -> Vec<Result<Vec<u32>, u64>> {
    let mut all = Vec::new();
    for held in &excerpt.held {
        match held {
            Held::Sound { planar, frames } => {
                assert_eq!(planar.len(), frames * channels);
                let frame =
                    |frame: usize| (0..channels).map(|channel| planar[channel * frames + frame].to_bits()).collect();
                all.extend((0..*frames).map(|index| Ok(frame(index))));
            }
            Held::Silence { frames } => all.extend(std::iter::repeat_n(Ok(vec![0; channels]), *frames as usize)),
            Held::Mark(Mark::Pause { frames }) => all.push(Err(*frames)),
            Held::Mark(_) => {}
        }
    }
    all
}

#[derive(Debug, Clone, Copy)]
enum Turn {
    Sound(usize),
    Silence(usize),
    /// Negative zero, which sounds the same.
    NegativeZero(usize),
    Pass(u64),
    Take(u64),
    Length(u64),
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let turn = prop_oneof![
        4 => (1usize..20_000).prop_map(Turn::Sound),
        2 => (1usize..60_000).prop_map(Turn::Silence),
        1 => (1usize..3_000).prop_map(Turn::NegativeZero),
        2 => (0u64..5_000).prop_map(Turn::Pass),
        2 => prop_oneof![1u64..50, 1u64..60_000].prop_map(Turn::Take),
        1 => prop_oneof![Just(0), 1u64..80_000].prop_map(Turn::Length),
    ];
    prop::collection::vec(turn, 1..14)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_taken_is_what_passed_to_the_bit_once_and_no_older_than_it_may_be(turns in turns(), channels in 1usize..4) {
        let mut length = 40_000;
        let mut history = history(usize::MAX, channels, length, NO_SONG);
        // Number and bits of each frame that is there.
        let mut model: Vec<(u64, Vec<u32>)> = Vec::new();
        let mut passed = 0;
        for turn in turns {
            let kept = match turn {
                Turn::Sound(frames) => Some((sound(channels, passed, frames), frames)),
                Turn::Silence(frames) => Some((vec![0.0; frames * channels], frames)),
                Turn::NegativeZero(frames) => Some((vec![-0.0; frames * channels], frames)),
                Turn::Pass(_) | Turn::Take(_) | Turn::Length(_) => None,
            };
            if let Some((planar, frames)) = kept {
                history.keep(&planar, frames);
                let bits = |frame: usize| (0..channels).map(|channel| planar[channel * frames + frame].to_bits()).collect();
                model.extend((0..frames).map(|frame| (passed + frame as u64, bits(frame))));
                passed += frames as u64;
            }
            match turn {
                Turn::Sound(_) | Turn::Silence(_) | Turn::NegativeZero(_) => {}
                Turn::Pass(frames) => {
                    history.pass(frames);
                    passed += frames;
                }
                Turn::Length(frames) => {
                    history.set_length(frames);
                    length = frames;
                }
                Turn::Take(frames) => {
                    let oldest = passed.saturating_sub(frames.min(length));
                    let taken: Vec<_> = model.extract_if(.., |(frame, _)| *frame >= oldest).collect();
                    let excerpt = history.take_newest(frames);
                    prop_assert_eq!(excerpt.is_some(), !taken.is_empty());
                    if let Some(excerpt) = excerpt {
                        prop_assert_eq!(excerpt.frames, passed - taken[0].0);
                        let mut expected = Vec::new();
                        for (index, (frame, bits)) in taken.iter().enumerate() {
                            let left_out = if index == 0 { 0 } else { frame - taken[index - 1].0 - 1 };
                            if left_out > 0 {
                                expected.push(Err(left_out));
                            }
                            expected.push(Ok(bits.clone()));
                        }
                        prop_assert!(frames_of(&excerpt, channels) == expected);
                    }
                }
            }
            model.retain(|(frame, _)| *frame + length >= passed);
            prop_assert_eq!(history.frames(), model.len() as u64);
        }
    }
}

#[test]
fn silence_is_only_counted() {
    let mut history = history(usize::MAX, 2, 1 << 40, NO_SONG);
    for _ in 0..1_000 {
        history.keep(&[0.0; 2 * 4_096], 4_096);
    }
    assert!(history.bytes <= BLOCK_BYTES && history.stretches.len() <= 2, "{} bytes", history.bytes);
    assert_eq!(history.take_newest(u64::MAX).unwrap().frames, 4_096_000);
}

#[test]
fn memory_stays_the_same_once_the_history_is_as_long_as_it_may_be() {
    let mut history = history(usize::MAX, 2, 100_000, NO_SONG);
    let mut most = 0;
    for block in 0..1_000 {
        history.keep(&sound(2, block * 512, 512), 512);
        most = most.max(history.bytes + history.spare.len() * BLOCK_BYTES);
    }
    assert!(most <= 100_000 * 8 + 4 * BLOCK_BYTES, "{most} bytes");
}

#[test]
fn more_than_its_share_of_the_memory_is_let_go_oldest_first() {
    let mut history = history(4 * BLOCK_BYTES, 1, u64::MAX, NO_SONG);
    let block = BLOCK_BYTES / 4;
    history.keep(&sound(1, 0, 10 * block), 10 * block);
    history.share_memory(BLOCK_BYTES);
    assert_eq!(history.frames(), 3 * block as u64);
    let excerpt = history.take_newest(u64::MAX).unwrap();
    assert_eq!(frames_of(&excerpt, 1)[0], Ok(vec![sample(0, 7 * block as u64).to_bits()]));
}

#[test]
fn another_shape_begins_the_history_again() {
    let mut history = history(usize::MAX, 2, 1_000, NO_SONG);
    history.keep(&[0.5; 200], 100);
    history.take_begins(ChannelSet::first(2), NO_SONG, RATE);
    assert_eq!(history.frames(), 100);
    history.take_begins(ChannelSet(0b10), NO_SONG, RATE);
    assert_eq!((history.frames(), history.newest(1_000)), (0, None));
}

/// The frames before a change of the song, its second there, and whether it jumped.
type Change = (u64, Option<f64>, bool);

/// The song at the first frame, and its changes.
fn song_of(excerpt: &Excerpt) -> (Option<f64>, Vec<Change>) {
    let mut frames = 0;
    let mut changes = Vec::new();
    for held in &excerpt.held {
        match held {
            Held::Sound { frames: more, .. } => frames += *more as u64,
            Held::Silence { frames: more } => frames += more,
            Held::Mark(Mark::Song { seconds, jumped, frames_ago: 0 }) => changes.push((frames, *seconds, *jumped)),
            Held::Mark(_) => {}
        }
    }
    (excerpt.song.seconds, changes)
}

#[test]
fn the_song_is_known_at_the_very_first_frame_and_where_it_jumps() {
    let mut history = history(usize::MAX, 1, 1 << 40, running(10.0));
    history.keep(&sound(1, 0, 48_000), 48_000);
    history.song_goes_on(Some(2.0), true, 0);
    history.keep(&[0.0; 48_000], 48_000);
    let excerpt = history.take_newest(72_000).unwrap();
    assert_eq!(excerpt.song.position_frames, Some(504_000));
    assert_eq!(song_of(&excerpt), (Some(10.5), vec![(24_000, Some(2.0), true)]));
}

#[test]
fn before_the_song_runs_its_place_is_counted_back_as_far_as_there_is_one() {
    let before = |start: f64| {
        let mut history = history(usize::MAX, 1, 1 << 40, NO_SONG);
        history.keep(&sound(1, 0, 48_000), 48_000);
        history.take_begins(ChannelSet::first(1), running(start), RATE);
        history.take_newest(24_000).unwrap().song.seconds
    };
    assert_eq!((before(4.0), before(0.25)), (Some(3.5), None));
}

#[test]
fn what_a_take_cut_out_of_the_history_is_a_seam_with_the_songs_place_behind_it() {
    let mut history = history(usize::MAX, 1, 1 << 40, running(0.0));
    history.keep(&sound(1, 0, 48_000), 48_000);
    history.take_begins(ChannelSet::first(1), running(1.0), RATE);
    history.pass(96_000);
    history.keep(&sound(1, 144_000, 480), 480);
    let excerpt = history.take_newest(u64::MAX).unwrap();
    assert!(excerpt.held.contains(&Held::Mark(Mark::Pause { frames: 96_000 })));
    assert_eq!(song_of(&excerpt), (Some(0.0), vec![(48_000, Some(3.0), false)]));
}

#[test]
fn a_song_that_stops_as_a_take_begins_is_not_known_behind_the_take() {
    let mut history = history(usize::MAX, 1, 1 << 40, running(0.0));
    history.keep(&sound(1, 0, 480), 480);
    history.take_begins(ChannelSet::first(1), NO_SONG, RATE);
    history.pass(480);
    history.keep(&sound(1, 960, 480), 480);
    assert_eq!(history.take_newest(480).unwrap().song, NO_SONG);
}
