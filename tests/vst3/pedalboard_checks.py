"""Checks in pedalboard, which is JUCE 7 with a life cycle of its own.

It declares every render offline, and plays silence and noise into a plugin while loading it. `reset=True`, its default,
stops and starts the plugin before each call, so each call is a take of its own; `reset=False` goes on, but starts the
plugin anew when rate, channels or a larger block ask for it. A parameter changes at the first sample of the next call.
"""

import gc

import numpy as np
import pedalboard

from checking import (
    RATE,
    chirp,
    expect,
    expect_lossless,
    expect_mp3,
    expect_same_sound,
    expect_takes,
    names,
    noise,
    numbered,
    take_paths,
)

HOST = "pedalboard"
CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


def load(setting, **values):
    plugin = pedalboard.VST3Plugin(str(setting.bundle))
    for name, value in values.items():
        setattr(plugin, name, value)
    return plugin


def play(plugin, sound, rate=RATE, block=512, reset=True):
    out = plugin(sound, rate, buffer_size=block, reset=reset)
    expect_same_sound("output", sound, np.ascontiguousarray(out))


@check
def the_plugin_loads_with_its_parameters_and_without_latency(setting):
    plugin = load(setting)
    expect("name", "Audio File Out", plugin.name)
    wanted = ["record", "pause", "file_type", "codec", "bit_rate", "unique_suffix", "n"]
    wanted += ["sample_rate", "sample_rate_match", "time_slice", "export_method"]
    wanted += ["marker", "loudness", "dither", "split", "files"]
    wanted += ["pre_roll_s", "keep_s", "capture", "start", "threshold_dbfs", "hold_s", "group"]
    automatable = [name for name, parameter in plugin.parameters.items() if parameter.is_automatable]
    expect("parameters", wanted, automatable)
    expect("latency", 0, plugin.reported_latency_samples)
    plugin.codec = "32-bit float"
    expect("codec", "32-bit float", plugin.codec)


@check
def loading_and_playing_without_record_leaves_no_folder(setting):
    plugin = load(setting)
    play(plugin, noise(2, 50_000))
    del plugin
    gc.collect()
    expect("folder of the takes is there", False, setting.folder.exists())


@check
def every_call_is_a_take_at_every_block_size(setting):
    plugin = load(setting, record=True, codec="32-bit float")
    sounds = [noise(2, 20_000 + block, block) for block in (1, 7, 64, 441, 1000, 4096, 8192)]
    for sound in sounds:
        play(plugin, sound, block=sound.shape[1] - 20_000)
    del plugin
    gc.collect()
    expect_takes(setting.folder, sounds, RATE, "FLOAT")


@check
def a_take_goes_on_over_calls_without_reset(setting):
    sounds = [noise(2, frames, frames) for frames in (10_000, 512, 33_333, 20_480)]
    plugin = load(setting, codec="24-bit PCM")
    play(plugin, sounds[0])
    plugin.record = True
    play(plugin, sounds[1], reset=False)
    play(plugin, sounds[2], reset=False)
    plugin.record = False
    play(plugin, sounds[3], reset=False)
    del plugin
    gc.collect()
    expect_takes(setting.folder, [np.concatenate(sounds[1:3], 1)], RATE, "PCM_24")


@check
def a_plugin_removed_while_it_records_leaves_a_complete_file(setting):
    sound = noise(2, 60 * RATE)
    plugin = load(setting, record=True, codec="24-bit PCM")
    play(plugin, sound, block=8192)
    del plugin
    gc.collect()
    expect_takes(setting.folder, [sound], RATE, "PCM_24")


@check
def rate_and_channels_change_between_takes(setting):
    plugin = load(setting, record=True, codec="32-bit float")
    kinds = [(2, 44_100), (1, 44_100), (1, 96_000), (2, 8_000), (2, 192_000)]
    sounds = [noise(channels, 20_000, seed) for seed, (channels, _) in enumerate(kinds)]
    for sound, (_, rate) in zip(sounds, kinds, strict=True):
        play(plugin, sound, rate, reset=False)
    del plugin
    gc.collect()
    expect("takes", numbered(len(kinds)), names(setting.folder.iterdir()))
    for path, sound, (_, rate) in zip(take_paths(setting.folder), sounds, kinds, strict=True):
        expect_lossless(path, sound, rate, "FLOAT")


@check
def recorders_in_a_row_each_write_their_own_file(setting):
    sound = noise(2, 30_000)
    board = pedalboard.Pedalboard([load(setting, record=True, codec="32-bit float") for _ in range(4)])
    play(board, sound)
    del board
    gc.collect()
    expect_takes(setting.folder, [sound] * 4, RATE, "FLOAT")


@check
def a_state_is_kept_to_the_byte_and_records_again(setting):
    sound = noise(2, 20_000)
    plugin = load(setting, record=True, codec="32-bit float", n=42)
    play(plugin, sound)
    saved = plugin.raw_state
    del plugin
    gc.collect()
    plugin = load(setting)
    plugin.raw_state = saved
    expect("state", saved, plugin.raw_state)
    expect("files before the first sound", 1, len(take_paths(setting.folder)))
    play(plugin, sound)
    del plugin
    gc.collect()
    expect_takes(setting.folder, [sound, sound], RATE, "FLOAT")


@check
def a_render_to_mp3_decodes_to_exactly_its_frames(setting):
    sounds = [chirp(channels, 300_001, RATE) for channels in (2, 1)]
    for number, sound in enumerate(sounds, 1):
        plugin = load(setting, record=True, file_type="MP3", bit_rate="VBR V0")
        play(plugin, sound)
        del plugin
        gc.collect()
        expect_mp3(setting.folder / f"AudioFileOut-{number:03}.mp3", sound, RATE)
