//! The host's process is killed in mid-take. The child is this test binary again, see [`child`].

use crate::common::{
    AT_SONG_JUMPS, FILE_TYPE, FILES, ONE_FOR_EACH_CHANNEL, SPLIT, UNIQUE_SUFFIX, decode, decode_as_far_as_it_goes,
    files_in, instance_in, plugin, preroll, record, sample, sound,
};
use crate::recorder::{OLD, TYPES, Type, assert_holds};
use headless_host::{Change, Render, Setup, Transport};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

const RATE: usize = 48_000;

/// What a killed host may lose.
const HALF_A_SECOND: usize = RATE / 2;

/// Frames of a pass of the loop, each of which is a file.
const PASS: usize = 12_000;

/// Frames of the history that a take begins with.
const HISTORY: usize = 20 * RATE;

/// The child's orders: file type, `unique`, `fixed`, `split`, `channels` or `preroll`, folder.
const ORDERS: &str = "AUDIO_FILE_OUT_TEST_ORDERS";

/// A host that was held up by the machine for so long proves nothing about the recorder.
const HELD_UP: Duration = Duration::from_millis(100);

/// Hosts at once.
const AT_ONCE: usize = 10;

/// Plays in realtime for ever, with record on, and tells after each block how many frames have been played and how late
/// the block was, in milliseconds.
#[test]
#[ignore = "the child of the other tests"]
fn child() {
    let Ok(orders) = std::env::var(ORDERS) else { return };
    let orders: Vec<&str> = orders.splitn(3, ' ').collect();
    let [file_type, suffix, folder] = orders[..] else { panic!("three orders") };
    let mut instance = plugin().instance().unwrap();
    let name = if suffix == "fixed" { "take" } else { "take{suffix}" };
    instance.set_text("file", Path::new(folder).join(name).to_str().unwrap()).unwrap();
    let mut processor = instance.activate(Setup::new(RATE as f64, 512)).unwrap();
    let history = if suffix == "preroll" { HISTORY } else { 0 };
    Render::new(&sound(2), 0..history).play(&mut processor).unwrap();
    let changes = [
        Change::new(history, FILE_TYPE, file_type.parse().unwrap()),
        Change::new(history, UNIQUE_SUFFIX, f64::from(suffix != "fixed")),
        Change::new(history, SPLIT, if suffix == "split" { AT_SONG_JUMPS } else { 0.0 }),
        Change::new(history, FILES, if suffix == "channels" { ONE_FOR_EACH_CHANNEL } else { 0.0 }),
        preroll(history, if suffix == "preroll" { 300.0 } else { 0.0 }),
        record(history, true),
    ];
    let pass = if suffix == "split" { PASS } else { usize::MAX / 1_024 * 512 };
    let start = Instant::now();
    let mut out = std::io::stdout();
    let mut before = history;
    loop {
        let mut tell = |frames: usize| {
            let due = Duration::from_secs_f64((before + frames - history - 512.min(frames)) as f64 / RATE as f64);
            let late = start.elapsed().saturating_sub(due).as_millis();
            writeln!(out, "played {} {late}", before + frames).unwrap();
            out.flush().unwrap();
        };
        processor.set_transport(Some(Transport { playing: true, recording: false, seconds: 0.0, tempo: Some(120.0) }));
        let changes = if before == history { &changes[..] } else { &[] };
        let span = before..before + pass;
        Render::new(&sound(2), span).changes(changes).realtime().progress(&mut tell).play(&mut processor).unwrap();
        before += pass;
    }
}

fn start(file_type: Type, suffix: &str, folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["kill::child", "--exact", "--ignored", "--nocapture", "--test-threads=1"])
        .env(ORDERS, format!("{} {suffix} {}", file_type.index, folder.display()))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Lets a host record for about `time` and kills it. Says how many frames it had surely played; nothing if the machine
/// held it up.
fn record_and_kill(file_type: Type, suffix: &str, folder: &Path, time: Duration) -> Option<usize> {
    let mut child = start(file_type, suffix, folder);
    let out = BufReader::new(child.stdout.take().unwrap());
    let mut killer = None;
    let (mut played, mut late) = (0, Duration::ZERO);
    for line in out.lines() {
        let line = line.unwrap();
        let Some(told) = line.split("played ").nth(1) else { continue };
        // The last line may be torn.
        let Some((frames, millis)) = told.split_once(' ') else { continue };
        let (Ok(frames), Ok(millis)) = (frames.parse(), millis.parse()) else { continue };
        played = frames;
        late = late.max(Duration::from_millis(millis));
        killer.get_or_insert_with(|| {
            let process = child.id();
            thread::spawn(move || {
                thread::sleep(time);
                // SAFETY: the child has not been waited for, so the number is still its own.
                unsafe { libc::kill(process as libc::pid_t, libc::SIGKILL) };
            })
        });
    }
    killer.expect("the host played").join().unwrap();
    child.wait().unwrap();
    (late < HELD_UP).then_some(played)
}

