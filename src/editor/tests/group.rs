//! The page of the group, and what the header says where another member leads.

use super::*;
use crate::core::take::TakeSettings;
use crate::link::groups::{Membership, group};
use crate::link::{Status, Texts};
use std::sync::Arc;

/// A member beside the window's own instance.
struct Other {
    status: Arc<Status>,
    _membership: Membership,
}

/// A member of this group on this track.
fn other(of: Group, track: &str) -> Other {
    let (status, texts) = (Arc::<Status>::default(), Arc::<Texts>::default());
    texts.set(TextId::Track, track);
    let membership = group(of).join(Arc::clone(&status), texts, TakeSettings::DEFAULT);
    Other { status, _membership: membership }
}

/// It leads a take that has come so far.
fn lead(status: &Status, frames: u64) {
    status.set_gate(Gate::Recording);
    status.take_begins(48_000);
    status.take_progress(frames, 1_000, 0);
}

/// A window whose instance belongs to this group, on this page.
fn in_group(of: Group, size: Vec2) -> (Rig, Membership) {
    let mut rig = Rig::sized(size, 1.0);
    rig.set(|params| &params.group, of);
    rig.gestures();
    rig.page("Group");
    let own = rig.join(of);
    rig.status().set_stream(STEREO);
    (rig, own)
}

#[test]
fn the_page_of_a_group_without_others_says_why_it_may_see_none() {
    let mut rig = Rig::new();
    rig.page("Group");
    rig.open_menu("Group");
    rig.click("H");
    assert_eq!(rig.gestures(), ["begin Group", "set Group 1", "end Group"]);
    let alone = "This instance sees no other one of its group. A CLAP and a VST3 copy do not see each other, nor do instances \
                 that the DAW runs in processes of their own.";
    rig.sees(alone);
    // An instance that is switched off has no seat itself.
    let bass = other(Group::H, "Bass");
    rig.sees("Bass: ready");
    assert!(rig.harness.query_by_label(alone).is_none());
    drop(bass);
    let _own = rig.join(Group::H);
    rig.sees(alone);
}

#[test]
fn a_window_shows_who_leads_who_is_in_trouble_and_which_one_is_its_own() {
    let (mut rig, _own) = in_group(Group::G, default_size());
    let [bass, failed, slow] = ["Bass", "", "Voice"].map(|track| other(Group::G, track));
    lead(&bass.status, 96_000);
    failed.status.take_fails("The disk is full. Free some room.");
    lead(&slow.status, 95_000);
    slow.status.set_gate(Gate::Idle);
    slow.status.set_follows(Gate::Recording);
    slow.status.take_loses_at(5);
    rig.harness.state_mut().panel.set_track("Drums", Some([200, 40, 40]));
    for row in [
        "Drums (this one): ready",
        "Bass: recording, leads",
        "Track without a name: not recording: The disk is full",
        "Voice: recording: frames were lost",
        "0:00:02.000 · 2 of 4 recording",
    ] {
        rig.sees(row);
    }
}

#[test]
fn the_size_of_all_members_is_told_before_they_record() {
    let (mut rig, own) = in_group(Group::F, default_size());
    let bass = other(Group::F, "Bass");
    bass.status.set_stream(STEREO);
    bass.status.forecast().ask(|_| 100_000.0);
    rig.sees("0 of 2 recording · up to 23.3 MB a minute");
    rig.params().texts.set(TextId::Scope, "chan1");
    rig.sees("0 of 2 recording · up to 14.6 MB a minute");
    drop(own);
    rig.sees("0 of 1 recording · up to 6.0 MB a minute");
}

/// Record does nothing of its own there.
#[test]
fn who_follows_another_member_is_told_where_to_stop_and_what_to_do_when_it_has_ended() {
    let (mut rig, _own) = in_group(Group::E, default_size());
    let drums = other(Group::E, "Drums");
    lead(&drums.status, 1);
    rig.status().take_begins(48_000);
    rig.status().set_follows(Gate::Recording);
    rig.sees("RECORDING with Drums: stop it there");
    rig.sees("Drums leads: Record there ends the take. Pause, Marker and Capture work here.");
    rig.click("Record");
    rig.status().set_led(Some(1));
    rig.sees("RECORDING with Drums: stop it there");
    drums.status.set_gate(Gate::Idle);
    rig.status().set_follows(Gate::Idle);
    rig.status().take_ends(report("drums.wav"));
    rig.sees("SWITCH RECORD OFF AND ON the group's take has ended");
    rig.sees("The group's take has ended. To begin another one here, switch Record off and on.");
    rig.click("Record");
    rig.sees("READY");
}

#[test]
fn a_leader_whose_own_file_failed_still_leads() {
    let (mut rig, _own) = in_group(Group::D, default_size());
    let drums = other(Group::D, "Drums");
    lead(&drums.status, 48_000);
    drums.status.take_fails("The disk is full.");
    rig.status().take_begins(48_000);
    rig.status().set_follows(Gate::Recording);
    rig.sees("RECORDING with Drums: stop it there");
    rig.sees("Drums: not recording, leads: The disk is full");
}

#[test]
fn of_many_members_the_last_one_can_be_scrolled_to_in_the_smallest_window() {
    let (mut rig, _own) = in_group(Group::C, MIN_SIZE);
    let long = "A track with a name that is longer than its column can ever be";
    let _others: Vec<_> = (1..32).map(|track| other(Group::C, &format!("{long} {track}"))).collect();
    rig.harness.run_steps(2);
    let panel = rig.panel().rect();
    let last = format!("{long} 31: ready");
    assert!(!panel.contains_rect(rig.harness.get_by_label(&last).rect()));
    rig.harness.hover_at(panel.center());
    rig.harness.event(egui::Event::MouseWheel {
        unit: egui::MouseWheelUnit::Point,
        delta: vec2(0.0, -10_000.0),
        phase: egui::TouchPhase::Move,
        source: egui::MouseWheelSource::Unknown,
        modifiers: Modifiers::NONE,
    });
    rig.harness.run_steps(30);
    let row = rig.harness.get_by_label(&last).rect();
    assert!(panel.contains_rect(row), "{row} is not in {panel}");
    assert!(rig.harness.get_by_label("Record").rect().top() >= 0.0);
}

/// A page that is not shown costs nothing: no member is asked for its room or its texts.
#[test]
fn members_are_looked_at_only_while_their_page_is_shown() {
    let (mut rig, _own) = in_group(Group::B, default_size());
    let bass = other(Group::B, "Bass");
    rig.sees("Bass: ready");
    assert!(bass.status.is_room_wanted());
    rig.page("File");
    bass.status.set_free_bytes(None);
    rig.harness.run_steps(3);
    assert!(!bass.status.is_room_wanted());
}
