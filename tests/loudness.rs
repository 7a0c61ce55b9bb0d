//! How loud a take is, measured where it is written: as the file holds it.

use audio_file_out::core::format::{Codec, FileType, Rate, StreamFormat};
use audio_file_out::core::loudness::Loudness;
use audio_file_out::core::take::{Controls, Song, TakeSettings};
use audio_file_out::disk::writer::WriterThread;
use audio_file_out::link::{self, Status, TakeReport, TextId, Texts};
use audio_file_out::rt::tap::{MonotonicClock, Tap};
use std::f32::consts::TAU;
use std::sync::Arc;

const FORMAT: StreamFormat = StreamFormat { channels: 2, sample_rate: 48_000 };
const BLOCK: usize = 480;

const MEASURED: TakeSettings = TakeSettings { loudness: true, ..TakeSettings::DEFAULT };

const FLAC: TakeSettings = TakeSettings { file_type: FileType::Flac, ..MEASURED };

/// One take of a tone at 1 kHz and −20 LUFS, in blocks of 10 ms that stand at these positions of the song; its report and
/// its file.
fn take(settings: TakeSettings, blocks: impl Iterator<Item = usize>) -> (TakeReport, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let texts = Arc::<Texts>::default();
    texts.set(TextId::File, folder.path().join("take").to_str().unwrap());
    let status = Arc::<Status>::default();
    let (sender, receiver) = link::link(FORMAT, link::capacity(FORMAT), Arc::clone(&status));
    let switches = Arc::new(Controls { record: true, ..Controls::plain(2) });
    let writer = WriterThread::start(receiver, switches, Arc::clone(&texts), None, None, |_| ()).unwrap();
    let mut tap = Tap::new(sender, FORMAT, true, MonotonicClock::default());
    let tone: Vec<f32> = (0..BLOCK).map(|frame| 0.1 * (frame as f32 * TAU / 48.0).sin()).collect();
    for position in blocks {
        let controls = Controls {
            record: true,
            time_slice: true,
            settings: TakeSettings { text_revision: texts.revision(), ..settings },
            song: Song { position_frames: Some((position * BLOCK) as i64), ..Song::default() },
            ..Controls::plain(2)
        };
        tap.process(&controls, &[&mut tone.clone(), &mut tone.clone()]);
    }
    tap.close();
    writer.finish();
    let report = status.reports().pop().unwrap();
    assert_eq!((report.error.as_deref(), report.lost_frames), (None, 0));
    let bytes = std::fs::read(&report.paths[0]).unwrap();
    (report, bytes)
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

fn loudness(report: &TakeReport) -> Loudness {
    report.loudness.unwrap()
}

#[track_caller]
fn assert_near(measured: Option<f64>, expected: f64) {
    assert!(measured.is_some_and(|measured| (measured - expected).abs() < 0.1), "{measured:?}, not {expected}");
}

#[test]
fn report_and_file_say_how_loud_a_take_is() {
    let (report, bytes) = take(FLAC, 0..400);
    assert_near(loudness(&report).integrated_lufs, -20.0);
    assert_near(loudness(&report).range_lu, 0.0);
    assert_near(loudness(&report).true_peak_dbtp, -20.0);
    let gain = -18.0 - loudness(&report).integrated_lufs.unwrap();
    assert!(holds(&bytes, &format!("REPLAYGAIN_TRACK_GAIN={gain:.2} dB")));
}

#[test]
fn a_take_that_is_resampled_is_measured_at_the_rate_of_its_file() {
    let (report, _) = take(TakeSettings { rate: Rate::R96000, codec: Codec::Float32, ..MEASURED }, 0..400);
    assert_near(loudness(&report).integrated_lufs, -20.0);
    assert_near(loudness(&report).max_short_term_lufs, -20.0);
}

#[test]
fn silence_that_fills_a_gap_is_measured_as_it_stands_in_the_file() {
    // 300 ms, a gap of a second, 300 ms: no 400 ms are full of sound.
    let (report, _) = take(MEASURED, (0..30).chain(130..160));
    assert_eq!(report.frames, 160 * BLOCK as u64);
    assert_near(loudness(&report).max_momentary_lufs, -20.0 + 10.0 * 0.75_f64.log10());
}

#[test]
fn what_is_switched_off_is_not_measured_and_not_told() {
    let (report, bytes) = take(TakeSettings { loudness: false, ..FLAC }, 0..100);
    assert_eq!(report.loudness, None);
    assert!(!holds(&bytes, "REPLAYGAIN"));
}
