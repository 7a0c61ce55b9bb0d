//! Which channels of a track are recorded: the patterns of the `scope` parameter.
//!
//! Channels are called `chan1` … `chanN`; those of a stereo track also `L` and `R`. A scope is a list of patterns with
//! blanks between them. `*` stands for any text, `?` for one character, `[…]` for one of the characters or ranges of
//! characters (`[1-4]`, `[LR]`), or, where all ends of a range are numbers, for one of those numbers (`chan[9-12]`). A
//! pattern behind `^` takes its channels away from those that came before it; a scope that begins with one takes them
//! away from all.

use super::format::Files;

/// The most channels that a track has.
pub const MAX_CHANNELS: usize = 64;

/// A set of up to [`MAX_CHANNELS`] channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChannelSet(pub u64);

impl ChannelSet {
    /// The first `channels` channels.
    pub const fn first(channels: usize) -> Self {
        Self(if channels >= MAX_CHANNELS { u64::MAX } else { (1 << channels) - 1 })
    }

    /// The channels in both sets.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// How many channels there are.
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The channels' indices from 0 on, in order. Allocates nothing.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let next = (left != 0).then(|| left.trailing_zeros() as usize);
            left &= left.wrapping_sub(1);
            next
        })
    }

    /// The names of the channels, in order: those of a stereo pair are its sides.
    pub fn names(self) -> Vec<String> {
        if self == Self::first(2) {
            return ["L", "R"].map(str::to_owned).to_vec();
        }
        self.iter().map(channel_name).collect()
    }

    /// What stands behind the names of a take's files, one text for each channel, on a track of `track_channels` channels: L
    /// and R, or the channel's number; none where one file holds all.
    pub fn file_names(self, files: Files, track_channels: usize) -> Vec<String> {
        let name = |index: usize| match (track_channels, index) {
            (2, 0) => "L".to_owned(),
            (2, 1) => "R".to_owned(),
            _ => (index + 1).to_string(),
        };
        match files {
            Files::One => Vec::new(),
            Files::Each => self.iter().map(name).collect(),
        }
    }

    /// The channels of a track with `channels` channels that `scope` names.
    pub fn matching(scope: &str, channels: usize) -> Self {
        let all = Self::first(channels);
        let mut chosen = 0;
        for (index, pattern) in scope.split_whitespace().enumerate() {
            match pattern.strip_prefix('^') {
                Some(taken) => {
                    if index == 0 {
                        chosen = all.0;
                    }
                    chosen &= !named(taken, channels);
                }
                None => chosen |= named(pattern, channels),
            }
        }
        Self(chosen)
    }
}

/// The name of a channel, counted from 0.
pub fn channel_name(index: usize) -> String {
    format!("chan{}", index + 1)
}

fn named(pattern: &str, channels: usize) -> u64 {
    let pattern = parse(pattern);
    let mut chosen = 0;
    for index in 0..channels.min(MAX_CHANNELS) {
        let name: Vec<char> = channel_name(index).chars().collect();
        let side = match (channels, index) {
            (2, 0) => matches(&pattern, &['L']),
            (2, 1) => matches(&pattern, &['R']),
            _ => false,
        };
        if side || matches(&pattern, &name) {
            chosen |= 1 << index;
        }
    }
    chosen
}

enum Piece {
    Character(char),
    AnyCharacter,
    AnyText,
    OneOf(Vec<(char, char)>),
    Number(Vec<(u32, u32)>),
}

fn parse(pattern: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        let after = &rest[first.len_utf8()..];
        let set = after.split_once(']').filter(|(set, _)| first == '[' && !set.is_empty());
        rest = set.map_or(after, |(_, behind)| behind);
        pieces.push(match (first, set) {
            (_, Some((set, _))) => parse_set(set),
            ('*', None) => Piece::AnyText,
            ('?', None) => Piece::AnyCharacter,
            (character, None) => Piece::Character(character),
        });
    }
    pieces
}

fn parse_set(set: &str) -> Piece {
    let items = || set.split(',');
    let numbers: Option<Vec<_>> = items()
        .map(|item| {
            let (from, to) = item.split_once('-').unwrap_or((item, item));
            Some((from.parse().ok()?, to.parse().ok()?))
        })
        .collect();
    if let Some(numbers) = numbers
        && set.contains(['-', ','])
    {
        return Piece::Number(numbers);
    }
    let characters: Vec<char> = set.chars().collect();
    let mut ranges = Vec::new();
    let mut at = 0;
    while at < characters.len() {
        let is_range = characters.get(at + 1) == Some(&'-') && at + 2 < characters.len();
        ranges.push((characters[at], characters[if is_range { at + 2 } else { at }]));
        at += if is_range { 3 } else { 1 };
    }
    Piece::OneOf(ranges)
}

