//! A disk that never answers, and a host that goes on all the same: what it calls returns, and the take is completed
//! when the disk comes back.

use crate::common::files_in;
use crate::recorder::{Recorder, TYPES};
use audio_file_out::core::format::{Group, Menu};
use audio_file_out::link::groups::group;
use faulty_disk::{Call, Disk, Fault};
use headless_host::ParamId;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// A low rate: the more seconds in few frames.
const RATE: u32 = 8_000;
const SECOND: usize = RATE as usize;

/// No call of the host takes longer.
const LONGEST: Duration = Duration::from_secs(10);

/// Longer than the writer waits until it refreshes a file.
const REFRESH: Duration = Duration::from_millis(280);

/// Fewer frames of a take are not brought to the medium.
const LONG_TAKE: usize = 5 * SECOND;

/// Does what a host does, and says how long it took. Where it hangs, the disk is mended at last, so that the test ends.
fn time(disk: &Disk, work: impl FnOnce()) -> Duration {
    let (done, is_done) = channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            if is_done.recv_timeout(2 * LONGEST) == Err(RecvTimeoutError::Timeout) {
                disk.set(Fault::None);
            }
        });
        let start = Instant::now();
        work();
        drop(done);
        start.elapsed()
    })
}

fn wait_for(disk: &Disk, call: Call) {
    let start = Instant::now();
    while !disk.calls().contains(&call) {
        assert!(start.elapsed() < 6 * LONGEST, "no {call:?}: {:?}", disk.calls());
        thread::sleep(Duration::from_millis(1));
    }
}

/// What hangs, and what of a take there is before and after that.
struct Case {
    call: Call,
    of: fn(Call) -> bool,
    before: usize,
    after: usize,
}

const CASES: [Case; 4] = [
    Case { call: Call::Write, of: |call| call == Call::Write, before: SECOND, after: 2 * SECOND },
    Case { call: Call::Sync, of: |call| call == Call::Sync, before: LONG_TAKE, after: SECOND },
    Case { call: Call::Open, of: |call| call == Call::Open, before: 0, after: 3 * SECOND },
    Case { call: Call::List, of: |call| call == Call::List, before: 0, after: 3 * SECOND },
];

/// Records a take on a disk that hangs in mid-take, and ends the activation.
fn run(case: &Case) {
    let mut recorder = Recorder::new(TYPES[0], true, RATE);
    let elsewhere = tempfile::tempdir().unwrap();
    recorder.set_text("file", recorder.folder.path().join("take{take}").to_str().unwrap());
    recorder.play(10, false);
    let first = recorder.at();
    if case.before > 0 {
        recorder.play(case.before, true);
        thread::sleep(REFRESH);
    }
    recorder.disk.set(Fault::Hanging(case.of));
    recorder.play(case.after, true);
    let what = format!("{:?}", case.call);

    let took = time_of(&mut recorder, Recorder::activate_again);
    assert!(took < LONGEST, "{what}: deactivate and activate took {took:?}");
    assert!(recorder.disk.calls().contains(&case.call), "{what}: nothing hung");
    assert!(recorder.takes().is_empty(), "{what}: {:?}", recorder.takes());

    // The new activation has nothing to do with it.
    recorder.set_text("file", elsewhere.path().join("take{suffix}").to_str().unwrap());
    let second = recorder.at();
    recorder.play(3_000, true);
    recorder.play(100, false);
    let took = time_of(&mut recorder, Recorder::finish);
    assert!(took < LONGEST, "{what}: deactivate and the end of the plugin took {took:?}");
    let others = files_in(elsewhere.path());
    assert_eq!(others.len(), 1, "{what}");
    assert_eq!(recorder.assert_sound(&others[0], second), 3_000, "{what}");

    recorder.disk.set(Fault::None);
    let take = recorder.take(0);
    assert_eq!((take.frames, take.lost, &take.errors), (case.before + case.after, 0, &vec![]), "{what}: {take:?}");
    assert_eq!(recorder.assert_sound(take.path.as_ref().unwrap(), first), case.before + case.after, "{what}");
}

/// The same, of a call of the host.
fn time_of(recorder: &mut Recorder, call: fn(&mut Recorder)) -> Duration {
    let disk = recorder.disk.again();
    time(&disk, || call(recorder))
}

#[test]
fn deactivate_activate_and_the_end_of_the_plugin_return_while_a_disk_hangs_which_completes_the_take_later() {
    thread::scope(|scope| {
        let runs: Vec<_> = CASES.iter().map(|case| scope.spawn(move || run(case))).collect();
        assert!(runs.into_iter().map(|run| run.join()).filter(Result::is_err).count() == 0, "told above");
    });
}

