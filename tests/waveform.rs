//! The waveform of a take is there whether or not a window was open: it is drawn on the writer's side.

use audio_file_out::core::channels::ChannelSet;
use audio_file_out::core::format::StreamFormat;
use audio_file_out::core::take::{Controls, TakeSettings};
use audio_file_out::disk::writer::WriterThread;
use audio_file_out::link::{self, COLUMNS_PER_SECOND, Span, Status, TextId, Texts};
use audio_file_out::rt::tap::{MonotonicClock, Tap};
use std::sync::Arc;

const FORMAT: StreamFormat = StreamFormat { channels: 2, sample_rate: 48_000 };
const BLOCK: usize = 480;

#[test]
fn a_window_that_opens_in_mid_take_finds_the_take_from_its_first_frame_on() {
    let folder = tempfile::tempdir().unwrap();
    let texts = Arc::<Texts>::default();
    texts.set(TextId::File, folder.path().join("take{suffix}").to_str().unwrap());
    let status = Arc::<Status>::default();
    let (sender, receiver) = link::link(FORMAT, link::capacity(FORMAT), Arc::clone(&status));
    let switches = Arc::new(Controls { record: true, ..Controls::plain(2) });
    let writer = WriterThread::start(receiver, switches, Arc::clone(&texts), None, None, |_| ()).unwrap();
    let mut tap = Tap::new(sender, FORMAT, true, MonotonicClock::default());
    let settings = TakeSettings { text_revision: texts.revision(), ..TakeSettings::DEFAULT };
    let mut play = |seconds: usize, pause| {
        let channels = ChannelSet::first(2);
        let controls = Controls { record: true, pause, settings, channels, ..Controls::plain(2) };
        for _ in 0..seconds * FORMAT.sample_rate as usize / BLOCK {
            tap.process(&controls, &[&mut [0.25; BLOCK], &mut [-0.5; BLOCK]]);
        }
    };
    play(30, false);
    play(1, true);
    play(10, false);
    tap.close();
    writer.finish();
    let columns = status.waveform().columns();
    assert_eq!(columns.len(), 40 * COLUMNS_PER_SECOND as usize + 1);
    assert!(columns[0].begins);
    assert_eq!(columns[3_000].span, Span::Paused);
    let loud =
        columns.iter().filter(|column| column.span == Span::Recorded && (column.low, column.high) == (-0.5, 0.25));
    assert_eq!(loud.count(), 4_000);
}
