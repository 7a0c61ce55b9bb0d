//! In the CLAP host: from the second block of a take on `process()` touches no memory for the first time and gives no
//! processor away. Both are calls into the kernel, and both make a block late.
#![cfg(target_os = "linux")]

mod common;

use audio_file_out::core::format::StreamFormat;
use audio_file_out::core::take::Controls;
use audio_file_out::link::{self, Status, Watched};
use audio_file_out::rt::rehearse;
use audio_file_out::rt::tap::{MonotonicClock, Tap};
use common::{HOLD, Rig, START, WITH_SOUND, capture, keep, preroll, record};
use headless_host::{Change, ParamId, Setup};
use std::mem::MaybeUninit;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const RATE: u32 = 48_000;
const BLOCK: usize = 128;
const EXPORT_METHOD: ParamId = ParamId::named("exportmethod");

/// What the kernel has counted for the calling thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Kernel {
    page_faults: i64,
    /// Voluntary context switches.
    sleeps: i64,
}

impl Kernel {
    fn now() -> Self {
        let mut usage = MaybeUninit::<libc::rusage>::zeroed();
        // SAFETY: `usage` has room for what the call writes, and zeroes are a valid one.
        let usage = unsafe {
            libc::getrusage(libc::RUSAGE_THREAD, usage.as_mut_ptr());
            usage.assume_init()
        };
        Self { page_faults: usage.ru_minflt + usage.ru_majflt, sleeps: usage.ru_nvcsw }
    }

    fn add_since(&mut self, before: Self) {
        let now = Self::now();
        self.page_faults += now.page_faults - before.page_faults;
        self.sleeps += now.sleeps - before.sleeps;
    }
}

/// One test at a time: with all cores taken the writer would come late for reasons of the tests' own.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Records `seconds` at the clock's pace, or as fast as it goes, and counts from the second block of the take on.
/// Half-way through, `change` reaches the plugin.
fn record_and_count(channels: usize, seconds: usize, is_paced: bool, change: Option<Change>) -> Kernel {
    let _alone = alone();
    let mut rig = Rig::new();
    rig.instance.select_layout(channels as u32).unwrap();
    let mut processor = rig.instance.activate(Setup::new(f64::from(RATE), BLOCK as u32)).unwrap();
    let mut audio = vec![vec![0.25_f32; BLOCK]; channels];
    processor.process_in_place(&mut audio, &[keep(0, 0.0)]).unwrap();
    processor.process_in_place(&mut audio, &[record(0, true)]).unwrap();
    let mut kernel = Kernel::default();
    let blocks = seconds * RATE as usize / BLOCK;
    let start = Instant::now();
    for block in 0..blocks {
        if is_paced {
            let due = Duration::from_secs_f64((block * BLOCK) as f64 / f64::from(RATE));
            std::thread::sleep(due.saturating_sub(start.elapsed()));
        }
        let changes = if block == blocks / 2 { change.as_slice() } else { &[] };
        let before = Kernel::now();
        processor.process_in_place(&mut audio, changes).unwrap();
        kernel.add_since(before);
    }
    rig.instance.deactivate(processor);
    assert_eq!(common::decode(&rig.files()[0]).frames(), (blocks + 1) * BLOCK);
    kernel
}

/// The same of an instance with a history, armed with sound: half-way through a take begins with it, and near the end
/// another one is captured.
fn keep_and_count(channels: usize, seconds: usize) -> Kernel {
    let _alone = alone();
    let mut rig = Rig::new();
    rig.instance.select_layout(channels as u32).unwrap();
    let mut processor = rig.instance.activate(Setup::new(f64::from(RATE), BLOCK as u32)).unwrap();
    let mut audio = vec![vec![0.001_f32; BLOCK]; channels];
    let armed = [Change::new(0, START, WITH_SOUND), Change::new(0, HOLD, 0.0), preroll(0, 1.0), record(0, true)];
    processor.process_in_place(&mut audio, &armed).unwrap();
    let mut kernel = Kernel::default();
    let blocks = seconds * RATE as usize / BLOCK;
    let start = Instant::now();
    for block in 0..blocks {
        let due = Duration::from_secs_f64((block * BLOCK) as f64 / f64::from(RATE));
        std::thread::sleep(due.saturating_sub(start.elapsed()));
        if block == blocks / 2 {
            audio[0][7] = 0.5;
        }
        let changes = if block == blocks * 9 / 10 { [capture(0, true)].to_vec() } else { Vec::new() };
        let before = Kernel::now();
        processor.process_in_place(&mut audio, &changes).unwrap();
        kernel.add_since(before);
        audio[0][7] = 0.001;
    }
    rig.instance.deactivate(processor);
    assert_eq!(common::decode(&rig.files()[0]).frames(), RATE as usize + 1 + RATE as usize / 2);
    assert!(rig.files().len() > 1);
    kernel
}