#[test]
fn a_question_for_the_free_space_that_hangs_holds_up_no_take() {
    let mut recorder = Recorder::new(TYPES[0], true, RATE);
    recorder.set(ParamId::named("group"), 5.0);
    let first = recorder.at();
    recorder.play(SECOND, true);
    recorder.disk.set(Fault::Hanging(|call| call == Call::Room));
    let start = Instant::now();
    let member = loop {
        assert!(start.elapsed() < LONGEST, "it does not come into its group");
        if let Some(member) = group(Group::ALL[5]).members().pop() {
            break member;
        }
        thread::sleep(Duration::from_millis(1));
    };
    member.status.want_room();
    // The writer sees it with its next work.
    let mut frames = SECOND;
    while !recorder.disk.calls().contains(&Call::Room) {
        assert!(start.elapsed() < LONGEST, "nobody asks: {:?}", recorder.disk.calls());
        recorder.play(100, true);
        frames += 100;
        thread::sleep(Duration::from_millis(20));
    }
    recorder.play(SECOND, true);
    frames += SECOND;
    recorder.play(100, false);
    let took = time_of(&mut recorder, Recorder::finish);
    assert!(took < LONGEST, "deactivate took {took:?}");
    let take = recorder.takes().pop().expect("the take is closed while the question hangs");
    assert_eq!((take.frames, take.lost, &take.errors), (frames, 0, &vec![]), "{take:?}");
    assert_eq!(recorder.assert_sound(take.path.as_ref().unwrap(), first), frames);
}

#[test]
fn a_fallback_folder_that_hangs_holds_up_no_take() {
    let mut recorder = Recorder::new(TYPES[0], true, RATE);
    let elsewhere = tempfile::tempdir().unwrap();
    let hangs = Disk::below(elsewhere.path());
    hangs.set(Fault::Hanging(|_| true));
    recorder.set_text("fallback", elsewhere.path().to_str().unwrap());
    // Closed while it hangs.
    recorder.assert_take_works(0);
}

/// Two members of a group whose takes have numbers, each on a disk of its own.
fn members(of: usize, file: &str) -> [Recorder; 2] {
    let mut members = [(); 2].map(|()| Recorder::new(TYPES[0], true, RATE));
    for member in &mut members {
        member.set_text("file", member.folder.path().join(file).to_str().unwrap());
        member.set(ParamId::named("group"), of as f64);
        member.play(SECOND / 10, false);
    }
    let start = Instant::now();
    while group(Group::ALL[of]).members().len() < 2 {
        assert!(start.elapsed() < LONGEST, "they do not come into their group");
        thread::sleep(Duration::from_millis(1));
    }
    members
}

#[test]
fn a_folder_of_a_member_that_cannot_be_listed_holds_up_no_take_of_its_group() {
    let mut members = members(6, "take{take}");
    let first = members[0].at();
    members[1].disk.set(Fault::Hanging(|call| call == Call::List));
    for _ in 0..30 {
        members.iter_mut().enumerate().for_each(|(index, member)| member.play(SECOND / 10, index == 0));
    }
    members.iter_mut().for_each(|member| member.play(100, false));
    wait_for(&members[1].disk, Call::List);
    // It still hangs.
    for member in &members {
        let take = member.take(0);
        assert_eq!((take.frames, take.lost, &take.errors), (3 * SECOND, 0, &vec![]), "{take:?}");
        assert_eq!(member.assert_sound(take.path.as_ref().unwrap(), first), 3 * SECOND);
    }
}

#[test]
fn a_leader_whose_disk_hangs_holds_up_no_member_and_gives_up_its_seat() {
    let mut members = members(7, "take{suffix}");
    let play = |members: &mut [Recorder], on: bool| {
        members.iter_mut().enumerate().for_each(|(index, member)| member.play(SECOND / 10, on && index == 0));
    };
    let first = members[1].at();
    for _ in 0..10 {
        play(&mut members, true);
    }
    members[0].disk.set(Fault::Hanging(|call| call == Call::Write));
    for _ in 0..20 {
        play(&mut members, true);
    }
    play(&mut members, false);
    let [mut leader, mut follower] = members;
    let took = time_of(&mut leader, Recorder::activate_again);
    assert!(took < LONGEST, "deactivate and activate took {took:?}");
    assert_eq!(group(Group::ALL[7]).members().len(), 2, "the writer that hangs has its seat still");
    follower.play(100, false);
    let took = time_of(&mut follower, Recorder::finish);
    assert!(took < LONGEST, "deactivate of another member took {took:?}");
    let take = follower.takes().pop().expect("its take is closed");
    // The round of all members in which its record goes off.
    let frames = 3 * SECOND..=3 * SECOND + SECOND / 10;
    assert!(take.lost == 0 && take.errors.is_empty() && frames.contains(&take.frames), "{take:?}");
    assert_eq!(follower.assert_sound(take.path.as_ref().unwrap(), first), take.frames);
    leader.disk.set(Fault::None);
    let leaders = leader.take(0);
    // The leader's own file comes to the end that the others have recorded, with silence.
    let lengths = [3 * SECOND, take.frames];
    assert!(leaders.lost == 0 && leaders.errors.is_empty() && lengths.contains(&leaders.frames), "{leaders:?}");
}
