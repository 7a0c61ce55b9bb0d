//! A meter for every channel: peak with hold, RMS, and a clip light that stays until it is clicked.

use super::Action;
use crate::editor::levels::{ChannelMeter, FLOOR_DB};
use crate::editor::theme;
use crate::editor::words;
use egui::{Align2, Id, Rect, Role, Sense, Stroke, Ui, Vec2, WidgetInfo, pos2, vec2};

const SCALE_WIDTH: f32 = 24.0;
const READOUT_HEIGHT: f32 = 16.0;
const CLIP_HEIGHT: f32 = 8.0;

/// Levels with a mark beside the meters, in dBFS.
const MARKS: [f32; 5] = [0.0, -6.0, -12.0, -24.0, -48.0];

/// The width of all meters of `channels` channels in a row of `width` points.
pub fn width(channels: usize, width: f32) -> f32 {
    let bar = match channels {
        0..=2 => 16.0,
        3..=8 => 12.0,
        9..=16 => 9.0,
        17..=32 => 7.0,
        _ => 5.0,
    };
    let bars = channels.max(2) as f32 * (bar + 1.0);
    (SCALE_WIDTH + bars.max(40.0)).min(width * 0.75)
}

/// Draws the meters into `size`.
pub fn show(ui: &mut Ui, size: Vec2, meters: &[ChannelMeter], actions: &mut Vec<Action>) {
    let (area, _) = ui.allocate_exact_size(size, Sense::hover());
    let painter = ui.painter();
    let bars = Rect::from_min_max(
        pos2(area.left(), area.top() + READOUT_HEIGHT),
        pos2(area.right() - SCALE_WIDTH, area.bottom()),
    );
    let travel = bars.top() + CLIP_HEIGHT + 2.0..=bars.bottom();
    let mut above = f32::NEG_INFINITY;
    for mark in MARKS {
        let y = height(mark, &travel);
        // A low window has room for fewer marks.
        if y - above < 11.0 {
            continue;
        }
        above = y;
        let label = format!("{:.0}", mark.abs());
        painter.text(pos2(area.right(), y), Align2::RIGHT_CENTER, label, theme::figures(10.0), theme::WEAK);
    }
    let loudest = meters.iter().fold(0.0_f32, |loudest, meter| loudest.max(meter.loudest));
    let readout = words::decibels(loudest);
    let color = if meters.iter().any(|meter| meter.clipped) { theme::AMBER } else { theme::TEXT };
    painter.text(pos2(area.right(), area.top()), Align2::RIGHT_TOP, readout, theme::figures(12.0), color);
    if meters.is_empty() {
        painter.rect_filled(bars, 2.0, theme::PANEL);
        return;
    }
    let step = bars.width() / meters.len() as f32;
    let gap = if step > 4.0 { 1.0 } else { 0.0 };
    for (channel, meter) in meters.iter().enumerate() {
        let left = bars.left() + step * channel as f32;
        let place = Rect::from_min_max(pos2(left, bars.top()), pos2(left + step - gap, bars.bottom()));
        one(ui, place, channel, meter, &travel, actions);
    }
}

fn one(
    ui: &mut Ui,
    place: Rect,
    channel: usize,
    meter: &ChannelMeter,
    travel: &std::ops::RangeInclusive<f32>,
    actions: &mut Vec<Action>,
) {
    let bar = |from: f32, to: f32| Rect::from_min_max(pos2(place.left(), from), pos2(place.right(), to));
    let whole = bar(*travel.start(), *travel.end());
    let label = format!(
        "Channel {}: peak {:.1} dBFS, RMS {:.1} dBFS, loudest {} dBFS",
        channel + 1,
        meter.hold,
        meter.rms,
        words::decibels(meter.loudest)
    );
    let response = ui.interact(whole, Id::unique(("meter", channel)), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Meter, true, &label));
    let _ = response.on_hover_text(label);
    let painter = ui.painter();
    painter.rect_filled(whole, 1.0, theme::PANEL);
    painter.rect_filled(bar(height(meter.peak, travel), *travel.end()), 1.0, theme::METER);
    painter.rect_filled(bar(height(meter.rms, travel), *travel.end()), 1.0, theme::WAVE);
    if meter.hold > FLOOR_DB {
        painter.hline(place.x_range(), height(meter.hold, travel), Stroke::new(1.5, theme::TEXT));
    }
    clip_light(ui, bar(place.top(), place.top() + CLIP_HEIGHT), channel, meter, actions);
}

fn clip_light(ui: &mut Ui, place: Rect, channel: usize, meter: &ChannelMeter, actions: &mut Vec<Action>) {
    let color = if meter.clipped { theme::AMBER } else { theme::RAISED };
    ui.painter().rect_filled(place, 1.0, color);
    if !meter.clipped {
        return;
    }
    let response = ui.interact(place.expand2(vec2(0.0, 2.0)), Id::unique(("clip", channel)), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Clip light of channel {}", channel + 1)));
    if response.on_hover_text("Louder than full scale. Click to put all clip lights out.").clicked() {
        actions.push(Action::ResetClips);
    }
}

/// Where a level lies; the scale spreads the upper half, where the music is.
fn height(decibels: f32, travel: &std::ops::RangeInclusive<f32>) -> f32 {
    let share = (1.0 - decibels.clamp(FLOOR_DB, 0.0) / FLOOR_DB).powf(1.4);
    travel.end() - share * (travel.end() - travel.start())
}
