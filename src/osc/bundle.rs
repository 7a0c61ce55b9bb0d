//! The bytes that are sent: OSC 1.0 bundles, to be acted on at once. Pure.

use rosc::{OscBundle, OscMessage, OscPacket, OscTime, OscType};

/// The most bytes of a bundle, unless a single message is longer: what an Ethernet frame holds behind the headers of IPv6
/// and UDP. A larger packet would travel in pieces, and be lost whole with any of them.
const MAX_BYTES: usize = 1_500 - 40 - 8;

/// `#bundle` and the time.
const BUNDLE_HEADER_BYTES: usize = 16;

/// The time tag that means "at once".
const AT_ONCE: OscTime = OscTime { seconds: 0, fractional: 1 };

/// What one message says. TouchDesigner, Max, Pure Data and most others read these two types only.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// Any level or time, as float32.
    Float(f32),
    /// Any count, as int32; what is beyond stays at the edge.
    Count(u64),
}

impl Value {
    fn to_osc(self) -> OscType {
        match self {
            // Not every receiver takes an infinite number.
            Value::Float(value) => OscType::Float(value.clamp(f32::MIN, f32::MAX)),
            Value::Count(count) => OscType::Int(i32::try_from(count).unwrap_or(i32::MAX)),
        }
    }
}

/// Bytes of a message with its length in front: address, padded with 1 to 4 zeros; type tags; one value.
fn message_bytes(address: &str) -> usize {
    4 + (address.len() / 4 + 1) * 4 + 4 + 4
}

/// The messages, in order, in as few bundles as it takes.
pub fn bundles<'a>(messages: impl IntoIterator<Item = (&'a str, Value)>) -> Vec<Vec<u8>> {
    let mut bundles = Vec::new();
    let mut content = Vec::new();
    let mut bytes = BUNDLE_HEADER_BYTES;
    for (address, value) in messages {
        if bytes + message_bytes(address) > MAX_BYTES && !content.is_empty() {
            bundles.extend(encode(std::mem::take(&mut content)));
            bytes = BUNDLE_HEADER_BYTES;
        }
        bytes += message_bytes(address);
        content.push(OscPacket::Message(OscMessage { addr: address.to_owned(), args: vec![value.to_osc()] }));
    }
    if !content.is_empty() {
        bundles.extend(encode(content));
    }
    bundles
}

fn encode(content: Vec<OscPacket>) -> Option<Vec<u8>> {
    rosc::encoder::encode(&OscPacket::Bundle(OscBundle { timetag: AT_ONCE, content })).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_bytes_are_those_of_the_specification() {
        let bundles = bundles([("/a/b", Value::Float(0.5)), ("/abc", Value::Count(258)), ("/ab", Value::Count(1))]);
        let expected: &[u8] = b"#bundle\0\0\0\0\0\0\0\0\x01\
            \0\0\0\x10/a/b\0\0\0\0,f\0\0\x3f\0\0\0\
            \0\0\0\x10/abc\0\0\0\0,i\0\0\0\0\x01\x02\
            \0\0\0\x0c/ab\0,i\0\0\0\0\0\x01";
        assert_eq!(bundles, [expected]);
    }

    #[test]
    fn what_a_type_cannot_hold_stays_at_its_edge() {
        assert_eq!(Value::Count(u64::MAX).to_osc(), OscType::Int(i32::MAX));
        assert_eq!(Value::Float(f32::INFINITY).to_osc(), OscType::Float(f32::MAX));
    }

    #[test]
    fn nothing_to_say_is_no_packet() {
        assert!(bundles([]).is_empty());
    }

    proptest! {
        #[test]
        fn every_message_arrives_once_in_order_in_packets_that_travel_whole(
            messages in prop::collection::vec(("(/[a-z0-9_]{1,30}){1,60}", any::<u32>()), 0..90)
        ) {
            let sent = messages.iter().map(|(address, value)| (address.as_str(), Value::Count((*value).into())));
            let mut arrived = Vec::new();
            for bytes in bundles(sent) {
                let (_, packet) = rosc::decoder::decode_udp(&bytes).unwrap();
                let OscPacket::Bundle(OscBundle { timetag, content }) = packet else { panic!("no bundle") };
                prop_assert_eq!(timetag, AT_ONCE);
                prop_assert!(bytes.len() <= MAX_BYTES || content.len() == 1, "{} bytes", bytes.len());
                let sizes = messages[arrived.len()..].iter().take(content.len()).map(|(address, _)| message_bytes(address));
                prop_assert_eq!(bytes.len(), BUNDLE_HEADER_BYTES + sizes.sum::<usize>());
                arrived.extend(content);
            }
            let expected: Vec<_> = messages
                .into_iter()
                .map(|(addr, value)| OscPacket::Message(OscMessage { addr, args: vec![Value::Count(value.into()).to_osc()] }))
                .collect();
            prop_assert_eq!(arrived, expected);
        }
    }
}
