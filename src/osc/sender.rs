//! The export thread: 30 times a second it looks at the recorder and sends what it sees.

use super::bundle::{self, Value};
use super::resolver::{Found, Lookup, Resolver};
use crate::core::channels::ChannelSet;
use crate::core::export::{self, Channel, ExportControls, Route};
use crate::core::format::ExportMethod;
use crate::link::{Status, TextSet, Texts};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

/// The time from one message to the next.
const PERIOD: Duration = Duration::from_nanos(1_000_000_000 / 30);

/// What the export thread looks at.
pub struct Source {
    pub status: Arc<Status>,
    pub texts: Arc<Texts>,
    pub controls: Box<dyn Fn() -> ExportControls + Send + Sync>,
    pub lookup: Lookup,
    /// The plugin stops.
    pub is_over: AtomicBool,
}

impl Source {
    /// Sends until the method is Off or the plugin stops; then once more, so that the receiver has the last figures.
    pub fn run(&self) {
        self.status.export_peaks().want(true);
        let mut sender = Sender::new(self);
        let mut due = Instant::now();
        loop {
            // Asked before the look: the last message holds all that was there when the plugin stopped.
            let is_over = self.is_over.load(Relaxed);
            let controls = (self.controls)();
            if controls.method == ExportMethod::Off {
                break;
            }
            sender.send(controls);
            if is_over {
                break;
            }
            due = (due + PERIOD).max(Instant::now());
            self.nap_until(due);
        }
        self.status.export_peaks().want(false);
        self.status.set_export_note(None);
    }

    fn nap_until(&self, due: Instant) {
        loop {
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() || self.is_over.load(Relaxed) {
                return;
            }
            thread::park_timeout(left);
        }
    }

    /// The channels whose peaks are sent.
    fn recorded(&self) -> ChannelSet {
        let recorded = self.status.export_peaks().recorded();
        if !recorded.is_empty() {
            return recorded;
        }
        // No block has come yet.
        self.status.stream().map_or(ChannelSet(0), |stream| self.texts.scope(stream.channels))
    }
}

/// What the routes were made from.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Basis {
    method: ExportMethod,
    text_revision: u64,
    recorded: ChannelSet,
}

/// The state of the export thread.
struct Sender<'a> {
    source: &'a Source,
    basis: Option<Basis>,
    texts: Arc<TextSet>,
    routes: Vec<Route>,
    resolver: Resolver,
    socket: Option<Socket>,
    /// Frames written in all takes when the message before was sent.
    written_before: u64,
}

impl<'a> Sender<'a> {
    fn new(source: &'a Source) -> Self {
        Self {
            source,
            basis: None,
            texts: source.texts.current(),
            routes: Vec::new(),
            resolver: Resolver::new(source.lookup),
            socket: None,
            written_before: source.status.snapshot().frames_ever,
        }
    }

    fn send(&mut self, controls: ExportControls) {
        self.follow(controls.method);
        let messages = self.messages(controls);
        let note = match self.resolver.find() {
            Found::NotYet => None,
            Found::At(address) => self.send_to(address, &messages),
            Found::NotUnderstood => Some(format!(
                "\"{}\" is no Export Target. Write a machine and a port, such as 127.0.0.1:7000.",
                self.texts.export_target
            )),
            Found::Unknown => Some(format!(
                "Nobody knows the Export Target {}. Check the name, or write the machine's address in figures.",
                self.texts.export_target
            )),
        };
        self.source.status.set_export_note(note);
    }

    /// Brings routes and target up to date.
    fn follow(&mut self, method: ExportMethod) {
        // The number first: texts that come between the two looks are seen the next time.
        let text_revision = self.source.texts.revision();
        let basis = Basis { method, text_revision, recorded: self.source.recorded() };
        if self.basis == Some(basis) {
            return;
        }
        self.basis = Some(basis);
        self.texts = self.source.texts.current();
        let channels = export::channels(basis.recorded);
        self.routes = export::routes(method, &self.texts.export_root, &self.texts.export_table, &channels);
        self.resolver.set_target(&self.texts.export_target);
    }

    /// What there is to say, in the order of the routes.
    fn messages(&mut self, controls: ExportControls) -> Vec<Value> {
        let status = self.source.status.snapshot();
        let written = status.frames_ever - self.written_before;
        self.written_before = status.frames_ever;
        let peaks = self.source.status.export_peaks();
        // Taken once, for a channel that goes to several addresses.
        let mut taken = [None; crate::core::channels::MAX_CHANNELS];
        let mut value = |channel| match channel {
            Channel::Peak(index) => Value::Float(*taken[index].get_or_insert_with(|| peaks.take(index))),
            Channel::Record => Value::Count(controls.record.into()),
            Channel::Pause => Value::Count(controls.pause.into()),
            Channel::Seconds => Value::Float(status.seconds as f32),
            Channel::Lost => Value::Count(status.lost_frames),
            Channel::LastSamplesWritten => Value::Count(written),
            Channel::TotalSamplesWritten => Value::Count(status.frames_written),
        };
        self.routes.iter().map(|route| value(route.channel)).collect()
    }

    /// Sends the values to their addresses. What keeps a packet from arriving is no concern of the recorder.
    fn send_to(&mut self, target: SocketAddr, values: &[Value]) -> Option<String> {
        if self.routes.is_empty() {
            return Some(
                "Export Table names none of the recorder's channels, so nothing is sent. Write a channel, a tab and an \
                 address on each line."
                    .to_owned(),
            );
        }
        let socket = match self.socket.take().filter(|socket| socket.reaches(target)) {
            Some(socket) => socket,
            None => match Socket::for_target(target) {
                Ok(socket) => socket,
                Err(error) => {
                    return Some(format!(
                        "The export has no way to the network ({error}). Check the network; the export tries again by \
                         itself."
                    ));
                }
            },
        };
        let addresses = self.routes.iter().map(|route| route.address.as_str());
        for bundle in bundle::bundles(addresses.zip(values.iter().copied())) {
            let _ = socket.0.send_to(&bundle, target);
        }
        self.socket = Some(socket);
        None
    }
}

/// A socket that never waits.
struct Socket(UdpSocket);

impl Socket {
    fn for_target(target: SocketAddr) -> std::io::Result<Self> {
        let any = match target {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        let socket = UdpSocket::bind((any, 0))?;
        socket.set_nonblocking(true)?;
        // A target such as 192.168.0.255 reaches every machine of a network.
        socket.set_broadcast(true)?;
        Ok(Self(socket))
    }

    fn reaches(&self, target: SocketAddr) -> bool {
        self.0.local_addr().is_ok_and(|own| own.is_ipv4() == target.is_ipv4())
    }
}
