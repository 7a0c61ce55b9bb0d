//! In the CLAP host: the export. What arrives at a UDP socket, decoded by rosc and by hand, while takes are recorded.

mod common;

use common::threads::plugin_threads;
use common::{PAUSE, Rig, assert_takes, record, sample, sound};
use headless_host::{Change, ParamId, Processor, Render, Setup, Signal};
use rosc::{OscPacket, OscType};
use std::collections::BTreeMap;
use std::io::{ErrorKind, Write};
use std::net::UdpSocket;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

const EXPORT_METHOD: ParamId = ParamId::named("exportmethod");

/// Entries of `exportmethod`.
const OFF: f64 = 0.0;
const CHANNEL_NAME_IS_PATH: f64 = 1.0;
const TABLE_BY_NAME: f64 = 2.0;
const TABLE_BY_INDEX: f64 = 3.0;

const SETUP: Setup = Setup::new(48_000.0, 512);

/// Long enough for the slowest machine: whoever waits so long waits for nothing.
const FOREVER: Duration = Duration::from_secs(30);

/// Several times the time between two messages.
const A_WHILE: Duration = Duration::from_millis(300);

/// One test at a time: they count the threads of the process.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One argument, by its bits.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Value {
    Int(i32),
    Float(f32),
}

impl Value {
    fn int(self) -> i32 {
        match self {
            Value::Int(value) => value,
            Value::Float(value) => panic!("{value} is no int"),
        }
    }

    fn float(self) -> f32 {
        match self {
            Value::Float(value) => value,
            Value::Int(value) => panic!("{value} is no float"),
        }
    }
}

type Messages = BTreeMap<String, Value>;

/// A bundle as the OSC 1.0 specification lays it out, with nothing but float32 and int32 in it.
fn decode_by_hand(packet: &[u8]) -> Messages {
    fn word(bytes: &[u8]) -> [u8; 4] {
        bytes[..4].try_into().unwrap()
    }
    fn string<'a>(rest: &mut &'a [u8]) -> &'a str {
        let end = rest.iter().position(|&byte| byte == 0).unwrap();
        let padded = (end / 4 + 1) * 4;
        assert!(rest[end..padded].iter().all(|&byte| byte == 0), "padding that is not zero");
        let text = std::str::from_utf8(&rest[..end]).unwrap();
        *rest = &rest[padded..];
        text
    }
    assert!(packet.len().is_multiple_of(4));
    // The name of a bundle, and the time tag that means "at once".
    let mut rest = packet.strip_prefix(b"#bundle\0\0\0\0\0\0\0\0\x01").expect("no bundle to be acted on at once");
    let mut messages = Messages::new();
    while !rest.is_empty() {
        let length = u32::from_be_bytes(word(rest)) as usize;
        let mut message = &rest[4..4 + length];
        rest = &rest[4 + length..];
        let address = string(&mut message).to_owned();
        let value = match string(&mut message) {
            ",f" => Value::Float(f32::from_be_bytes(word(message))),
            ",i" => Value::Int(i32::from_be_bytes(word(message))),
            other => panic!("types {other}"),
        };
        assert_eq!(message.len(), 4);
        assert_eq!(messages.insert(address, value), None, "an address twice in a bundle");
    }
    messages
}

fn decode_with_rosc(packet: &[u8]) -> Messages {
    let (rest, OscPacket::Bundle(bundle)) = rosc::decoder::decode_udp(packet).unwrap() else { panic!("no bundle") };
    assert!(rest.is_empty());
    let message = |packet| {
        let OscPacket::Message(message) = packet else { panic!("no message") };
        let value = match message.args.as_slice() {
            &[OscType::Int(value)] => Value::Int(value),
            &[OscType::Float(value)] => Value::Float(value),
            other => panic!("{other:?}"),
        };
        (message.addr, value)
    };
    bundle.content.into_iter().map(message).collect()
}

/// Where the export goes.
struct Listener(UdpSocket);

impl Listener {
    fn new() -> Self {
        Self(UdpSocket::bind("127.0.0.1:0").unwrap())
    }

    fn target(&self) -> String {
        self.0.local_addr().unwrap().to_string()
    }

