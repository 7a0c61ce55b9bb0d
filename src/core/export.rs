//! Which channels of the recorder are exported, and the OSC address of each.
//!
//! The channels are, in this order: the peak of each recorded channel under its name (`chan1` …), `record`, `pause`,
//! `seconds`, `lost`, `last_samples_written`, `total_samples_written`. A table counts them from 0 in this order.
//!
//! A table has a channel and its address on each line, with a tab or blanks between them. A channel may stand on several
//! lines. Lines that name no channel, or no address, count for nothing.
//!
//! Addresses are made fit for OSC 1.0 ("OSC Address Spaces and OSC Addresses"): they begin with a slash, no part between
//! two slashes is empty, and what cannot stand in a part becomes `_`.

use super::channels::{ChannelSet, channel_name};
use super::format::ExportMethod;

/// What the export does at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExportControls {
    pub method: ExportMethod,
    pub record: bool,
    pub pause: bool,
}

/// One channel of the recorder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channel {
    /// The loudest sample of a channel of the track, counted from 0, since the message before; linear.
    Peak(usize),
    /// Whether Record is on.
    Record,
    /// Whether Pause is on.
    Pause,
    /// The length of the current or last take.
    Seconds,
    /// Frames lost since the plugin was loaded.
    Lost,
    /// Frames written since the message before.
    LastSamplesWritten,
    /// Frames of the current or last take.
    TotalSamplesWritten,
}

/// The channels that there always are, behind the peaks.
const FIGURES: [Channel; 6] = [
    Channel::Record,
    Channel::Pause,
    Channel::Seconds,
    Channel::Lost,
    Channel::LastSamplesWritten,
    Channel::TotalSamplesWritten,
];

impl Channel {
    /// The name that a table and an address know it by.
    pub fn name(self) -> String {
        let name = match self {
            Channel::Peak(index) => return channel_name(index),
            Channel::Record => "record",
            Channel::Pause => "pause",
            Channel::Seconds => "seconds",
            Channel::Lost => "lost",
            Channel::LastSamplesWritten => "last_samples_written",
            Channel::TotalSamplesWritten => "total_samples_written",
        };
        name.to_owned()
    }
}

/// All channels while `recorded` are recorded, in order.
pub fn channels(recorded: ChannelSet) -> Vec<Channel> {
    recorded.iter().map(Channel::Peak).chain(FIGURES).collect()
}

/// A channel on its way to an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub channel: Channel,
    /// Fit for OSC.
    pub address: String,
}

/// Where each of `channels` goes. `root` counts where the name is the path, `table` where a table says it.
pub fn routes(method: ExportMethod, root: &str, table: &str, channels: &[Channel]) -> Vec<Route> {
    match method {
        ExportMethod::Off => Vec::new(),
        ExportMethod::ChannelNameIsPath => channels
            .iter()
            .filter_map(|&channel| route(channel, &format!("{}/{}", root.trim(), channel.name())))
            .collect(),
        ExportMethod::TableByName => {
            let names: Vec<String> = channels.iter().map(|channel| channel.name()).collect();
            from_table(table, |key| channels.get(names.iter().position(|name| name == key)?).copied())
        }
        ExportMethod::TableByIndex => from_table(table, |key| channels.get(key.parse::<usize>().ok()?).copied()),
    }
}

fn from_table(table: &str, find: impl Fn(&str) -> Option<Channel>) -> Vec<Route> {
    let line = |line: &str| {
        let (key, address) = line.trim().split_once(char::is_whitespace)?;
        route(find(key)?, address)
    };
    table.lines().filter_map(line).collect()
}

fn route(channel: Channel, address: &str) -> Option<Route> {
    address_of(address).map(|address| Route { channel, address })
}

/// `text` as an address; none where no part is left of it.
fn address_of(text: &str) -> Option<String> {
    let mut address = String::new();
    for part in text.trim().split('/').filter(|part| !part.is_empty()) {
        address.push('/');
        address.extend(part.chars().map(|character| if may_stand(character) { character } else { '_' }));
    }
    (!address.is_empty()).then_some(address)
}

