"""Checks in a host of our own that sends what JUCE's hosts cannot: changes inside a block, layouts by their number of
channels, separate buffers for input and output, and calls in an order that only some hosts keep. See bare_host.py."""

import json
import multiprocessing
import threading
import time

import numpy as np
import soundfile

from bare_host import INFINITE_TAIL, OFFLINE, PREFETCH, REALTIME, Instance, Library
from checking import (
    BLOCK_SIZES,
    CODECS,
    FILE_TYPES,
    MP3,
    RATE,
    Change,
    Failure,
    chirp,
    expect,
    expect_in_step,
    expect_lossless,
    expect_same_takes,
    expect_takes,
    is_unlocked,
    model,
    names,
    noise,
    numbered,
    play,
    take_paths,
    toggles,
    wait_until,
)

HOST = "bare host"
CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


def started(library, codec="FLOAT", **options):
    """An instance that is ready to play."""
    instance = Instance(library, **options)
    instance.activate()
    instance.start()
    instance.flush([(0, "Codec", CODECS[codec])])
    return instance


def end(instance):
    """The end of life that the SDK asks for."""
    instance.stop()
    instance.deactivate()
    instance.remove()


@check
def changes_inside_a_block_count_from_their_exact_sample_on(setting):
    library = Library(setting.bundle)
    expected = []
    for seed, block in enumerate(BLOCK_SIZES):
        generator = np.random.default_rng(seed)
        sound = noise(2, 30_000, seed)
        changes = toggles("Record", generator, 30_000, 12) + toggles("Pause", generator, 30_000, 12)
        instance = started(library, "PCM_24")
        play(instance, sound, [block], changes)
        end(instance)
        expected += model(sound, changes)
    expect_takes(setting.folder, expected, RATE, "PCM_24")


@check
def a_take_begins_with_its_preroll_and_capture_saves_what_is_in_no_take(setting):
    library = Library(setting.bundle)
    expected = []
    for block in BLOCK_SIZES:
        sound = noise(2, 30_000, block)
        changes = [
            Change(0, "Pre-roll", 0.05 / 300),
            Change(10_001, "Record", 1.0),
            Change(11_003, "Capture", 1.0),
            Change(11_004, "Capture", 0.0),
            Change(15_000, "Record", 0.0),
            Change(16_000, "Record", 1.0),
            Change(20_000, "Record", 0.0),
            Change(25_001, "Capture", 1.0),
        ]
        instance = started(library, "PCM_24")
        play(instance, sound, [block], changes)
        end(instance)
        expected += [sound[:, 7_601:15_000], sound[:, :7_601], sound[:, 15_000:20_000], sound[:, 20_000:25_001]]
    expect_takes(setting.folder, expected, RATE, "PCM_24")