    fn receive(&self, patience: Option<Duration>) -> Option<Messages> {
        self.0.set_nonblocking(patience.is_none()).unwrap();
        self.0.set_read_timeout(patience).unwrap();
        let mut packet = [0; 65_536];
        match self.0.recv(&mut packet) {
            Ok(length) => {
                let by_hand = decode_by_hand(&packet[..length]);
                assert_eq!(by_hand, decode_with_rosc(&packet[..length]));
                Some(by_hand)
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => None,
            Err(error) => panic!("{error}"),
        }
    }

    /// The next bundle.
    fn next(&self) -> Messages {
        self.receive(Some(FOREVER)).expect("nothing is exported")
    }

    /// All bundles that have come.
    fn all(&self) -> Vec<Messages> {
        std::iter::from_fn(|| self.receive(None)).collect()
    }
}

/// An instance that exports to `listener` as soon as the method is on.
fn rig(listener: &Listener) -> Rig {
    let mut rig = Rig::new();
    rig.instance.set_text("exporttarget", &listener.target()).unwrap();
    rig
}

/// Automates the method in a short block of silence.
fn set_method(processor: &mut Processor, method: f64) {
    let silence = Signal(2, |_, _| 0.0);
    Render::new(&silence, 0..64).changes(&[Change::new(10, EXPORT_METHOD, method)]).play(processor).unwrap();
}

/// The export threads there are; nothing where that cannot be told.
fn export_threads() -> Option<usize> {
    let Some(threads) = plugin_threads() else {
        let _ = writeln!(std::io::stderr(), "skipped: the threads of a process can be counted on Linux only");
        return None;
    };
    let names = ["audio file osc", "audio file name"];
    Some(threads.iter().filter(|thread| names.contains(&thread.name.as_str())).count())
}

/// Waits until there is no export thread any more.
fn wait_for_its_end() {
    let start = Instant::now();
    while export_threads().is_some_and(|threads| threads > 0) {
        assert!(start.elapsed() < FOREVER, "the export thread does not end");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_take_is_told_in_figures_that_add_up() {
    let _alone = alone();
    let listener = Listener::new();
    let mut rig = rig(&listener);
    let mut processor = rig.instance.activate(SETUP).unwrap();
    set_method(&mut processor, CHANNEL_NAME_IS_PATH);
    let before = listener.next();
    let addresses = [
        "/audiofileout/chan1",
        "/audiofileout/chan2",
        "/audiofileout/last_samples_written",
        "/audiofileout/lost",
        "/audiofileout/pause",
        "/audiofileout/record",
        "/audiofileout/seconds",
        "/audiofileout/total_samples_written",
    ];
    assert!(before.keys().eq(addresses), "{before:?}");
    let int = |messages: &Messages, name: &str| messages[&format!("/audiofileout/{name}")].int();
    let float = |messages: &Messages, name: &str| messages[&format!("/audiofileout/{name}")].float();
    assert_eq!(["record", "pause", "lost", "total_samples_written"].map(|name| int(&before, name)), [0; 4]);

    // Each channel has a level of its own, and goes below zero further than above.
    let levels = Signal(2, |channel, frame| match (channel, frame % 2) {
        (0, 0) => -0.25,
        (0, _) => 0.125,
        (_, 0) => 0.5,
        _ => -0.75,
    });
    let changes = [record(100, true), Change::new(19_200, PAUSE, 1.0), Change::new(28_800, PAUSE, 0.0)];
    Render::new(&levels, 0..38_400).changes(&changes).realtime().play(&mut processor).unwrap();
    rig.instance.deactivate(processor);

    let told = listener.all();
    assert!(told.len() > 10, "only {} messages in 0.8 s", told.len());
    let peaks = |name: &str| told.iter().map(|messages| float(messages, name)).fold(0.0, f32::max);
    assert_eq!([peaks("chan1"), peaks("chan2")], [0.25, 0.75]);
    let states: Vec<_> = told.iter().map(|messages| (int(messages, "record"), int(messages, "pause"))).collect();
    assert!(states.contains(&(1, 0)) && states.contains(&(1, 1)), "{states:?}");
    let totals: Vec<_> = told.iter().map(|messages| int(messages, "total_samples_written")).collect();
    assert!(totals.is_sorted(), "{totals:?}");
    let sum: i32 = told.iter().map(|messages| int(messages, "last_samples_written")).sum();
    let last = told.last().unwrap();
    let frames = rig.takes()[0].frames();
    assert_eq!(frames, 38_400 - 100 - 9_600);
    assert_eq!((sum, int(last, "total_samples_written")), (frames as i32, frames as i32));
    assert_eq!(float(last, "seconds"), frames as f32 / 48_000.0);
    assert_eq!(int(last, "lost"), 0);
}

#[test]
fn off_sends_nothing_and_has_no_thread_and_automation_switches_it() {
    let _alone = alone();
    let listener = Listener::new();
    let mut rig = rig(&listener);
    let mut processor = rig.instance.activate(SETUP).unwrap();
    Render::new(&sound(2), 0..5_000).changes(&[record(0, true)]).play(&mut processor).unwrap();
    thread::sleep(A_WHILE);
    assert!(listener.all().is_empty(), "sent while off");
    assert_eq!(export_threads().unwrap_or(0), 0, "a thread while off");
    for _ in 0..2 {
        set_method(&mut processor, CHANNEL_NAME_IS_PATH);
        listener.next();
        assert_eq!(export_threads().unwrap_or(1), 1);
        set_method(&mut processor, OFF);
        wait_for_its_end();
        listener.all();
        thread::sleep(A_WHILE);
        assert!(listener.all().is_empty(), "sent while off again");
    }
    rig.instance.deactivate(processor);
}

#[test]
fn the_thread_ends_with_deactivate_and_with_an_instance_that_is_destroyed_while_active() {
    let _alone = alone();
    let listener = Listener::new();
    let mut rig = rig(&listener);
    for ends_by_destroy in [false, true] {
        let mut processor = rig.instance.activate(SETUP).unwrap();
        set_method(&mut processor, CHANNEL_NAME_IS_PATH);
        listener.next();
        if ends_by_destroy {
            rig.instance.destroy_while_active(processor);
            assert_eq!(export_threads().unwrap_or(0), 0, "the thread outlived the instance");
            break;
        }
        rig.instance.deactivate(processor);
        assert_eq!(export_threads().unwrap_or(0), 0, "the thread outlived deactivate");
        listener.all();
    }
}

#[test]
fn a_target_that_leads_nowhere_costs_a_take_nothing() {
    let _alone = alone();
    for target in ["127.0.0.1:9", "192.0.2.1:7000", "[::1]:9", "nowhere.invalid:7000", "nonsense", ""] {
        let mut rig = Rig::new();
        rig.instance.set_text("exporttarget", target).unwrap();
        let mut processor = rig.instance.activate(SETUP).unwrap();
        set_method(&mut processor, CHANNEL_NAME_IS_PATH);
        thread::sleep(A_WHILE);
        let played = Render::new(&sound(2), 0..40_000).changes(&[record(50, true)]).play(&mut processor).unwrap();
        assert!(played.output_equals_input(), "{target:?}");
        rig.instance.deactivate(processor);
        assert_takes(&rig.takes(), &[(50..40_000).collect()]);
    }
}

#[test]
fn only_recorded_channels_have_a_peak_and_a_table_says_where_they_go() {
    let _alone = alone();
    let loud = Signal(6, |channel, frame| sample(channel, frame).signum() * (channel + 1) as f32 / 8.0);
    for (method, table) in [
        (TABLE_BY_NAME, "chan2\t/two\nchan3\t/not recorded\nchan6 six\nlost\t/lost"),
        (TABLE_BY_INDEX, "0\t/two\nnonsense\n1\tsix\n5\t/lost"),
    ] {
        let listener = Listener::new();
        let mut rig = rig(&listener);
        rig.instance.set_text("scope", "chan2 chan6").unwrap();
        rig.instance.set_text("exporttable", table).unwrap();
        rig.instance.select_layout(6).unwrap();
        let mut processor = rig.instance.activate(SETUP).unwrap();
        let changes = [Change::new(0, EXPORT_METHOD, method), record(0, true)];
        Render::new(&loud, 0..24_000).changes(&changes).realtime().play(&mut processor).unwrap();
        rig.instance.deactivate(processor);
        let told = listener.all();
        assert!(told.iter().all(|messages| messages.keys().eq(["/lost", "/six", "/two"])), "{told:?}");
        let peak = |address: &str| told.iter().map(|messages| messages[address].float()).fold(0.0, f32::max);
        assert_eq!([peak("/two"), peak("/six")], [0.25, 0.75]);
    }
}

#[test]
fn sixty_four_channels_arrive_in_packets_that_travel_whole() {
    let _alone = alone();
    let listener = Listener::new();
    let mut rig = rig(&listener);
    rig.instance.select_layout(64).unwrap();
    rig.instance.set_text("autoexportroot", "a longer root/of several parts/").unwrap();
    let mut processor = rig.instance.activate(SETUP).unwrap();
    let changes = [Change::new(0, EXPORT_METHOD, CHANNEL_NAME_IS_PATH)];
    Render::new(&sound(64), 0..12_000).changes(&changes).realtime().play(&mut processor).unwrap();
    rig.instance.deactivate(processor);
    let told = listener.all();
    assert!(told.iter().all(|messages| messages.len() < 64));
    let addresses: std::collections::BTreeSet<_> = told.iter().flat_map(Messages::keys).collect();
    assert_eq!(addresses.len(), 64 + 6);
    assert!(addresses.iter().all(|address| address.starts_with("/a_longer_root/of_several_parts/")));
}

#[test]
fn a_loaded_project_exports_as_it_was_saved_though_no_sound_comes() {
    let _alone = alone();
    let listener = Listener::new();
    let mut first = rig(&listener);
    first.instance.set_text("autoexportroot", "/saved").unwrap();
    first.instance.set_text("exporttable", "lost\t/a\n").unwrap();
    first.instance.edit_state(|state| state.set_param("exportmethod", "autoname".into())).unwrap();
    let saved = first.instance.save_state().unwrap();
    drop(first);

    let mut other = common::plugin().instance().unwrap();
    other.load_state(&saved).unwrap();
    assert_eq!(other.save_state().unwrap(), saved);
    let processor = other.activate(SETUP).unwrap();
    let told = listener.next();
    assert!(told.contains_key("/saved/chan1") && told.contains_key("/saved/chan2"), "{told:?}");
    // A change of the project while it is open.
    other.edit_state(|state| state.set_param("exportmethod", "datname".into())).unwrap();
    while !listener.next().keys().eq(["/a"]) {}
    other.deactivate(processor);
}
