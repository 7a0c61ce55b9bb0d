//! The export without a host: what its target does to it.

use super::*;
use crate::core::format::StreamFormat;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Condvar;
use std::time::Duration;

/// Long enough for the slowest machine: whoever waits so long waits for nothing.
const FOREVER: Duration = Duration::from_secs(30);

/// The thread of a test, and what it shares with its export.
struct World {
    status: Arc<Status>,
    texts: Arc<Texts>,
}

impl World {
    fn with_target(target: &str) -> Self {
        let world = Self { status: Arc::default(), texts: Arc::default() };
        world.texts.set(crate::link::TextId::ExportTarget, target);
        world.status.set_stream(StreamFormat { channels: 2, sample_rate: 48_000 });
        world
    }

    fn export(&self, method: ExportMethod, lookup: Lookup) -> Exporter {
        let controls = move || ExportControls { method, record: true, pause: false };
        Exporter::with_lookup(Arc::clone(&self.status), Arc::clone(&self.texts), controls, lookup).unwrap()
    }

    /// The note once there is one.
    fn note(&self) -> String {
        let start = std::time::Instant::now();
        while start.elapsed() < FOREVER {
            if let Some(note) = self.status.snapshot().export_note {
                return note;
            }
            thread::sleep(Duration::from_millis(5));
        }
        panic!("no note");
    }
}

fn listener() -> (UdpSocket, u16) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(FOREVER)).unwrap();
    let port = socket.local_addr().unwrap().port();
    (socket, port)
}

fn nobody_knows(_: &str, _: u16) -> io::Result<Vec<SocketAddr>> {
    Err(io::ErrorKind::NotFound.into())
}

#[test]
fn a_name_leads_to_the_machine_that_it_stands_for() {
    let (socket, port) = listener();
    let world = World::with_target(&format!("studio:{port}"));
    let _exporter = world.export(ExportMethod::ChannelNameIsPath, |_, port| Ok(vec![([127, 0, 0, 1], port).into()]));
    assert!(socket.recv(&mut [0; 2048]).unwrap() > 16);
}

#[test]
fn a_target_that_leads_nowhere_is_told_until_the_export_ends() {
    for (target, words) in [("studio", "is no Export Target"), ("studio:7000", "Nobody knows")] {
        let world = World::with_target(target);
        let exporter = world.export(ExportMethod::ChannelNameIsPath, nobody_knows);
        let note = world.note();
        assert!(note.contains(words) && note.contains(target), "{note}");
        drop(exporter);
        assert_eq!(world.status.snapshot().export_note, None);
    }
}

#[test]
fn a_table_that_names_nothing_is_told() {
    let world = World::with_target("127.0.0.1:7000");
    let _exporter = world.export(ExportMethod::TableByIndex, nobody_knows);
    assert!(world.note().contains("Export Table"));
}

#[test]
fn a_target_that_is_mended_is_sent_to() {
    let (socket, port) = listener();
    let world = World::with_target("studio:7000");
    let _exporter = world.export(ExportMethod::ChannelNameIsPath, nobody_knows);
    world.note();
    world.texts.set(crate::link::TextId::ExportTarget, &format!("localhost:{port}"));
    assert!(socket.recv(&mut [0; 2048]).unwrap() > 16);
}

/// 1 is on, 0 is off.
static METHOD: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(1);
static STARTS: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

#[test]
fn an_export_that_panics_is_told_and_starts_again_only_when_it_was_off() {
    use crate::core::format::Menu;
    let world = World::with_target("127.0.0.1:7000");
    let controls = || {
        if thread::current().name() == Some("audio file osc") {
            STARTS.fetch_add(1, Relaxed);
            panic!("a test");
        }
        ExportControls { method: ExportMethod::from_index(METHOD.load(Relaxed)), record: false, pause: false }
    };
    let exporter = Exporter::new(Arc::clone(&world.status), Arc::clone(&world.texts), controls).unwrap();
    assert!(world.note().contains("an error of its own"));
    for _ in 0..3 {
        exporter.switch.look();
    }
    assert_eq!(STARTS.load(Relaxed), 1);
    METHOD.store(0, Relaxed);
    exporter.switch.look();
    assert_eq!(world.status.snapshot().export_note, None);
    METHOD.store(1, Relaxed);
    world.note();
    assert_eq!(STARTS.load(Relaxed), 2);
    drop(exporter);
    let _next = world.export(ExportMethod::Off, nobody_knows);
    assert_eq!(world.status.snapshot().export_note, None);
}

static MAY_ANSWER: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());
static ASKED: AtomicBool = AtomicBool::new(false);

fn hangs(_: &str, _: u16) -> io::Result<Vec<SocketAddr>> {
    ASKED.store(true, Relaxed);
    let may_answer = MAY_ANSWER.0.lock().unwrap();
    drop(MAY_ANSWER.1.wait_while(may_answer, |may_answer| !*may_answer).unwrap());
    Ok(Vec::new())
}

/// The lookup answers only after the export has ended: whoever waits for it waits for ever.
#[test]
fn the_end_of_the_export_does_not_wait_for_a_lookup_that_hangs() {
    let (done, is_done) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let world = World::with_target("studio:7000");
        let exporter = world.export(ExportMethod::ChannelNameIsPath, hangs);
        while !ASKED.load(Relaxed) {
            thread::sleep(Duration::from_millis(5));
        }
        drop(exporter);
        done.send(()).unwrap();
    });
    is_done.recv_timeout(FOREVER).expect("the export waits for the lookup");
    *MAY_ANSWER.0.lock().unwrap() = true;
    MAY_ANSWER.1.notify_all();
}

/// Else the host could unload the plugin beneath it.
#[test]
fn the_end_of_the_export_waits_for_its_thread() {
    let world = World::with_target("127.0.0.1:9");
    let held = Arc::new(AtomicBool::new(false));
    let by_the_thread = Arc::clone(&held);
    let controls = move || {
        if thread::current().name() == Some("audio file osc") {
            by_the_thread.store(true, Relaxed);
            thread::sleep(Duration::from_millis(50));
        }
        ExportControls { method: ExportMethod::ChannelNameIsPath, record: false, pause: false }
    };
    let (status, texts) = (Arc::clone(&world.status), Arc::clone(&world.texts));
    let exporter = Exporter::with_lookup(status, texts, controls, nobody_knows).unwrap();
    while !held.load(Relaxed) {
        thread::sleep(Duration::from_millis(5));
    }
    drop(exporter);
    assert_eq!(Arc::strong_count(&held), 1, "the thread is still there");
}