@check
def with_sound_a_take_begins_with_the_first_loud_sample_and_ends_after_the_hold(setting):
    library = Library(setting.bundle)
    expected = []
    for block in (1, 61, 512, 8192):
        sound = noise(2, 90_000, block, peak=0.005)
        for loud in (10_001, 10_500, 20_000, 60_000):
            sound[1, loud] = -0.5
        instance = started(library)
        changes = [Change(0, "Start", 1.0), Change(0, "Hold", 0.0), Change(0, "Record", 1.0)]
        play(instance, sound, [block], changes)
        end(instance)
        expected += [sound[:, 10_001 : 20_001 + RATE // 2], sound[:, 60_000 : 60_001 + RATE // 2]]
    expect_takes(setting.folder, expected, RATE, "FLOAT")


@check
def instances_of_one_group_record_together(setting):
    library = Library(setting.bundle)
    sound = noise(2, 60_000, 3)
    tracks = [started(library, "PCM_24") for _ in range(3)]
    for track in tracks:
        track.flush([(0, "Group", 1 / 8)])
    changes = [Change(30_001, "Record", 1.0), Change(50_003, "Record", 0.0)]
    for start in range(0, 60_000, 1_000):
        for index, track in enumerate(tracks):
            due = [Change(change.at - start, change.label, change.value) for change in changes if index == 1 and start <= change.at < start + 1_000]
            play(track, sound[:, start : start + 1_000], [100 * (index + 1)], due)
    for track in tracks:
        end(track)
    paths = take_paths(setting.folder)
    expect("files", 3, len(paths))
    # The host tells no position of a song: they differ by a block at most, and have one length.
    for path in paths:
        recorded = soundfile.read(path, dtype="float32", always_2d=True)[0].T
        expect(f"frames of {path.name}", 20_002, recorded.shape[1])
        first = [begin for begin in range(29_001, 31_002) if abs(sound[0, begin] - recorded[0, 0]) < 1e-6]
        expect(f"{path.name} begins near", True, bool(first))


@check
def with_a_song_the_takes_of_a_group_begin_and_end_with_the_same_sample(setting):
    library = Library(setting.bundle)
    sound = noise(2, 120_000, 5)
    tracks = [started(library) for _ in range(4)]
    for track in tracks:
        track.flush([(0, "Group", 1 / 8)])
        track.song = 480_000
    changes = [Change(30_001, "Record", 1.0), Change(50_003, "Record", 0.0), Change(70_007, "Record", 1.0)]
    generator = np.random.default_rng(7)
    for start in range(0, 120_000, 2_000):
        def play_one(index):
            due = [Change(it.at - start, it.label, it.value) for it in changes if index == 2 and start <= it.at < start + 2_000]
            play(tracks[index], sound[:, start : start + 2_000], [64 << index], due)

        # Two threads, in any order.
        order = generator.permutation(4)
        for some in (order[:2], order[2:]):
            threads = [threading.Thread(target=play_one, args=(index,)) for index in some]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    for track in tracks:
        end(track)
    expected = [sound[:, 30_001:50_003]] * 4 + [sound[:, 70_007:120_000]] * 4
    recorded = [soundfile.read(path, dtype="float32", always_2d=True)[0].T for path in take_paths(setting.folder)]
    for length in (20_002, 49_993):
        takes = [take for take in recorded if take.shape[1] == length]
        expect(f"takes of {length} frames", 4, len(takes))
        for take in takes:
            whole = next(sound for sound in expected if sound.shape[1] == length)
            expect(f"a take of {length} frames equals the input", True, np.array_equal(take, whole))


@check
def dozens_of_changes_in_one_block_each_count_from_their_exact_sample_on(setting):
    generator = np.random.default_rng(5)
    sound = noise(2, 8 * 8192)
    changes = toggles("Record", generator, sound.shape[1], 400) + toggles("Pause", generator, sound.shape[1], 400)
    instance = started(Library(setting.bundle))
    play(instance, sound, [8192], changes)
    end(instance)
    expect_takes(setting.folder, model(sound, changes), RATE, "FLOAT")


@check
def a_change_at_the_first_or_last_sample_of_a_block_counts_there(setting):
    sound = noise(2, 8 * 512)
    # The last sample of a block is where REAPER puts all its changes.
    changes = [Change(at, "Record", float(on)) for at, on in ((511, 1), (1023, 0), (1024, 1), (1535, 0), (2048, 1))]
    instance = started(Library(setting.bundle))
    play(instance, sound, [512], changes)
    end(instance)
    expect_takes(setting.folder, model(sound, changes), RATE, "FLOAT")


@check
def settings_at_the_first_sample_of_a_take_count_in_whatever_order_they_are_told(setting):
    sound = noise(2, 4096)
    begin = [(100, "Record", 1.0), (100, "Codec", CODECS["PCM_16"])]
    for changes in (begin, begin[::-1]):
        instance = started(Library(setting.bundle))
        play(instance, sound, [4096], [Change(*change) for change in changes])
        end(instance)
    expect_takes(setting.folder, [sound[:, 100:]] * 2, RATE, "PCM_16")


@check
def thousands_of_short_takes_lose_no_frame(setting):
    generator = np.random.default_rng(9)
    sound = noise(1, 10_000)
    changes = toggles("Record", generator, sound.shape[1], 2_400)
    instance = started(Library(setting.bundle), channels=1)
    play(instance, sound, [512], changes)
    end(instance)
    expected = model(sound, changes)
    expect("number of takes", len(expected), len(take_paths(setting.folder)))
    for path, take in zip(take_paths(setting.folder), expected, strict=True):
        expect_lossless(path, take, RATE, "FLOAT")


@check
def changes_told_without_sound_count_from_the_next_block_on(setting):
    sound = noise(2, 3 * 512)
    instance = started(Library(setting.bundle))
    instance.flush([(0, "Record", 1.0)])
    play(instance, sound[:, :512], [512])
    instance.flush([(0, "Pause", 1.0)])
    play(instance, sound[:, 512:1024], [512])
    instance.flush([(0, "Pause", 0.0)])
    play(instance, sound[:, 1024:], [512])
    instance.flush([(0, "Record", 0.0)])
    play(instance, sound, [512])
    end(instance)
    expect_takes(setting.folder, [np.concatenate([sound[:, :512], sound[:, 1024:]], 1)], RATE, "FLOAT")


@check
def record_set_while_the_plugin_does_not_play_records_from_the_first_sound_on(setting):
    sound = noise(2, 5_000)
    instance = Instance(Library(setting.bundle))
    instance.set_by_controller("Codec", CODECS["FLOAT"])
    instance.set_by_controller("Record", 1.0)
    instance.activate()
    instance.start()
    play(instance, sound, [512])
    end(instance)
    expect_takes(setting.folder, [sound], RATE, "FLOAT")


@check
def every_layout_is_recorded_and_passes(setting):
    library = Library(setting.bundle)
    layouts = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 24, 32, 64)
    sounds = [noise(channels, 3_000, channels) for channels in layouts]
    for channels, sound in zip(layouts, sounds, strict=True):
        instance = started(library, channels=channels)
        expect(f"latency with {channels} channels", 0, instance.latency)
        play(instance, sound, [512], [Change(100, "Record", 1.0)])
        end(instance)
    expect_takes(setting.folder, [sound[:, 100:] for sound in sounds], RATE, "FLOAT")


@check
def a_layout_has_as_many_speakers_as_the_host_asked_for(setting):
    library = Library(setting.bundle)
    # Not 64: nice-plug 0.4.2 computes (1 << 64) - 1 there and answers none.
    for channels in (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 24, 32):
        instance = Instance(library, channels=channels)
        expect(f"speakers of {channels} channels", channels, instance.speakers().bit_count())
        instance.remove()


@check
def shared_buffers_and_silence_flags_change_nothing(setting):
    library = Library(setting.bundle)
    silence, sound = np.zeros((2, 5_000), np.float32), noise(2, 5_000)
    for flags, played in ((3, silence), (0, sound)):
        for in_place in (False, True):
            instance = started(library)
            instance.in_place, instance.silence_flags = in_place, flags
            play(instance, played, [441], [Change(10, "Record", 1.0)])
            end(instance)
    expect_takes(setting.folder, [silence[:, 10:]] * 2 + [sound[:, 10:]] * 2, RATE, "FLOAT")


@check
def every_mode_that_a_host_declares_records_the_same(setting):
    library = Library(setting.bundle)
    sound = noise(2, 20 * RATE)
    # nice-plug tells the plugin the mode of the preparation before, so each mode also follows another.
    modes = (REALTIME, OFFLINE, REALTIME, PREFETCH, OFFLINE)
    instance = Instance(library)
    for mode in modes:
        instance.prepare(2, RATE, 8192, mode)
        instance.activate()
        instance.start()
        play(instance, sound, [4096], [Change(1_000, "Record", 1.0), Change(950_000, "Record", 0.0)])
        instance.stop()
        instance.deactivate()
    instance.remove()
    expect_takes(setting.folder, [sound[:, 1_000:950_000]] * len(modes), RATE, "PCM_24")


@check
def a_pause_of_processing_does_not_end_a_take(setting):
    sound = noise(2, 10_000)
    instance = started(Library(setting.bundle))
    play(instance, sound[:, :4_000], [512], [Change(0, "Record", 1.0)])
    instance.stop()
    instance.start()
    instance.start()
    play(instance, sound[:, 4_000:], [512])
    end(instance)
    expect_takes(setting.folder, [sound], RATE, "FLOAT")


@check
def capture_and_preroll_reach_over_a_stop_and_over_a_new_activation(setting):
    library = Library(setting.bundle)
    sound = noise(2, 40_000)

    def stopped(instance):
        instance.stop()

    def activated_anew(instance):
        instance.stop()
        instance.deactivate()
        instance.activate()

    expected = []
    for between in (stopped, activated_anew):
        instance = started(library)
        play(instance, sound[:, :20_000], [512], [Change(0, "Pre-roll", 0.25 / 300)])
        between(instance)
        instance.start()
        changes = [Change(5_000, "Record", 1.0), Change(6_000, "Record", 0.0), Change(15_000, "Capture", 1.0)]
        play(instance, sound[:, 20_000:], [512], changes)
        end(instance)
        captured = np.concatenate([sound[:, :13_000], sound[:, 26_000:35_000]], 1)
        expected += [sound[:, 13_000:26_000], captured]
    expect_takes(setting.folder, expected, RATE, "FLOAT")


@check
def record_off_counts_within_a_second_though_no_block_comes(setting):
    sound = noise(2, 10_000)
    instance = started(Library(setting.bundle))
    for number in (1, 2):
        play(instance, sound, [512], [Change(0, "Record", 1.0)])
        instance.flush([(0, "Record", 0.0)])
        path = setting.folder / f"AudioFileOut-{number:03}.wav"
        wait_until("the lock of the take is released", lambda: is_unlocked(path), limit_seconds=1)
        expect_lossless(path, sound, RATE, "FLOAT")
    end(instance)
    expect_takes(setting.folder, [sound, sound], RATE, "FLOAT")


@check
def a_take_that_goes_on_over_a_new_activation_replaces_nothing(setting):
    sound = noise(2, 20_000)
    instance = started(Library(setting.bundle))
    instance.flush([(0, "Unique Suffix", 0.0)])
    play(instance, sound[:, :15_000], [512], [Change(0, "Record", 1.0)])
    instance.stop()
    instance.deactivate()
    instance.activate()
    instance.start()
    play(instance, sound[:, 15_000:], [512])
    end(instance)
    expect_lossless(setting.folder / "AudioFileOut0.wav", sound[:, :15_000], RATE, "FLOAT")
    expect_lossless(setting.folder / "AudioFileOut0 (2).wav", sound[:, 15_000:], RATE, "FLOAT")


@check
def every_way_to_end_a_plugin_leaves_complete_files(setting):
    def deactivated_while_processing(instance):
        instance.deactivate()
        instance.remove()

    def removed_while_active(instance):
        instance.remove()

    def released_without_a_word(instance):
        instance.remove(terminate=False)

    library = Library(setting.bundle)
    sound = noise(2, 300_000)
    ways = (end, deactivated_while_processing, removed_while_active, released_without_a_word)
    for number, way in enumerate(ways, 1):
        instance = started(library)
        play(instance, sound, [8192], [Change(5, "Record", 1.0)])
        way(instance)
        expect_takes(setting.folder, [sound[:, 5:]] * number, RATE, "FLOAT")


@check
def an_activation_in_a_take_ends_it_and_begins_the_next(setting):
    sound = noise(2, 20_000)
    instance = started(Library(setting.bundle))
    play(instance, sound[:, :8_000], [512], [Change(0, "Record", 1.0)])
    # Some hosts activate twice in a row; others do it right.
    instance.activate()
    instance.start()
    play(instance, sound[:, 8_000:12_000], [512])
    instance.stop()
    instance.deactivate()
    instance.activate()
    instance.start()
    play(instance, sound[:, 12_000:], [512])
    end(instance)
    expect_takes(setting.folder, [sound[:, :8_000], sound[:, 8_000:12_000], sound[:, 12_000:]], RATE, "FLOAT")


@check
def rate_and_layout_change_between_takes(setting):
    kinds = [(2, 44_100), (1, 96_000), (8, 48_000), (2, 11_025), (64, 8_000), (2, 384_000)]
    sounds = [noise(channels, 4_000, seed) for seed, (channels, _) in enumerate(kinds)]
    instance = started(Library(setting.bundle))
    instance.flush([(0, "Record", 1.0)])
    for (channels, rate), sound in zip(kinds, sounds, strict=True):
        instance.stop()
        instance.deactivate()
        instance.prepare(channels, rate)
        instance.activate()
        instance.start()
        play(instance, sound, [480])
    end(instance)
    expect("takes", numbered(len(kinds)), names(setting.folder.iterdir()))
    for path, sound, (_, rate) in zip(take_paths(setting.folder), sounds, kinds, strict=True):
        expect_lossless(path, sound, rate, "FLOAT")


@check
def a_fractional_rate_is_rounded(setting):
    sound = noise(2, 4_000)
    instance = started(Library(setting.bundle), rate=44_099.6)
    play(instance, sound, [512], [Change(0, "Record", 1.0)])
    end(instance)
    expect_takes(setting.folder, [sound], 44_100, "FLOAT")


@check
def hostile_samples_pass_and_become_harmless_in_the_file(setting):
    library = Library(setting.bundle)
    sound = noise(2, 4_000)
    sound[:, 100:107] = np.array([np.nan, np.inf, -np.inf, -0.0, 1e-42, 3e38, -3e38], np.float32)
    for codec in CODECS:
        instance = started(library, codec)
        play(instance, sound, [512], [Change(0, "Record", 1.0)])
        end(instance)
    # NaN becomes 0 and infinity full scale; what is finite stays, in a file of floats.
    in_file = sound.copy()
    in_file[:, 100:103] = np.array([0, 1, -1], np.float32)
    for number, codec in enumerate(CODECS, 1):
        expect_lossless(setting.folder / f"AudioFileOut-{number:03}.wav", in_file, RATE, codec)


@check
def a_plugin_with_an_open_take_asks_not_to_be_put_to_sleep(setting):
    silence = np.zeros((2, 512), np.float32)
    instance = started(Library(setting.bundle))
    instance.process(silence)
    expect("tail without a take", 0, instance.tail)
    instance.process(silence, [(0, "Record", 1.0)])
    expect("tail in a take", INFINITE_TAIL, instance.tail)
    instance.process(silence, [(0, "Pause", 1.0)])
    expect("tail in a paused take", INFINITE_TAIL, instance.tail)
    instance.process(silence, [(0, "Record", 0.0)])
    expect("tail after the take", 0, instance.tail)
    end(instance)


@check
def a_state_survives_byte_for_byte_and_records_before_the_first_change(setting):
    library = Library(setting.bundle)
    sound = noise(2, 9_000)
    instance = started(library)
    play(instance, sound, [512], [Change(0, "Record", 1.0)])
    saved = instance.state
    end(instance)
    instance = Instance(library)
    instance.state = saved
    expect("state", saved, instance.state)
    instance.activate()
    instance.start()
    play(instance, sound, [512])
    expect("state after use", saved, instance.state)
    end(instance)
    expect_takes(setting.folder, [sound, sound], RATE, "FLOAT")


@check
def a_take_of_every_type_holds_exactly_its_frames(setting):
    library = Library(setting.bundle)
    sound = chirp(2, 60_000, RATE)
    changes = [Change(777, "Record", 1.0), Change(55_001, "Record", 0.0)]
    # A pause of whole turns would not show; this one does.
    changes += [Change(20_000, "Pause", 1.0), Change(20_501, "Pause", 0.0)]
    (take,) = model(sound, changes)
    for extension, value in FILE_TYPES.items():
        instance = started(library, "PCM_24")
        instance.flush([(0, "File Type", value)])
        play(instance, sound, [512, 61], changes)
        end(instance)
        path = setting.folder / f"AudioFileOut-001.{extension}"
        if extension in ("mp3", "ogg"):
            expect_in_step(path, take, RATE)
        else:
            expect_lossless(path, take, RATE, "PCM_24")
    expect("number of files", len(FILE_TYPES), len(list(setting.folder.iterdir())))


@check
def a_state_with_values_that_do_not_exist_means_their_defaults(setting):
    instance = started(Library(setting.bundle))
    new = Instance(Library(setting.bundle)).state
    # A damaged project, or one of a later version. Saving it again is what such values broke.
    for label, value in (
        ("codec", {"i32": 99}),
        ("codec", {"i32": -1}),
        ("codec", {"string": "from the future"}),
        ("filetype", {"bool": True}),
        ("n", {"i32": -5}),
        ("n", {"i32": 123_456}),
        ("n", {"f32": 0.5}),
        ("record", {"i32": 1}),
    ):
        instance.flush([(0, "Codec", CODECS["FLOAT"]), (0, "N", 0.5), (0, "File Type", MP3)])
        damaged = json.loads(new)
        damaged["params"][label] = value
        instance.state = json.dumps(damaged).encode()
        expect(f"state after {label} was {value}", json.loads(new), json.loads(instance.state))
    end(instance)


@check
def a_state_that_is_none_is_refused_and_changes_nothing(setting):
    instance = started(Library(setting.bundle))
    before = instance.state
    for content in (b"", b"{", b"[]", bytes(1_000), b'{"version":"0.1.0"}', before[:-1], b"\xff" + before):
        try:
            instance.state = content
        except RuntimeError:
            expect(f"state after {content[:20]}", before, instance.state)
        else:
            raise Failure(f"the plugin took {content[:20]} for a state")
    end(instance)


@check
def states_loaded_while_sound_is_processed_do_not_tear_a_take(setting):
    sound = noise(2, 40 * RATE)
    instance = started(Library(setting.bundle))
    instance.flush([(0, "Record", 1.0)])
    states = []
    for file in ("One{suffix}", "Two{suffix}"):
        state = json.loads(instance.state)
        state["fields"]["file"] = json.dumps(file)
        states.append(json.dumps(state).encode())
    is_over = threading.Event()

    def load_states():
        while not is_over.is_set():
            for instance.state in states:
                pass

    instance.process(sound[:, :1])
    loader = threading.Thread(target=load_states)
    loader.start()
    try:
        play(instance, sound[:, 1:], [256])
    finally:
        is_over.set()
        loader.join()
    end(instance)
    # Which of the names was in force when the take began is a matter of luck.
    paths = list(setting.folder.iterdir())
    expect("number of files", 1, len(paths))
    expect_lossless(paths[0], sound, RATE, "FLOAT")


@check
def a_fixed_name_that_another_instance_records_to_stays_with_it(setting):
    library = Library(setting.bundle)
    sounds = [noise(2, 10_000, seed) for seed in range(3)]
    first, second = started(library), started(library)
    for instance in (first, second):
        instance.flush([(0, "Unique Suffix", 0.0), (0, "N", 7 / 9999)])
    take = [Change(0, "Record", 1.0), Change(9_999, "Record", 0.0)]
    play(first, sounds[0][:, :5_000], [512], [Change(0, "Record", 1.0)])
    # Each writer hears of it within a twentieth of a second, and in no certain order.
    time.sleep(0.3)
    play(second, sounds[1], [512], take)
    time.sleep(0.3)
    play(first, sounds[0][:, 5_000:], [512])
    end(first)
    expect("files", ["AudioFileOut7.wav"], names(setting.folder.iterdir()))
    expect_lossless(setting.folder / "AudioFileOut7.wav", sounds[0], RATE, "FLOAT")
    # The name is free again.
    play(second, sounds[2], [512], take)
    end(second)
    expect("files", ["AudioFileOut7.wav"], names(setting.folder.iterdir()))
    expect_lossless(setting.folder / "AudioFileOut7.wav", sounds[2][:, :9_999], RATE, "FLOAT")


def record_short_takes(setting, seed):
    """What each of several hosts does at the same time."""
    instance = started(Library(setting.bundle))
    play(instance, *short_takes(seed))
    end(instance)


def short_takes(seed):
    sound = noise(2, 20_000, seed)
    return sound, [512], toggles("Record", np.random.default_rng(seed), sound.shape[1], 100)


@check
def hosts_with_the_same_setting_never_share_a_file(setting):
    processes = [
        multiprocessing.get_context("spawn").Process(target=record_short_takes, args=(setting, seed))
        for seed in range(4)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    expect("exit codes", [0] * len(processes), [process.exitcode for process in processes])
    wanted = []
    for seed in range(len(processes)):
        sound, _, changes = short_takes(seed)
        wanted += [take.tobytes() for take in model(sound, changes)]
    expect_same_takes(setting.folder, wanted)


@check
def the_library_can_be_unloaded_after_a_take(setting):
    sound = noise(2, 9_000)
    library = Library(setting.bundle)
    instance = started(library)
    play(instance, sound, [512], [Change(0, "Record", 1.0)])
    instance.remove()
    library.unload()
    # A thread of the plugin that still ran would now run code that is no longer there.
    time.sleep(0.5)
    expect_takes(setting.folder, [sound], RATE, "FLOAT")