/// As [`record_and_kill`], as often as the machine is too busy, each time in a new folder.
fn killed(file_type: Type, suffix: &str, time: Duration) -> (tempfile::TempDir, usize) {
    for _ in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        if suffix == "fixed" {
            fs::write(folder.path().join("take").with_extension(file_type.extension), OLD).unwrap();
        }
        if let Some(played) = record_and_kill(file_type, suffix, folder.path(), time) {
            return (folder, played);
        }
    }
    panic!("the machine is too busy to play in realtime");
}

/// Asserts that the file holds the input from its first frame on and misses at most half a second of what was played.
fn assert_kept(file_type: Type, path: &Path, played: usize) -> usize {
    let is_there = path.metadata().is_ok_and(|file| file.len() > 0);
    let kept = if is_there {
        let take = decode_as_far_as_it_goes(path);
        if file_type.keeps_samples {
            assert_holds(&take, 0, path);
        }
        take.frames()
    } else {
        0
    };
    assert!(kept + HALF_A_SECOND >= played, "{}: {kept} of {played} frames", path.display());
    if kept > 0 {
        others_play_it(path);
    }
    kept
}

/// Asserts that a player that is not ours opens the file, where one is installed.
fn others_play_it(path: &Path) {
    let probe = Command::new("ffprobe").args(["-v", "error", "-show_entries", "stream=sample_rate"]).arg(path).output();
    match probe {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(said.contains("sample_rate=48000"), "{}: {output:?}", path.display());
        }
        Err(_) => {
            let _ = writeln!(std::io::stderr(), "ffprobe is not installed: its check is skipped");
        }
    }
}

/// A moment between 0.1 and 2.1 s, another one for each number; every sixth time 4 s later, when the file is synced.
fn moment(number: usize) -> Duration {
    let later = if number % 6 == 5 { 4_000 } else { 0 };
    Duration::from_millis(100 + (number as u64 * 619) % 2_000 + later)
}