/// Whether a part of an address may hold it: printable ASCII but for what patterns are made of.
fn may_stand(character: char) -> bool {
    character.is_ascii_graphic() && !"#*,/?[]{}".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::format::Menu;
    use proptest::prelude::*;

    /// The routes of a track whose channels 1 and 3 are recorded.
    fn one_and_three(method: ExportMethod, root: &str, table: &str) -> Vec<(String, String)> {
        let routes = routes(method, root, table, &channels(ChannelSet(0b101)));
        routes.into_iter().map(|route| (route.channel.name(), route.address)).collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|&(name, address)| (name.to_owned(), address.to_owned())).collect()
    }

    #[test]
    fn a_channels_name_is_its_path_below_the_root() {
        let expected = pairs(&[
            ("chan1", "/audiofileout/chan1"),
            ("chan3", "/audiofileout/chan3"),
            ("record", "/audiofileout/record"),
            ("pause", "/audiofileout/pause"),
            ("seconds", "/audiofileout/seconds"),
            ("lost", "/audiofileout/lost"),
            ("last_samples_written", "/audiofileout/last_samples_written"),
            ("total_samples_written", "/audiofileout/total_samples_written"),
        ]);
        for root in ["/audiofileout", "/audiofileout/", "audiofileout", "//audiofileout//", " /audiofileout"] {
            assert_eq!(one_and_three(ExportMethod::ChannelNameIsPath, root, "chan1\t/elsewhere"), expected, "{root:?}");
        }
        for root in ["", "/", "  "] {
            let routes = one_and_three(ExportMethod::ChannelNameIsPath, root, "");
            assert!(routes[0].1.ends_with("/chan1"), "{root:?}: {routes:?}");
        }
    }

    #[test]
    fn a_table_sends_what_it_names_where_it_says() {
        let table = "chan3\t/a/b\nrecord\tc\r\nlost  /blanks/will do\nchan3\t/twice";
        let expected = [("chan3", "/a/b"), ("record", "/c"), ("lost", "/blanks/will_do"), ("chan3", "/twice")];
        assert_eq!(one_and_three(ExportMethod::TableByName, "/unused", table), pairs(&expected));
    }

    #[test]
    fn a_table_counts_the_channels_from_0_in_order() {
        let table = "0\t/first\n1\t/third\n2\t/record\n7\t/total\n8\t/none\n-1\t/none\nchan1\t/none";
        let expected =
            [("chan1", "/first"), ("chan3", "/third"), ("record", "/record"), ("total_samples_written", "/total")];
        assert_eq!(one_and_three(ExportMethod::TableByIndex, "/unused", table), pairs(&expected));
    }

    #[test]
    fn a_line_that_says_nothing_leaves_the_rest_as_it_is() {
        let table = "\n\t\nchan1\nchan1\t\nchan1\t/\nchan2\t/not recorded\nchan1 \t /good\n# a remark\nCHAN1\t/no";
        assert_eq!(one_and_three(ExportMethod::TableByName, "", table), pairs(&[("chan1", "/good")]));
    }

    #[test]
    fn what_osc_forbids_becomes_an_underscore() {
        assert_eq!(address_of("/a b#c*d,e?f[g]h{i}j/ü\0").unwrap(), "/a_b_c_d_e_f_g_h_i_j/__");
    }

    #[test]
    fn off_sends_nothing() {
        assert_eq!(one_and_three(ExportMethod::Off, "/mix", "chan1\t/a"), []);
    }

    proptest! {
        #[test]
        fn whatever_is_typed_becomes_addresses_that_osc_allows(
            method in 0..ExportMethod::ALL.len(),
            root in ".{0,20}",
            table in "((chan[1-4]|[0-9]|lost|.{0,4})[\t ]?.{0,12}[\r\n]{0,2}){0,6}",
            recorded in any::<u64>(),
        ) {
            let channels = channels(ChannelSet(recorded));
            for Route { channel, address } in routes(ExportMethod::from_index(method), &root, &table, &channels) {
                prop_assert!(channels.contains(&channel));
                prop_assert!(address.starts_with('/') && !address.ends_with('/') && !address.contains("//"));
                let is_allowed = |byte: u8| byte.is_ascii_graphic() && !b"#*,?[]{}".contains(&byte);
                prop_assert!(address.bytes().all(is_allowed), "an address of {:?}", address);
            }
        }

        #[test]
        fn a_table_by_name_and_one_by_index_can_say_the_same(recorded in any::<u64>(), seed in any::<usize>()) {
            let channels = channels(ChannelSet(recorded));
            let index = seed % channels.len();
            let by_name = format!("{}\t/somewhere", channels[index].name());
            let by_index = format!("{index}\t/somewhere");
            let routes_by_name = routes(ExportMethod::TableByName, "", &by_name, &channels);
            prop_assert_eq!(&routes_by_name, &routes(ExportMethod::TableByIndex, "", &by_index, &channels));
            prop_assert_eq!(routes_by_name, [Route { channel: channels[index], address: "/somewhere".to_owned() }]);
        }
    }
}