/// Whether the pieces match the whole name. The set of positions that can be reached is kept, so that no pattern takes
/// long.
fn matches(pieces: &[Piece], name: &[char]) -> bool {
    let mut reached = vec![false; name.len() + 1];
    reached[0] = true;
    for piece in pieces {
        let mut next = vec![false; name.len() + 1];
        for at in (0..=name.len()).filter(|&at| reached[at]) {
            match piece {
                Piece::AnyText => next[at..].fill(true),
                Piece::AnyCharacter => mark(&mut next, at + 1),
                Piece::Character(character) if name.get(at) == Some(character) => mark(&mut next, at + 1),
                Piece::Character(_) => {}
                Piece::OneOf(ranges) => {
                    let is_in = |&character: &char| ranges.iter().any(|&(from, to)| (from..=to).contains(&character));
                    if name.get(at).is_some_and(is_in) {
                        mark(&mut next, at + 1);
                    }
                }
                Piece::Number(ranges) => {
                    for end in at + 1..=name.len() {
                        let number = name[at..end].iter().collect::<String>().parse::<u32>();
                        let Ok(number) = number else { break };
                        if ranges.iter().any(|&(from, to)| (from..=to).contains(&number)) {
                            next[end] = true;
                        }
                    }
                }
            }
        }
        reached = next;
    }
    reached[name.len()]
}

fn mark(reached: &mut [bool], at: usize) {
    if let Some(place) = reached.get_mut(at) {
        *place = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn chosen(scope: &str, channels: usize) -> Vec<usize> {
        ChannelSet::matching(scope, channels).iter().map(|index| index + 1).collect()
    }

    #[test]
    fn the_patterns_of_the_operator() {
        let cases: [(&str, usize, &[usize]); 22] = [
            ("*", 4, &[1, 2, 3, 4]),
            ("", 4, &[]),
            ("chan2", 4, &[2]),
            ("chan1 chan3", 4, &[1, 3]),
            ("chan?", 12, &[1, 2, 3, 4, 5, 6, 7, 8, 9]),
            ("chan??", 12, &[10, 11, 12]),
            ("chan[1-4]", 8, &[1, 2, 3, 4]),
            ("chan[9-11]", 12, &[9, 10, 11]),
            ("chan[1,3,7-8]", 8, &[1, 3, 7, 8]),
            ("chan[13]", 16, &[1, 3]),
            ("chan1*", 12, &[1, 10, 11, 12]),
            ("*1", 12, &[1, 11]),
            ("L", 2, &[1]),
            ("[LR]", 2, &[1, 2]),
            ("R", 6, &[]),
            ("* ^chan2", 3, &[1, 3]),
            ("^chan2", 3, &[1, 3]),
            ("^R", 2, &[1]),
            ("chan1 ^* chan3", 3, &[3]),
            ("chan99", 8, &[]),
            ("chan[", 8, &[]),
            ("CHAN1", 8, &[]),
        ];
        for (scope, channels, expected) in cases {
            assert_eq!(chosen(scope, channels), expected, "{scope:?} of {channels}");
        }
    }

    #[test]
    fn all_of_sixty_four_channels() {
        assert_eq!(ChannelSet::matching("*", 64), ChannelSet(u64::MAX));
        assert_eq!(chosen("chan[60-64]", 64), [60, 61, 62, 63, 64]);
    }

    #[test]
    fn a_pattern_made_to_take_long_does_not() {
        let scope = "*".repeat(5_000) + "x";
        assert!(ChannelSet::matching(&scope, 64).is_empty());
    }

    proptest! {
        #[test]
        fn any_text_chooses_only_channels_that_there_are(scope in ".{0,60}", channels in 1usize..=64) {
            let set = ChannelSet::matching(&scope, channels);
            prop_assert_eq!(set.and(ChannelSet::first(channels)), set);
        }

        #[test]
        fn any_heap_of_the_patterns_signs_chooses_only_channels_that_there_are(
            scope in r"([\[\]\-,*?^ ]|chan|[LR]|[0-9]{1,25}){0,40}",
            channels in 1usize..=64,
        ) {
            let set = ChannelSet::matching(&scope, channels);
            prop_assert_eq!(set.and(ChannelSet::first(channels)), set);
        }

        #[test]
        fn what_is_taken_away_and_what_is_left_make_the_whole(pattern in "[a-z0-9*?\\[\\]1-4]{1,8}", channels in 1usize..=64) {
            let with = ChannelSet::matching(&pattern, channels);
            let without = ChannelSet::matching(&format!("* ^{pattern}"), channels);
            prop_assert_eq!(with.0 ^ without.0, ChannelSet::first(channels).0);
        }
    }
}
