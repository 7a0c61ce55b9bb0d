//! Finds the network address of the target without making the export wait.
//!
//! The system's lookup of a name may take half a minute, and cannot be broken off. So it is an [`Errand`] of its own thread
//! ("audio file name"), one at most for each instance. A target in figures is never looked up.

use super::target::Target;
use crate::link::Errand;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::mpsc::TryRecvError;
use std::time::{Duration, Instant};

/// How long a name that nobody knew is left alone.
const BETWEEN_LOOKUPS: Duration = Duration::from_secs(5);

/// Looks a name up, with a port to go with it. May take long.
pub type Lookup = fn(&str, u16) -> io::Result<Vec<SocketAddr>>;

/// Asks the system.
pub fn system_lookup(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    Ok((host, port).to_socket_addrs()?.collect())
}

/// What is known of the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    At(SocketAddr),
    /// The name is being looked up.
    NotYet,
    /// Nobody knows the name.
    Unknown,
    /// The text is no target.
    NotUnderstood,
}

/// Follows the target. Lives on the export thread.
pub struct Resolver {
    lookup: Lookup,
    target: Option<Target>,
    /// What is known of the name that `target` is.
    found: Found,
    running: Option<Running>,
    failed_at: Option<Instant>,
}

/// A lookup on its way.
struct Running {
    target: Target,
    errand: Errand<Option<SocketAddr>>,
}

impl Resolver {
    /// A resolver without a target, that finds names with `lookup`.
    pub fn new(lookup: Lookup) -> Self {
        Self { lookup, target: None, found: Found::NotUnderstood, running: None, failed_at: None }
    }

    /// The target is `text` from now on.
    pub fn set_target(&mut self, text: &str) {
        let target = Target::parse(text);
        if target == self.target {
            return;
        }
        self.failed_at = None;
        self.found = match target {
            None => Found::NotUnderstood,
            Some(Target::Address(address)) => Found::At(address),
            Some(Target::Name { .. }) => Found::NotYet,
        };
        self.target = target;
    }

    /// Where the target is, as far as is known. Never waits.
    pub fn find(&mut self) -> Found {
        self.hear();
        let is_open = match self.found {
            Found::At(_) | Found::NotUnderstood => false,
            Found::NotYet => true,
            Found::Unknown => self.failed_at.is_none_or(|failed| failed.elapsed() >= BETWEEN_LOOKUPS),
        };
        if is_open && self.running.is_none() {
            self.ask();
        }
        self.found
    }

    /// Takes the answer of a lookup, if there is one.
    fn hear(&mut self) {
        let Some(running) = &mut self.running else { return };
        let address = match running.errand.answer() {
            Err(TryRecvError::Empty) => return,
            Err(TryRecvError::Disconnected) => None,
            Ok(address) => address,
        };
        // The target may have changed meanwhile.
        if self.running.take().map(|running| running.target) == self.target {
            self.settle(address);
        }
    }

    fn settle(&mut self, address: Option<SocketAddr>) {
        self.found = address.map_or(Found::Unknown, Found::At);
        self.failed_at = address.is_none().then(Instant::now);
    }

    fn ask(&mut self) {
        let Some(target @ Target::Name { host, port }) = &self.target else { return };
        let (lookup, host, port) = (self.lookup, host.clone(), *port);
        let work = move || {
            let addresses = lookup(&host, port).unwrap_or_default();
            // What receives OSC mostly listens on IPv4.
            addresses.iter().find(|address| address.is_ipv4()).or(addresses.first()).copied()
        };
        match Errand::start("audio file name", work, || ()) {
            Ok(errand) => self.running = Some(Running { target: target.clone(), errand }),
            Err(_) => self.settle(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    const NAP: Duration = Duration::from_millis(5);

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    /// What is found in the end.
    fn in_the_end(resolver: &mut Resolver) -> Found {
        loop {
            match resolver.find() {
                Found::NotYet => thread::sleep(NAP),
                found => return found,
            }
        }
    }

    fn never(_: &str, _: u16) -> io::Result<Vec<SocketAddr>> {
        panic!("looked up")
    }

    fn slow(_: &str, _: u16) -> io::Result<Vec<SocketAddr>> {
        thread::sleep(10 * NAP);
        Ok(vec![address("10.0.0.9:9")])
    }

    #[test]
    fn a_target_in_figures_is_not_looked_up() {
        let mut resolver = Resolver::new(never);
        resolver.set_target("127.0.0.1:7000");
        assert_eq!(resolver.find(), Found::At(address("127.0.0.1:7000")));
        resolver.set_target("nonsense");
        assert_eq!(resolver.find(), Found::NotUnderstood);
        assert!(resolver.running.is_none());
    }

    #[test]
    fn a_name_is_looked_up_and_ipv4_comes_first() {
        let mut resolver = Resolver::new(|host, port| {
            assert_eq!((host, port), ("studio", 7000));
            Ok(vec![address("[::1]:7000"), address("10.0.0.5:7000")])
        });
        resolver.set_target("studio:7000");
        assert_eq!(in_the_end(&mut resolver), Found::At(address("10.0.0.5:7000")));
    }

    #[test]
    fn a_name_that_nobody_knows_is_unknown_and_asked_for_again_only_later() {
        let mut resolver = Resolver::new(|_, _| Err(io::ErrorKind::NotFound.into()));
        resolver.set_target("nowhere:7000");
        assert_eq!(in_the_end(&mut resolver), Found::Unknown);
        assert_eq!(resolver.find(), Found::Unknown);
        assert!(resolver.running.is_none());
        resolver.failed_at = Instant::now().checked_sub(BETWEEN_LOOKUPS);
        resolver.find();
        assert!(resolver.running.is_some());
    }

    #[test]
    fn the_answer_of_a_slow_lookup_does_not_count_for_another_target() {
        let mut resolver = Resolver::new(slow);
        resolver.set_target("studio:7000");
        assert_eq!(resolver.find(), Found::NotYet);
        resolver.set_target("127.0.0.1:7000");
        assert_eq!(resolver.find(), Found::At(address("127.0.0.1:7000")));
        while resolver.running.is_some() {
            assert_eq!(resolver.find(), Found::At(address("127.0.0.1:7000")));
            thread::sleep(NAP);
        }
    }
}
