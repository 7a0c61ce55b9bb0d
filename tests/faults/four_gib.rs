//! Real files around the line of 4 GiB, which RIFF cannot pass: 64 channels of float at full speed. Each needs 4.4 GB of
//! room for temporary files. The child of the test that kills is this test binary again, see [`child`].

use crate::common::{CODEC, FLOAT32, files_in, instance_in, record, sample, sound};
use faulty_disk::{Disk, Fault};
use headless_host::{Change, Render, Setup};
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const CHANNELS: usize = 64;
const FRAME_BYTES: u64 = 4 * CHANNELS as u64;
const LINE: u64 = 1 << 32;

/// Frames that go beyond the line.
const FRAMES: usize = (LINE / FRAME_BYTES) as usize + 500_000;

/// The child's order: its folder.
const ORDERS: &str = "AUDIO_FILE_OUT_TEST_FOLDER";

/// Records [`FRAMES`] frames and says which file has them.
fn record_beyond(folder: &Path) -> PathBuf {
    let mut instance = instance_in(folder);
    // Nowhere else to go.
    instance.set_text("fallback", folder.to_str().unwrap()).unwrap();
    instance.select_layout(CHANNELS as u32).unwrap();
    let mut processor = instance.activate(Setup::new(48_000.0, 4_096)).unwrap();
    let changes = [Change::new(0, CODEC, FLOAT32), record(0, true)];
    Render::new(&sound(CHANNELS), 0..FRAMES).changes(&changes).play(&mut processor).unwrap();
    instance.deactivate(processor);
    files_in(folder).remove(0)
}

/// What the header tells: where the sound begins, and its bytes (EBU Tech 3306).
fn told(path: &Path) -> (u64, u64) {
    let mut start = vec![0; 1 << 16];
    let length = File::open(path).unwrap().read(&mut start).unwrap();
    let number = |at: usize| u64::from(u32::from_le_bytes(start[at..at + 4].try_into().unwrap()));
    let mut at = 12;
    while &start[at..at + 4] != b"data" {
        at += 8 + number(at + 4) as usize;
        assert!(at + 8 < length, "no sound");
    }
    let bytes = match &start[..4] {
        b"RIFF" => number(at + 4),
        b"RF64" => number(28) | number(32) << 32,
        other => panic!("{other:?}"),
    };
    (at as u64 + 8, bytes)
}

/// Asserts that the file holds the input's frames, looking at the first, the last, and those around the line.
fn assert_holds(path: &Path, frames: u64) {
    let (start, _) = told(path);
    let mut file = File::open(path).unwrap();
    let around_line = (LINE - start) / FRAME_BYTES;
    for frame in [0, 1, around_line - 1, around_line, around_line + 1, frames / 2, frames - 1] {
        if frame >= frames {
            continue;
        }
        let mut bytes = [0; FRAME_BYTES as usize];
        file.seek(SeekFrom::Start(start + frame * FRAME_BYTES)).unwrap();
        file.read_exact(&mut bytes).unwrap();
        for (channel, word) in bytes.as_chunks::<4>().0.iter().enumerate() {
            assert_eq!(f32::from_le_bytes(*word), sample(channel, frame as usize), "frame {frame}, channel {channel}");
        }
    }
}

/// Asserts that FFmpeg decodes exactly the bytes of the sound, and that libsndfile reads as many frames.
fn assert_others_read_it(path: &Path, frames: u64) {
    let child = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(path)
        .args(["-c", "copy", "-f", "f32le", "-"])
        .stdout(Stdio::piped())
        .spawn();
    match child {
        Ok(mut child) => {
            let mut decoded = BufReader::with_capacity(1 << 20, child.stdout.take().unwrap());
            let mut file = BufReader::with_capacity(1 << 20, File::open(path).unwrap());
            file.seek(SeekFrom::Start(told(path).0)).unwrap();
            let (mut piece, mut expected) = (vec![0; 1 << 20], vec![0; 1 << 20]);
            let mut bytes = 0;
            loop {
                let count = decoded.read(&mut piece).unwrap();
                file.read_exact(&mut expected[..count]).unwrap();
                assert!(piece[..count] == expected[..count], "behind {bytes} bytes");
                bytes += count as u64;
                if count == 0 {
                    break;
                }
            }
            assert!(child.wait().unwrap().success());
            assert_eq!(bytes, frames * FRAME_BYTES);
        }
        Err(_) => skip("ffmpeg"),
    }
    match Command::new("sndfile-info").arg(path).output() {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(said.lines().any(|line| line == format!("Frames      : {frames}")), "{said}");
        }
        Err(_) => skip("sndfile-info"),
    }
}

fn skip(program: &str) {
    let _ = writeln!(std::io::stderr(), "{program} is not installed: its check is skipped");
}

#[test]
#[ignore = "long"]
fn a_file_beyond_4_gib_is_one_file_that_others_read_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = record_beyond(folder.path());
    assert_eq!(files_in(folder.path()).len(), 1);
    assert_eq!(told(&path).1, FRAMES as u64 * FRAME_BYTES);
    assert_holds(&path, FRAMES as u64);
    assert_others_read_it(&path, FRAMES as u64);
}

#[test]
#[ignore = "long"]
fn a_disk_that_is_full_just_before_and_just_beyond_4_gib_leaves_a_whole_file() {
    for room in [LINE - 1, LINE + 1, LINE + 10_000_001] {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::below(folder.path());
        disk.set(Fault::Room(room));
        let path = record_beyond(folder.path());
        let (start, bytes) = told(&path);
        let frames = bytes / FRAME_BYTES;
        assert_eq!(frames, (room - start) / FRAME_BYTES, "{room} bytes");
        assert_eq!(path.metadata().unwrap().len(), start + bytes);
        assert_holds(&path, frames);
        assert_others_read_it(&path, frames);
    }
}

#[test]
#[ignore = "the child of the other test"]
fn child() {
    let Ok(folder) = std::env::var(ORDERS) else { return };
    record_beyond(Path::new(&folder));
}

#[test]
#[ignore = "long"]
fn a_host_that_is_killed_around_4_gib_leaves_a_file_that_plays() {
    for bytes in [LINE - 60_000_000, LINE - 1_000_000, LINE + 1_000_000] {
        let folder = tempfile::tempdir().unwrap();
        let mut host = Command::new(std::env::current_exe().unwrap())
            .args(["four_gib::child", "--exact", "--ignored", "--test-threads=1"])
            .env(ORDERS, folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        while files_in(folder.path()).first().is_none_or(|path| path.metadata().unwrap().len() < bytes) {
            assert!(begun.elapsed() < Duration::from_secs(300), "the host is slow");
            thread::sleep(Duration::from_millis(1));
        }
        host.kill().unwrap();
        host.wait().unwrap();
        let path = files_in(folder.path()).remove(0);
        let (start, told_bytes) = told(&path);
        let length = path.metadata().unwrap().len();
        assert!(start + told_bytes <= length, "{told_bytes} bytes of sound in {length}");
        // Half a second of the clock is much at full speed.
        assert!(told_bytes > LINE / 2, "{told_bytes}");
        assert_holds(&path, told_bytes / FRAME_BYTES);
        assert_others_read_it(&path, told_bytes / FRAME_BYTES);
    }
}
