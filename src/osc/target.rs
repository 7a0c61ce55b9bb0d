//! Where the export goes: what the text `host:port` means. Pure.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Where the export goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// In figures: nobody has to be asked.
    Address(SocketAddr),
    /// The name of a machine, which the system has to look up.
    Name { host: String, port: u16 },
}

impl Target {
    /// Reads `127.0.0.1:7000`, `[::1]:7000`, `localhost:7000` or `name:7000`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(address) = text.parse::<SocketAddr>() {
            return (address.port() > 0).then_some(Self::Address(address));
        }
        let (host, port) = text.rsplit_once(':')?;
        let port = port.parse::<u16>().ok().filter(|&port| port > 0)?;
        if host.eq_ignore_ascii_case("localhost") {
            return Some(Self::Address(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)));
        }
        let is_name =
            !host.is_empty() && host.chars().all(|character| character.is_alphanumeric() || "-._".contains(character));
        is_name.then(|| Self::Name { host: host.to_owned(), port })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn figures_and_localhost_need_nobody_to_be_asked() {
        for (text, expected) in [
            ("127.0.0.1:7000", "127.0.0.1:7000"),
            (" 10.0.0.255:1 ", "10.0.0.255:1"),
            ("[::1]:65535", "[::1]:65535"),
            ("localhost:7000", "127.0.0.1:7000"),
            ("LocalHost:7000", "127.0.0.1:7000"),
        ] {
            assert_eq!(Target::parse(text), Some(Target::Address(expected.parse().unwrap())), "{text}");
        }
    }

    #[test]
    fn anything_else_that_could_be_a_machine_is_a_name() {
        for host in ["studio", "studio.local", "mac-mini_2", "bücher.example"] {
            let expected = Target::Name { host: host.to_owned(), port: 9000 };
            assert_eq!(Target::parse(&format!("{host}:9000")), Some(expected));
        }
    }

    #[test]
    fn what_has_no_host_or_no_port_is_not_understood() {
        for text in [
            "",
            ":",
            "7000",
            ":7000",
            "127.0.0.1",
            "127.0.0.1:",
            "127.0.0.1:0",
            "localhost:0",
            "studio:65536",
            "studio:-1",
            "::1:7000",
            "http://studio:7000",
            "two words:7000",
            "127.0.0.1:7000/x",
        ] {
            assert_eq!(Target::parse(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_harm(text in ".{0,40}") {
            let _ = Target::parse(&text);
        }
    }
}
