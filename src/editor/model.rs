//! Turns status and parameters into what is drawn. Pure.

use crate::link::{RecorderState, StatusSnapshot};
use crate::params::RecorderParams;

/// Everything that the view draws.
#[derive(Debug, PartialEq)]
pub struct Model {
    pub state: RecorderState,
    pub state_text: &'static str,
    /// h:mm:ss.mmm
    pub clock: String,
    pub size: String,
    pub path: String,
    pub trouble: Vec<String>,
    pub record: bool,
    pub pause: bool,
    pub file: String,
}

impl Model {
    /// The model of one moment.
    pub fn new(status: &StatusSnapshot, params: &RecorderParams) -> Self {
        Self {
            state: status.state,
            state_text: state_text(status.state),
            clock: clock(status.seconds),
            size: size(status.bytes_written),
            path: status.path.as_ref().map_or_else(String::new, |path| path.display().to_string()),
            trouble: trouble(status),
            record: params.record.value(),
            pause: params.pause.value(),
            file: params.texts.current().file.clone(),
        }
    }
}

fn state_text(state: RecorderState) -> &'static str {
    match state {
        RecorderState::Idle => "Not recording",
        RecorderState::Recording => "Recording",
        RecorderState::Paused => "Paused",
        RecorderState::Finishing => "Finishing the take",
        RecorderState::Failed => "Not recording: see below",
    }
}

fn clock(seconds: f64) -> String {
    let milliseconds = (seconds * 1_000.0) as u64;
    let (whole, milliseconds) = (milliseconds / 1_000, milliseconds % 1_000);
    format!("{}:{:02}:{:02}.{milliseconds:03}", whole / 3_600, whole / 60 % 60, whole % 60)
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
}

fn trouble(status: &StatusSnapshot) -> Vec<String> {
    let mut trouble: Vec<String> = status.last_error.clone().into_iter().collect();
    if status.lost_frames > 0 {
        trouble.push(format!(
            "{} frames were lost because the disk was too slow. They are silence in the file, so the take stays in time.",
            status.lost_frames
        ));
    }
    if status.clipped_samples > 0 {
        trouble.push(format!("{} samples were louder than full scale. Lower the level.", status.clipped_samples));
    }
    if status.merged_takes > 0 {
        trouble.push(format!("{} takes followed each other too fast and went on in one file.", status.merged_takes));
    }
    if status.queue_fill > 0.5 {
        trouble.push(format!("The disk is slow: the queue is {:.0} % full.", status.queue_fill * 100.0));
    }
    trouble
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_counts_hours_and_keeps_milliseconds() {
        assert_eq!(clock(0.0), "0:00:00.000");
        assert_eq!(clock(3_725.0625), "1:02:05.062");
    }

    #[test]
    fn loss_is_never_hidden() {
        let status = StatusSnapshot { lost_frames: 7, ..StatusSnapshot::default() };
        assert!(Model::new(&status, &RecorderParams::default()).trouble[0].starts_with("7 frames were lost"));
    }
}