/// Two members of a group in turns: a take begins in one of them, the other sets a marker and pauses it for a while.
fn group_and_count(seconds: usize) -> Kernel {
    let _alone = alone();
    let mut members: Vec<_> = (0..2)
        .map(|_| {
            let mut rig = Rig::new();
            rig.instance.edit_state(|state| state.set_param("group", "a".into())).unwrap();
            let processor = rig.instance.activate(Setup::new(f64::from(RATE), BLOCK as u32)).unwrap();
            (rig, processor)
        })
        .collect();
    let mut audio = vec![vec![0.25_f32; BLOCK]; 2];
    let blocks = seconds * RATE as usize / BLOCK;
    let changes = |member: usize, block: usize| match (member, block * 10 / blocks, block * 10 % blocks < 10) {
        (0, 2, true) => Some(record(0, true)),
        (1, 4, true) => Some(Change::new(0, ParamId::named("marker"), 1.0)),
        (1, 5, true) => Some(common::pause(0, true)),
        (1, 7, true) => Some(common::pause(0, false)),
        (0, 9, true) => Some(record(0, false)),
        _ => None,
    };
    let mut kernel = Kernel::default();
    let start = Instant::now();
    for block in 0..blocks {
        let due = Duration::from_secs_f64((block * BLOCK) as f64 / f64::from(RATE));
        std::thread::sleep(due.saturating_sub(start.elapsed()));
        for (member, (_, processor)) in members.iter_mut().enumerate() {
            let changes = changes(member, block);
            let before = Kernel::now();
            processor.process_in_place(&mut audio, changes.as_slice()).unwrap();
            if block > 0 {
                kernel.add_since(before);
            }
        }
    }
    for (rig, processor) in members {
        let mut rig = rig;
        rig.instance.deactivate(processor);
        let frames = common::decode(&rig.files()[0]).frames();
        assert!(frames.abs_diff(blocks * BLOCK / 2) <= 2 * BLOCK, "{frames}");
    }
    kernel
}

#[test]
fn members_of_a_group_meet_the_kernel_in_no_block() {
    assert_eq!(group_and_count(4), Kernel::default());
}

#[test]
fn an_armed_instance_of_2_channels_that_keeps_meets_the_kernel_in_no_block() {
    assert_eq!(keep_and_count(2, 6), Kernel::default());
}

/// As a take of them.
#[test]
fn an_armed_instance_of_64_channels_that_keeps_meets_the_kernel_in_no_block() {
    assert!((0..3).any(|_| keep_and_count(64, 4) == Kernel::default()));
}

#[test]
fn a_live_take_of_2_channels_meets_the_kernel_in_no_block() {
    assert_eq!(record_and_count(2, 6, true, None), Kernel::default());
}

#[test]
fn a_live_take_of_8_channels_meets_the_kernel_in_no_block() {
    assert_eq!(record_and_count(8, 6, true, None), Kernel::default());
}

/// Their queue has an eighth of a second in memory from the start. A machine that gives the writer no processor for so
/// long does not show what the recorder does, so it gets three tries.
#[test]
fn a_live_take_of_64_channels_meets_the_kernel_in_no_block() {
    assert!((0..3).any(|_| record_and_count(64, 3, true, None) == Kernel::default()));
}

#[test]
fn an_export_that_is_switched_on_in_mid_take_touches_no_new_memory() {
    let on = Change::new(0, EXPORT_METHOD, 1.0);
    assert_eq!(record_and_count(8, 2, true, Some(on)), Kernel::default());
}

/// It waits for the writer, so it sleeps.
#[test]
fn a_stereo_take_at_full_speed_touches_no_new_memory() {
    assert_eq!(record_and_count(2, 60, false, None).page_faults, 0);
}

#[test]
fn a_window_that_opens_in_mid_take_touches_no_new_memory() {
    let format = StreamFormat { channels: 64, sample_rate: RATE };
    let _alone = alone();
    rehearse();
    let status = Arc::<Status>::default();
    let (sender, mut receiver) = link::link(format, link::capacity(format), Arc::clone(&status));
    let mut tap = Tap::new(sender, format, false, MonotonicClock::default());
    status.scope().on_change(|| ());
    let mut audio = vec![vec![0.25_f32; BLOCK]; 64];
    let planar: Vec<&mut [f32]> = audio.iter_mut().map(Vec::as_mut_slice).collect();
    let controls = Controls { record: true, ..Controls::plain(64) };
    let (mut kernel, mut scratch) = (Kernel::default(), Vec::new());
    tap.process(&controls, &planar);
    for block in 0..2_000 {
        match block % 1_000 {
            500 => status.scope().open(),
            999 => status.scope().close(),
            _ => {}
        }
        let before = Kernel::now();
        tap.process(&controls, &planar);
        kernel.add_since(before);
        while receiver.next(&mut scratch).is_some() {}
    }
    assert_eq!(kernel, Kernel::default());
}

#[test]
fn marks_that_wait_for_a_busy_writer_touch_no_new_memory() {
    let format = StreamFormat { channels: 1, sample_rate: RATE };
    let _alone = alone();
    rehearse();
    let (sender, receiver) = link::link(format, link::capacity(format), Arc::<Status>::default());
    let _watched = Watched::new(Arc::new(receiver.relief())).unwrap();
    let mut tap = Tap::new(sender, format, false, MonotonicClock::default());
    let mut audio = [0.25_f32; BLOCK];
    let mut play = |blocks: usize| {
        let mut kernel = Kernel::default();
        for block in 0..blocks {
            let controls = Controls { record: true, marker: block % 2 > 0, ..Controls::plain(1) };
            let before = Kernel::now();
            tap.process(&controls, &[&mut audio]);
            kernel.add_since(before);
        }
        kernel
    };
    // A third of what is there from the start.
    play(180);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(play(1_200), Kernel::default());
}
