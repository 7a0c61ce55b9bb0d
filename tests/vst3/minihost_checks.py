"""Checks in minihost, which is JUCE 8.

JUCE tells a VST3 plugin every change at sample 0 of a block, and minihost makes automation exact by cutting its blocks
at each change. Changes *inside* a block are what bare_checks.py is for. JUCE also insists that the speakers of a layout
are the ones that it asked for, and nice-plug names others for 4, 7 and more channels, so minihost falls back to stereo
there; bare_checks.py has those layouts too. It plays in place: input and output are one buffer.
"""

import json
import multiprocessing
import threading

import minihost
import numpy as np
import soundfile
from minihost import _core

from checking import (
    BLOCK_SIZES,
    CODECS,
    MP3,
    RATE,
    WAV,
    Change,
    chirp,
    expect,
    expect_file,
    expect_lossless,
    expect_mp3,
    expect_same_takes,
    expect_takes,
    model,
    names,
    noise,
    numbered,
    play,
    take_paths,
    toggles,
    wait_until,
)

HOST = "minihost"
CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


class Track:
    """A plugin in minihost. Leaving its `with` removes it from the host."""

    def __init__(self, setting, channels=2, rate=RATE, codec=None, block=8192, **values):
        self.plugin = minihost.Plugin(
            str(setting.bundle), sample_rate=rate, max_block_size=block, in_channels=channels, out_channels=channels
        )
        expect("channels", (channels, channels), (self.plugin.num_input_channels, self.plugin.num_output_channels))
        if codec:
            self.set("Codec", CODECS[codec])
        for label, value in values.items():
            self.set(label, value)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.plugin.close()

    def set(self, label, value):
        """Reaches the plugin with the next block."""
        self.plugin.set_param_by_name(label, value)

    def process(self, block, changes):
        out = np.zeros_like(block)
        index = self.plugin.find_param
        self.plugin.process_auto(block, out, [], [(at, index(label), value) for at, label, value in changes])
        return out

    @property
    def state(self):
        """What the plugin itself has saved: JSON, inside the host's own wrapping."""
        component, _ = _core.vst3_state_split(self.plugin.get_state())
        return component

    @state.setter
    def state(self, component):
        self.plugin.set_state(_core.vst3_state_join(component))


def with_file(state, file):
    """A saved state with another text in File."""
    state = json.loads(state)
    state["fields"]["file"] = json.dumps(file)
    return json.dumps(state).encode()


@check
def the_parameters_have_their_names_menus_and_defaults(setting):
    menus = {
        "Record": ["Off", "On"],
        "Pause": ["Off", "On"],
        "File Type": ["WAV", "MP3", "Ogg Vorbis", "AIFF", "FLAC", "Opus"],
        "Codec": ["16-bit PCM", "24-bit PCM", "32-bit PCM", "32-bit float"],
        "Bit Rate": ["96 kb/s", "128 kb/s", "192 kb/s", "256 kb/s", "320 kb/s", "VBR V2", "VBR V0"],
        "Unique Suffix": ["Off", "On"],
        "N": None,
        "Sample Rate": ["Host", "44.1 kHz", "48 kHz", "88.2 kHz", "96 kHz", "176.4 kHz", "192 kHz"],
        "Sample Rate Match": [
            "Resample At First Rate",
            "Resample At Maximum Rate",
            "Resample At Minimum Rate",
            "Error If Rates Differ",
        ],
        "Time Slice": ["Off", "On"],
        "Export Method": ["Off", "Channel Name is Path", "Table by Name", "Table by Index"],
        "Marker": ["Off", "On"],
        "Loudness": ["Off", "On"],
        "Dither": ["Off", "TPDF"],
        "Split": ["Off", "5 min", "15 min", "30 min", "60 min", "At Song Jumps"],
        "Files": ["One", "One for Each Channel"],
        "Pre-roll": None,
        "Keep": None,
        "Capture": ["Off", "On"],
        "Start": ["At Once", "With Transport", "With Host's Record", "With Sound"],
        "Threshold": None,
        "Hold": None,
        "Group": ["Off", "A", "B", "C", "D", "E", "F", "G", "H"],
    }
    defaults = ["Off", "Off", "WAV", "24-bit PCM", "192 kb/s", "On", "0", "Host", "Resample At First Rate", "Off", "Off"]
    defaults += ["Off", "Off", "Off", "Off", "One", "0.00", "60.00", "Off", "At Once", "-40.0", "5.00", "Off"]
    with Track(setting) as track:
        plugin = track.plugin
        infos = [plugin.get_param_info(index) for index in range(plugin.num_params)]
        # What else there is serves the plugin itself.
        shown = [info for info in infos if info["is_automatable"]]
        expect("labels", list(menus), [info["name"] for info in shown])
        expect("values of a new plugin", defaults, [info["current_value_str"] for info in shown])
        for label, menu in menus.items():
            index = plugin.find_param(label)
            if menu:
                steps = [plugin.param_to_text(index, step / (len(menu) - 1)) for step in range(len(menu))]
                expect(f"menu of {label}", menu, steps)
        expect("the last N", "9999", plugin.param_to_text(plugin.find_param("N"), 1.0))


