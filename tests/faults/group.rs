//! The disk of one member of a group fails.

use crate::recorder::{Recorder, TYPES};
use faulty_disk::Fault;
use headless_host::ParamId;

const RATE: u32 = 48_000;
const FRAMES: usize = 40 * BLOCK;
const BLOCK: usize = 4_800;

/// Room in which a part of the take fits, in bytes.
const ROOM: u64 = 300_001;

/// Two members record, the first one leads, and the disk of one of them is full in mid-take.
fn run(failing: usize, group: f64) {
    let mut members = [(); 2].map(|()| Recorder::new(TYPES[0], true, RATE));
    for member in &mut members {
        member.set(ParamId::named("group"), group);
        member.set_song(3.0);
        member.play(BLOCK, false);
    }
    let first = members[0].at();
    members[failing].disk.set(Fault::Room(ROOM));
    for _ in 0..FRAMES / BLOCK {
        members.iter_mut().enumerate().for_each(|(index, member)| member.play(BLOCK, index == 0));
    }
    members.iter_mut().for_each(|member| member.play(BLOCK, false));
    let [failed, other] = [failing, 1 - failing].map(|index| members[index].take(0));
    members[failing].disk.set(Fault::None);
    assert_eq!((other.frames, other.lost, &other.errors), (FRAMES, 0, &vec![]), "{other:?}");
    assert_eq!(members[1 - failing].assert_sound(other.path.as_ref().unwrap(), first), FRAMES);
    assert!(failed.errors.len() == 1 && failed.errors[0].contains("disk is full"), "{failed:?}");
    let kept = members[failing].assert_sound(failed.path.as_ref().unwrap(), first);
    assert!(kept > 40_000 && kept + failed.lost == FRAMES, "{kept}: {failed:?}");
}

#[test]
fn a_disk_that_is_full_costs_the_leader_nothing_where_it_is_a_followers() {
    run(1, 1.0);
}

#[test]
fn a_disk_that_is_full_costs_the_followers_nothing_where_it_is_the_leaders() {
    run(0, 2.0);
}
