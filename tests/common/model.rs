//! The rule of the product, frame by frame, with a history: what each take holds, in the order of their files.

use headless_host::Change;
use std::collections::VecDeque;
use std::ops::Range;

/// Frames a second of the host that the model is made for.
pub const RATE: usize = 48_000;

/// The rule, frame by frame: what each take holds, in the order of their files. Record counts at once.
pub fn expected(changes: &[Change], span: Range<usize>) -> Vec<Vec<usize>> {
    expected_with(changes, span, |_, recording| Heard { record: recording, begins_anew: false })
}

/// What a start makes of Record at one frame.
pub struct Heard {
    pub record: bool,
    /// The open take ended with the frame before.
    pub begins_anew: bool,
}

/// The same where Record counts only as `start` says of each frame in turn.
pub fn expected_with(
    changes: &[Change],
    span: Range<usize>,
    mut start: impl FnMut(usize, bool) -> Heard,
) -> Vec<Vec<usize>> {
    let mut changes: Vec<_> = changes.to_vec();
    changes.sort_by_key(|change| change.frame);
    let mut changes = changes.into_iter().peekable();
    let mut takes: Vec<Vec<usize>> = Vec::new();
    let mut history = VecDeque::new();
    // Frames since the last take.
    let mut fresh = 0;
    let (mut recording, mut paused, mut capturing, mut open) = (false, false, false, None);
    let (mut preroll, mut keep) = (0, 60 * RATE);
    for frame in span.clone() {
        let was_capturing = capturing;
        while let Some(Change { param, value, .. }) = changes.next_if(|change| change.frame <= frame) {
            match param {
                super::RECORD => recording = value > 0.5,
                super::PAUSE => paused = value > 0.5,
                super::CAPTURE => capturing = value > 0.5,
                super::PREROLL => preroll = (value * 300.0 * RATE as f64).round() as usize,
                super::KEEP => keep = (value * 300.0 * RATE as f64).round() as usize,
                _ => {}
            }
        }
        let heard = start(frame, recording);
        open = open.filter(|_| !heard.begins_anew);
        let recording = heard.record;
        let forget = |history: &mut VecDeque<usize>, now: usize| {
            while history.front().is_some_and(|oldest| oldest + preroll.max(keep) < now) {
                history.pop_front();
            }
        };
        forget(&mut history, frame);
        if recording && !paused && open.is_none() {
            open = Some(takes.len());
            let first = history.len() - preroll.min(fresh).min(history.len());
            takes.push(history.drain(first..).collect());
        }
        open = open.filter(|_| recording);
        if open.is_some() {
            fresh = 0;
        }
        if capturing && !was_capturing && frame > span.start {
            let first = history.partition_point(|old| old + keep < frame);
            if first < history.len() {
                takes.push(history.drain(first..).collect());
            }
            fresh = if keep > 0 { 0 } else { fresh };
        }
        match open {
            Some(take) if !paused => takes[take].push(frame),
            Some(_) => {}
            None => {
                history.push_back(frame);
                forget(&mut history, frame + 1);
                fresh += 1;
            }
        }
    }
    takes
}