@check
def the_plugin_has_no_latency(setting):
    for channels in (1, 2, 6):
        with Track(setting, channels) as track:
            expect(f"latency with {channels} channels", 0, track.plugin.latency_samples)


@check
def sound_passes_bit_for_bit_whatever_is_automated(setting):
    labels = ["Record", "Pause", "File Type", "Codec", "Bit Rate", "Unique Suffix", "N"]
    sound = noise(2, 20_000, peak=4.0)
    hostile = np.array([np.nan, np.inf, -np.inf, -0.0, 1e-42, 3e38], np.float32)
    sound[:, 1_000:1_006] = sound[:, 10_000:10_006] = hostile
    for seed, block in enumerate(BLOCK_SIZES):
        generator = np.random.default_rng(seed)
        # Type and codec change too, so this also opens takes of all kinds in a row.
        changes = [
            Change(int(generator.integers(sound.shape[1])), str(generator.choice(labels)), float(generator.random()))
            for _ in range(60)
        ]
        with Track(setting) as track:
            play(track, sound, [block], changes)


@check
def a_take_holds_exactly_its_frames_at_every_block_size(setting):
    for codec in ("FLOAT", "PCM_24"):
        expected = []
        for seed, block in enumerate(BLOCK_SIZES):
            generator = np.random.default_rng(seed)
            sound = noise(2, 30_000, seed)
            changes = toggles("Record", generator, 30_000, 12)
            with Track(setting, codec=codec) as track:
                play(track, sound, [block], changes)
            expected += model(sound, changes)
        expect_takes(setting.folder, expected, RATE, codec)
        for path in take_paths(setting.folder):
            path.unlink()


@check
def a_take_holds_exactly_its_frames_when_block_sizes_vary(setting):
    generator = np.random.default_rng(7)
    sound = noise(2, 400_000)
    changes = toggles("Record", generator, sound.shape[1], 40)
    with Track(setting, codec="FLOAT") as track:
        play(track, sound, generator.integers(1, 8193, 500), changes)
    expect_takes(setting.folder, model(sound, changes), RATE, "FLOAT")


@check
def pause_leaves_out_exactly_its_frames(setting):
    expected = []
    for seed, block in enumerate((1, 64, 441, 1024, 8192)):
        generator = np.random.default_rng(seed)
        sound = noise(2, 40_000, seed)
        changes = toggles("Record", generator, 40_000, 6) + toggles("Pause", generator, 40_000, 20)
        with Track(setting, codec="FLOAT") as track:
            play(track, sound, [block], changes)
        expected += model(sound, changes)
    expect_takes(setting.folder, expected, RATE, "FLOAT")


