//! The movement of the meters: how they fall, hold and remember. Pure; the time comes in.

use crate::link::Level;

/// The lowest level that a meter shows, in dBFS.
pub const FLOOR_DB: f32 = -60.0;

const FALL_DB_PER_SECOND: f32 = 24.0;
const HOLD_SECONDS: f64 = 1.5;

/// The host is taken to have stopped when no block came for so long.
const STALE_SECONDS: f64 = 0.3;

/// One channel's meter, in dBFS, never below [`FLOOR_DB`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChannelMeter {
    pub peak: f32,
    pub hold: f32,
    pub rms: f32,
    /// The loudest peak since the clip lights were put out, linear.
    pub loudest: f32,
    /// A sample was beyond full scale.
    pub clipped: bool,
    held_since: f64,
}

impl Default for ChannelMeter {
    fn default() -> Self {
        Self { peak: FLOOR_DB, hold: FLOOR_DB, rms: FLOOR_DB, loudest: 0.0, clipped: false, held_since: 0.0 }
    }
}

/// All meters.
#[derive(Debug, Default)]
pub struct Levels {
    channels: Vec<ChannelMeter>,
    last_update: f64,
    blocks: u32,
    last_block: f64,
}

impl Levels {
    /// The channels as they are to be drawn.
    pub fn channels(&self) -> &[ChannelMeter] {
        &self.channels
    }

    /// Takes one look at the levels into account, at `now` in seconds. `blocks` stands still when the host does. Says
    /// whether the picture is still moving.
    pub fn update(&mut self, now: f64, levels: &[Level], blocks: u32) -> bool {
        let passed = (now - self.last_update).clamp(0.0, 1.0) as f32;
        self.last_update = now;
        if self.blocks != blocks {
            (self.blocks, self.last_block) = (blocks, now);
        }
        let is_stale = now - self.last_block > STALE_SECONDS;
        let before: Vec<_> = self.channels.iter().map(position).collect();
        self.channels.resize(levels.len(), ChannelMeter::default());
        for (meter, level) in self.channels.iter_mut().zip(levels) {
            let peak = decibels(level.peak);
            meter.peak = (meter.peak - FALL_DB_PER_SECOND * passed).max(peak).max(FLOOR_DB);
            if peak >= meter.hold {
                (meter.hold, meter.held_since) = (peak, now);
            } else if now - meter.held_since > HOLD_SECONDS {
                meter.hold = (meter.hold - FALL_DB_PER_SECOND * passed).max(meter.peak);
            }
            meter.rms = if is_stale { FLOOR_DB } else { decibels(level.rms) };
            meter.loudest = meter.loudest.max(level.peak);
            meter.clipped |= level.peak > 1.0;
        }
        let is_up = |meter: &ChannelMeter| meter.peak > FLOOR_DB || meter.hold > FLOOR_DB || meter.rms > FLOOR_DB;
        self.channels.iter().any(is_up) || self.channels.iter().map(position).ne(before)
    }

    /// Puts the clip lights out and forgets the loudest peaks.
    pub fn reset_clips(&mut self) {
        for meter in &mut self.channels {
            (meter.clipped, meter.loudest) = (false, 0.0);
        }
    }
}

fn position(meter: &ChannelMeter) -> (f32, f32, f32) {
    (meter.peak, meter.hold, meter.rms)
}

fn decibels(linear: f32) -> f32 {
    (20.0 * linear.log10()).max(FLOOR_DB)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(peak: f32) -> [Level; 1] {
        [Level { peak, rms: peak / 2.0 }]
    }

    #[test]
    fn a_peak_is_held_and_then_falls_to_the_floor_where_all_stands_still() {
        let mut levels = Levels::default();
        assert!(levels.update(0.0, &level(1.0), 1));
        levels.update(1.0, &level(0.0), 2);
        let meter = levels.channels()[0];
        assert_eq!((meter.hold, meter.peak), (0.0, -24.0));
        for tenth in 11..80 {
            levels.update(f64::from(tenth) / 10.0, &level(0.0), tenth);
        }
        assert_eq!(levels.channels()[0].hold, FLOOR_DB);
        assert!(!levels.update(8.1, &level(0.0), 99), "a window in silence must not redraw");
    }

    #[test]
    fn a_clip_light_stays_until_it_is_put_out() {
        let mut levels = Levels::default();
        levels.update(0.0, &level(1.001), 1);
        levels.update(60.0, &level(0.0), 2);
        assert!(levels.channels()[0].clipped);
        levels.reset_clips();
        assert!(!levels.channels()[0].clipped);
        levels.update(61.0, &level(1.0), 3);
        assert!(!levels.channels()[0].clipped, "full scale itself is no clip");
    }

    #[test]
    fn the_level_falls_when_the_host_stops_to_process() {
        let mut levels = Levels::default();
        levels.update(0.0, &level(1.0), 1);
        levels.update(0.1, &[Level { peak: 0.0, rms: 0.5 }], 1);
        assert!(levels.channels()[0].rms > -7.0);
        levels.update(1.0, &[Level { peak: 0.0, rms: 0.5 }], 1);
        assert_eq!(levels.channels()[0].rms, FLOOR_DB);
    }
}
