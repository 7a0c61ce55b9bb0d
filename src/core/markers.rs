//! Markers: places in a take that a program shows where it opens the file.

use std::fmt;

/// More are counted, not kept.
pub const MOST_MARKERS: usize = 1000;

/// Of those that are set without being asked: half of the room is the user's.
const MOST_UNASKED: usize = MOST_MARKERS / 2;

/// One place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Marker {
    /// The frame that it stands before, from the first one of the file or the take on.
    pub frame: u64,
    pub kind: MarkerKind,
}

/// What happened there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MarkerKind {
    /// The user set it, as the take's first, second, … one.
    Set { number: u32 },
    /// So many seconds were left out because the take was paused.
    Pause { seconds: f64 },
    /// So many frames were lost; there is silence in their place.
    Lost { frames: u64 },
    /// The song jumped to this second, where that is known.
    Jump { seconds: Option<f64> },
    /// The song begins there, and the file before it.
    SongStart,
    /// The song is at this second: the file's first frame has no place in it.
    Song { seconds: f64 },
    /// The disk failed before it, and the take went on on another one.
    Elsewhere,
    /// The host stopped processing before it, for a time that nobody knows.
    Interrupted,
}

/// The text that a program shows at the marker: short, for it has little room.
impl fmt::Display for MarkerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MarkerKind::Set { number } => write!(f, "Marker {number}"),
            MarkerKind::Pause { seconds } => write!(f, "Pause of {seconds:.2} s"),
            MarkerKind::Lost { frames } => write!(f, "{frames} frames lost"),
            MarkerKind::SongStart => f.write_str("Song start"),
            MarkerKind::Jump { seconds: Some(seconds) } | MarkerKind::Song { seconds } => {
                write!(f, "Song at {seconds:.2} s")
            }
            MarkerKind::Jump { seconds: None } => f.write_str("Song jumps"),
            MarkerKind::Elsewhere => f.write_str("Disk failed"),
            MarkerKind::Interrupted => f.write_str("Host stopped"),
        }
    }
}

/// The markers of one take, in the order of their frames.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Markers {
    list: Vec<Marker>,
    left_out: u64,
    /// By the user.
    set: u32,
    /// Others that are kept.
    unasked: usize,
}

impl Markers {
    /// Adds one that the user set.
    pub fn set(&mut self, frame: u64) {
        self.set += 1;
        self.put(frame, MarkerKind::Set { number: self.set });
    }

    /// Adds one that nobody set.
    pub fn add(&mut self, frame: u64, kind: MarkerKind) {
        if self.unasked < MOST_UNASKED {
            self.unasked += 1;
            self.put(frame, kind);
        } else {
            self.left_out += 1;
        }
    }

    /// Adds one that nobody set, unless it is there.
    pub fn add_once(&mut self, frame: u64, kind: MarkerKind) {
        if !self.list.contains(&Marker { frame, kind }) {
            self.add(frame, kind);
        }
    }

    fn put(&mut self, frame: u64, kind: MarkerKind) {
        if self.list.len() >= MOST_MARKERS {
            self.left_out += 1;
            return;
        }
        let at = self.list.partition_point(|there| there.frame <= frame);
        self.list.insert(at, Marker { frame, kind });
    }

    /// How many are kept.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many there were beyond those that are kept.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Puts the markers from frame `from` to before `to` at `to`: what they were in does not tell of them.
    pub fn bring_forward(&mut self, from: u64, to: u64) {
        for marker in &mut self.list {
            if (from..to).contains(&marker.frame) {
                marker.frame = to;
            }
        }
    }

    /// Those of a file that holds the frames from `start` to before `end` of the take, with their places in the file.
    pub fn within(&self, start: u64, end: u64) -> Vec<Marker> {
        let is_within = |marker: &&Marker| (start..end).contains(&marker.frame);
        self.list.iter().filter(is_within).map(|marker| Marker { frame: marker.frame - start, ..*marker }).collect()
    }
}

/// The first of the markers, as many as have room in so many bytes, of which each takes `bytes_of`.
pub fn first_that_fit(markers: &[Marker], room: usize, bytes_of: impl Fn(&Marker) -> usize) -> &[Marker] {
    let mut bytes = 0;
    let fits = |marker: &&Marker| {
        bytes += bytes_of(marker);
        bytes <= room
    };
    &markers[..markers.iter().take_while(fits).count()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_marker_is_in_the_one_file_that_holds_its_frame_and_in_order(
            frames in prop::collection::vec(0u64..1_000, 0..1_100), cut in 0u64..1_000,
        ) {
            let mut markers = Markers::default();
            frames.iter().for_each(|&frame| markers.set(frame));
            let (first, second) = (markers.within(0, cut), markers.within(cut, 1_000));
            prop_assert_eq!(first.len() + second.len(), markers.len());
            prop_assert_eq!(markers.len() as u64 + markers.left_out(), frames.len() as u64);
            prop_assert!(markers.len() <= MOST_MARKERS);
            let mut kept: Vec<u64> = first.iter().map(|marker| marker.frame).collect();
            kept.extend(second.iter().map(|marker| marker.frame + cut));
            prop_assert!(kept.is_sorted());
            let mut expected = frames[..markers.len()].to_vec();
            expected.sort_unstable();
            prop_assert_eq!(kept, expected);
        }
    }

    #[test]
    fn a_disk_that_fails_all_the_time_leaves_room_for_the_users_markers() {
        let mut markers = Markers::default();
        (0..2_000).for_each(|frame| markers.add(frame, MarkerKind::Lost { frames: 1 }));
        (0..500).for_each(|frame| markers.set(frame));
        assert_eq!((markers.len(), markers.left_out()), (MOST_MARKERS, 1_500));
        let set = markers.within(0, 2_000).into_iter().filter(|marker| matches!(marker.kind, MarkerKind::Set { .. }));
        assert_eq!(set.count(), 500);
    }

    #[test]
    fn a_marker_that_is_to_be_there_once_is() {
        let mut markers = Markers::default();
        (0..2).for_each(|_| markers.add_once(7, MarkerKind::SongStart));
        markers.add_once(8, MarkerKind::SongStart);
        assert_eq!(markers.within(0, 10).iter().map(|marker| marker.frame).collect::<Vec<_>>(), [7, 8]);
    }

    #[test]
    fn what_no_file_tells_of_comes_to_the_beginning_of_the_next_one() {
        let mut markers = Markers::default();
        [3, 5, 8, 9].into_iter().for_each(|frame| markers.set(frame));
        markers.bring_forward(5, 9);
        let frames: Vec<_> = markers.within(0, 10).iter().map(|marker| marker.frame).collect();
        assert_eq!(frames, [3, 9, 9, 9]);
    }

    #[test]
    fn the_users_markers_are_numbered_in_the_order_in_which_they_were_set() {
        let mut markers = Markers::default();
        markers.set(5);
        markers.add(7, MarkerKind::Elsewhere);
        markers.set(9);
        let texts: Vec<_> = markers.within(0, 10).iter().map(|marker| marker.kind.to_string()).collect();
        assert_eq!(texts, ["Marker 1", "Disk failed", "Marker 2"]);
    }
}