@check
def every_codec_holds_the_nearest_value_and_stops_at_full_scale(setting):
    sound = noise(2, 20_000, peak=1.2)
    sound[:, :6] = [0.0, 1.0, -1.0, np.float32(1) - np.finfo(np.float32).epsneg, 2.0, -2.0]
    for number, codec in enumerate(CODECS, 1):
        with Track(setting, codec=codec) as track:
            play(track, sound, [512], [Change(0, "Record", 1.0)])
        expect_lossless(setting.folder / f"AudioFileOut-{number:03}.wav", sound, RATE, codec)


@check
def mono_and_surround_keep_their_channels_in_order(setting):
    expected = []
    for channels in (1, 3, 5, 6):
        sound = noise(channels, 20_000, channels)
        changes = [Change(333, "Record", 1.0), Change(19_001, "Record", 0.0)]
        with Track(setting, channels, codec="FLOAT") as track:
            play(track, sound, [480, 333], changes)
        expected += model(sound, changes)
    expect_takes(setting.folder, expected, RATE, "FLOAT")


@check
def settings_changed_in_a_take_are_those_of_the_next(setting):
    sound = noise(2, 30_000)
    changes = [
        Change(1_000, "Record", 1.0),
        Change(5_000, "Codec", CODECS["FLOAT"]),
        Change(9_000, "Record", 0.0),
        # At the very sample of the beginning they belong to the take.
        Change(12_000, "Record", 1.0),
        Change(12_000, "Codec", CODECS["PCM_16"]),
        Change(15_000, "Record", 0.0),
    ]
    with Track(setting) as track:
        play(track, sound, [1024], changes)
    first, second = model(sound, changes)
    expect_lossless(setting.folder / "AudioFileOut-001.wav", first, RATE, "PCM_24")
    expect_lossless(setting.folder / "AudioFileOut-002.wav", second, RATE, "PCM_16")


@check
def a_plugin_that_records_nothing_leaves_no_folder(setting):
    sound = noise(2, 10_000)
    nothing = [
        [],
        # Record that is on for no sample at all, and one that is paused from end to end.
        [Change(100, "Record", 1.0), Change(100, "Record", 0.0)],
        [Change(50, "Pause", 1.0), Change(100, "Record", 1.0), Change(9_000, "Record", 0.0)],
    ]
    with Track(setting):
        pass
    for changes in nothing:
        with Track(setting) as track:
            play(track, sound, [512], changes)
    with Track(setting, Record=1.0):
        pass
    expect("folder of the takes is there", False, setting.folder.exists())


@check
def a_take_goes_to_disk_while_it_runs_and_is_closed_when_record_goes_off(setting):
    sound = noise(2, 20_000)
    path = setting.folder / "AudioFileOut-001.wav"
    with Track(setting, codec="FLOAT") as track:
        play(track, sound, [512], [Change(77, "Record", 1.0)])
        wait_until("a playable file", lambda: path.exists() and soundfile.info(path).frames == 20_000 - 77)
        play(track, sound, [512], [Change(5_000, "Record", 0.0)])
        wait_until("a complete file", lambda: soundfile.info(path).frames == 20_000 - 77 + 5_000)
    expect_takes(setting.folder, [np.concatenate([sound[:, 77:], sound[:, :5_000]], 1)], RATE, "FLOAT")


@check
def a_plugin_removed_while_it_records_leaves_a_complete_file(setting):
    sound = noise(2, 200_000)
    changes = toggles("Record", np.random.default_rng(3), sound.shape[1], 3)
    with Track(setting, codec="PCM_24") as track:
        play(track, sound, [8192], changes)
    expect_takes(setting.folder, model(sound, changes), RATE, "PCM_24")


def record_and_wait(setting, sound, file_type):
    """What the host does that is killed."""
    with Track(setting, codec="FLOAT", **{"File Type": file_type}) as track:
        play(track, sound, [512], [Change(0, "Record", 1.0)])
        threading.Event().wait()


def record_and_be_killed(setting, sound, file_type, path, frames):
    """Kills a host in mid-take as soon as so many frames are on disk."""
    host = multiprocessing.get_context("spawn").Process(target=record_and_wait, args=(setting, sound, file_type))
    host.start()
    try:
        wait_until("a playable file", lambda: frames_on_disk(path) >= frames)
    finally:
        host.kill()
        host.join()