/// Does something for each type and number, `AT_ONCE` at a time; every failure is told.
fn for_all(count: usize, check: fn(Type, usize)) {
    let runs: Vec<_> = (0..count).flat_map(|number| TYPES.map(|file_type| (file_type, number))).collect();
    let (runs, failures) = (Mutex::new(runs), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((file_type, number)) = { runs.lock().unwrap().pop() } {
                    if thread::spawn(move || check(file_type, number)).join().is_err() {
                        failures.lock().unwrap().push(format!("{} {number}", file_type.extension));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} failed: {failures:?}", failures.len());
}

/// With Unique Suffix on: the file plays, and the next start leaves it alone.
fn a_numbered_take(file_type: Type, number: usize) {
    let (folder, played) = killed(file_type, "unique", moment(number));
    let path = folder.path().join("take-001").with_extension(file_type.extension);
    assert_kept(file_type, &path, played);
    let before = fs::read(&path).ok();
    let mut instance = instance_in(folder.path());
    let mut processor = instance.activate(Setup::new(RATE as f64, 512)).unwrap();
    let changes = [Change::new(0, FILE_TYPE, file_type.index as f64), record(0, true)];
    Render::new(&sound(2), 0..5_000).changes(&changes).play(&mut processor).unwrap();
    instance.deactivate(processor);
    if before.is_some() {
        assert!(fs::read(&path).ok() == before, "{} was touched", path.display());
    }
    assert_eq!(files_in(folder.path()).len(), 1 + usize::from(before.is_some()));
}

/// With Unique Suffix off, while an older file is there: that one is as it was, the new one plays, and the next take
/// gives it the name of a recovered one and all that is in it.
fn a_replacing_take(file_type: Type, number: usize) {
    let (folder, played) = killed(file_type, "fixed", moment(number));
    let named = |name: &str| folder.path().join(format!("{name}.{}", file_type.extension));
    assert_eq!(fs::read(named("take")).unwrap(), OLD);
    let kept = assert_kept(file_type, &named("take (recording)"), played);
    let left = fs::metadata(named("take (recording)")).map_or(0, |file| file.len());
    let other = [named("take (recovered)-x"), named("other (recording)")];
    other.iter().for_each(|path| fs::write(path, OLD).unwrap());

    let mut instance = plugin().instance().unwrap();
    instance.set_text("file", folder.path().join("take").to_str().unwrap()).unwrap();
    let mut processor = instance.activate(Setup::new(RATE as f64, 512)).unwrap();
    let changes =
        [Change::new(0, FILE_TYPE, file_type.index as f64), Change::new(0, UNIQUE_SUFFIX, 0.0), record(0, true)];
    Render::new(&sound(2), 0..5_000).changes(&changes).play(&mut processor).unwrap();
    instance.deactivate(processor);

    assert_eq!(decode_as_far_as_it_goes(&named("take")).frames(), 5_000);
    other.iter().for_each(|path| assert_eq!(fs::read(path).unwrap(), OLD, "{}", path.display()));
    assert!(!named("take (recording)").exists());
    if left > 0 {
        let recovered = named("take (recovered)");
        let frames = assert_kept(file_type, &recovered, played);
        assert!(frames >= kept, "{frames} of {kept} frames");
        if frames > 0 {
            assert!(fs::metadata(&recovered).unwrap().len() <= left + 1);
            assert_eq!(decode(&recovered).frames(), frames);
        }
        assert_eq!(recovered.exists(), frames > 0, "what has no sound is not kept");
    }
}

/// Split at every pass of a loop: all files but the last one with sound are complete.
fn a_split_take(file_type: Type, number: usize) {
    let (folder, played) = killed(file_type, "split", moment(number));
    let mut kept = 0;
    for path in files_in(folder.path()) {
        let is_there = path.metadata().unwrap().len() > 0;
        let Some(pass) = is_there.then(|| decode_as_far_as_it_goes(&path)).filter(|pass| pass.frames() > 0) else {
            continue;
        };
        assert_eq!(kept % PASS, 0, "{kept} frames before {}", path.display());
        if file_type.keeps_samples {
            assert_holds(&pass, kept, &path);
        }
        kept += pass.frames();
    }
    assert!(kept + HALF_A_SECOND >= played, "{}: {kept} of {played} frames", file_type.extension);
}

#[test]
fn a_killed_hosts_split_take_misses_half_a_second_at_most_and_no_frame_between_its_files() {
    for_all(3, a_split_take);
}

/// One file for each channel: each of them plays by itself.
fn a_take_of_channels(file_type: Type, number: usize) {
    let (folder, played) = killed(file_type, "channels", moment(number));
    for (channel, name) in ["take-001_L", "take-001_R"].into_iter().enumerate() {
        let path = folder.path().join(name).with_extension(file_type.extension);
        let is_there = path.metadata().is_ok_and(|file| file.len() > 0);
        let take = is_there.then(|| decode_as_far_as_it_goes(&path));
        let samples = take.and_then(|mut take| take.planar.pop()).unwrap_or_default();
        assert!(samples.len() + HALF_A_SECOND >= played, "{}: {} of {played}", path.display(), samples.len());
        let expected = (0..samples.len()).map(|frame| f64::from(sample(channel, frame)));
        assert!(!file_type.keeps_samples || samples.iter().copied().eq(expected), "{}", path.display());
    }
}

#[test]
fn every_channel_of_a_killed_hosts_take_plays_and_misses_half_a_second_at_most() {
    for_all(3, a_take_of_channels);
}

/// While the history is being written the file is behind, and plays all the same.
fn a_take_with_preroll(file_type: Type, number: usize) {
    let time = [10, 60, 250, 4_000][number];
    let (folder, played) = killed(file_type, "preroll", Duration::from_millis(time));
    let path = folder.path().join("take-001").with_extension(file_type.extension);
    if time > 3_000 {
        assert_kept(file_type, &path, played);
    } else if path.metadata().is_ok_and(|file| file.len() > 0) {
        let take = decode_as_far_as_it_goes(&path);
        if file_type.keeps_samples {
            assert_holds(&take, 0, &path);
        }
        if take.frames() > 0 {
            others_play_it(&path);
        }
    }
}

#[test]
fn a_host_that_is_killed_while_the_preroll_is_written_leaves_a_file_that_plays() {
    for_all(4, a_take_with_preroll);
}

#[test]
fn a_killed_hosts_takes_play_and_miss_half_a_second_at_most() {
    for_all(6, a_numbered_take);
}

#[test]
fn a_killed_hosts_replacing_take_leaves_the_old_file_and_is_recovered() {
    for_all(6, a_replacing_take);
}

#[test]
#[ignore = "long"]
fn fifty_killed_hosts_of_each_type() {
    for_all(50, a_numbered_take);
}

#[test]
#[ignore = "long"]
fn fifty_killed_hosts_that_replace_of_each_type() {
    for_all(50, a_replacing_take);
}