def frames_on_disk(path):
    """How many frames a player finds in a file that is still being written."""
    try:
        return len(soundfile.read(path)[0])
    except soundfile.LibsndfileError:
        return 0


@check
def a_killed_host_leaves_a_wav_with_all_that_was_played(setting):
    sound = noise(2, 100_000)
    path = setting.folder / "AudioFileOut-001.wav"
    record_and_be_killed(setting, sound, WAV, path, sound.shape[1])
    expect_takes(setting.folder, [sound], RATE, "FLOAT")


@check
def a_killed_host_leaves_an_mp3_that_misses_half_a_second_at_most(setting):
    sound = chirp(2, 100_000, RATE)
    path = setting.folder / "AudioFileOut-001.mp3"
    record_and_be_killed(setting, sound, MP3, path, sound.shape[1] - RATE // 2)
    frames = frames_on_disk(path)
    expect("more frames than were played", False, frames > sound.shape[1])
    expect_mp3(path, sound[:, :frames], RATE)


@check
def a_change_of_the_rate_ends_the_take_and_begins_the_next(setting):
    first, second = noise(2, 30_000, 1), noise(2, 30_000, 2)
    with Track(setting, rate=44_100, codec="FLOAT") as track:
        play(track, first, [512], [Change(1_234, "Record", 1.0)])
        # Record is still on.
        track.plugin.sample_rate = 96_000
        play(track, second, [441], [Change(25_000, "Record", 0.0)])
    expect("takes", numbered(2), names(setting.folder.iterdir()))
    expect_lossless(setting.folder / "AudioFileOut-001.wav", first[:, 1_234:], 44_100, "FLOAT")
    expect_lossless(setting.folder / "AudioFileOut-002.wav", second[:, :25_000], 96_000, "FLOAT")


@check
def instances_with_the_same_setting_never_share_a_file(setting):
    sounds = [noise(2, 20_000, seed) for seed in range(16)]
    # All at the same samples.
    changes = [Change(at, "Record", float(on)) for at, on in ((100, 1), (3_000, 0), (6_000, 1), (9_000, 0), (9_001, 1))]
    tracks = [Track(setting, codec="FLOAT") for _ in sounds]
    errors = []

    def run(track, sound):
        try:
            play(track, sound, [256], changes)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=pair) for pair in zip(tracks, sounds, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for track in tracks:
        track.plugin.close()
    expect("errors", [], errors)
    wanted = [take.tobytes() for sound in sounds for take in model(sound, changes)]
    expect_same_takes(setting.folder, wanted)


@check
def files_of_others_are_never_touched(setting):
    setting.folder.mkdir()
    kept = [setting.folder / f"AudioFileOut-{number}.wav" for number in ("001", "002", "004")]
    for path in kept:
        path.write_text("not ours")
    sound = noise(2, 9_000)
    changes = [Change(0, "Record", 1.0), Change(3_000, "Record", 0.0), Change(6_000, "Record", 1.0)]
    with Track(setting, codec="FLOAT") as track:
        play(track, sound, [512], changes)
    expect("the files that were there", ["not ours"] * 3, [path.read_text() for path in kept])
    expect_lossless(setting.folder / "AudioFileOut-003.wav", sound[:, :3_000], RATE, "FLOAT")
    expect_lossless(setting.folder / "AudioFileOut-005.wav", sound[:, 6_000:], RATE, "FLOAT")


@check
def a_state_that_is_loaded_and_saved_is_the_same_to_the_byte(setting):
    values = {"File Type": 1.0, "Codec": 2 / 3, "Bit Rate": 5 / 6, "Unique Suffix": 0.0, "N": 1234 / 9999, "Pause": 1.0}
    with Track(setting, **values) as track, Track(setting) as other:
        play(track, noise(2, 512), [512])
        state = with_file(track.state, 'Take "ä" {track}{suffix}')
        track.state = state
        saved = track.plugin.get_state()
        other.plugin.set_state(saved)
        expect("state", saved, other.plugin.get_state())
        # Neither sound nor an activation changes it.
        play(other, noise(2, 512), [512])
        other.plugin.sample_rate = 44_100
        expect("state after use", saved, other.plugin.get_state())
        for label, value in values.items():
            expect(label, np.float32(value), np.float32(other.plugin.get_param_by_name(label)))


@check
def a_state_that_lacks_a_parameter_means_its_default(setting):
    with Track(setting) as track:
        new = json.loads(track.state)
    with Track(setting, Codec=1.0, N=0.5) as track:
        play(track, noise(2, 512), [512])
        track.state = with_file(track.state, "Other")
        old = json.loads(track.state)
        del old["params"]["codec"], old["params"]["n"], old["fields"]["file"]
        track.state = json.dumps(old).encode()
        expect("state", new, json.loads(track.state))


@check
def a_state_saved_with_record_on_records_from_the_first_sound_on(setting):
    sound = noise(2, 20_000)
    with Track(setting, codec="FLOAT") as track:
        play(track, sound, [512], [Change(0, "Record", 1.0)])
        saved = track.plugin.get_state()
    with Track(setting) as track:
        track.plugin.set_state(saved)
        expect("files before the first sound", 1, len(take_paths(setting.folder)))
        play(track, sound, [441])
    expect_takes(setting.folder, [sound, sound], RATE, "FLOAT")


@check
def a_state_loaded_in_a_take_does_not_tear_it(setting):
    sound = noise(2, 30_000)
    with Track(setting, codec="FLOAT") as track:
        play(track, sound[:, :10_000], [512], [Change(0, "Record", 1.0)])
        track.state = with_file(track.state, "Next{suffix}")
        play(track, sound[:, 10_000:], [512])
    expect_takes(setting.folder, [sound], RATE, "FLOAT")


@check
def the_file_text_and_n_name_the_take(setting):
    sound = noise(2, 9_000)
    changes = [Change(0, "Record", 1.0)]
    named = {
        "Drums{suffix}": ({}, "Drums-001.wav"),
        "Mix.v2": ({}, "Mix.v2-001.wav"),
        "Old.mp3": ({}, "Old-001.wav"),
        "deep/er/Name": ({}, "deep/er/Name-001.wav"),
        "Take {suffix} {rate}": ({"Unique Suffix": 0.0, "N": 42 / 9999}, f"Take 42 {RATE}.wav"),
    }
    for file, (values, name) in named.items():
        with Track(setting, codec="FLOAT", **values) as track:
            play(track, sound[:, :64], [64])
            track.state = with_file(track.state, file)
            play(track, sound, [512], changes)
        expect_lossless(setting.folder / name, sound, RATE, "FLOAT")


@check
def the_tracks_name_reaches_the_name_of_the_file(setting):
    sound = noise(2, 5_000)
    with Track(setting, codec="FLOAT") as track:
        play(track, sound, [512])
        track.state = with_file(track.state, "{track}{suffix}")
        play(track, sound, [512], [Change(0, "Record", 1.0), Change(4_000, "Record", 0.0)])
        track.plugin.set_track_properties(name="Lead Vocals ä")
        play(track, sound, [512], [Change(0, "Record", 1.0), Change(4_000, "Record", 0.0)])
        track.plugin.set_track_properties(name="../up/and away")
        play(track, sound, [512], [Change(0, "Record", 1.0), Change(4_000, "Record", 0.0)])
    expect("files outside", ["home", "output", "takes"], names(setting.folder.parent.iterdir()))
    first, second, third = sorted(setting.folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)
    expect("names", ["Track-001.wav", "Lead Vocals ä-001.wav"], [first.name, second.name])
    for path in (first, second, third):
        expect_lossless(path, sound[:, :4_000], RATE, "FLOAT")


@check
def without_unique_suffix_the_old_take_stays_until_the_new_one_is_complete(setting):
    old, new = noise(2, 20_000, 1), noise(2, 30_000, 2)
    path = setting.folder / "AudioFileOut7.wav"
    values = {"Unique Suffix": 0.0, "N": 7 / 9999}
    with Track(setting, codec="FLOAT", **values) as track:
        play(track, old, [512], [Change(0, "Record", 1.0)])
    expect_lossless(path, old, RATE, "FLOAT")
    with Track(setting, codec="FLOAT", **values) as track:
        play(track, new, [512], [Change(0, "Record", 1.0)])
        expect_lossless(path, old, RATE, "FLOAT")
    expect_lossless(path, new, RATE, "FLOAT")
    expect("files", [path.name], names(setting.folder.iterdir()))


@check
def a_minute_at_full_speed_loses_no_frame(setting):
    sound = chirp(2, 60 * RATE, RATE)
    for is_declared in (False, True):
        for file_type in (WAV, MP3):
            with Track(setting, codec="PCM_24", **{"File Type": file_type}) as track:
                # JUCE says so only with each block, not in setupProcessing.
                track.plugin.non_realtime = is_declared
                play(track, sound, [1024], [Change(0, "Record", 1.0)])
    for number in (1, 2):
        expect_lossless(setting.folder / f"AudioFileOut-{number:03}.wav", sound, RATE, "PCM_24")
        expect_mp3(setting.folder / f"AudioFileOut-{number:03}.mp3", sound, RATE)


@check
def an_mp3_decodes_to_exactly_its_frames(setting):
    kinds = (
        (2, 44_100, 0.0),
        (2, 48_000, 2 / 6),
        (1, 48_000, 4 / 6),
        (1, 22_050, 0.0),
        (2, 32_000, 5 / 6),
        (2, 8_000, 1.0),
    )
    expected = []
    for channels, rate, bit_rate in kinds:
        sound = chirp(channels, 100_000, rate)
        changes = [Change(777, "Record", 1.0), Change(97_001, "Record", 0.0)]
        # A pause of whole turns would not show; this one does.
        changes += [Change(40_000, "Pause", 1.0), Change(40_501, "Pause", 0.0)]
        with Track(setting, channels, rate, **{"File Type": MP3, "Bit Rate": bit_rate}) as track:
            play(track, sound, [512, 61], changes)
        expected += [(take, rate) for take in model(sound, changes)]
    for number, (take, rate) in enumerate(expected, 1):
        expect_mp3(setting.folder / f"AudioFileOut-{number:03}.mp3", take, rate)


@check
def an_mp3_of_a_few_frames_decodes_to_exactly_these(setting):
    lengths = (1, 2, 100, 575, 576, 1_151, 1_152, 1_153, 2_304, 4_000)
    for frames in lengths:
        with Track(setting, **{"File Type": MP3}) as track:
            play(track, noise(2, frames, peak=0.5), [512], [Change(0, "Record", 1.0)])
    for number, frames in enumerate(lengths, 1):
        path = setting.folder / f"AudioFileOut-{number:03}.mp3"
        expect_file(path)
        expect(f"frames of {path.name}", frames, len(soundfile.read(path)[0]))


@check
def an_mp3_of_a_rate_that_mp3_lacks_is_resampled_and_keeps_its_length(setting):
    for number, (rate, nearest) in enumerate(((96_000, 48_000), (88_200, 44_100)), 1):
        with Track(setting, rate=rate, **{"File Type": MP3}) as track:
            play(track, chirp(2, 2 * rate, rate), [512], [Change(0, "Record", 1.0)])
        expect_mp3(setting.folder / f"AudioFileOut-{number:03}.mp3", chirp(2, 2 * nearest, nearest), nearest)


@check
def an_mp3_with_too_many_channels_writes_nothing_and_lets_the_sound_pass(setting):
    sound = noise(6, 20_000)
    with Track(setting, 6, **{"File Type": MP3}) as track:
        play(track, sound, [512], [Change(0, "Record", 1.0)])
    left = list(setting.folder.iterdir()) if setting.folder.exists() else []
    expect("files", [], left)
